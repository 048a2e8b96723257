//! An upstream that responds to each request with the request itself, as JSON.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The longest request body that is echoed, in bytes.
const BODY_LIMIT: usize = 1 << 20;

/// Starts the upstream on a free port of this machine, and serves it for as long as the runtime runs.
///
/// # Errors
/// If no port can be had.
pub async fn start() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(respond)).await });
    Ok(address)
}

/// The response to a request: its method, target, header fields and body. A body over a mebibyte is left out.
pub async fn respond(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await.unwrap_or_else(|_| Bytes::new());
    let headers: Vec<Value> = parts
        .headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect();
    let echo = json!({
        "method": parts.method.as_str(),
        "target": parts.uri.path_and_query().map_or("/", |target| target.as_str()),
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
    });
    ([(CONTENT_TYPE, "application/json")], echo.to_string()).into_response()
}
