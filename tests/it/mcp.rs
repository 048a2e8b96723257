//! The MCP server, asked by the official Rust client and by hand.

use naftiko_tests::{OPERATIONS, Operation, World, error_of};
use reqwest::Response;
use rmcp::model::{CallToolRequestParams, CallToolResult, ProtocolVersion, Tool};
use rmcp::service::{RunningService, ServiceError};
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use rmcp::{ClientLifecycleMode, ClientServiceExt as _, RoleClient};
use scaleway_simulator::{Fault, Rendering, TOKEN};
use serde_json::{Map, Value, json};

type Peer = RunningService<RoleClient, ()>;

/// The revision without `initialize`.
const MODERN: &str = "2026-07-28";
pub(crate) const ACCEPT: &str = "application/json, text/event-stream";
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// Posts a message as a client of a revision with `initialize`.
async fn post_as(version: &str, http: &reqwest::Client, uri: &str, message: &Value) -> Response {
    let request = http.post(uri).header("accept", ACCEPT).header("mcp-protocol-version", version);
    request.json(message).send().await.expect("the server answers")
}

/// Posts a message as a client of the last of these revisions.
pub(crate) async fn post(http: &reqwest::Client, uri: &str, message: &Value) -> Response {
    post_as("2025-11-25", http, uri, message).await
}

/// The call of a tool, as a message.
pub(crate) fn message(tool: &str, arguments: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
}

/// Calls a tool at this URI.
pub(crate) async fn call_at(http: &reqwest::Client, uri: &str, tool: &str, arguments: &Value) -> Value {
    let answer: Value = post(http, uri, &message(tool, arguments)).await.json().await.expect("the answer is JSON");
    answer.get("result").unwrap_or_else(|| panic!("{tool}: {answer}")).clone()
}

/// Posts a request as a client of the stateless revision.
pub(crate) async fn modern(world: &World, method: &str, params: Value) -> Response {
    modern_at(&world.http, &world.mcp, method, params).await
}

/// The same at this URI.
pub(crate) async fn modern_at(http: &reqwest::Client, uri: &str, method: &str, mut params: Value) -> Response {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    });
    let request = http.post(uri).header("accept", ACCEPT);
    let request = request.header("mcp-protocol-version", MODERN).header("mcp-method", method);
    let request = match params.get("name").or(params.get("uri")).and_then(Value::as_str) {
        Some(name) => request.header("mcp-name", name),
        None => request,
    };
    let request = match params["arguments"]["region"].as_str() {
        Some(region) => request.header("mcp-param-region", region),
        None => request,
    };
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    request.json(&message).send().await.expect("the server answers")
}

async fn connect(world: &World, lifecycle: ClientLifecycleMode) -> Peer {
    let transport = StreamableHttpClientTransport::from_uri(&*world.mcp);
    let peer = ().serve_with_lifecycle(transport, lifecycle).await.expect("client and server agree");
    // From the list it knows which arguments to repeat in headers.
    peer.list_all_tools().await.expect("the tools are listed");
    peer
}

async fn spawn(world: &World, lifecycle: ClientLifecycleMode) -> Peer {
    let command = crate::server::command(&["mcp", "--base-uri", &world.simulator.base_uri()]);
    let builder = TokioChildProcess::builder(command).stderr(std::process::Stdio::null());
    let (transport, _) = builder.spawn().expect("the binary starts");
    ().serve_with_lifecycle(transport, lifecycle).await.expect("client and server agree")
}

fn stateless() -> ClientLifecycleMode {
    ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }
}

async fn call(peer: &Peer, tool: &'static str, arguments: Map<String, Value>) -> CallToolResult {
    let params = CallToolRequestParams::new(tool).with_arguments(arguments);
    peer.call_tool(params).await.unwrap_or_else(|error| panic!("{tool}: {error}"))
}

fn text(result: &CallToolResult) -> &str {
    &result.content[0].as_text().expect("the content is text").text
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

async fn tools() -> Vec<Tool> {
    let world = World::start().await;
    connect(&world, ClientLifecycleMode::Initialize).await.list_all_tools().await.expect("the tools are listed")
}

#[tokio::test]
async fn all_transports_list_the_same_tools_in_file_order() {
    let world = World::start().await;
    for lifecycle in [ClientLifecycleMode::Initialize, stateless()] {
        let mut listed = Vec::new();
        for peer in [connect(&world, lifecycle.clone()).await, spawn(&world, lifecycle.clone()).await] {
            listed.push(peer.list_all_tools().await.expect("the tools are listed"));
            peer.cancel().await.expect("the connection ends");
        }
        assert_eq!(listed[0], listed[1], "{lifecycle:?}");
        let names: Vec<_> = listed[0].iter().map(|tool| tool.name.as_ref()).collect();
        assert_eq!(names, OPERATIONS.iter().map(|operation| operation.tool).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn tools_have_titles_descriptions_and_all_hints() {
    for (tool, operation) in tools().await.iter().zip(&OPERATIONS) {
        let name = operation.tool;
        assert_eq!(tool.title.as_deref(), Some(operation.title), "{name}");
        assert!(tool.description.as_ref().is_some_and(|text| !text.is_empty()), "{name} has a description");
        let hints = tool.annotations.as_ref().expect("there are annotations");
        let given = [hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint];
        assert_eq!(given, operation.hints.map(Some), "{name}");
    }
}

#[tokio::test]
async fn tool_schemas_are_valid_and_list_required_inputs() {
    for (tool, operation) in tools().await.iter().zip(&OPERATIONS) {
        let name = operation.tool;
        let schema = Value::Object(tool.input_schema.as_ref().clone());
        jsonschema::draft202012::meta::validate(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((&schema["type"], &schema["additionalProperties"]), (&json!("object"), &json!(false)), "{name}");
        let mut required = operation.placeholders();
        required.extend((name == "list-secrets").then_some("scheduled_for_deletion"));
        // What has to be in a body cannot come from its default.
        let needs_body = ["create-secret", "allow-product-use-secret"].contains(&name);
        required.extend(needs_body.then_some("body"));
        assert_eq!(schema["required"], json!(required), "{name}");
        let properties = schema["properties"].as_object().expect("there are properties");
        assert_eq!(properties.contains_key("body"), operation.body.is_some(), "{name}");
        if operation.body.is_some() {
            assert_eq!(properties["body"].get("default"), (!needs_body).then_some(&json!({})), "{name}");
            assert_eq!(properties["body"]["type"], "object", "{name}");
        }
        if name == "list-secrets" {
            assert_eq!(properties.len(), 12);
            assert_eq!(properties["tags"]["items"], json!({"type": "string"}));
            assert_eq!(properties["page_size"]["type"], "integer");
            assert_eq!(properties["scheduled_for_deletion"]["type"], "boolean");
        }
        let validator = jsonschema::draft202012::new(&schema).expect("the schema is valid");
        let mut arguments = Value::Object(operation.arguments("some"));
        assert!(validator.is_valid(&arguments), "{name} takes {arguments}");
        arguments["unknown"] = json!(1);
        assert!(!validator.is_valid(&arguments) && !validator.is_valid(&json!({})), "{name} is strict");
    }
}

#[tokio::test]
async fn every_tool_sends_its_request_and_returns_text_and_structured_content() {
    for lifecycle in [ClientLifecycleMode::Initialize, stateless()] {
        let world = World::start().await;
        let peer = connect(&world, lifecycle).await;
        for operation in &OPERATIONS {
            let tool = operation.tool;
            let arguments = operation.arguments(&world.secret_for(operation).await);
            let result = call(&peer, tool, arguments.clone()).await;
            let request = world.request();
            assert_eq!(request.method, operation.method, "{tool}");
            assert_eq!(request.target(), operation.target(&arguments), "{tool}");
            assert_eq!(String::from_utf8_lossy(&request.body), operation.body.unwrap_or_default(), "{tool}");
            assert_eq!(result.is_error, Some(false), "{tool}: {result:?}");
            if operation.status == 204 {
                assert!(result.content.is_empty() && result.structured_content.is_none(), "{tool}: {result:?}");
            } else {
                let document: Value = serde_json::from_str(text(&result)).expect("the text is JSON");
                assert!(document.is_object(), "{tool}: {document}");
                assert_eq!(result.structured_content, Some(document), "{tool}");
            }
            let info = &result.meta.expect("there is metadata").0[SERVER_INFO];
            assert_eq!(info["name"], "scaleway-secret-manager-secrets", "{tool}");
        }
    }
}

#[tokio::test]
async fn tool_text_equals_the_upstream_response_bytes() {
    let world = World::start().await;
    let id = world.secret("exact").await;
    world.simulator.set_rendering(Rendering::SpacedAlphabetical);
    let peer = connect(&world, stateless()).await;
    let operation = Operation::of("get-metadata-using-secret-s-id");
    let arguments = operation.arguments(&id);
    let uri = format!("{}{}", world.simulator.base_uri(), operation.target(&arguments));
    let direct = world.http.get(uri).header("x-auth-token", TOKEN).send().await.expect("the upstream responds");
    let direct = direct.text().await.expect("the body is text");
    assert!(direct.starts_with("{\"created_at\": \""), "spaces and order are unusual: {direct}");
    let result = call(&peer, "get-metadata-using-secret-s-id", arguments).await;
    assert_eq!(text(&result), direct);
}

#[tokio::test]
async fn null_tool_argument_counts_as_absent() {
    let world = World::start().await;
    let id = world.secret("null").await;
    let peer = connect(&world, ClientLifecycleMode::Initialize).await;
    let arguments = object(json!({"region": "fr-par", "secret_id": id, "body": null}));
    assert_eq!(call(&peer, "enable-secret-protection", arguments).await.is_error, Some(false));
    assert_eq!(world.request().body, b"{}");
}

#[tokio::test]
async fn api_errors_are_tool_results_with_status_and_body() {
    let world = World::start().await;
    let (http, stdio) = (connect(&world, stateless()).await, spawn(&world, ClientLifecycleMode::Initialize).await);
    for peer in [http, stdio] {
        for status in [400, 404, 412, 503] {
            let document = json!({"message": "no such thing", "details": [{"reason": "format"}]});
            let fault = Fault::status(status).json(document.clone()).header("x-request-id", "the-id");
            world.simulator.fault(fault.times(u32::MAX));
            let arguments = Operation::of("delete-secret").arguments("none");
            let result = call(&peer, "delete-secret", arguments).await;
            assert_eq!(result.is_error, Some(true), "{status}");
            assert!(text(&result).contains("no such thing"), "{}", text(&result));
            let error = &result.structured_content.expect("there is structure")["error"];
            assert_eq!(error["status"], status);
            assert_eq!((&error["body"], &error["requestId"]), (&document, &json!("the-id")));
            world.simulator.clear_faults();
        }
    }
}

#[tokio::test]
async fn argument_violations_are_tool_results_that_name_the_arguments() {
    let world = World::start().await;
    let peer = connect(&world, stateless()).await;
    let cases = [
        ("get-metadata-using-secret-s-id", json!({}), vec!["region", "secret_id"]),
        ("get-metadata-using-secret-s-id", json!({"region": "fr-par", "secret_id": 7}), vec!["secret_id"]),
        ("get-metadata-using-secret-s-id", json!({"region": null, "secret_id": "a"}), vec!["region"]),
        ("delete-secret", json!({"region": "fr-par", "secret-id": "a"}), vec!["secret-id", "secret_id"]),
        ("list-secrets", json!({"region": "fr-par", "scheduled_for_deletion": "no"}), vec!["scheduled_for_deletion"]),
        ("list-secrets", json!({"region": "fr-par", "scheduled_for_deletion": true, "tags": "a"}), vec!["tags"]),
        ("list-secrets", json!({"region": "fr-par", "scheduled_for_deletion": true, "tags": [{}]}), vec!["tags"]),
        (
            "list-secrets",
            json!({"region": "fr-par", "scheduled_for_deletion": true, "page_size": 1.5}),
            vec!["page_size"],
        ),
        ("create-secret", json!({"region": "fr-par", "body": "[]"}), vec!["body"]),
    ];
    for (tool, arguments, expected) in cases {
        let result = call(&peer, tool, object(arguments.clone())).await;
        assert_eq!(result.is_error, Some(true), "{tool} {arguments}");
        let error = error_of(&serde_json::to_value(&result).expect("JSON"));
        let blamed = error["arguments"].as_array().expect("the arguments are named").iter();
        let blamed: Vec<_> = blamed.filter_map(|violation| violation["argument"].as_str()).collect();
        assert_eq!(blamed, expected, "{tool} {arguments}");
        assert!(expected.iter().all(|name| text(&result).contains(name)), "{}", text(&result));
    }
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn unknown_tool_and_unknown_cursor_are_invalid_params() {
    let world = World::start().await;
    let peer = connect(&world, ClientLifecycleMode::Initialize).await;
    let error = peer.call_tool(CallToolRequestParams::new("list_secrets")).await.expect_err("there is no such tool");
    let ServiceError::McpError(error) = error else { panic!("{error}") };
    assert_eq!(error.code.0, -32602, "{error}");
    assert!(error.message.contains("list_secrets"), "{error}");
    let answer: Value =
        modern(&world, "tools/list", json!({"cursor": "x"})).await.json().await.expect("the answer is JSON");
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
}

#[tokio::test]
async fn foreign_origins_and_hosts_are_forbidden() {
    let world = World::start().await;
    let id = world.secret("origin").await;
    let arguments = json!({"region": "fr-par", "secret_id": id});
    for (header, value, status) in [
        ("origin", "http://evil.example", 403),
        ("origin", "null", 403),
        ("origin", "http://localhost.evil.example", 403),
        ("host", "evil.example", 403),
        ("host", "127.0.0.1.evil.example", 403),
        ("origin", "http://localhost:6274", 200),
        ("host", "localhost", 200),
    ] {
        let request = world.http.post(&world.mcp).header("accept", ACCEPT);
        let request = request.header("mcp-protocol-version", "2025-11-25").header(header, value);
        let answer = request.json(&message("get-metadata-using-secret-s-id", &arguments)).send().await;
        assert_eq!(answer.expect("the server answers").status(), status, "{header}: {value}");
        let sent = usize::from(status == 200);
        assert_eq!(world.simulator.take_requests().len(), sent, "{header}: {value}");
    }
}

#[tokio::test]
async fn mcp_endpoint_accepts_only_post() {
    let world = World::start().await;
    for method in ["GET", "DELETE", "PUT"] {
        let request = world.http.request(method.parse().expect("a method"), &world.mcp);
        let answer = request.header("accept", ACCEPT).send().await;
        let answer = answer.expect("the server answers");
        assert_eq!(answer.status(), 405, "{method}");
        assert_eq!(answer.headers()["allow"], "POST", "{method}");
    }
    let deep = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"x\",\"arguments\":{{\"a\":{}{}}}}}}}",
        "[".repeat(200),
        "]".repeat(200)
    );
    for (body, code) in [
        (&*deep, -32600),
        ("{", -32700),
        ("", -32700),
        ("[]", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"tools/list\"}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":7}", -32602),
    ] {
        let request = world.http.post(&world.mcp).header("accept", ACCEPT);
        let answer = request.header("content-type", "application/json").body(body.to_owned()).send().await;
        let answer = answer.expect("the server answers");
        assert_eq!(answer.status(), 400, "{body}");
        let answer: Value = answer.json().await.expect("the answer is JSON");
        assert_eq!((&answer["jsonrpc"], &answer["error"]["code"]), (&json!("2.0"), &json!(code)), "{body}: {answer}");
        assert!(answer["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{body}: {answer}");
    }
    let large = message("create-secret", &json!({"region": "fr-par", "body": {"name": "x".repeat(1 << 20)}}));
    assert_eq!(post(&world.http, &world.mcp, &large).await.status(), 413);
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}

/// Whether instructions say what the server is, and whose words results are.
fn says_that_results_are_data(instructions: &Value) -> bool {
    let [first, .., last] = &instructions.as_str().unwrap_or_default().split("\n\n").collect::<Vec<_>>()[..] else {
        return false;
    };
    !first.is_empty() && last.contains("what the upstream said") && last.contains("data")
}

#[tokio::test]
async fn initialize_negotiates_requested_or_newest_revision() {
    let world = World::start().await;
    let newest = "2025-11-25";
    for (version, agreed) in [("2025-06-18", "2025-06-18"), (newest, newest), ("2024-11-05", newest)] {
        let client = json!({"name": "test", "version": "1"});
        let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client});
        let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
        let answer = post_as(version, &world.http, &world.mcp, &hello).await;
        let answer: Value = answer.json().await.expect("the answer is JSON");
        let result = &answer["result"];
        assert_eq!(result["protocolVersion"], agreed, "{answer}");
        assert_eq!(result["serverInfo"]["name"], "scaleway-secret-manager-secrets");
        assert!(says_that_results_are_data(&result["instructions"]), "{answer}");
        assert!(result["capabilities"]["tools"].is_object(), "{answer}");
        let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}});
        let answer = post_as(agreed, &world.http, &world.mcp, &list).await;
        let answer: Value = answer.json().await.expect("the answer is JSON");
        assert_eq!(answer["result"]["tools"].as_array().map(Vec::len), Some(10), "{answer}");
    }
}

#[tokio::test]
async fn stateless_revision_is_served() {
    let world = World::start().await;
    let id = world.secret("modern").await;
    let answer: Value = modern(&world, "server/discover", json!({})).await.json().await.expect("the answer is JSON");
    let result = &answer["result"];
    assert_eq!(result["supportedVersions"], json!(["2025-06-18", "2025-11-25", MODERN]), "{answer}");
    assert!(says_that_results_are_data(&result["instructions"]), "{answer}");

    let answer: Value = modern(&world, "tools/list", json!({})).await.json().await.expect("the answer is JSON");
    let result = &answer["result"];
    assert_eq!((&result["resultType"], &result["cacheScope"]), (&json!("complete"), &json!("public")), "{result}");
    assert!(result["ttlMs"].is_u64() && result["_meta"][SERVER_INFO].is_object(), "{result}");

    let call = json!({"name": "enable-secret-protection", "arguments": {"region": "fr-par", "secret_id": id}});
    let answer: Value = modern(&world, "tools/call", call).await.json().await.expect("the answer is JSON");
    assert_eq!(answer["result"]["structuredContent"]["protected"], true, "{answer}");

    let answer = modern(&world, "no/such-method", json!({})).await;
    assert_eq!(answer.status(), 404);
    let error = answer.json::<Value>().await.expect("the answer is JSON")["error"].clone();
    assert_eq!(error, json!({"code": -32601, "message": "unknown method: no/such-method"}));
    assert_eq!(modern(&world, "initialize", json!({})).await.status(), 404, "there is no handshake any more");
    let answer = modern(&world, "tools/call", json!({"name": 7})).await;
    let error = answer.json::<Value>().await.expect("the answer is JSON")["error"].clone();
    assert_eq!(error["code"], -32602, "{error}");
}

#[tokio::test]
async fn lists_are_byte_identical_and_require_authorization() {
    let world = World::start().await;
    let list = |id: Value| json!({"jsonrpc": "2.0", "id": id, "method": "tools/list", "params": {}});
    for version in ["2025-06-18", "2025-11-25"] {
        let first = post_as(version, &world.http, &world.mcp, &list("id".into())).await;
        let first = (first.headers().clone(), first.text().await.expect("a text"));
        let again = post_as(version, &world.http, &world.mcp, &list("id".into())).await;
        assert_eq!(again.headers()["content-type"], first.0["content-type"]);
        assert_eq!(again.text().await.expect("a text"), first.1);
        let other = post_as(version, &world.http, &world.mcp, &list(7.into())).await.text().await.expect("a text");
        assert_eq!(other, first.1.replacen("\"id\":\"id\"", "\"id\":7", 1));
    }
    let first = modern(&world, "tools/list", json!({})).await.text().await.expect("a text");
    assert_eq!(modern(&world, "tools/list", json!({})).await.text().await.expect("a text"), first);
    // The rules of the revision hold for a list that is remembered, too.
    let request = |message: &Value| world.http.post(&world.mcp).header("accept", ACCEPT).json(message);
    let version = ("mcp-protocol-version", MODERN);
    for (request, status) in [
        (request(&list(1.into())).header(version.0, version.1).header("mcp-method", "tools/list"), 400),
        (request(&list(1.into())).header(version.0, "2025-11-25").header("origin", "https://evil.example"), 403),
        (request(&list(1.into())).header(version.0, "2025-11-25").header("host", "evil.example"), 403),
        (request(&list(1.into())).header(version.0, "1999-01-01"), 400),
    ] {
        assert_eq!(request.send().await.expect("the server answers").status(), status);
    }
    for version in ["2024-11-05", "2025-03-26", "1999-01-01"] {
        let answer = post_as(version, &world.http, &world.mcp, &list(1.into())).await;
        assert_eq!(answer.status(), 400, "{version}");
        let answer: Value = answer.json().await.expect("the answer is JSON");
        let data = json!({"supported": ["2025-06-18", "2025-11-25", MODERN], "requested": version});
        assert_eq!((&answer["error"]["code"], &answer["error"]["data"]), (&json!(-32022), &data), "{answer}");
    }
    let described = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": described}});
    let answer = request(&message).header(version.0, version.1).header("mcp-method", "tools/call");
    let answer: Value = answer.send().await.expect("an answer").json().await.expect("it is JSON");
    assert_eq!(answer["error"]["code"], -32020, "{answer}");
    let mut paged = message.clone();
    paged["params"]["cursor"] = "2".into();
    let answer = request(&paged).header(version.0, version.1).header("mcp-method", "tools/list");
    let answer: Value = answer.send().await.expect("an answer").json().await.expect("it is JSON");
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
}

#[tokio::test]
async fn create_secret_lists_its_members_and_a_wrong_one_names_what_is_allowed() {
    let world = World::start().await;
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let list: Value = post(&world.http, &world.mcp, &list).await.json().await.expect("JSON");
    let tools = list["result"]["tools"].as_array().expect("a list");
    let create = tools.iter().find(|tool| tool["name"] == "create-secret").expect("it is listed");
    let body = &create["inputSchema"]["properties"]["body"];
    assert_eq!(create["inputSchema"]["required"], json!(["region", "body"]));
    assert_eq!(create["inputSchema"]["properties"]["region"]["enum"], json!(["fr-par", "nl-ams", "pl-waw"]));
    assert_eq!(body["required"], json!(["name", "project_id"]));
    let types = body["properties"]["type"]["enum"].as_array().expect("allowed values");
    assert!(types.contains(&json!("opaque")) && types.len() == 7, "{body}");
    for (member, schema) in body["properties"].as_object().expect("members") {
        assert!(schema["type"].is_string() || schema["anyOf"].is_array(), "{member}: {schema}");
    }
    let wrong = json!({"region": "fr-par", "body": {"name": "a", "project_id": scaleway_simulator::PROJECT_ID, "type": "opaqe"}});
    let result = call_at(&world.http, &world.mcp, "create-secret", &wrong).await;
    let text = result["content"][0]["text"].as_str().expect("a text");
    assert_eq!(result["isError"], true, "{result}");
    assert!(text.contains("`body` at `/type` must be one of `unknown_type`, `opaque`, `certificate`"), "{text}");
    let several = json!({"region": "mars", "body": {"name": 1}, "colour": 1});
    let result = call_at(&world.http, &world.mcp, "create-secret", &several).await;
    let error = error_of(&result);
    let found: Vec<_> = error["arguments"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| (it["argument"].clone(), it["pointer"].clone()))
        .collect();
    let expected = [("colour", None), ("region", None), ("body", Some("/project_id")), ("body", Some("/name"))];
    let expected = expected.map(|(name, pointer)| (json!(name), json!(pointer)));
    assert_eq!(found, expected, "{error}");
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}
