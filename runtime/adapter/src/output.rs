//! Projections: the document that a caller gets instead of the upstream's.

use std::borrow::Cow;

use bytes::Bytes;
use naftiko_client::__private::is_json;
use naftiko_client::{Error, Response};
use naftiko_schema::{PathStep, Projection, Target};
use serde_json::{Map, Value};

use crate::numbers;

/// The document of a response, with [marked numbers](numbers). Text that is JSON is parsed, for any content type.
///
/// # Errors
/// If the body is not JSON, although the target declares it or the projection looks inside of it, or not in the format that
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
    let is_json = is_json(&body);
    if is_json && let Some(marked) = numbers::marked(&body) {
        *response.body_mut() = marked.into();
    }
    let mut decoded = response.decode(target.name(), target.format())?;
    if let Value::String(text) = decoded.body()
        && !numbers::is_marked(text)
    {
        if let Ok(document) = numbers::read(text.as_bytes()) {
            *decoded.body_mut() = document;
        } else if !is_json && projection.needs_structure() {
            let response = decoded.map(|_| body);
            return match response.json() {
                Ok(document) => Ok(response.map(|_| document)),
                Err(error) => Err(response.decode_error(target.name(), error)),
            };
        }
    }
    Ok(decoded)
}

/// Applies a projection to a document with [marked numbers](numbers). What does not exist becomes null.
pub fn apply(projection: &Projection, document: &Value) -> Value {
    let follow = |document, steps| find(document, steps).map_or(Value::Null, Cow::into_owned);
    match projection {
        Projection::Path(steps) => follow(document, steps),
        Projection::Json(json) => numbers::read(json.as_bytes()).unwrap_or_default(),
        Projection::Object(object) => {
            let base = follow(document, &object.at);
            let members =
                object.members.iter().map(|member| (member.name.clone().into_owned(), apply(&member.value, &base)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Projection::Array(array) => {
            let item = |value| array.item.first().map_or(Value::Null, |item| apply(item, value));
            match follow(document, &array.at) {
                Value::Array(items) => items.iter().map(item).collect(),
                Value::Null => Value::Null,
                only if array.wraps => Value::Array(vec![item(&only)]),
                _ => Value::Null,
            }
        }
    }
}

/// The value at a path; `None` if it does not exist. A path through every item has a list, which may be empty.
pub(crate) fn find<'d>(value: &'d Value, steps: &[PathStep]) -> Option<Cow<'d, Value>> {
    let Some((step, rest)) = steps.split_first() else { return Some(Cow::Borrowed(value)) };
    let or_null = |value| find(value, rest).map_or(Value::Null, Cow::into_owned);
    match (step, value) {
        (PathStep::Key(name), Value::Object(members)) => find(members.get(&**name)?, rest),
        (PathStep::Index(index), Value::Array(items)) => {
            let index =
                if *index < 0 { items.len().checked_add_signed(*index as isize) } else { usize::try_from(*index).ok() };
            find(items.get(index?)?, rest)
        }
        (PathStep::Each, Value::Array(items)) => Some(Cow::Owned(items.iter().map(or_null).collect())),
        (PathStep::Each, Value::Object(members)) => Some(Cow::Owned(members.values().map(or_null).collect())),
        (PathStep::Each, _) => Some(Cow::Owned(Value::Array(Vec::new()))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{ArrayProjection, ObjectProjection, ProjectedMember, list, text};
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
        assert_eq!(apply(&PROJECTION, &document), expected);
    }
}
