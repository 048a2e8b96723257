//! The interface between a client and the network.

use std::sync::Arc;

use super::attempt::Attempt;
use crate::transport::{BoxFuture, Failure, TransportError};

/// Sends requests and returns their responses: the network, or a test double.
///
/// A transport sends a request once, follows no redirects, and returns any status as a response. The client handles retries,
/// time limits and errors. Dropping the future cancels the request.
pub trait Transport: Send + Sync + 'static {
    /// Sends a request and waits for the head of its response.
    ///
    /// # Errors
    /// If there is no response.
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
            let response = self.execute(request).await?;
            // reqwest sends custom headers, including credentials, to the target of a redirect.
            let redirected = TransportError { failure: Failure::Redirected, source: None };
            if *response.url() == uri { Ok(response) } else { Err(redirected) }
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
