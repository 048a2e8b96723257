//! Rows of values with a separator between them: CSV, and the same with tabs or `|` (RFC 4180). The first row has the names,
//! and each other one becomes an object of texts.
//!
//! Libraries for CSV take a quote that never closes for one long value, and say nothing of it, so this reads by itself.

use naftiko_schema::Separator;
use serde_json::{Map, Value};

use super::error::{FormatError, Place};
use super::table::Budget;

/// The format, as messages call it.
const NAME: &str = "CSV";

/// The rows as a list of objects. Names have no blanks around them; of two equal ones the last counts. A row may have fewer
/// values than there are names, and a blank line is no row. A separator at the end of a row begins no value beyond the names.
///
/// # Errors
/// If a row has more values than there are names, a quote does not close, or there is no row with names.
pub(super) fn read(separator: Separator, text: &str) -> Result<Value, FormatError> {
    let mut reader = Reader { separator: separator.byte(), rest: text.as_bytes(), line: 1 };
    let Some((_, names)) = reader.row()? else {
        return Err(FormatError::new(NAME, "the row with the names is missing", None));
    };
    let mut names: Vec<&str> = names.iter().map(|name| name.trim()).collect();
    if names.len() > 1 && names.last().is_some_and(|name| name.is_empty()) {
        names.pop();
    }
    let mut budget = Budget::of(text.len());
    let mut rows = Vec::new();
    while let Some((line, mut values)) = reader.row()? {
        if values.len() == names.len() + 1 && values.last().is_some_and(|value| value.trim().is_empty()) {
            values.pop();
        }
        if values.len() > names.len() {
            let problem = format!("the row has {} values, but there are {} names", values.len(), names.len());
            return Err(FormatError::new(NAME, problem, Some(Place::Line(line))));
        }
        let mut row = Map::with_capacity(values.len());
        for (name, value) in names.iter().zip(values) {
            let spent = budget.take(1 + name.len());
            spent.map_err(|problem| FormatError::new(NAME, problem, Some(Place::Line(line))))?;
            row.insert((*name).to_owned(), Value::String(value));
        }
        rows.push(Value::Object(row));
    }
    Ok(Value::Array(rows))
}

struct Reader<'t> {
    separator: u8,
    rest: &'t [u8],
    /// The line of `rest`, counted from 1.
    line: usize,
}

impl Reader<'_> {
    /// The next row that is not blank, with the line that it begins in.
    fn row(&mut self) -> Result<Option<(usize, Vec<String>)>, FormatError> {
        while self.line_end() {}
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (line, mut values) = (self.line, Vec::new());
        loop {
            values.push(self.value()?);
            if self.rest.first() == Some(&self.separator) {
                self.skip(1);
            } else if self.rest.is_empty() || self.line_end() {
                return Ok(Some((line, values)));
            } else {
                return Err(self.error("there is text after a closing quote"));
            }
        }
    }

    /// A value, with or without quotes.
    fn value(&mut self) -> Result<String, FormatError> {
        if self.rest.first() != Some(&b'"') {
            let ends = |byte: &u8| *byte == self.separator || matches!(byte, b'\n' | b'\r');
            let length = self.rest.iter().position(ends).unwrap_or(self.rest.len());
            return Ok(self.take(length));
        }
        let started = self.line;
        self.skip(1);
        let mut value = String::new();
        loop {
            let Some(length) = self.rest.iter().position(|byte| *byte == b'"') else {
                return Err(FormatError::new(NAME, "a quote does not close", Some(Place::Line(started))));
            };
            let part = self.take(length);
            self.line += part.bytes().filter(|byte| *byte == b'\n').count();
            value.push_str(&part);
            self.skip(1);
            if self.rest.first() != Some(&b'"') {
                break;
            }
            value.push('"');
            self.skip(1);
        }
        while matches!(self.rest.first(), Some(b' ' | b'\t')) && self.rest.first() != Some(&self.separator) {
            self.skip(1);
        }
        Ok(value)
    }

    /// Skips the end of a line, if there is one.
    fn line_end(&mut self) -> bool {
        let length = match self.rest {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => return false,
        };
        self.skip(length);
        self.line += 1;
        true
    }

    fn take(&mut self, length: usize) -> String {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
        self.rest = rest;
        String::from_utf8_lossy(taken).into_owned()
    }

    fn skip(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default();
    }

    fn error(&self, problem: &str) -> FormatError {
        FormatError::new(NAME, problem, Some(Place::Line(self.line)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn rows(text: &str) -> Result<Value, String> {
        read(Separator::Comma, text).map_err(|error| error.to_string())
    }

    #[test]
    fn rows_become_objects_of_texts() {
        for (text, expected) in [
            ("id,name\n1,\"Oak, old\"\n2,\n", json!([{"id": "1", "name": "Oak, old"}, {"id": "2", "name": ""}])),
            ("id, name \r\n 1 , a \r\n\r\n2", json!([{"id": " 1 ", "name": " a "}, {"id": "2"}])),
            ("a\n\"x\ny\"\n\"say \"\"hi\"\"\"\n", json!([{"a": "x\ny"}, {"a": "say \"hi\""}])),
            ("a,a,,b\n1,2,3,4", json!([{"a": "2", "": "3", "b": "4"}])),
            ("a,b\nx\"y\",\"\" \n", json!([{"a": "x\"y\"", "b": ""}])),
            ("a\n", json!([])),
            ("a\rb\r", json!([{"a": "b"}])),
            ("a,b,\n1,2,\n3,4\n5,6, \n", json!([{"a": "1", "b": "2"}, {"a": "3", "b": "4"}, {"a": "5", "b": "6"}])),
        ] {
            assert_eq!(rows(text).as_ref(), Ok(&expected), "{text:?}");
        }
        assert_eq!(read(Separator::Tab, "a\tb\n1 2\t\"3\"\n").ok(), Some(json!([{"a": "1 2", "b": "3"}])));
        assert_eq!(read(Separator::Pipe, "a|b\n1,2|3").ok(), Some(json!([{"a": "1,2", "b": "3"}])));
    }

    #[test]
    fn rows_that_are_not_well_formed_are_refused_with_their_line() {
        for (text, expected) in [
            ("", "invalid CSV: the row with the names is missing"),
            ("\n\r\n", "invalid CSV: the row with the names is missing"),
            ("a,b\n1,2\n\n3,4,5", "invalid CSV at line 4: the row has 3 values, but there are 2 names"),
            ("a\n\"x\ny\"\n\"z\n\n", "invalid CSV at line 4: a quote does not close"),
            ("a\n\"x\"y", "invalid CSV at line 2: there is text after a closing quote"),
        ] {
            assert_eq!(rows(text).unwrap_err(), expected, "{text:?}");
        }
    }

    #[test]
    fn rows_that_repeat_long_names_too_often_are_refused() {
        let long = format!("{}\n{}", "n".repeat(50_000), "1\n".repeat(50_000));
        assert!(rows(&long).is_err_and(|error| error.ends_with("it would become far longer than it is")));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a,\"\t|\r\n é]{0,40}") {
            for separator in [Separator::Comma, Separator::Tab, Separator::Pipe] {
                let _ = read(separator, &text);
            }
        }

        #[test]
        fn written_rows_are_read_as_they_were(values in prop::collection::vec("[a-c,\"\r\n ]{0,6}", 1..6)) {
            let quoted: String = values.iter().map(|value| format!("\"{}\"\n", value.replace('"', "\"\""))).collect();
            let expected: Vec<Value> = values.iter().map(|value| json!({"n": value})).collect();
            prop_assert_eq!(rows(&format!("n\n{quoted}")), Ok(Value::Array(expected)));
        }
    }
}
