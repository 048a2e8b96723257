//! The seam between a client and the network.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;

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
            if *answer.url() == uri { Ok(answer) } else { Err(TransportError::broken(FollowedRedirect)) }
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the HTTP client follows redirects; build it with `redirect::Policy::none()`")]
struct FollowedRedirect;

/// Why there is no answer.
#[derive(Debug)]
pub struct TransportError {
    pub(crate) failure: Failure,
    pub(crate) source: Option<BoxError>,
}

/// How far a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Unsendable,
    Connect,
    Timeout,
    Broken,
}

impl TransportError {
    /// The request is not one that can be sent, now or later.
    pub fn unsendable(source: impl Into<BoxError>) -> Self {
        Self { failure: Failure::Unsendable, source: Some(source.into()) }
    }

    /// No connection could be made. Nothing was sent.
    pub fn connect(source: impl Into<BoxError>) -> Self {
        Self { failure: Failure::Connect, source: Some(source.into()) }
    }

    /// No answer came in time.
    pub fn timeout() -> Self {
        Self { failure: Failure::Timeout, source: None }
    }

    /// The connection broke. The upstream may have acted.
    pub fn broken(source: impl Into<BoxError>) -> Self {
        Self { failure: Failure::Broken, source: Some(source.into()) }
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
            return Self::unsendable("an argument is too long");
        } else {
            Failure::Broken
        };
        // The URI may hold a credential, and names hosts that are nobody's business.
        Self { failure, source: Some(error.without_url().into()) }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.failure {
            Failure::Unsendable => "the request cannot be sent",
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
