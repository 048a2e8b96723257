//! Failed calls: what the caller gets instead of the upstream's success.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::header::{ALLOW, CONTENT_RANGE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use naftiko_client::__private::Violations;
use naftiko_client::{Error, ErrorKind, Violation};
use naftiko_schema::Parameter;
use serde_json::{Value, json};

use super::fields::{self, Content};
use super::problem::Problem;
use super::references::References;

/// The longest body of the upstream in a problem, as JSON in bytes.
const BODY_LIMIT: usize = 48 << 10;

/// How callers get an API error that is about their request, or says that the upstream failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApiErrors {
    /// As the upstream sent it: with its status, media type and body, so that SDKs of the upstream's vendor can read it.
    #[default]
    PassThrough,
    /// As a problem with the same status. The upstream's response is its member `upstream`.
    Problem,
}

/// Codes of API errors with status 403 that are about the credential, in lower case and without separators. Those about
/// permissions, quotas and locks are not: the caller can ask for something else.
const CREDENTIAL_CODES: [&str; 21] = [
    "apikeyinvalid",
    "authenticationerror",
    "authenticationfailed",
    "authenticationrequired",
    "authfailure",
    "badcredentials",
    "deniedauthentication",
    "expiredtoken",
    "expiredtokenexception",
    "invalidaccesskeyid",
    "invalidapikey",
    "invalidclienttokenid",
    "invalidcredentials",
    "invalidsignatureexception",
    "invalidtoken",
    "missingauthenticationtoken",
    "notauthenticated",
    "requesttimetooskewed",
    "signaturedoesnotmatch",
    "tokenexpired",
    "unauthenticated",
];

/// The challenge to callers that bring the credential for the upstream. It differs from that of this server.
const UPSTREAM_KEY: HeaderValue = HeaderValue::from_static("ApiKey realm=\"upstream\"");

/// What an error status of the upstream is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// The caller's request: the caller gets the API error with its status.
    Request,
    /// The upstream itself, which failed and says how: the caller gets the same.
    Upstream,
    /// This server's credential: a bad gateway, because a 401 would make the caller look for a mistake of their own.
    Credential,
    /// The connection to the upstream, or how this server uses it: a bad gateway (RFC 9110 §15.6.3), because the caller cannot fix
    /// it.
    Connection,
}

impl Cause {
    /// The cause of every status other than 2xx. `is_about_credential` decides about a 403.
    fn of(status: StatusCode, is_about_credential: bool) -> Self {
        match status.as_u16() {
            401 => Self::Credential,
            403 if is_about_credential => Self::Credential,
            // These are about one connection, or how this server uses it (framing, expectations, ranges, protocols, proxies), or
            // about a method that this server chose. Their header fields, such as `Allow`, would be about the upstream, too.
            405 | 407 | 408 | 411 | 416 | 417 | 421 | 425 | 426 | 505 | 511 => Self::Connection,
            400..=499 => Self::Request,
            500..=599 => Self::Upstream,
            // This includes redirects, which would make the caller bypass this server.
            _ => Self::Connection,
        }
    }
}

/// The response for a failed call.
pub(super) fn response(error: &Error, references: &References<'_>, api_errors: ApiErrors) -> Result<Response, Problem> {
    respond(error, references, api_errors, Cause::of)
}

/// The response for a failed request that was passed on: callers chose its method and its range.
pub(super) fn of_passed(
    error: &Error,
    references: &References<'_>,
    api_errors: ApiErrors,
) -> Result<Response, Problem> {
    let is_of_caller = |status| matches!(status, StatusCode::METHOD_NOT_ALLOWED | StatusCode::RANGE_NOT_SATISFIABLE);
    let cause = |status, is_about_credential| match is_of_caller(status) {
        true => Cause::Request,
        false => Cause::of(status, is_about_credential),
    };
    let headers = error.headers().filter(|_| error.status().is_some_and(is_of_caller));
    let fields = [ALLOW, CONTENT_RANGE].into_iter().filter_map(|name| Some((headers?.get(&name)?.clone(), name)));
    match respond(error, references, api_errors, cause) {
        Ok(mut response) => {
            response.headers_mut().extend(fields.map(|(value, name)| (name, value)));
            Ok(response)
        }
        Err(problem) => Err(fields.fold(problem, |problem, (value, name)| problem.header(name, value))),
    }
}

fn respond(
    error: &Error,
    references: &References<'_>,
    api_errors: ApiErrors,
    cause: impl Fn(StatusCode, bool) -> Cause,
) -> Result<Response, Problem> {
    let gateway = |status| Problem::new(status, error.to_string());
    match error.kind() {
        ErrorKind::Arguments(violations) => Err(arguments(violations, error.omitted_violations(), references.inputs())),
        ErrorKind::Timeout => Err(gateway(StatusCode::GATEWAY_TIMEOUT)),
        ErrorKind::Thrown(_) => Err(gateway(StatusCode::BAD_REQUEST)),
        ErrorKind::Unauthorized(_) => Err(gateway(StatusCode::UNAUTHORIZED).header(WWW_AUTHENTICATE, UPSTREAM_KEY)),
        ErrorKind::Forbidden(_) => Err(gateway(StatusCode::FORBIDDEN)),
        // A part of this server is at fault, not what is behind it.
        ErrorKind::Script(_) | ErrorKind::Transform(_) => Err(gateway(StatusCode::INTERNAL_SERVER_ERROR)),
        &ErrorKind::Status(status) => match cause(status, is_about_credential(error)) {
            // A part of a body must not pass for the whole.
            Cause::Request | Cause::Upstream if api_errors == ApiErrors::PassThrough && error.has_whole_body() => {
                let mut response = Response::new(Body::from(Bytes::copy_from_slice(error.body())));
                *response.status_mut() = status;
                // Something may be redacted in the body.
                let headers = error.headers().cloned().unwrap_or_default();
                *response.headers_mut() = fields::passed(headers, references, Content::Changed);
                Ok(response)
            }
            cause => Err(with_upstream(problem(cause, status, error), error, status)),
        },
        // The limit is that of the capability, and the upstream did nothing wrong.
        ErrorKind::TooLarge { limit } if references.limit() == Some(*limit) => {
            Err(gateway(StatusCode::INTERNAL_SERVER_ERROR))
        }
        ErrorKind::Decode if error.is_of_schema() => Err(gateway(StatusCode::INTERNAL_SERVER_ERROR)),
        // All other failures occurred between this server and the upstream.
        _ => Err(gateway(StatusCode::BAD_GATEWAY)),
    }
}

fn arguments(violations: &[Violation], omitted: usize, inputs: &[Parameter]) -> Problem {
    let location = |violation: &Violation| {
        inputs.iter().find(|input| input.name == violation.parameter).map(|input| input.location)
    };
    let mut located: Violations<_> =
        violations.iter().map(|violation| (location(violation), violation.clone())).collect();
    located.omit(omitted);
    Problem::arguments(&located)
}

fn problem(cause: Cause, status: StatusCode, error: &Error) -> Problem {
    match cause {
        Cause::Request => Problem::new(status, error.to_string())
            .of("refused-upstream", status.canonical_reason().unwrap_or("Rejected by the upstream")),
        Cause::Upstream => Problem::new(status, error.to_string())
            .of("failed-upstream", status.canonical_reason().unwrap_or("The upstream failed")),
        Cause::Credential if error.has_own_credential() => Problem::new(StatusCode::UNAUTHORIZED, error.to_string())
            .of("credential-refused", "The upstream rejected the caller's credential")
            .header(WWW_AUTHENTICATE, UPSTREAM_KEY),
        Cause::Credential => Problem::new(StatusCode::BAD_GATEWAY, error.to_string())
            .of("credential-refused", "The upstream rejected this server's credential"),
        // Its text would repeat where the redirect leads.
        Cause::Connection if status.is_redirection() && status != StatusCode::NOT_MODIFIED => {
            let operation = error.operation();
            let followed = "only those that read and stay at its origin are followed";
            let detail = format!("{operation}: the upstream responded with the redirect {status}; {followed}");
            Problem::new(StatusCode::BAD_GATEWAY, detail)
        }
        Cause::Connection => Problem::new(StatusCode::BAD_GATEWAY, error.to_string()),
    }
}

/// Whether an API error is about the credential of this server: it has a challenge (RFC 9110 §11.6.1), or says so.
fn is_about_credential(error: &Error) -> bool {
    let is_challenge = error.headers().is_some_and(|headers| headers.contains_key(WWW_AUTHENTICATE));
    let code = error.upstream_type().unwrap_or_default();
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    is_challenge || CREDENTIAL_CODES.contains(&&*code)
}

/// Adds the upstream's response as a member, and its `Retry-After`. A JSON body stays JSON.
fn with_upstream(problem: Problem, error: &Error, status: StatusCode) -> Problem {
    let body = match error.api_error().and_then(|api_error| api_error.document.clone()) {
        _ if status.is_redirection() => Value::Null,
        Some(document) => document,
        None if error.body().is_empty() => Value::Null,
        None => String::from_utf8_lossy(error.body()).into(),
    };
    // A problem is short, and says the most important part without the body.
    let body = if body.to_string().len() > BODY_LIMIT { Value::Null } else { body };
    let upstream = json!({"status": status.as_u16(), "requestId": error.request_id(), "body": body});
    let problem = problem.with("upstream", upstream);
    match error.headers().and_then(|headers| headers.get(RETRY_AFTER)) {
        Some(value) => problem.header(RETRY_AFTER, value.clone()),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_cause() {
        let request = [400, 402, 403, 404, 406, 409, 410, 412, 413, 414, 415, 418, 422, 423, 424, 428, 429, 431, 451];
        let redirects = [300, 301, 302, 303, 304, 307, 308];
        let connection = [405, 407, 408, 411, 416, 417, 421, 425, 426, 505, 511, 600, 999];
        let connection = redirects.into_iter().chain(connection).map(|status| (status, Cause::Connection));
        let upstream = (500..=504).chain(506..=510).chain([520, 599]).map(|status| (status, Cause::Upstream));
        let request = request.into_iter().chain([430, 444, 499]).map(|status| (status, Cause::Request));
        for (status, cause) in request.chain(upstream).chain(connection).chain([(401, Cause::Credential)]) {
            assert_eq!(Cause::of(StatusCode::from_u16(status).expect("a status"), false), cause, "{status}");
        }
        assert_eq!(Cause::of(StatusCode::FORBIDDEN, true), Cause::Credential);
        assert_eq!(Cause::of(StatusCode::NOT_FOUND, true), Cause::Request);
    }
}
