//! Output parameters: the whole response, or a projection of it.
//!
//! The meaning is the evident one: a mapping picks a value, and what is below it (properties, items) starts from there; a
//! fixed `value` counts at any depth; an object or array without structure is taken as it is. Of several outputs without names,
//! callers get the first that is not null.

use naftiko_schema::{
    ArrayProjection, CutProjection, Format, Kind, List, MapProjection, ObjectProjection, Output, PathStep,
    ProjectedMember, Projection,
};
use serde_json::Value;

use crate::read::document;
use crate::read::yaml::Node;
use crate::vocabulary;

/// The part of a response in this format that a caller gets.
pub(super) fn output(outputs: &[document::Output], format: &Format) -> Output {
    match outputs {
        [] => Output::Whole,
        [only] if only.name.is_none() => match projection(only, format) {
            // The whole of another format is the JSON that it is read as.
            Projection::Path(path) if path.is_empty() && !format.is_converted() => Output::Whole,
            projection => Output::Projected(projection),
        },
        several if several.iter().all(|output| output.name.is_none()) => {
            Output::Projected(Projection::First(several.iter().map(|output| projection(output, format)).collect()))
        }
        // Several outputs with names, or one, are the members of an object.
        several => object(Vec::new().into(), several, is_scalar, format).map_or(Output::Whole, Output::Projected),
    }
}

/// An object of these members. One that does not say where its value is has the value of its name, if `has_name` says so, and
/// else what the object starts from.
fn object(
    at: List<PathStep>,
    outputs: &[document::Output],
    has_name: fn(&document::Output) -> bool,
    format: &Format,
) -> Option<Projection> {
    let mut members: Vec<ProjectedMember> = Vec::new();
    for output in outputs {
        let name = output.name.as_ref().map_or("value", |name| &name.value);
        if !members.iter().any(|known| known.name == name) {
            let path = match &output.mapping {
                None if output.properties.is_empty() && has_name(output) => vec![PathStep::Key(name.to_owned().into())],
                _ => path(output),
            };
            members.push(ProjectedMember { name: name.to_owned().into(), value: projection_at(path, output, format) });
        }
    }
    (!members.is_empty()).then(|| Projection::Object(ObjectProjection { at, members: members.into() }))
}

fn kind(output: &document::Output) -> Option<Kind> {
    vocabulary::kind(Some(output.kind.as_ref()?))
}

/// Whether a value is neither an object nor a list, which could be the whole of a document.
fn is_scalar(output: &document::Output) -> bool {
    matches!(kind(output), Some(Kind::String | Kind::Integer | Kind::Number | Kind::Boolean))
}

/// The path to the value of an output.
fn path(output: &document::Output) -> Vec<PathStep> {
    output.mapping.as_ref().and_then(|mapping| mapping.path.clone().ok()).unwrap_or_default()
}

fn projection(output: &document::Output, format: &Format) -> Projection {
    projection_at(path(output), output, format)
}

fn projection_at(at: Vec<PathStep>, output: &document::Output, format: &Format) -> Projection {
    if let Some(value) = &output.value {
        return Projection::Json(constant(value, output.kind.as_ref()).into());
    }
    let at: List<PathStep> = at.into();
    if let Some(item) = &output.items {
        let item = vec![projection(item, format)].into();
        return Projection::Array(ArrayProjection { at, item, wraps: *format == Format::Xml });
    }
    if let Some(value) = &output.values {
        return Projection::Map(MapProjection { at, value: vec![projection(value, format)].into() });
    }
    if kind(output) == Some(Kind::Array) && *format == Format::Xml {
        let item = vec![Projection::Path(List::default())].into();
        return Projection::Array(ArrayProjection { at, item, wraps: true });
    }
    match (object(at.clone(), &output.properties, |_| true, format), output.max_length) {
        (Some(object), _) => object,
        (None, Some(length)) => Projection::Cut(CutProjection { at, length }),
        (None, None) => Projection::Path(at),
    }
}

/// A fixed value in its declared type as JSON text: the format writes most of them as text.
fn constant(value: &Node, kind: Option<&document::Text>) -> String {
    if value.is_null() {
        return "null".to_owned();
    }
    let kind = kind.and_then(|kind| vocabulary::kind(Some(kind))).unwrap_or(Kind::Any);
    let json = value.to_output_json(kind);
    // A string that is declared holds a list or mapping as JSON.
    if kind == Kind::String && value.scalar_text().is_none() { Value::from(json).to_string() } else { json }
}
