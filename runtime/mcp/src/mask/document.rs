//! The secrets of a document: by names, in pairs of name and value, in columns, and in texts.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use naftiko_adapter::numbers;
use naftiko_client::__private::{Schema, rank, visible};
use serde_json::{Map, Value};

use super::names::{Meaning, is_mark, is_name, is_value, meaning};
use super::text::{self, Shown};
use super::{MASK, shapes};

/// Names of members that hold the secret in responses of such operations, and in lists of secrets.
const PAYLOADS: &[&str] =
    &["data", "payload", "plaintext", "stringdata", "value", "secretvalue", "secretstring", "secretbinary"];
/// The longest name of a column, in bytes.
const COLUMN_LIMIT: usize = 64;
/// The most columns of rows whose names are looked at.
const COLUMNS_LIMIT: usize = 100;
/// How many documents may be inside of texts of each other. Deeper ones are hidden.
const TEXTS_LIMIT: usize = 4;

/// What was changed in a document or a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Secrets were masked.
    pub(crate) masked: bool,
    /// Something else was changed: characters are shown as escapes.
    pub(crate) escaped: bool,
}

impl Changes {
    pub(crate) fn any(self) -> bool {
        self.masked || self.escaped
    }
}

/// Masks and escapes in one pass over a document.
pub(super) struct Cleaner {
    /// Whether secrets are masked.
    masks: bool,
    /// What the document is, with marks of members that are secrets.
    schema: Option<Arc<Schema>>,
    /// How many texts the current document is inside of.
    depth: usize,
    changes: Changes,
}

impl Cleaner {
    /// `masks` says whether secrets are masked.
    pub(super) fn new(masks: bool) -> Self {
        Self { masks, schema: None, depth: 0, changes: Changes::default() }
    }

    /// The same with the schema of the document, which knows secrets whose names do not say so.
    pub(super) fn with_schema(mut self, schema: Arc<Schema>) -> Self {
        self.schema = Some(schema);
        self
    }

    /// What has been changed.
    pub(super) fn changes(&self) -> Changes {
        self.changes
    }

    /// `payloads` says that members with names such as `value` are secrets.
    pub(super) fn value(&mut self, value: &mut Value, payloads: bool) {
        match value {
            Value::String(text) => {
                if let Some(cleaned) = self.cleaned(text, false) {
                    *text = cleaned;
                }
            }
            Value::Array(items) => self.items(items, payloads),
            Value::Object(members) => self.members(members, payloads),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn items(&mut self, items: &mut [Value], payloads: bool) {
        let mut hides = false;
        for item in items {
            // Of a command line, the item after an option is its value. Of a pair, the second one is.
            let names =
                |text: &str| text.starts_with("--") && !text.contains(['=', ' ']) && meaning(text) == Meaning::Secret;
            let is_option = self.masks && item.as_str().is_some_and(names);
            if std::mem::replace(&mut hides, is_option) && item.is_string() {
                self.hide(item);
            } else if let Value::Array(pair) = item {
                match pair.as_mut_slice() {
                    [Value::String(name), value] if self.masks && meaning(name) == Meaning::Secret => self.hide(value),
                    pair => self.items(pair, payloads),
                }
            } else {
                self.value(item, payloads);
            }
        }
    }

    fn members(&mut self, members: &mut Map<String, Value>, payloads: bool) {
        let (mut is_pair, mut is_key, mut renamed, mut payloads) = (false, false, false, payloads);
        let mut hidden: Vec<bool> = Vec::new();
        for (name, value) in members.iter() {
            renamed |= may_change(name) && self.rename(name).is_some();
            match value {
                Value::String(text) if self.masks => {
                    is_pair |= is_name(name) && is_secret_name(text);
                    payloads |= name == "kind" && text == "Secret";
                    is_key |= name == "kty";
                }
                // Of outputs of tools such as Terraform.
                Value::Bool(true) if self.masks => is_pair |= is_mark(name),
                Value::Array(columns) if self.masks => {
                    let secret = |column: &Value| {
                        column
                            .as_str()
                            .is_some_and(|name| name.len() <= COLUMN_LIMIT && meaning(name) == Meaning::Secret)
                    };
                    if columns.len() <= COLUMNS_LIMIT && columns.iter().any(secret) {
                        hidden = columns.iter().map(secret).collect();
                    }
                }
                _ => {}
            }
        }
        if !hidden.is_empty() {
            members.values_mut().for_each(|rows| self.columns(rows, &hidden));
        }
        for (name, value) in members.iter_mut() {
            let is_marked = self.schema.as_ref().is_some_and(|schema| schema.secrets().contains(name));
            let meaning = match self.masks {
                _ if is_marked => Meaning::Secret,
                true => meaning(name),
                false => Meaning::Plain,
            };
            match (meaning, &mut *value) {
                (_, value) if is_pair && is_value(name) => self.hide(value),
                // The private part of a key, and a symmetric one (RFC 7518 §6).
                (_, value) if is_key && ["d", "p", "q", "dp", "dq", "qi", "k"].contains(&&**name) => self.hide(value),
                (_, value) if payloads && rank(name, PAYLOADS).is_some() => self.hide(value),
                (Meaning::Secret, value) => self.hide(value),
                (Meaning::Secrets, Value::Array(items)) => {
                    for item in items {
                        if matches!(item, Value::Object(_) | Value::Array(_)) {
                            self.value(item, true)
                        } else {
                            self.hide(item)
                        }
                    }
                }
                (Meaning::Secrets, Value::Object(secrets)) => {
                    for secret in secrets.values_mut() {
                        if secret.is_string() { self.hide(secret) } else { self.value(secret, true) }
                    }
                }
                (Meaning::Secrets, Value::String(text)) if !numbers::is_marked(text) => self.hide(value),
                (Meaning::Perhaps, Value::String(text)) if may_be_secret(name, text) => self.hide(value),
                (Meaning::Perhaps, Value::Number(_)) if name.to_ascii_lowercase().ends_with("pin") => self.hide(value),
                (_, value) => self.value(value, payloads),
            }
        }
        if renamed {
            *members = std::mem::take(members)
                .into_iter()
                .map(|(name, value)| (self.rename(&name).unwrap_or(name), value))
                .collect();
        }
    }

    /// Masks the columns of rows, whose names are in another list.
    fn columns(&mut self, rows: &mut Value, hidden: &[bool]) {
        for row in rows.as_array_mut().into_iter().flatten().filter_map(Value::as_array_mut) {
            if row.len() == hidden.len() {
                row.iter_mut().zip(hidden).filter(|(_, hidden)| **hidden).for_each(|(value, _)| self.hide(value));
            }
        }
    }

    /// The name of a member that is a secret itself, or has what no one sees.
    fn rename(&mut self, name: &str) -> Option<String> {
        let redacted = if self.masks { text::redacted(name) } else { None };
        self.changes.masked |= redacted.is_some();
        let shown = redacted.as_deref().unwrap_or(name);
        match visible(shown) {
            Cow::Owned(shown) => {
                self.changes.escaped = true;
                Some(shown)
            }
            Cow::Borrowed(_) => redacted,
        }
    }

    /// Masks a secret, which may be a list or an object.
    pub(super) fn hide(&mut self, value: &mut Value) {
        match value {
            Value::String(text) if text.is_empty() || text.bytes().all(|byte| byte == b'*') => {}
            // It is meant to be known.
            Value::String(text) if text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") => {}
            Value::String(_) | Value::Number(_) => {
                *value = Value::from(MASK);
                self.changes.masked = true;
            }
            Value::Object(members) => members.values_mut().for_each(|value| self.hide(value)),
            Value::Array(items) => items.iter_mut().for_each(|value| self.hide(value)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// The text without secrets and with what no one sees as escapes; `None` if it stays as it is.
    pub(super) fn cleaned(&mut self, text: &str, is_structured: bool) -> Option<String> {
        if numbers::is_marked(text) {
            return None;
        }
        let masked = if self.masks { self.masked(text, is_structured) } else { None };
        self.changes.masked |= masked.is_some();
        let shown = masked.as_deref().unwrap_or(text);
        match visible(shown) {
            Cow::Owned(shown) => {
                self.changes.escaped = true;
                Some(shown)
            }
            Cow::Borrowed(_) => masked,
        }
    }

    fn masked(&mut self, text: &str, is_structured: bool) -> Option<String> {
        // The shortest secrets in text are `pw=x`.
        if text.len() < 4 {
            return None;
        }
        let start = text.trim_start();
        if start.starts_with(['{', '[', '"'])
            && let Some(documents) = documents(start)
        {
            if self.depth >= TEXTS_LIMIT {
                return Some(MASK.to_owned());
            }
            return self.of_documents(documents);
        }
        if let Some(decoded) = decoded_document(text)
            && let Some(documents) = documents(&decoded)
        {
            return self.of_documents(documents).map(|_| MASK.to_owned());
        }
        match text::shown(text, is_structured) {
            Shown::Whole => None,
            Shown::Masked(masked) => Some(masked),
            Shown::Hidden => Some(MASK.to_owned()),
        }
    }

    /// The documents of a text, if any has a secret.
    fn of_documents(&mut self, mut documents: Vec<Value>) -> Option<String> {
        let (schema, changes) = (self.schema.clone(), Changes::default());
        let mut inner = Self { masks: self.masks, schema, depth: self.depth + 1, changes };
        documents.iter_mut().for_each(|document| inner.value(document, false));
        self.changes.escaped |= inner.changes.escaped;
        let lines = || documents.iter().map(numbers::write).collect::<Vec<_>>().join("\n");
        inner.changes.any().then(lines)
    }
}

/// The document that a text is, or those of its lines; `None` if it is neither. A repeated name would hide a value.
fn documents(text: &str) -> Option<Vec<Value>> {
    let read = |text: &str| {
        numbers::read(text.as_bytes()).ok().filter(|document| !numbers::repeats_names(text.as_bytes(), document))
    };
    if let Some(document) = read(text) {
        // A text in quotes is a document for the sake of what is in it.
        return Some(vec![document]);
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let documents: Option<Vec<_>> = lines.map(|line| read(line.trim_start_matches('\u{1e}'))).collect();
    documents.filter(|documents| documents.len() > 1)
}

/// The text of a document in base64.
fn decoded_document(text: &str) -> Option<String> {
    let starts = ["ey", "ew", "W3", "Wy", "Ww"].iter().any(|start| text.starts_with(start));
    if !starts || text.len() < 12 || text.contains('.') {
        return None;
    }
    let alphabet = if text.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    let padding = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    String::from_utf8(GeneralPurpose::new(alphabet, padding).decode(text.trim_end()).ok()?).ok()
}

/// Whether the name of a member may be a secret itself, or have what no one sees. Most names are words.
fn may_change(name: &str) -> bool {
    !name.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b'.' | b' '))
}

/// Whether a text is the name of a secret, and not a sentence about one.
fn is_secret_name(text: &str) -> bool {
    text.len() <= 100
        && text.split_whitespace().count() <= 4
        && matches!(meaning(text), Meaning::Secret | Meaning::Secrets)
}

/// Whether a text under a name that is a secret in some documents looks like one.
fn may_be_secret(name: &str, text: &str) -> bool {
    if name.to_ascii_lowercase().ends_with("pin") {
        return (3..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    }
    let ends = |end: &str| name.to_ascii_lowercase().ends_with(end);
    if ends("pass") {
        return !["fail", "false", "no", "ok", "pass", "passed", "true", "yes"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word));
    }
    if ends("dsn") && text.contains(':') && text.contains('@') {
        return true;
    }
    let is_uuid = text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    !is_uuid && !text.starts_with(['/', '.']) && !text.contains(":") && shapes::looks_random(text, 16)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn masked(document: &Value, payloads: bool) -> Value {
        let mut cleaner = Cleaner::new(true);
        let mut masked = document.clone();
        cleaner.value(&mut masked, payloads);
        assert_eq!(cleaner.changes.any(), masked != *document, "{document}");
        masked
    }

    #[test]
    fn only_credentials_are_masked_at_any_depth() {
        let document = json!({
            "id": "1", "secret_id": "2", "nextPageToken": "3", "token_count": 4, "secret": {"name": "a", "keys": ["b"]},
            "users": [{"apiKey": "k", "Password": "", "client-secret": "s", "token": null, "has_password": true}],
        });
        let expected = json!({
            "id": "1", "secret_id": "2", "nextPageToken": "3", "token_count": 4,
            "secret": {"name": "***", "keys": ["***"]},
            "users": [{"apiKey": "***", "Password": "", "client-secret": "***", "token": null, "has_password": true}],
        });
        assert_eq!(masked(&document, false), expected);
        let plain = json!({"data": "d", "n": 1, "kind": "Pod"});
        assert_eq!(masked(&plain, false), plain);
        let payload = json!({"secret_id": "2", "data": "ZA==", "data_crc32": 7});
        assert_eq!(masked(&payload, true), json!({"secret_id": "2", "data": "***", "data_crc32": 7}));
    }

    #[test]
    fn lists_of_secrets_stay_useful_without_the_secrets() {
        for (document, expected) in [
            (
                json!({"secrets": [{"id": "1", "name": "db", "status": "ready", "value": "hush"}], "total_count": 1}),
                json!({"secrets": [{"id": "1", "name": "db", "status": "ready", "value": "***"}], "total_count": 1}),
            ),
            (json!({"tokens": 12, "secrets": ["hush", "shh"]}), json!({"tokens": 12, "secrets": ["***", "***"]})),
            (json!({"secrets": {"db": "hush", "count": 2}}), json!({"secrets": {"db": "***", "count": 2}})),
            (
                json!({"kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "aHVzaA=="}}),
                json!({"kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "***"}}),
            ),
            (
                json!({"ssh_keys": ["ssh-rsa AAAA"], "ssh_key": "ssh-rsa AAAA"}),
                json!({"ssh_keys": ["ssh-rsa AAAA"], "ssh_key": "ssh-rsa AAAA"}),
            ),
        ] {
            assert_eq!(masked(&document, false), expected);
        }
    }

    #[test]
    fn secrets_in_pairs_lists_and_texts_are_masked() {
        for (document, expected) in [
            (json!({"user": "u", "pass": "hush"}), json!({"user": "u", "pass": "***"})),
            (json!({"pass": 3, "result": "pass"}), json!({"pass": 3, "result": "pass"})),
            (json!({"arn": "arn:aws:s:eu:1:secret:db-a1"}), json!({"arn": "arn:aws:s:eu:1:secret:db-a1"})),
            (json!({"image": "a/secret:1.2"}), json!({"image": "a/secret:1.2"})),
            (json!({"dsn": "u:hush@tcp(h)/d"}), json!({"dsn": "***"})),
            (json!([{"name": "Authorization", "value": "hush"}]), json!([{"name": "Authorization", "value": "***"}])),
            (json!({"Value": 7, "Key": "db_password"}), json!({"Value": "***", "Key": "db_password"})),
            (json!({"name": "region", "value": "fr-par"}), json!({"name": "region", "value": "fr-par"})),
            (
                json!({"pairs": [["X-Auth-Token", "hush"], ["a", "b"]]}),
                json!({"pairs": [["X-Auth-Token", "***"], ["a", "b"]]}),
            ),
            (json!(["--password", "hush", "--region", "a"]), json!(["--password", "***", "--region", "a"])),
            (
                json!({"value": "hush", "type": "string", "sensitive": true}),
                json!({"value": "***", "type": "string", "sensitive": true}),
            ),
            (json!({"value": "a", "sensitive": false}), json!({"value": "a", "sensitive": false})),
            (json!({"kty": "RSA", "n": "a", "d": "hush"}), json!({"kty": "RSA", "n": "a", "d": "***"})),
            (
                json!({"columns": ["user", "password"], "rows": [["me", "hush"]]}),
                json!({"columns": ["user", "password"], "rows": [["me", "***"]]}),
            ),
            (json!({"t": "eyJwYXNzd29yZCI6Imh1c2gifQ=="}), json!({"t": "***"})),
            (json!({"t": "eyJhIjoxfQ"}), json!({"t": "eyJhIjoxfQ"})),
            (json!({"t": "%7B%22password%22%3A%22hush%22%7D"}), json!({"t": "***"})),
            (
                json!({"ParameterKey": "DBPassword", "ParameterValue": "hush"}),
                json!({"ParameterKey": "DBPassword", "ParameterValue": "***"}),
            ),
            (
                json!({"message": "\"password\" length must be at least 8"}),
                json!({"message": "\"password\" length must be at least 8"}),
            ),
            (json!({"d": "(password required)"}), json!({"d": "(password required)"})),
            (
                json!({"field": "password", "message": "is too short"}),
                json!({"field": "password", "message": "is too short"}),
            ),
            (json!(["user", "password", "email"]), json!(["user", "password", "email"])),
            (json!({"env": ["A=b", "DB_PASSWORD=hush"]}), json!({"env": ["A=b", "DB_PASSWORD=***"]})),
            (json!({"t": "{\"password\":\"hush\"}"}), json!({"t": "{\"password\":\"***\"}"})),
            (json!({"t": "{ \"a\": 1 }"}), json!({"t": "{ \"a\": 1 }"})),
            (json!({"t": "<a><password>x</password></a>"}), json!({"t": "***"})),
            (json!({"primary_key": "id", "auth": "none"}), json!({"primary_key": "id", "auth": "none"})),
            (json!({"auth": "dXNlcjpwYXNzd29yZA=="}), json!({"auth": "***"})),
            (json!({"ghp_16C7e42F292c6912E7710c838347Ae178B4a": 1}), json!({"***": 1})),
        ] {
            assert_eq!(masked(&document, false), expected);
        }
    }
}
