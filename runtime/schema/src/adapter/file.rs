//! Files that are a part of the program.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use crate::Text;

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum FileContent {
    /// UTF-8.
    Text(Text),
    /// Anything else.
    Bytes(#[serde(serialize_with = "as_bytes")] Cow<'static, [u8]>),
}

impl FileContent {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

fn as_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}
