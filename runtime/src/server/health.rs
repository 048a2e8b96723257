//! What orchestrators ask: whether the process lives, and whether it should get requests.

use axum::extract::{Request, State};
use axum::middleware::Next;
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

    /// Answers probes before anything else: nobody authenticates for them, and no upstream is asked.
    pub(super) async fn probe(State(health): State<Self>, request: Request, next: Next) -> Response {
        let path = request.uri().path();
        let asked = matches!(*request.method(), Method::GET | Method::HEAD) && !health.taken.contains(&path);
        match path {
            ALIVE if asked => status(StatusCode::OK, "alive"),
            READY if asked && health.stop.is_cancelled() => status(StatusCode::SERVICE_UNAVAILABLE, "draining"),
            READY if asked => status(StatusCode::OK, "ready"),
            _ => next.run(request).await,
        }
    }
}

fn status(code: StatusCode, word: &str) -> Response {
    let mut response = (code, format!("{{\"status\":\"{word}\"}}")).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
