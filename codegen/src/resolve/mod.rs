//! The second stage: every reference points to something, or is a finding.

mod call;
mod operation;
mod variables;

use std::collections::{BTreeMap, BTreeSet};

use crate::codes::Code;
use crate::diagnostic::{Place, Sink};
use crate::linked::{Api, Credential, Linked, Operation, Route, TemplatePart, Tool};
use crate::read::document::{Authentication, Consumes, Document, Input, Text};
use crate::template::{Piece, split_path};
use variables::Variables;

/// Links a document. References that point nowhere are reported; what they stand in is left out.
pub(crate) fn resolve<'d>(document: &'d Document, sink: &mut Sink) -> Linked<'d> {
    let mut variables = Variables::new(document, sink);
    let mut apis = Vec::new();
    let mut operations = Vec::new();
    unique(document.consumes.iter().map(|api| &api.namespace), "namespace", sink);
    for (index, source) in document.consumes.iter().enumerate() {
        let credential = source.authentication.as_ref().map(|auth| credential(auth, &mut variables, sink));
        apis.push(Api { source, credential });
        operations.extend(operations_of(index, source, &mut variables, sink));
    }
    let mut linked =
        Linked { document, variables: variables.names(), apis, operations, routes: Vec::new(), tools: Vec::new() };
    linked.routes = routes(&linked, &variables, sink);
    linked.tools = tools(&linked, &variables, sink);
    linked
}

fn operations_of<'d>(
    api: usize,
    source: &'d Consumes,
    variables: &mut Variables<'_>,
    sink: &mut Sink,
) -> Vec<Operation<'d>> {
    let names = source.resources.iter().flat_map(|resource| &resource.operations).map(|operation| &operation.name);
    unique(names, "operation", sink);
    let mut operations = Vec::new();
    for resource in &source.resources {
        let Some(pieces) = path(&resource.path, sink) else { continue };
        for operation in &resource.operations {
            operations.push(operation::link(api, source, resource, operation, &pieces, variables, sink));
        }
    }
    operations
}

fn path(path: &Text, sink: &mut Sink) -> Option<Vec<Piece>> {
    match split_path(&path.value) {
        Ok(pieces) => Some(pieces),
        Err(problem) => {
            sink.report(Code::BadPath, path.place, format!("the path `{}` cannot be read: {problem}", path.value), "");
            None
        }
    }
}

fn credential<'d>(auth: &'d Authentication, variables: &mut Variables<'_>, sink: &mut Sink) -> Credential<'d> {
    let mut template = |field: &'d Option<Text>, name: &str, sink: &mut Sink| -> Vec<TemplatePart> {
        match field {
            Some(text) => variables.template(text, sink),
            None => {
                let message = format!("authentication of type `{}` has no `{name}`", auth.kind.value);
                sink.report(Code::MissingKey, auth.place, message, format!("add `{name}:`"));
                Vec::new()
            }
        }
    };
    match auth.kind.value.as_str() {
        "apikey" => {
            let value = template(&auth.value, "value", sink);
            let Some(name) = &auth.key else {
                sink.report(Code::MissingKey, auth.place, "authentication of type `apikey` has no `key`", "add `key:`");
                return Credential::Unsupported;
            };
            match auth.placement.as_ref().map(|placement| (placement, placement.value.as_str())) {
                None | Some((_, "header")) => Credential::Header { name, value },
                Some((_, "query")) => Credential::Query { name, value },
                Some((placement, other)) => {
                    let message = format!("an API key cannot be placed in `{other}`");
                    sink.report(Code::Unsupported, placement.place, message, "`header` and `query` are known");
                    Credential::Unsupported
                }
            }
        }
        "bearer" => Credential::Bearer { token: template(&auth.token, "token", sink) },
        "basic" => {
            let username = template(&auth.username, "username", sink);
            Credential::Basic { username, password: template(&auth.password, "password", sink) }
        }
        other => {
            let message = format!("authentication of type `{other}` is not supported yet");
            sink.report(Code::Unsupported, auth.kind.place, message, "`apikey`, `bearer` and `basic` are known");
            Credential::Unsupported
        }
    }
}

fn routes<'d>(linked: &Linked<'d>, variables: &Variables<'_>, sink: &mut Sink) -> Vec<Route<'d>> {
    let mut routes = Vec::new();
    for rest in &linked.document.rest {
        let scope = call::Scope { kind: "rest", namespace: rest.namespace.as_ref(), variables };
        for resource in &rest.resources {
            let Some(pieces) = path(&resource.path, sink) else { continue };
            for operation in &resource.operations {
                let context = call::Context {
                    place: operation.place,
                    scope: &scope,
                    shared: &resource.inputs,
                    path: Some(&pieces),
                };
                let Some(call) = call::link(linked, &operation.invocation, &context, sink) else { continue };
                routes.push(Route {
                    place: operation.place,
                    method: operation.method.as_ref(),
                    path: &resource.path,
                    pieces: pieces.clone(),
                    description: operation.description.as_ref().or(operation.name.as_ref()),
                    call,
                });
            }
        }
    }
    routes
}

fn tools<'d>(linked: &Linked<'d>, variables: &Variables<'_>, sink: &mut Sink) -> Vec<Tool<'d>> {
    let mut tools = Vec::new();
    unique(linked.document.mcp.iter().flat_map(|mcp| &mcp.tools).map(|tool| &tool.name), "tool", sink);
    for mcp in &linked.document.mcp {
        let scope = call::Scope { kind: "tools", namespace: mcp.namespace.as_ref(), variables };
        for tool in &mcp.tools {
            let context = call::Context { place: tool.name.place, scope: &scope, shared: &[], path: None };
            let Some(call) = call::link(linked, &tool.invocation, &context, sink) else { continue };
            tools.push(Tool {
                name: &tool.name,
                title: tool.title.as_ref(),
                description: tool.description.as_ref(),
                hints: tool.hints,
                call,
            });
        }
    }
    tools
}

fn unique<'d>(names: impl Iterator<Item = &'d Text>, what: &str, sink: &mut Sink) {
    let mut first: BTreeMap<&str, Place> = BTreeMap::new();
    for name in names {
        if let Some(place) = first.get(name.value.as_str()) {
            let message = format!("the {what} `{}` is defined twice", name.value);
            let help = format!("the first one is on line {}; give one of the two another name", place.line);
            sink.report(Code::DuplicateName, name.place, message, help);
        } else {
            first.insert(&name.value, name.place);
        }
    }
}

/// Reports parameters that are declared twice in one list. One name in two places of a request is two parameters.
fn unique_inputs(inputs: &[Input], sink: &mut Sink) {
    let mut known = BTreeSet::new();
    for input in inputs {
        if !known.insert((&input.name.value, input.location.as_ref().map(|location| &location.value))) {
            let message = format!("the parameter `{}` is declared twice", input.name.value);
            sink.report(Code::DuplicateName, input.name.place, message, "remove one of the two");
        }
    }
}
