//! Traces that a server exports, as their receiver sees them.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use naftiko_tests::process::{self, Server};
use naftiko_tests::{World, server_binary};
use scaleway_simulator::TOKEN;
use serde_json::json;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// Bodies that were sent to the receiver.
type Received = Arc<Mutex<Vec<Bytes>>>;

/// Starts a receiver; gives its base URI.
async fn receiver() -> (String, Received) {
    async fn take(State(received): State<Received>, uri: Uri, headers: HeaderMap, body: Bytes) {
        assert_eq!((uri.path(), headers["content-type"].as_bytes()), ("/v1/traces", &b"application/x-protobuf"[..]));
        received.lock().expect("no test panicked").push(body);
    }
    let received = Received::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let base = format!("http://{}", listener.local_addr().expect("it has an address"));
    let router = Router::new().fallback(take).with_state(received.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (base, received)
}

async fn traced(world: &World, endpoint: &str) -> Server {
    let base_uri = world.simulator.base_uri();
    let arguments = ["serve", "--rest-port", "0", "--mcp-port", "0", "--base-uri", &base_uri];
    let mut command = process::command(&server_binary(), &arguments);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).env("RUST_LOG", "info");
    Server::launch(command).await.unwrap_or_else(|error| panic!("{error:#}"))
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2).map(|start| &hex[start..start + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("it is hexadecimal")).collect()
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The parent of the span with this id. In a message of protobuf the fields of a span stand in the order of their numbers: its
/// id is the second, its parent the fourth.
fn parent(text: &[u8], span: &[u8]) -> Option<Vec<u8>> {
    let id = [&[0x12, 8], span, &[0x22, 8]].concat();
    let start = text.windows(id.len()).position(|window| window == id)? + id.len();
    text.get(start..start + 8).map(<[u8]>::to_vec)
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
    let server = traced(&world, &endpoint).await;
    let rest = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/{id}", server.rest);
    let parent_of = |flags: &str| format!("00-{TRACE}-{CALLER}-{flags}");
    let mut calls = Vec::new();
    world.http.get(&rest).header("traceparent", parent_of("01")).send().await.expect("an answer");
    calls.push(upstream(&world));
    let tool = crate::mcp::message("get-metadata-using-secret-s-id", &json!({"region": "fr-par", "secret_id": id}));
    let request = world.http.post(&server.mcp).header("accept", "application/json, text/event-stream").json(&tool);
    let request = request.header("mcp-protocol-version", "2025-11-25").header("traceparent", parent_of("01"));
    assert_eq!(request.send().await.expect("an answer").status(), 200);
    calls.push(upstream(&world));
    world.http.get(format!("{}/healthz", server.rest)).header("x-probe", "a").send().await.expect("an answer");
    let (code, log) = server.stop("-TERM").await;
    assert_eq!(code, Some(0), "{log}");
    let sent = received.lock().expect("no test panicked").concat();
    for (trace, client, flags) in calls {
        assert_eq!((&*trace, &*flags), (TRACE, "01"));
        assert!(holds(&sent, &bytes(&trace)), "the trace is exported");
        let server = parent(&sent, &bytes(&client)).expect("the span that the upstream saw is exported");
        assert_eq!(parent(&sent, &server), Some(bytes(CALLER)), "and so is the span over it, below that of the caller");
    }
    let route = "GET /v1/secret-manager/v1beta1/regions/{region}/secrets/{secret-id}";
    for said in [route, "http.response.status_code", "scaleway-secret-manager-secrets"] {
        assert!(holds(&sent, said.as_bytes()), "{said}");
    }
    for unsaid in [&*id, TOKEN, "healthz"] {
        assert!(!holds(&sent, unsaid.as_bytes()), "{unsaid}");
    }
}

#[tokio::test]
async fn unsampled_traces_are_propagated_and_not_exported() {
    let world = World::start().await;
    let (endpoint, received) = receiver().await;
    let server = traced(&world, &endpoint).await;
    let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/some", server.rest);
    let request = world.http.get(&uri).header("traceparent", format!("00-{TRACE}-{CALLER}-00"));
    request.header("tracestate", "a=b").header("tracestate", "c=d").send().await.expect("an answer");
    assert_eq!(world.simulator.requests()[0].header("tracestate"), Some("a=b,c=d"));
    let (trace, span, flags) = upstream(&world);
    assert_eq!((&*trace, &*flags), (TRACE, "00"));
    assert_ne!(span, CALLER);
    server.stop("-TERM").await;
    assert!(received.lock().expect("no test panicked").is_empty());
}

#[tokio::test]
async fn unreachable_otlp_receiver_does_not_affect_requests() {
    let world = World::start().await;
    let server = traced(&world, "http://127.0.0.1:9").await;
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
