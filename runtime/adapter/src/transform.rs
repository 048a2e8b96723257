//! Steps of flows that the application takes.

use std::time::Duration;

use naftiko_client::__private::Connection;
use naftiko_client::{ScriptError, ScriptRunners, TransformCall};
use naftiko_schema::{Adapter, ArgumentSource, Kind, Transform};
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::numbers;
use crate::script::short_error;
use crate::source::Scope;

/// What a transform is given: inputs, and outputs of earlier steps, as JSON.
pub(crate) type Given = (Vec<u8>, Vec<u8>);

/// What a transform is given by a source for each.
pub(crate) fn given(transform: &Transform, scope: Scope<'_>) -> Given {
    let json = |source: &ArgumentSource| {
        let json = scope.value(source).and_then(|value| Some(value.to_json()?.into_owned()));
        json.unwrap_or_else(|| b"{}".to_vec())
    };
    (json(&transform.inputs), json(&transform.outputs))
}

/// Lets the application take a step, and checks what it made. `left` is what remains of the time of the flow.
///
/// # Errors
/// If it refuses what it was given, fails, takes too long, or makes something else than is declared.
pub(crate) async fn run(
    flow: &'static str,
    step: &'static str,
    transform: &'static Transform,
    (inputs, outputs): Given,
    connection: &Connection,
    left: Duration,
) -> Result<Value, ScriptError> {
    let Some(function) = connection.scripts().transform(step) else {
        return Err(ScriptError::Failed("nothing is registered for it here".to_owned()));
    };
    let limit = connection.response_limit();
    if inputs.len().saturating_add(outputs.len()) > limit {
        return Err(ScriptError::Failed(format!("what it is given is longer than {limit} bytes")));
    }
    let description = transform.description.as_deref().unwrap_or_default();
    let call = TransformCall::new(flow, step, description, members(&inputs)?, members(&outputs)?, left);
    let Ok(outcome) = timeout(left, function.run(call)).await else {
        return Err(ScriptError::Failed(format!("it ran longer than {} ms", left.as_millis())));
    };
    let made = checked(transform, outcome.map_err(short_error)?)?;
    numbers::read(made.to_string().as_bytes()).map_err(|error| ScriptError::Failed(error.to_string()))
}

/// The members of an object. As for scripts, numbers lose what a float cannot hold.
fn members(json: &[u8]) -> Result<Map<String, Value>, ScriptError> {
    serde_json::from_slice(json)
        .map_err(|error| ScriptError::Failed(format!("what it is given cannot be read: {error}")))
}

/// What the capability declares of what was made.
fn checked(transform: &Transform, mut made: Map<String, Value>) -> Result<Value, ScriptError> {
    if transform.members.is_empty() {
        return Ok(made.into());
    }
    let mut checked = Map::new();
    for member in transform.members.iter() {
        let name = &*member.name;
        let Some(value) = made.remove(name) else {
            return Err(ScriptError::Failed(format!("it made no `{name}`")));
        };
        if !is_of(member.kind, &value) {
            let kind = member.kind.as_str();
            return Err(ScriptError::Failed(format!("the `{name}` that it made is not of type `{kind}`")));
        }
        checked.insert(name.to_owned(), value);
    }
    Ok(checked.into())
}

fn is_of(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::String => value.is_string(),
        Kind::Integer => value.is_i64() || value.is_u64(),
        Kind::Number => value.is_number(),
        Kind::Boolean => value.is_boolean(),
        Kind::Array => value.is_array(),
        Kind::Object => value.is_object(),
        Kind::Any => true,
    }
}

/// The steps of an adapter that the application takes and for which nothing is registered, each once.
pub fn without_transform<'a>(adapter: &'a Adapter, runners: &ScriptRunners) -> Vec<&'a str> {
    let steps = adapter.bindings().into_iter().flat_map(|binding| binding.target.transforms());
    let mut names: Vec<&str> = steps.filter(|name| runners.transform(name).is_none()).collect();
    names.sort_unstable();
    names.dedup();
    names
}
