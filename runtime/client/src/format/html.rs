//! The tables of HTML documents.

mod document;
mod sink;

use serde_json::{Value, json};
use simplecss::Selector;

use super::error::FormatError;
use super::table::{Budget, TOO_MUCH, table};
use document::{Document, Id};

/// The format, as messages call it.
pub(super) const NAME: &str = "HTML";

/// The tables with a header, each a list of objects of texts: `{"tables": [[{"name": "cell"}]]}`. If there are selectors, the
/// tables that they find, and those inside of what they find. Rows with a header cell are left out.
///
/// # Errors
/// If the document is nested too deeply, or tables would be far longer than its text.
pub(super) fn read(text: &str, selectors: &[impl AsRef<str>]) -> Result<Value, FormatError> {
    let refused = |problem| FormatError::new(NAME, problem, None);
    let document = Document::read(text).map_err(refused)?;
    let mut reader = Reader { document: &document, budget: Budget::of(text.len()) };
    let mut tables = Vec::new();
    for id in reader.tables(selectors).map_err(refused)? {
        tables.extend(reader.table(id).map_err(refused)?);
    }
    Ok(json!({ "tables": tables }))
}

struct Reader<'d> {
    document: &'d Document,
    budget: Budget,
}

impl Reader<'_> {
    /// The tables, in the order of the document.
    fn tables(&mut self, selectors: &[impl AsRef<str>]) -> Result<Vec<Id>, &'static str> {
        let mut tables = self.find(Document::ROOT, "table")?;
        if selectors.is_empty() {
            return Ok(tables);
        }
        // The compiler reports selectors that cannot be read.
        let selectors: Vec<_> = selectors.iter().filter_map(|selector| Selector::parse(selector.as_ref())).collect();
        let found = |id: Id| {
            self.document.ancestors_and_self(id).any(|id| {
                let element = self.document.element(id);
                element.is_some_and(|element| selectors.iter().any(|selector| selector.matches(&element)))
            })
        };
        tables.retain(|id| found(*id));
        if self.document.is_exhausted() { Err(TOO_MUCH) } else { Ok(tables) }
    }

    fn table(&mut self, table_id: Id) -> Result<Option<Value>, &'static str> {
        let mut names = Vec::new();
        for id in self.header(table_id)? {
            names.push(self.text(id)?);
        }
        if names.is_empty() {
            return Ok(None);
        }
        let all = self.find(table_id, "tr")?;
        let mut rows = self.inside(&all, table_id, "tbody")?;
        if rows.is_empty() {
            rows = all;
        }
        let mut cells = Vec::new();
        for row in rows {
            if !self.find(row, "th")?.is_empty() {
                continue;
            }
            let mut texts = Vec::new();
            for cell in self.find(row, "td")? {
                texts.push(self.text(cell)?);
            }
            if !texts.is_empty() {
                cells.push(texts);
            }
        }
        table(&names, cells.into_iter(), &mut self.budget)
    }

    /// The header cells of the first row of the head, else of any first row.
    fn header(&mut self, table: Id) -> Result<Vec<Id>, &'static str> {
        let rows = self.find(table, "tr")?;
        let first: Vec<Id> = rows.into_iter().filter(|row| self.document.is_first_child(*row)).collect();
        let of_head = self.inside(&first, table, "thead")?;
        let mut cells = self.cells(of_head)?;
        if cells.is_empty() {
            cells = self.cells(first)?;
        }
        Ok(cells)
    }

    fn cells(&mut self, rows: Vec<Id>) -> Result<Vec<Id>, &'static str> {
        let mut cells: Vec<Id> = Vec::new();
        for row in rows {
            for cell in self.find(row, "th")? {
                // A row inside of another one has been seen.
                if cells.last().is_none_or(|last| self.document.is_before(*last, cell)) {
                    cells.push(cell);
                }
            }
        }
        Ok(cells)
    }

    /// The elements of this name inside of another.
    fn find(&mut self, outer: Id, name: &str) -> Result<Vec<Id>, &'static str> {
        let mut found = Vec::new();
        for id in self.document.descendants(outer) {
            self.budget.take(1)?;
            if self.document.is_named(id, name) {
                found.push(id);
            }
        }
        Ok(found)
    }

    /// Those of the elements that are in one of this name, which is in another.
    fn inside(&mut self, ids: &[Id], outer: Id, name: &str) -> Result<Vec<Id>, &'static str> {
        let mut found = Vec::new();
        for id in ids {
            for ancestor in self.document.ancestors_and_self(*id).skip(1).take_while(|ancestor| *ancestor != outer) {
                self.budget.take(1)?;
                if self.document.is_named(ancestor, name) {
                    found.push(*id);
                    break;
                }
            }
        }
        Ok(found)
    }

    fn text(&mut self, id: Id) -> Result<String, &'static str> {
        let text = self.document.text(id);
        self.budget.take(text.len())?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tables(text: &str, selectors: &[&str]) -> Result<Value, String> {
        Ok(read(text, selectors).map_err(|error| error.to_string())?["tables"].take())
    }

    #[test]
    fn tables_with_a_header_become_lists_of_objects() {
        for (text, expected) in [
            ("<p>none</p>", json!([])),
            (
                "<table><thead><tr><th>Name<th> Age </thead><tr><td>Oak<td><b>120</b> y<tr><td>Elm<tr><td>1<td>2<td>3</table>",
                json!([[{"Name": "Oak", "Age": "120 y"}, {"Name": "Elm", "Age": ""}, {"Name": "1", "Age": "2"}]]),
            ),
            (
                "<table><tr><th>K<th>V<tr><td>k &amp; 1<td>v<tr><th>sub<td>z</table>",
                json!([[{"K": "k & 1", "V": "v"}]]),
            ),
            ("<table><tr><td>no<td>header</table><table><tr><th> <tr><td>x</table>", json!([])),
            ("<table><tr><th>A<br>B<tr><td><p>x</p><p>y</p><pre>1  2</pre></table>", json!([[{"A B": "x y 1  2"}]])),
            ("<div><table><tr><th>A</th></tr></table></div>", json!([[]])),
        ] {
            assert_eq!(tables(text, &[]).as_ref(), Ok(&expected), "{text}");
        }
    }

    #[test]
    fn selectors_find_tables_and_what_contains_them() {
        let one = |id: &str| format!("<table class='x {id}' id={id}><tr><th>N<tr><td>{id}</table>");
        let text = format!("{}<div class=w><p>{}</div>{}", one("a"), one("b"), one("c"));
        let found = |selectors: &[&str]| {
            let tables = tables(&text, selectors).expect("it is read");
            tables.as_array().expect("a list").iter().map(|table| table[0]["N"].clone()).collect::<Value>()
        };
        assert_eq!(found(&[]), json!(["a", "b", "c"]));
        assert_eq!(found(&["#c", "div.w"]), json!(["b", "c"]));
        assert_eq!(found(&["table.a"]), json!(["a"]));
        assert_eq!(found(&["div + table"]), json!(["c"]));
        assert_eq!(found(&["body > [id=a]"]), json!(["a"]));
        assert_eq!(found(&["table:first-child"]), json!(["a", "b"]));
        assert_eq!(found(&["ul"]), json!([]));
    }

    #[test]
    fn documents_that_would_become_far_longer_are_refused() {
        let wide = format!("<table><tr>{}{}", "<th>a".repeat(3000), "<tr><td>x".repeat(3000));
        assert!(tables(&wide, &[]).unwrap_err().contains("far longer"));
        for tag in ["<div>", "<table><tr><td>", "<b>", "<a>x"] {
            let deep = tables(&tag.repeat(50_000), &[]);
            assert!(deep.is_ok() || deep.unwrap_err().contains("nested too deeply"), "{tag}");
        }
        let attributes: String = (0..30_000).map(|n| format!(" a{n}")).collect();
        assert!(tables(&format!("<p{attributes}>"), &[]).unwrap_err().contains("too many attributes"));
        let formatting: String = (0..400).map(|n| format!("<font color={n}>")).collect();
        let refused = tables(&format!("<p>{formatting}</p>{}", "<p>x".repeat(20_000)), &[]);
        assert!(refused.is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(<|</|<table>|<tr>|<td>|<th>|<b>|<p>|<template>|<select><option>|<svg>|<!--|-->|&amp;|a| |'|=|>|<tbody>|</table>|</p>){0,40}|.{0,40}") {
            let _ = tables(&text, &[]);
            let _ = tables(&text, &["table table", "p > *"]);
        }
    }
}
