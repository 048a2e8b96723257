//! The REST adapter: exposed routes, served over the consumed operations.

mod answer;
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
use http::header::{ALLOW, HeaderValue};

use crate::client::Connection;
use crate::exposure::Exposure;
use crate::operation::Method;
pub(crate) use problem::Problem;
use table::{Match, Table};

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
        let table = Arc::new(Table::new(self.routes));
        let shapes = table.shapes();
        let connection = connection.clone();
        // Every shape leads to the same table: axum only tells which paths are none of its business.
        let handler = any(move |request: Request| {
            let (table, connection) = (Arc::clone(&table), connection.clone());
            async move { serve(&table, &connection, request).await }
        });
        shapes.iter().fold(Router::new(), |router, shape| router.route(shape, handler.clone()))
    }
}

async fn serve(table: &Table, connection: &Connection, request: Request) -> Response {
    match table.find(request.method(), request.uri().path()) {
        Match::Found(route, captures) => match read::values(route, captures, request).await {
            Ok(values) => answer::answer(&route.call, route.call.execute(connection, values).await),
            Err(problem) => problem.into_response(),
        },
        Match::OtherMethods(methods) => {
            let detail = "the path has no such method; see the Allow header";
            let mut response = Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).into_response();
            response.headers_mut().extend(HeaderValue::try_from(methods.join(",")).map(|value| (ALLOW, value)));
            response
        }
        Match::Nothing => Problem::not_found(request.uri().path()).into_response(),
        Match::NotText => {
            Problem::new(StatusCode::BAD_REQUEST, "the path is not percent-encoded UTF-8").into_response()
        }
    }
}
