//! The REST adapter: exposed routes, served over the consumed operations.

mod answer;
mod json;
mod location;
mod pattern;
mod problem;
mod read;
mod table;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::StatusCode;
use http::header::{ACCEPT, ALLOW, HeaderMap, HeaderValue, LOCATION};

use crate::client::Connection;
use crate::exposure::{Callers, Exposure, Forwarded};
use crate::operation::Method;
pub(crate) use problem::Problem;
use table::{Match, Table};

/// The routes of a capability.
#[derive(Debug)]
pub struct RestAdapter {
    /// The port that the capability names.
    pub port: u16,
    /// What callers have to send to the server of the crate.
    pub callers: Callers,
    /// The routes.
    pub routes: &'static [Route],
    /// Their OpenAPI document, as JSON.
    pub openapi: &'static str,
}

/// A route: one method on one path.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for each of its placeholders, which may be a part of a segment only. `{name+}` as the
    /// last segment takes the rest of the path.
    pub path: &'static str,
    /// The input that each placeholder feeds, in order.
    pub captures: &'static [Option<usize>],
    /// What it does.
    pub summary: &'static str,
    /// What it calls.
    pub call: Exposure,
}

impl RestAdapter {
    /// The routes as an axum router.
    pub fn router(&'static self, connection: &Connection) -> Router {
        let routes = self.over(connection);
        let shapes = routes.0.table.shapes();
        // Every shape leads to the same table: axum only tells which paths are none of its business.
        let handler = any(move |request: Request| {
            let routes = routes.clone();
            async move {
                let forwarded = request.extensions().get::<Forwarded>().cloned().unwrap_or_default();
                routes.answer(request, forwarded).await
            }
        });
        shapes.iter().fold(Router::new(), |router, shape| router.route(shape, handler.clone()))
    }

    /// The routes over a connection, without a router before them.
    pub(crate) fn over(&'static self, connection: &Connection) -> Routes {
        Routes(Arc::new(Served { table: Table::new(self.routes), connection: connection.clone() }))
    }

    /// Whether a route has this path, with whatever method.
    #[cfg(feature = "server")]
    pub(crate) fn has(&self, path: &str) -> bool {
        !matches!(Table::new(self.routes).find(&http::Method::GET, path), Match::Nothing)
    }
}

/// The path of the route that made an answer, as the capability has it.
#[derive(Clone, Copy)]
pub(crate) struct Matched(
    #[cfg_attr(not(feature = "server"), expect(dead_code, reason = "the server reads it"))] pub(crate) &'static str,
);

/// Routes, and the upstream behind them. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Routes(Arc<Served>);

struct Served {
    table: Table,
    connection: Connection,
}

impl Routes {
    /// Answers a request, also one that no route is there for.
    pub(crate) async fn answer(&self, request: Request, forwarded: Forwarded) -> Response {
        let uri = request.uri().clone();
        let found = self.0.table.find(request.method(), uri.path());
        let matched = match &found {
            Match::Found(route, _) => Some(Matched(route.path)),
            _ => None,
        };
        let mut response = match self.0.respond(found, request, forwarded).await {
            Ok(response) => response,
            Err(problem) => problem.at(uri.path()).into_response(),
        };
        if let Some(matched) = matched {
            response.extensions_mut().insert(matched);
        }
        response
    }
}

impl Served {
    async fn respond(&self, found: Match, request: Request, forwarded: Forwarded) -> Result<Response, Problem> {
        match found {
            Match::Found(route, captures) => {
                if !is_acceptable(request.headers(), route) {
                    let detail = "the answer is `application/json`, which the request does not accept";
                    return Err(Problem::new(StatusCode::NOT_ACCEPTABLE, detail));
                }
                let values = read::values(route, captures, request).await?;
                let mut response = answer::answer(&route.call, &self.connection, values, forwarded).await?;
                let base_uri = self.connection.base_uri(route.call.operation);
                if let Some(place) = response.headers_mut().remove(LOCATION)
                    && let (Some(base_uri), Ok(place)) = (base_uri, place.to_str())
                    && let Some(own) = location::relocated(place, base_uri, self.table.routes())
                {
                    response.headers_mut().extend(HeaderValue::try_from(own).map(|own| (LOCATION, own)));
                }
                Ok(response)
            }
            // What can be asked for is known without the upstream (RFC 9110 §9.3.7).
            Match::OtherMethods(methods) if request.method() == http::Method::OPTIONS => {
                let mut response = StatusCode::NO_CONTENT.into_response();
                response.headers_mut().insert(ALLOW, allowed(&methods));
                Ok(response)
            }
            Match::OtherMethods(methods) => {
                let detail = "the path has no such method; see the Allow header";
                Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).header(ALLOW, allowed(&methods)))
            }
            Match::Nothing => Err(Problem::not_found(request.uri().path())),
            Match::NotText => Err(Problem::new(StatusCode::BAD_REQUEST, "the path is not percent-encoded UTF-8")),
        }
    }
}

fn allowed(methods: &[&'static str]) -> HeaderValue {
    let options = (!methods.contains(&"OPTIONS")).then_some("OPTIONS");
    let methods: Vec<_> = methods.iter().copied().chain(options).collect();
    HeaderValue::try_from(methods.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("OPTIONS"))
}

/// Whether the caller takes JSON, where that is what he will get (RFC 9110 §12.5.1).
fn is_acceptable(headers: &HeaderMap, route: &Route) -> bool {
    let mut ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    let json = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let is = |known: &str| media_type.eq_ignore_ascii_case(known);
        let refuses = |(name, weight): (&str, &str)| {
            name.eq_ignore_ascii_case("q") && matches!(weight, "0" | "0.0" | "0.00" | "0.000")
        };
        let refused = parts.any(|part| part.split_once('=').is_some_and(refuses));
        let special = media_type.rsplit_once('+').is_some_and(|(_, suffix)| suffix.eq_ignore_ascii_case("json"));
        !refused && (is("*/*") || is("application/*") || is("application/json") || special)
    };
    !route.call.operation.json_output || ranges.peek().is_none() || ranges.any(|list| list.split(',').any(json))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt as _;

    use super::*;
    use crate::client::ClientBuilder;
    use crate::exposure::Wiring;
    use crate::operation::{Api, Capability, Kind, Location, Operation, Parameter, PathPart, Repeat};
    use crate::output::Output;

    static CAPABILITY: Capability = Capability {
        name: "body",
        title: "",
        version: "",
        description: "",
        apis: &[Api { namespace: "a", base_uri: Some("http://127.0.0.1:9"), authentication: &[] }],
        variables: &[],
    };
    static OPERATION: Operation = Operation {
        name: "put",
        api: 0,
        method: Method::Put,
        path: &[PathPart::Literal("/x")],
        parameters: &[Parameter::new("body", Location::Body, Kind::Any)],
        constants: &[],
        body: None,
        json_output: true,
        repeat: Repeat::Always,
    };
    static ADAPTER: RestAdapter = RestAdapter {
        port: 0,
        callers: Callers::ANYBODY,
        routes: &[Route {
            method: Method::Put,
            path: "/x",
            captures: &[],
            summary: "",
            call: Exposure { operation: &OPERATION, wiring: Wiring::Direct, output: Output::Whole },
        }],
        openapi: "",
    };

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_half_sent_is_given_up_in_time() {
        let connection = ClientBuilder::<Connection>::new(&CAPABILITY).build().expect("the connection is made");
        let never = futures_util::stream::pending::<Result<&str, std::io::Error>>();
        let request = Request::put("/x").body(Body::from_stream(never)).expect("a request");
        let start = tokio::time::Instant::now();
        let answer = ADAPTER.router(&connection).oneshot(request).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(answer.headers()["connection"], "close");
        assert_eq!(start.elapsed().as_secs(), 30);
    }
}
