//! Responses: the upstream's response, passed through or projected.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use naftiko_adapter::{Forwarded, Values, check_sendable, checked, execute, execute_streaming, offload, projected};
use naftiko_client::__private::{Arguments, ResponseBody};
use naftiko_client::Error;
use naftiko_schema::{Output, Projection, Route, Target};

use super::Count;
use super::failure::{self, ApiErrors};
use super::fields::{self, Content};
use super::problem::Problem;
use super::references::References;

/// Calls the operation of the route and makes the response for the caller. Requests are counted once it is known whether they can be
/// sent.
pub(super) async fn respond(
    route: &'static Route,
    references: &References<'_>,
    values: Result<Values, Problem>,
    forwarded: Forwarded,
    api_errors: ApiErrors,
    count: Count<'_>,
) -> Result<Response, Problem> {
    let failed = |error: Error| failure::response(&error, references, api_errors);
    let (binding, connection) = (&route.binding, references.connection);
    let arguments = match values {
        Ok(values) => {
            let mut checked = checked(binding, connection, values).await;
            if count.distinguishes() {
                // Some values are found wrong only when the request is built, such as those that no header field can have.
                checked = checked.and_then(|arguments| {
                    check_sendable(binding, connection, &arguments, &forwarded).map(|()| arguments)
                });
            }
            checked.map_err(failed)
        }
        Err(problem) => Err(Err(problem)),
    };
    count.check(arguments.is_ok())?;
    match arguments {
        Ok(arguments) => call(route, references, arguments, forwarded).await.or_else(failed),
        Err(response) => response,
    }
}

/// A response of the upstream, passed through as it arrives, up to this length.
pub(super) fn whole(
    response: naftiko_client::Response<ResponseBody>,
    references: &References<'_>,
    limit: usize,
) -> Response {
    let (status, headers, body) = response.into_parts();
    let body = Body::new(body.pass_through(Some(limit)));
    pass_through(status, fields::passed(headers, references, Content::Same), body)
}

async fn call(
    route: &'static Route,
    references: &References<'_>,
    arguments: Arguments,
    forwarded: Forwarded,
) -> Result<Response, Error> {
    let (binding, connection) = (&route.binding, references.connection);
    match &binding.output {
        Output::Whole => {
            let response = execute_streaming(binding, connection, arguments, forwarded).await?;
            let limit = connection.response_limit();
            let limit = binding.limit().map_or(limit, |declared| declared.min(limit));
            let mut response = whole(response, references, limit);
            if let Some(media_type) = route.media_type.as_deref() {
                say(response.headers_mut(), media_type);
            }
            Ok(response)
        }
        Output::Projected(projection) => {
            let response = execute(binding, connection, arguments, forwarded, None).await?;
            project(&binding.target, references, projection, response).await
        }
    }
}

/// The response with a projected document. A response without a body is passed through, and so is one in which nothing is
/// found.
async fn project(
    target: &'static Target,
    references: &References<'_>,
    projection: &'static Projection,
    response: naftiko_client::Response<Bytes>,
) -> Result<Response, Error> {
    let body = response.body().clone();
    let outcome = offload(body.len(), move || {
        if response.body().is_empty() {
            return Ok(response.map(|_| None));
        }
        projected(target, projection, response)
    });
    let (status, headers, document) = outcome.await?.into_parts();
    let Some(document) = document else {
        return Ok(pass_through(status, fields::passed(headers, references, Content::Same), Body::from(body)));
    };
    let mut headers = fields::passed(headers, references, Content::Changed);
    headers.remove(CONTENT_ENCODING);
    headers.insert(CONTENT_TYPE, const { HeaderValue::from_static("application/json") });
    Ok(pass_through(status, headers, Body::from(document)))
}

/// Says the media type of content that has none, or is called bytes (RFC 2046 §4.5.1).
fn say(headers: &mut HeaderMap, media_type: &str) {
    let says = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let says = says.split(';').next().unwrap_or_default().trim();
    if (says.is_empty() || says.eq_ignore_ascii_case("application/octet-stream"))
        && let Ok(media_type) = HeaderValue::from_str(media_type)
    {
        headers.insert(CONTENT_TYPE, media_type);
    }
}

/// A response of these parts, and nothing else.
pub(super) fn pass_through(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
