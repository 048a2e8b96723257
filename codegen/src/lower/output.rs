//! Output parameters: the whole response, or a projection of it.
//!
//! The meaning is the evident one: a mapping picks a value, and what is below it (properties, items) starts from there; a
//! fixed `value` counts at any depth; an object or array without structure is taken as it is.

use naftiko_schema::{ArrayProjection, List, ObjectProjection, Output, PathStep, ProjectedMember, Projection};
use serde_json::Value;

use crate::read::document;

pub(super) fn output(outputs: &[document::Output]) -> Output {
    match outputs {
        [] => Output::Whole,
        [only] if only.name.is_none() => match projection(only) {
            Projection::Path(path) if path.is_empty() => Output::Whole,
            projection => Output::Projected(projection),
        },
        // Several outputs, or one with a name, are the members of an object.
        several => object(Vec::new().into(), several).map_or(Output::Whole, Output::Projected),
    }
}

fn object(at: List<PathStep>, outputs: &[document::Output]) -> Option<Projection> {
    let mut members: Vec<ProjectedMember> = Vec::new();
    for output in outputs {
        let name = output.name.as_ref().map_or("value", |name| &name.value);
        if !members.iter().any(|known| known.name == name) {
            members.push(ProjectedMember { name: name.to_owned().into(), value: projection(output) });
        }
    }
    (!members.is_empty()).then(|| Projection::Object(ObjectProjection { at, members: members.into() }))
}

fn projection(output: &document::Output) -> Projection {
    if let Some(value) = &output.value {
        return Projection::Json(constant(value.to_json(), output.kind.as_ref()).to_string().into());
    }
    let path = output.mapping.as_ref().and_then(|mapping| mapping.path.clone().ok());
    let at: List<PathStep> = path.unwrap_or_default().into();
    if let Some(item) = &output.items {
        return Projection::Array(ArrayProjection { at, item: vec![projection(item)].into() });
    }
    object(at.clone(), &output.properties).unwrap_or(Projection::Path(at))
}

/// A fixed value in its declared type: the format writes most of them as text.
fn constant(value: Value, kind: Option<&document::Text>) -> Value {
    match (value, kind.map(|kind| kind.value.as_str())) {
        (Value::String(text), Some("number" | "integer" | "boolean")) => match serde_json::from_str(&text) {
            Ok(typed @ (Value::Number(_) | Value::Bool(_))) => typed,
            _ => Value::String(text),
        },
        (value, Some("string")) if !value.is_string() => Value::String(value.to_string()),
        (value, _) => value,
    }
}
