//! Environment variables.

use crate::table::table;

table! {
    /// A value from the environment, as the `binds` of the capability say. Every one is treated as a secret.
    pub struct Variable {
        /// The name of the environment variable.
        name: text,
    }
}
