//! Reading what values of a parameter must be beside their type, in keywords of JSON Schema.

use regex_lite::Regex;
use serde_json::{Map, Value};

use super::fields::Fields;
use crate::codes::Code;
use crate::diagnostic::Sink;

/// The formats that are checked; others are kept out, as nobody would check them.
const FORMATS: [&str; 4] = ["uuid", "date", "date-time", "email"];

/// The rules as the text of a JSON object, if there are any. One that cannot be followed is reported and left out.
pub(super) fn rules(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<String> {
    let mut rules = Map::new();
    for key in RULES {
        let Some(entry) = fields.get(&[key]) else { continue };
        let value = entry.value.to_json();
        if is_clear(key, &value) {
            rules.insert(key.to_owned(), value);
        } else {
            let message = format!("`{key}` says nothing that can be checked; it is left out");
            let help = "see https://json-schema.org/understanding-json-schema/reference; formats are \
                        `uuid`, `date`, `date-time` and `email`";
            sink.report(Code::UnclearRule, entry.place, message, help);
        }
    }
    (!rules.is_empty()).then(|| Value::Object(rules).to_string())
}

const RULES: [&str; 8] = ["enum", "pattern", "format", "minimum", "maximum", "minLength", "maxLength", "maxItems"];

fn is_clear(key: &str, value: &Value) -> bool {
    match key {
        "enum" => value.as_array().is_some_and(|values| !values.is_empty()),
        "pattern" => value.as_str().is_some_and(|pattern| Regex::new(pattern).is_ok()),
        "format" => value.as_str().is_some_and(|format| FORMATS.contains(&format)),
        "minimum" | "maximum" => value.is_number(),
        _ => value.is_u64(),
    }
}
