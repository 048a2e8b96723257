//! Bodies: what a call takes for one.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::TryStreamExt as _;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;

use crate::arguments::Argument;
use crate::client::BoxError;

/// A body that is sent as it is: text, bytes, or a stream of them. It goes wherever a call takes a body, and the
/// operation's own idea of one no longer counts.
///
/// Anything that serializes is a body too, as JSON; it needs no `RawBody`.
#[derive(Clone)]
pub struct RawBody {
    media_type: String,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Bytes(Bytes),
    /// A stream can be read once.
    Stream(Arc<Mutex<Option<reqwest::Body>>>),
}

impl RawBody {
    /// Bytes of this media type (RFC 9110 §8.3).
    pub fn bytes(media_type: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self { media_type: media_type.into(), content: Content::Bytes(bytes.into()) }
    }

    /// Text, as `text/plain` in UTF-8.
    pub fn text(text: impl Into<String>) -> Self {
        Self::bytes("text/plain; charset=utf-8", text.into())
    }

    /// A stream of bytes of this media type, a file say, sent in chunks. It can be sent once, and clones share it: its call
    /// is not repeated, whatever fails, and a second one with it is refused.
    pub fn stream<S, B, E>(media_type: impl Into<String>, stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: Into<Bytes> + 'static,
        E: Into<BoxError> + 'static,
    {
        let body = reqwest::Body::wrap_stream(stream.map_ok(Into::into));
        Self { media_type: media_type.into(), content: Content::Stream(Arc::new(Mutex::new(Some(body)))) }
    }

    pub(crate) fn media_type(&self) -> &str {
        &self.media_type
    }

    /// What is sent; nothing where it was a stream and has been sent.
    pub(crate) fn to_content(&self) -> Option<reqwest::Body> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes.clone().into()),
            Content::Stream(body) => body.lock().unwrap_or_else(PoisonError::into_inner).take(),
        }
    }

    pub(crate) fn is_repeatable(&self) -> bool {
        matches!(self.content, Content::Bytes(_))
    }
}

impl fmt::Debug for RawBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The content stays out: it may be a secret.
        f.debug_struct("RawBody").field("media_type", &self.media_type).finish_non_exhaustive()
    }
}

/// A body whose texts and numbers are secrets: where a refusal of the upstream repeats one of them, of four characters at
/// least, the error has it blotted out.
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

/// What a call takes for a body: anything that serializes, a [`RawBody`], and either of them as a [`SecretBody`].
pub trait IntoBody {
    /// The body as an argument, and the secrets in it; nothing where it cannot be written as JSON.
    #[doc(hidden)]
    fn into_argument(self) -> Option<(Argument, Vec<SecretString>)>;
}

impl<T: Serialize> IntoBody for T {
    fn into_argument(self) -> Option<(Argument, Vec<SecretString>)> {
        Some((Argument::Value(serde_json::to_value(self).ok()?), Vec::new()))
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
            Argument::Raw(RawBody { content: Content::Bytes(bytes), .. }) | Argument::Json(bytes) => {
                secrets.push(String::from_utf8_lossy(bytes).into_owned().into());
                if let Ok(document) = serde_json::from_slice(bytes) {
                    collect_texts(&document, &mut secrets);
                }
            }
            // What a stream holds is not known here, and kept nowhere.
            Argument::Raw(_) => {}
        }
        Some((argument, secrets))
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
