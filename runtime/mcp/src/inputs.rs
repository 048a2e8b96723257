//! The inputs of a tool, from the arguments of a call.

use naftiko_adapter::{Values, numbers, unknown_input};
use naftiko_client::__private::{Argument, from_json_text};
use naftiko_client::{Error, Violation};
use naftiko_schema::{Kind, Tool};
use rmcp::model::JsonObject;
use serde_json::Value;

/// The values of a tool's inputs.
pub(super) fn values(tool: &'static Tool, arguments: Option<JsonObject>) -> Result<Values, Error> {
    let inputs = tool.binding.inputs();
    let mut values = naftiko_adapter::values(&tool.binding);
    let mut violations: Vec<Violation> = Vec::new();
    for (name, value) in arguments.into_iter().flatten() {
        match inputs.iter().zip(&mut values).find(|(input, _)| input.name == name) {
            // Models often write null for an argument that they leave out. It is a value only if the input accepts any JSON.
            Some((input, _)) if value == Value::Null && input.kind != Kind::Any => {}
            Some((input, slot)) => *slot = Some(argument(input.kind, value)),
            None => violations.push(unknown_input(&name, inputs)),
        }
    }
    if violations.is_empty() { Ok(values) } else { Err(Error::arguments(tool.binding.target.name(), violations)) }
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
