//! Consumed operations: which parameters they have and where these travel.

use super::unique_inputs;
use super::variables::Variables;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::{Constant, Location, Operation, Parameter};
use crate::names::fold;
use crate::read::document::{ConsumedOperation, ConsumedResource, Consumes, Input, Text};
use crate::template::Piece;
use crate::vocabulary::location;

pub(super) fn link<'d>(
    api: usize,
    source: &'d Consumes,
    resource: &'d ConsumedResource,
    operation: &'d ConsumedOperation,
    pieces: &[Piece],
    variables: &mut Variables<'_>,
    sink: &mut Sink,
) -> Operation<'d> {
    let mut linked = Operation {
        api,
        name: &operation.name,
        method: operation.method.as_ref(),
        description: operation.description.as_ref(),
        output_format: operation.output_format.as_ref(),
        path: &resource.path,
        pieces: pieces.to_vec(),
        parameters: Vec::new(),
        constants: Vec::new(),
    };
    // A parameter of the operation replaces one of the resource, which replaces one of the API.
    for inputs in [&operation.inputs, &resource.inputs, &source.inputs] {
        unique_inputs(inputs, sink);
        for input in inputs {
            add(&mut linked, input, variables, sink);
        }
    }
    declare_placeholders(&mut linked, sink);
    linked
}

fn add(operation: &mut Operation<'_>, input: &Input, variables: &mut Variables<'_>, sink: &mut Sink) {
    let in_path = stands_in_path(operation, input);
    let implied = if in_path { Location::Path } else { Location::Query };
    let location = if input.location.is_some() { location(input.location.as_ref(), sink) } else { Some(implied) };
    let Some(location) = location else { return };
    let name = &input.name.value;
    let known = operation.parameters.iter().any(|known| known.name == *name && known.location == location)
        || operation.constants.iter().any(|known| known.name.value == *name && known.location == location);
    if known {
        return;
    }
    if location == Location::Path && !in_path {
        let message =
            format!("the path parameter `{name}` stands nowhere in `{}`; it is ignored", operation.path.value);
        sink.report(Code::UnusedPathParameter, input.name.place, message, format!("write `{{{name}}}` into the path"));
        return;
    }
    if let Some(value) = &input.value {
        let text = value.scalar_text().unwrap_or_else(|| value.to_json().to_string());
        let value = variables.template(&Text { value: text, place: value.place }, sink);
        operation.constants.push(Constant { name: input.name.clone(), location, value });
        return;
    }
    operation.parameters.push(Parameter {
        name: name.clone(),
        place: input.name.place,
        location,
        kind: input.kind.clone(),
        required: location == Location::Path || input.required.unwrap_or(false),
        description: input.description.as_ref().map(|text| text.value.clone()),
    });
}

/// Whether a placeholder of the path has the parameter's name. One that differs in `-`, `_` or case only is meant, too,
/// where the parameter says that it is in the path; it takes the parameter's name then.
fn stands_in_path(operation: &mut Operation<'_>, input: &Input) -> bool {
    let name = &input.name.value;
    if operation.pieces.contains(&Piece::Placeholder(name.clone())) {
        return true;
    }
    if input.location.as_ref().is_none_or(|location| location.value != "path") {
        return false;
    }
    let like = |piece: &&mut Piece| matches!(piece, Piece::Placeholder(known) if fold(known) == fold(name));
    let mut meant = operation.pieces.iter_mut().filter(like).peekable();
    let found = meant.peek().is_some();
    meant.for_each(|piece| *piece = Piece::Placeholder(name.clone()));
    found
}

/// A placeholder that nobody declared is a required string: the path has no meaning without it.
fn declare_placeholders(operation: &mut Operation<'_>, sink: &mut Sink) {
    for piece in operation.pieces.clone() {
        let Piece::Placeholder(name) = piece else { continue };
        let declared = operation.parameters.iter().any(|known| known.location == Location::Path && known.name == name)
            || operation.constants.iter().any(|known| known.location == Location::Path && known.name.value == name);
        if !declared {
            let message = format!(
                "the placeholder `{{{name}}}` is declared nowhere; `{}` takes it as a required string",
                operation.name.value
            );
            let help = format!("add an input parameter `{name}` with `in: path`");
            sink.report(Code::UndeclaredPlaceholder, operation.path.place, message, help);
            operation.parameters.push(Parameter {
                name,
                place: operation.path.place,
                location: Location::Path,
                kind: None,
                required: true,
                description: None,
            });
        }
    }
}
