//! The types that a call accepts as a body.

use std::fmt;

use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;

use crate::argument::Argument;
use crate::models;
use crate::raw_body::RawBody;

/// A body whose texts and numbers are secrets. If an error response of the upstream repeats one of at least four bytes, the
/// error has it redacted.
#[derive(Clone)]
pub struct SecretBody<B>(B);

impl<B: IntoBody> SecretBody<B> {
    /// Marks a body as secret.
    pub fn new(body: B) -> Self {
        Self(body)
    }
}

impl<B> fmt::Debug for SecretBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBody([redacted])")
    }
}

/// What a call accepts as a body: anything that serializes, such as a model of a generated crate or a JSON value, a [`RawBody`],
/// and either of them as a [`SecretBody`].
pub trait IntoBody {
    /// The body as an argument, and the secrets in it; `None` if it cannot be serialized as JSON.
    #[doc(hidden)]
    fn into_argument(self) -> Option<(Argument, Vec<SecretString>)>;
}

impl<T: Serialize> IntoBody for T {
    fn into_argument(self) -> Option<(Argument, Vec<SecretString>)> {
        let (value, found) = models::to_value(self)?;
        let mut secrets = Vec::new();
        found.iter().for_each(|value| collect_texts(value, &mut secrets));
        Some((Argument::Value(value), secrets))
    }
}

impl IntoBody for RawBody {
    fn into_argument(self) -> Option<(Argument, Vec<SecretString>)> {
        Some((Argument::Raw(self), Vec::new()))
    }
}

impl<B: IntoBody> IntoBody for SecretBody<B> {
    fn into_argument(self) -> Option<(Argument, Vec<SecretString>)> {
        let (argument, mut secrets) = self.0.into_argument()?;
        match &argument {
            Argument::Value(value) => collect_texts(value, &mut secrets),
            Argument::Json(bytes) => collect(bytes, &mut secrets),
            // The content of a stream is unknown here, and is not kept.
            Argument::Raw(body) => body.as_bytes().into_iter().for_each(|bytes| collect(bytes, &mut secrets)),
        }
        Some((argument, secrets))
    }
}

fn collect(bytes: &[u8], found: &mut Vec<SecretString>) {
    found.push(String::from_utf8_lossy(bytes).into_owned().into());
    if let Ok(document) = serde_json::from_slice(bytes) {
        collect_texts(&document, found);
    }
}

fn collect_texts(value: &Value, found: &mut Vec<SecretString>) {
    match value {
        Value::String(text) => found.push(text.as_str().into()),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| collect_texts(member, found)),
        Value::Number(number) => found.push(number.to_string().into()),
        Value::Null | Value::Bool(_) => {}
    }
}
