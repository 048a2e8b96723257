//! What the models of a generated crate are made of: types for bodies that a companion describes.

mod base64;
mod builder;
mod closed_enum;
mod decode;
mod open_enum;
mod patch;
mod redacted;
mod union;

pub use base64::{Base64, InvalidBase64};
pub use decode::{list, map, or_empty};
pub use open_enum::UnknownValue;
pub use patch::Patch;
pub use redacted::Redacted;
pub use union::{Pattern, best};

pub(crate) use redacted::to_value;
