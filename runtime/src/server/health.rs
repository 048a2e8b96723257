//! What orchestrators ask: whether the process lives, and whether it should get requests.

use axum::extract::Request;
use axum::response::Response;
use http::{Method, StatusCode};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::control::Served;
use super::front::told;

/// Answers for the server itself.
#[derive(Clone)]
pub(super) struct Health {
    stop: CancellationToken,
    alive: Option<(&'static str, String)>,
    /// What is said before and after the signal to stop.
    ready: Option<(&'static str, String, String)>,
}

impl Health {
    /// Probes on the port of an adapter, which keeps what paths it has itself.
    pub(super) fn new(stop: &CancellationToken, routes: &[&'static str]) -> Self {
        let free = |path: &'static str| Some(path).filter(|path| !routes.contains(path));
        let said = |word: &str| json!({"status": word}).to_string();
        Self {
            stop: stop.clone(),
            alive: free("/healthz").map(|path| (path, said("alive"))),
            ready: free("/readyz").map(|path| (path, said("ready"), said("draining"))),
        }
    }

    /// Probes on the port of a control adapter, as the reference engine answers them.
    pub(super) fn of_all(stop: &CancellationToken, served: &[Served], wanted: bool) -> Self {
        let said = |word: &str, state: &str| {
            let adapters: Vec<_> = served.iter().map(|served| served.told(state)).collect();
            json!({"status": word, "adapters": adapters}).to_string()
        };
        let alive = ("/health/live", json!({"status": "UP"}).to_string());
        let ready = ("/health/ready", said("UP", "STARTED"), said("DEGRADED", "STOPPED"));
        Self { stop: stop.clone(), alive: wanted.then_some(alive), ready: wanted.then_some(ready) }
    }

    /// The answer to a probe. Nobody authenticates for one, no upstream is asked, and a server that is merely busy has it.
    pub(super) fn answer(&self, request: &Request) -> Option<Response> {
        let asked = request.uri().path();
        let (status, said) = match (&self.alive, &self.ready) {
            (Some((path, said)), _) if *path == asked => (StatusCode::OK, said),
            (_, Some((path, _, draining))) if *path == asked && self.stop.is_cancelled() => {
                (StatusCode::SERVICE_UNAVAILABLE, draining)
            }
            (_, Some((path, ready, _))) if *path == asked => (StatusCode::OK, ready),
            _ => return None,
        };
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        Some(told(status, "application/json", said.clone()))
    }
}
