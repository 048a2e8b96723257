//! The crate of a group: a client with the clients of its members, and a server for all of them.

mod library;
mod manifest;
mod readme;

use naftiko_schema::{Group, GroupMember};

use super::deploy::{self, Deployed};
use super::monitoring;
use crate::Files;
use crate::model::Model;
use crate::names::is_identifier;

/// What a crate of a group is made of.
pub(crate) struct Parts<'m> {
    /// The group, without its document.
    pub(crate) group: Group,
    /// The document of all routes; empty if there are none.
    pub(crate) openapi: String,
    /// The models of the members, in their order.
    pub(crate) models: Vec<&'m Model>,
    /// The folder, or the file of settings, that makes it a group.
    pub(crate) origin: String,
}

/// Emits the crate of a group.
pub(crate) fn emit(parts: Parts<'_>) -> Files {
    let mut files = vec![
        ("Cargo.toml", manifest::emit(&parts)),
        ("README.md", readme::emit(&parts)),
        ("src/lib.rs", library::emit(&parts)),
    ];
    if parts.served().next().is_some() {
        files.push(("src/main.rs", library::emit_main(&parts)));
        let about = &parts.group.about;
        let deployed = Deployed {
            name: &about.name,
            title: &about.title,
            description: &about.description,
            origin: &parts.origin,
            models: parts.models.iter().copied().filter(|model| model.has_server()).collect(),
        };
        files.extend(deploy::emit(&deployed));
        files.extend(monitoring::emit(&deployed));
    }
    let root = format!("generated/{}", parts.group.about.name);
    if !parts.openapi.is_empty() {
        files.push(("openapi.json", parts.openapi));
    }
    files.into_iter().map(|(path, text)| (format!("{root}/{path}"), text)).collect()
}

/// Features of every crate of a group, which no member can have for itself.
const FEATURES: [&str; 11] =
    ["default", "client", "ring", "aws-lc-rs", "native-tls", "blocking", "test-util", "rest", "mcp", "skill", "server"];

/// A member, and what the crate calls it.
struct Part<'p> {
    model: &'p Model,
    /// The feature that adds it.
    feature: String,
    /// The module, and the method of the client.
    module: String,
}

impl<'m> Parts<'m> {
    fn members(&self) -> impl Iterator<Item = Part<'_>> {
        let part = |(member, model): (&GroupMember, &&'m Model)| {
            let name = &*member.name;
            let is_taken = FEATURES.contains(&name) || name == "otlp";
            let feature = if is_taken { format!("{name}-api") } else { name.to_owned() };
            let module = feature.replace('-', "_");
            let module = match module.as_str() {
                // The crate has these names already, or what it is made of.
                "runtime" | "builder" | "run" | "std" | "core" | "alloc" | "naftiko_client" | "naftiko_server" => {
                    format!("{module}_api")
                }
                // Methods of these names mean something else to Rust.
                "new" | "clone" | "borrow" | "as_ref" | "deref" => format!("{module}_api"),
                name if name.starts_with("from_") || name.starts_with("into_") => format!("{module}_api"),
                name if is_identifier(name) => module,
                _ => format!("api_{module}"),
            };
            Part { model, feature, module }
        };
        // Every capability has a place in both lists, and further members after it for further adapters.
        let members = self.group.members.iter().filter(|member| member.adapter.is_empty());
        let parts: Vec<_> = members.zip(&self.models).map(part).collect();
        parts.into_iter()
    }

    /// The members that expose anything.
    fn served(&self) -> impl Iterator<Item = Part<'_>> {
        self.members().filter(|part| part.model.has_server())
    }

    /// The name of the client.
    fn client(&self) -> String {
        let words = self.group.about.name.split('-').map(crate::group::title);
        let name: String = words.collect();
        // What the crate has under other names.
        let taken = [
            "ApiError",
            "Attempt",
            "Call",
            "ClientBuilder",
            "ConfigError",
            "Error",
            "ErrorKind",
            "GroupBuilder",
            "IntoBody",
            "Outcome",
            "Paging",
            "Phase",
            "RawBody",
            "Response",
            "ResultStream",
            "RetryPolicy",
            "SecretBody",
            "Self",
            "TokenProvider",
            "Transport",
            "Violation",
            "Result",
            "Group",
            "Program",
            "Clients",
        ];
        if taken.contains(&name.as_str()) { format!("{name}Client") } else { name }
    }

    fn lib_name(&self) -> String {
        self.group.about.name.replace('-', "_")
    }
}
