//! Paths into documents with [marked numbers](numbers).

use naftiko_schema::{PathFunction, PathStep, Text};
use serde_json::Value;

use crate::shape::Shape;
use crate::{numbers, query};

/// The value at a path; `None` if it does not exist. A path that may select several values has a list, which may be empty.
pub(crate) fn find<'d>(document: &'d Value, path: &[PathStep]) -> Option<Shape<'d>> {
    let is_last = |step: &PathStep| matches!(step, PathStep::Function(_) | PathStep::Members(_));
    let functions = path.iter().position(is_last).unwrap_or(path.len());
    let (steps, functions) = path.split_at_checked(functions)?;
    let found = if steps.iter().all(|step| matches!(step, PathStep::Key(_) | PathStep::Index(_))) {
        Shape::Part(steps.iter().try_fold(document, child)?)
    } else {
        let mut found = Vec::new();
        select(document, steps, &mut found);
        Shape::Array(found.into_iter().map(Shape::Part).collect())
    };
    functions.iter().try_fold(found, |value, step| match step {
        PathStep::Function(function) => applied(*function, &value),
        PathStep::Members(names) => members(names, &value),
        _ => None,
    })
}

/// The value at the end of one step.
fn child<'d>(value: &'d Value, step: &PathStep) -> Option<&'d Value> {
    match (step, value) {
        // To hash a name takes longer than to compare it with a few.
        (PathStep::Key(name), Value::Object(members)) if members.len() <= 8 => {
            members.iter().find(|(known, _)| **known == **name).map(|(_, member)| member)
        }
        (PathStep::Key(name), Value::Object(members)) => members.get(&**name),
        (PathStep::Index(index), Value::Array(items)) => match usize::try_from(*index) {
            Ok(index) => items.get(index),
            Err(_) => items.get(items.len().checked_add_signed(isize::try_from(*index).ok()?)?),
        },
        _ => None,
    }
}

/// Adds all values at the end of the steps.
fn select<'d>(value: &'d Value, steps: &[PathStep], found: &mut Vec<&'d Value>) {
    let Some((step, rest)) = steps.split_first() else { return found.push(value) };
    match (step, value) {
        (PathStep::Each, Value::Array(items)) => items.iter().for_each(|item| select(item, rest, found)),
        (PathStep::Each, Value::Object(members)) => members.values().for_each(|member| select(member, rest, found)),
        (PathStep::Query(text), value) => query::nodes(text, value).iter().for_each(|node| select(node, rest, found)),
        (step, value) => child(value, step).into_iter().for_each(|child| select(child, rest, found)),
    }
}

/// The object of the members with these names that an object has, or a list of those of its objects.
fn members<'d>(names: &[Text], value: &Shape<'d>) -> Option<Shape<'d>> {
    match value {
        Shape::Part(Value::Object(own)) => {
            let named = names.iter().filter_map(|name| own.get_key_value(&**name));
            Some(Shape::Object(named.map(|(name, value)| (name.as_str(), Shape::Part(value))).collect()))
        }
        Shape::Array(items) => Some(Shape::Array(items.iter().filter_map(|item| members(names, item)).collect())),
        _ => None,
    }
}

/// The result of a function; `None` if it cannot be applied.
fn applied<'d>(function: PathFunction, value: &Shape<'d>) -> Option<Shape<'d>> {
    let own = |value: Value| Some(Shape::Own(value));
    match (function, value) {
        (PathFunction::Length, Shape::Part(Value::Object(members))) => own(members.len().into()),
        (PathFunction::Length, value) => own(value.items()?.len().into()),
        (PathFunction::Keys, Shape::Part(Value::Object(members))) => own(members.keys().cloned().collect()),
        (PathFunction::Keys, _) => None,
        (PathFunction::First, value) => value.items()?.into_iter().next(),
        (PathFunction::Last, value) => value.items()?.pop(),
        (PathFunction::Min | PathFunction::Max | PathFunction::Average | PathFunction::Sum, value) => {
            let numbers: Vec<f64> = value.items()?.iter().filter_map(float).collect();
            let sum = || numbers.iter().sum::<f64>();
            let result = match function {
                PathFunction::Min => numbers.iter().copied().reduce(f64::min),
                PathFunction::Max => numbers.iter().copied().reduce(f64::max),
                PathFunction::Average => (!numbers.is_empty()).then(|| sum() / numbers.len() as f64),
                _ => (!numbers.is_empty()).then(sum),
            };
            result.map(|number| Shape::Own(number.into()))
        }
    }
}

fn float(value: &Shape<'_>) -> Option<f64> {
    match value {
        Shape::Part(Value::Number(number)) | Shape::Own(Value::Number(number)) => number.as_f64(),
        Shape::Part(Value::String(text)) | Shape::Own(Value::String(text)) => {
            numbers::digits(text).and_then(|digits| digits.parse().ok())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn key(name: &'static str) -> PathStep {
        PathStep::Key(name.into())
    }

    fn at(document: &str, path: &[PathStep]) -> Option<String> {
        let document = numbers::read(document.as_bytes()).expect("JSON");
        find(&document, path).map(|shape| numbers::write(&shape))
    }

    #[test]
    fn path_through_every_item_leaves_out_what_is_not_there() {
        let document = r#"{"crew":[{"langs":["fr","en"],"age":3},{"langs":[]},{"age":null},7]}"#;
        let crew = |rest: &[PathStep]| at(document, &[&[key("crew"), PathStep::Each], rest].concat());
        assert_eq!(crew(&[key("age")]).as_deref(), Some("[3,null]"));
        assert_eq!(crew(&[key("langs"), PathStep::Each]).as_deref(), Some(r#"["fr","en"]"#));
        assert_eq!(crew(&[key("gone")]).as_deref(), Some("[]"));
        assert_eq!(at(document, &[key("gone"), PathStep::Each]).as_deref(), Some("[]"));
        assert_eq!(at(document, &[key("gone")]), None);
    }

    #[test]
    fn several_names_select_an_object_of_these_members() {
        let document = r#"{"crew":[{"who":"Bo","age":3},{"age":null},7],"one":{"b":1,"a":2,"c":3}}"#;
        let both = |names: &'static [Text]| PathStep::Members(names.into());
        let (ab, who) = (both(&[Text::Borrowed("a"), Text::Borrowed("b")]), both(&[Text::Borrowed("who")]));
        assert_eq!(at(document, &[key("one"), ab]).as_deref(), Some(r#"{"a":2,"b":1}"#));
        assert_eq!(at(document, &[key("crew"), PathStep::Each, who.clone()]).as_deref(), Some(r#"[{"who":"Bo"},{}]"#));
        assert_eq!(at(document, &[key("crew"), who]), None);
    }

    #[test]
    fn functions_apply_to_the_value_or_the_list() {
        let document = r#"{"n":[3,1.50,"x",null],"o":{"a":1,"b":2},"t":"text","none":[]}"#;
        let value = |name, function| at(document, &[key(name), PathStep::Function(function)]);
        assert_eq!(value("n", PathFunction::Length).as_deref(), Some("4"));
        assert_eq!(value("n", PathFunction::Min).as_deref(), Some("1.5"));
        assert_eq!(value("n", PathFunction::Max).as_deref(), Some("3.0"));
        assert_eq!(value("n", PathFunction::Sum).as_deref(), Some("4.5"));
        assert_eq!(value("n", PathFunction::Average).as_deref(), Some("2.25"));
        assert_eq!(value("n", PathFunction::First).as_deref(), Some("3"));
        assert_eq!(value("n", PathFunction::Last).as_deref(), Some("null"));
        assert_eq!(value("o", PathFunction::Length).as_deref(), Some("2"));
        assert_eq!(value("o", PathFunction::Keys).as_deref(), Some(r#"["a","b"]"#));
        for (name, function) in [
            ("none", PathFunction::Sum),
            ("none", PathFunction::First),
            ("t", PathFunction::Length),
            ("n", PathFunction::Keys),
        ] {
            assert_eq!(value(name, function), None, "{name} {function:?}");
        }
    }

    #[test]
    #[cfg(feature = "json-path")]
    fn queries_select_a_list_in_which_numbers_keep_their_digits() {
        let document =
            r#"[{"p":1.10,"n":"a"},{"p":12345678901234567890123,"n":"b"},{"p":"2","n":"c"},{"n":"d"},{"p":1e400}]"#;
        let query = |text: &'static str| at(document, &[PathStep::Query(text.into())]);
        assert_eq!(query("$[?@.p > 1.05].p").as_deref(), Some("[1.10,12345678901234567890123,1e400]"));
        assert_eq!(query("$[?@.p == 1.1].n").as_deref(), Some(r#"["a"]"#));
        assert_eq!(query("$[1:3].n").as_deref(), Some(r#"["b","c"]"#));
        assert_eq!(query("$..p").as_deref(), Some(r#"[1.10,12345678901234567890123,"2",1e400]"#));
        assert_eq!(query("$[?@.p > 5000000000000000000000000]").as_deref(), Some("[{\"p\":1e400}]"));
        assert_eq!(query("$[?@.gone]").as_deref(), Some("[]"));
    }

    fn step() -> impl Strategy<Value = PathStep> {
        prop_oneof![
            prop::sample::select(&["a", "b", ""][..]).prop_map(key),
            any::<i64>().prop_map(PathStep::Index),
            (-3..3i64).prop_map(PathStep::Index),
            Just(PathStep::Each),
            "[$@.\\[\\]?*:,'ab0-9 <>=!&|()]{0,12}".prop_map(|text| PathStep::Query(text.into())),
            prop::sample::select(&["$..*", "$[?@.a]", "$[::-1]", "$[0,0]", "$..[?@ == 1]"][..])
                .prop_map(|text| PathStep::Query(text.into())),
            prop::sample::select(
                &[PathFunction::Length, PathFunction::Keys, PathFunction::Last, PathFunction::Sum][..]
            )
            .prop_map(PathStep::Function),
        ]
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ab]{0,2}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            let pair = (inner.clone(), inner.clone()).prop_map(|(a, b)| json!({"a": a, "b": b}));
            prop_oneof![prop::collection::vec(inner, 0..4).prop_map(Value::from), pair]
        })
    }

    proptest! {
        #[test]
        fn any_path_into_any_document_has_a_value_or_none(document in document(), path in prop::collection::vec(step(), 0..5)) {
            let several = path.iter().any(|step| matches!(step, PathStep::Each | PathStep::Query(_) | PathStep::Function(_)));
            match find(&document, &path) {
                None => prop_assert!(path.iter().any(|step| !matches!(step, PathStep::Each))),
                Some(found) => prop_assert!(several || matches!(found, Shape::Part(_))),
            }
        }
    }
}
