//! The interface between a client and the network.

use std::sync::Arc;

use super::attempt::Attempt;
use crate::compression::{accept_compressed, decompressed};
use crate::request::announce_no_content;
use crate::transport::{BoxFuture, Failure, TransportError, on_heap};

/// How many header fields a response over HTTP/1 may have.
pub const MAX_FIELDS: usize = 512;
/// How long the head of a response over HTTP/2 may be, in bytes. This is what hyper accepts over HTTP/1.
pub const MAX_HEAD: u32 = 400 << 10;

/// Settings of reqwest that the client relies on.
pub(crate) fn settings(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    let builder = builder.redirect(reqwest::redirect::Policy::none()).no_gzip();
    builder.http1_max_headers(MAX_FIELDS).http2_max_header_list_size(MAX_HEAD)
}

/// Sends requests and returns their responses: the network, or a test double.
///
/// A transport sends a request once, follows no redirects, and returns any status as a response. The client handles redirects,
/// retries, time limits and errors. Dropping the future cancels the request.
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
        mut request: reqwest::Request,
        attempt: &'a Attempt<'_>,
    ) -> BoxFuture<'a, Result<reqwest::Response, TransportError>> {
        let uri = request.url().clone();
        accept_compressed(request.headers_mut());
        announce_no_content(&mut request);
        // reqwest cannot copy this body, so it does not send the request a second time by itself.
        let body = attempt.track(request.body_mut().take().unwrap_or_default());
        *request.body_mut() = Some(reqwest::Body::wrap(body));
        on_heap(|| async move {
            let response = self.execute(request).await?;
            // reqwest sends custom headers, including credentials, to the target of a redirect.
            let redirected = TransportError { failure: Failure::Redirected, source: None };
            if *response.url() == uri { decompressed(response) } else { Err(redirected) }
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
