//! Traces and logs that a server exports, as their receiver sees them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use naftiko_tests::process::{self, PATIENCE, Server};
use naftiko_tests::{World, server_binary};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use scaleway_simulator::{PROJECT_ID, TOKEN};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::mcp::{call_at, message, post};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";
const TOOL: &str = "get-metadata-using-secret-s-id";

/// What was sent to the receiver: paths and bodies.
#[derive(Clone, Default)]
struct Received {
    all: Arc<Mutex<Vec<(String, Bytes)>>>,
    /// Whether the receiver takes nothing.
    is_down: Arc<AtomicBool>,
}

impl Received {
    /// The bodies that were sent to this path. None has a secret in it.
    fn bodies(&self, path: &str) -> Vec<Bytes> {
        let all = self.all.lock().expect("no test panicked");
        assert!(all.iter().all(|(_, body)| !holds(body, TOKEN.as_bytes())), "the token was sent");
        all.iter().filter(|(own, _)| own == path).map(|(_, body)| body.clone()).collect()
    }

    fn spans(&self) -> Vec<Span> {
        let requests = self.bodies("/v1/traces").into_iter();
        let requests = requests.map(|body| ExportTraceServiceRequest::decode(body).expect("it is a request"));
        let scopes = requests.flat_map(|request| request.resource_spans).flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    fn records(&self) -> Vec<LogRecord> {
        let requests = self.bodies("/v1/logs").into_iter();
        let requests = requests.map(|body| ExportLogsServiceRequest::decode(body).expect("it is a request"));
        let scopes = requests.flat_map(|request| request.resource_logs).flat_map(|resource| resource.scope_logs);
        scopes.flat_map(|scope| scope.log_records).collect()
    }
}

/// The attributes of a span, as text.
fn attributes(span: &Span) -> BTreeMap<&str, String> {
    let text = |value: &Any| match value {
        Any::StringValue(text) => text.clone(),
        Any::IntValue(number) => number.to_string(),
        Any::BoolValue(is_true) => is_true.to_string(),
        other => format!("{other:?}"),
    };
    let of = |value: &Option<opentelemetry_proto::tonic::common::v1::AnyValue>| {
        value.as_ref().and_then(|value| value.value.as_ref()).map(text).unwrap_or_default()
    };
    span.attributes.iter().map(|attribute| (&*attribute.key, of(&attribute.value))).collect()
}

/// The only span of this name.
fn named<'s>(spans: &'s [Span], name: &str) -> &'s Span {
    let mut known = spans.iter().filter(|span| span.name == name);
    let names = || spans.iter().map(|span| &span.name).collect::<Vec<_>>();
    let span = known.next().unwrap_or_else(|| panic!("no {name}: {:?}", names()));
    assert!(known.next().is_none(), "several {name}: {:?}", names());
    span
}

/// Starts a receiver; gives its base URI.
async fn receiver() -> (String, Received) {
    async fn take(State(received): State<Received>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
        assert!(["/v1/traces", "/v1/logs"].contains(&uri.path()), "{uri}");
        assert_eq!(headers["content-type"].as_bytes(), b"application/x-protobuf");
        if received.is_down.load(Ordering::Relaxed) {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        received.all.lock().expect("no test panicked").push((uri.path().to_owned(), body));
        StatusCode::OK
    }
    let received = Received::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let base = format!("http://{}", listener.local_addr().expect("it has an address"));
    let router = Router::new().fallback(take).with_state(received.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (base, received)
}

async fn traced(world: &World, endpoint: &str, more: &[&str]) -> Server {
    let mut command = process::serving(&server_binary(), &world.simulator.base_uri(), more);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).env("RUST_LOG", "info").env("OTEL_BLRP_SCHEDULE_DELAY", "100");
    Server::launch(command).await.unwrap_or_else(|error| panic!("{error:#}"))
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2).map(|start| &hex[start..start + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("it is hexadecimal")).collect()
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The trace and the span that the upstream saw as its parent, once.
fn upstream(world: &World) -> (String, String, String) {
    let request = world.request();
    let mut parts = request.header("traceparent").expect("there is one").split('-').skip(1).map(str::to_owned);
    let mut next = || parts.next().expect("there is more");
    (next(), next(), next())
}

#[tokio::test]
async fn exported_spans_link_caller_trace_to_upstream_request() {
    let world = World::start().await;
    let id = world.secret("traced").await;
    let (endpoint, received) = receiver().await;
    let server = traced(&world, &endpoint, &[]).await;
    let rest = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/{id}", server.rest);
    let parent_of = |flags: &str| format!("00-{TRACE}-{CALLER}-{flags}");
    let mut calls = Vec::new();
    world.http.get(&rest).header("traceparent", parent_of("01")).send().await.expect("an answer");
    calls.push(upstream(&world));
    let tool = message(TOOL, &json!({"region": "fr-par", "secret_id": id}));
    let request = world.http.post(&server.mcp).header("accept", "application/json, text/event-stream").json(&tool);
    let request = request.header("mcp-protocol-version", "2025-11-25").header("traceparent", parent_of("01"));
    assert_eq!(request.send().await.expect("an answer").status(), 200);
    calls.push(upstream(&world));
    world.http.get(format!("{}/healthz", server.rest)).header("x-probe", "a").send().await.expect("an answer");
    let (code, log) = server.stop("-TERM").await;
    assert_eq!(code, Some(0), "{log}");
    let spans = received.spans();
    let by_id = |id: &[u8]| spans.iter().find(|span| span.span_id == id).expect("the span is exported");
    for (index, (trace, client, flags)) in calls.into_iter().enumerate() {
        assert_eq!((&*trace, &*flags), (TRACE, "01"));
        let mut span = by_id(&bytes(&client));
        // Over MCP the message is between the request and the attempt.
        for _ in 0..=index {
            span = by_id(&span.parent_span_id);
        }
        assert_eq!((&span.trace_id, &span.parent_span_id), (&bytes(TRACE), &bytes(CALLER)), "{}", span.name);
    }
    let sent = received.bodies("/v1/traces").concat();
    let route = "GET /v1/secret-manager/v1beta1/regions/{region}/secrets/{secret-id}";
    for said in [route, "http.response.status_code", "scaleway-secret-manager-secrets"] {
        assert!(holds(&sent, said.as_bytes()), "{said}");
    }
    for unsaid in [&*id, "healthz"] {
        assert!(!holds(&sent, unsaid.as_bytes()), "{unsaid}");
    }
}

#[tokio::test]
async fn unsampled_traces_are_propagated_and_not_exported() {
    let world = World::start().await;
    let (endpoint, received) = receiver().await;
    let server = traced(&world, &endpoint, &[]).await;
    let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/some", server.rest);
    let request = world.http.get(&uri).header("traceparent", format!("00-{TRACE}-{CALLER}-00"));
    request.header("tracestate", "a=b").header("tracestate", "c=d").send().await.expect("an answer");
    assert_eq!(world.simulator.requests()[0].header("tracestate"), Some("a=b,c=d"));
    let (trace, span, flags) = upstream(&world);
    assert_eq!((&*trace, &*flags), (TRACE, "00"));
    assert_ne!(span, CALLER);
    server.stop("-TERM").await;
    assert!(received.spans().is_empty());
}

#[tokio::test]
async fn unreachable_otlp_receiver_does_not_affect_requests() {
    let world = World::start().await;
    let server = traced(&world, "http://127.0.0.1:9", &[]).await;
    let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/some", server.rest);
    assert_eq!(world.http.post(&uri).send().await.expect("an answer").status(), 405);
    let (code, log) = server.stop("-TERM").await;
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("telemetry data will be lost"), "the log says so: {log}");
    let output = process::command(&server_binary(), &["serve", "--rest-port", "0", "--mcp-port", "0"])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "not a uri")
        .output();
    assert_eq!(output.await.expect("it starts").status.code(), Some(2), "what cannot work is refused");
}

#[tokio::test]
async fn spans_of_messages_follow_the_conventions_for_mcp() {
    let world = World::start().await;
    let id = world.secret("traced").await;
    let (endpoint, received) = receiver().await;
    let server = traced(&world, &endpoint, &["--search=on"]).await;
    let get = json!({"region": "fr-par", "secret_id": id});
    let mut found = message("call_tool", &json!({"name": TOOL, "arguments": get}));
    found["params"]["_meta"] = json!({"traceparent": format!("00-{TRACE}-{CALLER}-01"), "tracestate": "a=b"});
    assert_eq!(post(&world.http, &server.mcp, &found).await.status(), 200);
    assert_eq!(world.request().header("tracestate"), Some("a=b"));
    call_at(&world.http, &server.mcp, "delete-secret", &json!({"region": "fr-par", "secret_id": "none"})).await;
    let mut unknown = message("made-up-tool", &json!({}));
    unknown["params"]["_meta"] = json!({"traceparent": "nonsense"});
    post(&world.http, &server.mcp, &unknown).await;
    for _ in 0..2 {
        post(&world.http, &server.mcp, &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).await;
    }
    server.stop("-TERM").await;
    let spans = received.spans();
    let span = named(&spans, &format!("tools/call {TOOL}"));
    assert_eq!((&span.trace_id, &span.parent_span_id), (&bytes(TRACE), &bytes(CALLER)));
    let http = spans.iter().find(|http| http.span_id == span.links[0].span_id).expect("the request is linked");
    assert_eq!((&*http.name, http.kind, span.kind), ("POST /mcp", 2, 2));
    let own = attributes(span);
    for (name, value) in [
        ("mcp.method.name", "tools/call"),
        ("mcp.protocol.version", "2025-11-25"),
        ("gen_ai.operation.name", "execute_tool"),
        ("gen_ai.tool.name", TOOL),
        ("jsonrpc.request.id", "1"),
        ("network.transport", "tcp"),
        ("naftiko.capability", "scaleway-secret-manager-secrets"),
    ] {
        assert_eq!(own.get(name).map(String::as_str), Some(value), "{name}: {own:?}");
    }
    assert!(!own.contains_key("error.type") && !own.contains_key("mcp.session.id"), "{own:?}");
    let failed = named(&spans, "tools/call delete-secret");
    let failed_with = attributes(failed);
    assert_eq!(
        (&*failed_with["error.type"], failed.status.as_ref().map(|status| status.code)),
        ("tool_error", Some(2))
    );
    let unknown = attributes(named(&spans, "tools/call _OTHER"));
    assert_eq!((&*unknown["error.type"], &*unknown["rpc.response.status_code"]), ("-32602", "-32602"));
    assert_eq!(spans.iter().filter(|span| span.name == "tools/list").count(), 2, "one is cached");
    let sent = received.bodies("/v1/traces").concat();
    for unsaid in [&*id, "made-up-tool", "nonsense"] {
        assert!(!holds(&sent, unsaid.as_bytes()), "{unsaid}");
    }
}

#[tokio::test]
async fn messages_on_standard_input_have_spans() {
    let world = World::start().await;
    let id = world.secret("traced").await;
    let (endpoint, received) = receiver().await;
    let mut command = process::command(&server_binary(), &["mcp", "--base-uri", &world.simulator.base_uri()]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    let mut child = command.spawn().expect("it starts");
    let mut call = message(TOOL, &json!({"region": "fr-par", "secret_id": id}));
    call["id"] = "second".into();
    call["params"]["_meta"] = json!({"traceparent": format!("00-{TRACE}-{CALLER}-01")});
    let client = json!({"name": "test", "version": "1"});
    let opened = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    let messages = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": opened}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        call,
    ];
    let lines: String = messages.iter().map(|message| format!("{message}\n")).collect();
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(lines.as_bytes()).await.expect("it reads");
    drop(input);
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").expect("its output");
    assert!(holds(&output.stdout, id.as_bytes()), "{}", String::from_utf8_lossy(&output.stdout));
    let (spans, (_, client, _)) = (received.spans(), upstream(&world));
    let span = named(&spans, &format!("tools/call {TOOL}"));
    assert_eq!((&span.trace_id, &span.parent_span_id), (&bytes(TRACE), &bytes(CALLER)));
    let own = attributes(span);
    assert_eq!((&*own["network.transport"], &*own["jsonrpc.request.id"]), ("pipe", "second"));
    let attempt = spans.iter().find(|span| span.span_id == bytes(&client)).expect("the attempt is exported");
    assert_eq!(attempt.parent_span_id, span.span_id);
    assert!(span.links.is_empty() && spans.iter().any(|span| span.name == "initialize"), "{spans:?}");
}

/// The line of a record.
fn line(record: &LogRecord) -> Value {
    match record.body.as_ref().and_then(|body| body.value.as_ref()) {
        Some(Any::StringValue(line)) => serde_json::from_str(line).expect("a line is JSON"),
        other => panic!("no line: {other:?}"),
    }
}

#[tokio::test]
async fn audit_is_sent_as_logs_that_are_part_of_the_trace() {
    let world = World::start().await;
    let (endpoint, received) = receiver().await;
    let flags = ["--audit", "--audit-otlp", "--audit-values", "--confirm", "off"];
    let server = traced(&world, &endpoint, &flags).await;
    let body = json!({"project_id": PROJECT_ID, "name": "recorded", "tags": ["password=hush-hush"]});
    let created = call_at(&world.http, &server.mcp, "create-secret", &json!({"region": "fr-par", "body": body})).await;
    let id = created["structuredContent"]["id"].as_str().expect("an id");
    let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/{id}", server.rest);
    assert_eq!(world.http.delete(&uri).send().await.expect("a response").status(), 204);
    let (code, log) = server.stop("-TERM").await;
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("recorded"), "no line is on standard error: {log}");
    let (spans, records) = (received.spans(), received.records());
    let [tool, request] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((&*tool.event_name, &*request.event_name), ("naftiko.audit.tool", "naftiko.audit.request"));
    let recorded =
        json!({"region": "fr-par", "body": {"project_id": PROJECT_ID, "name": "recorded", "tags": ["password=***"]}});
    assert_eq!((&line(tool)["tool"], &line(tool)["values"]), (&json!("create-secret"), &recorded));
    assert_eq!((&line(request)["method"], &line(request)["status"]), (&json!("DELETE"), &json!(204)));
    let route = "DELETE /v1/secret-manager/v1beta1/regions/{region}/secrets/{secret-id}";
    for (record, span) in [(tool, "tools/call create-secret"), (request, route)] {
        let span = named(&spans, span);
        assert_eq!((&record.trace_id, &record.span_id), (&span.trace_id, &span.span_id));
        let hex = |id: &[u8]| id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(line(record)["trace"], format!("00-{}-{}-01", hex(&span.trace_id), hex(&span.span_id)));
        assert!(record.time_unix_nano > 0 && record.severity_text == "INFO");
    }
}

#[tokio::test]
async fn required_audit_refuses_calls_while_records_cannot_be_sent() {
    let world = World::start().await;
    let (endpoint, received) = receiver().await;
    received.is_down.store(true, Ordering::Relaxed);
    let server = traced(&world, &endpoint, &["--audit=required", "--audit-otlp", "--confirm", "off"]).await;
    let delete = async || {
        let arguments = json!({"region": "fr-par", "secret_id": uuid::Uuid::nil()});
        let result = call_at(&world.http, &server.mcp, "delete-secret", &arguments).await;
        result["content"][0]["text"].as_str().expect("a text").contains("the audit cannot be written")
    };
    for is_refused in [true, false] {
        let reached = async {
            while delete().await != is_refused {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("refused: {is_refused}"));
        received.is_down.store(false, Ordering::Relaxed);
    }
    let metrics = world.http.get(format!("{}/metrics", server.rest)).send().await.expect("a response");
    let metrics = metrics.text().await.expect("text");
    let failures = metrics.lines().find_map(|line| line.strip_prefix("naftiko_audit_failures_total "));
    assert!(failures.and_then(|count| count.parse::<u64>().ok()).is_some_and(|count| count > 0), "{metrics}");
    for (variables, said) in [(None, "--audit-otlp needs the variable"), (Some(""), "needs the variable")] {
        let mut command = process::serving(&server_binary(), "http://127.0.0.1:9", &["--audit", "--audit-otlp"]);
        command.envs(variables.map(|value| ("OTEL_EXPORTER_OTLP_ENDPOINT", value)));
        let output = command.output().await.expect("it starts");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains(said), "{text}");
    }
}
