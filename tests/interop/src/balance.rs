//! A round-robin balancer: each request goes to the next server on a connection of its own, and what the servers answer
//! is recorded.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use futures_util::TryStreamExt as _;

/// More than a generated server reads.
const BODY_LIMIT: usize = 4 << 20;

struct Balancer {
    servers: Vec<String>,
    next: AtomicUsize,
    http: reqwest::Client,
    record: Mutex<File>,
}

/// Passes requests on to these servers in turns. Their answers, with all fields of the head, are added to the record.
///
/// # Errors
/// When the record cannot be written.
pub fn router(servers: Vec<String>, record: &Path) -> Result<Router> {
    let record = File::create(record).with_context(|| format!("{} cannot be written", record.display()))?;
    // Fails where a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().no_gzip().redirect(reqwest::redirect::Policy::none());
    let http = http.pool_max_idle_per_host(0).build().context("the client cannot be built")?;
    let balancer = Arc::new(Balancer { servers, next: AtomicUsize::new(0), http, record: Mutex::new(record) });
    Ok(Router::new().fallback(move |request| Arc::clone(&balancer).pass(request)))
}

impl Balancer {
    async fn pass(self: Arc<Self>, request: Request) -> Response {
        match self.forward(request).await {
            Ok(response) => response,
            Err(error) => (StatusCode::BAD_GATEWAY, format!("the balancer: {error:#}")).into_response(),
        }
    }

    async fn forward(self: Arc<Self>, request: Request) -> Result<Response> {
        let (head, body) = request.into_parts();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let server =
            self.servers.iter().cycle().nth(number % self.servers.len().max(1)).context("there is no server")?;
        let body = to_bytes(body, BODY_LIMIT).await.context("the request is too long")?;
        // The host stays as the client wrote it: whether it is allowed is for the server to say.
        let request = self.http.request(head.method, format!("{server}{}", head.uri)).headers(head.headers).body(body);
        let answer = request.send().await.context("the server does not answer")?;

        self.add(format!("{:?} {:?}\n", answer.status(), answer.headers()).as_bytes());
        let mut response = Response::new(Body::empty());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        *response.body_mut() = Body::from_stream(answer.bytes_stream().inspect_ok(move |bytes| self.add(bytes)));
        Ok(response)
    }

    /// An error is ignored here: the check that reads the record finds what is missing.
    fn add(&self, bytes: &[u8]) {
        let _ = self.record.lock().unwrap_or_else(PoisonError::into_inner).write_all(bytes);
    }
}
