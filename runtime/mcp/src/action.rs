//! What requests do that are no calls of tools, as rules choose among them.

use naftiko_schema::{Method, OperationId, Target, Tool, Verb};

/// What a route or a resource does, as rules choose it.
#[derive(Clone, Debug)]
pub struct Action {
    pub(super) toolset: String,
    /// The tools that do the same.
    pub(super) same: Vec<String>,
    /// These, and the tools that run an operation of it that may change something.
    pub(super) related: Vec<String>,
    /// What it is about; `None` if callers decide that.
    pub(super) resource: Option<String>,
    /// What it does, or all that it may do.
    pub(super) verbs: Vec<Verb>,
    pub(super) is_read_only: bool,
}

impl Action {
    /// What a target of a capability does that has these tools.
    pub fn new<'t>(toolset: &str, target: &Target, tools: impl IntoIterator<Item = &'t Tool> + Clone) -> Self {
        let same: Vec<_> = tools.clone().into_iter().filter(|tool| is_same(&tool.binding.target, target)).collect();
        let related = tools.into_iter().filter(|tool| {
            is_same(&tool.binding.target, target)
                || changes(&tool.binding.target).any(|one| changes(target).any(|other| one == other))
        });
        // Of several tools that do the same, the one counts that says the worst of it, in whatever order they are.
        let worst = same.iter().max_by_key(|tool| (tool.verb, &*tool.resource));
        let (resource, verb) = worst.map_or_else(|| target.purpose(), |tool| (tool.resource.to_string(), tool.verb));
        let is_read_only =
            if same.is_empty() { target.is_safe() } else { same.iter().all(|tool| tool.hints.read_only) };
        Self {
            toolset: toolset.to_owned(),
            related: related.map(|tool| tool.name.to_string()).collect(),
            same: same.iter().map(|tool| tool.name.to_string()).collect(),
            resource: Some(resource),
            verbs: vec![verb],
            is_read_only,
        }
    }

    /// What a request with this method may do that is passed on as it came: what it is about is for the upstream to know.
    pub fn forward(toolset: &str, method: Method) -> Self {
        Self {
            toolset: toolset.to_owned(),
            same: Vec::new(),
            related: Vec::new(),
            resource: None,
            verbs: forwarded(method),
            is_read_only: method.is_safe(),
        }
    }

    /// The names of the tools that do the same, or that run an operation of it that may change something.
    pub fn tools(&self) -> Vec<&str> {
        self.related.iter().map(String::as_str).collect()
    }
}

/// What a request with this method may do, whatever its path is.
pub(super) fn forwarded(method: Method) -> Vec<Verb> {
    match method {
        Method::Get | Method::Head | Method::Options => vec![Verb::Read],
        Method::Post => vec![Verb::Create, Verb::Action],
        Method::Put | Method::Patch => vec![Verb::Update],
        Method::Delete => vec![Verb::Delete],
    }
}

fn is_same(one: &Target, other: &Target) -> bool {
    match (one, other) {
        (Target::Operation(one), Target::Operation(other)) => one.id == other.id,
        (Target::Flow(one), Target::Flow(other)) => one.id == other.id,
        _ => false,
    }
}

/// The operations of a target that may change something.
fn changes(target: &Target) -> impl Iterator<Item = OperationId> {
    target.operations().into_iter().filter(|operation| !operation.method.is_safe()).map(|operation| operation.id)
}
