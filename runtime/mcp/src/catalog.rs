//! What clients see of the tools of a server. It depends on tables, the policy, and the rule of the callers only, so all workers of a
//! server have the same.

use std::collections::HashMap;
use std::sync::Arc;

use naftiko_schema::{Capability, Tool};
use rmcp::model::{CallToolRequestParams, CallToolResult};
use serde_json::Value;

use super::Policy;
use super::choices::OutputSchemas;
use super::member::{Indexed, Member, describe};
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
    /// The other tools of the server, which the rule of the callers hides.
    hidden: HashMap<&'static str, Indexed>,
    /// Those of which lists show only a part of their schemas.
    cut: Vec<&'static Tool>,
    /// Whether there are some, for callers of any rule.
    is_any_cut: bool,
    /// What lists show in place of all tools.
    #[cfg(feature = "search")]
    finder: Option<Finder>,
}

/// A tool as lists show it, if they do, before it says what it has in common with others.
pub(super) struct Described {
    tool: &'static Tool,
    toolset: &'static str,
    capability: &'static Capability,
    description: rmcp::model::Tool,
    is_cut: bool,
}

/// The tools of these members that a policy shows to callers of any rule.
pub(super) fn described(members: &[Member], policy: &Policy) -> Vec<Described> {
    let members = members.iter().filter(|member| policy.has(member.toolset()));
    let tools = members.flat_map(|member| member.adapter.tools.iter().map(move |tool| (tool, member)));
    let described = tools.filter(|(tool, _)| policy.shows(tool)).map(|(tool, member)| {
        let (description, is_cut) = describe(tool, policy, member);
        let (toolset, capability) = (member.toolset(), member.connection.capability());
        Described { tool, toolset, capability, description, is_cut }
    });
    described.collect()
}

impl Described {
    fn indexed(&self, member: usize, description: &rmcp::model::Tool) -> Indexed {
        Indexed { tool: self.tool, member, capability: self.capability, description: description.clone() }
    }
}

impl Catalog {
    /// Those of the tools of a server that a policy shows, which are of these members.
    pub(super) fn new<'d>(members: &[Member], tools: impl IntoIterator<Item = &'d Described>, policy: &Policy) -> Self {
        let numbers: HashMap<_, _> = members.iter().map(Member::toolset).zip(0..).collect();
        let (mut shown, mut listed, mut cut, mut hidden) = (Vec::new(), Vec::new(), Vec::new(), HashMap::new());
        let mut is_any_cut = false;
        for described in tools {
            let Described { tool, description, is_cut, .. } = described;
            is_any_cut |= *is_cut;
            match numbers.get(described.toolset).filter(|_| policy.shows(tool)) {
                Some(&member) => {
                    listed.push(description.clone());
                    cut.extend(is_cut.then_some(*tool));
                    shown.push((described, member));
                }
                None => drop(hidden.insert(&*tool.name, described.indexed(0, description))),
            }
        }
        if policy.output_schemas == OutputSchemas::Shape {
            name_repeated(&mut listed);
        }
        let index = shown.into_iter().zip(&listed);
        let index = index.map(|((described, member), tool)| (&*described.tool.name, described.indexed(member, tool)));
        let index: HashMap<_, _> = index.collect();
        #[cfg(feature = "search")]
        let finder = policy.searches(&listed).then(|| {
            let finder = Finder::new(listed.iter().filter_map(|tool| index.get(&*tool.name)), policy.rule_note());
            listed.retain(|tool| policy.pins(&tool.name));
            listed.splice(0..0, finder.tools().iter().cloned());
            finder
        });
        let listed_without_headers = listed.iter().map(without_headers).collect();
        Self {
            listed,
            listed_without_headers,
            index,
            hidden,
            cut,
            is_any_cut,
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

    pub(super) fn is_any_cut(&self) -> bool {
        self.is_any_cut
    }

    /// The tool of a name.
    pub(super) fn tool(&self, name: &str) -> Option<&Indexed> {
        self.index.get(name)
    }

    /// The tool that a call is about, if the rule of the callers hides it, and the call of it.
    pub(super) fn hidden(&self, request: &CallToolRequestParams) -> Option<(&Indexed, CallToolRequestParams)> {
        #[cfg(feature = "search")]
        if let Some(finder) = &self.finder {
            return Some((self.hidden.get(finder.named_by(request))?, finder.unwrapped(request)));
        }
        Some((self.hidden.get(&*request.name)?, request.clone()))
    }

    /// Whether a call is one of a tool that there is for its caller, and so counted as that.
    pub(super) fn has(&self, request: &CallToolRequestParams) -> bool {
        #[cfg(feature = "search")]
        if let Some(finder) = &self.finder {
            return Finder::own(&request.name).is_none() && self.index.contains_key(finder.named_by(request));
        }
        self.index.contains_key(&*request.name)
    }

    /// The tool that a call is about, and its capability: of a call of another one through search mode that one. `None` if no tool
    /// has its name.
    pub(super) fn called(&self, request: &CallToolRequestParams) -> Option<(&'static str, &'static str)> {
        #[cfg(feature = "search")]
        if let Some(own) = self.finder.as_ref().and_then(|_| Finder::own(&request.name)) {
            return Some((own, ""));
        }
        #[cfg(feature = "search")]
        let name = self.finder.as_ref().map_or(&*request.name, |finder| finder.named_by(request));
        #[cfg(not(feature = "search"))]
        let name = &*request.name;
        let indexed = self.index.get(name).or_else(|| self.hidden.get(name))?;
        Some((&*indexed.tool.name, &*indexed.capability.name))
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
