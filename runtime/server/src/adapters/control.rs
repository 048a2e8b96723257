//! The control adapter: the status of the server. Probes and metrics are middleware.

use std::time::Instant;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::{ALLOW, HeaderValue};
use http::{Method, StatusCode};
use naftiko_rest::__private::Problem;
use naftiko_schema::{Capability, Control};
use serde_json::json;

use super::Parts;
use crate::health;
use crate::listening::Listening;
use crate::metrics::PATH as METRICS;
use crate::reply::status_response;

pub(crate) struct Handler {
    about: &'static Capability,
    listening: Vec<Listening>,
    started: Instant,
    control: &'static Control,
}

impl Handler {
    pub(super) fn new(control: &'static Control, parts: &Parts<'_>) -> Self {
        let Parts { about, listening, started, .. } = *parts;
        Self { about, listening: listening.to_vec(), started, control }
    }

    /// Responds to a request that reads neither a probe nor metrics.
    pub(super) fn respond(&self, request: &Request) -> Response {
        let path = request.uri().path();
        let is_there = match path {
            "/status" => self.control.info,
            METRICS => self.control.metrics,
            path => health::PROBES.contains(&path) && self.control.health,
        };
        if !is_there {
            return Problem::not_found(path).at(path).into_response();
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let detail = "the path does not support this method; see the Allow header";
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail);
            return problem.header(ALLOW, HeaderValue::from_static("GET, HEAD")).at(path).into_response();
        }
        let adapters: Vec<_> = self.listening.iter().map(|listening| listening.status("started")).collect();
        let document = json!({
            "capability": {"display": self.about.title, "name": self.about.name, "version": self.about.version},
            "engine": {"name": "naftiko-runtime", "version": env!("CARGO_PKG_VERSION")},
            // An ISO 8601 duration.
            "uptime": format!("PT{}S", self.started.elapsed().as_secs()),
            "adapters": adapters,
        });
        status_response(StatusCode::OK, "application/json", document.to_string())
    }
}
