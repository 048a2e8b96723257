//! Arguments, and checking them against their parameters.

mod check;
mod values;

pub use check::Violation;
pub use check::{check_json, from_texts, scalar_text};
pub(crate) use values::json_text;
pub use values::{Argument, Arguments};
