//! The tables that describe a capability. The compiler builds them, generated code declares them, and the runtime reads them.
//!
//! Every table can live in a `static`, made by `const` functions, or own its parts, made by the compiler at run time.
//! `table!` declares the struct, its constructor and its setters in one place, and with them how generated
//! code spells it: the compiler writes tables as Rust through `serde::Serialize`, so a new field needs no emitter.

mod adapter;
mod avro;
mod avro_reader;
mod binding;
mod body;
mod capability;
mod credential;
mod group;
pub mod http;
mod id;
mod inbound;
mod operation;
mod output;
mod parameter;
mod rules;
pub mod selector;
mod separator;
mod source;
mod table;
mod target;
mod template;
mod toolset;
mod variable;

pub use adapter::*;
pub use avro::*;
pub use binding::*;
pub use body::*;
pub use capability::*;
pub use credential::*;
pub use group::*;
pub use id::*;
pub use inbound::*;
pub use operation::*;
pub use output::*;
pub use parameter::*;
pub use rules::*;
pub use separator::*;
pub use source::*;
pub use table::{List, Ref, Text, list, text, to};
pub use target::*;
pub use template::*;
pub use toolset::fold;
pub use variable::*;
