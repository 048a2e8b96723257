//! The inputs of a tool, from the arguments of a call.

use naftiko_adapter::{Values, numbers, unknown_inputs};
use naftiko_client::__private::{Argument, Violations, from_json_text};
use naftiko_client::Error;
use naftiko_schema::{Kind, Location, Parameter, Tool};
use rmcp::model::JsonObject;
use serde_json::Value;
use serde_json::value::RawValue;

/// How many arguments a note names.
const SHOWN: usize = 20;

/// The values of a tool's inputs.
pub(super) struct Inputs {
    pub(super) values: Values,
    /// The inputs of another type that the client sent as text.
    pub(super) from_text: Vec<&'static Parameter>,
}

impl Inputs {
    pub(super) fn read(tool: &'static Tool, arguments: Option<JsonObject>) -> Result<Self, Error> {
        let inputs = tool.binding.inputs();
        let mut read = Self { values: naftiko_adapter::values(&tool.binding), from_text: Vec::new() };
        let mut arguments = arguments.unwrap_or_default();
        for (input, slot) in inputs.iter().zip(&mut read.values) {
            let Some(value) = arguments.remove(&*input.name) else { continue };
            // Models often write null for an argument that they leave out. It is a value only if the input accepts any JSON.
            if value == Value::Null && input.kind != Kind::Any {
                continue;
            }
            let parsed = parsed(input, &value);
            read.from_text.extend(parsed.is_some().then_some(input));
            *slot = Some(parsed.unwrap_or_else(|| argument(input.kind, value)));
        }
        if arguments.is_empty() {
            return Ok(read);
        }
        let mut violations = Violations::default();
        unknown_inputs(&mut violations, arguments.keys().map(String::as_str), inputs, |violation| violation);
        Err(Error::arguments(tool.binding.target.name(), violations))
    }
}

fn argument(kind: Kind, value: Value) -> Argument {
    let is_exact = match &value {
        Value::String(text) => matches!(kind, Kind::String | Kind::Any) && !numbers::is_marked(text),
        Value::Number(_) => kind == Kind::Integer,
        Value::Bool(_) => true,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    };
    if is_exact { Argument::Value(value) } else { from_json_text(kind, &numbers::write(&value)) }
}

/// The argument of a text that is exactly one JSON value of the input's type. Some clients send all values as text.
fn parsed(input: &Parameter, value: &Value) -> Option<Argument> {
    let text = value.as_str().filter(|text| !numbers::is_marked(text))?;
    if matches!(input.kind, Kind::String | Kind::Any) {
        return None;
    }
    let json = serde_json::from_str::<&RawValue>(text).ok()?.get();
    let argument = argument(input.kind, numbers::read(json.as_bytes()).ok()?);
    // What else is wrong with it is reported like that of any other value.
    let any_of_type = Parameter::new("", Location::Field, input.kind);
    Argument::check(&any_of_type, Some(&argument)).ok().map(|()| argument)
}

/// The note in results of calls with inputs that were sent as text.
pub(super) fn note(from_text: &[&Parameter]) -> Option<String> {
    let each = from_text.iter().take(SHOWN).map(|input| format!("`{}` (read as {})", input.name, input.kind.as_str()));
    let each = each.collect::<Vec<_>>().join(", ");
    let more = if from_text.len() > SHOWN { ", and others" } else { "" };
    (!from_text.is_empty())
        .then(|| format!("These arguments were sent as text; send JSON values instead: {each}{more}."))
}
