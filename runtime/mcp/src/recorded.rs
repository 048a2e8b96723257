//! Values of arguments as an audit records them: without secrets, and short.

use naftiko_adapter::numbers;
use naftiko_client::__private::shortened;
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
/// What replaces a value that is too long.
const CUT: &str = "…";

/// The values of the arguments of a call. Secrets are masked whatever the policy reveals, and long values are cut.
pub(super) fn values(binding: &Binding, arguments: &JsonObject) -> JsonObject {
    let mut room = LIMIT;
    let masked = of_arguments(binding, arguments.clone());
    let cut = |(name, mut value): (String, Value)| {
        cut(&mut value);
        let length = numbers::write(&value).len() + name.len();
        if length > VALUE_LIMIT.min(room) {
            value = CUT.into();
        }
        room = room.saturating_sub(length.min(VALUE_LIMIT));
        (name, value)
    };
    masked.into_iter().map(cut).collect()
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
        let recorded = Value::Object(values(&binding(&[]), &arguments));
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
        let recorded = Value::Object(values(&binding(PARAMETERS), &arguments));
        assert_eq!(recorded, json!({"tenant": "***", "region": "fr-par"}));
    }

    fn binding(parameters: &'static [Parameter]) -> Binding {
        const PATH: &[PathPart] = &[PathPart::Literal(text("/secrets"))];
        let operation = Operation::new(OperationId(0), "create", Method::Post, RetrySafety::OnlyIfNotProcessed);
        let operation = operation.path(PATH).parameters(parameters);
        Binding::new(Target::Operation(Ref::Shared(std::sync::Arc::new(operation))))
    }
}
