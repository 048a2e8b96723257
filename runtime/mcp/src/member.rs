//! A member of a server, which is an adapter with the connection of its capability, and its tools as clients see them.

use std::sync::Arc;

use naftiko_client::__private::Connection;
use naftiko_schema::{Capability, Mcp, Tool, ToolHints};
use rmcp::model::{MetaObject, ToolAnnotations};

use super::Policy;
use super::about::about;
use super::schema::schemas;

/// An adapter, and the connection of its capability.
#[derive(Clone)]
pub(super) struct Member {
    /// What callers call the capability; empty on a server of one.
    pub(super) name: &'static str,
    pub(super) adapter: &'static Mcp,
    pub(super) connection: Connection,
}

/// A tool in the index.
pub(super) struct Indexed {
    pub(super) tool: &'static Tool,
    /// Its place among the tools that clients can call.
    pub(super) number: usize,
    /// The number of its member.
    pub(super) member: usize,
    pub(super) capability: &'static Capability,
    /// Whether it says what it returns.
    pub(super) has_output: bool,
}

impl Member {
    /// The name by which operators choose the capability.
    pub(super) fn toolset(&self) -> &'static str {
        if self.name.is_empty() { &self.connection.capability().name } else { self.name }
    }
}

/// A tool as clients see it, and whether its schemas are cut. Its title is an annotation too, for clients that look only there, if it
/// says more than its name.
pub(super) fn describe(tool: &'static Tool, policy: &Policy, member: &Member) -> (rmcp::model::Tool, bool) {
    let title = tool.titled.then(|| about(&tool.title, &[&tool.name])).flatten();
    let schemas = schemas(tool, policy.output_schemas, member.connection.defaults());
    let mut described = rmcp::model::Tool::new(&*tool.name, &*tool.description, Arc::new(schemas.input))
        .with_annotations(annotations(title, &tool.hints));
    // Clients show the name of a tool without a title.
    described.title = (tool.titled || !is_humanised(&tool.title, &tool.name)).then(|| tool.title.to_string());
    described.output_schema = schemas.output.map(Arc::new);
    described.meta = (!member.name.is_empty()).then(|| toolset(tool, member.name));
    (described, schemas.is_cut)
}

/// The hints of a tool, all of them: clients ask their users by them, and some only where they are said.
pub(super) fn annotations(title: Option<String>, hints: &ToolHints) -> ToolAnnotations {
    let ToolHints { read_only, destructive, idempotent, open_world } = *hints;
    ToolAnnotations::from_raw(title, Some(read_only), Some(destructive), Some(idempotent), Some(open_world))
}

/// Whether a title is a name with spaces.
fn is_humanised(title: &str, name: &str) -> bool {
    let same = |(one, other): (char, char)| one == other || (one == ' ' && matches!(other, '-' | '_' | '.'));
    title.len() == name.len() && title.chars().zip(name.chars()).all(same)
}

/// By what clients can group the tools of many capabilities.
fn toolset(tool: &Tool, capability: &str) -> MetaObject {
    let mut meta = MetaObject::default();
    let about = format!("{capability}/{}/{}", tool.resource, tool.verb.as_str());
    meta.0.insert("naftiko/about".to_owned(), about.into());
    meta
}
