//! Serves a specification without generating a crate: it is compiled in memory, and its tables are served by the same server
//! that a generated crate has. Cases with recorded responses are run in the same way.

pub mod conform;
pub mod echo;
pub mod load;
pub mod options;
pub mod reload;
