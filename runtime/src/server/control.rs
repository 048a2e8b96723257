//! The port on which a server is watched, where the capability has a `control` adapter: its status, and what it serves.

use std::net::SocketAddr;
use std::time::Instant;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::{ALLOW, HeaderValue};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::front::told;
use crate::exposure::Callers;
use crate::operation::Capability;
use crate::rest::Problem;

/// A control adapter.
#[derive(Debug)]
pub struct Control {
    /// The port that the capability names.
    pub port: u16,
    /// What callers have to send, but for probes.
    pub callers: Callers,
    /// Whether it answers probes: `/health/live` and `/health/ready`.
    pub health: bool,
    /// Whether it says what runs: `/status`.
    pub info: bool,
    /// Whether it has the metrics: `/metrics`.
    pub metrics: bool,
}

/// An adapter that is served, by its name, and where.
#[derive(Clone, Copy)]
pub(super) struct Served {
    pub(super) name: &'static str,
    pub(super) address: SocketAddr,
}

impl Served {
    /// What is told of it while it is served, or any more.
    pub(super) fn told(self, state: &str) -> Value {
        json!({"type": self.name.to_ascii_lowercase(), "port": self.address.port(), "state": state})
    }
}

/// What answers `/status`.
pub(super) struct Status {
    pub(super) capability: &'static Capability,
    pub(super) served: Vec<Served>,
    pub(super) since: Instant,
    /// Whether it is to be told.
    pub(super) told: bool,
}

impl Status {
    /// The answer to a request that was for nothing else on the port.
    pub(super) fn answer(&self, request: &Request) -> Response {
        let path = request.uri().path();
        if path != "/status" || !self.told {
            return Problem::not_found(path).at(path).into_response();
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let detail = "the path has no such method; see the Allow header";
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail);
            return problem.header(ALLOW, HeaderValue::from_static("GET, HEAD")).at(path).into_response();
        }
        let adapters: Vec<_> = self.served.iter().map(|served| served.told("STARTED")).collect();
        let document = json!({
            "capability": {"name": self.capability.name, "version": self.capability.version},
            "runtime": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")},
            // A duration of ISO 8601.
            "uptime": format!("PT{}S", self.since.elapsed().as_secs()),
            "adapters": adapters,
        });
        told(StatusCode::OK, "application/json", document.to_string())
    }
}
