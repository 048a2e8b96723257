//! What the models of a generated crate are made of: types for bodies that a companion describes.

mod closed_enum;
mod decode;
mod open_enum;
mod patch;
mod redacted;
mod setter;

pub use decode::{list, map, or_empty};
pub use open_enum::UnknownValue;
pub use patch::Patch;
pub use redacted::Redacted;

pub(crate) use redacted::to_value;
