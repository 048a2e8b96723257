//! Arguments, and checking them against their parameters.

mod check;
mod parse;
mod schema;
mod values;
mod violations;

pub use check::Violation;
pub(crate) use check::{items, scalar, scalar_text};
pub use parse::{from_json_text, from_texts};
pub use schema::Schema;
pub(crate) use values::json_text;
pub use values::{Argument, Arguments, Renewal};
pub use violations::Violations;
