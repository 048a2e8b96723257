//! Paths whose placeholders are more or less than a segment, in routes and upstream. The upstream echoes the request.

use axum::Router;
use naftiko_client::__private::{Connection, Value};
use naftiko_client::schema::*;
use naftiko_client::{ClientBuilder, ErrorKind};
use naftiko_serve::echo;

use crate::tables::serve;

static CAPABILITY: Capability = Capability::new("paths", "Paths", "1.0.0").apis(const { &[Api::new("echo")] });

const fn operation(
    name: &'static str,
    method: Method,
    path: &'static [PathPart],
    parameters: &'static [Parameter],
) -> Operation {
    Operation::new(OperationId(0), name, method, RetrySafety::Idempotent).path(path).parameters(parameters)
}

const fn literal(literal: &'static str) -> PathPart {
    PathPart::Literal(text(literal))
}

const FIRST: PathPart = PathPart::Parameter(ParameterId(0));
const SECOND: PathPart = PathPart::Parameter(ParameterId(1));

static OBJECT: Operation = operation(
    "object",
    Method::Get,
    const { &[literal("/"), FIRST, literal("/"), SECOND] },
    const {
        &[
            Parameter::new("bucket", Location::Path, Kind::String).required(),
            Parameter::new("key", Location::Segments, Kind::String).required(),
        ]
    },
);

static PRODUCT: Operation = operation(
    "product",
    Method::Get,
    const { &[literal("/Products("), FIRST, literal(")")] },
    const { &[Parameter::new("key", Location::Path, Kind::String).required()] },
);

static ACTIVATE: Operation = operation(
    "activate",
    Method::Post,
    const { &[literal("/things/"), FIRST, literal(":activate")] },
    const { &[Parameter::new("name", Location::Path, Kind::String).required()] },
);

static PAIR: Operation = operation(
    "pair",
    Method::Get,
    const { &[literal("/%2"), FIRST, SECOND, literal("/x")] },
    const {
        &[
            Parameter::new("first", Location::Path, Kind::String).required(),
            Parameter::new("second", Location::Path, Kind::String).required(),
        ]
    },
);

const fn route(
    method: Method,
    path: &'static str,
    captures: &'static [Option<InputId>],
    operation: &'static Operation,
) -> Route {
    Route::new(method, path, Binding::new(calls(operation))).captures(captures)
}

const ONE: &[Option<InputId>] = &[Some(InputId(0))];
const TWO: &[Option<InputId>] = &[Some(InputId(0)), Some(InputId(1))];
const TWICE: &[Option<InputId>] = &[Some(InputId(0)), Some(InputId(0))];

static REST: Rest = Rest::new(0).routes(
    const {
        &[
            route(Method::Get, "/objects/{bucket}/{key+}", TWO, &OBJECT),
            route(Method::Get, "/v1/{name}", ONE, &PRODUCT),
            route(Method::Delete, "/v1/{name}", ONE, &PRODUCT),
            route(Method::Post, "/v1/{name}:activate", ONE, &ACTIVATE),
            route(Method::Get, "/Products({key})", ONE, &PRODUCT),
            route(Method::Get, "/pairs/{a}-{b}.json", TWO, &PAIR),
            route(Method::Get, "/twice/{name}/{name}", TWICE, &PRODUCT),
            route(Method::Get, "/a#b?c d", &[], &PAIR),
        ]
    },
);

async fn connect() -> Connection {
    let builder = ClientBuilder::<Connection>::new(&CAPABILITY);
    builder.base_uri(serve(Router::new().fallback(echo::respond)).await + "/base").build().expect("the client is built")
}

/// What arrives upstream, or the status of the adapter's own answer and whom it blames.
async fn target(base: &str, method: &str, path: &str) -> String {
    let method = method.parse().expect("a method");
    let request = reqwest::Client::new().request(method, format!("{base}{path}"));
    let answer = request.send().await.expect("an answer");
    let (status, allow) = (answer.status().as_u16(), answer.headers().get("allow").cloned());
    let document: Value = answer.json().await.unwrap_or_default();
    match (document["target"].as_str(), allow) {
        (Some(target), _) => format!("{} {target}", document["method"].as_str().unwrap_or_default()),
        (None, Some(allow)) => format!("{status} {}", allow.to_str().expect("text")),
        (None, None) => format!("{status} {}", document["errors"][0]["parameter"].as_str().unwrap_or_default()),
    }
}

#[tokio::test]
async fn catch_all_path_parameter_keeps_slashes() {
    let base = serve(naftiko_rest::router(&REST, &connect().await)).await;
    for (path, expected) in [
        ("/objects/b/a", "GET /base/b/a"),
        ("/objects/b/a/b%20c/%C3%A9", "GET /base/b/a/b%20c/%C3%A9"),
        ("/objects/b/a%2Fb/%3F%23%25", "GET /base/b/a/b/%3F%23%25"),
        ("/objects/b%2Fc/a", "GET /base/b%2Fc/a"),
        ("/objects/b/a//c", "400 key"),
        ("/objects/b/a/", "400 key"),
        ("/objects/b/a/%252e%252E/c", "400 key"),
        ("/objects/b/a%2F..%2F..%2Fc", "400 key"),
        ("/objects/b/", "404 "),
        ("/objects/b", "404 "),
    ] {
        assert_eq!(target(&base, "GET", path).await, expected, "{path}");
    }
    let connection = connect().await;
    for key in ["..", "a/../../b", "/a", "a//b", "a/", "", "%2e%2E/a"] {
        let error = connection
            .request(&OBJECT)
            .text(ParameterId(0), "b")
            .text(ParameterId(1), key)
            .send()
            .await
            .expect_err("it would move");
        assert!(
            matches!(error.kind(), ErrorKind::Arguments(violations) if violations[0].parameter == "key"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn mixed_segments_are_routed_by_literal_text_and_method() {
    let base = serve(naftiko_rest::router(&REST, &connect().await)).await;
    for (method, path, expected) in [
        ("POST", "/v1/x:activate", "POST /base/things/x:activate"),
        ("POST", "/v1/x%3Aactivate", "POST /base/things/x:activate"),
        ("POST", "/v1/%C3%A9%2F:activate", "POST /base/things/%C3%A9%2F:activate"),
        ("GET", "/v1/x:activate", "GET /base/Products(x%3Aactivate)"),
        ("POST", "/v1/x", "405 GET, HEAD, DELETE"),
        ("PUT", "/v1/x:activate", "405 POST, GET, HEAD, DELETE"),
        ("GET", "/Products('1')", "GET /base/Products(%271%27)"),
        ("GET", "/Products%28'1'%29", "GET /base/Products(%271%27)"),
        ("GET", "/Products()", "404 "),
        ("GET", "/pairs/0-x-y.json", "GET /base/%20x-y/x"),
        ("GET", "/pairs/e-..json", "400 second"),
        ("GET", "/pairs/x.json", "404 "),
        ("GET", "/a%23b%3Fc%20d", "400 first"),
    ] {
        assert_eq!(target(&base, method, path).await, expected, "{method} {path}");
    }
}

#[tokio::test]
async fn repeated_placeholder_has_one_value() {
    let base = serve(naftiko_rest::router(&REST, &connect().await)).await;
    assert_eq!(target(&base, "GET", "/twice/a%2Fb/a%2fb").await, "GET /base/Products(a%2Fb)");
    assert_eq!(target(&base, "GET", "/twice/a/b").await, "400 key");
}

#[tokio::test]
async fn partial_segments_cannot_form_dot_segments() {
    let connection = connect().await;
    let call = |first: &str, second: &str| {
        connection.request(&PAIR).text(ParameterId(0), first).text(ParameterId(1), second).send()
    };
    assert_eq!(call("0", "a").await.expect("an answer").body()["target"], "/base/%20a/x");
    let error = call("e", ".").await.expect_err("it is `..`");
    assert!(matches!(error.kind(), ErrorKind::Arguments(violations) if violations[0].parameter == "second"), "{error}");
}
