//! What every request passes on its way to an adapter, and every answer on its way back, in this order.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, SERVER, X_CONTENT_TYPE_OPTIONS};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::cors::CorsLayer;

use super::access::Access;
use super::control::Status;
use super::docs::Docs;
use super::forwarding::Forwarding;
use super::guard::Guard;
use super::health::Health;
use super::inbound::Inbound;
use super::metrics::Metrics;
#[cfg(feature = "otlp")]
use super::otlp;
use super::rate::RateLimit;
use super::{id, log};
use crate::exposure::Forwarded;
use crate::mcp::{self, Endpoint};
use crate::rest::{Problem, Routes};
use crate::trace;

/// The header that has the upstream's id of a request.
const UPSTREAM_ID: HeaderName = HeaderName::from_static("x-upstream-request-id");
/// The longest list of header fields, in bytes; a longer one is answered with a 431 (RFC 6585 §5).
const FIELDS_LIMIT: usize = 32 << 10;

/// A listener's side of the program. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Front(pub(super) Arc<Stations>);

/// What a request passes.
pub(super) struct Stations {
    pub(super) metrics: Metrics,
    /// Whether they are to be had here.
    pub(super) shows_metrics: bool,
    pub(super) health: Health,
    pub(super) rate: Option<RateLimit>,
    pub(super) guard: Guard,
    /// Where pages of other origins may read answers.
    pub(super) cors: Option<CorsLayer>,
    pub(super) inbound: Inbound,
    pub(super) access: Access,
    /// Which fields of callers go upstream.
    pub(super) forwarding: Forwarding,
    /// Whether REST changes nothing.
    pub(super) read_only: bool,
    /// Whether requests have spans that are exported.
    #[cfg(feature = "otlp")]
    pub(super) traced: bool,
    pub(super) adapter: Adapter,
}

/// Who answers in the end.
pub(super) enum Adapter {
    Rest(Routes, Docs),
    Mcp(Box<Endpoint>),
    Control(Arc<Status>),
}

impl Front {
    /// Answers a request of the caller at this address, whatever it is and whatever happens.
    pub(super) async fn answer(&self, request: Request, caller: IpAddr) -> Response {
        let stations = &self.0;
        let _running = stations.metrics.running();
        let start = Instant::now();
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let id = id::request_id(request.headers());
        let mut response = if is_too_long(request.headers()) {
            let detail = format!("the header fields are longer than {FIELDS_LIMIT} bytes");
            Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail).at(uri.path()).into_response()
        } else if let Some(answer) = stations.health.answer(&request) {
            answer
        } else if let Some(problem) = stations.rate.as_ref().and_then(|rate| rate.check(caller).err()) {
            problem.at(uri.path()).into_response()
        } else {
            #[cfg(feature = "otlp")]
            let span = stations.traced.then(|| otlp::span(&method, request.headers()));
            // On the heap, as it is large, and would be moved several times before it runs.
            let answer = stations.guard.run(&uri, &id, Box::pin(stations.shared(request, &id)));
            #[cfg(feature = "otlp")]
            let answer = otlp::within(span, &method, answer);
            answer.await
        };
        let headers = response.headers_mut();
        // Both ids help: ours finds the request in our log, the upstream's in that of the upstream.
        if let Some(theirs) = headers.insert(id::REQUEST_ID, id.clone()).filter(|theirs| *theirs != id) {
            headers.insert(UPSTREAM_ID, theirs);
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.remove(SERVER);
        let took = start.elapsed();
        stations.metrics.served(&method, &response, took);
        log::served(&method, &response, took, &id);
        response
    }
}

impl Stations {
    /// The answer, and who may read it. A browser asks for that before it sends a credential.
    async fn shared(&self, request: Request, id: &HeaderValue) -> Response {
        let Some(cors) = &self.cors else { return self.checked(request, id).await };
        let checked = service_fn(async |request| Ok::<_, Infallible>(self.checked(request, id).await));
        match cors.layer(checked).oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// The answer to whoever may have one.
    async fn checked(&self, mut request: Request, id: &HeaderValue) -> Response {
        if let Some(answer) = self.inbound.about(&request) {
            return answer;
        }
        let proved = self.inbound.check(request.headers(), request.uri().query()).await;
        let principal = match proved.and_then(|principal| self.access.check(&request).map(|()| principal)) {
            Ok(principal) => principal,
            Err(problem) => return problem.at(request.uri().path()).into_response(),
        };
        if self.shows_metrics
            && let Some(answer) = self.metrics.answer(&request)
        {
            return answer;
        }
        let mut forwarded = trace::context(request.headers());
        forwarded.insert(id::REQUEST_ID, id.clone());
        self.forwarding.add(request.headers(), &mut forwarded);
        let forwarded = Forwarded(forwarded);
        match &self.adapter {
            Adapter::Rest(routes, docs) => match docs.answer(request.method(), request.uri().path()).await {
                Some(answer) => answer,
                None if self.read_only && !request.method().is_safe() => {
                    let detail = "this server changes nothing; see --read-only";
                    Problem::new(StatusCode::FORBIDDEN, detail).at(request.uri().path()).into_response()
                }
                None => routes.answer(request, forwarded).await,
            },
            Adapter::Control(status) => status.answer(&request),
            Adapter::Mcp(endpoint) if request.uri().path() == mcp::PATH => {
                request.extensions_mut().insert(forwarded);
                request.extensions_mut().insert(principal);
                endpoint.answer(request).await
            }
            Adapter::Mcp(_) => {
                let path = request.uri().path();
                Problem::not_found(path).at(path).into_response()
            }
        }
    }
}

/// An answer about the server itself, which nobody may keep.
pub(super) fn told(status: StatusCode, media_type: &'static str, text: impl Into<Body>) -> Response {
    let fields =
        [(CONTENT_TYPE, HeaderValue::from_static(media_type)), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (status, fields, text.into()).into_response()
}

fn is_too_long(fields: &HeaderMap) -> bool {
    fields.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() > FIELDS_LIMIT
}
