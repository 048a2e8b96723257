//! Checks arguments the same way for the client, REST and MCP.

use std::borrow::Cow;
use std::fmt;

use naftiko_schema::http::is_dots;
use naftiko_schema::{Kind, Location, Parameter, ParameterStyle};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::rules;

/// What is wrong with one argument. It never contains the value, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The name of the parameter, or of the input for callers of an adapter.
    pub parameter: String,
    /// What is wrong and what is allowed.
    pub problem: String,
    /// Where in the argument it is wrong, as a JSON pointer (RFC 6901); `None` if it is wrong as a whole.
    pub pointer: Option<String>,
}

impl Violation {
    #[doc(hidden)]
    pub fn new(parameter: &str, problem: impl Into<String>) -> Self {
        Self { parameter: parameter.to_owned(), problem: problem.into(), pointer: None }
    }

    /// The same violation of a part of the argument.
    #[doc(hidden)]
    #[must_use]
    pub fn at(mut self, pointer: String) -> Self {
        self.pointer = Some(pointer).filter(|pointer| !pointer.is_empty());
        self
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ", self.parameter)?;
        if let Some(pointer) = &self.pointer {
            write!(f, "at `{pointer}` ")?;
        }
        f.write_str(&self.problem)
    }
}

/// Checks one argument against its parameter. `None` means that the caller left it out.
pub(crate) fn check(parameter: &Parameter, value: Option<&Value>) -> Result<(), Violation> {
    let Some(value) = value else {
        let missing = || Violation::new(&parameter.name, required(parameter.configured.as_deref()));
        return if parameter.required { Err(missing()) } else { Ok(()) };
    };
    if !accepts(parameter.kind, value) {
        return Err(wrong_kind(parameter));
    }
    check_rules(parameter, value)?;
    let has_no_text = |item: &Value| scalar_text(item).is_none();
    let no_texts = value.as_array().is_some_and(|items| items.iter().any(has_no_text));
    if is_in_parts(parameter, no_texts) {
        return Ok(());
    }
    check_location(parameter, scalar_text(value).as_deref(), no_texts)
}

/// Whether a value is written in several parts, each of which may be anything. In a path, what is built of the parts is checked.
fn is_in_parts(parameter: &Parameter, has_items_without_text: bool) -> bool {
    match parameter.style {
        Some(ParameterStyle::Brackets) => true,
        Some(_) => parameter.location.is_path() && !has_items_without_text,
        None => false,
    }
}

/// Checks JSON text as an argument that does not travel in a body.
pub(super) fn check_text(parameter: &Parameter, json: &[u8]) -> Result<(), Violation> {
    check_json(parameter, json)?;
    let has_no_text = |item: &&RawValue| scalar(item.get().as_bytes()).is_none();
    let no_texts = items(json).is_some_and(|items| items.iter().any(has_no_text));
    if is_in_parts(parameter, no_texts) {
        return Ok(());
    }
    check_location(parameter, scalar(json).as_deref(), no_texts)
}

/// Checks whether a value fits its location, from its text if it is a scalar, and whether it has items that are not.
fn check_location(parameter: &Parameter, text: Option<&str>, has_items_without_text: bool) -> Result<(), Violation> {
    let name = &parameter.name;
    match parameter.location {
        Location::Path => check_path_segment(name, text),
        Location::Segments => check_path_segments(name, text),
        Location::Query | Location::Header | Location::Cookie if has_items_without_text => {
            Err(Violation::new(name, "must contain only strings, numbers or booleans"))
        }
        Location::Query
        | Location::Header
        | Location::Cookie
        | Location::Body
        | Location::Field
        | Location::Inserted
        | Location::Credential => Ok(()),
    }
}

/// What is wrong if something is left out that an environment variable could have.
pub(super) fn required(variable: Option<&str>) -> String {
    let unless = variable.map(|name| format!(" where the environment variable `{name}` is not set"));
    format!("is required{}", unless.unwrap_or_default())
}

fn accepts(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::String => value.is_string(),
        Kind::Integer => is_integer(value),
        Kind::Number => value.is_number(),
        Kind::Boolean => value.is_boolean(),
        Kind::Array => value.is_array(),
        Kind::Object => value.is_object(),
        Kind::Any => true,
    }
}

/// Checks a body that is valid JSON text. The first character identifies objects and arrays, so they need no parsing.
pub(super) fn check_json(parameter: &Parameter, json: &[u8]) -> Result<(), Violation> {
    let first = json.iter().find(|byte| !byte.is_ascii_whitespace());
    let accepted = match parameter.kind {
        Kind::Object => first == Some(&b'{'),
        Kind::Array => first == Some(&b'['),
        Kind::Any => true,
        kind => serde_json::from_slice(json).is_ok_and(|value| accepts(kind, &value)),
    };
    if !accepted {
        return Err(wrong_kind(parameter));
    }
    if parameter.rules.is_empty() {
        return Ok(());
    }
    serde_json::from_slice(json).map_or(Ok(()), |value| check_rules(parameter, &value))
}

fn check_rules(parameter: &Parameter, value: &Value) -> Result<(), Violation> {
    rules::broken(&parameter.rules, value).map_or(Ok(()), |problem| Err(Violation::new(&parameter.name, problem)))
}

fn is_integer(value: &Value) -> bool {
    // JSON Schema counts 10.0 as an integer. OpenAPI documents say `int64`, and clients use `i64`.
    value.is_i64() || value.as_f64().is_some_and(|number| number.fract() == 0.0 && number.abs() < 9.0e15)
}

pub(super) fn wrong_kind(parameter: &Parameter) -> Violation {
    let kind = match parameter.kind {
        Kind::String => "a string",
        Kind::Integer => "a whole number that fits 64 bits",
        Kind::Number => "a number",
        Kind::Boolean => "`true` or `false`",
        Kind::Array => "an array",
        Kind::Object => "an object",
        Kind::Any => "any JSON value",
    };
    Violation::new(&parameter.name, format!("must be {kind}"))
}

/// Rejects values that would change which resource a path identifies. Percent-encoding does not help: URL parsers
/// resolve `.` and `..` even when their dots are encoded (RFC 3986 §5.2.4; WHATWG URL, "double-dot path segment").
fn check_path_segment(name: &str, text: Option<&str>) -> Result<(), Violation> {
    let Some(text) = text else {
        return Err(Violation::new(name, "must be one value that fits a path segment"));
    };
    if text.is_empty() {
        return Err(Violation::new(name, "must not be empty: it is a path segment"));
    }
    if is_dots(text) {
        return Err(Violation::new(name, "must not be `.` or `..`: it is a path segment"));
    }
    Ok(())
}

fn check_path_segments(name: &str, text: Option<&str>) -> Result<(), Violation> {
    let Some(text) = text else {
        return Err(Violation::new(name, "must be one value that fits a path"));
    };
    if text.split('/').any(|segment| segment.is_empty() || is_dots(segment)) {
        return Err(Violation::new(name, "must be path segments, none of which is empty, `.` or `..`"));
    }
    Ok(())
}

/// The text of a string, number or boolean; `None` for other values.
pub(crate) fn scalar_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Number(number) => Some(match number.as_f64() {
            // A whole number that came as 10.0 is written as 10.
            Some(float) if !number.is_i64() && !number.is_u64() && float.fract() == 0.0 && float.abs() < 9.0e15 => {
                format!("{float:.0}").into()
            }
            _ => number.to_string().into(),
        }),
        Value::Bool(flag) => Some(if *flag { "true" } else { "false" }.into()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The text of a string, number or boolean in JSON, digit for digit; `None` for other values.
pub(crate) fn scalar(json: &[u8]) -> Option<String> {
    match json.trim_ascii() {
        [] | [b'{' | b'[' | b'n', ..] => None,
        text @ [b'"', ..] => serde_json::from_slice(text).ok(),
        text => String::from_utf8(text.to_vec()).ok(),
    }
}

/// The items of an array in JSON; `None` for other values.
pub(crate) fn items(json: &[u8]) -> Option<Vec<&RawValue>> {
    if json.trim_ascii_start().first() == Some(&b'[') { serde_json::from_slice(json).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(value: &str) -> Result<(), Violation> {
        let parameter = Parameter::new("id", Location::Path, Kind::String).required();
        check(&parameter, Some(&Value::from(value)))
    }

    #[test]
    fn multi_segment_arguments_with_dots_or_empty_segments_are_rejected() {
        let parameter = Parameter::new("key", Location::Segments, Kind::String).required();
        for text in ["", "/", "a/", "/a", "a//b", "..", "a/../b", "a/%2E%2e", "%2e/a"] {
            assert!(check(&parameter, Some(&Value::from(text))).is_err(), "{text:?} must be rejected");
        }
        for text in ["a", "a/b/c", "a/...", "a b/\\..", "a/%2f"] {
            assert!(check(&parameter, Some(&Value::from(text))).is_ok(), "{text:?} must be accepted");
        }
    }

    #[test]
    fn path_arguments_that_are_empty_or_dots_are_rejected() {
        for text in ["", ".", "..", "%2e", "%2E", "%2e%2e", ".%2E", "%2e."] {
            assert!(path(text).is_err(), "{text:?} must be rejected");
        }
        for text in ["...", "..a", "../x", "%2f", "a"] {
            assert!(path(text).is_ok(), "{text:?} must be accepted");
        }
    }

    #[test]
    fn a_missing_required_argument_is_a_violation() {
        let parameter = Parameter::new("region", Location::Query, Kind::String).required();
        assert_eq!(check(&parameter, None), Err(Violation::new("region", "is required")));
    }

    #[test]
    fn integers_may_be_written_as_floats() {
        let parameter = Parameter::new("page", Location::Query, Kind::Integer);
        assert!(check(&parameter, Some(&Value::from(10.0))).is_ok());
        assert!(check(&parameter, Some(&Value::from(10.5))).is_err());
        assert_eq!(scalar_text(&Value::from(10.0)).as_deref(), Some("10"));
    }

    #[test]
    fn integers_fit_64_bits_with_their_sign() {
        let parameter = Parameter::new("page", Location::Query, Kind::Integer);
        for (text, good) in [
            ("9223372036854775807", true),
            ("-9223372036854775808", true),
            ("9223372036854775808", false),
            ("-9223372036854775809", false),
            ("18446744073709551615", false),
        ] {
            let value: Value = serde_json::from_str(text).expect("a number");
            assert_eq!(check(&parameter, Some(&value)).is_ok(), good, "{text}");
        }
    }
}
