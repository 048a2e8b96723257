//! What stands around every request: its id, a place among those that run, and an answer whatever happens.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER, SERVER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, StatusCode};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::metrics::Metrics;
use super::trace;
use crate::exposure::Forwarded;
use crate::rest::Problem;

/// The header that has the id of a request, in and out.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The header that has the upstream's id of a request.
const UPSTREAM_ID: HeaderName = HeaderName::from_static("x-upstream-request-id");
/// The longest list of header fields, in bytes; a longer one is answered with a 431 (RFC 6585 §5).
const FIELDS_LIMIT: usize = 32 << 10;
/// The longest id that is taken from a client, in bytes.
const ID_LIMIT: usize = 128;

/// The place for running requests.
#[derive(Clone)]
pub(super) struct Guard {
    places: Arc<Semaphore>,
    metrics: Metrics,
}

impl Guard {
    pub(super) fn new(max_in_flight: usize, metrics: Metrics) -> Self {
        Self { metrics, places: Arc::new(Semaphore::new(max_in_flight.min(Semaphore::MAX_PERMITS))) }
    }

    pub(super) async fn around(State(guard): State<Self>, mut request: Request, next: Next) -> Response {
        let _running = guard.metrics.running();
        let start = Instant::now();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let id = request_id(request.headers());
        let mut forwarded = trace::context(request.headers());
        forwarded.insert(REQUEST_ID, id.clone());
        request.extensions_mut().insert(Forwarded(forwarded));
        let size: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        let mut response = match guard.places.try_acquire() {
            _ if size > FIELDS_LIMIT => {
                let detail = format!("the header fields are longer than {FIELDS_LIMIT} bytes");
                Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail).at(&path).into_response()
            }
            Ok(_place) => match AssertUnwindSafe(next.run(request)).catch_unwind().await {
                Ok(response) => response,
                Err(panic) => panicked(panic.as_ref(), &path, &id),
            },
            Err(_) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server has as many requests as it can take")
                .header(RETRY_AFTER, HeaderValue::from_static("1"))
                .at(&path)
                .into_response(),
        };
        let headers = response.headers_mut();
        // Both ids help: ours finds the request in our log, the upstream's in that of the upstream.
        if let Some(theirs) = headers.insert(REQUEST_ID, id.clone()).filter(|theirs| *theirs != id) {
            headers.insert(UPSTREAM_ID, theirs);
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.remove(SERVER);
        guard.metrics.served(&method, &response, start.elapsed());
        response
    }
}

/// The client's id, if it can be repeated without harm, or a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let fits = |id: &&HeaderValue| {
        (1..=ID_LIMIT).contains(&id.len()) && id.as_bytes().iter().all(|byte| byte.is_ascii_graphic())
    };
    if let Some(id) = headers.get(REQUEST_ID).filter(fits) {
        return id.clone();
    }
    HeaderValue::try_from(Uuid::now_v7().to_string()).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

/// A defect of the server. What it says may hold anything, so that goes to the log of whoever runs it and nowhere else.
fn panicked(panic: &(dyn Any + Send), path: &str, id: &HeaderValue) -> Response {
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(message, request_id = ?id, "a request met a defect");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the server has a defect; its log says more")
        .at(path)
        .into_response()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::operation::Capability;

    static CAPABILITY: Capability =
        Capability { name: "defect", title: "", version: "1", description: "", apis: &[], variables: &[] };

    async fn broken() -> StatusCode {
        panic!("with a secret in its message")
    }

    #[tokio::test]
    async fn a_defect_is_answered_and_tells_nothing() {
        let metrics = Metrics::new(&CAPABILITY, std::iter::empty()).expect("names are valid");
        let guard = Guard::new(1, metrics);
        let router = Router::new().route("/x", get(broken)).layer(from_fn_with_state(guard, Guard::around));
        // Its place among the running requests is free again after it.
        for _ in 0..2 {
            let request = Request::get("/x").header(REQUEST_ID, "the-id").body(Body::empty()).expect("a request");
            let answer = router.clone().oneshot(request).await.expect("an answer");
            assert_eq!(
                (answer.status(), answer.headers()[REQUEST_ID].as_bytes()),
                (StatusCode::INTERNAL_SERVER_ERROR, &b"the-id"[..])
            );
            let body = answer.into_body().collect().await.expect("a body").to_bytes();
            let text = String::from_utf8_lossy(&body).into_owned();
            assert!(text.contains("\"status\":500") && !text.contains("secret"), "{text}");
        }
    }
}
