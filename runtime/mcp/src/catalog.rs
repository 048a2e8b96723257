//! What clients see of the tools of a server. It depends on tables and the policy only, so all workers of a server have the same.

use std::collections::HashMap;
use std::sync::Arc;

use naftiko_schema::{Capability, Tool};
use rmcp::model::{CallToolRequestParams, CallToolResult};
use serde_json::Value;

use super::Policy;
use super::member::{Member, describe};
use super::policy::OutputSchemas;
use super::schema::HEADER;
#[cfg(feature = "search")]
use super::search::Finder;
use super::structure::name_repeated;

/// The tools that a policy shows.
pub(super) struct Catalog {
    listed: Vec<rmcp::model::Tool>,
    /// The same for clients before MCP 2026-07-28.
    listed_without_headers: Vec<rmcp::model::Tool>,
    /// By their names.
    index: HashMap<&'static str, Indexed>,
    /// Those of which lists show only a part of their schemas.
    cut: Vec<&'static Tool>,
    /// What lists show in place of all tools.
    #[cfg(feature = "search")]
    finder: Option<Finder>,
}

/// A tool in the index.
pub(super) struct Indexed {
    pub(super) tool: &'static Tool,
    /// The number of its member.
    pub(super) member: usize,
    pub(super) capability: &'static Capability,
    /// The tool as clients see it.
    pub(super) description: rmcp::model::Tool,
}

impl Catalog {
    /// The tools of these members that a policy shows.
    pub(super) fn new(members: &[Member], policy: &Policy) -> Self {
        let tools = members.iter().enumerate();
        let tools =
            tools.flat_map(|(number, member)| member.adapter.tools.iter().map(move |tool| (tool, number, member)));
        let (mut shown, mut listed, mut cut) = (Vec::new(), Vec::new(), Vec::new());
        for (tool, number, member) in tools.filter(|(tool, ..)| policy.shows(tool)) {
            let (description, is_cut) = describe(tool, policy, member);
            listed.push(description);
            cut.extend(is_cut.then_some(tool));
            shown.push((tool, number, member.connection.capability()));
        }
        if policy.output_schemas == OutputSchemas::Shape {
            name_repeated(&mut listed);
        }
        let indexed = |((tool, member, capability), description): (_, &rmcp::model::Tool)| {
            let tool: &'static Tool = tool;
            (&*tool.name, Indexed { tool, member, capability, description: description.clone() })
        };
        let index: HashMap<_, _> = shown.into_iter().zip(&listed).map(indexed).collect();
        #[cfg(feature = "search")]
        let finder = policy.searches(&listed).then(|| {
            let finder = Finder::new(listed.iter().filter_map(|tool| index.get(&*tool.name)));
            listed.retain(|tool| policy.pins(&tool.name));
            listed.splice(0..0, finder.tools().iter().cloned());
            finder
        });
        let listed_without_headers = listed.iter().map(without_headers).collect();
        Self {
            listed,
            listed_without_headers,
            index,
            cut,
            #[cfg(feature = "search")]
            finder,
        }
    }

    /// The tools as lists show them, with the header fields of their inputs or without.
    pub(super) fn listed(&self, headers: bool) -> &[rmcp::model::Tool] {
        if headers { &self.listed } else { &self.listed_without_headers }
    }

    pub(super) fn cut(&self) -> &[&'static Tool] {
        &self.cut
    }

    /// The tool of a name.
    pub(super) fn tool(&self, name: &str) -> Option<&Indexed> {
        self.index.get(name)
    }

    /// What a call means: a call of a tool, or the result of a search for tools.
    pub(super) fn meant(&self, request: CallToolRequestParams) -> Result<CallToolRequestParams, Box<CallToolResult>> {
        #[cfg(feature = "search")]
        if let Some(finder) = &self.finder {
            return finder.meant(request, |name| self.tool(name));
        }
        Ok(request)
    }
}

/// A tool whose inputs have no header fields.
fn without_headers(tool: &rmcp::model::Tool) -> rmcp::model::Tool {
    let mut tool = tool.clone();
    let properties = |schema: &rmcp::model::JsonObject| schema.get("properties")?.as_object().cloned();
    let Some(mut inner) = properties(&tool.input_schema) else { return tool };
    let removed = inner.values_mut().filter_map(|property| property.as_object_mut()?.shift_remove(HEADER)).count();
    if removed > 0 {
        let schema = Arc::make_mut(&mut tool.input_schema);
        schema.insert("properties".to_owned(), Value::Object(inner));
    }
    tool
}
