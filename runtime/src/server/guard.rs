//! A place among the requests that run, and an answer whatever happens to one.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http::header::{HeaderValue, RETRY_AFTER};
use http::{StatusCode, Uri};
use tokio::sync::Semaphore;

use crate::rest::Problem;

/// The places for running requests. Clones share them.
#[derive(Clone)]
pub(super) struct Guard(Arc<Semaphore>);

impl Guard {
    pub(super) fn new(max_in_flight: usize) -> Self {
        Self(Arc::new(Semaphore::new(max_in_flight.min(Semaphore::MAX_PERMITS))))
    }

    /// The answer, if there is a place for it. A panic becomes one, too.
    pub(super) async fn run(&self, uri: &Uri, id: &HeaderValue, answer: impl Future<Output = Response>) -> Response {
        let problem = match self.0.try_acquire() {
            Ok(_place) => match AssertUnwindSafe(answer).catch_unwind().await {
                Ok(response) => return response,
                Err(panic) => panicked(panic.as_ref(), id),
            },
            Err(_) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server has as many requests as it can take")
                .header(RETRY_AFTER, HeaderValue::from_static("1")),
        };
        problem.at(uri.path()).into_response()
    }
}

/// A defect of the server. What it says may hold anything, so that goes to the log of whoever runs it and nowhere else.
fn panicked(panic: &(dyn Any + Send), id: &HeaderValue) -> Problem {
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(message, request_id = ?id, "a request met a defect");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the server has a defect; its log says more")
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    async fn broken() -> Response {
        panic!("with a secret in its message")
    }

    #[tokio::test]
    async fn a_defect_is_answered_and_tells_nothing() {
        let guard = Guard::new(1);
        // Its place among the running requests is free again after it.
        for _ in 0..2 {
            let answer = guard.run(&Uri::from_static("/x"), &HeaderValue::from_static("the-id"), broken()).await;
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let body = answer.into_body().collect().await.expect("a body").to_bytes();
            let text = String::from_utf8_lossy(&body).into_owned();
            assert!(text.contains("\"status\":500") && !text.contains("secret"), "{text}");
        }
    }
}
