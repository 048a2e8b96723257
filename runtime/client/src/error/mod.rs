//! The error of a call.

mod api_error;
mod caller;
mod kind;
mod words;

use std::error::Error as StdError;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::argument::{Violation, Violations};
use crate::format::{FormatError, from_json};
use crate::headers::{request_id, retry_after};
use crate::script::ScriptError;
use crate::transport::{BoxError, Failure, TransportError};
pub use api_error::ApiError;
pub(crate) use caller::NotForCaller;
pub use kind::{ErrorKind, Phase};

/// Why a call failed, and at what point. It never contains the request's URI, headers, body or credentials. If the error
/// response of the upstream repeats a credential or a secret body, it is redacted.
pub struct Error(Box<Inner>);

struct Inner {
    operation: &'static str,
    /// The step of a flow that called the operation.
    step: Option<&'static str>,
    /// The element that it was called for, counted from 0, and how many there are.
    element: Option<(usize, usize)>,
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

/// The upstream's response to a call that failed.
pub(crate) struct UpstreamResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the body is complete.
    pub(crate) whole: bool,
}

impl Error {
    pub(crate) fn new(operation: &'static str, kind: ErrorKind, phase: Phase) -> Self {
        let (response, api_error, source) = (None, OnceLock::new(), None);
        let (attempts, may_have_acted) = (0, false);
        Self(Box::new(Inner {
            operation,
            step: None,
            element: None,
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
            Failure::Body => (ErrorKind::Body, Phase::Send),
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

    /// The application did not make the output of a step.
    #[doc(hidden)]
    pub fn transform(operation: &'static str, error: ScriptError) -> Self {
        match error {
            ScriptError::Thrown(_) => Self::script(operation, error),
            ScriptError::Failed(problem) => Self::new(operation, ErrorKind::Transform(problem), Phase::Prepare),
        }
    }

    /// The error of an operation that a step of a flow called.
    #[doc(hidden)]
    #[must_use]
    pub fn in_step(mut self, step: &'static str) -> Self {
        self.0.step = Some(step);
        self
    }

    /// The error of a call for one of the elements of a list, counted from 0.
    #[doc(hidden)]
    #[must_use]
    pub fn for_element(mut self, index: usize, count: usize) -> Self {
        self.0.element = Some((index, count));
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

    /// Whether the call brought the secret itself that authenticated it, or a part of it, so that its rejection is about the caller.
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

    /// The body of the upstream's response, in UTF-8 if its charset is known; empty without a response.
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
        from_json(self.body()).ok()
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

impl StdError for Error {
    /// The cause. If the error's own text includes it, the cause of the cause.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source: &(dyn StdError + 'static) = self.0.source.as_ref()?.as_ref();
        if self.includes_cause() { source.source() } else { Some(source) }
    }
}
