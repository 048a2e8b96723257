//! The seam between a client and the network.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::Attempt;

/// Any error.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// A future on the heap, which lets traits with asynchronous methods be objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends requests and brings their answers back: the network, or whatever takes its place in a test.
///
/// A transport sends a request once, follows no redirect, and reports statuses as answers. Retries, time limits and errors
/// are made of what it says. Dropping the future gives the request up.
pub trait Transport: Send + Sync + 'static {
    /// Sends a request and waits for the head of its answer.
    ///
    /// # Errors
    /// When there is no answer.
    fn send<'a>(
        &'a self,
        request: reqwest::Request,
        attempt: &'a Attempt<'_>,
    ) -> BoxFuture<'a, Result<reqwest::Response, TransportError>>;
}

impl Transport for reqwest::Client {
    fn send<'a>(
        &'a self,
        request: reqwest::Request,
        _: &'a Attempt<'_>,
    ) -> BoxFuture<'a, Result<reqwest::Response, TransportError>> {
        let uri = request.url().clone();
        Box::pin(async move {
            let answer = self.execute(request).await?;
            // reqwest sends custom headers, and credentials in them, to wherever an answer leads.
            let redirected = TransportError { failure: Failure::Redirected, source: None };
            if *answer.url() == uri { Ok(answer) } else { Err(redirected) }
        })
    }
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send<'a>(
        &'a self,
        request: reqwest::Request,
        attempt: &'a Attempt<'_>,
    ) -> BoxFuture<'a, Result<reqwest::Response, TransportError>> {
        (**self).send(request, attempt)
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub struct TransportError {
    pub(crate) failure: Failure,
    pub(crate) source: Option<BoxError>,
}

/// How far a request came.
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
    /// The request is not one that can be sent, now or later.
    pub fn unsendable(source: impl Into<BoxError>) -> Self {
        Self { failure: Failure::Unsendable, source: Some(without_url(source.into())) }
    }

    /// No connection could be made. Nothing was sent.
    pub fn connect(source: impl Into<BoxError>) -> Self {
        Self { failure: Failure::Connect, source: Some(without_url(source.into())) }
    }

    /// No answer came in time.
    pub fn timeout() -> Self {
        Self { failure: Failure::Timeout, source: None }
    }

    /// The connection broke. The upstream may have acted.
    pub fn broken(source: impl Into<BoxError>) -> Self {
        Self { failure: Failure::Broken, source: Some(without_url(source.into())) }
    }
}

impl From<reqwest::Error> for TransportError {
    fn from(error: reqwest::Error) -> Self {
        // A connection that was not made in time is no connection: nothing was sent.
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

/// Whether the answer came, and was not what it claimed to be: no gzip, say. To reqwest all that breaks an answer is alike.
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

/// An error without the URI that reqwest would print: it may hold a credential, and names hosts that are nobody's business.
pub(super) fn without_url(error: BoxError) -> BoxError {
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
            Failure::Decode => "the answer cannot be decompressed",
            Failure::Connect => "no connection",
            Failure::Timeout => "no answer in time",
            Failure::Broken => "the connection broke",
        })
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}
