//! Bindings: whether the caller's inputs are the operation's parameters, or need a mapping.

use naftiko_schema::{
    ArgumentMapping, ArgumentSource, Binding, Mapping, Operation, Parameter, Ref, SourceMember, Target,
};

use super::{Operations, output, parameter};
use crate::linked::{Call, Source};

pub(super) fn binding(call: &Call<'_>, operations: &Operations<'_>) -> Binding {
    let operation = &operations[call.operation].table;
    Binding {
        arguments: arguments(call, operation),
        target: Target::Operation(Ref::Shared(operation.clone())),
        output: output::output(call.outputs),
    }
}

fn arguments(call: &Call<'_>, operation: &Operation) -> ArgumentMapping {
    let inputs: Vec<Parameter> = call.inputs.iter().map(parameter).collect();
    let straight = call.sources.iter().enumerate().all(|(index, source)| *source == Source::Input(index.into()));
    if straight && *inputs == *operation.parameters {
        return ArgumentMapping::Identity;
    }
    let sources: Vec<ArgumentSource> = call.sources.iter().map(source).collect();
    ArgumentMapping::Mapped(Mapping { inputs: inputs.into(), sources: sources.into() })
}

fn source(linked: &Source) -> ArgumentSource {
    match linked {
        Source::Absent => ArgumentSource::Absent,
        Source::Input(input) => ArgumentSource::Input(*input),
        Source::Json(value) => ArgumentSource::Json(value.clone().into()),
        Source::Text(parts) => ArgumentSource::Text(parts.clone().into()),
        Source::List(items) => ArgumentSource::List(items.iter().map(source).collect()),
        Source::Object(members) => {
            let member =
                |(name, value): &(String, Source)| SourceMember { name: name.clone().into(), value: source(value) };
            ArgumentSource::Object(members.iter().map(member).collect())
        }
    }
}
