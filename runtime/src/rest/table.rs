//! The routes of an adapter, and which of them a request means.

use std::collections::BTreeSet;

use super::Route;
use super::pattern::{Pattern, decode};
use crate::operation::Method;

/// Routes, more specific ones first. Where two are equal, the first that was declared comes first.
pub(super) struct Table(Vec<(Pattern, &'static Route)>);

/// What a table has for a request.
#[derive(Debug)]
pub(super) enum Match {
    /// A route, and what its placeholders stand for.
    Found(&'static Route, Vec<String>),
    /// Routes with the path, but none with the method; these are theirs.
    OtherMethods(Vec<&'static str>),
    /// No route.
    Nothing,
    /// The path is no text.
    NotText,
}

impl Table {
    pub(super) fn new(routes: &'static [Route]) -> Self {
        let mut routes: Vec<_> = routes.iter().map(|route| (Pattern::new(route.path), route)).collect();
        // `GET` answers `HEAD`, too, unless a route of the same shape is there for it.
        routes.sort_by_cached_key(|(pattern, route)| (pattern.rank(), route.method != Method::Head));
        Self(routes)
    }

    /// Paths for axum that hold every path of every route, and none beside another that holds all of it.
    pub(super) fn shapes(&self) -> Vec<String> {
        let shapes: BTreeSet<_> = self.0.iter().map(|(pattern, _)| pattern.shape()).collect();
        let free = shapes.iter().filter(|shape| !shapes.iter().any(|other| other.covers(shape)));
        free.map(|shape| shape.path()).collect()
    }

    pub(super) fn routes(&self) -> &[(Pattern, &'static Route)] {
        &self.0
    }

    pub(super) fn find(&self, method: &http::Method, path: &str) -> Match {
        let Some(path) = decode(path) else { return Match::NotText };
        let mut methods = Vec::new();
        for (pattern, route) in &self.0 {
            let Some(captures) = pattern.captures(&path) else { continue };
            let answers = |asked: &http::Method| {
                route.method.to_http() == asked || (route.method == Method::Get && asked == http::Method::HEAD)
            };
            if answers(method) {
                return Match::Found(route, captures);
            }
            methods.push(route.method.as_str());
            methods.extend(Some("HEAD").filter(|_| answers(&http::Method::HEAD)));
        }
        let mut seen = BTreeSet::new();
        methods.retain(|method| seen.insert(*method));
        if methods.is_empty() { Match::Nothing } else { Match::OtherMethods(methods) }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use http::StatusCode;
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;
    use tower::ServiceExt as _;

    use super::*;
    use crate::client::{ClientBuilder, Connection};
    use crate::exposure::{Callers, Exposure, Wiring};
    use crate::operation::{Capability, Kind, Location, Operation, Parameter, Repeat};
    use crate::output::Output;
    use crate::rest::RestAdapter;

    static CAPABILITY: Capability =
        Capability { name: "t", title: "", version: "", description: "", apis: &[], variables: &[] };

    /// Every call lacks an argument, so that a route that is reached says so without an upstream.
    static OPERATION: Operation = Operation {
        name: "op",
        api: 0,
        method: Method::Get,
        path: &[],
        parameters: &[Parameter::new("lacking", Location::Query, Kind::String).required()],
        constants: &[],
        body: None,
        json_output: true,
        repeat: Repeat::Always,
    };

    fn adapter(routes: &[(Method, &str)]) -> &'static RestAdapter {
        let routes = routes.iter().map(|(method, path)| Route {
            method: *method,
            path: path.to_string().leak(),
            captures: &[],
            summary: "",
            call: Exposure { operation: &OPERATION, wiring: Wiring::Direct, output: Output::Whole },
        });
        Box::leak(Box::new(RestAdapter {
            port: 0,
            callers: Callers::ANYBODY,
            routes: routes.collect::<Vec<_>>().leak(),
            openapi: "",
        }))
    }

    fn found(table: &Table, method: &http::Method, path: &str) -> String {
        match table.find(method, path) {
            Match::Found(route, captures) => format!("{} {} {}", route.method.as_str(), route.path, captures.join("|")),
            Match::OtherMethods(methods) => methods.join(","),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_most_specific_route_with_the_method_is_meant() {
        let routes = [
            (Method::Get, "/v1/{name}"),
            (Method::Post, "/v1/{name}:activate"),
            (Method::Delete, "/v1/{id}"),
            (Method::Get, "/v1/{again}"),
            (Method::Get, "/v1/all"),
            (Method::Head, "/v1/all"),
            (Method::Put, "/v1/{rest+}"),
        ];
        let table = Table::new(adapter(&routes).routes);
        let cases = [
            ("POST", "/v1/x:activate", "POST /v1/{name}:activate x"),
            ("GET", "/v1/x:activate", "GET /v1/{name} x:activate"),
            ("GET", "/v1/x", "GET /v1/{name} x"),
            ("DELETE", "/v1/all", "DELETE /v1/{id} all"),
            ("HEAD", "/v1/all", "HEAD /v1/all "),
            ("HEAD", "/v1/x", "GET /v1/{name} x"),
            ("PUT", "/v1/all", "PUT /v1/{rest+} all"),
            ("GET", "/v1/a/b", "PUT"),
            ("PATCH", "/v1/x", "GET,HEAD,DELETE,PUT"),
            ("PATCH", "/v1/x:activate", "POST,GET,HEAD,DELETE,PUT"),
            ("GET", "/v1", "Nothing"),
            ("GET", "/v1/%FF", "NotText"),
        ];
        for (method, path, expected) in cases {
            let method = method.parse().expect("a method");
            assert_eq!(found(&table, &method, path), expected, "{method} {path}");
        }
    }

    fn connection() -> Connection {
        ClientBuilder::<Connection>::new(&CAPABILITY).build().expect("nothing is needed")
    }

    fn answer(adapter: &'static RestAdapter, connection: &Connection, method: &http::Method, path: &str) -> StatusCode {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(adapter.router(connection).oneshot(request)).expect("an answer").status()
    }

    #[test]
    fn long_paths_and_many_placeholders_are_routed() {
        let long = "/a".repeat(5_000);
        let many = "/{x}".repeat(100);
        let adapter = adapter(&[(Method::Get, &long), (Method::Get, &many), (Method::Get, &format!("{many}/y"))]);
        for path in [long, "/b".repeat(100), "/b".repeat(100) + "/y"] {
            assert_eq!(answer(adapter, &connection(), &http::Method::GET, &path), StatusCode::BAD_REQUEST);
        }
        let path = "/b".repeat(99);
        assert_eq!(answer(adapter, &connection(), &http::Method::GET, &path), StatusCode::NOT_FOUND);
    }

    /// What a path may hold unencoded for sure.
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

    /// A path that a route must match: its placeholders filled in, everything else encoded.
    fn example(path: &str) -> String {
        let path = path.strip_prefix('/').unwrap_or(path);
        let mut example = String::new();
        for segment in path.split('/') {
            let mut text = segment.to_owned();
            for placeholder in ["{a}", "{b}", "{c+}"] {
                text = text.replace(placeholder, "zz");
            }
            example.push('/');
            example.push_str(&utf8_percent_encode(&text, ENCODED).to_string());
        }
        example
    }

    fn method() -> impl Strategy<Value = Method> {
        proptest::sample::select(vec![Method::Get, Method::Head, Method::Post, Method::Delete, Method::Options])
    }

    fn path() -> impl Strategy<Value = String> {
        let segment = proptest::sample::select(vec![
            "", "x", "y", "xy", "x-", "é", ":x", "*x", "*", "+", "~", "{a}", "{b}", "{a}:x", "x{a}", "{a}-{b}",
            "{a}{b}", "#", "? ", "(", "-", ".",
        ]);
        let start = proptest::sample::select(vec!["/", "//", ""]);
        let end = proptest::sample::select(vec!["", "", "/", "/{c+}"]);
        (start, proptest::collection::vec(segment, 0..5), end)
            .prop_map(|(start, segments, end)| format!("{start}{}{end}", segments.join("/")))
    }

    proptest! {
        #[test]
        fn any_table_is_routed_and_every_route_is_reached(routes in proptest::collection::vec((method(), path()), 0..12)) {
            let routes: Vec<_> = routes.iter().map(|(method, path)| (*method, path.as_str())).collect();
            let adapter = adapter(&routes);
            let connection = connection();
            for (method, path) in routes {
                let path = example(path);
                let status = answer(adapter, &connection, &method.to_http(), &path);
                prop_assert_eq!(status, StatusCode::BAD_REQUEST, "{} {}", method.as_str(), path);
            }
        }

        #[test]
        fn any_text_is_a_path(paths in proptest::collection::vec("(\\PC|[/{}+*:%]){0,12}", 0..8)) {
            let routes: Vec<_> = paths.iter().map(|path| (Method::Get, path.as_str())).collect();
            drop(adapter(&routes).router(&connection()));
        }
    }
}
