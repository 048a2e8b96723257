//! Numbers with all their digits. A [`Value`] holds only integers of 64 bits and floats, and would change any other number:
//! `12345678901234567890123`, `0.10`, `1e2`.
//!
//! serde_json has a feature for this, `arbitrary_precision`, but it writes `1e2` as `1e+2`, and it would apply to the whole
//! program: types of the application with untagged enums or flattened members would no longer accept floats. Here, such a
//! number is a string in the `Value`, with a mark in front of it, and becomes a number again when the document is written.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::OnceLock;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Number, Value};

/// The most digits that every 64-bit integer can have.
const SAFE_DIGITS: usize = 18;

/// The length of a decimal fraction with at most 15 digits, which is how many a float of 64 bits always gives back.
const SHORT_DECIMAL: usize = 16;

/// The start of strings that are numbers. It is random, so that no text of a caller or of an upstream starts with it. Unset
/// as long as there was no such number.
static MARK: OnceLock<String> = OnceLock::new();

fn mark() -> &'static str {
    MARK.get_or_init(|| format!("{:016x}:", RandomState::new().build_hasher().finish()))
}

/// Reads JSON. Numbers that a [`Value`] would change are marked.
///
/// # Errors
/// If it is not JSON, or has strings or a depth that a [`Value`] cannot represent.
pub fn read(json: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(marked(json).as_deref().unwrap_or(json))
}

/// The value of a text that is a number of JSON, marked if a [`Value`] would change it.
pub fn number(text: &str) -> Value {
    if is_changed(text.as_bytes()) {
        return Value::String(format!("{}{text}", mark()));
    }
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// Writes a value, or what consists of values, as JSON, with the digits of marked numbers.
pub fn write(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    unmarked(&text).unwrap_or(text)
}

/// Whether any number has been marked.
pub fn has_marks() -> bool {
    MARK.get().is_some()
}

/// Whether a string is a marked number.
pub fn is_marked(text: &str) -> bool {
    MARK.get().is_some_and(|mark| text.starts_with(mark))
}

/// The digits of a marked number.
pub(crate) fn digits(text: &str) -> Option<&str> {
    text.strip_prefix(MARK.get()?.as_str())
}

/// The same document with the nearest numbers that a [`Value`] can hold in place of marked ones; `None` if it has none.
#[cfg(feature = "json-path")]
pub(crate) fn plain(document: &Value) -> Option<Value> {
    fn has_marked(value: &Value) -> bool {
        match value {
            Value::String(text) => is_marked(text),
            Value::Array(items) => items.iter().any(has_marked),
            Value::Object(members) => members.values().any(has_marked),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    fn unmark(value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(number) = digits(text) {
                    let nearest = number.parse::<f64>().map_or(0.0, |number| number.clamp(f64::MIN, f64::MAX));
                    *value = nearest.into();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(unmark),
            Value::Object(members) => members.values_mut().for_each(unmark),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    (has_marks() && has_marked(document)).then(|| {
        let mut plain = document.clone();
        unmark(&mut plain);
        plain
    })
}

/// JSON text with marks for the numbers that a [`Value`] would change; `None` if there are none. What is not JSON does not
/// become JSON by that.
pub fn marked(json: &[u8]) -> Option<Vec<u8>> {
    let mut marked = Vec::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(byte) = json.get(at) {
        let rest = json.get(at..).unwrap_or_default();
        match byte {
            b'"' => at += length_of_string(rest),
            b'-' | b'0'..=b'9' => {
                let length = rest.iter().position(|byte| !is_part_of_number(*byte)).unwrap_or(rest.len());
                let number = rest.get(..length).unwrap_or_default();
                if is_changed(number) {
                    marked.extend_from_slice(json.get(copied..at).unwrap_or_default());
                    for part in [b"\"", mark().as_bytes(), number, b"\""] {
                        marked.extend_from_slice(part);
                    }
                    copied = at + length;
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    if marked.is_empty() {
        return None;
    }
    marked.extend_from_slice(json.get(copied..).unwrap_or_default());
    Some(marked)
}

/// JSON text with the digits of marked numbers; `None` if there are none. Inside other text, such as a message that quotes
/// the number, only the mark is removed.
pub fn unmarked(json: &str) -> Option<String> {
    let mut parts = json.split(MARK.get()?);
    let before = parts.next().filter(|before| before.len() < json.len())?;
    let mut text = String::with_capacity(json.len());
    text.push_str(before);
    for part in parts {
        let length = part.bytes().position(|byte| !is_part_of_number(byte)).unwrap_or(part.len());
        let (number, after) = part.split_at_checked(length).unwrap_or((part, ""));
        match (text.strip_suffix('"'), after.strip_prefix('"')) {
            (Some(start), Some(after)) if !start.ends_with('\\') => {
                text.truncate(start.len());
                text.push_str(number);
                text.push_str(after);
            }
            _ => text.push_str(part),
        }
    }
    Some(text)
}

/// Whether an object in the JSON text of a document has two members of one name, of which the document has only the last.
pub fn repeats_names(json: &[u8], document: &Value) -> bool {
    fn members(value: &Value) -> usize {
        match value {
            Value::Object(own) => own.len() + own.values().map(members).sum::<usize>(),
            Value::Array(items) => items.iter().map(members).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        }
    }
    let (mut at, mut colons) = (0, 0);
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => at += length_of_string(json.get(at..).unwrap_or_default()),
            byte => {
                colons += usize::from(*byte == b':');
                at += 1;
            }
        }
    }
    colons != members(document)
}

/// The length of the string at the start of JSON text, including quotes.
pub fn length_of_string(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if text.get(at) == Some(&b'"') {
            return at + 1;
        }
        at += 2;
    }
    text.len()
}

fn is_part_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Whether a text is a number that a [`Value`] would change.
fn is_changed(number: &[u8]) -> bool {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    if digits.len() <= SAFE_DIGITS && digits.iter().all(u8::is_ascii_digit) && number != b"-0" {
        return false;
    }
    if is_short_decimal(digits) {
        return false;
    }
    match serde_json::from_slice::<Number>(number) {
        Ok(read) => read.to_string().as_bytes() != number,
        // It is too large for a float, or not a number at all.
        Err(_) => serde_json::from_slice::<&RawValue>(number).is_ok(),
    }
}

/// Whether digits are a decimal fraction that a float of 64 bits gives back: at most 15 significant digits, none that says nothing,
/// and not so small that it is written with an exponent.
fn is_short_decimal(digits: &[u8]) -> bool {
    let Some(point) = digits.iter().position(|byte| *byte == b'.') else { return false };
    let (whole, fraction) = (digits.get(..point).unwrap_or_default(), digits.get(point + 1..).unwrap_or_default());
    digits.len() <= SHORT_DECIMAL
        && whole.iter().chain(fraction).all(u8::is_ascii_digit)
        && (whole == b"0" || matches!(whole, [b'1'..=b'9', ..]))
        && matches!(fraction, [.., b'1'..=b'9'])
        && (whole != b"0" || !fraction.starts_with(b"000"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_written_as_they_were_read() {
        for number in [
            "0",
            "-1",
            "18446744073709551615",
            "-9223372036854775808",
            "18446744073709551616",
            "-9223372036854775809",
            "0.1",
            "0.10",
            "1.0",
            "1e2",
            "1E2",
            "1e+2",
            "1e-400",
            "-1e400",
            "-0",
            "-0.0",
            "0.1234567890123456789",
            "5e-324",
            "123456789012345678",
            "1234567890123456789",
        ] {
            let json = format!("{{\"{number}\":[{number},{{\"a\":{number}}},\"{number}\"],\"b\":{number}}}");
            assert_eq!(write(&read(json.as_bytes()).expect("JSON")), json);
            assert_eq!(write(&read(number.as_bytes()).expect("JSON")), number);
        }
        assert_eq!(marked(b"[0, 1.5, -7, \"1e2\", \"\\\"1e2\"]"), None);
    }

    #[test]
    fn text_that_is_no_number_stays_an_error() {
        for json in [
            "01", "1.", ".1e2", "-", "+1e2", "1e", "--1", "1e2.5", "1e2e2", "1-2", "[1e2", "\"1e2", "tru1e2", "1e2 1e2",
        ] {
            assert!(read(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn marks_inside_of_text_are_removed() {
        let marked = read(b"1e2").expect("JSON");
        let marked = marked.as_str().expect("a string");
        assert!(is_marked(marked) && !is_marked("1e2") && !is_marked(&format!(" {marked}")));
        for (text, expected) in [
            (format!("is {marked}"), "\"is 1e2\""),
            (format!("\"{marked}\""), "\"\\\"1e2\\\"\""),
            (format!("\"{marked}"), "\"\\\"1e2\""),
            (format!("{marked}x"), "\"1e2x\""),
            (format!("{marked}{marked}"), "\"1e21e2\""),
        ] {
            assert_eq!(write(&Value::from(text)), expected);
        }
    }

    fn document() -> impl Strategy<Value = String> {
        let number = "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,25})?([eE][+-]?[0-9]{1,4})?";
        let leaf = prop_oneof![number, "[a-z\"\\\\\u{e9}]{0,5}".prop_map(|text| Value::from(text).to_string())];
        leaf.prop_recursive(4, 30, 5, |inner| {
            let members = prop::collection::btree_map("[a-z0-9.\"\\\\]{0,3}", inner.clone(), 0..5);
            let object = members.prop_map(|members| {
                let members = members.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            });
            prop_oneof![prop::collection::vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(","))), object]
        })
    }

    proptest! {
        #[test]
        fn short_decimals_are_given_back_by_a_float(text in "(0|[1-9][0-9]{0,14})\\.[0-9]{1,15}") {
            let read: Number = serde_json::from_str(&text).expect("a number");
            prop_assert!(!is_short_decimal(text.as_bytes()) || read.to_string() == text);
        }

        #[test]
        fn any_document_is_written_as_it_was_read(json in document()) {
            prop_assert_eq!(write(&read(json.as_bytes()).expect("JSON")), json);
        }

        #[test]
        fn any_bytes_are_read_as_by_serde_json(bytes in prop::collection::vec(prop::sample::select(&b"-+.eE019\"\\[]{},: atrue"[..]), 0..20)) {
            let valid = serde_json::from_slice::<&RawValue>(&bytes).is_ok();
            prop_assert!(valid || read(&bytes).is_err());
        }
    }
}
