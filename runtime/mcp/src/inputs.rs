//! The inputs of a tool, from the arguments of a call.

use naftiko_adapter::{Values, also_wrong, checked, numbers, unknown_inputs};
use naftiko_client::__private::{Argument, Arguments, Connection, Schema, Violations, from_json_text, listed};
use naftiko_client::{Error, Violation};
use naftiko_schema::{Kind, Location, Parameter, Tool};
use rmcp::model::JsonObject;
use serde_json::Value;
use serde_json::value::RawValue;

/// How many arguments a note names.
const SHOWN: usize = 20;
/// How long the list of members is in a note, in bytes.
const NAMES_LIMIT: usize = 1000;

/// The values of a tool's inputs.
pub(super) struct Inputs {
    values: Values,
    /// What is wrong with the names of arguments.
    violations: Violations,
    /// The inputs of another type that the client sent as text.
    from_text: Vec<&'static Parameter>,
    /// Arguments that are members of the body.
    moved: Moved,
}

/// The members of the body that the client sent beside it, and the name of the body.
#[derive(Default)]
struct Moved {
    body: &'static str,
    names: Vec<String>,
}

impl Inputs {
    pub(super) fn read(tool: &'static Tool, arguments: Option<JsonObject>) -> Self {
        let inputs = tool.binding.inputs();
        let values = naftiko_adapter::values(&tool.binding);
        let violations = Violations::default();
        let mut read = Self { values, violations, from_text: Vec::new(), moved: Moved::default() };
        let mut arguments = arguments.unwrap_or_default();
        for (input, slot) in inputs.iter().zip(&mut read.values) {
            let Some(value) = arguments.shift_remove(&*input.name) else { continue };
            // Models often write null for an argument that they leave out. It is a value only in a body that accepts any JSON.
            let has_null = input.kind == Kind::Any && input.location.is_body();
            if value == Value::Null && !has_null {
                continue;
            }
            let parsed = parsed(input, &value);
            read.from_text.extend(parsed.is_some().then_some(input));
            *slot = Some(parsed.unwrap_or_else(|| argument(input.kind, value)));
        }
        read.members(tool, &mut arguments);
        if tool.open {
            return read;
        }
        let fixed = &tool.binding.fixed;
        let unknown: Vec<_> = arguments.keys().filter(|name| !fixed.iter().any(|fixed| fixed == *name)).collect();
        unknown_inputs(&mut read.violations, unknown.into_iter().map(String::as_str), inputs, |violation| violation);
        read
    }

    /// The arguments of the operation, if nothing is wrong with the inputs.
    pub(super) async fn checked(self, tool: &'static Tool, connection: &Connection) -> Result<Arguments, Error> {
        let Self { values, mut violations, .. } = self;
        if violations.is_empty() {
            return checked(&tool.binding, connection, values).await;
        }
        let known: Vec<_> = violations.first().iter().map(|violation| violation.parameter.as_str()).collect();
        let others = also_wrong(&tool.binding, connection, values, &known).await;
        violations.absorb(others);
        Err(Error::arguments(tool.binding.target.name(), violations))
    }

    /// Takes arguments that are members of the body into it, because models often leave out what is around them. Beside a body,
    /// they are violations.
    fn members(&mut self, tool: &'static Tool, arguments: &mut JsonObject) {
        let binding = &tool.binding;
        let (Some(id), Some(schema)) = (binding.body_input(), binding.target.request_schema()) else { return };
        let (Some(input), Some(slot)) = (binding.inputs().get(id.index()), self.values.get_mut(id.index())) else {
            return;
        };
        let schema = Schema::of(schema);
        let mut body = JsonObject::new();
        for (name, value) in std::mem::take(arguments) {
            match schema.member(&name) {
                None => drop(arguments.insert(name, value)),
                Some(_) if slot.is_some() => {
                    self.violations.push(Violation::new(&name, format!("belongs into `{}`", input.name)));
                }
                // Like null for an input.
                Some(member) if value.is_null() && !member.nullable => {}
                Some(_) => drop(body.insert(name, value)),
            }
        }
        if !body.is_empty() {
            self.moved = Moved { body: &input.name, names: body.keys().cloned().collect() };
            *slot = Some(argument(input.kind, Value::Object(body)));
        }
    }

    /// The note in results of calls whose arguments were not sent as the tool declares them.
    pub(super) fn note(&self) -> Option<String> {
        let notes = [of_texts(&self.from_text), self.moved.note()];
        let notes: Vec<_> = notes.into_iter().flatten().collect();
        (!notes.is_empty()).then(|| notes.join(" "))
    }
}

impl Moved {
    fn note(&self) -> Option<String> {
        let names = listed(&self.names, NAMES_LIMIT);
        let body = self.body;
        (!self.names.is_empty()).then(|| {
            format!("These arguments were taken as members of `{body}`; send them inside of `{body}`: {names}.")
        })
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

/// The note about inputs that were sent as text.
fn of_texts(from_text: &[&Parameter]) -> Option<String> {
    let each = from_text.iter().take(SHOWN).map(|input| format!("`{}` (read as {})", input.name, input.kind.as_str()));
    let each = each.collect::<Vec<_>>().join(", ");
    let more = if from_text.len() > SHOWN { ", and others" } else { "" };
    (!from_text.is_empty())
        .then(|| format!("These arguments were sent as text; send JSON values instead: {each}{more}."))
}
