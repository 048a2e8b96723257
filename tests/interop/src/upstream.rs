//! The API behind the conformance fixture: one answer of each kind that the official suite asks a server for.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get};
use serde_json::{Value, json};

/// What every request has to carry in `x-token`.
pub const TOKEN: &str = "7e57ab1e-c0de-4000-8000-00000000c0f0";

/// A picture of one red pixel.
const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90\x77\x53\xde\
    \0\0\0\x0cIDAT\x78\x9c\x63\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xae\x42\x60\x82";

/// A sound of one sample, which is silent.
const SILENCE: &[u8] =
    b"RIFF\x26\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x02\0\0\0\0\0";

/// The routes.
pub fn router() -> Router {
    Router::new()
        .route("/text", get("This is a simple text response for testing."))
        .route("/static-text", get("This is the content of the static text resource."))
        .route("/picture", get(|| async { ([(header::CONTENT_TYPE, "image/png")], PIXEL) }))
        .route("/sound", get(|| async { ([(header::CONTENT_TYPE, "audio/wav")], SILENCE) }))
        .route("/document", get(|| async { ([(header::CONTENT_TYPE, "application/pdf")], "%PDF-1.4\n%%EOF\n") }))
        .route("/failure", any(failure))
        .route("/slow/{milliseconds}", get(slow))
        .route("/echo/{region}", get(echo))
        .route("/data/{id}", get(data))
        .route("/things/{id}", delete(|| async { "state-ok: it is deleted" }))
        .layer(from_fn(authenticate))
}

async fn authenticate(request: Request, next: Next) -> Response {
    match request.headers().get("x-token") {
        Some(token) if token == TOKEN => next.run(request).await,
        _ => error_response(StatusCode::UNAUTHORIZED, "the token is wrong"),
    }
}

fn document(status: StatusCode, value: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn error_response(status: StatusCode, message: &str) -> Response {
    document(status, &json!({ "message": message }))
}

async fn slow(Path(milliseconds): Path<u64>) -> &'static str {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    "This took a while."
}

async fn failure() -> Response {
    error_response(StatusCode::UNPROCESSABLE_ENTITY, "This tool intentionally returns an error for testing")
}

async fn echo(request: Request) -> Response {
    document(StatusCode::OK, &json!({ "target": request.uri().to_string() }))
}

async fn data(Path(id): Path<String>) -> Response {
    document(StatusCode::OK, &json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") }))
}
