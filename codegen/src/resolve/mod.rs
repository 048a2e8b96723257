//! The second stage: every reference is resolved, or reported.

mod body;
mod call;
mod defaults;
pub(crate) mod files;
mod flow;
mod format;
mod forward;
mod inbound;
mod inputs;
mod linker;
mod listeners;
mod operation;
mod path;
mod placeholder;
mod prefix;
mod prompts;
mod resources;
mod script;
mod skills;
mod target;
pub(crate) mod variables;

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::{List, Location, Method, OperationId};

use crate::Sources;
use crate::codes::Code;
use crate::companion::{self, Types};
use crate::credential;
use crate::diagnostic::{FIRST, Sink, Span};
use crate::linked::{
    Action, Api, Call, Linked, Operation, Parameter, Resource, ResourceSource, Route, Source, Target, Tool,
};
use crate::names::{distinct, tool_names};
use crate::read::document::{
    Adapter, AdapterKind, Consumes, Document, Input, Invocation, RestOperation, RestResource, Text,
};
use crate::settings;
use crate::vocabulary::method;
use inputs::{Context, Scope};
use linker::Linker;
use target::{CallSite, Targets};
use variables::Variables;

/// Links a document. References that cannot be resolved are reported, and what contains them is left out.
pub(crate) fn resolve<'d>(document: &'d Document, sources: &Sources, sink: &mut Sink) -> Linked<'d> {
    let listeners = listeners::listeners(document, sink);
    let mut variables = Variables::new(document, sink);
    let mut apis = Vec::new();
    let mut operations = Vec::new();
    let mut forwards = Vec::new();
    let mut size = Size(0);
    let namespaces = document.consumes.iter().map(|api| &api.namespace);
    duplicates(namespaces, "namespace", "calls are looked up in both", sink);
    let names: Vec<&str> = document.consumes.iter().map(|api| api.namespace.value.as_str()).collect();
    for (index, (source, name)) in document.consumes.iter().zip(distinct(&names)).enumerate() {
        let authentication = source.authentication.as_ref();
        let credentials =
            authentication.map(|auth| credential::link(auth, &name, &mut variables, sink)).unwrap_or_default();
        let own_paths_are_whole = path::own_paths_are_whole(source);
        let shared =
            operation::Shared { index: index.into(), source, credentials: &credentials, sources, own_paths_are_whole };
        operations.extend(operations_of(&shared, &mut variables, &mut size, sink));
        forwards.extend(forward::to(&shared, document, &listeners, &mut variables, sink));
        apis.push(Api {
            span: source.span,
            namespace: &source.namespace.value,
            name,
            base_uri: source.base_uri.as_ref().filter(|_| source.tunnel.is_none()),
            tunnel: source.tunnel,
            credentials: credentials.of_api(),
        });
    }
    forward::check(document, &listeners, &mut forwards, sink);
    let types = companion::join(sources, &apis, &mut operations, sink);
    let distinct_listeners: BTreeSet<usize> = listeners.iter().copied().collect();
    let inbound = distinct_listeners.into_iter().map(|listener| {
        let own =
            adapters(document, &listeners).filter(|(of, adapter)| *of == listener && adapter.kind.type_of().is_some());
        (listener, inbound::link(own.map(|(_, adapter)| adapter), &variables, sink))
    });
    let inbound = inbound.collect();
    let mut linked = Linked {
        document,
        variables: List::default(),
        apis,
        operations,
        types,
        flows: Vec::new(),
        routes: Vec::new(),
        forwards,
        tools: Vec::new(),
        resources: Vec::new(),
        prompts: Vec::new(),
        skills: Vec::new(),
        listeners,
        inbound,
        allowed: BTreeSet::new(),
    };
    let left_out: Vec<String> = document.left_out_operations().collect();
    let targets = Targets::new(&linked.apis, &linked.operations, document, &left_out);
    let mut size = Size(0);
    let linker = Linker::new(&linked, &targets, &variables, sources, sink);
    let routes = routes(&linker, &mut size, sink);
    let tools = tools(&linker, &mut size, sink);
    let resources = resources::resources(&linker, sources, sink);
    let flows = linker.into_flows();
    linked.variables = variables.tables();
    linked.prompts = prompts::prompts(&linked, sources, sink);
    linked.skills = skills::skills(document, &linked.listeners, sources, sink);
    (linked.flows, linked.routes, linked.tools, linked.resources) = (flows, routes, tools, resources);
    infer_types(&mut linked);
    describe_inputs(&mut linked);
    let settings = settings::read(sources, sink);
    defaults::apply(&settings, &mut linked);
    linked.allowed = settings.allowed;
    give_inputs(&mut linked);
    linked
}

/// How many parameters there are, which can be many more than are written: each operation has those of its resource, and each
/// tool the inputs of its operation.
struct Size(usize);

/// The most parameters of all operations, and the most inputs of all routes and tools. The largest real capabilities have a
/// tenth of it.
const MOST: usize = 150_000;

impl Size {
    /// Whether there can be more of them; if not, that is an error.
    fn fits(&self, span: Span, sink: &mut Sink) -> bool {
        if self.0 > MOST {
            let message = format!("the capability has more than {MOST} parameters, with those that operations share");
            sink.report(Code::TooLarge, span, message).help("split the capability");
        }
        self.0 <= MOST
    }
}

fn operations_of<'d>(
    shared: &operation::Shared<'_, 'd>,
    variables: &mut Variables<'_>,
    size: &mut Size,
    sink: &mut Sink,
) -> Vec<Operation<'d>> {
    let source = shared.source;
    let names = source.resources.iter().flat_map(|resource| &resource.operations).map(|operation| &operation.name);
    duplicates(names, "operation", "calls are distinguished by method and path", sink);
    let mut operations = Vec::new();
    for resource in &source.resources {
        for operation in &resource.operations {
            // Parameters of an API or a resource are those of each of its operations.
            if !size.fits(operation.name.span, sink) {
                return operations;
            }
            let linked = operation::link(shared, resource, operation, variables, sink);
            size.0 += linked.as_ref().map_or(0, |linked| linked.parameters.len() + linked.constants.len());
            operations.extend(linked);
        }
    }
    operations
}

fn routes<'d>(linker: &Linker<'_, 'd>, size: &mut Size, sink: &mut Sink) -> Vec<Route<'d>> {
    let mut routes: Vec<Route<'d>> = Vec::new();
    let mut known: BTreeMap<(usize, Method, String), Span> = BTreeMap::new();
    for (listener, adapter) in adapters(linker.linked.document, &linker.linked.listeners) {
        let AdapterKind::Rest(resources) = &adapter.kind else { continue };
        let scope = linker.scope("rest", adapter);
        for (resource, operation) in resources.iter().flat_map(|r| r.operations.iter().map(move |o| (r, o))) {
            if !size.fits(operation.span, sink) {
                return routes;
            }
            let Some(route) = route(linker, listener, &scope, resource, operation, sink) else { continue };
            size.0 += route.call.sources.len();
            let (method, path) = route.shape();
            let shape = (listener, method, path);
            if let Some(first) = known.get(&shape) {
                let message = format!(
                    "`{} {}` matches the same requests as an earlier route; it is left out",
                    method.as_str(),
                    route.path.value
                );
                let report = sink.report(Code::RouteConflict, route.span, message);
                report.label(*first, "the earlier route").help("remove one of the two, or change its path");
                continue;
            }
            known.insert(shape, route.span);
            routes.push(route);
        }
    }
    routes
}

/// The adapters, each with that of its listener.
fn adapters<'d>(document: &'d Document, listeners: &[usize]) -> impl Iterator<Item = (usize, &'d Adapter)> {
    listeners.iter().copied().zip(&document.adapters)
}

fn route<'d>(
    linker: &Linker<'_, 'd>,
    listener: usize,
    scope: &Scope<'_>,
    resource: &'d RestResource,
    source: &'d RestOperation,
    sink: &mut Sink,
) -> Option<Route<'d>> {
    let path = path::of_route(resource, source);
    let pieces = path::pieces_of_route(&path, sink)?;
    // Beside a `forward`, the rest of the path is passed on.
    let pieces = if resource.forward.is_some() { pieces } else { path::to_the_end(pieces) };
    let method = method(source.method.as_ref(), sink)?;
    let site = CallSite {
        span: source.span,
        name: source.name.as_ref().map(|name| name.value.as_str()),
        description: source.description.as_ref().map(|text| text.value.as_str()),
        method: Some(method),
        path: Some(&pieces),
        arguments: arguments(&source.invocation),
    };
    let context = Context {
        span: source.span,
        scope,
        shared: &resource.inputs,
        path: Some(&pieces),
        closed: false,
        inherits: true,
        has_body: operation::has_body(method),
    };
    let call = linker.call(&source.invocation, &site, &context, sink)?;
    let flow = linker.described(&source.invocation).and_then(|flow| flow.description.as_ref());
    Some(Route {
        listener,
        span: source.span,
        method,
        path,
        pieces,
        description: source.description.as_ref().or(flow).or(source.name.as_ref()),
        media_type: source.media_type.as_ref(),
        call,
    })
}

/// How many tools of one name are compared with another one of that name.
const COMPARED: usize = 20;

fn tools<'d>(linker: &Linker<'_, 'd>, size: &mut Size, sink: &mut Sink) -> Vec<Tool<'d>> {
    // The format has no `required` for consumed parameters, but some files use it.
    let inherits = linker.linked.document.consumes.iter().any(uses_required);
    let mut tools: Vec<Tool<'d>> = Vec::new();
    let mut names: Vec<&Text> = Vec::new();
    let mut same_name: BTreeMap<(usize, &str), Vec<usize>> = BTreeMap::new();
    for (listener, adapter) in adapters(linker.linked.document, &linker.linked.listeners) {
        let AdapterKind::Mcp(mcp) = &adapter.kind else { continue };
        let scope = linker.scope("tools", adapter);
        for source in &mcp.tools {
            let span = source.name.span;
            let site = CallSite {
                span,
                name: Some(&source.name.value),
                description: source.description.as_ref().map(|text| text.value.as_str()),
                method: None,
                path: None,
                arguments: arguments(&source.invocation),
            };
            let context =
                Context { span, scope: &scope, shared: &[], path: None, closed: false, inherits, has_body: true };
            if !size.fits(span, sink) {
                return tools;
            }
            let Some(call) = linker.call(&source.invocation, &site, &context, sink) else { continue };
            size.0 += call.sources.len();
            let flow = linker.described(&source.invocation);
            let description = source.description.as_ref().or(flow.and_then(|flow| flow.description.as_ref()));
            let hints = source.hints.or(flow.map(|flow| flow.hints).unwrap_or_default());
            let operation = match call.target {
                Target::Operation(id) => linker.linked.operations.get(id.index()),
                Target::Flow(_) => None,
            };
            let declares_none = source.invocation.inputs.is_empty();
            let open =
                operation.is_some_and(|it| (!it.guessed.is_empty() && declares_none) || it.has_sent_credential());
            let tool =
                Tool { listener, name: String::new(), title: source.title.as_ref(), description, hints, open, call };
            // Adapters that differ only in their transport list the same tools, which are served once.
            let same_name = same_name.entry((listener, &source.name.value)).or_default();
            let like = |index: &&usize| tools.get(**index).is_some_and(|other| other.is_like(&tool));
            let first = same_name.iter().take(COMPARED).find(like).and_then(|index| names.get(*index));
            match first {
                Some(first) => report_duplicate(&source.name, first.span, "it is served once", sink),
                None => {
                    same_name.push(tools.len());
                    names.push(&source.name);
                    tools.push(tool);
                }
            }
        }
    }
    let listeners: BTreeSet<usize> = tools.iter().map(|tool| tool.listener).collect();
    for listener in listeners {
        let named = tools.iter_mut().zip(&names).filter(|(tool, _)| tool.listener == listener);
        name_tools(named.map(|(tool, name)| (tool, *name)).collect(), sink);
    }
    tools
}

/// Gives the tools of a listener the names that clients see, and reports each one that is changed.
fn name_tools(tools: Vec<(&mut Tool<'_>, &Text)>, sink: &mut Sink) {
    let chosen = tool_names(&tools.iter().map(|(_, name)| name.value.as_str()).collect::<Vec<_>>());
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    for ((tool, name), chosen) in tools.into_iter().zip(chosen) {
        if let Some(first) = first.get(name.value.as_str()) {
            report_duplicate(name, *first, &format!("this one is called `{chosen}`"), sink);
        } else if name.value != chosen {
            let message = format!("some clients reject the tool name `{}`; it is changed to `{chosen}`", name.value);
            let help = "use 1 to 48 characters of a-z, 0-9, `_` and `-`, and start with a letter or digit";
            let report = sink.report(Code::ToolName, name.span, message).help(help);
            report.replace(name.span, &name.value, &chosen, false);
        }
        first.entry(&name.value).or_insert(name.span);
        tool.name = chosen;
    }
}

fn report_duplicate(name: &Text, first: Span, meaning: &str, sink: &mut Sink) {
    let message = format!("duplicate tool `{}`; {meaning}", name.value);
    let report = sink.report(Code::DuplicateName, name.span, message);
    report.label(first, FIRST).help("rename one of the two");
}

fn uses_required(api: &Consumes) -> bool {
    let operations = api.resources.iter().flat_map(|resource| &resource.operations);
    let mut inputs = operations.flat_map(|operation| &operation.inputs).chain(&api.inputs);
    inputs.any(|input| input.required.is_some())
}

/// Gives parameters without a type the one that the inputs declare that become them. If they are inserted somewhere it is any
/// type, but all of their values must be known to have it: outputs of steps and inputs that nothing declares are not. Else it is
/// that of an array, which travels differently.
fn infer_types(linked: &mut Linked<'_>) {
    let mut found: BTreeMap<(OperationId, usize), Option<Text>> = BTreeMap::new();
    each_use(linked, |of, operation, sources, inputs| {
        let parameters = of.operations.get(operation.index()).map_or(&[][..], |operation| &operation.parameters);
        for (index, (source, parameter)) in sources.iter().zip(parameters).enumerate() {
            let kind = match source {
                Source::Absent => continue,
                Source::Json(json) => kind_of(json),
                source => source.whole().find_map(|id| inputs.get(id.index())?.kind.clone()),
            };
            let is_inserted = matches!(parameter.location, Location::Field | Location::Inserted);
            if kind.is_none() && !is_inserted {
                continue;
            }
            let value = |kind: &Option<Text>| kind.as_ref().map(|kind| kind.value.clone());
            let known = found.entry((operation, index)).or_insert_with(|| kind.clone());
            if value(known) != value(&kind) {
                *known = None;
            }
        }
    });
    for ((operation, index), kind) in found {
        let operation = linked.operations.get_mut(operation.index());
        let Some(parameter) = operation.and_then(|operation| operation.parameters.get_mut(index)) else { continue };
        let is_array = kind.as_ref().is_some_and(|kind| kind.value == "array");
        let fits = match parameter.location {
            Location::Query | Location::Header | Location::Cookie => is_array,
            Location::Field | Location::Inserted => true,
            Location::Path | Location::Segments | Location::Body | Location::Credential => false,
        };
        if fits && parameter.kind.is_none() {
            parameter.kind = kind;
        }
    }
}

/// The type of a number or a boolean that a call fixes.
fn kind_of(json: &str) -> Option<Text> {
    let kind = match json.as_bytes().first()? {
        b't' | b'f' => "boolean",
        b'-' | b'0'..=b'9' => "number",
        _ => return None,
    };
    Some(Text { value: kind.to_owned(), span: Span::default() })
}

/// Gives inputs what a companion knows about the parameters that they become.
fn describe_inputs(linked: &mut Linked<'_>) {
    each_use(linked, |of, id, sources, inputs| {
        let Some(operation) = of.operations.get(id.index()).filter(|_| of.types.describes(id)) else { return };
        for (source, parameter) in sources.iter().zip(&operation.parameters) {
            for id in source.whole() {
                let Some(input) = inputs.get_mut(id.index()).filter(|_| !parameter.location.is_body()) else {
                    continue;
                };
                input.kind.clone_from(&parameter.kind);
                if input.rules.is_empty() {
                    input.rules = parameter.rules.clone();
                }
            }
        }
    });
}

/// The operations, and what is known about their bodies.
struct Described<'l, 'd> {
    operations: &'l [Operation<'d>],
    types: &'l Types,
}

/// Calls a function with each use of an operation: its id, its sources, and the inputs that these refer to.
fn each_use(
    linked: &mut Linked<'_>,
    mut each: impl FnMut(&Described<'_, '_>, OperationId, &[Source], &mut [Parameter]),
) {
    let Linked { operations, types, flows, routes, tools, resources, .. } = linked;
    let described = Described { operations, types };
    for flow in flows {
        let inputs = &mut flow.inputs;
        for step in &flow.steps {
            if let Action::Call(call) = &step.action {
                each(&described, call.operation, &call.sources, inputs);
            }
        }
    }
    for call in calls_mut(routes, tools, resources) {
        if let Target::Operation(id) = call.target {
            each(&described, id, &call.sources, &mut call.inputs);
        }
    }
}

/// Gives the calls of flows that are a route's or a tool's own the inputs of the flow.
fn give_inputs(linked: &mut Linked<'_>) {
    // One that fixes all arguments of a flow has no inputs either.
    let is_input = |(index, source): (usize, &Source)| matches!(source, Source::Input(id) if id.index() == index);
    let Linked { flows, routes, tools, resources, .. } = linked;
    for call in calls_mut(routes, tools, resources) {
        if let Target::Flow(id) = call.target
            && call.inputs.is_empty()
            && call.sources.iter().enumerate().all(is_input)
            && let Some(flow) = flows.get(id.index())
        {
            call.inputs.clone_from(&flow.inputs);
        }
    }
}

/// All calls of routes, tools and resources.
fn calls_mut<'c, 'd>(
    routes: &'c mut [Route<'d>],
    tools: &'c mut [Tool<'d>],
    resources: &'c mut [Resource<'d>],
) -> impl Iterator<Item = &'c mut Call<'d>> {
    let of_resources = resources.iter_mut().filter_map(|resource| match &mut resource.source {
        ResourceSource::Call(call) => Some(call),
        ResourceSource::Files(_) => None,
    });
    let routes = routes.iter_mut().map(|route| &mut route.call);
    routes.chain(tools.iter_mut().map(|tool| &mut tool.call)).chain(of_resources)
}

fn arguments(invocation: &Invocation) -> Option<BTreeSet<&str>> {
    let with = invocation.with.as_ref()?;
    Some(with.iter().map(|(name, _)| name.value.as_str()).collect())
}

/// Reports duplicate names, with the meaning that is chosen.
fn duplicates<'d>(names: impl Iterator<Item = &'d Text>, what: &str, meaning: &str, sink: &mut Sink) {
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    for name in names {
        if let Some(span) = first.get(name.value.as_str()) {
            let message = format!("duplicate {what} `{}`; {meaning}", name.value);
            let kind = format!("{what} {}", name.value);
            let report = sink.report_once(Code::DuplicateName, &kind, name.span, message);
            report.label(*span, FIRST).help("rename one of the two");
        } else {
            first.insert(&name.value, name.span);
        }
    }
}

/// Reports duplicate parameters in one list. One name in two locations of a request is two parameters.
fn unique_inputs(inputs: &[Input], sink: &mut Sink) {
    let mut known = BTreeMap::new();
    for input in inputs.iter().filter(|input| !input.name.value.is_empty()) {
        let key = (&input.name.value, input.location.as_ref().map(|location| &location.value));
        if let Some(first) = known.get(&key) {
            let message = format!("duplicate parameter `{}`; the first one is used", input.name.value);
            let report = sink.report_once(Code::DuplicateName, "parameter", input.name.span, message);
            report.label(*first, FIRST).help("remove one of the two");
            continue;
        }
        known.insert(key, input.name.span);
    }
}
