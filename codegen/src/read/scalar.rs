//! What a scalar without quotes means: the core schema of YAML 1.2 (§10.3.2), with binary numbers.

use super::yaml::Content;

/// The value of a scalar without quotes and without a tag.
pub(super) fn plain(text: String) -> Content {
    if is_null(&text) {
        Content::Null(text)
    } else if let Some(flag) = bool(&text) {
        Content::Bool(flag, text)
    } else if let Some(json) = number(&text) {
        Content::Number(json, text)
    } else {
        Content::Text(text)
    }
}

/// The value of a scalar with a tag of the core schema, such as `int`. The error says what it should be.
pub(super) fn tagged(tag: &str, text: &str) -> Result<Content, &'static str> {
    let own = || text.to_owned();
    match tag {
        "null" => is_null(text).then(|| Content::Null(own())).ok_or("null"),
        "bool" => bool(text).map(|flag| Content::Bool(flag, own())).ok_or("a boolean"),
        "int" => whole(text).map(|json| Content::Number(json, own())).ok_or("an integer"),
        "float" => number(text).map(|json| Content::Number(json, own())).ok_or("a float"),
        _ => Ok(Content::Text(own())),
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "null" | "Null" | "NULL" | "~")
}

fn bool(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// A number as JSON. JSON has no `.inf` and `.nan`, so these stay text.
fn number(text: &str) -> Option<String> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return None;
    }
    whole(text).or_else(|| decimal(text))
}

/// A whole number as JSON. A number that begins with `0` is not one: `010` may mean ten or eight.
fn whole(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = digits.strip_prefix(prefix) {
            let is_number = digits.starts_with(|c: char| c.is_digit(radix));
            return is_number
                .then(|| u128::from_str_radix(digits, radix).ok())?
                .map(|number| format!("{sign}{number}"));
        }
    }
    let leads = digits.starts_with('0') && digits.len() > 1;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && !leads;
    is_number.then(|| format!("{sign}{digits}"))
}

/// A number with a fraction or an exponent as JSON, with all of its digits.
fn decimal(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    // What is too large for a double is no number for most programs.
    digits.parse::<f64>().ok().filter(|number| number.is_finite())?;
    let (mantissa, exponent) = digits.split_at(digits.find(['e', 'E']).unwrap_or(digits.len()));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let before = match before.trim_start_matches('0') {
        "" => "0",
        before => before,
    };
    let point = if after.is_empty() { "" } else { "." };
    Some(format!("{sign}{before}{point}{after}{exponent}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(text: &str) -> Option<String> {
        match plain(text.to_owned()) {
            Content::Number(json, own) => (own == text).then_some(json),
            _ => None,
        }
    }

    #[test]
    fn numbers_keep_their_digits() {
        let same =
            ["0", "-0", "1.10", "0.1000", "1e2", "1E+2", "-1.5e-7", "18446744073709551616", "-9223372036854775809"];
        for text in
            same.into_iter().chain(["340282366920938463463374607431768211456", "1234567890.12345678901234567890"])
        {
            assert_eq!(json(text).as_deref(), Some(text));
        }
        let others = [
            ("+5", "5"),
            ("0x1F", "31"),
            ("-0o17", "-15"),
            ("0b11", "3"),
            (".5", "0.5"),
            ("5.", "5"),
            ("+00.5", "0.5"),
        ];
        for (text, expected) in others.into_iter().chain([("0xFFFFFFFFFFFFFFFFFF", "4722366482869645213695")]) {
            assert_eq!(json(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "010", "-010", ".", "-", "+", "1_000", "0x", "0x+1", "1e999", ".inf", "inf", "nan", "1.2.3", "12:30",
            "--1", "+-1",
        ] {
            assert_eq!(json(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn plain_scalars_are_what_another_parser_says(text in "[-+.0-9a-zA-Z_~]{1,8}|[-+]?[0-9]{1,50}|[-+]?0[xob][0-9a-f]{1,20}|[-+]?[0-9]{0,3}[.][0-9]{0,3}(e[-+]?[0-9]{1,2})?") {
            // A list, and the ends of documents.
            prop_assume!(text != "-" && !text.starts_with("---") && !text.starts_with("..."));
            let other: serde_yaml::Result<serde_yaml::Value> = serde_yaml::from_str(&text);
            match (plain(text.clone()), other) {
                (Content::Number(json, _), Ok(serde_yaml::Value::Number(number))) => {
                    let ours: f64 = json.parse().expect("a number");
                    prop_assert_eq!(Some(ours), number.as_f64(), "{}", json);
                    prop_assert!(serde_json::from_str::<serde_json::Number>(&json).is_ok(), "{}", json);
                }
                // It refuses whole numbers of 65 to 128 bits.
                (Content::Number(json, _), Err(_)) => prop_assert!(json.len() > 19, "{}", json),
                (Content::Text(_), Ok(serde_yaml::Value::Number(number))) => {
                    prop_assert!(number.is_infinite() || number.is_nan(), "{}", number);
                }
                (Content::Text(own), Ok(other)) => prop_assert_eq!(other.as_str(), Some(own.as_str())),
                (Content::Bool(flag, _), Ok(other)) => prop_assert_eq!(other.as_bool(), Some(flag)),
                (Content::Null(_), Ok(other)) => prop_assert!(other.is_null()),
                (ours, other) => {
                    // Text such as `- -` is a list.
                    prop_assert!(text.starts_with('-') && other.is_ok() || other.is_err() && matches!(ours, Content::Text(_)), "{:?} {:?}", ours, other);
                }
            }
        }
    }
}
