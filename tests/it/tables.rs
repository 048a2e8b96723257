//! What tables can say and the Secrets capability does not: other kinds of authentication, fixed values, headers and
//! cookies, wired arguments, projected outputs, routes of one shape. The upstream echoes the request.

use axum::Router;
use axum::extract::Request;
use naftiko_runtime::__private::*;
use naftiko_runtime::ClientBuilder;
use naftiko_runtime::mcp::{HttpOptions, Server};
use serde_json::json;
use tokio::net::TcpListener;

static CAPABILITY: Capability = Capability {
    name: "tables",
    title: "Tables",
    version: "1.2.3",
    description: "",
    apis: &[
        Api {
            namespace: "basic",
            base_uri: None,
            authentication: &[Authentication::Basic {
                username: &[TemplatePart::Variable(0)],
                password: &[TemplatePart::Literal("pass "), TemplatePart::Variable(1)],
            }],
        },
        Api {
            namespace: "bearer",
            base_uri: None,
            authentication: &[Authentication::Bearer { token: &[TemplatePart::Variable(1)] }],
        },
        Api {
            namespace: "query",
            base_uri: None,
            authentication: &[Authentication::Query { name: "api key", value: &[TemplatePart::Variable(1)] }],
        },
        Api {
            namespace: "several",
            base_uri: None,
            authentication: &[
                Authentication::Cookie { name: "session", value: &[TemplatePart::Variable(1)] },
                Authentication::Header { name: "X-Key", value: &[TemplatePart::Variable(0)] },
                Authentication::Query { name: "key", value: &[TemplatePart::Variable(1)] },
            ],
        },
    ],
    variables: &[Variable { name: "TABLES_USER" }, Variable { name: "TABLES_SECRET" }],
};

static GET: Operation = Operation {
    name: "get",
    api: 0,
    method: Method::Get,
    path: &[PathPart::Literal("/things/"), PathPart::Parameter(0)],
    parameters: &[
        Parameter::new("id", Location::Path, Kind::String).required(),
        Parameter::new("limit", Location::Query, Kind::Integer),
        Parameter::new("note", Location::Query, Kind::String),
        Parameter::new("X-Trace", Location::Header, Kind::String),
        Parameter::new("session", Location::Cookie, Kind::String),
    ],
    constants: &[
        Constant { name: "X-Version", location: Location::Header, value: &[TemplatePart::Literal("2026-01-01")] },
        Constant { name: "fixed", location: Location::Query, value: &[TemplatePart::Literal("a b")] },
        Constant { name: "theme", location: Location::Cookie, value: &[TemplatePart::Literal("dark")] },
    ],
    body: None,
    json_output: true,
    repeat: Repeat::Always,
};

static DELETE: Operation = Operation {
    name: "delete",
    api: 1,
    method: Method::Delete,
    path: &[PathPart::Literal("/things/"), PathPart::Parameter(0)],
    parameters: &[
        Parameter::new("id", Location::Path, Kind::String).required(),
        Parameter::new("body", Location::Body, Kind::Object),
    ],
    constants: &[],
    body: None,
    json_output: true,
    repeat: Repeat::Always,
};

static LIST: Operation = Operation {
    name: "list",
    api: 2,
    method: Method::Get,
    path: &[PathPart::Literal("/things")],
    parameters: &[],
    constants: &[],
    body: None,
    json_output: true,
    repeat: Repeat::Always,
};

/// Its parameters are named like the credentials.
static PROVEN: Operation = Operation {
    name: "proven",
    api: 3,
    method: Method::Get,
    path: &[PathPart::Literal("/proven")],
    parameters: &[
        Parameter::new("session", Location::Cookie, Kind::String),
        Parameter::new("other", Location::Cookie, Kind::String),
        Parameter::new("x-key", Location::Header, Kind::String),
        Parameter::new("key", Location::Query, Kind::String),
        Parameter::new("more", Location::Query, Kind::String),
        Parameter::new("Cookie", Location::Header, Kind::String),
    ],
    constants: &[],
    body: None,
    json_output: true,
    repeat: Repeat::Always,
};

static REST: RestAdapter = RestAdapter {
    port: 0,
    callers: Callers::ANYBODY,
    openapi: "",
    routes: &[
        Route {
            method: Method::Get,
            path: "/things/{id}",
            captures: &[Some(0)],
            summary: "",
            call: Exposure { operation: &GET, wiring: Wiring::Direct, output: Output::Whole },
        },
        Route {
            method: Method::Delete,
            path: "/things/{thing-id}",
            captures: &[Some(0)],
            summary: "",
            call: Exposure { operation: &DELETE, wiring: Wiring::Direct, output: Output::Whole },
        },
        Route {
            method: Method::Get,
            path: "/things/default",
            captures: &[],
            summary: "",
            call: Exposure {
                operation: &GET,
                wiring: Wiring::Mapped {
                    inputs: &[Parameter::new("who", Location::Query, Kind::String).required()],
                    sources: &[
                        Source::Json("\"standard\""),
                        Source::Json("20"),
                        Source::Text(&[TextPart::Literal("for "), TextPart::Input(0)]),
                        Source::Absent,
                        Source::Absent,
                    ],
                },
                output: Output::Projected(Projection::Object {
                    at: &[],
                    fields: &[
                        ("asked", Projection::Path(&[PathStep::Key("target")])),
                        ("constant", Projection::Json("true")),
                    ],
                }),
            },
        },
        Route {
            method: Method::Get,
            path: "/ein ding/é",
            captures: &[],
            summary: "",
            call: Exposure { operation: &LIST, wiring: Wiring::Direct, output: Output::Whole },
        },
    ],
};

static MCP: McpAdapter = McpAdapter {
    capability: &CAPABILITY,
    port: 0,
    callers: Callers::ANYBODY,
    instructions: "",
    caching: Caching { ttl_ms: None, public: None },
    resources: &[],
    prompts: &[],
    tools: &[Tool {
        name: "find",
        title: "Find",
        description: "Find a thing",
        hints: Hints { read_only: true, destructive: false, idempotent: true, open_world: true },
        call: Exposure {
            operation: &GET,
            wiring: Wiring::Mapped {
                inputs: &[
                    Parameter::new("number", Location::Path, Kind::Integer).required(),
                    Parameter::new("most", Location::Query, Kind::String),
                ],
                sources: &[Source::Input(0), Source::Input(1), Source::Absent, Source::Absent, Source::Absent],
            },
            output: Output::Projected(Projection::Path(&[PathStep::Key("target")])),
        },
    }],
};

/// Answers every request with what it is.
pub(crate) async fn echo(request: Request) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("the body is whole");
    let headers: Vec<_> =
        parts.headers.iter().map(|(name, value)| json!([name.as_str(), value.to_str().unwrap_or_default()])).collect();
    let echo = json!({
        "method": parts.method.as_str(),
        "target": parts.uri.to_string(),
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
    });
    axum::response::Response::builder()
        .header("content-type", "application/json")
        .body(echo.to_string().into())
        .expect("an answer")
}

pub(crate) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("the listener has an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn connect() -> Connection {
    let upstream = serve(Router::new().fallback(echo)).await + "/base/";
    let mut builder = ClientBuilder::<Connection>::new(&CAPABILITY);
    for api in CAPABILITY.apis {
        builder = builder.base_uri_of(api.namespace, &upstream);
    }
    builder.variable("TABLES_USER", "user").variable("TABLES_SECRET", "s&cret").build().expect("the client is built")
}

async fn start() -> (String, reqwest::Client) {
    let connection = connect().await;
    let mcp = Server::new(&MCP, &connection).router(HttpOptions::default());
    (serve(REST.router(&connection).merge(mcp)).await, reqwest::Client::new())
}

pub(crate) async fn get(http: &reqwest::Client, uri: String) -> Value {
    http.get(uri).send().await.expect("an answer").json().await.expect("JSON")
}

/// Calls a tool and gives its result.
pub(crate) async fn call(http: &reqwest::Client, base: &str, tool: &str, arguments: Value) -> Value {
    let params = json!({"name": tool, "arguments": arguments});
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let request = http.post(format!("{base}/mcp")).header("accept", "application/json, text/event-stream").json(&call);
    let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    answer["result"].clone()
}

pub(crate) fn header<'a>(echo: &'a Value, name: &str) -> Option<&'a str> {
    let headers = echo["headers"].as_array()?;
    headers.iter().find(|pair| pair[0] == name).and_then(|pair| pair[1].as_str())
}

#[tokio::test]
async fn headers_cookies_and_fixed_values_are_sent() {
    let (base, http) = start().await;
    let request =
        http.get(format!("{base}/things/7?limit=3")).header("x-trace", "t").header("cookie", "a=b; session=s%3B1");
    let echo: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(echo["target"], "/base/things/7?limit=3&fixed=a%20b");
    assert_eq!(header(&echo, "x-trace"), Some("t"));
    assert_eq!(header(&echo, "x-version"), Some("2026-01-01"));
    assert_eq!(header(&echo, "cookie"), Some("session=s%3B1; theme=dark"));
    assert_eq!(header(&echo, "authorization"), Some("Basic dXNlcjpwYXNzIHMmY3JldA=="));
    assert_eq!(header(&echo, "user-agent"), Some("tables/1.2.3"));
}

#[tokio::test]
async fn routes_of_one_shape_are_told_apart_by_method() {
    let (base, http) = start().await;
    let echo: Value = http
        .delete(format!("{base}/things/7"))
        .json(&json!({"deep": true}))
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!((&echo["method"], &echo["target"]), (&json!("DELETE"), &json!("/base/things/7")));
    assert_eq!(echo["body"], "{\"deep\":true}");
    assert_eq!(header(&echo, "authorization"), Some("Bearer s&cret"));
    let echo: Value =
        http.delete(format!("{base}/things/7")).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!((&echo["body"], header(&echo, "content-type")), (&json!(""), None), "an optional body stays out");
    assert_eq!(http.put(format!("{base}/things/7")).send().await.expect("an answer").status(), 405);
}

#[tokio::test]
async fn wired_arguments_and_projected_outputs() {
    let (base, http) = start().await;
    let answer = get(&http, format!("{base}/things/default?who=me%26you")).await;
    assert_eq!(
        answer,
        json!({"asked": "/base/things/standard?limit=20&note=for%20me%26you&fixed=a%20b", "constant": true})
    );
    let answer = http.get(format!("{base}/things/default")).send().await.expect("an answer");
    assert_eq!(answer.status(), 400, "the wired input is required");
}

#[tokio::test]
async fn a_key_in_the_query_is_encoded_and_literal_paths_too() {
    let (base, http) = start().await;
    let echo = get(&http, format!("{base}/ein%20ding/%C3%A9")).await;
    assert_eq!(echo["target"], "/base/things?api%20key=s%26cret");
}

#[tokio::test]
async fn no_argument_takes_the_place_of_a_credential() {
    let connection = connect().await;
    let echo = connection.request(&PROVEN).send().await.expect("an answer");
    assert_eq!(echo.body()["target"], "/base/proven?key=s%26cret");
    assert_eq!(header(echo.body(), "cookie"), Some("session=s&cret"));
    assert_eq!(header(echo.body(), "x-key"), Some("user"));
    let call = connection.request(&PROVEN).text(0, "mine").text(1, "a").text(2, "mine").text(3, "mine").text(4, "b");
    let echo = call.send().await.expect("an answer");
    assert_eq!(echo.body()["target"], "/base/proven?more=b&key=s%26cret");
    assert_eq!(header(echo.body(), "cookie"), Some("other=a; session=s&cret"));
    assert_eq!(header(echo.body(), "x-key"), Some("user"));
    let call = connection.request(&PROVEN).text(5, "session=mine;other=a; ; %73ession=mine; session");
    let echo = call.send().await.expect("an answer");
    assert_eq!(header(echo.body(), "cookie"), Some("other=a; session=s&cret"));
    assert!(!echo.body().to_string().contains("mine"), "{}", echo.body());
    assert!(!format!("{connection:?}").contains("s&cret"));
}

#[tokio::test]
async fn a_cookie_that_would_break_out_is_refused() {
    let secret = "a; admin=1";
    let builder = ClientBuilder::<Connection>::new(&CAPABILITY).variable("TABLES_USER", "user");
    let mut builder = builder.variable("TABLES_SECRET", secret);
    for api in CAPABILITY.apis {
        builder = builder.base_uri_of(api.namespace, "https://api.test");
    }
    let error = builder.build().expect_err("the secret is no cookie");
    assert!(!format!("{error} {error:?}").contains(secret), "{error}");
}

#[tokio::test]
async fn inputs_of_other_types_are_converted() {
    let (base, http) = start().await;
    let call = async |arguments: Value| -> Value { call(&http, &base, "find", arguments).await };
    let found = call(json!({"number": 7.0, "most": "12"})).await;
    // Clients of this era take objects only as structured content; the text is the same document.
    assert_eq!(found["content"][0]["text"], "\"/base/things/7?limit=12&fixed=a%20b\"");
    let refused = call(json!({"number": "7"})).await;
    assert_eq!(refused["isError"], true, "{refused}");
    let refused = call(json!({"number": 7, "most": "many"})).await;
    assert_eq!(refused["isError"], true, "text that is no number cannot become one: {refused}");
}
