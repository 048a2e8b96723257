//! Answering: the upstream's answer, passed on.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::problem::Problem;
use crate::argument::Violation;
use crate::client::Connection;
use crate::error::{Error, ErrorKind};
use crate::exposure::{Exposure, Forwarded, Values};
use crate::operation::Parameter;
use crate::output::{Output, Projection};
use crate::response;

/// Fields about the upstream's connection, server or session, which end here (RFC 9110 §7.6.1).
const NOT_PASSED_ON: [HeaderName; 14] = [
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

/// Calls the operation, and answers with what it answers.
pub(super) async fn answer(
    call: &Exposure,
    connection: &Connection,
    values: Values,
    forwarded: Forwarded,
) -> Result<Response, Problem> {
    answered(call, connection, values, forwarded).await.map_err(|error| failure(&error, call.inputs()))
}

async fn answered(
    call: &Exposure,
    connection: &Connection,
    values: Values,
    forwarded: Forwarded,
) -> Result<Response, Error> {
    let arguments = call.checked(values)?;
    match &call.output {
        Output::Whole => {
            let response = call.flow(connection, arguments, forwarded).await?;
            let (status, headers, flow) = response.into_parts();
            Ok(pass_on(status, headers, Body::new(flow.passing(Some(connection.response_limit())))))
        }
        Output::Projected(projection) => {
            let response = call.execute(connection, arguments, forwarded).await?;
            made(call, projection, response)
        }
    }
}

/// A document made of the answer. One without a body stays as it is.
fn made(call: &Exposure, projection: &Projection, response: response::Response<Bytes>) -> Result<Response, Error> {
    if response.body().is_empty() {
        let (status, headers, body) = response.into_parts();
        return Ok(pass_on(status, headers, Body::from(body)));
    }
    let document = response.document(call.operation.name, call.operation.json_output)?;
    let (status, headers, document) = document.into_parts();
    Ok(projected(status, headers, projection.apply(&document).to_string()))
}

fn projected(status: StatusCode, headers: HeaderMap, body: String) -> Response {
    let mut response = pass_on(status, headers, Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn pass_on(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    let headers = response.headers_mut();
    let listed = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let listed: Vec<_> = listed.flat_map(|list| list.split(',').map(|name| name.trim().parse().ok())).collect();
    // Which web pages may read an answer of this server is not the upstream's to say.
    let ends = |name: &&HeaderName| NOT_PASSED_ON.contains(name) || name.as_str().starts_with("access-control-");
    let ending: Vec<HeaderName> = headers.keys().filter(ends).cloned().chain(listed.into_iter().flatten()).collect();
    for name in ending {
        headers.remove(name);
    }
    // Answers may hold secrets, so none is kept by anybody on the way unless the upstream says that it may be (RFC 9111 §5.2.2.5).
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// What the caller gets for an error. Refusals of what he asked for keep their status; what is the upstream's own fault, or
/// this server's, is a bad gateway (RFC 9110 §15.6.3), so that nobody looks for the cause at the wrong place.
fn failure(error: &Error, inputs: &[Parameter]) -> Problem {
    let gateway = |status| Problem::new(status, error.to_string());
    match error.kind() {
        ErrorKind::Arguments(violations) => {
            let place = |violation: &Violation| {
                inputs.iter().find(|input| input.name == violation.parameter).map(|input| input.location)
            };
            let placed: Vec<_> = violations.iter().map(|violation| (place(violation), violation.clone())).collect();
            Problem::arguments(&placed)
        }
        ErrorKind::Timeout => gateway(StatusCode::GATEWAY_TIMEOUT),
        &ErrorKind::Status(status) => {
            let problem = match status {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => gateway(StatusCode::BAD_GATEWAY)
                    .of("credential-refused", "The upstream refuses this server's credential"),
                _ if status.is_client_error() => Problem::new(status, error.to_string())
                    .of("refused-upstream", status.canonical_reason().unwrap_or("Refused by the upstream")),
                // Redirects, too, which would lead the caller around this server.
                _ => gateway(StatusCode::BAD_GATEWAY),
            };
            let problem = problem.with("upstream", upstream(error, status));
            match error.headers().and_then(|headers| headers.get(header::RETRY_AFTER)) {
                Some(value) => problem.header(header::RETRY_AFTER, value.clone()),
                None => problem,
            }
        }
        ErrorKind::Connect
        | ErrorKind::Transport
        | ErrorKind::TooLarge { .. }
        | ErrorKind::Decode
        | ErrorKind::Token
        | ErrorKind::Unsendable
        | ErrorKind::Redirected
        | ErrorKind::Cancelled
        | ErrorKind::Runtime
        | ErrorKind::Paging(_) => gateway(StatusCode::BAD_GATEWAY),
    }
}

/// What the upstream answered, as a member of a problem. A body that is JSON stays JSON.
fn upstream(error: &Error, status: StatusCode) -> Value {
    let body = match error.refusal().and_then(|refusal| refusal.document.clone()) {
        Some(document) => document,
        None if error.body().is_empty() => Value::Null,
        None => String::from_utf8_lossy(error.body()).into(),
    };
    json!({"status": status.as_u16(), "requestId": error.request_id(), "body": body})
}
