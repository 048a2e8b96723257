//! What a scalar without quotes means in YAML 1.1 (<https://yaml.org/type/>). What is no number in JSON stays text: dates,
//! numbers to the base 60, infinity.

use serde_json::Value;

use super::Number;

/// The value of a scalar without quotes.
pub(super) fn plain(text: &str, number: Number) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Value::Bool(false),
        _ => {}
    }
    // Most scalars are words.
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return Value::from(text);
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    match whole(digits).or_else(|| decimal(digits)) {
        Some(json) => number(&format!("{sign}{json}")),
        None => Value::from(text),
    }
}

/// A whole number without its sign, as JSON.
fn whole(text: &str) -> Option<String> {
    let with_radix = |digits: &str, radix| {
        let digits = digits.replace('_', "");
        digits.starts_with(|c: char| c.is_digit(radix)).then(|| u128::from_str_radix(&digits, radix).ok())?
    };
    let json = match text.as_bytes() {
        [b'0'] => text.to_owned(),
        [b'0', b'x', ..] => with_radix(text.get(2..)?, 16)?.to_string(),
        [b'0', b'b', ..] => with_radix(text.get(2..)?, 2)?.to_string(),
        [b'0', ..] => with_radix(text.get(1..)?, 8)?.to_string(),
        [b'1'..=b'9', rest @ ..] => {
            rest.iter().all(|byte| byte.is_ascii_digit() || *byte == b'_').then(|| text.replace('_', ""))?
        }
        _ => return None,
    };
    Some(json)
}

/// A number with a fraction or an exponent without its sign, as JSON with all of its digits.
fn decimal(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_at(text.find(['e', 'E']).unwrap_or(text.len()));
    let exponent_digits = exponent.get(1..).map(|digits| digits.strip_prefix(['-', '+']).unwrap_or(digits));
    let is_exponent = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !exponent_digits.is_none_or(is_exponent) || (exponent.is_empty() && !mantissa.contains('.')) {
        return None;
    }
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let first = if before.is_empty() { after } else { before };
    if !are_digits(before) || !are_digits(after) || !first.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (before, after) = (before.replace('_', ""), after.replace('_', ""));
    let before = match before.trim_start_matches('0') {
        "" => "0",
        before => before,
    };
    let point = if after.is_empty() { "" } else { "." };
    let json = format!("{before}{point}{after}{exponent}");
    // What is too large for a double is no number for most programs.
    json.parse::<f64>().is_ok_and(f64::is_finite).then_some(json)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text of a number, or of what is not one in quotes.
    fn shown(text: &str) -> String {
        plain(text, |number| Value::from(format!("#{number}"))).as_str().map_or_else(
            || plain(text, |_| Value::Null).to_string(),
            |text| text.strip_prefix('#').map_or_else(|| format!("'{text}'"), str::to_owned),
        )
    }

    #[test]
    fn scalars_mean_what_yaml_1_1_says() {
        for (text, expected) in [
            ("yes", "true"),
            ("Off", "false"),
            ("y", "'y'"),
            ("~", "null"),
            ("", "null"),
            ("010", "8"),
            ("-010", "-8"),
            ("08", "'08'"),
            ("0o17", "'0o17'"),
            ("0x1F", "31"),
            ("0b101", "5"),
            ("1_000", "1000"),
            ("+5", "5"),
            ("0", "0"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("1.10", "1.10"),
            ("1e3", "1e3"),
            ("1.5e-7", "1.5e-7"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-.5", "-0.5"),
            ("00.5", "0.5"),
            ("1e999", "'1e999'"),
            (".inf", "'.inf'"),
            ("12:30", "'12:30'"),
            ("2020-01-02", "'2020-01-02'"),
            ("1.2.3", "'1.2.3'"),
            ("-", "'-'"),
            (".", "'.'"),
            ("1e", "'1e'"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_numbers_of_json(text in "[-+.0-9xbeE_:]{1,10}") {
            let shown = shown(&text);
            prop_assert!(shown.starts_with('\'') || serde_json::from_str::<serde_json::Number>(&shown).is_ok(), "{shown}");
        }
    }
}
