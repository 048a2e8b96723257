//! The fifth stage: from the model to files. Each emitter writes one of them; they are peers and know only the model.

mod client;
mod library;
mod manifest;
mod mcp;
mod operations;
mod readme;
mod rest;
mod rust;
mod tables;

use crate::Files;
use crate::model::Model;

/// The word that marks a file as generated. Files without it are never overwritten or removed.
pub const MARKER: &str = "@generated";

/// Emits the crate of a capability.
pub(crate) fn emit(model: &Model) -> Files {
    let mut files = Files::new();
    let mut add = |path: &str, text: String| files.insert(format!("generated/{}/{path}", model.crate_name), text);
    add("Cargo.toml", manifest::emit(model));
    add("README.md", readme::emit(model));
    add("src/lib.rs", library::emit(model));
    add("src/operations.rs", operations::emit(model));
    add("src/client.rs", client::emit(model));
    if model.rest.is_some() {
        add("src/rest.rs", rest::emit(model));
    }
    if model.mcp.is_some() {
        add("src/mcp.rs", mcp::emit(model));
    }
    if model.has_server() {
        add("src/main.rs", library::emit_main(model));
    }
    files
}

impl Model {
    /// Whether anything is exposed, so that there is something to serve.
    fn has_server(&self) -> bool {
        self.rest.is_some() || self.mcp.is_some()
    }

    /// The crate's name as Rust code spells it.
    fn lib_name(&self) -> String {
        self.crate_name.replace('-', "_")
    }
}
