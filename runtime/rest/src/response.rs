//! Responses: the upstream's response, passed through or projected.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use naftiko_adapter::{Forwarded, Values, check_sendable, checked, execute, execute_streaming, offload, projected};
use naftiko_client::__private::{Arguments, ResponseBody};
use naftiko_client::Error;
use naftiko_schema::{Format, Output, Projection, Route, Target};

use super::Count;
use super::failure::{self, ApiErrors};
use super::fields::{self, Content};
use super::problem::Problem;
use super::references::References;

/// The media type of bytes about which nothing is known (RFC 9110 §8.3).
pub(super) const BYTES: &str = "application/octet-stream";

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
    let (status, mut headers, body) = response.into_parts();
    if let Some(route) = references.route().filter(|_| status != StatusCode::NO_CONTENT) {
        say(route, &mut headers);
    }
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
            Ok(whole(response, references, limit))
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

/// Says the media type of bytes: that of the operation, which is there already, or else that of the route, or what the upstream says.
/// That of a route over another operation counts if the content has none, or is called bytes (RFC 2046 §4.5.1).
fn say(route: &Route, headers: &mut HeaderMap) {
    let target = &route.binding.target;
    if target.responding().is_some_and(|operation| operation.media_type.is_some()) {
        return;
    }
    let says = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let says = says.split(';').next().unwrap_or_default().trim();
    let is_binary = *target.format() == Format::Binary;
    let is_vague = says.is_empty() || says.eq_ignore_ascii_case(BYTES);
    let declared = route.media_type.as_deref().filter(|_| is_binary || is_vague);
    let media_type = declared.or_else(|| (is_binary && is_vague).then_some(BYTES));
    if let Some(media_type) = media_type.and_then(|media_type| HeaderValue::from_str(media_type).ok()) {
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

#[cfg(test)]
mod tests {
    use naftiko_schema::{Binding, Method, Operation, OperationId, Ref, RetrySafety, text};

    use super::*;

    #[test]
    fn media_type_of_bytes_is_that_of_the_operation_or_the_route_or_the_upstream() {
        let says = |format: Format, of_operation, of_route, of_upstream: Option<&'static str>| {
            let operation = Operation::new(OperationId(0), "see", Method::Get, RetrySafety::Idempotent);
            let operation = Operation { format, media_type: of_operation, ..operation };
            let binding = Binding::new(Target::Operation(Ref::Shared(operation.into())));
            let route = Route { media_type: of_route, ..Route::new(Method::Get, "/see", binding) };
            let upstream = of_upstream.map(|value| (CONTENT_TYPE, HeaderValue::from_static(value)));
            let mut headers = HeaderMap::from_iter(upstream);
            say(&route, &mut headers);
            headers.get(CONTENT_TYPE).map(|value| value.to_str().expect("text").to_owned())
        };
        let (png, webp) = (Some("image/png"), Some(text("image/webp")));
        for (format, of_operation, of_route, of_upstream, expected) in [
            (Format::Binary, None, None, None, Some(BYTES)),
            (Format::Binary, None, None, png, png),
            (Format::Binary, None, webp.clone(), png, Some("image/webp")),
            (Format::Binary, Some(text("image/tiff")), webp.clone(), png, png),
            (Format::Any, None, None, None, None),
            (Format::Any, None, webp.clone(), png, png),
            (Format::Json, None, webp.clone(), Some("application/octet-stream; x=1"), Some("image/webp")),
            (Format::Json, None, webp, None, Some("image/webp")),
        ] {
            let shown = format!("{format:?} {of_operation:?} {of_route:?} {of_upstream:?}");
            assert_eq!(says(format, of_operation, of_route, of_upstream).as_deref(), expected, "{shown}");
        }
    }
}
