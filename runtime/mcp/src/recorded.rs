//! Arguments as an audit records them: as many as a tool has, without secrets, and short.

use naftiko_adapter::{numbers, short};
use naftiko_client::__private::{Schema, VariableValues, shortened};
use naftiko_schema::Binding;
use rmcp::model::JsonObject;
use serde_json::Value;

use super::mask::of_arguments;

/// The longest text, in characters.
const TEXT_LIMIT: usize = 256;
/// The longest value of an argument, in bytes as JSON.
const VALUE_LIMIT: usize = 2048;
/// The longest values of all arguments together.
const LIMIT: usize = 8192;
/// What is shown in the place of a value that is too long.
const CUT: &str = "…";

/// How many arguments are recorded that the tool does not have. Callers can make up as many as fit into a message.
const UNKNOWN: usize = 16;

/// The arguments of a call that are recorded.
#[derive(Default)]
pub(super) struct Recorded {
    /// Their names, those that the tool does not have cut where they are long.
    pub(super) names: Vec<String>,
    /// How many others there are.
    pub(super) left_out: usize,
    /// Their values, if they are wanted.
    pub(super) values: Option<JsonObject>,
}

impl Recorded {
    /// `secrets` are those of the upstream and of the caller, which a caller may have written into any argument.
    pub(super) fn of(
        binding: &Binding,
        arguments: &JsonObject,
        has_values: bool,
        secrets: impl FnOnce() -> VariableValues,
    ) -> Self {
        let schema = binding.body_input().and_then(|_| binding.target.request_schema()).map(Schema::of);
        let is_known = |name: &str| {
            binding.inputs().iter().any(|input| input.name == name)
                || schema.as_ref().is_some_and(|schema| schema.member(name).is_some())
        };
        let mut unknown = 0;
        let is_recorded = |(name, _): &(&String, &Value)| {
            is_known(name) || {
                unknown += 1;
                unknown <= UNKNOWN
            }
        };
        let recorded: Vec<_> = arguments.iter().filter(is_recorded).collect();
        let needs_secrets = has_values || recorded.iter().any(|(name, _)| !is_known(name));
        let secrets = if needs_secrets { secrets() } else { VariableValues::default() };
        let shown = |name: &str| if is_known(name) { name.to_owned() } else { short(&secrets.redact(name)) };
        let names: Vec<_> = recorded.iter().map(|(name, _)| shown(name)).collect();
        let left_out = arguments.len() - names.len();
        let values = has_values.then(|| {
            let whole = recorded.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            values(of_arguments(binding, whole).into_iter().map(|(name, mut value)| {
                redact(&mut value, &secrets);
                (shown(&name), value)
            }))
        });
        Self { names, left_out, values }
    }
}

/// Values without secrets, as many as there is room for, and cut where they are long.
fn values(masked: impl Iterator<Item = (String, Value)>) -> JsonObject {
    let (mut room, mut values) = (LIMIT, JsonObject::new());
    for (name, mut value) in masked {
        cut(&mut value);
        let mut length = name.len() + numbers::write(&value).len();
        if length > VALUE_LIMIT.min(room) {
            value = CUT.into();
            length = name.len() + CUT.len();
        }
        let Some(rest) = room.checked_sub(length) else { break };
        room = rest;
        values.insert(name, value);
    }
    values
}

fn redact(value: &mut Value, secrets: &VariableValues) {
    match value {
        Value::String(text) => *text = secrets.redact(text),
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, secrets)),
        Value::Object(members) => {
            let redacted = std::mem::take(members).into_iter().map(|(name, mut value)| {
                redact(&mut value, secrets);
                (secrets.redact(&name), value)
            });
            *members = redacted.collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn cut(value: &mut Value) {
    match value {
        Value::String(text) if text.len() <= TEXT_LIMIT => {}
        Value::String(text) if numbers::is_marked(text) => *text = CUT.to_owned(),
        Value::String(text) => *text = shortened(text, TEXT_LIMIT).into_owned(),
        Value::Array(items) => items.iter_mut().for_each(cut),
        Value::Object(members) => members.values_mut().for_each(cut),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{
        Kind, Location, Method, Operation, OperationId, Parameter, PathPart, Ref, RetrySafety, Target, text,
    };
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_masked_and_cut() {
        let arguments = json!({
            "region": "fr-par",
            "password": "hush",
            "note": "x".repeat(5000),
            "body": {"name": "n", "db_password": "hush", "data": "aHVzaA==", "text": "token=hush-hush-hush"},
            "many": vec!["y".repeat(200); 100],
        });
        let Value::Object(arguments) = arguments else { panic!("an object") };
        let recorded = of(&[], &arguments);
        assert_eq!(recorded["region"], "fr-par");
        assert_eq!((&recorded["password"], &recorded["body"]["db_password"]), (&json!("***"), &json!("***")));
        assert_eq!((&recorded["body"]["data"], &recorded["body"]["name"]), (&json!("***"), &json!("n")));
        assert_eq!(recorded["many"], "…");
        assert!(!recorded.to_string().contains("hush") && recorded.to_string().len() < LIMIT, "{recorded}");
    }

    #[test]
    fn parts_of_credentials_are_never_recorded() {
        const PARAMETERS: &[Parameter] = &[Parameter::new("tenant", Location::Credential, Kind::String)];
        let Value::Object(arguments) = json!({"tenant": "hush", "region": "fr-par"}) else { panic!("an object") };
        let recorded = of(PARAMETERS, &arguments);
        assert_eq!(recorded, json!({"tenant": "***", "region": "fr-par"}));
    }

    #[test]
    fn made_up_arguments_are_cut_and_counted() {
        const PARAMETERS: &[Parameter] = &[Parameter::new("region", Location::Query, Kind::String)];
        let long = "n".repeat(1000);
        let mut arguments: JsonObject =
            (0..5000).map(|number| (format!("{number}{long}"), "v".repeat(100).into())).collect();
        arguments.insert("region".to_owned(), "fr-par".into());
        let Recorded { names, left_out, values } =
            Recorded::of(&binding(PARAMETERS), &arguments, true, VariableValues::default);
        assert_eq!((names.len(), left_out, names[16].as_str()), (17, 4984, "region"));
        assert!(names.iter().all(|name| name.chars().count() <= 65), "{names:?}");
        let values = values.expect("they are wanted");
        assert!(values.len() == 17 && Value::Object(values).to_string().len() < LIMIT);
    }

    #[test]
    fn secrets_of_upstream_and_caller_are_not_recorded_wherever_a_caller_writes_them() {
        const PARAMETERS: &[Parameter] = &[Parameter::new("region", Location::Query, Kind::String)];
        let secrets = || VariableValues::from(vec!["hush-hush".into()]);
        let arguments = json!({"region": "a hush-hush b", "x-hush-hush": {"hush-hush": ["hush-hush"], "n": 7}});
        let Value::Object(arguments) = arguments else { panic!("an object") };
        for has_values in [false, true] {
            let recorded = Recorded::of(&binding(PARAMETERS), &arguments, has_values, secrets);
            let values = recorded.values.map(Value::Object);
            assert_eq!((recorded.names.len(), values.is_some()), (2, has_values));
            assert!(!format!("{:?} {values:?}", recorded.names).contains("hush"), "{:?} {values:?}", recorded.names);
        }
    }

    #[test]
    fn values_end_where_their_room_does() {
        let all = values((0..100).map(|number| (format!("a{number:0199}"), Value::Bool(true))));
        assert_eq!(all.len(), LIMIT / 204);
    }

    fn of(parameters: &'static [Parameter], arguments: &JsonObject) -> Value {
        Value::Object(
            Recorded::of(&binding(parameters), arguments, true, VariableValues::default)
                .values
                .expect("they are wanted"),
        )
    }

    fn binding(parameters: &'static [Parameter]) -> Binding {
        const PATH: &[PathPart] = &[PathPart::Literal(text("/secrets"))];
        let operation = Operation::new(OperationId(0), "create", Method::Post, RetrySafety::OnlyIfNotProcessed);
        let operation = operation.path(PATH).parameters(parameters);
        Binding::new(Target::Operation(Ref::Shared(std::sync::Arc::new(operation))))
    }
}
