//! What clients see of the tools of a server. It depends on tables, the policy, and the rule of the callers only, so all workers of a
//! server have the same.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use naftiko_schema::{Capability, Tool};
use rmcp::model::{CallToolRequestParams, CallToolResult};
use serde_json::Value;

use super::Policy;
use super::listing::Listing;
use super::member::{Indexed, Member, describe};
use super::schema::HEADER;
#[cfg(feature = "search")]
use super::search::Finder;

/// The tools that a policy shows.
pub(super) struct Catalog {
    listed: Vec<rmcp::model::Tool>,
    /// The same for clients before MCP 2026-07-28, once one of them asks.
    listed_without_headers: OnceLock<Vec<rmcp::model::Tool>>,
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
#[derive(Clone)]
pub(super) struct Described {
    tool: &'static Tool,
    toolset: &'static str,
    capability: &'static Capability,
    description: rmcp::model::Tool,
    is_cut: bool,
}

/// The tools of these members that a policy shows to callers of any rule.
pub(super) fn described(members: &[Member], policy: &Policy) -> impl Iterator<Item = Described> {
    let members = members.iter().filter(move |member| policy.has(member.toolset()));
    let tools = members.flat_map(|member| member.adapter.tools.iter().map(move |tool| (tool, member)));
    tools.filter(move |(tool, _)| policy.shows(tool)).map(move |(tool, member)| {
        let (description, is_cut) = describe(tool, policy, member);
        let (toolset, capability) = (member.toolset(), member.connection.capability());
        Described { tool, toolset, capability, description, is_cut }
    })
}

impl Catalog {
    /// Those of the tools of a server that a policy shows, which are of these members.
    pub(super) fn new(members: &[Member], tools: impl Iterator<Item = Described>, policy: &Policy) -> Self {
        let numbers: HashMap<_, _> = members.iter().map(Member::toolset).zip(0..).collect();
        let (mut index, mut hidden) = (HashMap::new(), HashMap::new());
        let (mut shown, mut cut, mut is_any_cut) = (Vec::new(), Vec::new(), false);
        let descriptions = tools.filter_map(|described| {
            let Described { tool, toolset, capability, description, is_cut } = described;
            is_any_cut |= is_cut;
            let member = numbers.get(toolset).filter(|_| policy.shows(tool)).copied();
            let (number, has_output) = (shown.len(), description.output_schema.is_some());
            let indexed = Indexed { tool, number, member: member.unwrap_or_default(), capability, has_output };
            if member.is_none() {
                hidden.insert(&*tool.name, indexed);
                return None;
            }
            index.insert(&*tool.name, indexed);
            shown.push((tool, capability));
            cut.extend(is_cut.then_some(tool));
            Some(description)
        });
        let listing = Listing::new(descriptions, policy);
        #[cfg(feature = "search")]
        let (listed, finder) = match listing {
            Listing::Whole(listed) => (listed, None),
            Listing::Texts(texts, mut listed) => {
                let finder = Finder::new(shown, texts, policy.rule_note());
                listed.retain(|tool| !Finder::is_own(&tool.name));
                listed.splice(0..0, finder.tools());
                (listed, Some(finder))
            }
        };
        #[cfg(not(feature = "search"))]
        let Listing::Whole(listed) = listing;
        Self {
            listed,
            listed_without_headers: OnceLock::new(),
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
        if headers {
            return &self.listed;
        }
        self.listed_without_headers.get_or_init(|| self.listed.iter().map(without_headers).collect())
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

    /// The tool of a name as clients see it.
    pub(super) fn description(&self, name: &str) -> Option<Cow<'_, rmcp::model::Tool>> {
        let indexed = self.tool(name)?;
        #[cfg(feature = "search")]
        if let Some(finder) = &self.finder {
            return serde_json::from_value(finder.description(indexed)).ok().map(Cow::Owned);
        }
        self.listed.get(indexed.number).map(Cow::Borrowed)
    }

    /// The tool that a call is about, if the rule of the callers hides it, and the call of it.
    pub(super) fn hidden(&self, request: &CallToolRequestParams) -> Option<(&Indexed, CallToolRequestParams)> {
        #[cfg(feature = "search")]
        if let Some(finder) = &self.finder {
            let hidden = self.hidden.get(finder.named_by(request)).filter(|_| Finder::own(&request.name).is_none());
            return Some((hidden?, finder.unwrapped(request)));
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
    let properties = tool.input_schema.get("properties").and_then(Value::as_object);
    if properties.is_some_and(|properties| properties.values().any(|property| property.get(HEADER).is_some()))
        && let Some(Value::Object(properties)) = Arc::make_mut(&mut tool.input_schema).get_mut("properties")
    {
        for property in properties.values_mut().filter_map(Value::as_object_mut) {
            property.shift_remove(HEADER);
        }
    }
    tool
}
