//! Answering: the upstream's answer, passed on.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::problem::Problem;
use crate::error::{Error, ErrorKind};
use crate::exposure::Exposure;
use crate::output::Output;
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

pub(super) fn answer(call: &Exposure, outcome: Result<response::Response<Bytes>, Error>) -> Response {
    outcome.and_then(|response| success(call, response)).unwrap_or_else(|error| failure(&error))
}

fn success(call: &Exposure, response: response::Response<Bytes>) -> Result<Response, Error> {
    match &call.output {
        Output::Projected(projection) if !response.body().is_empty() => {
            let document = response.document(call.operation.name, call.operation.json_output)?;
            let (status, headers, document) = document.into_parts();
            Ok(projected(status, &headers, projection.apply(&document).to_string()))
        }
        Output::Whole | Output::Projected(_) => {
            let (status, headers, body) = response.into_parts();
            Ok(pass_on(status, &headers, body))
        }
    }
}

fn projected(status: StatusCode, headers: &HeaderMap, body: String) -> Response {
    let mut response = pass_on(status, headers, Bytes::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn pass_on(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Response {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(',').map(|name| name.trim().to_ascii_lowercase()))
        .collect();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for (name, value) in headers {
        // Which web pages may read an answer of this server is not the upstream's to say.
        let cors = name.as_str().starts_with("access-control-");
        if !cors && !NOT_PASSED_ON.contains(name) && !named.iter().any(|hop| hop == name.as_str()) {
            response.headers_mut().append(name.clone(), value.clone());
        }
    }
    response
}

/// Whether a status would send the caller around this server, or out of HTTP (RFC 9110 §15.2, §15.4).
fn leads_away(status: StatusCode) -> bool {
    status.is_informational() || (status.is_redirection() && status != StatusCode::NOT_MODIFIED)
}

fn failure(error: &Error) -> Response {
    let problem = match error.kind() {
        ErrorKind::Status(status) if leads_away(*status) => {
            let detail = format!("the upstream answered {status}, which is not followed");
            Problem::new(StatusCode::BAD_GATEWAY, detail)
        }
        ErrorKind::Status(status) => {
            let (none, body) = (HeaderMap::new(), Bytes::copy_from_slice(error.body()));
            return pass_on(*status, error.headers().unwrap_or(&none), body);
        }
        ErrorKind::Arguments(violations) => Problem::arguments(violations.clone()),
        ErrorKind::Timeout => Problem::new(StatusCode::GATEWAY_TIMEOUT, "the upstream did not answer in time"),
        ErrorKind::Connect
        | ErrorKind::Transport
        | ErrorKind::TooLarge { .. }
        | ErrorKind::Decode
        | ErrorKind::Token
        | ErrorKind::Unsendable
        | ErrorKind::Redirected
        | ErrorKind::Cancelled
        | ErrorKind::Runtime
        | ErrorKind::Paging(_) => Problem::new(StatusCode::BAD_GATEWAY, error.to_string()),
    };
    problem.into_response()
}
