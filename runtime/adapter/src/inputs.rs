//! Maps what a REST or MCP caller sends to the arguments of an operation.

use naftiko_client::__private::{Argument, Arguments, check_json, scalar_text};
use naftiko_client::{Error, Violation};
use naftiko_schema::{ArgumentMapping, ArgumentSource, Binding, InputText, Kind, Location, Parameter, SourceMember};
use serde_json::{Map, Value};

/// The values that a caller sent, by input index.
pub type Values = Vec<Option<Argument>>;

/// How much of an unknown name is repeated in messages, in characters.
pub const NAME_LIMIT: usize = 64;

/// No value for each input.
pub fn values(binding: &Binding) -> Values {
    vec![None; binding.inputs().len()]
}

/// Checks the caller's values as inputs, and maps them to the target's arguments.
///
/// # Errors
/// If values are missing or invalid.
pub fn checked(binding: &'static Binding, mut values: Values) -> Result<Arguments, Error> {
    let mut violations = Vec::new();
    for (input, value) in binding.inputs().iter().zip(&mut values) {
        if value.is_none() {
            *value = input.default.as_deref().and_then(|json| serde_json::from_str(json).ok()).map(Argument::Value);
        }
        violations.extend(Argument::check(input, value.as_ref()).err());
    }
    if violations.is_empty() {
        Ok(arguments(binding, values))
    } else {
        Err(Error::arguments(binding.target.name(), violations))
    }
}

fn arguments(binding: &Binding, values: Values) -> Arguments {
    let mapped: Values = match &binding.arguments {
        ArgumentMapping::Identity => values,
        ArgumentMapping::Mapped(mapping) => mapping.sources.iter().map(|source| argument(source, &values)).collect(),
    };
    let parameters = binding.target.parameters().iter();
    let converted = mapped.into_iter().zip(parameters).map(|(argument, to)| Some(convert(argument?, to)));
    Arguments::of(converted.collect())
}

fn argument(source: &ArgumentSource, values: &Values) -> Option<Argument> {
    match source {
        ArgumentSource::Absent => None,
        ArgumentSource::Input(id) => values.get(id.index()).cloned().flatten(),
        ArgumentSource::Json(json) => serde_json::from_str(json).ok().map(Argument::Value),
        ArgumentSource::Text(parts) => {
            let text = |part: &InputText| match part {
                InputText::Literal(text) => Some(text.clone().into_owned()),
                InputText::Input(id) => Some(values.get(id.index())?.as_ref()?.text().into_owned()),
            };
            let texts: Option<String> = parts.iter().map(text).collect();
            texts.map(|text| Argument::Value(Value::String(text)))
        }
        ArgumentSource::List(items) => {
            let present: Vec<Value> = items.iter().filter_map(|item| argument(item, values)?.into_value()).collect();
            (!present.is_empty() || items.is_empty()).then(|| Argument::Value(present.into()))
        }
        ArgumentSource::Object(members) => {
            let member = |member: &SourceMember| {
                Some((member.name.clone().into_owned(), argument(&member.value, values)?.into_value()?))
            };
            let present: Map<String, Value> = members.iter().filter_map(member).collect();
            (!present.is_empty() || members.is_empty()).then(|| Argument::Value(present.into()))
        }
    }
}

/// Converts an input to the type of its parameter: text to a number, a number to text.
fn convert(argument: Argument, parameter: &Parameter) -> Argument {
    let value = match argument {
        Argument::Raw(_) => return argument,
        Argument::Json(_) if parameter.location == Location::Body => return argument,
        // JSON of the right type keeps its digits.
        Argument::Json(ref json) if parameter.location == Location::Field && check_json(parameter, json).is_ok() => {
            return argument;
        }
        Argument::Json(ref json) => match serde_json::from_slice(json) {
            Ok(value) => value,
            // It is nested too deeply for a value. The request reports that.
            Err(_) => return argument,
        },
        Argument::Value(value) => value,
    };
    let converted = match (&value, parameter.kind) {
        (Value::Number(_) | Value::Bool(_), Kind::String) => scalar_text(&value).map(Value::from),
        (Value::String(text), Kind::Integer | Kind::Number | Kind::Boolean | Kind::Object) => {
            serde_json::from_str(text).ok().filter(|typed: &Value| !typed.is_string() && !typed.is_null())
        }
        // A single value becomes an array of one item.
        (Value::String(_) | Value::Number(_) | Value::Bool(_), Kind::Array) => Some(Value::Array(vec![value.clone()])),
        _ => None,
    };
    Argument::Value(converted.unwrap_or(value))
}

/// The violation for an unknown input, with the names of the known inputs.
pub fn unknown_input<'i>(name: &str, inputs: impl IntoIterator<Item = &'i Parameter>) -> Violation {
    let known: Vec<_> = inputs.into_iter().map(|input| format!("`{}`", input.name)).collect();
    let known =
        if known.is_empty() { "none are accepted".to_owned() } else { format!("expected one of {}", known.join(", ")) };
    let name: String = name.chars().take(NAME_LIMIT).collect();
    Violation::new(&name, format!("is not a known input; {known}"))
}
