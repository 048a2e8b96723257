//! Flows: steps with the source of everything that they use, and what is made of their outputs.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::{InputId, Kind, Location, OperationId, PathStep, StepId, StepValue};

use super::call::{self, Callee};
use super::inputs::{Context, Inputs};
use super::linker::Linker;
use super::script;
use super::target::{CallSite, Targets};
use crate::codes::Code;
use crate::diagnostic::{FIRST, Sink, Span};
use crate::linked::{Action, Flow, Lookup, Parameter, Source, Step, StepCall};
use crate::read::document::{self, Invocation, Mapping, Output, StepAction, StepMapping, Text};
use crate::vocabulary;

/// What has the flow: a route, a tool, a resource or an aggregate.
pub(super) struct Site<'s, 'd> {
    pub(super) name: &'s str,
    pub(super) description: Option<&'d Text>,
    pub(super) span: Span,
}

/// Whether an invocation is more than one call: it has steps, or nothing that can be called but fixed outputs. Beside a call,
/// steps have no effect, which is reported.
pub(super) fn is_flow(invocation: &Invocation, targets: &Targets<'_>, site: &CallSite<'_>, sink: &mut Sink) -> bool {
    let call = invocation.call.as_ref().filter(|call| targets.knows(call, site));
    match (call, invocation.steps.first()) {
        (Some(call), Some(step)) => {
            report_ignored(step.name.span, "steps", call, sink);
            false
        }
        (None, Some(_)) => true,
        (call, None) => invocation.mappings.is_some() || (is_mock(invocation) && call.is_none()),
    }
}

/// Reports what has no effect because something else says what is called.
pub(super) fn report_ignored(span: Span, what: &str, called: &Text, sink: &mut Sink) {
    let message = format!("`{what}` has no effect: `{}` is called", called.value);
    let report = sink.report(Code::NoEffect, span, message);
    report.label(called.span, "this counts").help(format!("remove `{what}`, or this"));
}

/// Whether there are fixed outputs.
pub(super) fn is_mock(invocation: &Invocation) -> bool {
    fn is_fixed(output: &Output) -> bool {
        output.value.is_some() || output.properties.iter().chain(output.items.as_deref()).any(is_fixed)
    }
    invocation.outputs.iter().any(is_fixed)
}

/// Links a flow. It does not exist if something is wrong with it, which is reported.
pub(super) fn link<'d>(
    linker: &Linker<'_, 'd>,
    site: &Site<'_, 'd>,
    invocation: &'d Invocation,
    context: &Context<'_, 'd>,
    sink: &mut Sink,
) -> Option<Flow<'d>> {
    if invocation.refused {
        return None;
    }
    let targets = targets(linker, site, invocation, sink)?;
    let called = || targets.iter().flatten().filter_map(|id| linker.operation(*id));
    let names = called().flat_map(|operation| Callee::of(operation).names()).collect();
    let mut inputs = Inputs::declared(invocation, names, context, sink);
    if !invocation.steps.is_empty() || targets.is_empty() {
        add_locals(invocation, &mut inputs, context, sink);
    }
    let steps = steps(linker, invocation, &targets, &mut inputs, sink)?;
    let output = match &invocation.mappings {
        Some(mappings) if !mappings.is_empty() => Some(mapped(mappings, &mut inputs, sink)),
        _ if targets.is_empty() => Some(mocked(&invocation.outputs, &mut inputs, sink)),
        _ => of_last_step(&steps),
    };
    let mut inputs = inputs.inputs;
    let mut fed: Vec<(&Parameter, &Source)> = Vec::new();
    let mut used: Vec<&Source> = output.iter().collect();
    for step in &steps {
        used.extend(step.for_each.iter().chain(&step.condition));
        match &step.action {
            Action::Call(call) => {
                let operation = linker.operation(call.operation)?;
                fed.extend(operation.parameters.iter().zip(&call.sources));
            }
            Action::Lookup(lookup) => used.push(&lookup.value),
            Action::Script(script) => used.push(&script.context),
            Action::Transform(transform) => used.push(&transform.inputs),
        }
    }
    call::settle(&mut inputs, &fed, &used, context, sink);
    keep_fields(&mut inputs, &fed);
    let is_made = invocation.mappings.is_some() || targets.is_empty();
    let outputs = if is_made { Vec::new() } else { of_last_response(invocation) };
    Some(Flow {
        name: site.name.to_owned(),
        description: site.description,
        inputs,
        steps,
        output,
        outputs: Cow::Owned(outputs),
    })
}

/// What a flow without mappings returns whose last step makes something that no one else could use: a transform, or a script
/// where no call has a response to return.
fn of_last_step(steps: &[Step<'_>]) -> Option<Source> {
    let last = steps.len().checked_sub(1)?;
    let calls = || steps.iter().any(|step| matches!(step.action, Action::Call(_)));
    let makes = match steps.get(last)?.action {
        Action::Transform(_) => true,
        Action::Script(_) => !calls(),
        Action::Call(_) | Action::Lookup(_) => false,
    };
    makes.then(|| Source::Output(StepValue { step: last.into(), at: Vec::new().into() }))
}

/// The operation of each step that calls one. A flow with a single call and no steps is a step of its own.
fn targets<'d>(
    linker: &Linker<'_, 'd>,
    site: &Site<'_, 'd>,
    invocation: &'d Invocation,
    sink: &mut Sink,
) -> Option<Vec<Option<OperationId>>> {
    let find = |call: &Option<Text>, name: &str, span: Span, sink: &mut Sink| {
        let site = CallSite { span, name: Some(name), description: None, method: None, path: None, arguments: None };
        linker.targets.find(call.as_ref(), &site, sink)
    };
    if invocation.steps.is_empty() {
        let call =
            CallSite { span: site.span, name: None, description: None, method: None, path: None, arguments: None };
        let is_fixed =
            is_mock(invocation) && !invocation.call.as_ref().is_some_and(|name| linker.targets.knows(name, &call));
        if is_fixed || linker.targets.calls_nothing(invocation, &CallSite { name: Some(site.name), ..call }) {
            return Some(Vec::new());
        }
        return Some(vec![Some(find(&invocation.call, site.name, site.span, sink)?)]);
    }
    let mut targets = Vec::new();
    let mut failed = false;
    for step in &invocation.steps {
        targets.push(match &step.action {
            StepAction::Call(call, _) => {
                let found = find(call, &step.name.value, step.name.span, sink);
                failed |= found.is_none();
                found
            }
            StepAction::Lookup(_) | StepAction::Script(_) | StepAction::Transform(_) => None,
        });
    }
    (!failed).then_some(targets)
}

/// Values that `with` names beside steps or fixed outputs, for all of these.
fn add_locals<'d>(invocation: &'d Invocation, inputs: &mut Inputs<'_, 'd>, context: &Context<'_, 'd>, sink: &mut Sink) {
    for (name, node) in invocation.with.iter().flatten() {
        let source = inputs.source(&Parameter::of_any(&name.value, context.span), node, sink);
        inputs.locals.insert(&name.value, source);
    }
}

fn steps<'d>(
    linker: &Linker<'_, 'd>,
    invocation: &'d Invocation,
    targets: &[Option<OperationId>],
    inputs: &mut Inputs<'_, 'd>,
    sink: &mut Sink,
) -> Option<Vec<Step<'d>>> {
    if invocation.steps.is_empty() {
        let call = |id: &OperationId| {
            let operation = linker.operation(*id)?;
            let sources = call::bind(&Callee::of(operation), invocation.with.as_deref(), inputs, sink);
            let call = StepCall { operation: *id, sources, outputs: &[] };
            let name = operation.name.value.clone();
            Some(Step { name, for_each: None, condition: None, action: Action::Call(call) })
        };
        return targets.iter().flatten().map(call).collect();
    }
    let mut steps = Vec::new();
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    for (step, target) in invocation.steps.iter().zip(targets) {
        let name = step.name.value.as_str();
        if let Some(first) = first.insert(name, step.name.span) {
            let report = sink.report(Code::DuplicateFlow, step.name.span, format!("duplicate step `{name}`"));
            report.label(first, FIRST).help("rename one of the two");
            return None;
        }
        let (condition, for_each) = inputs.begin_step(step, sink)?;
        let action = match (&step.action, target) {
            (StepAction::Call(_, with), Some(id)) => {
                let operation = linker.operation(*id)?;
                let sources = call::bind(&Callee::of(operation), with.as_deref(), inputs, sink);
                Action::Call(StepCall { operation: *id, sources, outputs: operation.outputs })
            }
            (StepAction::Script(source), _) => Action::Script(linker.scripts.link(source, name, inputs, sink)?),
            (StepAction::Transform(declared), _) => {
                Action::Transform(script::transform(declared, &step.name, inputs, sink))
            }
            (StepAction::Lookup(source), _) => Action::Lookup(lookup(source, inputs, sink)?),
            (StepAction::Call(..), None) => return None,
        };
        steps.push(Step { name: name.to_owned(), for_each, condition, action });
        inputs.end_step(step);
    }
    script::give_context(&mut steps, inputs, sink);
    Some(steps)
}

/// A lookup. A template is text, even if it is the output of a step alone; a path keeps its type, so that a list is looked up
/// item by item.
fn lookup(source: &document::Lookup, inputs: &mut Inputs<'_, '_>, sink: &mut Sink) -> Option<Lookup> {
    let Some(list) = inputs.steps.iter().position(|step| *step == source.list.value) else {
        let message = format!("`index: {}` names no earlier step", source.list.value);
        let meant = sink.nearest(Code::UnknownStep, &source.list.value, inputs.steps.iter().copied());
        let report = sink.report(Code::UnknownStep, source.list.span, message);
        report.nearest(source.list.span, &source.list.value, meant, "write the name of a step before this one");
        return None;
    };
    let text = source.value.scalar_text().unwrap_or_default();
    let value = match inputs.template(&source.value, sink) {
        Source::Output(output) if !text.trim_start().starts_with("{{") => Source::Output(output),
        Source::Output(output) => Source::Text(vec![naftiko_schema::InputText::Output(output)]),
        other => other,
    };
    let members = source.members.iter().map(|member| member.value.clone()).collect();
    Some(Lookup { list: StepId::from(list), key: source.key.value.clone(), value, members })
}

/// The document that mappings make: dots in targets make objects. Of two mappings for one target the later counts.
fn mapped<'d>(mappings: &'d [StepMapping], inputs: &mut Inputs<'_, 'd>, sink: &mut Sink) -> Source {
    let mut root = Vec::new();
    for mapping in mappings {
        let value = inputs.template(&mapping.value, sink);
        let path: Vec<&str> = mapping.target.value.split('.').collect();
        insert(&mut root, &path, value);
    }
    Source::Object(root)
}

fn insert(members: &mut Vec<(String, Source)>, path: &[&str], value: Source) {
    let Some((name, rest)) = path.split_first() else { return };
    let at = members.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
        members.push(((*name).to_owned(), Source::Absent));
        members.len() - 1
    });
    let Some((_, member)) = members.get_mut(at) else { return };
    if rest.is_empty() {
        *member = value;
        return;
    }
    if !matches!(member, Source::Object(_)) {
        *member = Source::Object(Vec::new());
    }
    if let Source::Object(inside) = member {
        insert(inside, rest, value);
    }
}

/// The document of fixed outputs. Those without a name are called `value`; those without a value are left out.
fn mocked<'d>(outputs: &'d [Output], inputs: &mut Inputs<'_, 'd>, sink: &mut Sink) -> Source {
    let mut members: Vec<(String, Source)> = Vec::new();
    for output in outputs {
        let Some(value) = mock(output, inputs, sink) else { continue };
        let name = output.name.as_ref().map_or("value", |name| &name.value);
        insert(&mut members, &[name], value);
    }
    Source::Object(members)
}

fn mock<'d>(output: &'d Output, inputs: &mut Inputs<'_, 'd>, sink: &mut Sink) -> Option<Source> {
    if let Some(value) = &output.value {
        let kind = vocabulary::kind(output.kind.as_ref()).unwrap_or(Kind::Any);
        return Some(inputs.fixed_output(value, kind, sink));
    }
    if let Some(item) = &output.items {
        // Several shapes without names are several items.
        let are_items = !item.properties.is_empty() && item.properties.iter().all(|one| one.name.is_none());
        let items = if are_items { &*item.properties } else { std::slice::from_ref(&**item) };
        return Some(Source::List(items.iter().filter_map(|item| mock(item, inputs, sink)).collect()));
    }
    let is_list = output.kind.as_ref().is_some_and(|kind| kind.value == "array");
    if is_list {
        return Some(Source::List(Vec::new()));
    }
    let members: Vec<_> = output
        .properties
        .iter()
        .filter_map(|member| Some((member.name.as_ref()?.value.clone(), mock(member, inputs, sink)?)))
        .collect();
    (!members.is_empty()).then_some(Source::Object(members))
}

/// The outputs of an invocation without `mappings`. If each output of steps says where its value is, callers get the first that
/// is not null, whatever their names; else the members of an object.
fn of_last_response(invocation: &Invocation) -> Vec<Output> {
    let outputs = &invocation.outputs;
    if invocation.steps.is_empty() || outputs.iter().any(|output| output.mapping.is_none()) {
        return outputs.iter().map(by_name).collect();
    }
    outputs.iter().map(|output| Output { name: None, ..output.clone() }).collect()
}

/// An output of steps has the value of that name in the last response, unless it says where the value is.
fn by_name(output: &Output) -> Output {
    let mut output = output.clone();
    output.properties = output.properties.iter().map(by_name).collect();
    output.items = output.items.map(|items| {
        let mut items = *items;
        items.properties = items.properties.iter().map(by_name).collect();
        Box::new(items)
    });
    if let (Some(name), None, None) = (&output.name, &output.mapping, &output.value) {
        let path = Ok(vec![PathStep::Key(name.value.clone().into())]);
        output.mapping = Some(Mapping { text: name.clone(), path });
    }
    output
}

/// Only an input that is the body of an operation is a whole body.
fn keep_fields(inputs: &mut [Parameter], fed: &[(&Parameter, &Source)]) {
    let bodies: BTreeSet<usize> = fed
        .iter()
        .filter(|(parameter, _)| parameter.location == Location::Body)
        .flat_map(|(_, source)| source.whole().map(InputId::index))
        .collect();
    for (index, input) in inputs.iter_mut().enumerate() {
        if input.location == Location::Body && (bodies.len() != 1 || !bodies.contains(&index)) {
            input.location = Location::Field;
        }
    }
}
