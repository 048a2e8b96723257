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
    let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let value = match name.rsplit_once('.') {
        Some((_, "yaml" | "yml")) => yaml(&text, key),
        Some((_, "env")) => Some(dotenv(&text, key)),
        _ if name.starts_with(".env") => Some(dotenv(&text, key)),
        _ => json(&text, key),
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

/// A value among lines of `NAME=value`, which may begin with `export` and have quotes around the value. Without quotes, a
/// comment begins at ` #`. The last line of a name counts, as in shells.
fn dotenv(text: &str, key: &str) -> Option<String> {
    let mut pairs = text.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("export ").unwrap_or(line).trim_start().split_once('=')
    });
    let (_, value) = pairs.rfind(|(name, _)| name.trim_end() == key)?;
    let value = value.trim();
    let quoted = ['"', '\''].into_iter().find_map(|quote| {
        let (inside, _) = value.strip_prefix(quote)?.rsplit_once(quote)?;
        Some(if quote == '"' { unescaped(inside) } else { inside.to_owned() })
    });
    Some(quoted.unwrap_or_else(|| value.split(" #").next().unwrap_or_default().trim_end().to_owned()))
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
