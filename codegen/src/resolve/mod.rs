//! The second stage: every reference points to something, or is a finding.

mod body;
mod call;
mod callers;
mod credential;
pub(crate) mod files;
mod inputs;
mod operation;
mod path;
mod prompts;
mod resources;
mod target;
mod variables;

use std::collections::{BTreeMap, BTreeSet};

use crate::Sources;
use crate::codes::Code;
use crate::diagnostic::{Place, Sink};
use crate::linked::{Api, Linked, Operation, Route, Tool};
use crate::names::{distinct, tool_names};
use crate::read::document::{
    Adapter, AdapterKind, Consumes, Document, Input, Invocation, RestOperation, RestResource, Text,
};
use credential::Credentials;
use inputs::{Context, Scope};
use target::{Surroundings, Targets};
use variables::Variables;

/// Links a document. References that point nowhere are reported; what they stand in is left out.
pub(crate) fn resolve<'d>(document: &'d Document, sources: &Sources, sink: &mut Sink) -> Linked<'d> {
    let mut variables = Variables::new(document, sink);
    let mut apis = Vec::new();
    let mut operations = Vec::new();
    let namespaces = document.consumes.iter().map(|api| &api.namespace);
    duplicates(namespaces, "namespace", "calls look for their operation in both", sink);
    let names: Vec<&str> = document.consumes.iter().map(|api| api.namespace.value.as_str()).collect();
    for (index, (source, name)) in document.consumes.iter().zip(distinct(&names)).enumerate() {
        let authentication = source.authentication.as_ref();
        let credentials =
            authentication.map(|source| credential::link(source, &mut variables, sink)).unwrap_or_default();
        operations.extend(operations_of(index, source, &credentials, &mut variables, sink));
        apis.push(Api {
            place: source.place,
            namespace: &source.namespace.value,
            name,
            base_uri: source.base_uri.as_ref(),
            credentials: credentials.credentials,
        });
    }
    let of_kind =
        |wanted: fn(&AdapterKind) -> bool| document.adapters.iter().filter(move |adapter| wanted(&adapter.kind));
    let callers = [
        callers::link(of_kind(|kind| matches!(kind, AdapterKind::Rest(_))), &variables, sink),
        callers::link(of_kind(|kind| matches!(kind, AdapterKind::Mcp(_))), &variables, sink),
        callers::link(of_kind(|kind| matches!(kind, AdapterKind::Control(_))), &variables, sink),
    ];
    let used = variables.names();
    let mut linked = Linked {
        document,
        variables: used,
        apis,
        operations,
        routes: Vec::new(),
        tools: Vec::new(),
        resources: Vec::new(),
        prompts: Vec::new(),
        callers,
    };
    let targets = Targets::new(&linked.apis, &linked.operations, &document.missing);
    let (routes, tools) = (routes(&linked, &targets, &variables, sink), tools(&linked, &targets, &variables, sink));
    let resources = resources::resources(&linked, &targets, &variables, sources, sink);
    linked.prompts = prompts::prompts(&linked, sources, sink);
    (linked.routes, linked.tools, linked.resources) = (routes, tools, resources);
    linked
}

fn operations_of<'d>(
    index: usize,
    source: &'d Consumes,
    credentials: &Credentials,
    variables: &mut Variables<'_>,
    sink: &mut Sink,
) -> Vec<Operation<'d>> {
    let names = source.resources.iter().flat_map(|resource| &resource.operations).map(|operation| &operation.name);
    duplicates(names, "operation", "method and path tell the two apart", sink);
    let shared =
        operation::Shared { index, source, credentials, own_paths_are_whole: path::own_paths_are_whole(source) };
    let mut operations = Vec::new();
    for resource in &source.resources {
        for operation in &resource.operations {
            operations.extend(operation::link(&shared, resource, operation, variables, sink));
        }
    }
    operations
}

fn routes<'d>(
    linked: &Linked<'d>,
    targets: &Targets<'_>,
    variables: &Variables<'_>,
    sink: &mut Sink,
) -> Vec<Route<'d>> {
    let mut routes: Vec<Route<'d>> = Vec::new();
    let mut known: BTreeMap<(String, String), Place> = BTreeMap::new();
    for (adapter, resources) in adapters(linked.document) {
        let AdapterKind::Rest(resources) = resources else { continue };
        let scope = Scope { kind: "rest", namespace: adapter.namespace.as_ref(), variables };
        for (resource, operation) in resources.iter().flat_map(|r| r.operations.iter().map(move |o| (r, o))) {
            let Some(route) = route(linked, targets, &scope, resource, operation, sink) else { continue };
            let shape = route.shape();
            if let Some(first) = known.get(&shape) {
                let message = format!(
                    "`{} {}` answers the same requests as an earlier route and is left out",
                    shape.0, route.path.value
                );
                let help =
                    format!("the other one is on {}; only one of them can answer", sink.line(*first, route.place));
                sink.report(Code::RouteConflict, route.place, message, help);
                continue;
            }
            known.insert(shape, route.place);
            routes.push(route);
        }
    }
    routes
}

fn adapters(document: &Document) -> impl Iterator<Item = (&Adapter, &AdapterKind)> {
    document.adapters.iter().map(|adapter| (adapter, &adapter.kind))
}

fn route<'d>(
    linked: &Linked<'d>,
    targets: &Targets<'_>,
    scope: &Scope<'_>,
    resource: &'d RestResource,
    operation: &'d RestOperation,
    sink: &mut Sink,
) -> Option<Route<'d>> {
    let path = path::of_route(resource, operation);
    let pieces = path::pieces_of_route(&path, sink)?;
    let method = operation.method.as_ref().map_or("GET", |method| method.value.as_str());
    let around = Surroundings {
        place: operation.place,
        name: operation.name.as_ref().map(|name| name.value.as_str()),
        description: operation.description.as_ref().map(|text| text.value.as_str()),
        method: Some(method),
        path: Some(&pieces),
        arguments: arguments(&operation.invocation),
    };
    let index = target(targets, &operation.invocation, &around, sink)?;
    let context = Context {
        place: operation.place,
        scope,
        shared: &resource.inputs,
        path: Some(&pieces),
        closed: false,
        inherits: true,
        has_body: ["POST", "PUT", "PATCH"].iter().any(|name| method.eq_ignore_ascii_case(name)),
    };
    let call = call::link(linked, index, &operation.invocation, &context, sink)?;
    Some(Route {
        place: operation.place,
        method: operation.method.as_ref(),
        path,
        pieces,
        description: operation.description.as_ref().or(operation.name.as_ref()),
        call,
    })
}

fn tools<'d>(linked: &Linked<'d>, targets: &Targets<'_>, variables: &Variables<'_>, sink: &mut Sink) -> Vec<Tool<'d>> {
    // The format has no `required` for consumed parameters; files that write it mean it.
    let inherits = linked.document.consumes.iter().any(says_required);
    let mut tools: Vec<Tool<'d>> = Vec::new();
    let mut names: Vec<&Text> = Vec::new();
    for (adapter, kind) in adapters(linked.document) {
        let AdapterKind::Mcp(mcp) = kind else { continue };
        let scope = Scope { kind: "tools", namespace: adapter.namespace.as_ref(), variables };
        for source in &mcp.tools {
            let place = source.name.place;
            let around = Surroundings {
                place,
                name: Some(&source.name.value),
                description: source.description.as_ref().map(|text| text.value.as_str()),
                method: None,
                path: None,
                arguments: arguments(&source.invocation),
            };
            let Some(index) = target(targets, &source.invocation, &around, sink) else { continue };
            let context =
                Context { place, scope: &scope, shared: &[], path: None, closed: false, inherits, has_body: true };
            let Some(call) = call::link(linked, index, &source.invocation, &context, sink) else { continue };
            let (title, description) = (source.title.as_ref(), source.description.as_ref());
            let tool = Tool { name: String::new(), title, description, hints: source.hints, call };
            // Adapters that differ in their transport only list the same tools: all are served over both.
            let mut known = names.iter().zip(&tools);
            match known.find(|(name, other)| name.value == source.name.value && other.is_like(&tool)) {
                Some((first, _)) => report_twice(&source.name, first.place, "it is served once", sink),
                None => {
                    names.push(&source.name);
                    tools.push(tool);
                }
            }
        }
    }
    name_tools(&mut tools, &names, sink);
    tools
}

/// Gives tools the names that clients see, with a finding for each that is not what its author wrote.
fn name_tools(tools: &mut [Tool<'_>], names: &[&Text], sink: &mut Sink) {
    let chosen = tool_names(&names.iter().map(|name| name.value.as_str()).collect::<Vec<_>>());
    let mut first: BTreeMap<&str, Place> = BTreeMap::new();
    for ((tool, name), chosen) in tools.iter_mut().zip(names).zip(chosen) {
        if let Some(first) = first.get(name.value.as_str()) {
            report_twice(name, *first, &format!("this one is called `{chosen}`"), sink);
        } else if name.value != chosen {
            let message =
                format!("not all clients take `{}` as the name of a tool; it is called `{chosen}`", name.value);
            let help = "use 1 to 48 of the characters a-z, 0-9, `_` and `-`, beginning with one of the first two kinds";
            sink.report(Code::ToolName, name.place, message, help);
        }
        first.entry(&name.value).or_insert(name.place);
        tool.name = chosen;
    }
}

fn report_twice(name: &Text, first: Place, meaning: &str, sink: &mut Sink) {
    let message = format!("the tool `{}` is defined twice; {meaning}", name.value);
    let help = format!("the first one is on {}; give one of the two another name", sink.line(first, name.place));
    sink.report(Code::DuplicateName, name.place, message, help);
}

fn says_required(api: &Consumes) -> bool {
    let operations = api.resources.iter().flat_map(|resource| &resource.operations);
    let mut inputs = operations.flat_map(|operation| &operation.inputs).chain(&api.inputs);
    inputs.any(|input| input.required.is_some())
}

/// The operation that is called; none, if something that is refused stands in the place of a call.
fn target(targets: &Targets<'_>, invocation: &Invocation, around: &Surroundings<'_>, sink: &mut Sink) -> Option<usize> {
    if invocation.refused { None } else { targets.find(invocation.call.as_ref(), around, sink) }
}

fn arguments(invocation: &Invocation) -> Option<BTreeSet<&str>> {
    let with = invocation.with.as_ref()?;
    Some(with.iter().map(|(name, _)| name.value.as_str()).collect())
}

/// Reports names that stand twice, with what is made of them.
fn duplicates<'d>(names: impl Iterator<Item = &'d Text>, what: &str, meaning: &str, sink: &mut Sink) {
    let mut first: BTreeMap<&str, Place> = BTreeMap::new();
    for name in names {
        if let Some(place) = first.get(name.value.as_str()) {
            let message = format!("the {what} `{}` is defined twice; {meaning}", name.value);
            let help =
                format!("the first one is on {}; give one of the two another name", sink.line(*place, name.place));
            sink.report_once(Code::DuplicateName, &format!("{what} {}", name.value), name.place, message, help);
        } else {
            first.insert(&name.value, name.place);
        }
    }
}

/// Reports parameters that are declared twice in one list. One name in two places of a request is two parameters.
fn unique_inputs(inputs: &[Input], sink: &mut Sink) {
    let mut known = BTreeSet::new();
    for input in inputs.iter().filter(|input| !input.name.value.is_empty()) {
        if !known.insert((&input.name.value, input.location.as_ref().map(|location| &location.value))) {
            let message = format!("the parameter `{}` is declared twice; the first one counts", input.name.value);
            sink.report_once(Code::DuplicateName, "parameter", input.name.place, message, "remove one of the two");
        }
    }
}
