//! The one error of a call.

use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::argument::Violation;

/// How much of an upstream's message is worth repeating, in characters.
const MESSAGE_LIMIT: usize = 500;

/// Why a call failed, and at what point. It never holds the request's URI, headers or
/// credentials; where the upstream's refusal repeats a credential, that is blotted out.
pub struct Error(Box<Inner>);

struct Inner {
    operation: &'static str,
    kind: ErrorKind,
    answer: Option<Answer>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What the upstream answered before the call failed.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The kinds of [`Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Arguments were refused. Nothing was sent.
    Arguments(Vec<Violation>),
    /// No connection to the upstream could be made.
    Connect,
    /// The upstream did not answer in time.
    Timeout,
    /// The connection broke while the request or the answer was under way.
    Transport,
    /// The upstream answered with a status that is no success (RFC 9110 §15).
    Status(StatusCode),
    /// The upstream's answer is larger than the configured limit.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The upstream's answer is not what the operation declares.
    Decode,
}

impl Error {
    pub(crate) fn new(operation: &'static str, kind: ErrorKind) -> Self {
        Self(Box::new(Inner { operation, kind, answer: None, source: None }))
    }

    pub(crate) fn arguments(operation: &'static str, violations: Vec<Violation>) -> Self {
        Self::new(operation, ErrorKind::Arguments(violations))
    }

    /// Wraps an error of reqwest without the URI that it would print.
    pub(crate) fn transport(operation: &'static str, source: reqwest::Error) -> Self {
        // A connection that was not made in time is no connection: nothing was sent.
        let kind = if source.is_connect() {
            ErrorKind::Connect
        } else if source.is_timeout() {
            ErrorKind::Timeout
        } else if source.is_builder() {
            ErrorKind::Arguments(vec![Violation::new("request", "cannot be sent: an argument is too long")])
        } else {
            ErrorKind::Transport
        };
        Self::new(operation, kind).because(source.without_url())
    }

    pub(crate) fn because(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    pub(crate) fn answered(mut self, answer: Answer) -> Self {
        self.0.answer = Some(answer);
        self
    }

    /// The operation's name in the capability.
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The upstream's status, where it answered.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.answer.as_ref().map(|answer| answer.status)
    }

    /// The upstream's headers, where it answered.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.answer.as_ref().map(|answer| &answer.headers)
    }

    /// The upstream's request id, where it gave one.
    pub fn request_id(&self) -> Option<&str> {
        self.headers().and_then(request_id)
    }

    /// The raw body of the upstream's answer; empty where there is none.
    pub fn body(&self) -> &[u8] {
        self.0.answer.as_ref().map_or(&[], |answer| &answer.body)
    }

    /// What the upstream says in its error document, found under the usual keys.
    pub fn message(&self) -> Option<String> {
        let document: serde_json::Value = serde_json::from_slice(self.body()).ok()?;
        let texts = ["message", "detail", "title", "error_description", "error"];
        let message = texts.iter().find_map(|key| document.get(key)?.as_str())?;
        Some(message.chars().take(MESSAGE_LIMIT).collect())
    }

    /// Whether the upstream could not be reached, or did not answer to the end.
    #[cfg(any(feature = "rest", feature = "mcp"))]
    pub(crate) fn is_transport(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Transport)
    }

    /// All causes, for the log of whoever runs the server.
    #[cfg(any(feature = "rest", feature = "mcp"))]
    pub(crate) fn causes(&self) -> String {
        let mut causes = Vec::new();
        let mut next = self.source();
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        causes.join(": ")
    }
}

/// The upstream's request id, where it gave one.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-request-id")?.to_str().ok()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.0.operation)?;
        match &self.0.kind {
            ErrorKind::Arguments(violations) => {
                write!(f, "nothing was sent, the arguments are wrong: ")?;
                for (index, violation) in violations.iter().enumerate() {
                    write!(f, "{}{violation}", if index == 0 { "" } else { "; " })?;
                }
            }
            ErrorKind::Connect => write!(f, "no connection to the upstream")?,
            ErrorKind::Timeout => write!(f, "the upstream did not answer in time")?,
            ErrorKind::Transport => write!(f, "the connection to the upstream broke")?,
            ErrorKind::Status(status) => {
                write!(f, "the upstream answered {status}")?;
                if let Some(message) = self.message() {
                    write!(f, ": {message}")?;
                }
            }
            ErrorKind::TooLarge { limit } => write!(f, "the upstream's answer is larger than {limit} bytes")?,
            ErrorKind::Decode => write!(f, "the upstream's answer is not valid JSON")?,
        }
        if let Some(id) = self.request_id() {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers and body stay out: answers may carry secrets.
        f.debug_struct("Error")
            .field("operation", &self.0.operation)
            .field("kind", &self.0.kind)
            .field("request_id", &self.request_id())
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| source.as_ref() as _)
    }
}
