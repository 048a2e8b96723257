//! The REST adapter: exposed routes, served over the consumed operations.

mod answer;
mod problem;
mod read;

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::client::Connection;
use crate::exposure::Call;
use crate::operation::Method;
#[cfg(feature = "server")]
pub(crate) use problem::Problem;

/// What a path may hold besides percent-encoded bytes (RFC 3986 §3.3).
const PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}');

/// The routes of a capability.
#[derive(Debug)]
pub struct RestAdapter {
    /// The port that the capability names.
    pub port: u16,
    /// The routes.
    pub routes: &'static [Route],
}

/// A route: one method on one path.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for each of its placeholders. A placeholder is a whole segment.
    pub path: &'static str,
    /// The input that each placeholder feeds, in order.
    pub captures: &'static [Option<usize>],
    /// What it does.
    pub summary: &'static str,
    /// What it calls.
    pub call: Call,
}

impl RestAdapter {
    /// The routes as an axum router.
    pub fn router(&'static self, connection: &Connection) -> Router {
        let mut shapes: BTreeMap<String, MethodRouter> = BTreeMap::new();
        for route in self.routes {
            // Routes of one shape share an entry, whatever they call their placeholders: axum refuses two.
            let methods = shapes.remove(&route.shape()).unwrap_or_default();
            shapes.insert(route.shape(), methods.merge(route.handler(connection.clone())));
        }
        shapes
            .into_iter()
            .fold(Router::new().without_v07_checks(), |router, (shape, methods)| router.route(&shape, methods))
    }
}

impl Route {
    /// The path with its placeholders numbered: `/a/{p0}/b/{p1}`.
    fn shape(&self) -> String {
        let mut number = 0;
        let segments = self.path.split('/').map(|segment| {
            if segment.starts_with('{') && segment.ends_with('}') {
                number += 1;
                format!("{{p{}}}", number - 1)
            } else {
                utf8_percent_encode(segment, PATH).to_string()
            }
        });
        segments.collect::<Vec<_>>().join("/")
    }

    fn handler(&'static self, connection: Connection) -> MethodRouter {
        let filter = match self.method {
            Method::Get => MethodFilter::GET,
            Method::Head => MethodFilter::HEAD,
            Method::Options => MethodFilter::OPTIONS,
            Method::Post => MethodFilter::POST,
            Method::Put => MethodFilter::PUT,
            Method::Patch => MethodFilter::PATCH,
            Method::Delete => MethodFilter::DELETE,
        };
        on(filter, move |path: Result<RawPathParams, RawPathParamsRejection>, request: Request| {
            let connection = connection.clone();
            async move { self.serve(&connection, path, request).await }
        })
    }

    async fn serve(
        &self,
        connection: &Connection,
        path: Result<RawPathParams, RawPathParamsRejection>,
        request: Request,
    ) -> Response {
        let values = match read::values(self, path, request).await {
            Ok(values) => values,
            Err(problem) => return problem.into_response(),
        };
        answer::answer(&self.call, self.call.execute(connection, values).await)
    }
}
