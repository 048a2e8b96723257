//! What values of a parameter must be beside their kind, in keywords of JSON Schema.

use regex_lite::Regex;
use serde_json::{Map, Value};

/// What is wrong with a value by these rules, the text of a JSON object; none where nothing is. Values never appear in it.
pub(crate) fn broken(rules: &str, value: &Value) -> Option<String> {
    let rules: Map<String, Value> = serde_json::from_str(rules).ok()?;
    rules.iter().find_map(|(keyword, rule)| one(keyword, rule, value))
}

fn one(keyword: &str, rule: &Value, value: &Value) -> Option<String> {
    let (text, number, count) = (value.as_str(), value.as_f64(), rule.as_u64());
    let length = || text.map(|text| text.chars().count() as u64);
    let (holds, problem) = match keyword {
        "enum" => {
            let allowed = rule.as_array()?;
            let names: Vec<_> = allowed.iter().map(|one| format!("`{}`", plain(one))).collect();
            (allowed.iter().any(|one| equal(one, value)), format!("must be one of {}", names.join(", ")))
        }
        "pattern" => (matches(rule.as_str()?, text?)?, format!("must match `{}`", plain(rule))),
        "format" => (matches(pattern_of(rule.as_str()?)?, text?)?, format!("must be of the format `{}`", plain(rule))),
        "minimum" => (number? >= rule.as_f64()?, format!("must be at least {rule}")),
        "maximum" => (number? <= rule.as_f64()?, format!("must be at most {rule}")),
        "minLength" => (length()? >= count?, format!("must have at least {rule} characters")),
        "maxLength" => (length()? <= count?, format!("must have at most {rule} characters")),
        "maxItems" => (value.as_array()?.len() as u64 <= count?, format!("must have at most {rule} items")),
        _ => return None,
    };
    (!holds).then_some(problem)
}

/// Whether the text has a match. A pattern that is none was left out by the compiler.
fn matches(pattern: &str, text: &str) -> Option<bool> {
    Some(Regex::new(pattern).ok()?.is_match(text))
}

/// What a format comes down to (RFC 9562 §4, RFC 3339 §5.6; of an address only what all have).
fn pattern_of(format: &str) -> Option<&'static str> {
    Some(match format {
        "uuid" => "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
        "date" => "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
        "date-time" => {
            "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)\
             (\\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
        }
        "email" => "^[^@ ]+@[^@ ]+$",
        _ => return None,
    })
}

/// Whether two values are one: 10.0 is 10, and text from a path or a query is what it says.
fn equal(one: &Value, other: &Value) -> bool {
    let numbers = one.as_f64().zip(other.as_f64()).is_some_and(|(one, other)| one == other);
    one == other || numbers || other.as_str().is_some_and(|text| !one.is_string() && text == plain(one))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_rule_is_checked_and_says_what_is_allowed() {
        let cases = [
            (json!({"enum": ["a", 1]}), json!("a"), json!("b"), "must be one of `a`, `1`"),
            (json!({"enum": [10]}), json!(10.0), json!(11), "must be one of `10`"),
            (json!({"pattern": "^\\d{2}$"}), json!("12"), json!("123"), "must match `^\\d{2}$`"),
            (json!({"minimum": 1}), json!(1), json!(0.5), "must be at least 1"),
            (json!({"maximum": 9}), json!(9), json!(10), "must be at most 9"),
            (json!({"minLength": 2}), json!("éé"), json!("é"), "must have at least 2 characters"),
            (json!({"maxLength": 2}), json!("éé"), json!("ééé"), "must have at most 2 characters"),
            (json!({"maxItems": 1}), json!([1]), json!([1, 2]), "must have at most 1 items"),
            (
                json!({"format": "uuid"}),
                json!("0192d3a4-7b0c-7def-8abc-0123456789ab"),
                json!("0192d3a47b0c7def8abc0123456789ab"),
                "must be of the format `uuid`",
            ),
            (json!({"format": "date"}), json!("2026-02-28"), json!("2026-13-01"), "must be of the format `date`"),
            (
                json!({"format": "date-time"}),
                json!("2026-02-28T12:00:00.5+01:00"),
                json!("2026-02-28 12:00"),
                "must be of the format `date-time`",
            ),
            (json!({"format": "email"}), json!("a@b"), json!("a"), "must be of the format `email`"),
        ];
        for (rules, good, bad, problem) in cases {
            let rules = rules.to_string();
            assert_eq!(broken(&rules, &good), None, "{rules} with {good}");
            assert_eq!(broken(&rules, &bad).as_deref(), Some(problem), "{rules} with {bad}");
        }
        // A rule for another kind of value says nothing about this one.
        assert_eq!(broken(r#"{"maxLength": 1, "minimum": 5}"#, &json!([1, 2])), None);
    }
}
