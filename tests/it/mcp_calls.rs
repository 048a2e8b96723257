//! Calls under way: progress, the end of patience, limits, traces, and what their failures say.

use std::process::Stdio;
use std::time::{Duration, Instant};

use naftiko_tests::{World, error_of};
use reqwest::Response;
use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::TokioChildProcess;
use scaleway_simulator::Fault;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::mcp::call_at;
use crate::mcp_policy::listing;
use crate::server::command;

/// Calls a tool by MCP 2026-07-28, as a client with these capabilities.
pub(crate) async fn posted(world: &World, capabilities: Value, mut params: Value) -> Response {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let request = world.http.post(&world.mcp).header("accept", "application/json, text/event-stream");
    let request = request.header("mcp-protocol-version", "2026-07-28").header("mcp-method", "tools/call");
    let request = request.header("mcp-name", text(&params["name"]));
    let request = request.header("mcp-param-region", text(&params["arguments"]["region"]));
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    request.json(&message).send().await.expect("the server answers")
}

#[tokio::test]
async fn progress_is_sent_when_the_client_requests_it() {
    let world = World::start().await;
    let id = world.secret("slow").await;
    let mut call =
        json!({"name": "get-metadata-using-secret-s-id", "arguments": {"region": "fr-par", "secret_id": id}});
    world.simulator.fault(Fault::slow(Duration::from_millis(2500)));
    call["_meta"]["progressToken"] = "p".into();
    let answer = posted(&world, json!({}), call.clone()).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let text = answer.text().await.expect("the stream ends");
    let events: Vec<Value> =
        text.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data:")?).ok()).collect();
    let progress: Vec<_> = events.iter().filter(|event| event["method"] == "notifications/progress").collect();
    assert_eq!(
        progress.iter().map(|event| &event["params"]["progress"]).collect::<Vec<_>>(),
        [&json!(1.0), &json!(2.0)],
        "{text}"
    );
    assert_eq!(progress[0]["params"]["progressToken"], "p");
    assert_eq!(events.last().expect("a result")["result"]["structuredContent"]["id"], id.as_str());
    // A call that takes no time reports no progress.
    assert_eq!(posted(&world, json!({}), call).await.headers()["content-type"], "application/json");
}

#[tokio::test]
async fn cancelled_calls_are_aborted_upstream_within_a_second() {
    let world = World::start().await;
    let id = world.secret("cancelled").await;
    let arguments = json!({"region": "fr-par", "secret_id": id});
    let message = crate::mcp::message("get-metadata-using-secret-s-id", &arguments);
    world.simulator.fault(Fault::slow(Duration::from_secs(30)));
    let call = crate::mcp::post(&world.http, &world.mcp, &message);
    tokio::time::timeout(Duration::from_millis(500), call).await.expect_err("the client leaves");
    given_up(&world).await;

    let mut child = command(&["mcp", "--base-uri", &world.simulator.base_uri()]).spawn().expect("the binary starts");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    let mut lines = BufReader::new(child.stdout.take().expect("standard output is piped")).lines();
    let mut send = async |message: Value| {
        stdin.write_all(format!("{message}\n").as_bytes()).await.expect("the server reads");
    };
    let client = json!({"name": "test", "version": "1"});
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    send(json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello})).await;
    send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    world.simulator.fault(Fault::slow(Duration::from_secs(30)));
    send(message.clone()).await;
    while world.simulator.requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})).await;
    given_up(&world).await;
    send(json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"})).await;
    let mut ids = Vec::new();
    while ids.last() != Some(&json!(2)) {
        let line = lines.next_line().await.expect("it is read").expect("it goes on");
        ids.push(serde_json::from_str::<Value>(&line).expect("it is JSON")["id"].clone());
    }
    assert_eq!(ids, [json!(0), json!(2)], "the cancelled call has no answer");
}

/// Waits until the upstream sees that its caller is gone.
async fn given_up(world: &World) {
    let start = Instant::now();
    while world.simulator.given_up() == 0 {
        assert!(start.elapsed() < Duration::from_secs(1), "the upstream still waits for its caller");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.simulator.take_requests();
}

#[tokio::test]
async fn stdio_clients_have_limits() {
    let world = World::start().await;
    for (flags, problem) in
        [(["--max-in-flight", "1"], "too many calls are running"), (["--rate-limit", "1"], "too many calls")]
    {
        let base_uri = world.simulator.base_uri();
        let arguments = [&["mcp", "--base-uri", &base_uri][..], &flags].concat();
        let (transport, _) =
            TokioChildProcess::builder(command(&arguments)).stderr(Stdio::null()).spawn().expect("the binary starts");
        let peer = ().serve(transport).await.expect("client and server agree");
        world.simulator.fault(Fault::slow(Duration::from_millis(300)));
        let call = || {
            let arguments = listing().as_object().expect("an object").clone();
            peer.call_tool(CallToolRequestParams::new("list-secrets").with_arguments(arguments))
        };
        let (one, two) = tokio::join!(call(), call());
        let results = [one.expect("a result"), two.expect("a result")];
        let refused: Vec<_> = results.iter().filter(|result| result.is_error == Some(true)).collect();
        assert_eq!(refused.len(), 1, "{flags:?}: {results:?}");
        let text = &refused[0].content[0].as_text().expect("a text").text;
        assert!(text.contains(problem) && text.contains("retry in 1 s"), "{text}");
        assert_eq!(world.simulator.take_requests().len(), 1);
        peer.cancel().await.expect("the connection ends");
    }
}

#[tokio::test]
async fn trace_context_of_mcp_message_is_propagated() {
    let world = World::start().await;
    let id = world.secret("traced").await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let mut call =
        json!({"name": "get-metadata-using-secret-s-id", "arguments": {"region": "fr-par", "secret_id": id}});
    call["_meta"] = json!({"traceparent": format!("00-{trace}-b7ad6b7169203331-01"), "tracestate": "a=b"});
    posted(&world, json!({}), call.clone()).await;
    let sent = world.request();
    let parent = sent.header("traceparent").expect("a trace").to_owned();
    assert!(parent.starts_with(&format!("00-{trace}-")) && parent.ends_with("-01"), "{parent}");
    assert!(!parent.contains("b7ad6b7169203331") && sent.header("tracestate") == Some("a=b"), "{parent}");
    call["_meta"] = json!({"traceparent": "nonsense\r\nx: y"});
    posted(&world, json!({}), call).await;
    assert!(!world.request().header("traceparent").is_some_and(|parent| parent.contains("nonsense")));
}

#[tokio::test]
async fn tool_errors_report_whether_a_retry_can_help() {
    let world = World::start().await;
    let arguments = json!({"region": "fr-par", "secret_id": "some"});
    for (tool, fault, retryable, advice) in [
        ("get-metadata-using-secret-s-id", Fault::status(503), true, "The same call may succeed later."),
        ("get-metadata-using-secret-s-id", Fault::status(429).header("retry-after", "7"), true, "may succeed in 7 s."),
        ("get-metadata-using-secret-s-id", Fault::status(409), false, "unlikely to help"),
        ("enable-secret-protection", Fault::status(503), true, "The request may have taken effect"),
        ("enable-secret-protection", Fault::status(429), true, "The same call may succeed later."),
        ("enable-secret-protection", Fault::reset(), true, "The request may have taken effect"),
    ] {
        world.simulator.fault(fault.clone());
        let result = call_at(&world.http, &world.mcp, tool, &arguments).await;
        let text = result["content"][0]["text"].as_str().expect("a text");
        assert!(result["isError"] == true && text.contains(advice), "{fault:?}: {result}");
        assert_eq!(error_of(&result)["retryable"], retryable, "{result}");
    }
}
