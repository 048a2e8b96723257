//! The one error of a call.

mod refusal;

use std::error::Error as StdError;
use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::argument::Violation;
use crate::client::{BoxError, Failure, TransportError, retry_after};
use crate::headers::request_id;
pub use refusal::Refusal;

/// Why a call failed, and at what point. It never holds the request's URI, headers, body or credentials; where the
/// upstream's refusal repeats a credential or a secret body, that is blotted out.
pub struct Error(Box<Inner>);

struct Inner {
    operation: &'static str,
    kind: ErrorKind,
    phase: Phase,
    attempts: u32,
    may_have_acted: bool,
    answer: Option<Answer>,
    refusal: OnceLock<Refusal>,
    source: Option<BoxError>,
}

/// How far a call came before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// The request was being made. Nothing was sent.
    Prepare,
    /// A connection was being made. Nothing was sent.
    Connect,
    /// The request was being sent, or its answer awaited. The upstream may have acted.
    Send,
    /// The answer was being received. The upstream has decided.
    Receive,
    /// The answer was being read. The upstream has decided.
    Decode,
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
    /// The upstream's answer is not what the operation declares, or not what was asked for.
    Decode,
    /// The token provider gave no token. Nothing was sent.
    Token,
    /// The transport cannot send the request, now or later. Nothing was sent.
    Unsendable,
    /// The answer came by a redirect, from wherever that led, and the credential went there too. The application's own HTTP
    /// client must not follow redirects.
    Redirected,
    /// Nobody waited for the call any more. Only hooks see this.
    Cancelled,
    /// The runtime of blocking calls does not work. Nothing was sent.
    Runtime,
    /// The pages of a list do not follow each other in a way that can be followed.
    Paging(String),
}

impl ErrorKind {
    /// A word for it, for logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Arguments(_) => "arguments",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::Status(_) => "status",
            Self::TooLarge { .. } => "too_large",
            Self::Decode => "decode",
            Self::Token => "token",
            Self::Unsendable => "unsendable",
            Self::Redirected => "redirected",
            Self::Cancelled => "cancelled",
            Self::Runtime => "runtime",
            Self::Paging(_) => "paging",
        }
    }
}

impl Error {
    pub(crate) fn new(operation: &'static str, kind: ErrorKind, phase: Phase) -> Self {
        let (answer, refusal, source) = (None, OnceLock::new(), None);
        let (attempts, may_have_acted) = (0, false);
        Self(Box::new(Inner { operation, kind, phase, attempts, may_have_acted, answer, refusal, source }))
    }

    pub(crate) fn arguments(operation: &'static str, violations: Vec<Violation>) -> Self {
        Self::new(operation, ErrorKind::Arguments(violations), Phase::Prepare)
    }

    pub(crate) fn transport(operation: &'static str, error: TransportError) -> Self {
        let (kind, phase) = match error.failure {
            Failure::Connect => (ErrorKind::Connect, Phase::Connect),
            Failure::Timeout => (ErrorKind::Timeout, Phase::Send),
            Failure::Broken => (ErrorKind::Transport, Phase::Send),
            Failure::TooLong => {
                let violation = Violation::new("request", "cannot be sent: an argument is too long");
                (ErrorKind::Arguments(vec![violation]), Phase::Prepare)
            }
            Failure::Unsendable => (ErrorKind::Unsendable, Phase::Prepare),
            Failure::Redirected => (ErrorKind::Redirected, Phase::Send),
            Failure::Decode => (ErrorKind::Decode, Phase::Decode),
        };
        let new = Self::new(operation, kind, phase);
        match error.source {
            Some(source) => new.caused_by(source),
            None => new,
        }
    }

    /// The answer broke off.
    pub(crate) fn interrupted(operation: &'static str, error: reqwest::Error) -> Self {
        let mut error = Self::transport(operation, error.into());
        if error.0.phase == Phase::Send {
            error.0.phase = Phase::Receive;
        }
        error
    }

    pub(crate) fn caused_by(mut self, source: BoxError) -> Self {
        self.0.source = Some(source);
        self
    }

    pub(crate) fn answered(mut self, answer: Answer) -> Self {
        self.0.answer = Some(answer);
        self
    }

    pub(crate) fn after(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn open(mut self, may_have_acted: bool) -> Self {
        self.0.may_have_acted = may_have_acted;
        self
    }

    /// Whether the attempt that failed with this leaves open what the upstream did.
    pub(crate) fn leaves_open_what_happened(&self) -> bool {
        match &self.0.kind {
            ErrorKind::Status(status) => status.is_server_error() || *status == StatusCode::REQUEST_TIMEOUT,
            _ => matches!(self.0.phase, Phase::Send | Phase::Receive | Phase::Decode),
        }
    }

    /// Whether the text of the error would say nothing without its cause.
    fn names_its_cause(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Decode | ErrorKind::Unsendable)
    }

    /// The operation's name in the capability, which the documentation of its method repeats.
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

    /// How far the call came.
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// How many attempts were made; none where nothing was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether the upstream may have done what was asked although the call failed: an attempt ended without an answer, or with
    /// one that does not say. A call that was repeated may then be refused for what it did itself, with a 404 after a DELETE,
    /// say.
    pub fn may_have_acted(&self) -> bool {
        self.0.may_have_acted || (self.0.attempts > 0 && self.leaves_open_what_happened())
    }

    /// What the upstream says about it, where it answered.
    pub fn refusal(&self) -> Option<&Refusal> {
        let answer = self.0.answer.as_ref()?;
        Some(self.0.refusal.get_or_init(|| Refusal::read(&answer.headers, &answer.body)))
    }

    /// What went wrong in the upstream's word for programs, `not_found` say.
    pub fn upstream_type(&self) -> Option<&str> {
        self.refusal()?.kind.as_deref()
    }

    /// What the upstream says to people.
    pub fn message(&self) -> Option<&str> {
        self.refusal()?.message.as_deref()
    }

    /// The upstream's error document as a type of yours, where it fits.
    pub fn body_as<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(self.body()).ok()
    }

    /// How long the upstream asks to wait before another try (RFC 9110 §10.2.3).
    pub fn retry_after(&self) -> Option<Duration> {
        self.headers().and_then(retry_after)
    }

    /// Whether the reason may pass, so that a later call may succeed. Whether it is safe to repeat is another matter, and
    /// depends on the operation and on [`Error::phase`].
    pub fn is_transient(&self) -> bool {
        match &self.0.kind {
            ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Transport => true,
            ErrorKind::Status(status) => matches!(status.as_u16(), 408 | 429 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// Whether nobody but whoever runs the client can do something about it.
    #[cfg(any(feature = "rest", feature = "mcp"))]
    pub(crate) fn is_for_the_operator(&self) -> bool {
        !matches!(self.0.kind, ErrorKind::Arguments(_) | ErrorKind::Status(_) | ErrorKind::TooLarge { .. })
    }

    /// All causes, for the log of whoever runs the server.
    #[cfg(any(feature = "rest", feature = "mcp"))]
    pub(crate) fn causes(&self) -> String {
        causes(self)
    }
}

/// All causes of an error, without its own words.
#[cfg(any(feature = "rest", feature = "mcp"))]
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes.join(": ")
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
                match (self.upstream_type(), self.message()) {
                    (Some(kind), Some(message)) => write!(f, ": {kind}: {message}")?,
                    (Some(text), None) | (None, Some(text)) => write!(f, ": {text}")?,
                    (None, None) => {}
                }
            }
            ErrorKind::TooLarge { limit } => write!(f, "the upstream's answer is larger than {limit} bytes")?,
            ErrorKind::Decode => write!(f, "the upstream's answer cannot be read")?,
            ErrorKind::Unsendable => write!(f, "the request cannot be sent")?,
            ErrorKind::Redirected => {
                write!(f, "the HTTP client followed a redirect; build it with `redirect::Policy::none()`")?;
            }
            ErrorKind::Cancelled => write!(f, "nobody waits for the call any more")?,
            ErrorKind::Token => write!(f, "nothing was sent, there is no token")?,
            ErrorKind::Runtime => write!(f, "nothing was sent, the runtime of blocking calls does not work")?,
            ErrorKind::Paging(problem) => write!(f, "{problem}")?,
        }
        if self.names_its_cause()
            && let Some(source) = &self.0.source
        {
            write!(f, ": {source}")?;
        }
        if self.0.attempts > 1 {
            write!(f, " after {} attempts", self.0.attempts)?;
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
            .field("phase", &self.0.phase)
            .field("attempts", &self.0.attempts)
            .field("upstream_type", &self.upstream_type())
            .field("message", &self.message())
            .field("request_id", &self.request_id())
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    /// The cause, unless the error's own text says it already: then the cause of the cause.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source: &(dyn StdError + 'static) = self.0.source.as_ref()?.as_ref();
        if self.names_its_cause() { source.source() } else { Some(source) }
    }
}
