//! Calls: from a route or a tool to an operation, with every argument traced to its source.

use super::inputs::{Context, Inputs};
use crate::codes::Code;
use crate::diagnostic::{Sink, did_you_mean};
use crate::linked::{Call, Linked, Location, Operation, Parameter, Source};
use crate::names::{fold, tool_inputs};
use crate::read::document::{Input, Invocation, Text};
use crate::read::yaml::Node;

pub(super) fn link<'d>(
    linked: &Linked<'d>,
    index: usize,
    invocation: &'d Invocation,
    context: &Context<'_, 'd>,
    sink: &mut Sink,
) -> Option<Call<'d>> {
    let operation = linked.operations.get(index)?;
    let mut inputs = Inputs::declared(invocation, operation, context, sink);
    let sources = bind(operation, invocation.with.as_deref(), &mut inputs, sink);
    let mut inputs = inputs.inputs;
    settle(&mut inputs, operation, &sources, context.shared, sink);
    if context.path.is_none() {
        follow_parameters(&mut inputs, operation, &sources);
        portable(&mut inputs, sink);
    } else {
        divide_body(&mut inputs, operation, &sources);
    }
    Some(Call { operation: index, inputs, sources, outputs: &invocation.outputs })
}

/// An input that feeds a required parameter is required, whatever it says; one that feeds nothing is not.
fn settle(inputs: &mut [Parameter], operation: &Operation<'_>, sources: &[Source], shared: &[Input], sink: &mut Sink) {
    let shared: Vec<&String> = shared.iter().map(|input| &input.name.value).collect();
    for (index, input) in inputs.iter_mut().enumerate() {
        let mut fed = operation.parameters.iter().zip(sources).filter(|(_, source)| source.takes(index)).peekable();
        if fed.peek().is_none() {
            let in_path = input.location.is_path();
            let meaning = if in_path { "whatever it is" } else { "callers may leave it out" };
            // What several routes share need not be of use to each of them.
            if !shared.contains(&&input.name) {
                let message = format!("the input `{}` goes nowhere; {meaning}", input.name);
                sink.report(Code::UnusedInput, input.place, message, "pass it on under `with`, or remove it");
            }
            input.required = in_path;
        }
        input.required |= fed.any(|(parameter, _)| parameter.required);
    }
}

/// The inputs of a tool travel nowhere themselves; what they may hold depends on where the parameters travel.
fn follow_parameters(inputs: &mut [Parameter], operation: &Operation<'_>, sources: &[Source]) {
    for (parameter, source) in operation.parameters.iter().zip(sources) {
        if let Source::Input(index) = source
            && let Some(input) = inputs.get_mut(*index)
            // What goes to several places must be fit for the strictest of them.
            && !input.location.is_path()
        {
            input.location = parameter.location;
        }
    }
}

/// Gives the inputs of a tool names that all MCP clients take.
fn portable(inputs: &mut [Parameter], sink: &mut Sink) {
    let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    let portable = tool_inputs(&names);
    for (input, name) in inputs.iter_mut().zip(portable) {
        if input.name != name {
            let message =
                format!("callers of the tool know `{}` as `{name}`: some MCP clients refuse other names", input.name);
            let help = "the upstream still gets it under its own name";
            sink.report_once(Code::ToolInputName, "name", input.place, message, help);
        }
        input.wire = name;
    }
}

/// The body of a route is one input if that is the body of the operation; other inputs in the body are its members.
fn divide_body(inputs: &mut [Parameter], operation: &Operation<'_>, sources: &[Source]) {
    let mut whole = None;
    for (index, input) in inputs.iter_mut().enumerate().filter(|(_, input)| input.location == Location::Body) {
        let mut fed = operation.parameters.iter().zip(sources).filter(|(_, s)| **s == Source::Input(index)).peekable();
        let nothing = fed.peek().is_none() && fold(&input.name) == "body";
        let feeds_body = nothing || fed.any(|(parameter, _)| parameter.location == Location::Body);
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
    for (name, _) in with.unwrap_or_default() {
        let known = operation.parameters.iter().any(|parameter| parameter.name == name.value)
            || operation.left_out.contains(&name.value);
        if operation.constants.iter().any(|constant| constant.name.value == name.value) {
            let message = format!("`{}` has a fixed value; the argument is not sent", name.value);
            let help = "remove the argument, or the value under `consumes`";
            sink.report(Code::UnknownParameter, name.place, message, help);
        } else if !known && argument(operation, with, &name.value).is_none() {
            let known = operation.parameters.iter().map(|parameter| parameter.name.as_str());
            let help = did_you_mean(&name.value, known).map(|name| format!("did you mean `{name}`?"));
            let help = help.unwrap_or_else(|| "declare it as an input parameter of the operation".to_owned());
            let message =
                format!("`{}` has no parameter `{}`; nothing is sent for it", operation.name.value, name.value);
            sink.report(Code::UnknownParameter, name.place, message, help);
        }
    }
    operation
        .parameters
        .iter()
        .map(|parameter| match with.map(|pairs| (pairs, find(operation, pairs, parameter))) {
            Some((_, Some(node))) => inputs.source(parameter, node, sink),
            None => inputs.same_or_required(parameter, sink),
            // What `with` leaves out may still come from an input of that name: from a declared one, and always where
            // the path has no meaning without it.
            Some((_, None)) if !inputs.open || parameter.location.is_path() => inputs.same_or_required(parameter, sink),
            Some((_, None)) => inputs.required(parameter, sink),
        })
        .collect()
}

/// The argument for a parameter: under its name, or under one that is equal when folded and is no other parameter's.
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

/// The parameter that an argument is for, when the names differ in style only.
fn argument<'o>(operation: &'o Operation<'_>, with: Option<&[(Text, Node)]>, name: &str) -> Option<&'o Parameter> {
    let pairs = with?;
    let (_, node) = pairs.iter().find(|(given, _)| given.value == name)?;
    operation.parameters.iter().find(|p| find(operation, pairs, p).is_some_and(|found| std::ptr::eq(found, node)))
}
