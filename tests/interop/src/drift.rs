//! An upstream whose responses are set by requests, and everything that an upstream may respond with to a tool.
//!
//! `PUT` at [`RESPONSE`] sets what all requests get from then on. `POST` at [`CASES`] of a list of tools that has the whole
//! schemas of their results returns [`cases`].

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use serde_json::{Value, json};

use crate::documents::{drifted, least, mistyped, sample};

/// Where the next response is set: an object of its `status` and `body`.
pub const RESPONSE: &str = "/drift/response";
/// Where lists of tools become cases.
pub const CASES: &str = "/drift/cases";

/// What the upstream responds with, and what it has received.
#[derive(Debug, Default)]
pub struct Upstream {
    next: Mutex<(StatusCode, Value)>,
    received: Mutex<Vec<Value>>,
}

impl Upstream {
    /// Responds with this document from now on.
    pub fn respond_with(&self, status: StatusCode, body: &Value) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = (status, body.clone());
    }

    /// The bodies that were received since the last look.
    pub fn received(&self) -> Vec<Value> {
        std::mem::take(&mut self.received.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The routes.
pub fn router(upstream: &Arc<Upstream>) -> Router {
    Router::new().route(RESPONSE, put(set)).route(CASES, post(list)).fallback(respond).with_state(Arc::clone(upstream))
}

fn document(status: StatusCode, value: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

async fn respond(State(upstream): State<Arc<Upstream>>, body: Bytes) -> Response {
    let received = serde_json::from_slice::<Value>(&body).ok();
    upstream.received.lock().unwrap_or_else(PoisonError::into_inner).extend(received);
    let (status, body) = &*upstream.next.lock().unwrap_or_else(PoisonError::into_inner);
    document(*status, body)
}

async fn set(State(upstream): State<Arc<Upstream>>, body: Bytes) -> StatusCode {
    let set = || {
        let response: Value = serde_json::from_slice(&body).ok()?;
        let status = u16::try_from(response.get("status")?.as_u64()?).ok()?;
        upstream.respond_with(StatusCode::from_u16(status).ok()?, response.get("body")?);
        Some(StatusCode::NO_CONTENT)
    };
    set().unwrap_or(StatusCode::BAD_REQUEST)
}

async fn list(body: Bytes) -> Response {
    match serde_json::from_slice::<Value>(&body) {
        Ok(tools) => document(StatusCode::OK, &cases(&tools)),
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

/// What each tool that says what it returns is called with, and what its upstream may respond with. Of each response with a
/// success, the structured content that it should become, and whether the schema of the tool allows that.
#[must_use]
pub fn cases(tools: &Value) -> Value {
    let tools = tools.as_array().into_iter().flatten();
    tools.filter(|tool| tool["outputSchema"].is_object()).map(case).collect()
}

fn case(tool: &Value) -> Value {
    let schema = &tool["outputSchema"];
    let fitting = sample(schema);
    let validator = jsonschema::validator_for(schema);
    let success = |body: Value| {
        let expected = if body.is_object() { body.clone() } else { json!({ "result": body }) };
        let fits = validator.as_ref().is_ok_and(|validator| validator.is_valid(&expected));
        json!({ "status": 200, "body": body, "expected": expected, "fits": fits })
    };
    let bodies = [drifted(&fitting, schema), mistyped(&fitting, schema), vec![json!([fitting]), Value::Null]].concat();
    let failure = |status: u16| json!({ "status": status, "body": { "message": "no", "type": "unseen" } });
    let responses: Vec<Value> = bodies.into_iter().map(success).chain([400, 403, 404, 412].map(failure)).collect();
    json!({ "tool": tool["name"], "arguments": least(&tool["inputSchema"]), "responses": responses })
}
