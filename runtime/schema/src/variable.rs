//! Variables whose values are known only where the program runs.

use crate::table::table;

table! {
    /// A value from the environment or from a file, as the `binds` of the capability say. Every one is treated as a secret.
    pub struct Variable {
        /// The name of the environment variable, or the name that the capability gives to the value of a file.
        name: text,
    } with {
        /// The file with the value: YAML, dotenv or JSON by its extension. A relative path starts at the folder of the capability.
        file: optional(text),
        /// The key of the value in the file.
        key: optional(text),
    }
}
