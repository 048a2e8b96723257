//! What is wrong with JSON, without its content.

use std::fmt;

/// Where JSON is malformed, or how it differs from the expected type. It never quotes the document, which may contain
/// secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    message: String,
    /// Line and column, if known.
    position: Option<(usize, usize)>,
}

impl JsonError {
    pub(crate) fn of(error: &serde_json::Error) -> Self {
        let message = if error.is_data() { difference(&error.to_string()) } else { "malformed JSON".to_owned() };
        Self { message, position: Some((error.line(), error.column())).filter(|(line, _)| *line > 0) }
    }

    /// The same, for an item of a list, counted from 1.
    pub(crate) fn of_item(error: &serde_json::Error, number: usize) -> Self {
        let Self { message, position } = Self::of(error);
        Self { message: format!("item {number}: {message}"), position }
    }
}

/// How messages of serde about a difference begin, and what that is called here.
const DIFFERENCES: [(&str, &str); 5] = [
    ("invalid type: ", "unexpected JSON type"),
    ("invalid value: ", "unexpected value"),
    ("invalid length ", "unexpected number of items"),
    ("unknown variant ", "unexpected value"),
    ("unknown field ", "unknown field"),
];

/// The part of a serde message about the expected type, without the part that quotes the document.
fn difference(message: &str) -> String {
    let quoted = |start: &str| message.strip_prefix(start)?.split('`').next();
    // Both names are of the type, not of the document.
    if let Some(field) = quoted("missing field `") {
        return format!("the field `{field}` is missing");
    }
    if let Some(field) = quoted("duplicate field `") {
        return format!("the field `{field}` is there twice");
    }
    // All others are words of the type itself, which may quote what they are about.
    let Some((_, difference)) = DIFFERENCES.iter().find(|(start, _)| message.starts_with(start)) else {
        return "a value that its type does not take".to_owned();
    };
    match message.rsplit_once(", expected ") {
        // The position follows, if there is one.
        Some((_, expected)) => {
            let expected = expected.rsplit_once(" at line ").map_or(expected, |(expected, _)| expected);
            format!("{difference}, expected {expected}")
        }
        None => (*difference).to_owned(),
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        match self.position {
            Some((line, column)) => write!(f, " at line {line}, column {column}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for JsonError {}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde::de::DeserializeOwned;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "nothing reads what is decoded")]
    struct Thing {
        name: String,
        #[serde(default)]
        state: Option<State>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum State {
        Ready,
        Locked,
    }

    fn problem<T: DeserializeOwned + fmt::Debug>(json: &str) -> String {
        JsonError::of(&serde_json::from_str::<T>(json).expect_err("it does not fit")).to_string()
    }

    #[test]
    fn differences_are_named_without_the_document() {
        for (shown, expected) in [
            (problem::<Thing>("{\"name\": 1}"), "unexpected JSON type, expected a string at line 1, column 10"),
            (problem::<Thing>("{}"), "the field `name` is missing at line 1, column 2"),
            (
                problem::<Thing>("{\"name\": \"a\", \"name\": \"b\"}"),
                "the field `name` is there twice at line 1, column 20",
            ),
            (
                problem::<Thing>("{\"name\": \"a\", \"state\": \"hidden\"}"),
                "unexpected value, expected `ready` or `locked` at line 1, column 31",
            ),
            (problem::<u8>("300"), "unexpected value, expected u8 at line 1, column 3"),
            (problem::<(u8, u8)>("[1]"), "unexpected number of items, expected a tuple of size 2 at line 1, column 3"),
            (problem::<std::net::IpAddr>("\"hidden\""), "a value that its type does not take at line 1, column 8"),
            (problem::<u8>("[1"), "unexpected JSON type, expected u8 at line 1, column 0"),
            (problem::<Thing>("{\"name\""), "malformed JSON at line 1, column 7"),
        ] {
            assert_eq!(shown, expected);
        }
    }
}
