//! Parses arguments from text.

use bytes::Bytes;
use naftiko_schema::{Kind, Parameter, ParameterStyle};
use serde::de::IgnoredAny;
use serde_json::{Number, Value};

use super::check::{Violation, wrong_kind};
use super::values::Argument;

/// Parses an argument from the texts of a path, query, header or cookie. Several texts make an array.
pub fn from_texts(
    parameter: &Parameter,
    mut texts: impl ExactSizeIterator<Item = String>,
) -> Result<Argument, Violation> {
    if parameter.kind == Kind::Array {
        // One segment of a path has all the items.
        if let (true, Some(ParameterStyle::Separated(separator))) = (parameter.location.is_path(), parameter.style) {
            let items =
                texts.flat_map(|text| text.split(char::from(separator.byte())).map(Value::from).collect::<Vec<_>>());
            return Ok(Argument::Value(items.collect()));
        }
        return Ok(Argument::Value(texts.map(Value::String).collect()));
    }
    let count = texts.len();
    let (Some(text), None) = (texts.next(), texts.next()) else {
        return Err(Violation::new(&parameter.name, format!("was given {count} times, but takes one value")));
    };
    let number = |text: &str| serde_json::from_str::<Number>(text).ok();
    let is_object = |text: &str| text.starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok();
    let argument = match parameter.kind {
        // What is written member by member may be an object, which callers send as JSON.
        Kind::Any if parameter.style.is_some() && is_object(&text) => Some(Argument::Json(text.into())),
        Kind::String | Kind::Array | Kind::Any => Some(Argument::Value(text.into())),
        // Python, for one, writes `True`. What goes on is `true`.
        Kind::Boolean => text.to_ascii_lowercase().parse().ok().map(|flag: bool| Argument::Value(flag.into())),
        Kind::Integer => number(&text).map(|number| Argument::Value(number.into())),
        Kind::Number => number(&text).map(|_| Argument::Json(text.into())),
        Kind::Object => serde_json::from_str::<IgnoredAny>(&text).ok().map(|_| Argument::Json(text.into())),
    };
    argument.ok_or_else(|| wrong_kind(parameter))
}

/// The argument of JSON text. It is parsed if that loses nothing, otherwise kept as text.
pub fn from_json_text(kind: Kind, json: &str) -> Argument {
    let parsed = match kind {
        Kind::String | Kind::Integer | Kind::Boolean => serde_json::from_str(json).ok(),
        Kind::Number | Kind::Array | Kind::Object | Kind::Any => None,
    };
    parsed.map_or_else(|| Argument::Json(Bytes::copy_from_slice(json.as_bytes())), Argument::Value)
}
