//! The parts of `cargo xtask interop` that need no third-party program.

use std::fs;
use std::process::Stdio;
use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use naftiko_interop::{balance, drift, probe, simulator, upstream};
use naftiko_tests::process::{self, PATIENCE};
use naftiko_tests::server_binary;
use reqwest::{Client, Method};
use rmcp::model::{CallToolRequestParams, ReadResourceRequestParams};
use rmcp::service::RunningService;
use rmcp::transport::TokioChildProcess;
use rmcp::{RoleClient, ServiceExt as _};
use serde_json::{Value, json};

use crate::built::binary;
use crate::tables::serve;

#[tokio::test]
async fn stdio_server_starts_quickly_and_exits_when_stdin_closes() {
    let report = probe::measure(|| process::command(&server_binary(), &["mcp"])).await.expect("it is as it should be");
    assert!(report.listed.iter().all(|time| *time < PATIENCE / 4), "{report}");
    assert!(report.ended < PATIENCE / 4, "{report}");
    // One of them is about a line that is no message.
    assert_eq!(report.lines, 3 * report.listed.len(), "{report}");
}

#[tokio::test]
async fn balancer_alternates_servers_and_records_responses() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let record = folder.path().join("record");
    let named = |name: &'static str| {
        Router::new().fallback(move |headers: HeaderMap, body: String| async move {
            let host = headers["host"].to_str().expect("it is text").to_owned();
            ([("x-name", name)], format!("{name} got {body} for {host}"))
        })
    };
    let servers = vec![serve(named("one")).await, serve(named("two")).await];
    let balanced = serve(balance::router(servers, &record).expect("a balancer")).await;
    let http = Client::builder().no_proxy().build().expect("a client");
    let mut answers = Vec::new();
    for body in ["a", "b", "c"] {
        let answer = http.post(&balanced).header("host", "example.com").body(body).send().await.expect("an answer");
        answers.push(answer.text().await.expect("it is whole"));
    }
    let expected = ["one got a for example.com", "two got b for example.com", "one got c for example.com"];
    assert_eq!(answers, expected);
    let recorded = fs::read_to_string(record).expect("it is there");
    assert!(expected.iter().all(|answer| recorded.contains(answer)), "{recorded}");
    assert!(recorded.contains(r#""x-name": "two""#), "{recorded}");
}

#[tokio::test]
async fn simulator_for_sdks_responds_with_every_listed_error() {
    let simulator = simulator::start(([127, 0, 0, 1], 0).into()).await.expect("it starts");
    let errors: Vec<Value> = serde_json::from_str(simulator::ERRORS).expect("it is a list");
    assert!(errors.len() > 12, "only {} errors", errors.len());
    let http = Client::builder().no_proxy().build().expect("a client");
    for error in errors {
        let secret = error["secret_id"].as_str().expect("an id");
        let url = format!("{}/secret-manager/v1beta1/regions/fr-par/secrets/{secret}", simulator.base_uri());
        for method in [Method::GET, Method::DELETE] {
            let response = http.request(method, &url).send().await.expect("a response");
            assert_eq!(error["status"], response.status().as_u16());
            assert_eq!(response.headers()["content-type"], "application/json");
            assert_eq!(response.json::<Value>().await.expect("it is JSON"), error["body"]);
        }
    }
}

#[tokio::test]
async fn drifting_upstream_returns_what_is_set_and_lists_what_tools_may_get() {
    naftiko_client::install_crypto_provider();
    let base = serve(drift::router(&Arc::default())).await;
    let http = Client::builder().no_proxy().build().expect("a client");
    let outputs = json!({"type": "object", "required": ["status"], "properties": {
        "status": {"type": "string", "enum": ["ready"]},
        "count": {"type": ["integer", "null"]},
    }});
    let inputs = json!({"required": ["region"], "properties": {"region": {"type": "string"}, "page": {}}});
    let tools = json!([{"name": "a", "inputSchema": inputs, "outputSchema": outputs}, {"name": "b"}]);
    let cases = http.post(format!("{base}{}", drift::CASES)).json(&tools).send().await.expect("a response");
    let cases: Value = cases.json().await.expect("it is JSON");
    assert_eq!(cases[0]["arguments"], json!({"region": "text"}));
    assert_eq!(cases.as_array().map(Vec::len), Some(1), "{cases}");
    let responses = cases[0]["responses"].as_array().expect("a list");
    for (body, fits) in [
        (json!({"status": "ready", "count": 1}), true),
        (json!({"status": "ready", "count": null}), true),
        (json!({"status": "ready", "count": "1"}), false),
        (json!({"status": "unseen", "count": 1}), false),
        (json!({"count": 1}), false),
        (json!({"status": "ready", "count": 1, "unseen": {"deep": [1, null]}}), true),
    ] {
        let found = responses.iter().find(|response| response["body"] == body);
        assert_eq!(found.map(|found| &found["fits"]), Some(&json!(fits)), "{body}");
    }
    for response in responses {
        http.put(format!("{base}{}", drift::RESPONSE)).json(response).send().await.expect("a response");
        let got = http.get(format!("{base}/things")).send().await.expect("a response");
        assert_eq!(response["status"], got.status().as_u16());
        assert_eq!(got.json::<Value>().await.expect("it is JSON"), response["body"]);
    }
}

/// A client of the fixture's server, in front of the upstream that it is made for.
async fn fixture() -> RunningService<RoleClient, ()> {
    let base_uri = serve(upstream::router()).await;
    let mut command = process::command(&binary("cases-mcp-conformance"), &["mcp", "--base-uri", &base_uri]);
    command.env("CONFORMANCE_TOKEN", upstream::TOKEN);
    let transport = TokioChildProcess::builder(command).stderr(Stdio::null()).spawn().expect("the binary starts").0;
    ().serve(transport).await.expect("client and server agree")
}

#[tokio::test]
async fn fixture_has_what_the_conformance_suite_requires() {
    let peer = fixture().await;
    let call = async |name: &'static str| {
        let result =
            peer.call_tool(CallToolRequestParams::new(name)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        serde_json::to_value(result).expect("it is JSON")
    };
    let text = call("test_simple_text").await;
    assert_eq!(text["content"][0]["text"], "This is a simple text response for testing.");
    let error = call("test_error_handling").await;
    assert_eq!(error["isError"], true);
    assert!(error["content"][0]["text"].as_str().is_some_and(|text| text.contains("intentionally")), "{error}");
    for (tool, kind, place, media_type) in [
        ("test_image_content", "image", "/mimeType", "image/png"),
        ("test_audio_content", "audio", "/mimeType", "audio/wav"),
        ("test_embedded_resource", "resource", "/resource/mimeType", "application/pdf"),
    ] {
        let block = &call(tool).await["content"][0];
        assert_eq!(block["type"], kind, "{block}");
        assert_eq!(block.pointer(place), Some(&media_type.into()), "{block}");
    }

    let resources = peer.list_all_resources().await.expect("they are listed");
    let templates = peer.list_all_resource_templates().await.expect("they are listed");
    assert_eq!((resources.len(), templates.len()), (2, 1));
    let read = ReadResourceRequestParams::new("test://template/123/data");
    let read = serde_json::to_value(peer.read_resource(read).await.expect("it is read")).expect("it is JSON");
    assert!(read["contents"][0]["text"].as_str().is_some_and(|text| text.contains("Data for ID: 123")), "{read}");
    let prompts = peer.list_all_prompts().await.expect("they are listed");
    let names: Vec<_> = prompts.iter().map(|prompt| prompt.name.as_str()).collect();
    assert_eq!(names, ["test_simple_prompt", "test_prompt_with_arguments"]);
}
