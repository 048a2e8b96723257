//! What the callers of one rule may do: a rule narrows what the policy of the server allows, and never widens it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use naftiko_schema::{Mcp, Rest, Target, Tool, Verb};

use super::choices::Confirmation;
use super::limits::{Limited, Limits, Rate};
use super::patterns::{Patterns, UnmatchedPattern};

/// What the callers of one rule may do. Clones share the counts of calls.
#[derive(Clone)]
#[must_use]
pub struct Grant {
    name: Arc<str>,
    denies: bool,
    pub(super) read_only: bool,
    only: Patterns,
    excluded: Patterns,
    toolsets: Patterns,
    resources: Patterns,
    verbs: Patterns,
    pub(super) confirmation: Confirmation,
    limits: Limits,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("name", &self.name).field("denies", &self.denies).finish_non_exhaustive()
    }
}

/// The names by which rules choose: of capabilities, of tools, of resources of the upstream, and of verbs.
#[derive(Clone, Debug, Default)]
pub struct Names {
    toolsets: BTreeSet<String>,
    tools: Vec<String>,
    resources: BTreeSet<String>,
    verbs: BTreeSet<&'static str>,
}

impl Names {
    /// Adds the names of a capability, of its tools, and of what they do.
    pub fn add_tools(&mut self, toolset: &str, adapter: &Mcp) {
        self.toolsets.insert(toolset.to_owned());
        for tool in adapter.tools.iter() {
            self.tools.push(tool.name.to_string());
            self.add(tool.resource.to_string(), tool.verb);
        }
    }

    /// Adds the names of a capability, and of what its routes do.
    pub fn add_routes(&mut self, toolset: &str, adapter: &Rest) {
        self.toolsets.insert(toolset.to_owned());
        for route in adapter.routes.iter() {
            let (resource, verb) = route.binding.target.purpose();
            self.add(resource, verb);
        }
    }

    fn add(&mut self, resource: String, verb: Verb) {
        self.resources.extend(Some(resource).filter(|resource| !resource.is_empty()));
        self.verbs.insert(verb.as_str());
    }
}

/// What a route, a tool or a resource does, as rules choose it.
#[derive(Clone, Debug)]
pub struct Action {
    toolset: String,
    /// The tools that do it.
    tools: Vec<String>,
    resource: String,
    verb: Verb,
    is_read_only: bool,
}

impl Action {
    /// What a target of a capability does, some of whose targets are tools.
    pub fn new<'t>(toolset: &str, target: &Target, tools: impl IntoIterator<Item = &'t Tool>) -> Self {
        let tools = tools_of(target, tools);
        let (resource, verb) = match tools.first() {
            Some(tool) => (tool.resource.to_string(), tool.verb),
            None => target.purpose(),
        };
        let names = tools.iter().map(|tool| tool.name.to_string()).collect();
        let is_read_only = target.is_safe() || tools.iter().any(|tool| tool.hints.read_only);
        Self { toolset: toolset.to_owned(), tools: names, resource, verb, is_read_only }
    }

    /// The names of the tools that do it.
    pub fn tools(&self) -> Vec<&str> {
        self.tools.iter().map(String::as_str).collect()
    }
}

/// Those of the tools of a capability that run a target.
pub(super) fn tools_of<'t>(target: &Target, tools: impl IntoIterator<Item = &'t Tool>) -> Vec<&'t Tool> {
    tools.into_iter().filter(|tool| is_same(&tool.binding.target, target)).collect()
}

fn is_same(one: &Target, other: &Target) -> bool {
    match (one, other) {
        (Target::Operation(one), Target::Operation(other)) => one.id == other.id,
        (Target::Flow(one), Target::Flow(other)) => one.id == other.id,
        _ => false,
    }
}

impl Grant {
    /// The rule with this name. It allows all that the server does.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            denies: false,
            read_only: false,
            only: Patterns::default(),
            excluded: Patterns::default(),
            toolsets: Patterns::default(),
            resources: Patterns::default(),
            verbs: Patterns::default(),
            confirmation: Confirmation::Off,
            limits: Limits::default(),
        }
    }

    /// Allows nothing.
    pub fn deny(mut self) -> Self {
        self.denies = true;
        self
    }

    /// Allows only what changes nothing.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Allows only tools whose names match one of these patterns, and what does the same.
    pub fn tools(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.only = Patterns::new(patterns);
        self
    }

    /// Does not allow tools whose names match one of these patterns, nor what does the same.
    pub fn exclude_tools(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.excluded = Patterns::new(patterns);
        self
    }

    /// Allows only what capabilities have whose names match one of these patterns.
    pub fn toolsets(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.toolsets = Patterns::new(patterns);
        self
    }

    /// Allows only what is about a resource of the upstream whose name, in the singular, matches one of these patterns.
    pub fn resources(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.resources = Patterns::new(patterns);
        self
    }

    /// Allows only what has one of these verbs: `read`, `create`, `update`, `action`, `delete`.
    pub fn verbs(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.verbs = Patterns::new(patterns);
        self
    }

    /// Whether the user must confirm calls of destructive tools. The stricter of this and the server's counts.
    pub fn confirmation(mut self, confirmation: Confirmation) -> Self {
        self.confirmation = confirmation;
        self
    }

    /// How many calls each principal may make.
    pub fn rate(mut self, rate: Rate) -> Self {
        self.limits.limit(rate);
        self
    }

    /// How many calls each principal may make of tools whose names match a pattern, all of them together.
    pub fn tool_rate(mut self, pattern: &str, rate: Rate) -> Self {
        self.limits.limit_tools(pattern, rate);
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it allows nothing.
    pub fn denies(&self) -> bool {
        self.denies
    }

    /// Whether it allows only what changes nothing.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Whether it allows anything of a capability.
    pub fn has(&self, toolset: &str) -> bool {
        !self.denies && self.toolsets.choose(toolset)
    }

    /// Whether it allows a tool, if it allows anything of the capability.
    pub(super) fn shows(&self, tool: &Tool) -> bool {
        self.fits(&[&tool.name], &tool.resource, tool.verb, tool.hints.read_only)
    }

    /// Whether it allows an action.
    pub fn allows(&self, action: &Action) -> bool {
        self.has(&action.toolset) && self.fits(&action.tools(), &action.resource, action.verb, action.is_read_only)
    }

    fn fits(&self, tools: &[&str], resource: &str, verb: Verb, is_read_only: bool) -> bool {
        (is_read_only || !self.read_only)
            && (self.only.is_empty() || tools.iter().any(|tool| self.only.match_any(tool)))
            && self.resources.choose(resource)
            && self.verbs.choose(verb.as_str())
            && !tools.iter().any(|tool| self.excluded.match_any(tool))
    }

    /// Counts a call of a principal, which does what these tools do.
    ///
    /// # Errors
    /// If there were too many.
    pub fn admit(&self, principal: &str, tools: &[&str]) -> Result<(), Limited> {
        self.limits.check(principal, tools)
    }

    /// Checks that each pattern matches one of these names.
    ///
    /// # Errors
    /// If one matches none. The error names it, and the names that there are.
    pub fn check(&self, names: &Names) -> Result<(), UnmatchedPattern> {
        let texts = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>();
        let (toolsets, resources) = (texts(&names.toolsets), texts(&names.resources));
        let verbs: Vec<_> = names.verbs.iter().map(|verb| (*verb).to_owned()).collect();
        self.toolsets.check("toolsets", &toolsets)?;
        self.resources.check("resources", &resources)?;
        self.verbs.check("verbs", &verbs)?;
        self.only.check("tools", &names.tools)?;
        self.excluded.check("exclude-tools", &names.tools)?;
        Patterns::new(self.limits.patterns()).check("tool-rates", &names.tools)
    }
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{Binding, Method, Operation, OperationId, PathPart, RetrySafety, ToolHints, calls, text};

    use super::*;

    static LIST: Operation = Operation::new(OperationId(0), "list-things", Method::Get, RetrySafety::Idempotent)
        .path(const { &[PathPart::Literal(text("/things"))] });
    static DROP: Operation = Operation::new(OperationId(1), "drop-box", Method::Delete, RetrySafety::Idempotent)
        .path(const { &[PathPart::Literal(text("/boxes"))] });

    fn action(operation: &'static Operation, tools: &[Tool]) -> Action {
        Action::new("stock", &calls(operation), tools)
    }

    #[test]
    fn routes_without_a_tool_are_chosen_by_what_their_operation_does() {
        let (list, drop) = (action(&LIST, &[]), action(&DROP, &[]));
        for (grant, lists, drops) in [
            (Grant::new("a"), true, true),
            (Grant::new("a").deny(), false, false),
            (Grant::new("a").read_only(), true, false),
            (Grant::new("a").verbs(["delete"]), false, true),
            (Grant::new("a").resources(["thing"]), true, false),
            (Grant::new("a").toolsets(["st*"]), true, true),
            (Grant::new("a").toolsets(["shop"]), false, false),
            (Grant::new("a").tools(["*"]), false, false),
            (Grant::new("a").exclude_tools(["*"]), true, true),
        ] {
            assert_eq!((grant.allows(&list), grant.allows(&drop)), (lists, drops), "{grant:?}");
        }
    }

    #[test]
    fn routes_are_allowed_as_the_tools_of_their_operation_are() {
        let tool = |name: &'static str| Tool::new(name, "", "", ToolHints::new(), Binding::new(calls(&DROP)));
        let drop = action(&DROP, &[tool("throw-away"), tool("recycle")]);
        assert!(Grant::new("a").tools(["recycle"]).allows(&drop));
        assert!(!Grant::new("a").tools(["list-*"]).allows(&drop));
        assert!(!Grant::new("a").exclude_tools(["recycle"]).allows(&drop));
        assert_eq!(drop.tools(), ["throw-away", "recycle"]);
    }
}
