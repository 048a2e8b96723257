//! Probes of an orchestrator: whether the process is alive, and whether it should get requests.

use axum::extract::Request;
use axum::response::Response;
use http::{Method, StatusCode};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::listening::Listening;
use super::reply::status_response;

/// The paths of probes on the port of a control adapter: whether the process is alive, and whether it is ready.
pub(super) const PROBES: [&str; 2] = ["/health/live", "/health/ready"];

/// The probes of one port.
#[derive(Clone)]
pub(super) struct Health {
    stop: CancellationToken,
    /// The path and the body.
    alive: Option<(&'static str, String)>,
    /// The path, and the body before and after the signal to stop.
    ready: Option<(&'static str, String, String)>,
    /// Whether only callers that authenticate get a response.
    guarded: bool,
}

impl Health {
    /// Probes on the port of an adapter. Paths that the capability defines itself are not probes.
    pub(super) fn new(stop: &CancellationToken, routes: &[&'static str]) -> Self {
        let free = |path: &'static str| Some(path).filter(|path| !routes.contains(path));
        let body = |word: &str| json!({"status": word}).to_string();
        Self {
            stop: stop.clone(),
            alive: free("/healthz").map(|path| (path, body("alive"))),
            ready: free("/readyz").map(|path| (path, body("ready"), body("draining"))),
            guarded: false,
        }
    }

    /// Probes on the port of a control adapter, with the responses of the reference engine.
    pub(super) fn of_all(stop: &CancellationToken, listening: &[Listening], enabled: bool, guarded: bool) -> Self {
        let body = |word: &str, state: &'static str| {
            let adapters: Vec<_> = listening.iter().map(|listening| listening.status(state)).collect();
            json!({"status": word, "adapters": adapters}).to_string()
        };
        let [alive, ready] = PROBES;
        let alive = (alive, json!({"status": "UP"}).to_string());
        let ready = (ready, body("UP", "started"), body("DEGRADED", "stopped"));
        Self { stop: stop.clone(), alive: enabled.then_some(alive), ready: enabled.then_some(ready), guarded }
    }

    /// The response to anyone, if the request is a probe. Probes need no authentication unless the capability says so.
    pub(super) fn respond_to_all(&self, request: &Request) -> Option<Response> {
        if self.guarded { None } else { self.respond(request) }
    }

    /// The response, if the request is a probe. It calls no upstream and also works under load.
    pub(super) fn respond(&self, request: &Request) -> Option<Response> {
        let requested = request.uri().path();
        let (status, body) = match (&self.alive, &self.ready) {
            (Some((path, body)), _) if *path == requested => (StatusCode::OK, body),
            (_, Some((path, _, draining))) if *path == requested && self.stop.is_cancelled() => {
                (StatusCode::SERVICE_UNAVAILABLE, draining)
            }
            (_, Some((path, ready, _))) if *path == requested => (StatusCode::OK, ready),
            _ => return None,
        };
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        Some(status_response(status, "application/json", body.clone()))
    }
}
