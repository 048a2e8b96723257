//! An upstream that responds as a case says, and keeps the requests that it gets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::json::Json;

/// The longest body of a request, in bytes.
const BODY_LIMIT: usize = 16 << 20;
/// Statuses after which a client may send a request again.
const RETRIED: [u16; 4] = [429, 502, 503, 504];

/// A request that reached the upstream.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Received {
    pub(super) method: String,
    /// The path with the query.
    pub(super) target: String,
    /// Fields by lower-case names; several of one name are joined.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
    /// The status of the response.
    pub(super) status: u16,
}

/// The upstream of one case, which runs until it is dropped.
pub(super) struct Upstream {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<std::io::Result<()>>,
}

struct Shared {
    routes: Mutex<Vec<Json>>,
    received: Mutex<Vec<Received>>,
}

impl Upstream {
    /// Starts an upstream on a free port.
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("the upstream cannot listen")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { routes: Mutex::default(), received: Mutex::default() });
        let router = Router::new().fallback(respond).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, shared, task })
    }

    /// Responds by these routes from now on.
    pub(super) fn serve(&self, routes: Vec<Json>) {
        *self.shared.routes.lock().unwrap_or_else(PoisonError::into_inner) = routes;
    }

    /// The requests since the last time, in order. One that was sent again after a temporary failure counts once.
    pub(super) fn take(&self) -> Vec<Received> {
        let mut received = std::mem::take(&mut *self.shared.received.lock().unwrap_or_else(PoisonError::into_inner));
        received.dedup_by(|later, first| {
            RETRIED.contains(&first.status) && later.method == first.method && later.target == first.target && {
                first.status = later.status;
                true
            }
        });
        received
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Header fields by lower-case names.
pub(super) fn fields(headers: &http::HeaderMap) -> BTreeMap<String, String> {
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        fields
            .entry(name.as_str().to_owned())
            .and_modify(|joined| {
                joined.push_str(", ");
                joined.push_str(&value);
            })
            .or_insert_with(|| value.clone().into_owned());
    }
    fields
}

async fn respond(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await.unwrap_or_default().to_vec();
    let path = parts.uri.path();
    let route = shared
        .routes
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
        .find(|route| {
            let own = route.text_of("path").unwrap_or_default();
            let same = own == path || percent_decode_str(own).eq(percent_decode_str(path));
            same && route.text_of("method") == Some(parts.method.as_str())
        })
        .cloned();
    let challenge = route.as_ref().and_then(|route| route.get("challenge"));
    let chosen = challenge.filter(|_| !parts.headers.contains_key(AUTHORIZATION)).or(route.as_ref());
    let response = response(chosen);
    let received = Received {
        method: parts.method.to_string(),
        target: parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        headers: fields(&parts.headers),
        body,
        status: response.status().as_u16(),
    };
    shared.received.lock().unwrap_or_else(PoisonError::into_inner).push(received);
    response
}

/// The response of a route, or that there is no such route.
fn response(route: Option<&Json>) -> Response {
    let status = route.map_or(Some(404), |route| route.get("status").map_or(Some(200), Json::number));
    let mut response = Response::builder().status(status.unwrap_or(500));
    let headers = route.and_then(|route| route.get("headers")).map_or(&[][..], Json::members);
    for (name, value) in headers {
        response = response.header(name, value.shown());
    }
    let body = match route {
        Some(route) => body(route).unwrap_or_default(),
        None => NO_ROUTE.as_bytes().to_vec(),
    };
    if !body.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        response = response.header(CONTENT_TYPE, "application/json");
    }
    // A case that no response can be made of shows as a failure of the upstream.
    response.body(Body::from(body)).unwrap_or_default()
}

/// What the upstream says about a path without a route.
pub(super) const NO_ROUTE: &str = r#"{"error":"no such route"}"#;

/// The bytes of `body` or `bodyBase64`.
pub(super) fn body(json: &Json) -> Option<Vec<u8>> {
    match (json.text_of("body"), json.text_of("bodyBase64")) {
        (Some(text), _) => Some(text.as_bytes().to_vec()),
        (None, Some(encoded)) => STANDARD.decode(encoded).ok(),
        (None, None) => None,
    }
}
