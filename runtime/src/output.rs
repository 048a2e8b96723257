//! What of an answer a caller gets: all of it as it came, or a document made of it.

use serde_json::{Map, Value};

/// What of an answer a caller gets.
#[derive(Debug)]
pub enum Output {
    /// All of it, byte for byte.
    Whole,
    /// A JSON document made of it.
    Projected(Projection),
}

/// How to make one document of another.
#[derive(Debug)]
pub enum Projection {
    /// The value at a path; null where there is none.
    Path(&'static [PathStep]),
    /// A fixed value, as JSON text.
    Json(&'static str),
    /// An object made of the value at a path.
    Object {
        /// The path.
        at: &'static [PathStep],
        /// The members.
        fields: &'static [(&'static str, Projection)],
    },
    /// An array made of the items of the array at a path; null where there is none.
    Array {
        /// The path.
        at: &'static [PathStep],
        /// How to make an item.
        item: &'static Projection,
    },
}

/// A step of a path into a document.
#[derive(Debug)]
pub enum PathStep {
    /// The member with this name.
    Key(&'static str),
    /// The item with this index, counted from the end where negative.
    Index(i64),
    /// Every item.
    Each,
}

impl Projection {
    /// Makes the document.
    pub(crate) fn apply(&self, document: &Value) -> Value {
        match self {
            Self::Path(steps) => follow(document, steps),
            Self::Json(json) => serde_json::from_str(json).unwrap_or_default(),
            Self::Object { at, fields } => {
                let base = follow(document, at);
                let fields = fields.iter().map(|(name, field)| ((*name).to_owned(), field.apply(&base)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
            Self::Array { at, item } => match follow(document, at) {
                Value::Array(items) => items.iter().map(|value| item.apply(value)).collect(),
                _ => Value::Null,
            },
        }
    }
}

fn follow(value: &Value, steps: &[PathStep]) -> Value {
    let Some((step, rest)) = steps.split_first() else { return value.clone() };
    match (step, value) {
        (PathStep::Key(name), Value::Object(members)) => {
            members.get(*name).map_or(Value::Null, |value| follow(value, rest))
        }
        (PathStep::Index(index), Value::Array(items)) => {
            let index =
                if *index < 0 { items.len().checked_add_signed(*index as isize) } else { usize::try_from(*index).ok() };
            index.and_then(|index| items.get(index)).map_or(Value::Null, |value| follow(value, rest))
        }
        (PathStep::Each, Value::Array(items)) => items.iter().map(|value| follow(value, rest)).collect(),
        (PathStep::Each, Value::Object(members)) => members.values().map(|value| follow(value, rest)).collect(),
        (PathStep::Each, _) => Value::Array(Vec::new()),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn projections_start_from_where_their_parent_points() {
        static ITEM: Projection = Projection::Object {
            at: &[],
            fields: &[("id", Projection::Path(&[PathStep::Key("id")])), ("kind", Projection::Json("\"x\""))],
        };
        static PROJECTION: Projection = Projection::Object {
            at: &[PathStep::Key("data")],
            fields: &[
                ("items", Projection::Array { at: &[PathStep::Key("list")], item: &ITEM }),
                ("last", Projection::Path(&[PathStep::Key("list"), PathStep::Index(-1), PathStep::Key("id")])),
                ("gone", Projection::Path(&[PathStep::Key("gone"), PathStep::Key("deeper")])),
            ],
        };
        let document = json!({"data": {"list": [{"id": 1, "more": true}, {"id": 2}]}});
        let expected = json!({"items": [{"id": 1, "kind": "x"}, {"id": 2, "kind": "x"}], "last": 2, "gone": null});
        assert_eq!(PROJECTION.apply(&document), expected);
    }
}
