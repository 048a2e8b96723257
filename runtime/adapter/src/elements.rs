//! Whether a step runs, and for which elements: its condition, and its list.

use naftiko_client::__private::Argument;
use naftiko_client::{Error, Violation};
use naftiko_schema::{ArgumentSource, Flow, StepCall};
use serde_json::Value;

use crate::numbers;
use crate::source::{Scope, document};

/// The most elements that a step runs for.
const LIMIT: usize = 1000;

/// Whether a value meets a condition: true, a number other than 0, a list or an object that is not empty, or a text that is
/// neither empty nor `false` nor 0.
pub(crate) fn is_true(value: Option<&Argument>) -> bool {
    match value.and_then(document) {
        None | Some(Value::Null) => false,
        Some(Value::Bool(flag)) => flag,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        Some(Value::String(text)) => match numbers::digits(&text) {
            // As a float, a small number would be 0.
            Some(digits) => {
                digits.split(['e', 'E']).next().is_some_and(|digits| digits.contains(|c| matches!(c, '1'..='9')))
            }
            None => {
                let text = text.trim();
                !text.is_empty() && !text.eq_ignore_ascii_case("false") && text.parse() != Ok(0.0)
            }
        },
    }
}

/// The elements of the list that a step runs for. A list that is missing or null has none.
///
/// # Errors
/// If the value is no list, or has too many elements. That is a mistake of the caller, or of an earlier step.
pub(crate) fn elements(
    flow: &'static Flow,
    call: &'static StepCall,
    list: &ArgumentSource,
    scope: Scope<'_>,
) -> Result<Vec<Value>, Error> {
    let what = match scope.value(list) {
        None => return Ok(Vec::new()),
        Some(value) => match document(&value) {
            Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(items)) if items.len() <= LIMIT => return Ok(items),
            Some(Value::Array(items)) => format!("a list of {} elements, which may have {LIMIT} at most", items.len()),
            Some(Value::String(text)) if !numbers::is_marked(&text) => "a text".to_owned(),
            Some(Value::Object(_)) => "an object".to_owned(),
            Some(Value::Bool(_)) => "a boolean".to_owned(),
            Some(Value::String(_) | Value::Number(_)) => "a number".to_owned(),
            None => "no JSON".to_owned(),
        },
    };
    let name = call.target.name();
    let input = match list {
        ArgumentSource::Input(input) => Some(*input),
        ArgumentSource::Part(part) => Some(part.input),
        _ => None,
    };
    Err(match input.and_then(|input| flow.parameters.get(input.index())) {
        Some(input) => {
            let problem = format!("must be a list for each of whose elements a step runs, and is {what}");
            Error::arguments(name, vec![Violation::new(&input.name, problem)])
        }
        None => Error::step(name, format!("nothing was sent, `forEach` needs a list, and this is {what}")),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn condition_is_met_by_what_is_not_empty_not_false_and_not_zero() {
        let of_json = |json: &str| is_true(Some(&Argument::Json(json.to_owned().into_bytes().into())));
        for met in
            ["true", "1", "-0.5", "1e-400", "12345678901234567890123", "\"no\"", "\"0x\"", "[null]", r#"{"a":false}"#]
        {
            assert!(of_json(met), "{met}");
        }
        for not in [
            "false",
            "null",
            "0",
            "-0",
            "0.000000000000000000000",
            "0e5",
            "\"\"",
            "\" \"",
            "\"False\"",
            "\"0.0\"",
            "[]",
            "{}",
        ] {
            assert!(!of_json(not), "{not}");
        }
        assert!(!is_true(None), "what is missing is not true");
        assert!(is_true(Some(&Argument::Value(json!("yes")))) && !is_true(Some(&Argument::Value(json!("false")))));
    }
}
