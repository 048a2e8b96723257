//! Files with the values of variables: YAML, dotenv, or JSON for any other extension.

use std::path::Path;

use http::HeaderMap;
use naftiko_schema::Format;
use serde_json::Value;

use crate::format;

/// The value of a key of a file. Numbers and booleans are texts.
///
/// # Errors
/// What is wrong with the file. It never quotes what is in it.
pub(super) fn value(file: &Path, shown: &str, key: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("`{shown}` cannot be read: {}", error.kind()))?;
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

/// A value of a document in YAML, if this program can read YAML.
fn yaml(text: &str, key: &str) -> Option<Option<String>> {
    let document =
        format::document(&Format::Yaml, &HeaderMap::new(), text.as_bytes(), |digits| Value::from(digits)).ok()?;
    of(&document, key)
}

fn json(text: &str, key: &str) -> Option<Option<String>> {
    of(&serde_json::from_str(text).ok()?, key)
}

/// The value of a key of an object.
fn of(document: &Value, key: &str) -> Option<Option<String>> {
    Some(document.as_object()?.get(key).and_then(|value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }))
}

/// A value among lines of `NAME=value`, which may begin with `export` and have quotes around the value, also over several lines.
/// Without quotes, a comment begins at ` #`. The last line of a name counts, as in shells.
fn dotenv(text: &str, key: &str) -> Option<String> {
    let mut found = None;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim_start();
        let pair = line.strip_prefix("export ").unwrap_or(line).trim_start().split_once('=');
        let Some((name, value)) = pair.filter(|_| !line.starts_with('#')) else { continue };
        let value = value.trim();
        let mut whole = value.to_owned();
        let mut rest = lines.clone();
        while quoted(&whole) == Some(None)
            && let Some(line) = rest.next()
        {
            whole.push('\n');
            whole.push_str(line);
        }
        let inside = quoted(&whole).flatten();
        if inside.is_some() {
            lines = rest;
        }
        if name.trim_end() == key {
            let plain = || value.split(" #").next().unwrap_or_default().trim_end().to_owned();
            found = Some(inside.unwrap_or_else(plain));
        }
    }
    found
}

/// What is within the quotes with which a value begins: `None` without quotes, and nothing within if they are not closed.
fn quoted(value: &str) -> Option<Option<String>> {
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let mut escaped = false;
    let end = value.char_indices().skip(1).find(|(_, character)| {
        let is_end = *character == quote && !escaped;
        escaped = *character == '\\' && quote == '"' && !escaped;
        is_end
    });
    let inside = end.and_then(|(end, _)| value.get(1..end));
    Some(inside.map(|inside| if quote == '"' { unescaped(inside) } else { inside.to_owned() }))
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
        let text = r#"{"a": "x", "b": 10, "c": true, "d": {"e": 1}}"#;
        let value = |key| json(text, key).flatten();
        assert_eq!(["a", "b", "c"].map(|key| value(key).unwrap_or_default()), ["x", "10", "true"]);
        assert_eq!((value("d"), json("[1]", "a")), (None, None));
    }

    #[test]
    fn what_is_wrong_with_a_file_names_no_value() {
        let problem = value(Path::new("/no/such/file.json"), "./file.json", "token");
        assert_eq!(problem, Err("`./file.json` cannot be read: entity not found".to_owned()));
    }
}
