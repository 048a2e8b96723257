//! Responses of the server itself are short and quickly made, whatever a caller sends.

use std::time::{Duration, Instant};

use naftiko_tests::{World, error_of};
use reqwest::Response;
use scaleway_secret_manager_secrets::mcp::Policy;
use scaleway_simulator::Fault;
use serde_json::{Value, json};

use crate::mcp::{call_at, message, modern, post};
use crate::mcp_policy::listing;

const GET: &str = "get-metadata-using-secret-s-id";
/// What a response takes at most. Anything that grows with the square of what is sent takes minutes, on any machine.
const LONG: Duration = Duration::from_secs(20);
/// The longest response, in bytes.
const LONGEST: usize = 64 << 10;

async fn short(response: Response, what: &str) -> String {
    let text = response.text().await.expect("a body");
    assert!(text.len() < LONGEST, "{what}: {} bytes", text.len());
    text
}

#[tokio::test]
async fn responses_about_unknown_arguments_are_short_and_name_the_known_ones_once() {
    let world = World::start().await;
    let many: serde_json::Map<_, _> = (0..100_000).map(|number| (format!("{number}"), Value::from(1))).collect();
    let start = Instant::now();
    let text = short(post(&world.http, &world.mcp, &message("list-secrets", &many.into())).await, "arguments").await;
    assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
    let result: Value = serde_json::from_str::<Value>(&text).expect("JSON")["result"].clone();
    let error = error_of(&result);
    assert_eq!(error["arguments"].as_array().map(Vec::len), Some(20), "{result}");
    assert_eq!(error["omittedArguments"], 99_982, "{result}");
    let text = result["content"][0]["text"].as_str().expect("a text");
    assert_eq!(text.matches("`scheduled_for_deletion`").count(), 1, "{text}");
    assert!(text.contains("and 99982 more"), "{text}");

    let names: Vec<_> = (0..9000).map(|number| format!("{number}")).collect();
    let uri = format!("{}?{}", world.secrets("fr-par"), names.join("&"));
    let start = Instant::now();
    let text = short(world.http.get(&uri).send().await.expect("a response"), "query").await;
    assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
    let problem: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(problem["errors"].as_array().map(Vec::len), Some(20), "{problem}");
    assert_eq!(problem["omittedErrors"], 8981, "{problem}");
    assert_eq!(text.matches("`scheduled_for_deletion`").count(), 1, "{problem}");
    assert!(world.simulator.requests().is_empty());
}

#[tokio::test]
async fn long_names_ids_and_uris_are_not_repeated_whole() {
    let world = World::start().await;
    let long = "x".repeat(900_000);
    let escaped = "\u{1}".repeat(150_000);
    for text in [&long, &escaped] {
        for sent in [
            json!({"jsonrpc": "2.0", "id": text, "method": "tools/list"}),
            json!({"jsonrpc": "2.0", "id": 1, "method": text}),
            json!({"jsonrpc": text, "id": 1, "method": "tools/list"}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": text}}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": text}}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": text}}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": {"name": text}}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": text,
                "capabilities": {}, "clientInfo": {"name": "n", "version": "1"}}}),
            message(GET, &json!({"region": "fr-par", "secret_id": "..", text.as_str(): 1})),
        ] {
            let what: String = sent.to_string().chars().take(100).collect();
            short(post(&world.http, &world.mcp, &sent).await, &what).await;
        }
    }
    for (method, params) in [("tools/call", json!({"name": "n"})), ("resources/read", json!({"uri": "u"}))] {
        // The header names something else.
        let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}, "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"}});
        let mut sent = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let name = if method == "tools/call" { "name" } else { "uri" };
        sent["params"]["_meta"] = meta;
        sent["params"][name] = long.clone().into();
        let request = world.http.post(&world.mcp).header("accept", "application/json, text/event-stream");
        let request = request.header("mcp-protocol-version", "2026-07-28").header("mcp-name", "other");
        short(request.header("mcp-method", method).json(&sent).send().await.expect("a response"), method).await;
    }
    let path = format!("{}/{}", world.rest, "p".repeat(60_000));
    short(world.http.get(path).send().await.expect("a response"), "path").await;
    let body = json!({ long.as_str(): 1 }).to_string();
    let request = world.http.post(world.secrets("fr-par")).header("content-type", "application/json");
    short(request.body(format!("{{\"a\":{body},\"a\":1}}")).send().await.expect("a response"), "body").await;
}

#[tokio::test]
async fn many_members_of_a_message_are_refused_at_once() {
    let world = World::start().await;
    let members: Vec<_> = (0..90_000).map(|number| format!("\"{number}\":0")).collect();
    let start = Instant::now();
    let request = world.http.post(&world.mcp).header("accept", "application/json, text/event-stream");
    let request = request.header("content-type", "application/json").body(format!("{{{}}}", members.join(",")));
    assert_eq!(request.send().await.expect("a response").status(), 400);
    assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
}

#[tokio::test]
async fn response_budget_applies_to_bytes_pictures_errors_and_structure() {
    let world = World::with_policy(Policy::default().response_budget(2000)).await;
    let png = [&b"\x89PNG\r\n\x1a\n"[..], &[0xff; 9000]].concat();
    let longer = json!({"message": "no", "more": "m".repeat(5000)}).to_string().into_bytes();
    let controls = [&b"{\"a\":"[..], &[1; 1900], b"}"].concat();
    for (status, media_type, body) in [
        (200, "image/png", png.clone()),
        (200, "audio/mpeg", [&b"ID3"[..], &[0xff; 9000]].concat()),
        (200, "application/octet-stream", vec![0xff; 9000]),
        (200, "text/plain", vec![b'x'; 9000]),
        (200, "application/json", longer.clone()),
        (400, "application/json", longer),
        (400, "text/plain", vec![b'x'; 9000]),
        (400, "text/plain", controls),
        (500, "image/png", png),
    ] {
        for tool in [GET, "enable-secret-protection"] {
            world.simulator.fault(Fault::status(status).body(media_type, body.clone()));
            let result = call_at(&world.http, &world.mcp, tool, &json!({"region": "fr-par", "secret_id": "s"})).await;
            for block in result["content"].as_array().expect("content") {
                assert!(block.to_string().len() < 2600, "{tool} {status} {media_type}: {block}");
            }
            assert!(result["structuredContent"].to_string().len() < 2600, "{tool} {status} {media_type}: {result}");
        }
    }
    let dry = World::with_policy(Policy::default().dry_run().response_budget(2000)).await;
    let arguments = json!({"region": "fr-par", "body": {"name": "n".repeat(9000), "project_id": "p"}});
    let result = call_at(&dry.http, &dry.mcp, "create-secret", &arguments).await;
    assert!(result.to_string().len() < 5000, "{result}");
    let list = call_at(&world.http, &world.mcp, "list-secrets", &listing()).await;
    assert_eq!(list["isError"], false, "{list}");
    let read: Value =
        modern(&world, "resources/read", json!({"uri": "a".repeat(2000)})).await.json().await.expect("JSON");
    assert!(read["error"].is_object(), "{read}");
}

#[tokio::test]
async fn long_responses_do_not_hold_up_others_of_the_thread() {
    // Everything of this world runs on one thread.
    let world = World::start().await;
    let items: Vec<_> =
        (0..20_000).map(|number| json!({"id": number, "password": "hush", "text": "a=b ".repeat(20)})).collect();
    world.simulator.fault(Fault::status(200).json(json!({ "items": items })));
    let start = Instant::now();
    let arguments = json!({"region": "fr-par", "secret_id": "s"});
    let mut call = Box::pin(call_at(&world.http, &world.mcp, "enable-secret-protection", &arguments));
    let (mut longest, mut before) = (Duration::ZERO, Instant::now());
    let result = loop {
        tokio::select! {
            result = &mut call => break result,
            () = tokio::time::sleep(Duration::from_millis(1)) => {
                longest = longest.max(before.elapsed());
                before = Instant::now();
            }
        }
    };
    assert!(result["content"][1]["text"].as_str().is_some_and(|text| text.contains("of 20000 items")), "{result}");
    assert!(longest < start.elapsed() / 3, "{longest:?} of {:?}", start.elapsed());
}
