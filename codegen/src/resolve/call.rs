//! Calls from a route or a tool to an operation, with the source of every argument.

use naftiko_schema::{InputId, Location, OperationId};

use super::inputs::{Context, Inputs};
use crate::codes::Code;
use crate::diagnostic::{Sink, nearest};
use crate::linked::{Call, Linked, Operation, Parameter, Source};
use crate::names::{fold, tool_inputs};
use crate::read::document::{Input, Invocation, Output, Text};
use crate::read::yaml::Node;

pub(super) fn link<'d>(
    linked: &Linked<'d>,
    id: OperationId,
    invocation: &'d Invocation,
    context: &Context<'_, 'd>,
    sink: &mut Sink,
) -> Option<Call<'d>> {
    let operation = linked.operations.get(id.index())?;
    let mut inputs = Inputs::declared(invocation, operation, context, sink);
    let sources = bind(operation, invocation.with.as_deref(), &mut inputs, sink);
    let mut inputs = inputs.inputs;
    settle_required(&mut inputs, operation, &sources, context.shared, sink);
    if context.path.is_none() {
        take_locations(&mut inputs, operation, &sources);
        rename_for_clients(&mut inputs, sink);
    } else {
        divide_body(&mut inputs, operation, &sources);
    }
    Some(Call { operation: id, inputs, sources, outputs: outputs(operation, invocation, context, sink) })
}

/// The outputs that count: bytes cannot be mapped.
fn outputs<'d>(
    operation: &Operation<'_>,
    invocation: &'d Invocation,
    context: &Context<'_, 'd>,
    sink: &mut Sink,
) -> &'d [Output] {
    let binary = operation.output_format.is_some_and(|format| format.value.eq_ignore_ascii_case("binary"));
    match invocation.outputs.first() {
        Some(first) if binary => {
            let message = format!("the responses of `{}` are binary, and are passed on whole", operation.name.value);
            let report = sink.report(Code::NoEffect, first.span, message);
            report.label(context.span, "these outputs have no effect").help("remove `outputParameters`");
            &[]
        }
        _ => &invocation.outputs,
    }
}

/// An input of a required parameter is required, whatever it declares; an unused one is not.
fn settle_required(
    inputs: &mut [Parameter],
    operation: &Operation<'_>,
    sources: &[Source],
    shared: &[Input],
    sink: &mut Sink,
) {
    let shared: Vec<&String> = shared.iter().map(|input| &input.name.value).collect();
    for (index, input) in inputs.iter_mut().enumerate() {
        let mut fed =
            operation.parameters.iter().zip(sources).filter(|(_, source)| source.takes(index.into())).peekable();
        if fed.peek().is_none() {
            let in_path = input.location.is_path();
            let meaning = if in_path { "any value is accepted" } else { "callers may omit it" };
            // Inputs that several routes share need not be used by each of them.
            if !shared.contains(&&input.name) {
                let message = format!("input `{}` is never used; {meaning}", input.name);
                sink.report(Code::UnusedInput, input.span, message).help("pass it on under `with`, or remove it");
            }
            input.required = in_path;
        }
        input.required |= fed.any(|(parameter, _)| parameter.required);
    }
}

/// Inputs of a tool have no location of their own; which values they accept depends on that of their parameters.
fn take_locations(inputs: &mut [Parameter], operation: &Operation<'_>, sources: &[Source]) {
    for (parameter, source) in operation.parameters.iter().zip(sources) {
        if let Source::Input(index) = source
            && let Some(input) = inputs.get_mut(index.index())
            // A value for several locations must be valid in the strictest of them.
            && !input.location.is_path()
        {
            input.location = parameter.location;
        }
    }
}

/// Gives the inputs of a tool names that all MCP clients accept.
fn rename_for_clients(inputs: &mut [Parameter], sink: &mut Sink) {
    let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    let portable = tool_inputs(&names);
    for (input, name) in inputs.iter_mut().zip(portable) {
        if input.name != name {
            let message =
                format!("the input `{}` is called `{name}` in the tool: some MCP clients reject the name", input.name);
            let help = "nothing has to be done; the upstream still gets the original name";
            sink.report_once(Code::ToolInputName, "name", input.span, message).help(help);
        }
        input.wire = name;
    }
}

/// An input is the whole body of a route if it is the body of the operation; other inputs in the body are members of it.
fn divide_body(inputs: &mut [Parameter], operation: &Operation<'_>, sources: &[Source]) {
    let mut whole = None;
    for (index, input) in inputs.iter_mut().enumerate().filter(|(_, input)| input.location == Location::Body) {
        let mut fed = operation
            .parameters
            .iter()
            .zip(sources)
            .filter(|(_, s)| **s == Source::Input(InputId::from(index)))
            .peekable();
        let unused = fed.peek().is_none() && fold(&input.name) == "body";
        let feeds_body = unused || fed.any(|(parameter, _)| parameter.location == Location::Body);
        if feeds_body && *whole.get_or_insert(index) == index {
            continue;
        }
        input.location = Location::Field;
    }
}

fn bind(
    operation: &Operation<'_>,
    with: Option<&[(Text, Node)]>,
    inputs: &mut Inputs<'_, '_>,
    sink: &mut Sink,
) -> Vec<Source> {
    let given: Vec<&str> = with.unwrap_or_default().iter().map(|(name, _)| name.value.as_str()).collect();
    for (name, _) in with.unwrap_or_default() {
        let known = operation.parameters.iter().any(|parameter| parameter.name == name.value)
            || operation.left_out.contains(&name.value);
        if operation.constants.iter().any(|constant| constant.name.value == name.value) {
            let message = format!("the parameter `{}` has a fixed value; the argument is ignored", name.value);
            let help = "remove the argument, or the value under `consumes`";
            sink.report(Code::UnknownParameter, name.span, message).help(help);
        } else if !known && argument(operation, with, &name.value).is_none() {
            let known = operation.parameters.iter().map(|parameter| parameter.name.as_str());
            let meant = nearest(&name.value, known.filter(|known| !given.contains(known)));
            let message =
                format!("`{}` has no parameter `{}`; the argument is ignored", operation.name.value, name.value);
            let help = "declare it as an input parameter of the operation";
            let report = sink.report(Code::UnknownParameter, name.span, message);
            report.nearest(name.span, &name.value, meant, help);
        }
    }
    operation
        .parameters
        .iter()
        .map(|parameter| match with.map(|pairs| (pairs, find(operation, pairs, parameter))) {
            Some((_, Some(node))) => inputs.source(parameter, node, sink),
            None => inputs.same_or_required(parameter, sink),
            // A parameter that is missing in `with` may still come from an input of that name: from a declared one, and
            // always where the path needs it.
            Some((_, None)) if !inputs.open || parameter.location.is_path() => inputs.same_or_required(parameter, sink),
            Some((_, None)) => inputs.required(parameter, sink),
        })
        .collect()
}

/// The argument for a parameter: under its name, or under one that is equal when folded and names no other parameter.
fn find<'w>(operation: &Operation<'_>, with: &'w [(Text, Node)], parameter: &Parameter) -> Option<&'w Node> {
    let exact = with.iter().find(|(name, _)| name.value == parameter.name);
    let folded = || {
        let like = |name: &Text| fold(&name.value) == fold(&parameter.name);
        let mut found = with
            .iter()
            .filter(|(name, _)| like(name) && !operation.parameters.iter().any(|other| other.name == name.value));
        found.next().filter(|_| found.next().is_none())
    };
    exact.or_else(folded).map(|(_, node)| node)
}

/// The parameter of an argument whose name differs only in style.
fn argument<'o>(operation: &'o Operation<'_>, with: Option<&[(Text, Node)]>, name: &str) -> Option<&'o Parameter> {
    let pairs = with?;
    let (_, node) = pairs.iter().find(|(given, _)| given.value == name)?;
    operation.parameters.iter().find(|p| find(operation, pairs, p).is_some_and(|found| std::ptr::eq(found, node)))
}
