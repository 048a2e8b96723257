//! What the models of a generated crate are made of: types for bodies that a companion describes.

mod base64;
mod builder;
mod closed_enum;
mod decode;
mod fill;
mod look;
mod object;
mod open_enum;
mod patch;
mod redacted;
mod union;

pub use base64::{Base64, InvalidBase64};
pub use builder::{held, held_list, held_map};
pub use fill::read;
pub use look::{are_equal, show, write};
pub use object::{Always, Fill, List, Look, Map, Object, OrEmpty, Outline, Received};
pub use open_enum::{UnknownValue, of_text, read_text};
pub use patch::Patch;
pub use redacted::Redacted;
pub use union::{Pattern, best};

pub(crate) use redacted::to_value;
