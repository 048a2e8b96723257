//! The errors of transports, and types that transports and clients share.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;

/// Any error.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// A boxed future, for asynchronous methods of trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Makes a future on the heap. `Box::pin` makes it elsewhere and moves all of it there, also the memory for what it will hold only later,
/// which is most of it.
pub fn on_heap<F>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::into_pin(Box::write(Box::new_uninit(), make()))
}

/// Why a request got no response.
#[derive(Debug)]
pub struct TransportError {
    pub(crate) failure: Failure,
    pub(crate) source: Option<BoxError>,
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    TooLong,
    Unsendable,
    Redirected,
    Connect,
    Refused,
    Timeout,
    Broken,
    Body,
    Decode,
}

impl TransportError {
    /// The request can never be sent.
    pub fn unsendable(source: impl Into<BoxError>) -> Self {
        Self { failure: Failure::Unsendable, source: Some(without_url(source.into())) }
    }

    /// No connection could be made. Nothing was sent.
    pub fn connect(source: impl Into<BoxError>) -> Self {
        Self { failure: Failure::Connect, source: Some(without_url(source.into())) }
    }

    /// No response arrived in time.
    pub fn timeout() -> Self {
        Self { failure: Failure::Timeout, source: None }
    }

    /// The upstream refused the request without processing it.
    pub fn refused(source: impl Into<BoxError>) -> Self {
        Self { failure: Failure::Refused, source: Some(without_url(source.into())) }
    }

    /// The connection broke. The upstream may have processed the request, unless an error of hyper or h2 among the causes
    /// says that it did not, or that the response cannot be read.
    pub fn broken(source: impl Into<BoxError>) -> Self {
        let source = without_url(source.into());
        if is_unreadable(&*source) {
            return Self::unreadable(source);
        }
        let failure = if is_unprocessed(&*source) { Failure::Refused } else { Failure::Broken };
        Self { failure, source: Some(source) }
    }

    /// The body of the request cannot be read from its stream. The upstream may have got a part of it.
    pub fn body(source: impl Into<BoxError>) -> Self {
        Self { failure: Failure::Body, source: Some(without_url(source.into())) }
    }

    /// The upstream responded, and its response cannot be read. It has processed the request.
    pub fn unreadable(source: impl Into<BoxError>) -> Self {
        let source = without_url(source.into());
        Self { failure: Failure::Decode, source: Some(Unreadable { source }.into()) }
    }

    /// Whether the upstream may process the request after this: it was sent, and no response came.
    #[cfg(feature = "cache")]
    pub(crate) fn may_be_processed_later(&self) -> bool {
        matches!(self.failure, Failure::Timeout | Failure::Broken)
    }

    /// The same error, if nothing was sent.
    pub(crate) fn before_sending(self) -> Self {
        let failure = match self.failure {
            Failure::Timeout | Failure::Broken => Failure::Connect,
            failure => failure,
        };
        Self { failure, ..self }
    }
}

/// A response that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("it is malformed, or has too many or too long header fields")]
struct Unreadable {
    source: BoxError,
}

/// A body that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("its body is malformed, or not in the coding that it names")]
struct Malformed {
    source: reqwest::Error,
}

/// An error and its causes.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source())
}

/// Whether the upstream says that it did not process the request. A GOAWAY that ends a stream does: that stream came after the
/// last one that was processed (RFC 9113 §6.8, §8.7).
fn is_unprocessed(error: &(dyn StdError + 'static)) -> bool {
    let is_refused = |error: &h2::Error| error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    let mut errors = chain(error).filter_map(|cause| cause.downcast_ref::<h2::Error>());
    errors.any(|error| error.is_remote() && (error.is_go_away() || is_refused(error)))
}

/// Whether the response cannot be read. h2 resets the stream of such a response, and closes the connection if its head is far
/// too large.
fn is_unreadable(error: &(dyn StdError + 'static)) -> bool {
    let is_rejected = |error: &h2::Error| {
        error.is_reset() || (error.is_go_away() && error.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM))
    };
    chain(error).any(|cause| match cause.downcast_ref::<hyper::Error>() {
        Some(error) => error.is_parse(),
        None => cause.downcast_ref::<h2::Error>().is_some_and(|error| error.is_library() && is_rejected(error)),
    })
}

impl From<reqwest::Error> for TransportError {
    fn from(error: reqwest::Error) -> Self {
        // A connect timeout counts as a connection failure, because nothing was sent.
        let failure = if error.is_connect() {
            Failure::Connect
        } else if error.is_timeout() {
            Failure::Timeout
        } else if error.is_builder() {
            Failure::TooLong
        } else if is_malformed(&error) {
            return Self { failure: Failure::Decode, source: Some(Malformed { source: error.without_url() }.into()) };
        } else {
            return Self::broken(error);
        };
        Self { failure, source: Some(error.without_url().into()) }
    }
}

/// Whether the response arrived but is malformed, such as invalid gzip. reqwest does not distinguish this from other errors
/// of a body.
fn is_malformed(error: &reqwest::Error) -> bool {
    use std::io::{Error, ErrorKind};
    let kind = |cause: &(dyn StdError + 'static)| cause.downcast_ref::<Error>().map(Error::kind);
    (error.is_decode() || error.is_body())
        && chain(error).any(|cause| matches!(kind(cause), Some(ErrorKind::InvalidData | ErrorKind::InvalidInput)))
}

/// An error without the URI that reqwest would print, because it may contain a credential and internal host names.
pub(crate) fn without_url(error: BoxError) -> BoxError {
    match error.downcast::<reqwest::Error>() {
        Ok(error) => error.without_url().into(),
        Err(error) => error,
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.failure {
            Failure::TooLong | Failure::Unsendable => "the request cannot be sent",
            Failure::Redirected => "the request was redirected",
            Failure::Decode => "the response cannot be read",
            Failure::Connect => "cannot connect",
            Failure::Refused => "the request was refused without being processed",
            Failure::Timeout => "no response in time",
            Failure::Broken => "the connection broke",
            Failure::Body => "the body of the request cannot be read",
        })
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}
