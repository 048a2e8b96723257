//! The routes of an adapter, and the search for the route of a request.

use std::borrow::Cow;
use std::collections::BTreeSet;

use naftiko_client::__private::http_method;
use naftiko_schema::{Method, Route};

use super::pattern::{Pattern, Rank};

/// Routes, more specific ones first. Equally specific ones keep their order of declaration.
pub(super) struct Table(Vec<(Pattern<'static>, &'static Route)>);

/// The result of a lookup.
#[derive(Debug)]
pub(super) enum Match {
    /// A route, and the values of its placeholders.
    Found(&'static Route, Vec<String>),
    /// Routes have the path, but with these other methods.
    OtherMethods(Vec<&'static str>),
    /// No route.
    Nothing,
    /// The path is not UTF-8.
    NotText,
}

impl Table {
    pub(super) fn new(routes: &'static [Route]) -> Self {
        let mut routes: Vec<_> = routes.iter().map(|route| (Pattern::new(&route.path), route)).collect();
        routes.sort_by_cached_key(|(pattern, route)| (pattern.rank(), follows(route)));
        Self(routes)
    }

    /// Paths for axum that together cover every path of every route and of these patterns. None is covered by another.
    pub(super) fn shapes<'p>(&'p self, others: impl Iterator<Item = &'p Pattern<'static>>) -> Vec<String> {
        let own = self.0.iter().map(|(pattern, _)| pattern);
        let shapes: BTreeSet<_> = own.chain(others).map(Pattern::shape).collect();
        let free = shapes.iter().filter(|shape| !shapes.iter().any(|other| other.covers(shape)));
        free.map(|shape| shape.path()).collect()
    }

    pub(super) fn routes(&self) -> &[(Pattern<'static>, &'static Route)] {
        &self.0
    }

    /// Whether a route has a path of these decoded segments, with any method.
    pub(super) fn has(&self, path: &[Cow<'_, str>]) -> bool {
        self.0.iter().any(|(pattern, _)| pattern.captures(path).is_some())
    }

    /// What is found for a path of these decoded segments.
    pub(super) fn find(&self, method: &http::Method, path: &[Cow<'_, str>]) -> Match {
        let mut methods = Vec::new();
        for (pattern, route) in &self.0 {
            let Some(captures) = pattern.captures(path) else { continue };
            let serves = |requested: &http::Method| {
                http_method(route.method) == requested
                    || (route.method == Method::Get && requested == http::Method::HEAD)
            };
            if serves(method) {
                return Match::Found(route, captures);
            }
            methods.push(route.method.as_str());
            methods.extend(Some("HEAD").filter(|_| serves(&http::Method::HEAD)));
        }
        if methods.is_empty() { Match::Nothing } else { Match::OtherMethods(distinct(methods)) }
    }
}

/// Of routes that serve the same request, that with the least one takes it. A `GET` route also serves `HEAD`, unless a `HEAD`
/// route has the same shape.
pub(super) fn precedence(route: &Route) -> (Rank, bool) {
    (Pattern::new(&route.path).rank(), follows(route))
}

fn follows(route: &Route) -> bool {
    route.method != Method::Head
}

/// Methods, each once, where it is first.
pub(super) fn distinct(mut methods: Vec<&'static str>) -> Vec<&'static str> {
    let mut seen = BTreeSet::new();
    methods.retain(|method| seen.insert(*method));
    methods
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use http::StatusCode;
    use naftiko_client::__private::Connection;
    use naftiko_client::ClientBuilder;
    use naftiko_schema::{
        Binding, Capability, Kind, Location, Operation, OperationId, Parameter, Rest, RetrySafety, calls,
    };
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;
    use tower::ServiceExt as _;

    use super::super::pattern::decode;
    use super::*;

    static CAPABILITY: Capability = Capability::new("t", "", "");

    /// Every call lacks an argument, so that a route that is reached says so without an upstream.
    static OPERATION: Operation = Operation::new(OperationId(0), "op", Method::Get, RetrySafety::Idempotent)
        .parameters(const { &[Parameter::new("lacking", Location::Query, Kind::String).required()] });

    fn adapter(routes: &[(Method, &str)]) -> &'static Rest {
        let routes = routes
            .iter()
            .map(|(method, path)| Route::new(*method, path.to_string().leak(), Binding::new(calls(&OPERATION))));
        Box::leak(Box::new(Rest::new(0).routes(routes.collect::<Vec<_>>().leak())))
    }

    fn found(table: &Table, method: &http::Method, path: &str) -> String {
        let Some(path) = decode(path) else { return "not text".to_owned() };
        match table.find(method, &path) {
            Match::Found(route, captures) => format!("{} {} {}", route.method.as_str(), route.path, captures.join("|")),
            Match::OtherMethods(methods) => methods.join(","),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn most_specific_route_with_the_method_matches() {
        let routes = [
            (Method::Get, "/v1/{name}"),
            (Method::Post, "/v1/{name}:activate"),
            (Method::Delete, "/v1/{id}"),
            (Method::Get, "/v1/{again}"),
            (Method::Get, "/v1/all"),
            (Method::Head, "/v1/all"),
            (Method::Put, "/v1/{rest+}"),
        ];
        let table = Table::new(&adapter(&routes).routes);
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
            ("GET", "/v1/%FF", "not text"),
        ];
        for (method, path, expected) in cases {
            let method = method.parse().expect("a method");
            assert_eq!(found(&table, &method, path), expected, "{method} {path}");
        }
    }

    fn connection() -> Connection {
        ClientBuilder::<Connection>::new(&CAPABILITY).build().expect("nothing is needed")
    }

    fn status(adapter: &'static Rest, connection: &Connection, method: &http::Method, path: &str) -> StatusCode {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(crate::router(adapter, connection).oneshot(request)).expect("a response").status()
    }

    #[test]
    fn long_paths_and_many_placeholders_are_routed() {
        let long = "/a".repeat(5_000);
        let many = "/{x}".repeat(100);
        let adapter = adapter(&[(Method::Get, &long), (Method::Get, &many), (Method::Get, &format!("{many}/y"))]);
        for path in [long, "/b".repeat(100), "/b".repeat(100) + "/y"] {
            assert_eq!(status(adapter, &connection(), &http::Method::GET, &path), StatusCode::BAD_REQUEST);
        }
        let path = "/b".repeat(99);
        assert_eq!(status(adapter, &connection(), &http::Method::GET, &path), StatusCode::NOT_FOUND);
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
                let status = status(adapter, &connection, &http_method(method), &path);
                prop_assert_eq!(status, StatusCode::BAD_REQUEST, "{} {}", method.as_str(), path);
            }
        }

        #[test]
        fn any_path_text_gives_a_router(paths in proptest::collection::vec("(\\PC|[/{}+*:%]){0,12}", 0..8)) {
            let routes: Vec<_> = paths.iter().map(|path| (Method::Get, path.as_str())).collect();
            drop(crate::router(adapter(&routes), &connection()));
        }
    }
}
