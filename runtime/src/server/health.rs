//! What orchestrators ask: whether the process lives, and whether it should get requests.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use tokio_util::sync::CancellationToken;

/// Answers for the server itself.
#[derive(Clone)]
pub(super) struct Health {
    stop: CancellationToken,
    /// Paths that the capability has itself, which it keeps.
    taken: Vec<&'static str>,
}

const ALIVE: &str = "/healthz";
const READY: &str = "/readyz";

impl Health {
    pub(super) fn new(stop: &CancellationToken, routes: impl Iterator<Item = &'static str>) -> Self {
        Self { stop: stop.clone(), taken: routes.filter(|path| [ALIVE, READY].contains(path)).collect() }
    }

    /// The answer to a probe. Nobody authenticates for one, no upstream is asked, and a server that is merely busy has it.
    pub(super) fn answer(&self, request: &Request) -> Option<Response> {
        let path = request.uri().path();
        let known = matches!(path, ALIVE | READY) && !self.taken.contains(&path);
        if !known || !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        Some(match path {
            READY if self.stop.is_cancelled() => status(StatusCode::SERVICE_UNAVAILABLE, "draining"),
            READY => status(StatusCode::OK, "ready"),
            _ => status(StatusCode::OK, "alive"),
        })
    }
}

fn status(code: StatusCode, word: &str) -> Response {
    let mut response = (code, format!("{{\"status\":\"{word}\"}}")).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
