//! MCP messages as real clients send them: unusual, malformed, on both transports, with one response on both.

use std::time::Duration;

use naftiko_tests::{World, error_of};
use reqwest::Response;
use scaleway_simulator::Fault;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

use crate::mcp::{call_at, message, modern};
use crate::mcp_policy::listing;

const GET: &str = "get-metadata-using-secret-s-id";

/// A server on standard input and output, after its handshake.
struct Stdio {
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Stdio {
    async fn start(world: &World) -> Self {
        let mut child =
            crate::server::command(&["mcp", "--base-uri", &world.simulator.base_uri()]).spawn().expect("it starts");
        let stdin = child.stdin.take().expect("standard input is piped");
        let lines = BufReader::new(child.stdout.take().expect("standard output is piped")).lines();
        let mut stdio = Self { stdin, lines, _child: child };
        let client = json!({"name": "test", "version": "1"});
        let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello});
        stdio.ask(hello.to_string().as_bytes()).await;
        stdio.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string().as_bytes()).await;
        stdio
    }

    async fn send(&mut self, line: &[u8]) {
        self.stdin.write_all(&[line, b"\n"].concat()).await.expect("the server reads");
    }

    /// The response to a line, as text.
    async fn ask(&mut self, line: &[u8]) -> String {
        self.send(line).await;
        let response = tokio::time::timeout(Duration::from_secs(5), self.lines.next_line()).await;
        let shown = String::from_utf8_lossy(line.get(..200).unwrap_or(line)).into_owned();
        response.unwrap_or_else(|_| panic!("no response to {shown}")).expect("it is read").expect("it goes on")
    }
}

/// Posts a message of this text, as a client of 2025-11-25.
async fn post(world: &World, body: impl Into<reqwest::Body>) -> Response {
    let request = world.http.post(&world.mcp).header("accept", "application/json, text/event-stream");
    let request = request.header("content-type", "application/json").header("mcp-protocol-version", "2025-11-25");
    request.body(body).send().await.expect("a response")
}

/// A request of this text.
fn request(id: &str, method: &str, params: &str) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}")
}

#[tokio::test]
async fn unreadable_messages_get_one_response_with_their_id_on_both_transports() {
    let world = World::start().await;
    let mut stdio = Stdio::start(&world).await;
    let call =
        |arguments: &str| request("\"a\"", "tools/call", &format!("{{\"name\":\"{GET}\",\"arguments\":{arguments}}}"));
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let long = "123456789012345678901234567890";
    for (line, id, code) in [
        (call("{\"region\":\"\\ud800\",\"secret_id\":\"x\"}"), "\"a\"", -32600),
        (call("{\"region\":\"\\udc00\\ud800\",\"secret_id\":\"x\"}"), "\"a\"", -32600),
        (request("7", "tools/list", "{\"cursor\":\"\\ud800\"}"), "7", -32600),
        (request("7", "tools/list", "{\"a\":1e999}"), "7", -32600),
        (request("-1", "initialize", "{\"a\":-1e999}"), "-1", -32600),
        (request("7", "no/such", &format!("{{\"a\":{deep}}}")), "7", -32600),
        (call(&format!("{{\"a\":{deep}}}")), "\"a\"", -32600),
        (request(long, "tools/list", "{}"), long, -32600),
        (request(&format!("-{long}"), "tools/list", "{}"), &*format!("-{long}"), -32600),
        (request("1.5", "tools/list", "{}"), "1.5", -32600),
        (request("true", "tools/list", "{}"), "null", -32600),
        (request("null", "tools/list", "{}"), "null", -32600),
        (request("\"\\ud800\"", "tools/list", "{}"), "null", -32600),
        (request("7", "tools/list", "[]"), "7", -32602),
        (request("7", "tools/list", "{\"cursor\":200}"), "7", -32602),
        (request("\"b\"", "tools/list", "\"x\""), "\"b\"", -32602),
        ("{\"jsonrpc\":\"1.0\",\"id\":7,\"method\":\"tools/list\"}".to_owned(), "7", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":7}".to_owned(), "7", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":7}".to_owned(), "7", -32600),
        ("[]".to_owned(), "null", -32600),
        (format!("[{}]", request("7", "tools/list", "{}")), "null", -32600),
        ("7".to_owned(), "null", -32600),
        ("this is no JSON".to_owned(), "null", -32700),
        (request("7", "tools/list", "{").to_owned(), "null", -32700),
    ] {
        let response = post(&world, line.clone()).await;
        assert_eq!(response.status(), 400, "{line}");
        let text = response.text().await.expect("a text");
        assert_eq!(stdio.ask(line.as_bytes()).await, text, "{line}");
        assert!(
            text.contains(&format!("\"id\":{id},")) && text.contains(&format!("\"code\":{code},")),
            "{line}: {text}"
        );
    }
    let invalid =
        [&b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/list\",\"params\":{\"cursor\":\""[..], b"\xff\"}}"]
            .concat();
    let text = post(&world, invalid.clone()).await.text().await.expect("a text");
    assert!(text.contains("\"code\":-32700"), "{text}");
    assert_eq!(stdio.ask(&invalid).await, text);
    // The number is a value of its own here, and the arguments are at fault.
    let line = call("{\"region\":1e999,\"secret_id\":\"x\"}");
    let text = post(&world, line.clone()).await.text().await.expect("a text");
    assert!(text.contains("`region` must be a string") && text.contains("\"id\":\"a\""), "{text}");
    assert!(stdio.ask(line.as_bytes()).await.contains("`region` must be a string"));
    // What needs no response gets none, and an overlong line is not the end.
    for line in [
        &*request("7", "notifications/other", "[]").replace("\"id\":7,", ""),
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"m\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"a\":1e999}}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1e999}}",
        "",
        " \r",
    ] {
        stdio.send(line.as_bytes()).await;
    }
    let large = call(&format!("{{\"region\":\"{}\"}}", "x".repeat(1 << 20)));
    let text = stdio.ask(large.as_bytes()).await;
    assert!(text.contains("\"code\":-32600") && text.contains("1048576 bytes"), "{text}");
    let text = stdio.ask(request("8", "tools/list", "{}").as_bytes()).await;
    assert!(text.contains("\"id\":8") && text.contains("list-secrets"), "{text}");
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn null_parameters_and_byte_order_marks_are_ignored_on_both_transports() {
    let world = World::start().await;
    let mut stdio = Stdio::start(&world).await;
    for line in [
        request("7", "tools/list", "null"),
        request("7", "tools/list", " null "),
        format!("\u{feff}{}", request("7", "tools/list", "{}")),
        format!("\u{feff} {}\r", request("7", "tools/list", "null")),
        format!("\u{feff}{}", request("7", "tools/list", "{}")).replace(",\"params\":{}", ""),
    ] {
        let response = post(&world, line.clone()).await;
        assert_eq!(response.status(), 200, "{line}");
        let text = response.text().await.expect("a text");
        let (http, line): (Value, String) = (serde_json::from_str(&text).expect("JSON"), line);
        let stdio: Value = serde_json::from_str(&stdio.ask(line.as_bytes()).await).expect("JSON");
        assert_eq!(http["result"]["tools"].as_array().map(Vec::len), Some(10), "{line}: {http}");
        assert_eq!(http["result"]["tools"], stdio["result"]["tools"], "{line}");
    }
    for line in [request("7", "tools/call", "null"), format!("\u{feff}{}", request("7", "tools/list", "[]"))] {
        let text = post(&world, line.clone()).await.text().await.expect("a text");
        assert!(text.contains("\"code\":-32602") && text.contains("\"id\":7"), "{line}: {text}");
        assert!(stdio.ask(line.as_bytes()).await.contains("\"code\":-32602"), "{line}");
    }
    // Two marks are one too many, and so is one elsewhere.
    for line in
        [format!("\u{feff}\u{feff}{}", request("7", "tools/list", "{}")), request("7", "tools/list", "\u{feff}{}")]
    {
        let text = post(&world, line.clone()).await.text().await.expect("a text");
        assert!(text.contains("\"code\":-32700"), "{line}: {text}");
        assert!(stdio.ask(line.as_bytes()).await.contains("\"code\":-32700"), "{line}");
    }
    assert!(stdio.ask(request("8", "tools/list", "null").as_bytes()).await.contains("\"id\":8"));
}

#[tokio::test]
async fn last_line_without_line_break_gets_a_response() {
    let world = World::start().await;
    let mut stdio = Stdio::start(&world).await;
    stdio.stdin.write_all(request("7", "tools/list", "{}").as_bytes()).await.expect("the server reads");
    let Stdio { stdin, mut lines, _child } = stdio;
    drop(stdin);
    let line = lines.next_line().await.expect("it is read").expect("a response");
    assert!(line.contains("\"id\":7"), "{line}");
}

#[tokio::test]
async fn any_accept_field_that_admits_json_is_taken_at_the_mcp_endpoint() {
    let world = World::start().await;
    let id = world.secret("accept").await;
    let call = message(GET, &json!({"region": "fr-par", "secret_id": id}));
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    for (accept, status) in [
        (&[][..], 200),
        (&[""], 200),
        (&["*/*"], 200),
        (&["application/*"], 200),
        (&["application/json"], 200),
        (&["Application/JSON; charset=utf-8"], 200),
        (&["text/event-stream", "application/json"], 200),
        (&["text/html, */*;q=0.1"], 200),
        (&["text/event-stream;q=0, */*"], 200),
        (&["application/json, text/event-stream"], 200),
        (&["text/html"], 406),
        (&["application/json;q=0, */*"], 406),
        (&["application/*; q=0.0, */*"], 406),
        (&["application/xml, text/event-stream"], 406),
    ] {
        for version in ["2025-11-25", "2026-07-28"] {
            for message in [&call, &list] {
                let mut message = message.clone();
                let mut request = world.http.post(&world.mcp).header("mcp-protocol-version", version);
                if version == "2026-07-28" {
                    message["params"]["_meta"] = json!({
                        "io.modelcontextprotocol/protocolVersion": version,
                        "io.modelcontextprotocol/clientCapabilities": {},
                    });
                    let method = message["method"].as_str().expect("a method");
                    request = request.header("mcp-method", method);
                    if method == "tools/call" {
                        request = request.header("mcp-name", GET).header("mcp-param-region", "fr-par");
                    }
                }
                for value in accept {
                    request = request.header("accept", *value);
                }
                // The client of this test adds a field of its own unless there is one.
                let mut request = request.json(&message).build().expect("a request");
                if accept.is_empty() {
                    request.headers_mut().remove("accept");
                }
                let response = world.http.execute(request).await.expect("a response");
                assert_eq!(response.status(), status, "{accept:?}");
                if status == 200 {
                    assert_eq!(response.headers()["content-type"], "application/json", "{accept:?}");
                    let response: Value = response.json().await.expect("JSON");
                    assert!(response["result"].is_object(), "{accept:?}: {response}");
                }
            }
        }
    }
}

#[tokio::test]
async fn client_that_accepts_no_event_stream_gets_json_without_progress() {
    let world = World::start().await;
    let id = world.secret("slow").await;
    let mut call = message(GET, &json!({"region": "fr-par", "secret_id": id}));
    call["params"]["_meta"]["progressToken"] = "p".into();
    for (accept, streams) in [
        ("application/json", false),
        ("text/event-stream;q=0, */*", false),
        ("*/*", true),
        ("application/json, text/*", true),
    ] {
        world.simulator.fault(Fault::slow(Duration::from_millis(1500)));
        let request = world.http.post(&world.mcp).header("accept", accept).header("mcp-protocol-version", "2025-11-25");
        let response = request.json(&call).send().await.expect("a response");
        let expected = if streams { "text/event-stream" } else { "application/json" };
        assert_eq!(response.headers()["content-type"], expected, "{accept}");
        assert!(response.text().await.expect("a text").contains(&id), "{accept}");
    }
}

#[tokio::test]
async fn schemas_name_headers_only_for_the_revision_that_has_them() {
    let world = World::start().await;
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let modern = modern(&world, "tools/list", json!({})).await.text().await.expect("a text");
    assert!(modern.contains("\"x-mcp-header\":\"Region\""), "{modern}");
    for version in ["2025-06-18", "2025-11-25"] {
        let request = world.http.post(&world.mcp).header("accept", "*/*").header("mcp-protocol-version", version);
        let text = request.json(&list).send().await.expect("a response").text().await.expect("a text");
        assert!(text.contains("list-secrets") && !text.contains("x-mcp-header"), "{version}: {text}");
    }
    let request = world.http.post(&world.mcp).header("accept", "*/*").json(&list);
    let text = request.send().await.expect("a response").text().await.expect("a text");
    assert!(!text.contains("x-mcp-header"), "{text}");
    let mut stdio = Stdio::start(&world).await;
    let text = stdio.ask(list.to_string().as_bytes()).await;
    assert!(text.contains("list-secrets") && !text.contains("x-mcp-header"), "{text}");
    // The headers of the newer revision are still checked.
    let params = json!({"name": GET, "arguments": {"region": "fr-par", "secret_id": "x"}});
    let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}});
    let mut call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    call["params"]["_meta"] = meta;
    let request = world.http.post(&world.mcp).header("accept", "*/*").header("mcp-protocol-version", "2026-07-28");
    let request =
        request.header("mcp-method", "tools/call").header("mcp-name", GET).header("mcp-param-region", "nl-ams");
    assert_eq!(request.json(&call).send().await.expect("a response").status(), 400);
}

/// Every object schema in a document.
fn objects<'a>(schema: &'a Value, found: &mut Vec<&'a Value>) {
    if schema["type"] == "object" {
        found.push(schema);
    }
    match schema {
        Value::Object(members) => members.values().for_each(|member| objects(member, found)),
        Value::Array(items) => items.iter().for_each(|item| objects(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn object_schemas_say_what_they_hold() {
    let world = World::start().await;
    let list: Value = modern(&world, "tools/list", json!({})).await.json().await.expect("JSON");
    let mut found = Vec::new();
    let tools = list["result"]["tools"].as_array().expect("a list");
    tools.iter().for_each(|tool| objects(&tool["inputSchema"], &mut found));
    assert!(found.len() > 10, "{list}");
    for schema in found {
        let (members, others) = (schema["properties"].as_object(), &schema["additionalProperties"]);
        let says = members.is_some_and(|members| !members.is_empty() || others.is_boolean() || others.is_object());
        assert!(says, "{schema}");
    }
}

#[tokio::test]
async fn values_sent_as_text_are_taken_as_their_declared_kind_and_the_result_says_so() {
    let world = World::start().await;
    let mut texts = listing();
    texts["page_size"] = "5".into();
    texts["scheduled_for_deletion"] = "false".into();
    texts["tags"] = "[\"a\", \"1\"]".into();
    let result = call_at(&world.http, &world.mcp, "list-secrets", &texts).await;
    assert_eq!(result["isError"], false, "{result}");
    let query = world.request().query.expect("a query");
    assert!(query.contains("page_size=5&tags=a&tags=1") && query.ends_with("scheduled_for_deletion=false"), "{query}");
    let notes = result["content"].as_array().and_then(|content| content.last()).expect("content")["text"].to_string();
    assert!(["`page_size`", "`scheduled_for_deletion`", "`tags`"].iter().all(|name| notes.contains(name)), "{notes}");
    assert!(notes.contains("as text") && !notes.contains("`region`"), "{notes}");

    let body = "{\"name\":\"text\",\"project_id\":\"p\",\"tags\":[\"1e2\"],\"protected\":true}";
    let arguments = json!({"region": "fr-par", "body": body});
    let result = call_at(&world.http, &world.mcp, "create-secret", &arguments).await;
    assert_eq!(String::from_utf8_lossy(&world.request().body), body);
    assert!(result["content"].to_string().contains("`body`"), "{result}");
    // Strings stay strings, and what came as its own kind is not mentioned.
    let mut strings = listing();
    strings["name"] = "true".into();
    strings["path"] = "[1]".into();
    let result = call_at(&world.http, &world.mcp, "list-secrets", &strings).await;
    let query = world.request().query.expect("a query");
    assert!(query.contains("name=true&path=%5B1%5D"), "{query}");
    assert_eq!(result["content"].as_array().map(Vec::len), Some(1), "{result}");

    for (name, text) in [
        ("page_size", "5 6"),
        ("page_size", "5.5"),
        ("page_size", "five"),
        ("page_size", ""),
        ("page_size", "05"),
        ("page_size", "+5"),
        ("page_size", "true"),
        ("page_size", "null"),
        ("page_size", "\"5\""),
        ("page_size", "[5]"),
        ("page_size", "9223372036854775808"),
        ("ephemeral", "True"),
        ("ephemeral", "yes"),
        ("ephemeral", "1"),
        ("ephemeral", "true false"),
        ("tags", "a"),
        ("tags", "a,b"),
        ("tags", "[a]"),
        ("tags", "[\"a\"] x"),
        ("tags", "{}"),
    ] {
        let mut arguments = listing();
        arguments[name] = text.into();
        let result = call_at(&world.http, &world.mcp, "list-secrets", &arguments).await;
        assert_eq!(result["isError"], true, "{name}: {text}: {result}");
        assert_eq!(error_of(&result)["arguments"][0]["argument"], name, "{result}");
        assert!(!result.to_string().contains("as text"), "{result}");
    }
    for body in ["[]", "\"{}\"", "{} {}", "{", "name=a"] {
        let arguments = json!({"region": "fr-par", "body": body});
        let result = call_at(&world.http, &world.mcp, "create-secret", &arguments).await;
        assert_eq!(result["isError"], true, "{body}: {result}");
    }
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
    // The note is there for failures and dry runs too.
    let mut arguments = listing();
    arguments["page_size"] = "5".into();
    world.simulator.fault(Fault::status(409));
    let result = call_at(&world.http, &world.mcp, "list-secrets", &arguments).await;
    assert!(result["isError"] == true && result["content"].to_string().contains("as text"), "{result}");
}

#[tokio::test]
async fn success_that_is_not_json_is_no_failure() {
    let world = World::start().await;
    let arguments = json!({"region": "fr-par", "secret_id": "some"});
    for (tool, method) in [("enable-secret-protection", "POST"), (GET, "GET"), ("delete-secret", "DELETE")] {
        for (status, media_type, body) in [
            (201, "application/json", "Created."),
            (200, "application/json", "OK"),
            (202, "text/html", "<html>accepted</html>"),
            (200, "application/json", "{\"id\": \"1\""),
            (200, "application/json", "{\"a\": 1} trailing"),
            (201, "application/problem+xml", "<ok/>"),
        ] {
            world.simulator.fault(Fault::status(status).body(media_type, body).on(method, "/some"));
            let result = call_at(&world.http, &world.mcp, tool, &arguments).await;
            // What was read can be read again.
            let fails = tool == GET && body.starts_with('{');
            assert_eq!(result["isError"], fails, "{tool} {body}: {result}");
            if fails {
                continue;
            }
            assert_eq!(result["content"][0]["text"], body, "{tool}: {result}");
            // What is declared is an object; without a document, it holds the text.
            let declared = if tool == "delete-secret" { Value::Null } else { json!({ "result": body }) };
            assert!(result["structuredContent"] == declared && !result.to_string().contains("etry"), "{result}");
        }
        world.simulator.fault(Fault::status(201).body("application/json", " \r\n").on(method, "/some"));
        let result = call_at(&world.http, &world.mcp, tool, &arguments).await;
        assert!(result["content"] == json!([]) && result["isError"] == false, "{tool}: {result}");
        world.simulator.take_requests();
    }
}

#[tokio::test]
async fn success_whose_response_is_lost_is_no_failure() {
    let world = World::start().await;
    let arguments = json!({"region": "fr-par", "secret_id": "some"});
    let long = format!("[\"{}\"]", "x".repeat(11 << 20));
    for (tool, failed) in [("enable-secret-protection", false), (GET, true)] {
        world.simulator.fault(Fault::status(201).body("application/json", long.clone()));
        let result = call_at(&world.http, &world.mcp, tool, &arguments).await;
        assert_eq!(result["isError"], failed, "{tool}: {result}");
        let text = result["content"][0]["text"].as_str().expect("a text");
        assert!(text.contains("larger than"), "{text}");
        assert_eq!(text.starts_with("201 Created. The request has succeeded"), !failed, "{text}");
    }
}

#[tokio::test]
async fn stdio_server_reads_no_more_requests_than_their_client_reads_responses() {
    let world = World::start().await;
    let mut stdio = Stdio::start(&world).await;
    let total = 20_000;
    let mut sent = 0;
    while sent < total {
        let line = request(&sent.to_string(), "tools/list", "{}") + "\n";
        let Ok(written) =
            tokio::time::timeout(Duration::from_millis(500), stdio.stdin.write_all(line.as_bytes())).await
        else {
            break;
        };
        written.expect("the server reads");
        sent += 1;
    }
    assert!(sent < 5000, "{sent} requests wait in the server");
    // All of them get their response, once it is read. The last request may be there in part.
    for _ in 0..sent {
        let response = tokio::time::timeout(Duration::from_secs(5), stdio.lines.next_line()).await;
        response.expect("a response").expect("it is read").expect("it goes on");
    }
}
