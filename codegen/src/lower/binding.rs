//! Bindings: whether the caller's inputs are the parameters of what is called, or need a mapping.

use naftiko_schema::{
    ArgumentMapping, ArgumentSource, Binding, Location, Mapping, Parameter, Ref, SourceMember, Target,
};

use super::{Callables, output, parameter};
use crate::linked::{self, Call, Source};

pub(super) fn binding(call: &Call<'_>, callables: &Callables<'_>) -> Binding {
    let target = match call.target {
        linked::Target::Operation(id) => Target::Operation(Ref::Shared(callables.operation(id).table.clone())),
        linked::Target::Flow(id) => Target::Flow(Ref::Shared(callables.flow(id).table.clone())),
    };
    let output = output::output(&call.outputs, target.format());
    let fixed = call.fixed.iter().map(|name| name.clone().into()).collect();
    Binding { arguments: arguments(call, target.parameters()), fixed, target, output, response_limit: call.limit }
}

fn arguments(call: &Call<'_>, parameters: &[Parameter]) -> ArgumentMapping {
    let mut inputs: Vec<Parameter> = call.inputs.iter().map(parameter).collect();
    // Only a body that is an object by itself may be left out, and not a template that takes one.
    let templates =
        call.sources.iter().zip(parameters).filter(|(_, it)| it.location == Location::Body && it.default.is_none());
    for id in templates.flat_map(|(source, _)| source.whole()) {
        if let Some(input) = inputs.get_mut(id.index()) {
            input.default = None;
        }
    }
    let straight = call.sources.iter().enumerate().all(|(index, source)| *source == Source::Input(index.into()));
    if straight && *inputs == *parameters {
        return ArgumentMapping::Identity;
    }
    let sources: Vec<ArgumentSource> = call.sources.iter().map(source).collect();
    ArgumentMapping::Mapped(Mapping { inputs: inputs.into(), sources: sources.into() })
}

pub(super) fn source(linked: &Source) -> ArgumentSource {
    match linked {
        Source::Absent => ArgumentSource::Absent,
        Source::Input(input) => ArgumentSource::Input(*input),
        Source::Part(part) => ArgumentSource::Part(part.clone()),
        Source::Output(value) => ArgumentSource::Output(value.clone()),
        Source::Variable(value) => ArgumentSource::Variable(value.clone()),
        Source::Json(value) => ArgumentSource::Json(value.clone().into()),
        Source::Text(parts) => ArgumentSource::Text(parts.clone().into()),
        Source::Filled(parts) => ArgumentSource::Filled(parts.clone().into()),
        Source::List(items) => ArgumentSource::List(items.iter().map(source).collect()),
        Source::First(sources) => ArgumentSource::First(sources.iter().map(source).collect()),
        Source::Object(members) => {
            let member =
                |(name, value): &(String, Source)| SourceMember { name: name.clone().into(), value: source(value) };
            ArgumentSource::Object(members.iter().map(member).collect())
        }
    }
}
