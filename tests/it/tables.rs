//! What tables can say and the Secrets capability does not: other kinds of authentication, fixed values, headers and
//! cookies, wired arguments, projected outputs, routes of one shape. The upstream echoes the request.

use axum::Router;
use naftiko_client::__private::{Connection, Value};
use naftiko_client::ClientBuilder;
use naftiko_client::schema::*;
use naftiko_mcp::{HttpOptions, Server};
use naftiko_serve::echo;
use serde_json::json;
use tokio::net::TcpListener;

static CAPABILITY: Capability = Capability::new("tables", "Tables", "1.2.3")
    .apis(
        const {
            &[
                Api::new("basic").credentials(
                    const {
                        &[Credential::Basic(Basic::new(
                            USER,
                            Template::new(
                                const {
                                    &[TemplatePart::Literal(text("pass ")), TemplatePart::Variable(VariableId(1))]
                                },
                            ),
                        ))]
                    },
                ),
                Api::new("bearer").credentials(const { &[Credential::Bearer(Bearer::new(SECRET))] }),
                Api::new("query").credentials(const { &[key(Location::Query, "api key", SECRET)] }),
                Api::new("several").credentials(
                    const {
                        &[
                            key(Location::Cookie, "session", SECRET),
                            key(Location::Header, "X-Key", USER),
                            key(Location::Query, "key", SECRET),
                        ]
                    },
                ),
            ]
        },
    )
    .variables(const { &[Variable::new("TABLES_USER"), Variable::new("TABLES_SECRET")] });

const USER: Template = Template::new(const { &[TemplatePart::Variable(VariableId(0))] });
const SECRET: Template = Template::new(const { &[TemplatePart::Variable(VariableId(1))] });

const fn key(location: Location, name: &'static str, value: Template) -> Credential {
    Credential::ApiKey(ApiKey::new(location, name, value))
}

const fn operation(name: &'static str, method: Method, api: u32, path: &'static [PathPart]) -> Operation {
    Operation::new(OperationId(0), name, method, RetrySafety::Idempotent).api(ApiId(api)).path(path)
}

const THING: &[PathPart] = &[PathPart::Literal(text("/things/")), PathPart::Parameter(ParameterId(0))];

static GET: Operation = operation("get", Method::Get, 0, THING)
    .parameters(
        const {
            &[
                Parameter::new("id", Location::Path, Kind::String).required(),
                Parameter::new("limit", Location::Query, Kind::Integer),
                Parameter::new("note", Location::Query, Kind::String),
                Parameter::new("X-Trace", Location::Header, Kind::String),
                Parameter::new("session", Location::Cookie, Kind::String),
            ]
        },
    )
    .fixed(
        const {
            &[
                FixedParameter::new(
                    "X-Version",
                    Location::Header,
                    Template::new(const { &[TemplatePart::Literal(text("2026-01-01"))] }),
                ),
                FixedParameter::new(
                    "fixed",
                    Location::Query,
                    Template::new(const { &[TemplatePart::Literal(text("a b"))] }),
                ),
                FixedParameter::new(
                    "theme",
                    Location::Cookie,
                    Template::new(const { &[TemplatePart::Literal(text("dark"))] }),
                ),
            ]
        },
    );

static DELETE: Operation = operation("delete", Method::Delete, 1, THING).parameters(
    const {
        &[
            Parameter::new("id", Location::Path, Kind::String).required(),
            Parameter::new("body", Location::Body, Kind::Object),
        ]
    },
);

static LIST: Operation = operation("list", Method::Get, 2, const { &[PathPart::Literal(text("/things"))] });

/// Its parameters are named like the credentials.
static PROVEN: Operation = operation("proven", Method::Get, 3, const { &[PathPart::Literal(text("/proven"))] })
    .parameters(
        const {
            &[
                Parameter::new("session", Location::Cookie, Kind::String),
                Parameter::new("other", Location::Cookie, Kind::String),
                Parameter::new("x-key", Location::Header, Kind::String),
                Parameter::new("key", Location::Query, Kind::String),
                Parameter::new("more", Location::Query, Kind::String),
                Parameter::new("Cookie", Location::Header, Kind::String),
            ]
        },
    );

static REST: Rest = Rest::new(0).routes(
    const {
        &[
            Route::new(Method::Get, "/things/{id}", Binding::new(calls(&GET))).captures(&[Some(InputId(0))]),
            Route::new(Method::Delete, "/things/{thing-id}", Binding::new(calls(&DELETE)))
                .captures(&[Some(InputId(0))]),
            Route::new(
                Method::Get,
                "/things/default",
                Binding::new(calls(&GET))
                    .arguments(ArgumentMapping::Mapped(Mapping::new(
                        const { &[Parameter::new("who", Location::Query, Kind::String).required()] },
                        const {
                            &[
                                ArgumentSource::Json(text("\"standard\"")),
                                ArgumentSource::Json(text("20")),
                                ArgumentSource::Text(list(
                                    const { &[InputText::Literal(text("for ")), InputText::Input(InputId(0))] },
                                )),
                                ArgumentSource::Absent,
                                ArgumentSource::Absent,
                            ]
                        },
                    )))
                    .output(Output::Projected(Projection::Object(ObjectProjection::new(
                        &[],
                        const {
                            &[
                                ProjectedMember::new("asked", TARGET),
                                ProjectedMember::new("constant", Projection::Json(text("true"))),
                            ]
                        },
                    )))),
            ),
            Route::new(Method::Get, "/ein ding/é", Binding::new(calls(&LIST))),
        ]
    },
);

const TARGET: Projection = Projection::Path(list(const { &[PathStep::Key(text("target"))] }));

static MCP: Mcp = Mcp::new(0).tools(
    const {
        &[Tool::new(
            "find",
            "Find",
            "Find a thing",
            ToolHints::new().read_only().idempotent().open_world(),
            Binding::new(calls(&GET))
                .arguments(ArgumentMapping::Mapped(Mapping::new(
                    const {
                        &[
                            Parameter::new("number", Location::Path, Kind::Integer).required(),
                            Parameter::new("most", Location::Query, Kind::String),
                        ]
                    },
                    const {
                        &[
                            ArgumentSource::Input(InputId(0)),
                            ArgumentSource::Input(InputId(1)),
                            ArgumentSource::Absent,
                            ArgumentSource::Absent,
                            ArgumentSource::Absent,
                        ]
                    },
                )))
                .output(Output::Projected(TARGET)),
        )]
    },
);

pub(crate) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("the listener has an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn connect() -> Connection {
    connect_to(&(serve(Router::new().fallback(echo::respond)).await + "/base/"))
}

fn connect_to(upstream: &str) -> Connection {
    let mut builder = ClientBuilder::<Connection>::new(&CAPABILITY);
    for api in CAPABILITY.apis.iter() {
        builder = builder.base_uri_of(&*api.namespace, upstream);
    }
    builder.variable("TABLES_USER", "user").variable("TABLES_SECRET", "s&cret").build().expect("the client is built")
}

async fn start() -> (String, reqwest::Client) {
    start_before(connect().await).await
}

/// Serves the tables in front of this upstream.
pub(crate) async fn before(upstream: &str) -> (String, reqwest::Client) {
    start_before(connect_to(upstream)).await
}

async fn start_before(connection: Connection) -> (String, reqwest::Client) {
    let mcp = Server::new(&MCP, &connection).router(HttpOptions::default());
    (serve(naftiko_rest::router(&REST, &connection).merge(mcp)).await, reqwest::Client::new())
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
async fn routes_with_one_path_are_selected_by_method() {
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
async fn argument_mapping_and_projection_are_applied() {
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
async fn query_keys_and_literal_paths_are_encoded() {
    let (base, http) = start().await;
    let echo = get(&http, format!("{base}/ein%20ding/%C3%A9")).await;
    assert_eq!(echo["target"], "/base/things?api%20key=s%26cret");
}

#[tokio::test]
async fn arguments_cannot_replace_credentials() {
    let connection = connect().await;
    let echo = connection.request(&PROVEN).send().await.expect("an answer");
    assert_eq!(echo.body()["target"], "/base/proven?key=s%26cret");
    assert_eq!(header(echo.body(), "cookie"), Some("session=s&cret"));
    assert_eq!(header(echo.body(), "x-key"), Some("user"));
    let call = connection
        .request(&PROVEN)
        .text(ParameterId(0), "mine")
        .text(ParameterId(1), "a")
        .text(ParameterId(2), "mine")
        .text(ParameterId(3), "mine")
        .text(ParameterId(4), "b");
    let echo = call.send().await.expect("an answer");
    assert_eq!(echo.body()["target"], "/base/proven?more=b&key=s%26cret");
    assert_eq!(header(echo.body(), "cookie"), Some("other=a; session=s&cret"));
    assert_eq!(header(echo.body(), "x-key"), Some("user"));
    let call = connection.request(&PROVEN).text(ParameterId(5), "session=mine;other=a; ; %73ession=mine; session");
    let echo = call.send().await.expect("an answer");
    assert_eq!(header(echo.body(), "cookie"), Some("other=a; session=s&cret"));
    assert!(!echo.body().to_string().contains("mine"), "{}", echo.body());
    assert!(!format!("{connection:?}").contains("s&cret"));
}

#[tokio::test]
async fn cookie_value_with_separators_is_rejected() {
    let secret = "a; admin=1";
    let builder = ClientBuilder::<Connection>::new(&CAPABILITY).variable("TABLES_USER", "user");
    let mut builder = builder.variable("TABLES_SECRET", secret);
    for api in CAPABILITY.apis.iter() {
        builder = builder.base_uri_of(&*api.namespace, "https://api.test");
    }
    let error = builder.build().expect_err("the secret is no cookie");
    assert!(!format!("{error} {error:?}").contains(secret), "{error}");
}

#[tokio::test]
async fn inputs_are_converted_to_parameter_types() {
    let (base, http) = start().await;
    let call = async |arguments: Value| -> Value { call(&http, &base, "find", arguments).await };
    let found = call(json!({"number": 7.0, "most": "12"})).await;
    // Clients of this era take objects only as structured content; the text is the same document.
    assert_eq!(found["content"][0]["text"], "\"/base/things/7?limit=12&fixed=a%20b\"");
    let refused = call(json!({"number": "seven"})).await;
    assert_eq!(refused["isError"], true, "{refused}");
    let refused = call(json!({"number": 7, "most": "many"})).await;
    assert_eq!(refused["isError"], true, "text that is no number cannot become one: {refused}");
}
