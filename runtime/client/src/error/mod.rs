//! The error of a call.

mod api_error;
mod caller;

use std::error::Error as StdError;
use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::argument::{Violation, Violations};
use crate::format::FormatError;
use crate::headers::{request_id, retry_after};
use crate::script::ScriptError;
use crate::text::{shortened, visible};
use crate::transport::{BoxError, Failure, TransportError};
pub use api_error::ApiError;
use api_error::TEXT_LIMIT;
pub(crate) use caller::NotForCaller;

/// Why a call failed, and at what point. It never contains the request's URI, headers, body or credentials. If the error
/// response of the upstream repeats a credential or a secret body, it is redacted.
pub struct Error(Box<Inner>);

struct Inner {
    operation: &'static str,
    /// The step of a flow that called the operation.
    step: Option<&'static str>,
    kind: ErrorKind,
    /// The number of violations that are not in the kind.
    omitted: usize,
    phase: Phase,
    attempts: u32,
    may_have_acted: bool,
    /// The call brought the credential itself.
    has_own_credential: bool,
    response: Option<UpstreamResponse>,
    api_error: OnceLock<ApiError>,
    source: Option<BoxError>,
}

/// How far a call got before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Building the request. Nothing was sent.
    Prepare,
    /// Making a connection. Nothing was sent.
    Connect,
    /// Sending the request, or waiting for its response. The upstream may have processed it.
    Send,
    /// Receiving the response. The upstream has processed the request.
    Receive,
    /// Decoding the response. The upstream has processed the request.
    Decode,
}

/// The upstream's response to a call that failed.
pub(crate) struct UpstreamResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the body is complete.
    pub(crate) whole: bool,
}

/// The kinds of [`Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Arguments are invalid. Nothing was sent. These are the first violations, at most 20.
    Arguments(Vec<Violation>),
    /// The upstream could not be reached.
    Connect,
    /// The upstream refused the request and said that it did not process it (RFC 9113 §8.7).
    Refused,
    /// The upstream did not respond in time.
    Timeout,
    /// The connection broke during the request or the response.
    Transport,
    /// The upstream responded with a status other than 2xx (RFC 9110 §15).
    Status(StatusCode),
    /// The upstream's response is larger than the configured limit.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The upstream's response cannot be decoded as the operation declares, or into the requested type.
    Decode,
    /// The token provider returned no token. Nothing was sent.
    Token,
    /// The call lacks the credential that it must bring, or what it brings is not accepted. Nothing was sent. The text says why.
    Unauthorized(String),
    /// The authorization server gives no token for this caller. Nothing was sent. The text says why.
    Forbidden(String),
    /// The transport can never send this request. Nothing was sent.
    Unsendable,
    /// The application's own HTTP client followed a redirect, and sent the credential to its target. Build that client without
    /// redirects.
    Redirected,
    /// The call was cancelled. Only interceptors see this.
    Cancelled,
    /// The runtime for blocking calls failed. Nothing was sent.
    Runtime,
    /// The pages of a list cannot be followed. The text says why.
    Paging(String),
    /// A step of a flow cannot be taken because of what an earlier one returned. The text says why.
    Step(String),
    /// The script of a step refused what it was given: it threw an error. The text is its message.
    Thrown(String),
    /// The script of a step cannot run, or went beyond a limit. The text says why.
    Script(String),
}

impl ErrorKind {
    /// The name of the kind, for logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Arguments(_) => "arguments",
            Self::Connect => "connect",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::Status(_) => "status",
            Self::TooLarge { .. } => "too_large",
            Self::Decode => "decode",
            Self::Token => "token",
            Self::Unauthorized(_) => "unauthorized",
            Self::Forbidden(_) => "forbidden",
            Self::Unsendable => "unsendable",
            Self::Redirected => "redirected",
            Self::Cancelled => "cancelled",
            Self::Runtime => "runtime",
            Self::Paging(_) => "paging",
            Self::Step(_) => "step",
            Self::Thrown(_) => "thrown",
            Self::Script(_) => "script",
        }
    }
}

impl Error {
    pub(crate) fn new(operation: &'static str, kind: ErrorKind, phase: Phase) -> Self {
        let (response, api_error, source) = (None, OnceLock::new(), None);
        let (attempts, may_have_acted) = (0, false);
        Self(Box::new(Inner {
            operation,
            step: None,
            kind,
            omitted: 0,
            phase,
            attempts,
            may_have_acted,
            has_own_credential: false,
            response,
            api_error,
            source,
        }))
    }

    #[doc(hidden)]
    pub fn arguments(operation: &'static str, violations: impl Into<Violations>) -> Self {
        let (violations, omitted) = violations.into().into_parts();
        let mut error = Self::new(operation, ErrorKind::Arguments(violations), Phase::Prepare);
        error.0.omitted = omitted;
        error
    }

    pub(crate) fn transport(operation: &'static str, error: TransportError) -> Self {
        let (kind, phase) = match error.failure {
            Failure::Connect => (ErrorKind::Connect, Phase::Connect),
            Failure::Refused => (ErrorKind::Refused, Phase::Send),
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

    /// There is no token for a call: because of its caller, or for another reason.
    pub(crate) fn no_token(operation: &'static str, error: BoxError) -> Self {
        let kind = match NotForCaller::of(&error) {
            Some(NotForCaller::Unauthorized(reason)) => ErrorKind::Unauthorized(reason.clone()),
            Some(NotForCaller::Forbidden(reason)) => ErrorKind::Forbidden(reason.clone()),
            None => return Self::new(operation, ErrorKind::Token, Phase::Prepare).caused_by(error),
        };
        Self::new(operation, kind, Phase::Prepare)
    }

    /// A step of a flow cannot be taken.
    #[doc(hidden)]
    pub fn step(operation: &'static str, problem: String) -> Self {
        Self::new(operation, ErrorKind::Step(problem), Phase::Prepare)
    }

    /// The script of a step did not return a value.
    #[doc(hidden)]
    pub fn script(operation: &'static str, error: ScriptError) -> Self {
        let kind = match error {
            ScriptError::Thrown(message) => ErrorKind::Thrown(message),
            ScriptError::Failed(problem) => ErrorKind::Script(problem),
        };
        Self::new(operation, kind, Phase::Prepare)
    }

    /// The error of an operation that a step of a flow called.
    #[doc(hidden)]
    #[must_use]
    pub fn in_step(mut self, step: &'static str) -> Self {
        self.0.step = Some(step);
        self
    }

    /// The response was interrupted.
    pub(crate) fn interrupted(operation: &'static str, error: reqwest::Error) -> Self {
        let mut error = Self::transport(operation, error.into());
        if error.0.kind == ErrorKind::Refused {
            error.0.kind = ErrorKind::Transport;
        }
        if error.0.phase == Phase::Send {
            error.0.phase = Phase::Receive;
        }
        error
    }

    pub(crate) fn caused_by(mut self, source: BoxError) -> Self {
        self.0.source = Some(source);
        self
    }

    pub(crate) fn with_response(mut self, response: UpstreamResponse) -> Self {
        self.0.response = Some(response);
        self
    }

    pub(crate) fn after(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn with_may_have_acted(mut self, may_have_acted: bool) -> Self {
        self.0.may_have_acted = may_have_acted;
        self
    }

    pub(crate) fn with_own_credential(mut self, own: bool) -> Self {
        self.0.has_own_credential = own;
        self
    }

    /// Whether the call brought the secret itself that authenticated it, so that its rejection is about the caller.
    #[doc(hidden)]
    pub fn has_own_credential(&self) -> bool {
        self.0.has_own_credential
    }

    /// Whether the upstream may have processed the attempt that failed with this error.
    pub(crate) fn may_have_taken_effect(&self) -> bool {
        match &self.0.kind {
            ErrorKind::Status(status) => status.is_server_error() || *status == StatusCode::REQUEST_TIMEOUT,
            ErrorKind::Refused => false,
            _ => matches!(self.0.phase, Phase::Send | Phase::Receive | Phase::Decode),
        }
    }

    /// Whether the text of the error includes its cause, because it would not be useful without it.
    fn includes_cause(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Decode | ErrorKind::Unsendable)
    }

    /// The operation's name in the capability.
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// The kind of the error.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The number of violations that [`ErrorKind::Arguments`] does not list.
    #[doc(hidden)]
    pub fn omitted_violations(&self) -> usize {
        self.0.omitted
    }

    /// The upstream's status, if it responded.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.response.as_ref().map(|response| response.status)
    }

    /// The upstream's headers, if it responded.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.response.as_ref().map(|response| &response.headers)
    }

    /// The upstream's request id (`x-request-id`), if it sent one of at most 128 visible characters.
    pub fn request_id(&self) -> Option<&str> {
        self.headers().and_then(request_id)
    }

    /// The raw body of the upstream's response; empty without a response.
    pub fn body(&self) -> &[u8] {
        self.0.response.as_ref().map_or(&[], |response| &response.body)
    }

    /// Whether the upstream responded, and its body is complete: it did not break off, and is not too long to be kept.
    #[doc(hidden)]
    pub fn has_whole_body(&self) -> bool {
        self.0.response.as_ref().is_some_and(|response| response.whole)
    }

    /// Whether the upstream may be right, and what the capability says about its responses out of date.
    #[doc(hidden)]
    pub fn is_of_schema(&self) -> bool {
        let source = self.0.source.as_ref().and_then(|source| source.downcast_ref::<FormatError>());
        source.is_some_and(FormatError::is_of_schema)
    }

    /// How far the call got.
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// The number of attempts; 0 if nothing was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether the request may have taken effect although the call failed: an attempt ended without a response, or with one
    /// that leaves it open. A retry may then fail because of the first attempt, such as a DELETE that gets a 404.
    pub fn may_have_acted(&self) -> bool {
        self.0.may_have_acted || (self.0.attempts > 0 && self.may_have_taken_effect())
    }

    /// The upstream's error response, parsed, if it responded.
    pub fn api_error(&self) -> Option<&ApiError> {
        let response = self.0.response.as_ref()?;
        Some(self.0.api_error.get_or_init(|| ApiError::read(&response.headers, &response.body)))
    }

    /// The upstream's error code, such as `not_found`.
    pub fn upstream_type(&self) -> Option<&str> {
        self.api_error()?.kind.as_deref()
    }

    /// The upstream's error message.
    pub fn message(&self) -> Option<&str> {
        self.api_error()?.message.as_deref()
    }

    /// The upstream's error document as your own type; `None` if it does not match.
    pub fn body_as<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(self.body()).ok()
    }

    /// How long the upstream asks to wait before a retry (`Retry-After`, RFC 9110 §10.2.3).
    pub fn retry_after(&self) -> Option<Duration> {
        self.headers().and_then(retry_after)
    }

    /// Whether the reason is transient, so that a later call may succeed. Whether a retry is safe depends on the operation and
    /// on [`Error::phase`].
    pub fn is_transient(&self) -> bool {
        match &self.0.kind {
            ErrorKind::Connect | ErrorKind::Refused | ErrorKind::Timeout | ErrorKind::Transport => true,
            ErrorKind::Status(status) => matches!(status.as_u16(), 408 | 429 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// Whether only the operator can fix this.
    #[doc(hidden)]
    pub fn is_for_the_operator(&self) -> bool {
        use ErrorKind::{Arguments, Forbidden, Status, Thrown, TooLarge, Unauthorized};
        let kind = &self.0.kind;
        let is_of_caller = matches!(kind, Arguments(_) | Thrown(_) | Status(_) | Unauthorized(_) | Forbidden(_));
        !is_of_caller && !matches!(kind, TooLarge { .. })
    }

    /// All causes, for the operator's log.
    #[doc(hidden)]
    pub fn causes(&self) -> String {
        causes(self)
    }
}

/// The texts of all causes of an error, without its own text.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes.join(": ")
}

impl Error {
    /// The text of the error as if the upstream had responded with this body, from which secrets may be gone; without a body,
    /// nothing of the upstream is repeated.
    #[doc(hidden)]
    pub fn text_for(&self, body: Option<&[u8]>) -> String {
        let said = self.headers().zip(body).map(|(headers, body)| ApiError::read(headers, body));
        let mut text = String::new();
        // Writing to a string does not fail.
        self.write(&mut text, said.as_ref()).unwrap_or_default();
        text
    }

    fn write(&self, f: &mut impl fmt::Write, said: Option<&ApiError>) -> fmt::Result {
        if let Some(step) = self.0.step {
            write!(f, "step `{step}`, ")?;
        }
        write!(f, "{}: ", self.0.operation)?;
        match &self.0.kind {
            ErrorKind::Arguments(violations) => {
                write!(f, "nothing was sent, the arguments are invalid: ")?;
                for (index, violation) in violations.iter().enumerate() {
                    write!(f, "{}{violation}", if index == 0 { "" } else { "; " })?;
                }
                if self.0.omitted > 0 {
                    write!(f, "; and {} more", self.0.omitted)?;
                }
            }
            ErrorKind::Connect => write!(f, "cannot connect to the upstream")?,
            ErrorKind::Refused => write!(f, "the upstream refused the request without processing it")?,
            ErrorKind::Timeout => write!(f, "the upstream did not respond in time")?,
            ErrorKind::Transport => write!(f, "the connection to the upstream broke")?,
            ErrorKind::Status(status) => {
                write!(f, "the upstream responded with {status}")?;
                let said = said.map(|said| [said.kind.as_deref(), said.message.as_deref()]);
                let said: Vec<_> = said.into_iter().flatten().flatten().collect();
                let said = said.join(": ");
                // Whose words these are must be clear, whatever they are.
                if !said.is_empty() {
                    write!(f, "; the upstream says: {}", quoted(&said))?;
                }
            }
            ErrorKind::TooLarge { limit } => write!(f, "the upstream's response is larger than {limit} bytes")?,
            ErrorKind::Decode => write!(f, "the upstream's response cannot be decoded")?,
            ErrorKind::Unsendable => write!(f, "the request cannot be sent")?,
            ErrorKind::Redirected => {
                write!(f, "the HTTP client followed a redirect; build it with `redirect::Policy::none()`")?;
            }
            ErrorKind::Cancelled => write!(f, "the call was cancelled")?,
            ErrorKind::Token => write!(f, "nothing was sent, no token is available")?,
            ErrorKind::Unauthorized(reason) | ErrorKind::Forbidden(reason) => {
                write!(f, "nothing was sent, {reason}")?;
            }
            ErrorKind::Runtime => write!(f, "nothing was sent, the runtime for blocking calls failed")?,
            ErrorKind::Paging(problem) | ErrorKind::Step(problem) => write!(f, "{problem}")?,
            ErrorKind::Thrown(message) => write!(f, "the script refused its input: {message}")?,
            ErrorKind::Script(problem) => write!(f, "the script failed: {problem}")?,
        }
        if self.includes_cause()
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

/// Words of the upstream in quotes, cut, and without characters that no one sees.
fn quoted(words: &str) -> String {
    Value::from(shortened(&visible(&words.replace(['\n', '\r', '\t'], " ")), TEXT_LIMIT)).to_string()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, self.api_error())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers and body are left out, because responses may contain secrets.
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
    /// The cause. If the error's own text includes it, the cause of the cause.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source: &(dyn StdError + 'static) = self.0.source.as_ref()?.as_ref();
        if self.includes_cause() { source.source() } else { Some(source) }
    }
}
