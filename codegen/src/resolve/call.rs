//! Calls from a route or a tool, with the source of every argument.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::{InputId, Location, OperationId};

use super::inputs::{Context, Inputs, constants};
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::{Call, Constant, Linked, Operation, Parameter, Source, Target};
use crate::names::{Index, fold, tool_inputs};
use crate::read::document::{Input, Invocation, Output, Text};
use crate::read::yaml::Node;

/// What arguments are made for: an operation, or a flow.
pub(super) struct Callee<'l> {
    pub(super) name: &'l str,
    pub(super) parameters: &'l [Parameter],
    /// Parameters with fixed values.
    pub(super) constants: &'l [Constant],
    /// Declared parameters that are left out for a reason that was reported.
    pub(super) left_out: &'l [String],
    /// The names of the parameters that are known from placeholders only.
    pub(super) guessed: &'l BTreeSet<String>,
}

impl<'l> Callee<'l> {
    pub(super) fn of(operation: &'l Operation<'_>) -> Self {
        let Operation { name, parameters, constants, left_out, guessed, .. } = operation;
        Self { name: &name.value, parameters, constants, left_out, guessed }
    }

    /// The names of its parameters.
    pub(super) fn names(&self) -> BTreeSet<&'l str> {
        self.parameters.iter().map(|parameter| parameter.name.as_str()).collect()
    }
}

/// A call of an operation.
pub(super) fn link<'d>(
    linked: &Linked<'d>,
    id: OperationId,
    invocation: &'d Invocation,
    context: &Context<'_, 'd>,
    sink: &mut Sink,
) -> Option<Call<'d>> {
    let operation = linked.operations.get(id.index())?;
    let (inputs, sources) = arguments(&Callee::of(operation), invocation, context, sink);
    let outputs = Cow::Borrowed(outputs(operation, invocation, context, sink));
    let limit = context.scope.limit.filter(|_| is_binary(operation) && operation.limit.is_none());
    let fixed = fixed(invocation, context);
    Some(Call { target: Target::Operation(id), inputs, fixed, sources, outputs, limit })
}

/// What the caller sends, and the source of each parameter of what is called.
pub(super) fn arguments<'d>(
    callee: &Callee<'_>,
    invocation: &'d Invocation,
    context: &Context<'_, 'd>,
    sink: &mut Sink,
) -> (Vec<Parameter>, Vec<Source>) {
    let mut inputs = Inputs::declared(invocation, callee.names(), context, sink);
    let sources = bind(callee, invocation.with.as_deref(), &mut inputs, sink);
    let mut inputs = inputs.inputs;
    let fed: Vec<_> = callee.parameters.iter().zip(&sources).collect();
    settle(&mut inputs, &fed, &[], context, sink);
    (inputs, sources)
}

/// Decides what follows from the parameters that inputs feed: whether they are required, where they are, and how clients
/// spell them. `used` are sources of anything else.
pub(super) fn settle(
    inputs: &mut [Parameter],
    fed: &[(&Parameter, &Source)],
    used: &[&Source],
    context: &Context<'_, '_>,
    sink: &mut Sink,
) {
    settle_required(inputs, fed, used, context, sink);
    if context.path.is_none() {
        take_locations(inputs, fed);
        rename_for_clients(inputs, sink);
    } else {
        divide_body(inputs, fed);
    }
}

/// The names of the inputs that a route or tool fixes: callers may send them, and what they send has no effect.
pub(super) fn fixed(invocation: &Invocation, context: &Context<'_, '_>) -> Vec<String> {
    let declared: Vec<&Input> = invocation.inputs.iter().chain(context.shared).collect();
    constants(&declared).into_keys().map(str::to_owned).collect()
}

fn is_binary(operation: &Operation<'_>) -> bool {
    operation.output_format.is_some_and(|format| format.value.eq_ignore_ascii_case("binary"))
}

/// The outputs that count: bytes cannot be mapped.
fn outputs<'d>(
    operation: &Operation<'_>,
    invocation: &'d Invocation,
    context: &Context<'_, 'd>,
    sink: &mut Sink,
) -> &'d [Output] {
    let binary = is_binary(operation);
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

/// An input of a required parameter is required, whatever it declares; an unused one of a route is not.
fn settle_required(
    inputs: &mut [Parameter],
    feeds: &[(&Parameter, &Source)],
    used: &[&Source],
    context: &Context<'_, '_>,
    sink: &mut Sink,
) {
    let of_tool = context.path.is_none();
    let shared: BTreeSet<&String> = context.shared.iter().map(|input| &input.name.value).collect();
    // For each input that feeds parameters, whether one of them is required.
    let mut fed: BTreeMap<InputId, bool> = BTreeMap::new();
    for (parameter, source) in feeds {
        // Where another input can take its place, none of them alone is required.
        let required = parameter.required && !matches!(source, Source::First(_));
        source.inputs(&mut |input| *fed.entry(input).or_default() |= required);
    }
    for source in used {
        source.inputs(&mut |input| {
            fed.entry(input).or_default();
        });
    }
    for (index, input) in inputs.iter_mut().enumerate() {
        let fed = fed.get(&index.into());
        if fed.is_none() {
            let in_path = input.location.is_path();
            let meaning = match (in_path, of_tool) {
                (true, _) => "any value is accepted",
                (_, true) => "its value has no effect",
                _ => "callers may omit it",
            };
            // Inputs that several routes share need not be used by each of them.
            if !shared.contains(&input.name) {
                let message = format!("input `{}` is never used; {meaning}", input.name);
                sink.report(Code::UnusedInput, input.span, message).help("pass it on under `with`, or remove it");
            }
            input.required = in_path || (of_tool && input.required);
        }
        input.required |= fed.is_some_and(|required| *required);
    }
}

/// Inputs of a tool have no location of their own; which values they accept depends on that of their parameters.
fn take_locations(inputs: &mut [Parameter], fed: &[(&Parameter, &Source)]) {
    for (parameter, source) in fed {
        for index in source.whole() {
            if let Some(input) = inputs.get_mut(index.index())
                // A value for several locations must be valid in the strictest of them.
                && !input.location.is_path()
            {
                input.location = parameter.location;
            }
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
fn divide_body(inputs: &mut [Parameter], feeds: &[(&Parameter, &Source)]) {
    let mut whole = None;
    // For each input that is the value of parameters, whether one of them is a whole body.
    let mut fed: BTreeMap<InputId, bool> = BTreeMap::new();
    for (parameter, source) in feeds {
        for input in source.whole() {
            *fed.entry(input).or_default() |= parameter.location == Location::Body;
        }
    }
    for (index, input) in inputs.iter_mut().enumerate().filter(|(_, input)| input.location == Location::Body) {
        let fed = fed.get(&InputId::from(index));
        let unused = fed.is_none() && fold(&input.name) == "body";
        let feeds_body = unused || fed.is_some_and(|whole| *whole);
        if feeds_body && *whole.get_or_insert(index) == index {
            continue;
        }
        input.location = Location::Field;
    }
}

/// The source of each parameter.
pub(super) fn bind(
    callee: &Callee<'_>,
    with: Option<&[(Text, Node)]>,
    inputs: &mut Inputs<'_, '_>,
    sink: &mut Sink,
) -> Vec<Source> {
    inputs.guessed.clone_from(callee.guessed);
    let given = with.map(|pairs| Given::new(callee, pairs));
    // For each parameter its argument, and which arguments are used.
    let arguments: Vec<Option<usize>> =
        callee.parameters.iter().map(|parameter| given.as_ref()?.find(&parameter.name)).collect();
    let used: BTreeSet<usize> = arguments.iter().flatten().copied().collect();
    let left_out: BTreeSet<&String> = callee.left_out.iter().collect();
    let fixed: BTreeSet<&String> = callee.constants.iter().map(|constant| &constant.name.value).collect();
    for (index, (name, _)) in with.unwrap_or_default().iter().enumerate() {
        let parameters = given.as_ref().map(|given| &given.parameters);
        let known =
            parameters.is_some_and(|known| known.contains(name.value.as_str())) || left_out.contains(&name.value);
        if fixed.contains(&name.value) {
            let message = format!("the parameter `{}` has a fixed value; the argument is ignored", name.value);
            let help = "remove the argument, or the value under `consumes`";
            sink.report(Code::UnknownParameter, name.span, message).help(help);
        } else if !known && !given.as_ref().is_some_and(|given| used.contains(&given.first(index, &name.value))) {
            let known = callee.parameters.iter().map(|parameter| parameter.name.as_str());
            let free = known.filter(|known| given.as_ref().is_none_or(|given| given.names.exact(known).is_none()));
            let meant = sink.nearest(Code::UnknownParameter, &name.value, free);
            let message = format!("`{}` has no parameter `{}`; the argument is ignored", callee.name, name.value);
            let help = "declare it as an input parameter of the operation";
            let report = sink.report(Code::UnknownParameter, name.span, message);
            report.nearest(name.span, &name.value, meant, help);
        }
    }
    let node = |argument: Option<usize>| with?.get(argument?).map(|(_, node)| node);
    let parameters = callee.parameters.iter().zip(arguments);
    parameters
        .map(|(parameter, argument)| match (with, node(argument)) {
            (Some(_), Some(node)) => inputs.argument(parameter, node, sink),
            (None, _) => inputs.same_or_required(parameter, sink),
            // A parameter that is missing in `with` may still come from an input of that name: from a declared one, and
            // always where the path or a template needs it.
            (Some(_), None) if !inputs.open || !callee.guessed.is_empty() || parameter.location.is_path() => {
                inputs.same_or_required(parameter, sink)
            }
            (Some(_), None) => inputs.required(parameter, sink),
        })
        .collect()
}

/// The arguments of a call, for look-ups by the names of parameters.
struct Given<'o> {
    names: Index,
    /// Whether an argument has the name of a parameter.
    is_parameter: Vec<bool>,
    parameters: BTreeSet<&'o str>,
}

impl<'o> Given<'o> {
    fn new(callee: &Callee<'o>, with: &[(Text, Node)]) -> Self {
        let parameters = callee.names();
        let names = with.iter().map(|(name, _)| name.value.as_str());
        let is_parameter = names.clone().map(|name| parameters.contains(name)).collect();
        Self { names: Index::of(names), is_parameter, parameters }
    }

    /// The argument for a parameter: exactly, or folded if only one is and it has not the name of another parameter.
    fn find(&self, parameter: &str) -> Option<usize> {
        self.names.exact(parameter).or_else(|| {
            let like = self.names.like(parameter).into_iter();
            let mut free = like.filter(|index| !self.is_parameter.get(*index).is_some_and(|is| *is));
            free.next().filter(|_| free.next().is_none())
        })
    }

    /// The first argument of this name.
    fn first(&self, index: usize, name: &str) -> usize {
        self.names.exact(name).unwrap_or(index)
    }
}
