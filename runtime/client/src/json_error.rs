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

/// The part of a serde message about the expected type, without the part that quotes the document.
fn difference(message: &str) -> String {
    let quoted = |start: &str| message.strip_prefix(start)?.split('`').next();
    let starts = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant ", "unknown field "];
    if let Some(field) = quoted("missing field `") {
        return format!("the field `{field}` is missing");
    }
    let expected = message.rsplit_once(", expected ").filter(|_| starts.iter().any(|start| message.starts_with(start)));
    match expected {
        // The position follows, if there is one.
        Some((_, expected)) => {
            let expected = expected.rsplit_once(" at line ").map_or(expected, |(expected, _)| expected);
            format!("unexpected JSON type, expected {expected}")
        }
        None => "unexpected JSON type".to_owned(),
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
