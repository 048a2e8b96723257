//! Output parameters: the whole answer, or a projection of it.
//!
//! The meaning is the evident one: a mapping picks a value, and what stands below it (properties, items) starts from
//! there; a fixed `value` counts at any depth; an object or array without structure is taken as it is.

use serde_json::Value;

use crate::json_path;
use crate::model::{Output, PathStep, Projection};
use crate::read::document;

pub(super) fn output(outputs: &[document::Output]) -> Output {
    match outputs {
        [] => Output::Whole,
        [only] if only.name.is_none() => match projection(only) {
            Projection::Path(path) if path.is_empty() => Output::Whole,
            projection => Output::Projected(projection),
        },
        // Several outputs, or one with a name, are the members of an object.
        several => Output::Projected(Projection::Object { at: Vec::new(), fields: fields(several) }),
    }
}

fn fields(outputs: &[document::Output]) -> Vec<(String, Projection)> {
    let mut fields: Vec<(String, Projection)> = Vec::new();
    for output in outputs {
        let name = output.name.as_ref().map_or("value", |name| &name.value);
        if !fields.iter().any(|(known, _)| known == name) {
            fields.push((name.to_owned(), projection(output)));
        }
    }
    fields
}

fn projection(output: &document::Output) -> Projection {
    if let Some(value) = &output.value {
        return Projection::Json(constant(value.to_json(), output.kind.as_ref()).to_string());
    }
    let at: Vec<PathStep> =
        output.mapping.as_ref().and_then(|mapping| json_path::parse(&mapping.value).ok()).unwrap_or_default();
    if let Some(item) = &output.items {
        return Projection::Array { at, item: Box::new(projection(item)) };
    }
    if !output.properties.is_empty() {
        return Projection::Object { at, fields: fields(&output.properties) };
    }
    Projection::Path(at)
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
