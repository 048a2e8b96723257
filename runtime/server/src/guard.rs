//! Limits the number of running requests, and turns panics into responses.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http::header::{HeaderValue, RETRY_AFTER};
use http::{StatusCode, Uri};
use naftiko_client::__private::TARGET;
use naftiko_rest::__private::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::peer::Peer;

/// The permits of running requests. Clones share them.
#[derive(Clone)]
pub(super) struct Guard {
    permits: Arc<Semaphore>,
    /// How many of them one address may have.
    share: usize,
}

/// A permit of a caller. The request runs until it is dropped.
pub(super) struct Permit {
    _permit: OwnedSemaphorePermit,
    peer: Arc<Peer>,
}

impl Guard {
    /// This many permits, of which one address may have a share.
    pub(super) fn new(max_in_flight: usize, share: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(max_in_flight.min(Semaphore::MAX_PERMITS))), share }
    }

    /// A permit, if one is available for this caller, and memory for the response.
    pub(super) fn permit(&self, peer: &Arc<Peer>) -> Option<Permit> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        peer.permits.fetch_add(1, Ordering::Relaxed);
        let permit = Permit { _permit: permit, peer: peer.clone() };
        (peer.permits.load(Ordering::Relaxed) <= self.share && peer.has_room()).then_some(permit)
    }
}

impl Permit {
    pub(super) fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.peer.permits.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The response to a request without a permit.
pub(super) fn overloaded(uri: &Uri) -> Response {
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server is overloaded");
    problem.header(RETRY_AFTER, HeaderValue::from_static("1")).at(uri.path()).into_response()
}

/// Runs a request. A panic becomes a response too.
pub(super) async fn run(uri: &Uri, id: &HeaderValue, response: impl Future<Output = Response>) -> Response {
    match AssertUnwindSafe(response).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => panic_problem(panic.as_ref(), id).at(uri.path()).into_response(),
    }
}

/// The response to a request that caused a panic. The panic's message may contain anything, so only the log gets it.
fn panic_problem(panic: &(dyn Any + Send), id: &HeaderValue) -> Problem {
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(target: TARGET, message, request_id = ?id, "a request caused a panic");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error; see the server's log")
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    async fn broken() -> Response {
        panic!("with a secret in its message")
    }

    #[tokio::test]
    async fn panic_gets_a_500_without_its_message() {
        let response = run(&Uri::from_static("/x"), &HeaderValue::from_static("the-id"), broken()).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        assert!(text.contains("\"status\":500") && !text.contains("secret"), "{text}");
    }
}
