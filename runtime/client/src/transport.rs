//! The errors of transports, and types that transports and clients share.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;

/// Any error.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// A boxed future, for asynchronous methods of trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

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
    Timeout,
    Broken,
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

    /// The connection broke. The upstream may have processed the request.
    pub fn broken(source: impl Into<BoxError>) -> Self {
        Self { failure: Failure::Broken, source: Some(without_url(source.into())) }
    }
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
            Failure::Decode
        } else {
            Failure::Broken
        };
        Self { failure, source: Some(error.without_url().into()) }
    }
}

/// Whether the response arrived but is malformed, such as invalid gzip. reqwest does not distinguish this from other errors
/// of a body.
fn is_malformed(error: &reqwest::Error) -> bool {
    let mut next = error.source().filter(|_| error.is_decode() || error.is_body());
    while let Some(cause) = next {
        let kind = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if matches!(kind, Some(std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput)) {
            return true;
        }
        next = cause.source();
    }
    false
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
            Failure::Decode => "the response cannot be decompressed",
            Failure::Connect => "cannot connect",
            Failure::Timeout => "no response in time",
            Failure::Broken => "the connection broke",
        })
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}
