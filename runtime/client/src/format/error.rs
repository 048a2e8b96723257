//! What is wrong with a body, without its content.

use std::fmt;

/// Why a body cannot be read in its format, and where. It never quotes the body, which may contain secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FormatError {
    /// The format, as messages call it.
    format: &'static str,
    problem: String,
    place: Option<Place>,
    of_schema: bool,
}

/// A place in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A line, counted from 1.
    Line(usize),
    /// The number of bytes before it.
    Byte(usize),
}

impl FormatError {
    pub(crate) fn new(format: &'static str, problem: impl Into<String>, place: Option<Place>) -> Self {
        Self { format, problem: problem.into(), place, of_schema: false }
    }

    /// The upstream sent what the schema file of the capability does not know.
    #[cfg(feature = "format-protobuf")]
    pub(crate) fn of_schema(format: &'static str, problem: String) -> Self {
        Self { of_schema: true, ..Self::new(format, problem, None) }
    }

    /// Whether the schema file of the capability may be out of date, and the upstream right.
    pub(crate) fn is_of_schema(&self) -> bool {
        self.of_schema
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid {}", self.format)?;
        match self.place {
            Some(Place::Line(line)) => write!(f, " at line {line}")?,
            Some(Place::Byte(byte)) => write!(f, " at byte {byte}")?,
            None => {}
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for FormatError {}
