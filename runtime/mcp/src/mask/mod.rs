//! Masks secrets in responses, so that models do not read them, and shows characters that no one sees.

mod document;
mod line;
mod lists;
mod names;
mod shapes;
mod structure;
mod text;
mod values;

use naftiko_adapter::{View, numbers};
use naftiko_client::__private::{Schema, path_has_vault, path_returns_secrets};
use naftiko_schema::{ArgumentMapping, Binding, Location, Parameter, Target};
use rmcp::model::JsonObject;
use serde_json::Value;

pub(super) use document::Changes;
use document::Cleaner;
use text::Shown;

/// The text in place of a secret.
pub(super) const MASK: &str = "***";

/// The length of a text that is looked at among other bytes.
const TEXT_LENGTH: usize = 12;

/// Masks the secrets of a document, unless they may be shown, and escapes what no one sees. The document is only written to
/// where something changes.
pub(super) fn clean(target: &Target, reveals: bool, document: &mut Value) -> Changes {
    let payloads = !reveals && returns_secrets(target);
    let mut cleaner = Cleaner::new(!reveals);
    if let Some(schema) = target.response_schema().filter(|_| !reveals) {
        cleaner = cleaner.with_schema(Schema::of(schema));
    }
    match document {
        Value::String(_) if payloads => cleaner.hide(document),
        _ => cleaner.value(document, payloads),
    }
    cleaner.changes()
}

/// Masks outputs of the steps of a flow, whose names identify secrets as long as nothing renames them.
pub(super) fn view(reveals: bool) -> Option<View<'static>> {
    (!reveals).then_some(&|target, document| {
        clean(target, false, document);
    })
}

/// The body of a request without what its schema calls secret; `None` if there is nothing.
pub(super) fn without_secrets(target: &Target, body: &[u8]) -> Option<String> {
    let schema = target.request_schema().map(Schema::of).filter(|schema| !schema.secrets().is_empty())?;
    let mut document = numbers::read(body).ok()?;
    let mut cleaner = Cleaner::new(false).with_schema(schema);
    cleaner.value(&mut document, false);
    cleaner.changes().masked.then(|| numbers::write(&document))
}

/// The arguments of a call without secrets, whatever may be shown of responses: the parts of credentials, what the schema of the
/// request calls secret, what names and texts say, and what is sent to a vault as a payload.
pub(super) fn of_arguments(binding: &Binding, mut arguments: JsonObject) -> JsonObject {
    let mut cleaner = Cleaner::new(true);
    let operations = binding.target.operations();
    let is_credential = |parameter: &Parameter| parameter.location == Location::Credential;
    if operations.iter().any(|operation| operation.parameters.iter().any(is_credential)) {
        let own = binding.target.parameters().iter().filter(|parameter| is_credential(parameter));
        let own: Vec<_> = own.map(|parameter| &*parameter.name).collect();
        // What is made of several inputs, or passes through a flow, may be made of any of them.
        let is_plain = binding.arguments == ArgumentMapping::Identity && !own.is_empty();
        let hidden = arguments.iter_mut().filter(|(name, _)| !is_plain || own.contains(&name.as_str()));
        hidden.for_each(|(_, value)| cleaner.hide(value));
    }
    if let Some(schema) = binding.target.request_schema() {
        cleaner = cleaner.with_schema(Schema::of(schema));
    }
    let is_vault = operations.iter().any(|operation| path_has_vault(&operation.path));
    let mut document = Value::Object(arguments);
    cleaner.value(&mut document, is_vault);
    match document {
        Value::Object(masked) => masked,
        _ => JsonObject::new(),
    }
}

/// A text that is no document, with its secrets masked unless they may be shown, and with what no one sees escaped. `None` if
/// it has neither. `is_structured` says that its media type has names and values.
pub(super) fn cleaned(target: &Target, reveals: bool, text: &str, is_structured: bool) -> Option<(String, Changes)> {
    let mut cleaner = Cleaner::new(!reveals);
    if !reveals && returns_secrets(target) {
        return Some((MASK.to_owned(), Changes { masked: true, escaped: false }));
    }
    let cleaned = cleaner.cleaned(text, is_structured)?;
    Some((cleaned, cleaner.changes()))
}

/// Whether bytes that are no text hold names of secrets.
pub(super) fn has_secrets(bytes: &[u8]) -> bool {
    // Text of two bytes for each character has zeros between its letters.
    let letters: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    // In pictures there are short texts by chance.
    letters.split(|byte| !matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')).any(|text| {
        let text = std::str::from_utf8(text).unwrap_or_default();
        text.len() >= TEXT_LENGTH && text::shown(text, true) != Shown::Whole
    })
}

/// Whether a target returns secrets by design.
pub(super) fn returns_secrets(target: &Target) -> bool {
    target.operations().iter().any(|operation| path_returns_secrets(&operation.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_with_names_of_secrets_are_found() {
        for (bytes, found) in [
            (&b"\x00\xff password=hush-hush"[..], true),
            (b"p\0a\0s\0s\0w\0o\0r\0d\0=\0h\0u\0s\0h\0\xff", true),
            (b"\xffpw=\xfe<pw>\x01", false),
            (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR Software: GIMP", false),
        ] {
            assert_eq!(has_secrets(bytes), found, "{bytes:?}");
        }
    }
}
