//! Calls: whether the caller's inputs are the operation's parameters, or how the ones become the others.

use super::{output, parameter};
use crate::linked;
use crate::model::{Call, Operation, Parameter, Source, Wiring};

pub(super) fn call(source: &linked::Call<'_>, operations: &[Operation]) -> Call {
    let inputs: Vec<Parameter> = source.inputs.iter().map(|input| parameter(input, String::new())).collect();
    let parameters = operations.get(source.operation).map_or(&[][..], |operation| &operation.parameters);
    let straight = source.sources.iter().enumerate().all(|(index, source)| *source == linked::Source::Input(index));
    let same = inputs.len() == parameters.len()
        && inputs.iter().zip(parameters).all(|(input, parameter)| same(input, parameter));
    let wiring = if straight && same {
        Wiring::Direct
    } else {
        Wiring::Mapped { inputs, sources: source.sources.iter().map(argument).collect() }
    };
    Call { operation: source.operation, wiring, output: output::output(source.outputs) }
}

fn same(input: &Parameter, parameter: &Parameter) -> bool {
    Parameter { rust_name: parameter.rust_name.clone(), ..input.clone() } == *parameter
}

fn argument(source: &linked::Source) -> Source {
    match source {
        linked::Source::Absent => Source::Absent,
        linked::Source::Input(index) => Source::Input(*index),
        linked::Source::Json(value) => Source::Json(value.to_string()),
        linked::Source::Text(parts) => Source::Text(parts.clone()),
        linked::Source::List(items) => Source::List(items.iter().map(argument).collect()),
        linked::Source::Object(members) => {
            Source::Object(members.iter().map(|(name, member)| (name.clone(), argument(member))).collect())
        }
    }
}
