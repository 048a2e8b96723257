//! What the callers of one rule may do: a rule narrows what the policy of the server allows, and never widens it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use naftiko_schema::{Mcp, ResourceSource, Rest, Tool, Verb};

use super::action::{Action, forwarded};
use super::choice::{Choice, choosing};
use super::choices::Confirmation;
use super::limits::{Limits, Rate};
use super::patterns::{Patterns, UnmatchedPattern};

/// What the callers of one rule may do: what it chooses of tools, and what does the same. Clones share the counts of calls.
#[derive(Clone)]
#[must_use]
pub struct Grant {
    name: Arc<str>,
    denies: bool,
    choice: Choice,
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
    /// Adds the names of a capability, of its tools, and of what they and its resources do.
    pub fn add_tools(&mut self, toolset: &str, adapter: &Mcp) {
        self.toolsets.insert(toolset.to_owned());
        for tool in adapter.tools.iter() {
            self.tools.push(tool.name.to_string());
            self.add(tool.resource.to_string(), tool.verb);
        }
        for resource in adapter.resources.iter() {
            if let ResourceSource::Call(call) = &resource.source {
                let (resource, verb) = call.binding.target.purpose();
                self.add(resource, verb);
            }
        }
    }

    /// Adds the names of a capability, and of what its routes do.
    pub fn add_routes(&mut self, toolset: &str, adapter: &Rest) {
        self.toolsets.insert(toolset.to_owned());
        for route in adapter.routes.iter() {
            let (resource, verb) = route.binding.target.purpose();
            self.add(resource, verb);
        }
        let operations = adapter.forwards.iter().flat_map(|forward| forward.operations.iter());
        self.verbs.extend(operations.flat_map(|operation| forwarded(operation.method)).map(Verb::as_str));
    }

    fn add(&mut self, resource: String, verb: Verb) {
        self.resources.extend(Some(resource).filter(|resource| !resource.is_empty()));
        self.verbs.insert(verb.as_str());
    }
}

choosing!(Grant);

impl Grant {
    /// The rule with this name. It allows all that the server does.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            denies: false,
            choice: Choice::default(),
            confirmation: Confirmation::Off,
            limits: Limits::default(),
        }
    }

    /// Allows nothing.
    pub fn deny(mut self) -> Self {
        self.denies = true;
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
        self.choice.read_only
    }

    /// Whether it allows anything of a capability.
    pub fn has(&self, toolset: &str) -> bool {
        !self.denies && self.choice.has(toolset)
    }

    /// Whether it allows a tool, if it allows anything of the capability.
    pub(super) fn shows(&self, tool: &Tool) -> bool {
        self.choice.shows(tool)
    }

    /// Whether it allows an action.
    pub fn allows(&self, action: &Action) -> bool {
        // What is not known cannot be chosen, so all lists about it forbid it.
        let is_about = match &action.resource {
            Some(resource) => self.choice.resources.choose(resource),
            None => self.choice.resources.is_empty() && self.choice.excluded.is_empty() && !self.limits.name_tools(),
        };
        self.has(&action.toolset)
            && (action.is_read_only || !self.choice.read_only)
            && (self.choice.only.is_empty() || action.same.iter().any(|tool| self.choice.only.match_any(tool)))
            && !action.related.iter().any(|tool| self.choice.excluded.match_any(tool))
            && is_about
            && action.verbs.iter().all(|verb| self.choice.verbs.choose(verb.as_str()))
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Checks that each pattern matches one of these names.
    ///
    /// # Errors
    /// If one matches none. The error names it, and the names that there are.
    pub fn check(&self, names: &Names) -> Result<(), UnmatchedPattern> {
        let texts = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>();
        let (toolsets, resources) = (texts(&names.toolsets), texts(&names.resources));
        let verbs: Vec<_> = names.verbs.iter().map(|verb| (*verb).to_owned()).collect();
        self.choice.toolsets.check("toolsets", &toolsets)?;
        self.choice.resources.check("resources", &resources)?;
        self.choice.verbs.check("verbs", &verbs)?;
        self.choice.only.check("tools", &names.tools)?;
        self.choice.excluded.check("exclude-tools", &names.tools)?;
        Patterns::new(self.limits.patterns()).check("tool-rates", &names.tools)
    }
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{
        Action as StepAction, Binding, Flow, FlowId, Forward, Method, Operation, OperationId, PathPart, Resource,
        ResourceCall, RetrySafety, Step, StepCall, Target, ToolHints, calls, runs, text,
    };

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
        let drop = action(&DROP, &["throw-away", "recycle"].map(|name| tool(name, calls(&DROP))));
        assert!(Grant::new("a").tools(["recycle"]).allows(&drop));
        assert!(!Grant::new("a").tools(["list-*"]).allows(&drop));
        assert!(!Grant::new("a").exclude_tools(["recycle"]).allows(&drop));
        assert_eq!(drop.tools(), ["throw-away", "recycle"]);
    }

    fn tool(name: &'static str, target: Target) -> Tool {
        Tool::new(name, "", "", ToolHints::new(), Binding::new(target))
    }

    #[test]
    fn tools_that_run_a_flow_exclude_the_routes_of_what_it_changes() {
        static STEPS: &[Step] = &[
            Step::new("list", StepAction::Call(StepCall::new(calls(&LIST), &[]))),
            Step::new("drop", StepAction::Call(StepCall::new(calls(&DROP), &[]))),
        ];
        static FLOW: Flow = Flow::new(FlowId(0), "clean-up", &[], STEPS);
        let tools = [tool("clean-up", runs(&FLOW)), tool("list", calls(&LIST))];
        let (list, drop) = (action(&LIST, &tools), action(&DROP, &tools));
        assert_eq!((list.tools(), drop.tools()), (vec!["list"], vec!["clean-up"]));
        let grant = Grant::new("a").exclude_tools(["clean-*"]);
        assert!(grant.allows(&list) && !grant.allows(&drop));
        assert!(!Grant::new("a").tools(["clean-up"]).allows(&drop), "a tool allows only what it does");
        let flow = Action::new("stock", &runs(&FLOW), &[tool("drop", calls(&DROP))]);
        assert!(!Grant::new("a").exclude_tools(["drop"]).allows(&flow));
    }

    #[test]
    fn what_a_tool_says_that_it_does_counts_in_any_order() {
        let with = |name, verb, hints| Tool { verb, hints, ..tool(name, calls(&LIST)) };
        let list = || with("list", Verb::Read, ToolHints::new().read_only());
        let start = || with("start", Verb::Action, ToolHints::new());
        for tools in [[list(), start()], [start(), list()]] {
            let action = action(&LIST, &tools);
            assert!(!Grant::new("a").read_only().allows(&action), "one changes something, although it is a GET");
            assert!(Grant::new("a").verbs(["action"]).allows(&action));
            assert!(!Grant::new("a").verbs(["read"]).allows(&action));
        }
        assert!(Grant::new("a").read_only().allows(&action(&LIST, &[list()])));
        let search = Tool { hints: ToolHints::new().read_only(), ..tool("search", calls(&DROP)) };
        assert!(Grant::new("a").read_only().allows(&action(&DROP, &[search])));
    }

    #[test]
    fn forwards_are_allowed_only_by_rules_that_choose_no_tools() {
        let (read, make) = (Action::forward("stock", Method::Get), Action::forward("stock", Method::Post));
        let rate: Rate = "9/s".parse().expect("a rate");
        for (grant, reads, makes) in [
            (Grant::new("a"), true, true),
            (Grant::new("a").rate(rate), true, true),
            (Grant::new("a").toolsets(["stock"]), true, true),
            (Grant::new("a").toolsets(["shop"]), false, false),
            (Grant::new("a").read_only(), true, false),
            (Grant::new("a").tools(["*"]), false, false),
            (Grant::new("a").exclude_tools(["x"]), false, false),
            (Grant::new("a").tool_rate("x", rate), false, false),
            (Grant::new("a").resources(["*"]), false, false),
            (Grant::new("a").verbs(["read", "action"]), true, false),
            (Grant::new("a").verbs(["create"]), false, false),
            (Grant::new("a").verbs(["create", "action"]), false, true),
        ] {
            assert_eq!((grant.allows(&read), grant.allows(&make)), (reads, makes), "{grant:?}");
        }
    }

    #[test]
    fn verbs_and_resources_of_mcp_resources_and_forwards_can_be_chosen() {
        static RESOURCES: &[Resource] = &[Resource::new(
            "things",
            "",
            "x://things",
            ResourceSource::Call(ResourceCall::new(Binding::new(calls(&LIST)))),
        )];
        static FORWARDS: &[Forward] = &[Forward::new("/x/{path}", OPERATIONS)];
        static OPERATIONS: &[Operation] =
            &[Operation::new(OperationId(2), "forward", Method::Post, RetrySafety::Never)];
        let mut names = Names::default();
        assert!(Grant::new("a").verbs(["read"]).check(&names).is_err());
        names.add_tools("stock", &Mcp::new(0).resources(RESOURCES));
        names.add_routes("stock", &Rest::new(0).forwards(FORWARDS));
        for grant in [
            Grant::new("a").verbs(["read"]),
            Grant::new("a").verbs(["create", "action"]),
            Grant::new("a").resources(["thing"]),
        ] {
            assert!(grant.check(&names).is_ok(), "{grant:?}");
        }
    }
}
