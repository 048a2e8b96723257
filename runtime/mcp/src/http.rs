//! Streamable HTTP, without sessions: any replica can handle any request.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Collected, Full};
use naftiko_adapter::origin::Known;
use naftiko_adapter::{STANDSTILL, Unreceived, numbers, receive};
use rmcp::model::{ConstString as _, ProtocolVersion, SubscriptionsListenRequestMethod};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use super::accept::JsonOnly;
use super::changes::Listening;
use super::lists::Lists;
use super::message::{MESSAGE_LIMIT, Malformed, Message, short_error, unreadable, unsupported};
use super::observe::Observing;
use super::observed::Observed;
use super::revision::VERSIONS;
use super::{Observer, Server, accept};

/// The path of the endpoint.
pub const PATH: &str = "/mcp";
/// The largest message with marked numbers, in bytes. A mark has 19 bytes, and a number that needs one at least two, with
/// another one between two numbers.
const MARKED_LIMIT: usize = 8 * MESSAGE_LIMIT;
/// The longest request to listen, in bytes.
const LISTEN_LIMIT: usize = 8 << 10;
/// The longest error response of rmcp that is passed on, in bytes. It may repeat what the request has.
const ERROR_LIMIT: usize = 16 << 10;

/// Which requests the HTTP endpoint accepts, and how it stops.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Values of `Host` that are accepted, with or without port. Others are a sign of DNS rebinding.
    pub allowed_hosts: Vec<String>,
    /// Values of `Origin` that are accepted, as `scheme://host:port` with `*` for any port. Requests without `Origin` are accepted.
    pub allowed_origins: Vec<String>,
    /// Ends running requests when it is cancelled.
    pub cancellation: CancellationToken,
}

impl Default for HttpOptions {
    /// Clients on this machine only.
    fn default() -> Self {
        let local = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Self {
            allowed_hosts: local(&["localhost", "127.0.0.1", "::1"]),
            allowed_origins: local(&["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"]),
            cancellation: CancellationToken::new(),
        }
    }
}

impl Server {
    /// The endpoint `/mcp` as an axum router.
    pub fn router(self, options: HttpOptions) -> Router {
        self.warn_of_policy();
        let endpoint = Arc::new(self.endpoint(options, false));
        Router::new().route(PATH, any(move |request| async move { endpoint.respond(request).await }))
    }

    /// The endpoint without a router. `is_checked` says that the hosts and origins of requests have been checked by the same
    /// options.
    #[doc(hidden)]
    pub fn endpoint(self, options: HttpOptions, is_checked: bool) -> Endpoint {
        let known = Known { hosts: options.allowed_hosts, origins: options.allowed_origins };
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_allowed_hosts(known.hosts.clone())
            .with_allowed_origins(known.origins.clone())
            .enforce_origin_validation()
            .with_max_request_body_bytes(MARKED_LIMIT)
            .with_cancellation_token(options.cancellation);
        let sessions = Arc::new(NeverSessionManager::default());
        let (lists, observer) = (Lists::new(self.has_folders()), self.policy().observer.clone());
        let service = StreamableHttpService::new(move || Ok(Observed(self.clone())), sessions, config);
        Endpoint { service, known: (!is_checked).then_some(known), lists, observer }
    }
}

/// rmcp's endpoint, plus JSON-RPC errors for malformed messages.
pub struct Endpoint {
    service: StreamableHttpService<Observed<Server>, NeverSessionManager>,
    /// Which hosts and origins to accept, if that has not been checked before.
    known: Option<Known>,
    lists: Lists,
    /// Sees the requests of which the result is cached. The service shows it the others.
    observer: Option<Arc<dyn Observer>>,
}

impl Endpoint {
    /// The response to a request that is refused.
    pub fn forbidden(reason: &str) -> Response {
        json(StatusCode::FORBIDDEN, Malformed::rejected(reason))
    }

    /// The response to a request whose body was not received.
    pub fn unreceived(unreceived: Unreceived) -> Response {
        let mut response = json(unreceived.status(), Malformed::rejected(unreceived.reason()));
        // The rest of the body would be taken for the next request, so the connection ends.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        if unreceived == Unreceived::NoRoom {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }

    /// Responds to a request.
    pub async fn respond(&self, request: Request) -> Response {
        let (headers, uri) = (request.headers(), request.uri());
        if self.known.as_ref().is_some_and(|known| !known.host(headers, uri)) {
            return json(StatusCode::FORBIDDEN, Malformed::rejected("unknown Host"));
        }
        if self.known.as_ref().is_some_and(|known| !known.origin(headers)) {
            let reason = "pages of this origin are not allowed to call this server";
            return json(StatusCode::FORBIDDEN, Malformed::rejected(reason));
        }
        let (mut parts, body) = request.into_parts();
        if parts.method == Method::POST
            && let Some(json_only) = accept::normalize(&mut parts.headers)
        {
            parts.extensions.insert(json_only);
        }
        if parts.method != Method::POST || !is_json(&parts.headers) {
            // rmcp rejects the request with the right status.
            return rejected(self.service.handle(Request::from_parts(parts, body)).await.into_response()).await;
        }
        let body = match receive(body, STANDSTILL, |_| true).await {
            Ok(body) => body,
            Err(unreceived) => return Self::unreceived(unreceived),
        };
        let message = match Message::read(&body) {
            Ok(message) => message,
            Err(malformed) if parts.headers.contains_key("mcp-method") => {
                return json(StatusCode::BAD_REQUEST, malformed.with_named_method().into_response());
            }
            Err(malformed) => return json(StatusCode::BAD_REQUEST, malformed.into_response()),
        };
        // `initialize` negotiates the version itself.
        if let Some(version) = parts.headers.get("mcp-protocol-version").filter(|_| !message.is("initialize"))
            && !VERSIONS.iter().any(|known| known.as_str().as_bytes() == version.as_bytes())
        {
            let version = String::from_utf8_lossy(version.as_bytes());
            return json(StatusCode::BAD_REQUEST, unsupported(&message, &version, &VERSIONS));
        }
        let (cached, id) = (self.lists.cache_slot(&parts, &message), message.member("id").unwrap_or("null"));
        if let Some((method, result)) = cached.and_then(|(method, cached)| Some((method, cached.get()?))) {
            let version = parts.headers.get("mcp-protocol-version").and_then(|version| version.to_str().ok());
            let _observing = Observing::cached(self.observer.as_ref(), method, version);
            let parts = [r#"{"jsonrpc":"2.0","id":"#, id, r#","result":"#, result, "}"];
            return json(StatusCode::OK, parts.concat());
        }
        let listens = message.is(SubscriptionsListenRequestMethod::VALUE);
        // The SDK keeps the request as long as its caller listens, which no permit limits.
        if listens && body.len() > LISTEN_LIMIT {
            let reason = "a request to listen has more than 8 KiB";
            return json(StatusCode::PAYLOAD_TOO_LARGE, Malformed::rejected(reason));
        }
        if listens && parts.extensions.get::<JsonOnly>().is_some() {
            return json(StatusCode::NOT_ACCEPTABLE, Malformed::rejected("the response is a stream of events"));
        }
        let is_stateless = parts
            .headers
            .get("mcp-protocol-version")
            .is_some_and(|version| version == ProtocolVersion::V_2026_07_28.as_str());
        let request = Request::from_parts(parts, Full::new(Bytes::from(message.to_json())));
        let response = self.service.handle(request).await;
        // The media type is right, so rmcp uses this status for a message that it cannot read.
        if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            return json(StatusCode::BAD_REQUEST, unreadable(&message));
        }
        let is_error = response.status().is_client_error() || response.status().is_server_error();
        if is_error && !is_json(response.headers()) {
            return rejected(response.into_response()).await;
        }
        let (mut parts, body) = response.into_parts();
        if parts.headers.get(CONTENT_TYPE).is_some_and(|media_type| media_type == "text/event-stream") {
            if listens {
                parts.extensions.insert(Listening);
            }
            // Each event is one frame.
            return Response::from_parts(parts, Body::new(body.map_frame(|frame| frame.map_data(unmarked))));
        }
        let Ok(body) = body.collect().await.map(Collected::to_bytes);
        // Older clients read no message of a response with another status.
        if is_stateless && parts.status == StatusCode::OK && is_about_parameters(&body) {
            parts.status = StatusCode::BAD_REQUEST;
        }
        if body.len() > ERROR_LIMIT
            && !is_result(&body)
            && let Some(error) = Message::read(&body).ok().and_then(|response| short_error(&response))
        {
            let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
            return (parts.status, headers, error).into_response();
        }
        if let Some((_, cached)) = cached.filter(|_| parts.status.is_success())
            && let Some(result) = Message::read(&body).ok().and_then(|response| response.member("result"))
        {
            cached.get_or_init(|| result.to_owned());
        }
        Response::from_parts(parts, unmarked(body).into())
    }
}

/// An error of rmcp that is text, as a JSON-RPC error.
async fn rejected(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let text = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Malformed::rejected(&String::from_utf8_lossy(&text)).into())
}

/// Whether a message of rmcp is a response with a result. It writes the members in this order.
fn is_result(json: &[u8]) -> bool {
    let Some(rest) = json.strip_prefix(br#"{"jsonrpc":"2.0","id":"#) else { return false };
    let length = match rest.first() {
        Some(b'"') => Some(numbers::length_of_string(rest)),
        _ => rest.iter().position(|byte| *byte == b','),
    };
    length.and_then(|length| rest.get(length..)).is_some_and(|rest| rest.starts_with(br#","result":"#))
}

/// Whether a message of rmcp is an error about the parameters of a request.
fn is_about_parameters(json: &[u8]) -> bool {
    json.len() <= ERROR_LIMIT
        && !is_result(json)
        && Message::read(json).is_ok_and(|message| message.is_about_parameters())
}

/// Messages with the digits of [marked numbers](numbers).
fn unmarked(json: Bytes) -> Bytes {
    if !numbers::has_marks() {
        return json;
    }
    std::str::from_utf8(&json).ok().and_then(numbers::unmarked).map_or(json, Bytes::from)
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.and_then(|media_type| media_type.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body.into()).into_response()
}
