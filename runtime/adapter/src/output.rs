//! Projections: the document that a caller gets instead of the upstream's.

use bytes::Bytes;
use naftiko_client::__private::{is_json, without_byte_order_mark};
use naftiko_client::{Error, Response};
use naftiko_schema::{Format, ObjectProjection, PathStep, Projection, Target};
use serde_json::{Map, Value};

use crate::needs::Needs;
use crate::numbers;
use crate::shaped::apply;

/// The JSON text of what a projection makes of a response; `None` if it finds nothing. Of a JSON document, only what the projection
/// looks at is read.
///
/// # Errors
/// As for [`document`].
pub fn projected(
    target: &'static Target,
    projection: &'static Projection,
    response: Response<Bytes>,
) -> Result<Response<Option<String>>, Error> {
    Ok(read(target, projection, response, true)?.map(|document| {
        let shape = apply(projection, &document);
        (!shape.is_null()).then(|| numbers::write(&shape))
    }))
}

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
    read(target, projection, response, false)
}

/// The document, or what the projection looks at of it.
fn read(
    target: &'static Target,
    projection: &Projection,
    response: Response<Bytes>,
    only_needed: bool,
) -> Result<Response<Value>, Error> {
    if target.format().is_converted() {
        let response = response.document(target.name(), target.format(), numbers::number)?;
        return Ok(response.map(|document| match document {
            Value::String(text) if *target.format() == Format::Xml && !fits(projection, &Value::Array(Vec::new())) => {
                element(text)
            }
            other => other,
        }));
    }
    let mut response = response.in_utf8();
    let body = response.body().clone();
    if let Some(marked) = numbers::marked(&body)
        && is_json(&body)
    {
        *response.body_mut() = marked.into();
    }
    if only_needed && let Some(document) = needed(projection, response.body()) {
        return Ok(response.map(|_| document));
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

/// An element of XML with nothing but text, as one that has members.
fn element(text: String) -> Value {
    let members = Some((String::new(), Value::from(text))).filter(|(_, text)| *text != "");
    Value::Object(members.into_iter().collect())
}

/// What a projection looks at of an object or a list; `None` if it is neither, or nothing can be found in it.
fn needed(projection: &Projection, json: &[u8]) -> Option<Value> {
    let json = without_byte_order_mark(json);
    let document =
        matches!(json.trim_ascii_start().first(), Some(b'{' | b'[')).then(|| Needs::of(projection).read(json));
    document?.ok().filter(|document| fits(projection, document))
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

#[cfg(test)]
mod tests {
    use naftiko_schema::{ArrayProjection, CutProjection, MapProjection, PathFunction, ProjectedMember, list, text};
    use proptest::prelude::*;
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
    fn items_are_built_whatever_they_are() {
        const NAME: Projection = Projection::Path(list(const { &[PathStep::Key(text("name"))] }));
        const NAMED: &[Projection] = const {
            &[Projection::Object(ObjectProjection::new(&[], const { &[ProjectedMember::new("name", NAME)] }))]
        };
        static LIST: Projection = Projection::Array(ArrayProjection::new(&[], NAMED));
        static OF_XML: Projection =
            Projection::Array(ArrayProjection::new(const { &[PathStep::Key(text("tree"))] }, NAMED).wraps());
        let nothing = json!({"name": null});
        assert_eq!(shaped(&LIST, json!([{"name": 1}, "x", null])), json!([{"name": 1}, nothing, nothing]));
        assert_eq!(shaped(&OF_XML, json!({"tree": ["", {"name": "Oak"}]})), json!([nothing, {"name": "Oak"}]));
        assert_eq!(shaped(&OF_XML, json!({"tree": ""})), json!([nothing]));
        assert_eq!(shaped(&OF_XML, json!({})), json!([]));
        assert_eq!(shaped(&OF_XML, json!("")), json!([]));
        assert_eq!(element("x".to_owned()), json!({"": "x"}));
        assert_eq!(element(String::new()), json!({}));
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

    fn path() -> impl Strategy<Value = Vec<PathStep>> {
        let step = prop_oneof![
            4 => prop::sample::select(&["a", "b", "c"][..]).prop_map(|name| PathStep::Key(name.into())),
            1 => Just(PathStep::Each),
            1 => (-2..3i64).prop_map(PathStep::Index),
            1 => Just(PathStep::Function(PathFunction::Length)),
            1 => Just(PathStep::Members(vec!["a".into(), "b".into()].into())),
        ];
        prop::collection::vec(step, 0..3)
    }

    fn projection() -> impl Strategy<Value = Projection> {
        let leaf = prop_oneof![
            path().prop_map(|path| Projection::Path(path.into())),
            path().prop_map(|path| Projection::Cut(CutProjection { at: path.into(), length: 1 })),
            Just(Projection::Json("1".into())),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            let several = || prop::collection::vec(inner.clone(), 0..3);
            let item = |item: Projection| vec![item].into();
            let members = |values: Vec<Projection>| -> Vec<_> {
                let named = ["x", "y", "z"].into_iter().zip(values);
                named.map(|(name, value)| ProjectedMember { name: name.into(), value }).collect()
            };
            prop_oneof![
                (path(), several()).prop_map(move |(at, values)| {
                    Projection::Object(ObjectProjection { at: at.into(), members: members(values).into() })
                }),
                (path(), inner.clone(), any::<bool>()).prop_map(move |(at, value, wraps)| {
                    Projection::Array(ArrayProjection { at: at.into(), item: item(value), wraps })
                }),
                (path(), inner.clone()).prop_map(move |(at, value)| {
                    Projection::Map(MapProjection { at: at.into(), value: item(value) })
                }),
                several().prop_map(|projections| Projection::First(projections.into())),
            ]
        })
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..9u8).prop_map(Value::from),
            "[ab]{0,2}".prop_map(Value::from),
            Just(json!(0.5))
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            let named = prop::collection::vec((prop::sample::select(&["a", "b", "c"][..]), inner.clone()), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
                named.prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
            ]
        })
    }

    proptest! {
        // Few of the projections look at lists in lists.
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn what_is_needed_gives_the_same_as_the_whole_document(projection in projection(), document in tree()) {
            let projection: &'static Projection = Box::leak(Box::new(projection));
            let text = document.to_string();
            let needed = Needs::of(projection).read(text.as_bytes()).expect("JSON");
            prop_assert_eq!(shaped(projection, needed.clone()), shaped(projection, document.clone()), "{}", needed);
            prop_assert_eq!(fits(projection, &needed), fits(projection, &document));
        }
    }
}
