//! Projections: the document that a caller gets instead of the upstream's.

use bytes::Bytes;
use naftiko_client::__private::is_json;
use naftiko_client::{Error, Response};
use naftiko_schema::{ObjectProjection, PathStep, Projection, Target};
use serde_json::{Map, Value};

use crate::numbers;
use crate::path::find;
use crate::shape::Shape;

/// The document of a response, with [marked numbers](numbers). Text that is JSON is parsed, for any content type.
///
/// # Errors
/// If the body is not JSON, although the target declares it, not what the projection looks inside of, or not in the format that
/// the target declares.
pub fn document(
    target: &'static Target,
    projection: &Projection,
    response: Response<Bytes>,
) -> Result<Response<Value>, Error> {
    if target.format().is_converted() {
        return response.document(target.name(), target.format(), numbers::number);
    }
    let mut response = response.in_utf8();
    let body = response.body().clone();
    if let Some(marked) = numbers::marked(&body)
        && is_json(&body)
    {
        *response.body_mut() = marked.into();
    }
    let mut decoded = response.decode(target.name(), target.format())?;
    if let Value::String(text) = decoded.body()
        && !numbers::is_marked(text)
        && let Ok(document) = numbers::read(text.as_bytes())
    {
        *decoded.body_mut() = document;
    }
    if fits(projection, decoded.body()) {
        return Ok(decoded);
    }
    let response = decoded.map(|_| body);
    match response.json::<Map<String, Value>>() {
        Ok(document) => Ok(response.map(|_| Value::Object(document))),
        Err(error) => Err(response.decode_error(target.name(), error)),
    }
}

/// Whether a projection can find anything in a document. Members of an object are not looked for in a list.
fn fits(projection: &Projection, document: &Value) -> bool {
    match document {
        Value::Null | Value::Object(_) => true,
        Value::Array(_) => !matches!(projection, Projection::Object(object) if needs_object(object)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => !projection.needs_structure(),
    }
}

/// Whether everything that an object is built from is a member of another object.
fn needs_object(object: &ObjectProjection) -> bool {
    let starts_with_name = |path: &[PathStep]| matches!(path.first(), Some(PathStep::Key(_)));
    if !object.at.is_empty() {
        return starts_with_name(&object.at);
    }
    let mut parts =
        object.members.iter().map(|member| &member.value).filter(|value| value.needs_structure()).peekable();
    parts.peek().is_some()
        && parts.all(|part| match part {
            Projection::Path(path) => starts_with_name(path),
            Projection::Object(object) => needs_object(object),
            Projection::Array(array) => starts_with_name(&array.at),
            Projection::Map(map) => starts_with_name(&map.at),
            Projection::Cut(cut) => starts_with_name(&cut.at),
            Projection::Json(_) | Projection::First(_) => false,
        })
}

/// Applies a projection to a document with [marked numbers](numbers). What does not exist becomes null.
pub fn apply<'d>(projection: &'static Projection, document: &'d Value) -> Shape<'d> {
    match projection {
        Projection::Path(steps) => find(document, steps).unwrap_or(Shape::NULL),
        Projection::Json(json) => Shape::Own(numbers::read(json.as_bytes()).unwrap_or_default()),
        Projection::Object(object) => within(document, &object.at, |base| built(object, base)),
        Projection::Array(array) => within(document, &array.at, |base| match (base, array.item.first()) {
            (Value::Array(items), Some(item)) => Shape::Array(items.iter().map(|value| apply(item, value)).collect()),
            (only, Some(item)) if array.wraps && !only.is_null() => Shape::Array(vec![apply(item, only)]),
            _ => Shape::NULL,
        }),
        Projection::Map(map) => within(document, &map.at, |base| match (base, map.value.first()) {
            (Value::Object(members), Some(value)) => {
                Shape::Object(members.iter().map(|(name, member)| (name.as_str(), apply(value, member))).collect())
            }
            _ => Shape::NULL,
        }),
        Projection::Cut(cut) => match find(document, &cut.at).unwrap_or(Shape::NULL) {
            Shape::Part(Value::String(text)) if !numbers::is_marked(text) => {
                let length = usize::try_from(cut.length).unwrap_or(usize::MAX);
                match text.char_indices().nth(length).and_then(|(end, _)| text.get(..end)) {
                    Some(start) => Shape::Own(start.into()),
                    None => Shape::Own(text.as_str().into()),
                }
            }
            other => other,
        },
        Projection::First(several) => {
            let mut shapes = several.iter().map(|projection| apply(projection, document));
            shapes.find(|shape| !shape.is_null()).unwrap_or(Shape::NULL)
        }
    }
}

/// What is built of the value at a path; null if it does not exist.
fn within<'d>(document: &'d Value, path: &[PathStep], build: impl for<'b> Fn(&'b Value) -> Shape<'b>) -> Shape<'d> {
    match find(document, path) {
        None => Shape::NULL,
        Some(Shape::Part(base)) => build(base),
        Some(base) => Shape::Own(build(&base.into_value()).into_value()),
    }
}

/// An object; null if its members would be looked for where there are none.
fn built<'d>(object: &'static ObjectProjection, base: &'d Value) -> Shape<'d> {
    let has_parts = base.is_object() || base.is_array();
    if !has_parts && object.members.iter().any(|member| member.value.needs_structure()) {
        return Shape::NULL;
    }
    Shape::Object(object.members.iter().map(|member| (&*member.name, apply(&member.value, base))).collect())
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{ArrayProjection, CutProjection, MapProjection, ProjectedMember, list, text};
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_projections_are_relative_to_their_parent() {
        static PROJECTION: Projection = Projection::Object(ObjectProjection::new(
            const { &[PathStep::Key(text("data"))] },
            const {
                &[
                    ProjectedMember::new(
                        "items",
                        Projection::Array(ArrayProjection::new(
                            const { &[PathStep::Key(text("list"))] },
                            const {
                                &[Projection::Object(ObjectProjection::new(
                                    &[],
                                    const {
                                        &[
                                            ProjectedMember::new(
                                                "id",
                                                Projection::Path(list(const { &[PathStep::Key(text("id"))] })),
                                            ),
                                            ProjectedMember::new("kind", Projection::Json(text("\"x\""))),
                                        ]
                                    },
                                ))]
                            },
                        )),
                    ),
                    ProjectedMember::new(
                        "last",
                        Projection::Path(list(
                            const { &[PathStep::Key(text("list")), PathStep::Index(-1), PathStep::Key(text("id"))] },
                        )),
                    ),
                    ProjectedMember::new(
                        "gone",
                        Projection::Path(list(const { &[PathStep::Key(text("gone")), PathStep::Key(text("deeper"))] })),
                    ),
                ]
            },
        ));
        let document = json!({"data": {"list": [{"id": 1, "more": true}, {"id": 2}]}});
        let expected = json!({"items": [{"id": 1, "kind": "x"}, {"id": 2, "kind": "x"}], "last": 2, "gone": null});
        assert_eq!(apply(&PROJECTION, &document).into_value(), expected);
    }

    fn shaped(projection: &'static Projection, document: Value) -> Value {
        apply(projection, &document).into_value()
    }

    #[test]
    fn text_is_cut_by_characters_and_numbers_are_not() {
        static CUT: Projection = Projection::Cut(CutProjection::new(&[], 2));
        assert_eq!(shaped(&CUT, json!("\u{e9}\u{1f30a}x")), json!("\u{e9}\u{1f30a}"));
        assert_eq!(shaped(&CUT, json!("ab")), json!("ab"));
        assert_eq!(shaped(&CUT, json!(12.5)), json!(12.5));
        let marked = numbers::read(b"1.10").expect("JSON");
        assert_eq!(numbers::write(&apply(&CUT, &marked)), "1.10");
    }

    #[test]
    fn members_of_a_map_are_built_one_by_one() {
        static EUROS: Projection = Projection::Path(list(const { &[PathStep::Key(text("eur"))] }));
        static MAP: Projection = Projection::Map(MapProjection::new(
            &[],
            const { &[Projection::Path(list(const { &[PathStep::Key(text("eur"))] }))] },
        ));
        assert_eq!(shaped(&MAP, json!({"a": {"eur": 1}, "b": {}})), json!({"a": 1, "b": null}));
        assert_eq!(shaped(&MAP, json!([1])), Value::Null);
        assert_eq!(shaped(&EUROS, json!({"eur": [1]})), json!([1]));
    }

    #[test]
    fn object_of_something_without_members_is_null() {
        static OBJECT: Projection = Projection::Object(ObjectProjection::new(
            const { &[PathStep::Key(text("owner"))] },
            const { &[ProjectedMember::new("name", Projection::Path(list(const { &[PathStep::Key(text("name"))] })))] },
        ));
        for document in [json!({}), json!({"owner": null}), json!({"owner": "Ada"}), json!(null)] {
            assert_eq!(shaped(&OBJECT, document), Value::Null);
        }
        assert_eq!(shaped(&OBJECT, json!({"owner": {}})), json!({"name": null}));
        assert!(!fits(&OBJECT, &json!([1])) && !fits(&OBJECT, &json!("text")) && fits(&OBJECT, &json!({})));
    }
}
