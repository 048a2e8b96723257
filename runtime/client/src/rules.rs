//! Checks values against the rules of their parameter.

use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use naftiko_schema::{PATTERN_SIZE, Rules, StringFormat, Text};
use regex_lite::{Regex, RegexBuilder};
use serde_json::Value;

use crate::text::{listed, shortened};

/// How much of a rule a violation repeats, in characters.
const RULE_LIMIT: usize = 800;
/// The longest text that has a format, in bytes. Longer email addresses are not delivered (RFC 5321 §4.5.3.1).
const FORMAT_LIMIT: usize = 1000;

/// The rule that a value violates, as text; `None` if it violates none. The text never repeats the value.
pub(crate) fn broken(rules: &Rules, value: &Value) -> Option<String> {
    if rules.is_empty() {
        return None;
    }
    allowed(rules, value).or_else(|| of_text(rules, value)).or_else(|| of_number(rules, value)).or_else(|| {
        let maximum = rules.max_items?;
        (value.as_array()?.len() as u64 > maximum).then(|| format!("must have at most {maximum} items"))
    })
}

fn allowed(rules: &Rules, value: &Value) -> Option<String> {
    if rules.allowed.is_empty() || rules.allowed.iter().any(|one| is(one, value)) {
        return None;
    }
    let names = rules.allowed.iter().filter_map(parsed).map(|one| plain(&one));
    Some(format!("must be one of {}", listed(names, RULE_LIMIT)))
}

fn of_text(rules: &Rules, value: &Value) -> Option<String> {
    let text = value.as_str()?;
    // The length comes first: it costs nothing, and limits what patterns cost.
    let length = (rules.min_length.is_some() || rules.max_length.is_some()).then(|| text.chars().count() as u64);
    if let Some(minimum) = rules.min_length.filter(|minimum| length.is_some_and(|length| length < *minimum)) {
        return Some(format!("must have at least {minimum} characters"));
    }
    if let Some(maximum) = rules.max_length.filter(|maximum| length.is_some_and(|length| length > *maximum)) {
        return Some(format!("must have at most {maximum} characters"));
    }
    if let Some(format) = rules.format.filter(|format| !has_format(*format, text)) {
        return Some(format!("must be of the format `{}`", format.as_str()));
    }
    let pattern = rules.pattern.as_deref().filter(|pattern| !matches(pattern, text))?;
    Some(format!("must match `{}`", shortened(pattern, RULE_LIMIT)))
}

fn of_number(rules: &Rules, value: &Value) -> Option<String> {
    let number = value.as_f64()?;
    let limit = |text: &Text| text.parse::<f64>().ok();
    if let Some(minimum) =
        rules.minimum.as_ref().filter(|minimum| limit(minimum).is_some_and(|minimum| number < minimum))
    {
        return Some(format!("must be at least {minimum}"));
    }
    let maximum = rules.maximum.as_ref().filter(|maximum| limit(maximum).is_some_and(|maximum| number > maximum))?;
    Some(format!("must be at most {maximum}"))
}

/// Whether a text has a format. A longer one than formats have costs no match.
fn has_format(format: StringFormat, text: &str) -> bool {
    text.len() <= FORMAT_LIMIT && matches(pattern_of(format), text)
}

/// Compiled patterns. They come only from tables, so their number is limited.
static PATTERNS: LazyLock<RwLock<HashMap<String, Regex>>> = LazyLock::new(RwLock::default);

/// Whether the pattern matches somewhere in the text. The compiler leaves out patterns that cannot be compiled.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    if let Some(regex) = PATTERNS.read().unwrap_or_else(PoisonError::into_inner).get(pattern) {
        return regex.is_match(text);
    }
    let Ok(regex) = RegexBuilder::new(pattern).size_limit(PATTERN_SIZE).build() else { return true };
    let matched = regex.is_match(text);
    PATTERNS.write().unwrap_or_else(PoisonError::into_inner).insert(pattern.to_owned(), regex);
    matched
}

/// The pattern of a format (RFC 9562 §4, RFC 3339 §5.6; email addresses are only checked roughly).
fn pattern_of(format: StringFormat) -> &'static str {
    match format {
        StringFormat::Uuid => "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
        StringFormat::Date => "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
        StringFormat::DateTime => {
            "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)\
             (\\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
        }
        StringFormat::Email => "^[^@ ]+@[^@ ]+$",
    }
}

/// Whether two values are equal: 10.0 equals 10, and text from a path or a query equals the value that it spells.
/// Whether a value is the one that this JSON is.
fn is(json: &Text, value: &Value) -> bool {
    // A text without escapes is compared as it is written.
    let literal = json.strip_prefix('"').and_then(|text| text.strip_suffix('"')).filter(|text| !text.contains('\\'));
    match (value, literal) {
        (Value::String(text), Some(literal)) => text == literal,
        _ => parsed(json).is_some_and(|one| equal(&one, value)),
    }
}

fn equal(one: &Value, other: &Value) -> bool {
    let numbers = one.as_f64().zip(other.as_f64()).is_some_and(|(one, other)| one == other);
    one == other || numbers || other.as_str().is_some_and(|text| !one.is_string() && text == plain(one))
}

fn parsed(json: &Text) -> Option<Value> {
    serde_json::from_str(json).ok()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use naftiko_schema::text;
    use serde_json::json;

    use super::*;

    #[test]
    fn length_is_checked_before_the_pattern() {
        let rules = Rules::new().pattern("^(a|b|ab)*c$").max_length(5).format(StringFormat::Email);
        let long = json!("ab".repeat(1 << 20));
        let start = std::time::Instant::now();
        assert_eq!(broken(&rules, &long).as_deref(), Some("must have at most 5 characters"));
        assert_eq!(
            broken(&Rules::new().format(StringFormat::Email), &long).as_deref(),
            Some("must be of the format `email`")
        );
        assert!(start.elapsed() < std::time::Duration::from_millis(500), "{:?}", start.elapsed());
        // A pattern that needs too much memory is left out, as the compiler does.
        assert_eq!(broken(&Rules::new().pattern("^(([a-z]{1,100}){1,100}){1,100}$"), &json!("1")), None);
    }

    #[test]
    fn each_rule_is_checked_and_its_message_says_what_is_allowed() {
        let rules = Rules::new;
        let cases = [
            (rules().allowed(const { &[text("\"a\""), text("1")] }), json!("a"), json!("b"), "must be one of `a`, `1`"),
            (rules().allowed(const { &[text("10")] }), json!(10.0), json!(11), "must be one of `10`"),
            (rules().pattern("^\\d{2}$"), json!("12"), json!("123"), "must match `^\\d{2}$`"),
            (rules().minimum("1"), json!(1), json!(0.5), "must be at least 1"),
            (rules().maximum("9"), json!(9), json!(10), "must be at most 9"),
            (rules().min_length(2), json!("éé"), json!("é"), "must have at least 2 characters"),
            (rules().max_length(2), json!("éé"), json!("ééé"), "must have at most 2 characters"),
            (rules().max_items(1), json!([1]), json!([1, 2]), "must have at most 1 items"),
            (
                rules().format(StringFormat::Uuid),
                json!("0192d3a4-7b0c-7def-8abc-0123456789ab"),
                json!("0192d3a47b0c7def8abc0123456789ab"),
                "must be of the format `uuid`",
            ),
            (
                rules().format(StringFormat::Date),
                json!("2026-02-28"),
                json!("2026-13-01"),
                "must be of the format `date`",
            ),
            (
                rules().format(StringFormat::DateTime),
                json!("2026-02-28T12:00:00.5+01:00"),
                json!("2026-02-28 12:00"),
                "must be of the format `date-time`",
            ),
            (rules().format(StringFormat::Email), json!("a@b"), json!("a"), "must be of the format `email`"),
        ];
        for (rules, good, bad, problem) in cases {
            assert_eq!(broken(&rules, &good), None, "{rules:?} with {good}");
            assert_eq!(broken(&rules, &bad).as_deref(), Some(problem), "{rules:?} with {bad}");
        }
        // A rule for another type of value does not apply.
        assert_eq!(broken(&rules().max_length(1).minimum("5"), &json!([1, 2])), None);
    }
}
