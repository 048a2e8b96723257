//! Bodies whose schema is known: one verdict on client, REST and MCP before anything is sent, tools that say what they take
//! and return, and members that are secrets.

use axum::Router;
use axum::routing::post;
use naftiko_client::__private::Connection;
use naftiko_client::schema::*;
use naftiko_client::{Call as _, ClientBuilder, ErrorKind};
use naftiko_mcp::{HttpOptions, OutputSchemas, Policy, Server};
use naftiko_serve::echo;
use naftiko_tests::error_of;
use serde_json::{Value, json};

use crate::tables::{call, serve};

static CAPABILITY: Capability = Capability::new("schemas", "Schemas", "1.0.0").apis(const { &[Api::new("shop")] });

/// What creates a thing.
const REQUEST: &str = r##"{
    "type": "object", "required": ["name", "project_id"], "additionalProperties": false,
    "properties": {
        "name": {"type": "string", "minLength": 1, "description": "The name of the thing. It is unique."},
        "project_id": {"type": "string", "format": "uuid"},
        "type": {"type": "string", "enum": ["opaque", "key_value"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "note": {"type": ["string", "null"]},
        "price": {"type": "number"},
        "envelope": {"type": "string", "x-naftiko-secret": true},
        "policy": {"$ref": "#/$defs/Policy"},
        "parent": {"anyOf": [{"$ref": "#/$defs/Parent"}, {"type": "null"}]}
    },
    "$defs": {
        "Policy": {"type": "object", "additionalProperties": false, "properties": {
            "ttl": {"type": "string"}, "action": {"type": "string", "enum": ["delete", "disable"]}
        }},
        "Parent": {"type": "object", "required": ["id"], "properties": {
            "id": {"type": "string"}, "parent": {"$ref": "#/$defs/Parent"}
        }}
    }
}"##;

/// What is created.
const RESPONSE: &str = r#"{
    "type": "object", "required": ["id"], "additionalProperties": false,
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "status": {"type": "string", "enum": ["ready"]},
        "envelope": {"type": ["string", "null"], "x-naftiko-secret": true},
        "versions": {"type": "array", "items": {"type": "object", "properties": {"revision": {"type": "integer"}}}}
    }
}"#;

const PATH: &[PathPart] = &[PathPart::Literal(text("/things/")), PathPart::Parameter(ParameterId(0))];

static CREATE: Operation = Operation::new(OperationId(0), "create", Method::Post, RetrySafety::OnlyIfNotProcessed)
    .path(PATH)
    .parameters(
        const {
            &[
                Parameter::new("region", Location::Path, Kind::String).required(),
                Parameter::new("body", Location::Body, Kind::Object).required().default("{}").description("A thing."),
            ]
        },
    )
    .request_schema(REQUEST)
    .response_schema(RESPONSE);

/// The same operation, of which no one has verified what requests have to have.
static LOOSE: Operation =
    Operation::new(OperationId(1), "create-loosely", Method::Post, RetrySafety::OnlyIfNotProcessed)
        .path(PATH)
        .parameters(
            const {
                &[
                    Parameter::new("region", Location::Path, Kind::String).required(),
                    Parameter::new("body", Location::Body, Kind::Object).required().default("{}"),
                ]
            },
        )
        .request_schema(REQUEST)
        .lenient();

static REST: Rest = Rest::new(0).routes(
    const {
        &[
            Route::new(Method::Post, "/things/{region}", Binding::new(calls(&CREATE))).captures(&[Some(InputId(0))]),
            Route::new(Method::Post, "/loose/{region}", Binding::new(calls(&LOOSE))).captures(&[Some(InputId(0))]),
            Route::new(
                Method::Post,
                "/named",
                Binding::new(calls(&CREATE)).arguments(ArgumentMapping::Mapped(Mapping::new(
                    const {
                        &[
                            Parameter::new("label", Location::Field, Kind::Any),
                            Parameter::new("rules", Location::Field, Kind::Any),
                        ]
                    },
                    const {
                        &[
                            ArgumentSource::Json(text("\"eu\"")),
                            ArgumentSource::Object(list(
                                const {
                                    &[
                                        SourceMember::new("name", ArgumentSource::Input(InputId(0))),
                                        SourceMember::new("project_id", ArgumentSource::Json(text("\"p\""))),
                                        SourceMember::new("policy", ArgumentSource::Input(InputId(1))),
                                    ]
                                },
                            )),
                        ]
                    },
                ))),
            ),
        ]
    },
);

const HINTS: ToolHints = ToolHints::new().open_world();

static MCP: Mcp = Mcp::new(0).tools(
    const {
        &[
            Tool::new("create", "Create", "Create a thing", HINTS, Binding::new(calls(&CREATE))),
            Tool::new("create-loosely", "Create", "Create a thing", HINTS, Binding::new(calls(&LOOSE))),
        ]
    },
);

/// The surfaces over an upstream: the client, and where REST and MCP are.
async fn surfaces(upstream: Router, policy: Policy) -> (Connection, String, reqwest::Client) {
    naftiko_client::install_crypto_provider();
    let upstream = serve(upstream).await;
    let connection = ClientBuilder::<Connection>::new(&CAPABILITY).base_uri(&upstream).build().expect("a connection");
    let mcp = Server::new(&MCP, &connection).with_policy(policy).router(HttpOptions::default());
    let base = serve(naftiko_rest::router(&REST, &connection).merge(mcp)).await;
    (connection, base, reqwest::Client::builder().no_proxy().build().expect("a client"))
}

async fn echoing() -> (Connection, String, reqwest::Client) {
    surfaces(Router::new().fallback(echo::respond), Policy::default()).await
}

/// The list of tools.
async fn listed(http: &reqwest::Client, base: &str) -> Value {
    asked(http, base, "tools/list", json!({})).await["tools"].clone()
}

/// The result of a request of MCP.
async fn asked(http: &reqwest::Client, base: &str, method: &str, params: Value) -> Value {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let request = http.post(format!("{base}/mcp")).header("accept", "application/json, text/event-stream");
    let response: Value = request.json(&message).send().await.expect("a response").json().await.expect("JSON");
    response["result"].clone()
}

/// Sends a body by REST, and gives status and document.
async fn sent(http: &reqwest::Client, uri: String, body: &Value) -> (u16, Value) {
    let response = http.post(uri).json(body).send().await.expect("a response");
    (response.status().as_u16(), response.json().await.expect("JSON"))
}

#[tokio::test]
async fn bodies_that_do_not_fit_their_schema_have_one_verdict_on_all_surfaces() {
    let (connection, base, http) = echoing().await;
    for (body, pointer, problem) in [
        (json!({"project_id": "p"}), "/name", "is required"),
        (json!({"name": 1, "project_id": "p"}), "/name", "must be a string"),
        (json!({"name": null, "project_id": "p"}), "/name", "must be a string"),
        (json!({"name": "", "project_id": "p"}), "/name", "must have at least 1 characters"),
        (json!({"name": "a", "project_id": "p", "type": "opaqe"}), "/type", "must be one of `opaque`, `key_value`"),
        (json!({"name": "a", "project_id": "p", "tagz": []}), "/tagz", "is not a member; did you mean `tags`?"),
        (json!({"name": "a", "project_id": "p", "tags": ["a", 1]}), "/tags/1", "must be a string"),
        (
            json!({"name": "a", "project_id": "p", "policy": {"action": "x"}}),
            "/policy/action",
            "must be one of `delete`, `disable`",
        ),
        (
            json!({"name": "a", "project_id": "p", "parent": {"id": "a", "parent": {}}}),
            "/parent/parent/id",
            "is required",
        ),
    ] {
        let call_ = connection.request(&CREATE).text(ParameterId(0), "eu").body(ParameterId(1), body.clone());
        let error = call_.clone().send().await.expect_err("it is wrong");
        let ErrorKind::Arguments(violations) = error.kind() else { panic!("{error}") };
        let found: Vec<_> = violations.iter().map(|it| (it.pointer.as_deref(), &*it.problem)).collect();
        assert_eq!(found, [(Some(pointer), problem)], "client: {body}");
        assert!(error.to_string().contains(&format!("`body` at `{pointer}` {problem}")), "{error}");

        let (status, document) = sent(&http, format!("{base}/things/eu"), &body).await;
        let expected =
            json!([{"parameter": "body", "detail": problem, "in": "body", "pointer": format!("#{pointer}")}]);
        assert_eq!((status, &document["errors"]), (422, &expected), "REST: {body}");

        let result = call(&http, &base, "create", json!({"region": "eu", "body": body})).await;
        let text = result["content"][0]["text"].as_str().expect("text");
        assert!(
            result["isError"] == true && text.contains(&format!("`body` at `{pointer}` {problem}")),
            "MCP: {result}"
        );
        assert_eq!(result.get("structuredContent"), None, "clients check structured content of errors too");
        let found = json!([{"argument": "body", "problem": problem, "pointer": pointer}]);
        assert_eq!(error_of(&result)["arguments"], found, "{result}");

        // The upstream may know more than we do.
        let echo = call_.unchecked().send().await.expect("it is sent");
        assert_eq!(echo.body()["body"], body.to_string());
    }
}

#[tokio::test]
async fn members_that_an_unverified_document_requires_may_be_missing() {
    let (connection, base, http) = echoing().await;
    for (body, is_sent) in [
        (json!({}), true),
        (json!({"name": "a", "parent": {}}), true),
        (json!({"name": 1}), false),
        (json!({"tagz": []}), false),
        (json!({"type": "opaqe"}), false),
    ] {
        let call_ = connection.request(&LOOSE).text(ParameterId(0), "eu").body(ParameterId(1), body.clone());
        assert_eq!(call_.send().await.is_ok(), is_sent, "client: {body}");
        let (status, document) = sent(&http, format!("{base}/loose/eu"), &body).await;
        assert_eq!(status, if is_sent { 200 } else { 422 }, "REST: {document}");
        let result = call(&http, &base, "create-loosely", json!({"region": "eu", "body": body})).await;
        assert_eq!(result["isError"], !is_sent, "MCP: {result}");
    }
    let tools = listed(&http, &base).await;
    assert_eq!(tools[1]["inputSchema"]["properties"]["body"]["required"], json!(["name", "project_id"]));
}

#[tokio::test]
async fn bodies_that_fit_arrive_as_they_were_sent() {
    let (connection, base, http) = echoing().await;
    let text = r#"{"name": "a", "project_id": "p", "price": 0.10, "note": null, "tags": []}"#;
    let request = http.post(format!("{base}/things/eu")).header("content-type", "application/json").body(text);
    let echo: Value = request.send().await.expect("a response").json().await.expect("JSON");
    assert_eq!(echo["body"], text);
    let body: Value = serde_json::from_str(text).expect("JSON");
    let result = call(&http, &base, "create", json!({"region": "eu", "body": body})).await;
    assert_eq!(result["structuredContent"]["body"], body.to_string(), "{result}");
    let echo = connection.request(&CREATE).text(ParameterId(0), "eu").body(ParameterId(1), &body).send().await;
    assert_eq!(echo.expect("it is sent").body()["body"], body.to_string());
    // Without a body, the default lacks what is required.
    let response = http.post(format!("{base}/things/eu")).send().await.expect("a response");
    assert_eq!(response.status(), 422);
}

#[tokio::test]
async fn violations_of_a_body_come_in_one_list_with_those_of_other_inputs() {
    let (connection, base, http) = echoing().await;
    let body = json!({"name": "a", "tags": 1});
    let call_ = connection.request(&CREATE).text(ParameterId(0), "..").body(ParameterId(1), &body);
    let error = call_.send().await.expect_err("it is wrong");
    let ErrorKind::Arguments(violations) = error.kind() else { panic!("{error}") };
    let of_body = [("body", Some("/project_id")), ("body", Some("/tags"))];
    let found: Vec<_> = violations.iter().map(|it| (&*it.parameter, it.pointer.as_deref())).collect();
    assert_eq!(found, [&[("region", None)][..], &of_body].concat(), "client");

    let (status, document) = sent(&http, format!("{base}/things/eu?colour=1"), &body).await;
    let errors = document["errors"].as_array().expect("a list");
    let found: Vec<_> = errors.iter().map(|it| (it["parameter"].as_str(), it["pointer"].as_str())).collect();
    let expected = [(Some("colour"), None), (Some("body"), Some("#/project_id")), (Some("body"), Some("#/tags"))];
    assert_eq!((status, found), (400, expected.to_vec()), "REST");

    let arguments = json!({"region": "..", "colour": 1, "body": body});
    let error = error_of(&call(&http, &base, "create", arguments).await);
    let errors = error["arguments"].as_array().expect("a list");
    let found: Vec<_> = errors.iter().map(|it| (it["argument"].as_str(), it["pointer"].as_str())).collect();
    let before = [(Some("colour"), None), (Some("region"), None)];
    let of_body = of_body.map(|(name, pointer)| (Some(name), pointer));
    assert_eq!(found, [&before[..], &of_body].concat(), "MCP");
}

#[tokio::test]
async fn violations_of_a_body_made_of_inputs_are_those_of_the_inputs() {
    let (_, base, http) = echoing().await;
    let (status, document) = sent(&http, format!("{base}/named"), &json!({"label": 1, "rules": {"ttl": 2}})).await;
    let expected = json!([
        {"parameter": "label", "detail": "must be a string", "in": "body", "pointer": "#/label"},
        {"parameter": "rules", "detail": "must be a string", "in": "body", "pointer": "#/rules/ttl"},
    ]);
    assert_eq!((status, &document["errors"]), (422, &expected));
    let (status, echo) = sent(&http, format!("{base}/named"), &json!({"label": "a"})).await;
    assert_eq!((status, &echo["body"]), (200, &json!(r#"{"name":"a","project_id":"p"}"#)));
}

#[tokio::test]
async fn tools_declare_what_they_take_and_the_shape_of_what_they_return() {
    let (_, base, http) = echoing().await;
    let tool = &listed(&http, &base).await[0];
    assert_eq!(tool["inputSchema"]["required"], json!(["region", "body"]));
    let nullable = |schema: Value| json!({"anyOf": [schema, {"type": "null"}]});
    let usually = |kind: &str| json!({"anyOf": [{"type": kind}, {"minLength": 0}]});
    let parent = |inner: Value| {
        json!({
            "type": "object", "required": ["id"],
            "properties": {"id": {"type": "string"}, "parent": inner},
        })
    };
    let again = json!({
        "type": "object", "properties": {}, "additionalProperties": true, "description": "(2 members, as above)",
    });
    assert_eq!(
        tool["inputSchema"]["properties"]["body"],
        json!({
            "type": "object", "description": "A thing.", "required": ["name", "project_id"],
            "properties": {
                "name": {"type": "string", "minLength": 1, "description": "The name of the thing."},
                "project_id": {"type": "string", "format": "uuid"},
                "type": {"type": "string", "enum": ["opaque", "key_value"]},
                "tags": {"type": "array", "items": {"type": "string"}},
                "note": nullable(json!({"type": "string"})),
                "price": {"type": "number"},
                "envelope": {"type": "string"},
                "policy": {
                    "type": "object",
                    "properties": {"ttl": {"type": "string"}, "action": {"type": "string", "enum": ["delete", "disable"]}},
                },
                "parent": nullable(parent(again)),
            },
        })
    );
    assert_eq!(
        tool["outputSchema"],
        json!({
            "type": "object",
            "properties": {
                "id": {"minLength": 0},
                "status": {"minLength": 0},
                "envelope": {"minLength": 0},
                "versions": {"items": {"properties": {"revision": usually("integer")}}},
            },
        })
    );
}

#[tokio::test]
async fn members_of_the_body_are_accepted_beside_it_and_said_to_belong_into_it() {
    let (_, base, http) = echoing().await;
    let flat = json!({"region": "eu", "name": "a", "project_id": "p", "tags": null, "note": null});
    let result = call(&http, &base, "create", flat).await;
    let sent: Value = serde_json::from_str(result["structuredContent"]["body"].as_str().expect("text")).expect("JSON");
    assert_eq!(sent, json!({"name": "a", "project_id": "p", "note": null}), "null is left out where it is no value");
    let note = &result["content"].as_array().and_then(|content| content.last()).expect("a note")["text"];
    assert_eq!(
        note,
        "These arguments were taken as members of `body`; send them inside of `body`: `name`, `project_id`, `note`."
    );
    for (arguments, problem) in [
        (json!({"region": "eu", "body": {"name": "a"}, "project_id": "p"}), "`project_id` belongs into `body`"),
        (json!({"region": "eu", "name": "a", "project_id": "p", "colour": 1}), "`colour` is not a known input"),
        (json!({"region": "eu", "name": "a", "project_id": "p", "type": 1}), "`body` at `/type` must be a string"),
    ] {
        let result = call(&http, &base, "create", arguments).await;
        assert!(result["isError"] == true && result.to_string().contains(problem), "{result}");
    }
}

#[tokio::test]
async fn members_that_the_schema_calls_secret_are_masked() {
    async fn respond() -> axum::Json<Value> {
        axum::Json(json!({"id": "1", "envelope": "hush-hush", "status": "unseen", "versions": null, "more": 1}))
    }
    let good = json!({"region": "eu", "body": {"name": "a", "project_id": "p"}});
    let upstream = || Router::new().route("/things/{region}", post(respond));
    let (_, base, http) = surfaces(upstream(), Policy::default()).await;
    let result = call(&http, &base, "create", good.clone()).await;
    assert!(!result.to_string().contains("hush-hush"), "{result}");
    let expected = json!({"id": "1", "envelope": "***", "status": "unseen", "versions": null, "more": 1});
    assert_eq!(result["structuredContent"], expected, "what no one declared is there");
    let (_, base, http) = surfaces(upstream(), Policy::default().dry_run()).await;
    let secret = json!({"region": "eu", "body": {"name": "a", "project_id": "p", "envelope": "hush-hush"}});
    let result = call(&http, &base, "create", secret).await;
    let body = &result["structuredContent"]["dryRun"]["body"];
    assert!(body.as_str().is_some_and(|body| body.contains(r#""envelope":"***""#)), "{result}");
    assert!(!result.to_string().contains("hush-hush"), "{result}");
}

#[tokio::test]
async fn successes_without_a_document_have_structured_content_that_clients_accept() {
    let good = json!({"region": "eu", "body": {"name": "a", "project_id": "p"}});
    for (body, expected) in [("", Value::Null), ("[1]", json!("[1]")), ("plain", json!("plain"))] {
        let upstream = Router::new().route("/things/{region}", post(move || async move { body }));
        let (_, base, http) = surfaces(upstream, Policy::default()).await;
        let result = call(&http, &base, "create", good.clone()).await;
        assert!(result["isError"] != true, "{result}");
        assert_eq!(result["structuredContent"], json!({ "result": expected }), "{result}");
    }
    let failing = post(async || (axum::http::StatusCode::BAD_REQUEST, axum::Json(json!({"message": "no"}))));
    let (_, base, http) = surfaces(Router::new().route("/things/{region}", failing), Policy::default()).await;
    let result = call(&http, &base, "create", good).await;
    assert!(result["isError"] == true && result.get("structuredContent").is_none(), "{result}");
}

#[tokio::test]
async fn results_are_declared_as_the_policy_says() {
    for (which, declared) in [
        (OutputSchemas::Off, Value::Null),
        (OutputSchemas::Full, {
            let mut schema: Value = serde_json::from_str(RESPONSE).expect("JSON");
            schema["properties"]["envelope"].as_object_mut().expect("a schema").remove("x-naftiko-secret");
            schema
        }),
    ] {
        let policy = Policy::default().output_schemas(which);
        let (_, base, http) = surfaces(Router::new().fallback(echo::respond), policy).await;
        let tools = listed(&http, &base).await;
        assert_eq!(tools[0]["outputSchema"], declared, "{which:?}");
        let result = call(&http, &base, "create", json!({"region": "eu", "body": {}})).await;
        assert_eq!(result.get("structuredContent").is_some(), which == OutputSchemas::Off, "{result}");
        assert_eq!(error_of(&result)["arguments"][0]["pointer"], "/name", "{result}");
    }
}

#[tokio::test]
async fn whole_schemas_are_resources_where_the_list_of_tools_has_no_room() {
    let members: String = (0..1000).map(|number| format!(r#""member{number}":{{"type":"integer"}},"#)).collect();
    let schema =
        format!(r##"{{"type":"object","properties":{{{members}"a":{{"$ref":"#/$defs/A"}}}},"$defs":{{"A":{{}}}}}}"##);
    let schema: &'static str = schema.leak();
    let body = Parameter::new("body", Location::Body, Kind::Object);
    let operation = Operation::new(OperationId(0), "big", Method::Post, RetrySafety::OnlyIfNotProcessed)
        .parameters(vec![body].leak())
        .request_schema(schema)
        .response_schema(schema);
    let tool = Tool::new("big", "Big", "Takes much", HINTS, Binding::new(calls(Box::leak(Box::new(operation)))));
    let small = Tool::new("create", "Create", "Create a thing", HINTS, Binding::new(calls(&CREATE)));
    let table: &'static Mcp = Box::leak(Box::new(Mcp::new(0).tools(vec![tool, small].leak())));
    let connection = ClientBuilder::<Connection>::new(&CAPABILITY).base_uri("http://127.0.0.1:9").build();
    let server = Server::new(table, &connection.expect("a connection")).router(HttpOptions::default());
    let (base, http) = (serve(server).await, reqwest::Client::builder().no_proxy().build().expect("a client"));

    let tools = listed(&http, &base).await;
    let (input, output) = (&tools[0]["inputSchema"], &tools[0]["outputSchema"]);
    for (shown, budget) in [(input, 8 << 10), (output, 2 << 10)] {
        assert!(shown.to_string().len() <= budget, "{shown}");
        assert!(shown.to_string().contains("more members, see resource schema://big)"), "{shown}");
    }
    let listed = asked(&http, &base, "resources/list", json!({})).await;
    let uris: Vec<_> = listed["resources"].as_array().into_iter().flatten().map(|resource| &resource["uri"]).collect();
    assert_eq!(uris, ["schema://big"], "only what is cut has a resource: {listed}");
    let read = asked(&http, &base, "resources/read", json!({"uri": "schema://big"})).await;
    for (index, uri) in ["schema://big#body", "schema://big#result"].into_iter().enumerate() {
        let part = &read["contents"][index];
        assert_eq!((&part["uri"], &part["text"]), (&json!(uri), &json!(schema)));
        assert_eq!(part["mimeType"], "application/schema+json");
    }
    let (_, base, http) = echoing().await;
    let listed = asked(&http, &base, "resources/list", json!({})).await;
    assert_eq!(listed["resources"], json!([]), "a server without resources has an empty list");
}
