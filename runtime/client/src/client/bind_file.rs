//! Files with the values of variables: YAML, dotenv, or JSON for any other extension.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use http::HeaderMap;
use naftiko_schema::Format;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::format;

/// The longest file, in bytes. Devices have no end.
const LONGEST: u64 = 1 << 20;

/// The value of a key of a file. Numbers and booleans are the texts that are written.
///
/// # Errors
/// What is wrong with the file. It never quotes what is in it.
pub(super) fn value(file: &Path, shown: &str, key: &str) -> Result<String, String> {
    let text = text_of(file).map_err(|error| format!("`{shown}` cannot be read: {}", error.kind()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let value = match name.rsplit_once('.') {
        Some((_, "yaml" | "yml")) => yaml(text, key),
        Some((_, "env")) => Some(dotenv(text, key)),
        _ if name.starts_with(".env") => Some(dotenv(text, key)),
        _ => json(text, key),
    };
    let value = value.ok_or_else(|| format!("`{shown}` has no mapping, or this program cannot read its format"))?;
    value.filter(|value| !value.trim().is_empty()).ok_or_else(|| format!("`{shown}` has no value for `{key}`"))
}

/// The text of a file of a reasonable length.
fn text_of(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let length = File::open(file)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if length as u64 > LONGEST { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(text) }
}

/// A value of a document in YAML, if this program can read YAML.
fn yaml(text: &str, key: &str) -> Option<Option<String>> {
    let document =
        format::document(&Format::Yaml, &HeaderMap::new(), text.as_bytes(), |digits| Value::from(digits)).ok()?;
    Some(document.as_object()?.get(key).and_then(|value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }))
}

/// A value of an object in JSON. Of two with one name the last counts.
fn json(text: &str, key: &str) -> Option<Option<String>> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    Some(members.get(key).and_then(|value| match value.get() {
        "null" => None,
        text if text.starts_with(['{', '[']) => None,
        text if text.starts_with('"') => serde_json::from_str(text).ok(),
        written => Some(written.to_owned()),
    }))
}

/// A value among lines of `NAME=value`, which may begin with `export` and have quotes around the value, also over several lines.
/// Without quotes, a comment begins at ` #`. The last line of a name counts, as in shells.
fn dotenv(text: &str, key: &str) -> Option<String> {
    let text = text.replace("\r\n", "\n");
    let (mut found, mut rest) = (None, text.as_str());
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let pair = line.trim_start().trim_start_matches("export ").split_once('=');
        let Some((name, value)) = pair.filter(|(name, _)| !name.starts_with('#')) else {
            rest = after;
            continue;
        };
        // It may go on after the line.
        let value = value.trim_start();
        let whole = rest.get(line.len() - value.len()..).unwrap_or_default();
        let (inside, after) = quoted(whole).unwrap_or_else(|| {
            let plain = value.split(" #").next().unwrap_or_default().trim_end();
            (plain.to_owned(), after)
        });
        rest = after;
        if name.trim() == key {
            found = Some(inside);
        }
    }
    found
}

/// What is within the quotes with which a text begins, and the lines after the one where they are closed; `None` if they are not, or
/// there are none.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let mut escaped = false;
    let (end, _) = text.char_indices().skip(1).find(|(_, character)| {
        let is_end = *character == quote && !escaped;
        escaped = *character == '\\' && quote == '"' && !escaped;
        is_end
    })?;
    let inside = text.get(1..end)?;
    let after = text.get(end..)?.split_once('\n').map_or("", |(_, after)| after);
    Some((if quote == '"' { unescaped(inside) } else { inside.to_owned() }, after))
}

fn unescaped(text: &str) -> String {
    let mut characters = text.chars();
    let mut plain = String::new();
    while let Some(character) = characters.next() {
        match (character, character == '\\') {
            (_, true) => match characters.next() {
                Some('n') => plain.push('\n'),
                Some(other) => plain.push(other),
                None => plain.push('\\'),
            },
            (other, false) => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_dotenv_files_are_read_as_shells_read_them() {
        let text = "# a comment\nA=one # two\nexport B=\"x # \\\"y\\\"\"\n C = 'it # is'\nA=three\nD=\n";
        let value = |key| dotenv(text, key);
        assert_eq!(value("A").as_deref(), Some("three"));
        assert_eq!(value("B").as_deref(), Some("x # \"y\""));
        assert_eq!(value("C").as_deref(), Some("it # is"));
        assert_eq!((value("D").as_deref(), value("E")), (Some(""), None));
    }

    #[test]
    fn values_of_dotenv_files_may_have_several_lines_in_quotes() {
        let text = "# K=\"\nK=\"one\ntwo=2 \\\"x\\\"\n\"\nL='a\n#b'\nM=\"x\" # \"y\"\nN=\"open\nO=last\n";
        let value = |key| dotenv(text, key);
        assert_eq!(value("K").as_deref(), Some("one\ntwo=2 \"x\"\n"));
        assert_eq!((value("L").as_deref(), value("two")), (Some("a\n#b"), None));
        assert_eq!((value("M").as_deref(), value("N").as_deref()), (Some("x"), Some("\"open")));
        assert_eq!(value("O").as_deref(), Some("last"));
    }

    #[test]
    fn values_of_json_files_are_texts_numbers_and_booleans() {
        let text = r#"{"a": "\u0078", "b": 1.10, "c": true, "d": {"e": 1}, "f": 123456789012345678901, "g": null, "h": 1, "h": 2}"#;
        let value = |key| json(text, key).flatten();
        let values = ["a", "b", "c", "f", "h"].map(|key| value(key).unwrap_or_default());
        assert_eq!(values, ["x", "1.10", "true", "123456789012345678901", "2"]);
        assert_eq!((value("d"), value("g"), json("[1]", "a")), (None, None, None));
    }

    #[test]
    fn what_is_wrong_with_a_file_names_no_value() {
        let problem = value(Path::new("/no/such/file.json"), "./file.json", "token");
        assert_eq!(problem, Err("`./file.json` cannot be read: entity not found".to_owned()));
        #[cfg(target_os = "linux")]
        assert_eq!(
            value(Path::new("/dev/zero"), "./zero.json", "token"),
            Err("`./zero.json` cannot be read: file too large".to_owned())
        );
    }
}
