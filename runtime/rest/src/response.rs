//! Responses: the upstream's response, passed through or projected.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use naftiko_adapter::{Forwarded, Values, apply, checked, document, execute, execute_streaming, numbers};
use naftiko_client::__private::Connection;
use naftiko_client::{Error, ErrorKind, Violation};
use naftiko_schema::{Binding, Output, Parameter, Projection};
use serde_json::{Value, json};

use super::problem::Problem;

/// Fields about the upstream's connection, server or session, which are not passed through (RFC 9110 §7.6.1).
const NOT_PASSED_THROUGH: [HeaderName; 14] = [
    header::ALT_SVC,
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::CONTENT_LENGTH,
    header::DATE,
    header::SERVER,
    header::SET_COOKIE,
];

/// Calls the operation and makes the response for the caller.
pub(super) async fn respond(
    binding: &'static Binding,
    connection: &Connection,
    values: Values,
    forwarded: Forwarded,
) -> Result<Response, Problem> {
    call(binding, connection, values, forwarded).await.map_err(|error| failure(&error, binding.inputs()))
}

async fn call(
    binding: &'static Binding,
    connection: &Connection,
    values: Values,
    forwarded: Forwarded,
) -> Result<Response, Error> {
    let arguments = checked(binding, values)?;
    match &binding.output {
        Output::Whole => {
            let response = execute_streaming(binding, connection, arguments, forwarded).await?;
            let (status, headers, body) = response.into_parts();
            Ok(pass_through_parts(status, headers, Body::new(body.pass_through(Some(connection.response_limit())))))
        }
        Output::Projected(projection) => {
            let response = execute(binding, connection, arguments, forwarded).await?;
            project(binding, projection, response)
        }
    }
}

/// The response with a projected document. A response without a body is passed through.
fn project(
    binding: &'static Binding,
    projection: &Projection,
    response: naftiko_client::Response<Bytes>,
) -> Result<Response, Error> {
    if response.body().is_empty() {
        let (status, headers, body) = response.into_parts();
        return Ok(pass_through_parts(status, headers, Body::from(body)));
    }
    let (status, headers, document) = document(&binding.target, response)?.into_parts();
    Ok(projected(status, headers, numbers::write(&apply(projection, &document))))
}

fn projected(status: StatusCode, headers: HeaderMap, body: String) -> Response {
    let mut response = pass_through_parts(status, headers, Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn pass_through_parts(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    let headers = response.headers_mut();
    let listed = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let listed: Vec<_> = listed.flat_map(|list| list.split(',').map(|name| name.trim().parse().ok())).collect();
    // The upstream's CORS headers do not apply to this server.
    let is_removed =
        |name: &&HeaderName| NOT_PASSED_THROUGH.contains(name) || name.as_str().starts_with("access-control-");
    let removed: Vec<HeaderName> =
        headers.keys().filter(is_removed).cloned().chain(listed.into_iter().flatten()).collect();
    for name in removed {
        headers.remove(name);
    }
    // Responses may contain secrets, so caches must not store them unless the upstream allows it (RFC 9111 §5.2.2.5).
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The problem for an error. A client error of the upstream keeps its status. An error of the upstream or of this server is
/// a bad gateway (RFC 9110 §15.6.3), because the caller cannot fix it.
fn failure(error: &Error, inputs: &[Parameter]) -> Problem {
    let gateway = |status| Problem::new(status, error.to_string());
    match error.kind() {
        ErrorKind::Arguments(violations) => {
            let location = |violation: &Violation| {
                inputs.iter().find(|input| input.name == violation.parameter).map(|input| input.location)
            };
            let located: Vec<_> = violations.iter().map(|violation| (location(violation), violation.clone())).collect();
            Problem::arguments(&located)
        }
        ErrorKind::Timeout => gateway(StatusCode::GATEWAY_TIMEOUT),
        &ErrorKind::Status(status) => {
            let problem = match status {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => gateway(StatusCode::BAD_GATEWAY)
                    .of("credential-refused", "The upstream rejected this server's credential"),
                _ if status.is_client_error() => Problem::new(status, error.to_string())
                    .of("refused-upstream", status.canonical_reason().unwrap_or("Rejected by the upstream")),
                // This includes redirects, which would make the caller bypass this server.
                _ => gateway(StatusCode::BAD_GATEWAY),
            };
            let problem = problem.with("upstream", upstream(error, status));
            match error.headers().and_then(|headers| headers.get(header::RETRY_AFTER)) {
                Some(value) => problem.header(header::RETRY_AFTER, value.clone()),
                None => problem,
            }
        }
        // All other failures occurred between this server and the upstream.
        _ => gateway(StatusCode::BAD_GATEWAY),
    }
}

/// The upstream's response, as a member of a problem. A JSON body stays JSON.
fn upstream(error: &Error, status: StatusCode) -> Value {
    let body = match error.api_error().and_then(|api_error| api_error.document.clone()) {
        Some(document) => document,
        None if error.body().is_empty() => Value::Null,
        None => String::from_utf8_lossy(error.body()).into(),
    };
    json!({"status": status.as_u16(), "requestId": error.request_id(), "body": body})
}
