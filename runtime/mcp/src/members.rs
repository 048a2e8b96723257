//! The members of a server, and the index of their tools.

use std::collections::HashMap;

use naftiko_schema::{Mcp, Prompt, Tool};
use rmcp::model::{CallToolRequestParams, CallToolResult};

use super::Policy;
use super::member::{Indexed, Member, describe};
use super::policy::OutputSchemas;
#[cfg(feature = "search")]
use super::search::Finder;
use super::structure::name_repeated;

/// How long a client may cache a list, in milliseconds. Lists change only with the binary.
const LIST_TTL_MS: u64 = 300_000;

/// The members, and the tools of all of them that the policy shows.
pub(super) struct Members {
    all: Vec<Member>,
    listed: Vec<rmcp::model::Tool>,
    /// The same for clients before MCP 2026-07-28.
    listed_without_headers: Vec<rmcp::model::Tool>,
    /// By their names.
    index: HashMap<&'static str, Indexed>,
    /// What lists show in place of all tools.
    #[cfg(feature = "search")]
    finder: Option<Finder>,
}

impl Members {
    /// The members of which a policy shows anything with the tools that it shows, and those tools of which the list shows only a part of their schemas.
    pub(super) fn new(mut all: Vec<Member>, policy: &Policy) -> (Self, Vec<&'static Tool>) {
        all.retain(|member| policy.has(member.toolset()));
        let tools = all.iter().flat_map(|member| member.adapter.tools.iter().map(move |tool| (tool, member)));
        let shown: Vec<_> = tools.filter(|(tool, _)| policy.shows(tool)).collect();
        let described = |headers| {
            let described = shown.iter().map(|(tool, member)| describe(tool, headers, policy, member));
            described.unzip::<_, _, Vec<_>, Vec<_>>()
        };
        let ((mut listed, are_cut), (mut listed_without_headers, _)) = (described(true), described(false));
        if policy.output_schemas == OutputSchemas::Shape {
            [&mut listed, &mut listed_without_headers].into_iter().for_each(|tools| name_repeated(tools));
        }
        let cut = shown.iter().zip(are_cut).filter(|(_, is_cut)| *is_cut).map(|((tool, _), _)| *tool).collect();
        let indexed = |((tool, member), description): (&(&'static Tool, &Member), &rmcp::model::Tool)| {
            let (connection, description) = (member.connection.clone(), description.clone());
            (&*tool.name, Indexed { tool, connection, description })
        };
        let index: HashMap<_, _> = shown.iter().zip(&listed).map(indexed).collect();
        #[cfg(feature = "search")]
        let finder = policy.searches(&listed).then(|| {
            let finder = Finder::new(listed.iter().filter_map(|tool| index.get(&*tool.name)));
            for listed in [&mut listed, &mut listed_without_headers] {
                listed.retain(|tool| policy.pins(&tool.name));
                listed.splice(0..0, finder.tools().iter().cloned());
            }
            finder
        });
        let members = Self {
            all,
            listed,
            listed_without_headers,
            index,
            #[cfg(feature = "search")]
            finder,
        };
        (members, cut)
    }

    pub(super) fn all(&self) -> &[Member] {
        &self.all
    }

    /// The tools as lists show them, with the header fields of their inputs or without.
    pub(super) fn listed(&self, headers: bool) -> &[rmcp::model::Tool] {
        if headers { &self.listed } else { &self.listed_without_headers }
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

    pub(super) fn prompts(&self) -> impl Iterator<Item = &'static Prompt> {
        self.adapters().flat_map(|adapter| adapter.prompts.iter())
    }

    /// Whether there are tools, even if the policy shows none of them.
    pub(super) fn have_tools(&self) -> bool {
        self.adapters().any(|adapter| !adapter.tools.is_empty())
    }

    /// Whether there are prompts, even if the policy shows none of them.
    pub(super) fn have_prompts(&self) -> bool {
        self.prompts().next().is_some()
    }

    /// What clients should know about the server as a whole: a paragraph of each member.
    pub(super) fn instructions(&self) -> String {
        let all: Vec<_> =
            self.adapters().map(|adapter| &*adapter.instructions).filter(|text| !text.is_empty()).collect();
        all.join("\n\n")
    }

    /// How long a list may be cached, in milliseconds, and whether users may share it: as the strictest member has it.
    pub(super) fn list_cache_hints(&self) -> (u64, bool) {
        self.strictest(LIST_TTL_MS, true)
    }

    /// The same for what is read.
    pub(super) fn read_cache_hints(&self) -> (u64, bool) {
        self.strictest(0, false)
    }

    fn strictest(&self, ttl_ms: u64, is_public: bool) -> (u64, bool) {
        let ttl = self.adapters().map(|adapter| adapter.ttl_ms.unwrap_or(ttl_ms)).min();
        (ttl.unwrap_or(ttl_ms), self.adapters().all(|adapter| adapter.public.unwrap_or(is_public)))
    }

    fn adapters(&self) -> impl Iterator<Item = &'static Mcp> {
        self.all.iter().map(|member| member.adapter)
    }
}
