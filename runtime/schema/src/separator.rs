//! What is between values that are written in one text.

use serde::Serialize;

/// What is between the values of a row, or the items of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Separator {
    /// `,`
    Comma,
    /// A tab.
    Tab,
    /// `|`
    Pipe,
    /// A space; no format of rows has it.
    Space,
}

impl Separator {
    /// The character.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
            Self::Space => b' ',
        }
    }
}
