//! Bodies that are sent unchanged.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::TryStreamExt as _;

use crate::transport::BoxError;

/// A body that is sent unchanged: text, bytes, or a stream. It can be used for any body, and replaces the format that the
/// operation declares.
///
/// Anything that serializes can be a JSON body without `RawBody`.
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

    /// A stream of bytes of this media type, such as a file, sent in chunks. It can be sent only once, and clones share it: its
    /// call is never retried, and a second call with it is an error.
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

    /// The body; `None` if it is a stream that has already been sent.
    pub(crate) fn to_content(&self) -> Option<reqwest::Body> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes.clone().into()),
            Content::Stream(body) => body.lock().unwrap_or_else(PoisonError::into_inner).take(),
        }
    }

    /// The bytes; `None` if it is a stream.
    pub(crate) fn as_bytes(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes),
            Content::Stream(_) => None,
        }
    }

    pub(crate) fn is_repeatable(&self) -> bool {
        matches!(self.content, Content::Bytes(_))
    }
}

impl fmt::Debug for RawBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The content is left out, because it may be a secret.
        f.debug_struct("RawBody").field("media_type", &self.media_type).finish_non_exhaustive()
    }
}
