//! Destructive calls, which somebody has to agree to first.

use std::process::Stdio;
use std::time::Duration;

use naftiko_tests::{World, error_of};
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction,
    Implementation,
};
use rmcp::service::RequestContext;
use rmcp::transport::TokioChildProcess;
use rmcp::{ClientHandler, ErrorData, RoleClient, ServiceExt as _};
use scaleway_secret_manager_secrets::mcp::{Confirmation, Policy};
use scaleway_secret_manager_secrets::{Client, mcp};
use scaleway_simulator::TOKEN;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::changes::Client as LineClient;
use crate::mcp::call_at;
use crate::mcp_calls::posted;
use crate::mcp_policy::listing;
use crate::server::command;

/// Calls a tool by MCP 2026-07-28, as a client with these capabilities.
async fn modern(world: &World, capabilities: Value, params: Value) -> Value {
    let answer: Value = posted(world, capabilities, params).await.json().await.expect("the answer is JSON");
    answer
}

fn asks() -> Value {
    json!({"elicitation": {}})
}

fn delete(id: &str) -> Value {
    json!({"name": "delete-secret", "arguments": {"region": "fr-par", "secret_id": id}})
}

/// The same call, with what came back from the user.
fn answered(mut call: Value, state: &Value, answer: Value) -> Value {
    call["requestState"] = state.clone();
    call["inputResponses"] = json!({ "confirm": answer });
    call
}

fn yes() -> Value {
    json!({"action": "accept", "content": {"ok": true}})
}

async fn state_for(world: &World, id: &str) -> Value {
    let answer = modern(world, asks(), delete(id)).await;
    assert_eq!(answer["result"]["resultType"], "input_required", "{answer}");
    answer["result"]["requestState"].clone()
}

#[tokio::test]
async fn destructive_tools_require_confirmation() {
    let world = World::start().await;
    let id = world.secret("to-delete").await;
    let answer = modern(&world, asks(), delete(&id)).await;
    let question = &answer["result"]["inputRequests"]["confirm"];
    assert_eq!(question["method"], "elicitation/create", "{answer}");
    let message = question["params"]["message"].as_str().expect("a message");
    assert!(
        message.contains("DELETE /secret-manager/v1beta1/regions/fr-par/secrets/") && message.contains(&id),
        "{message}"
    );
    assert_eq!(question["params"]["requestedSchema"]["required"], json!(["ok"]));
    let state = answer["result"]["requestState"].clone();
    for rejection in [
        json!({"action": "decline"}),
        json!({"action": "cancel"}),
        json!({"action": "accept", "content": {"ok": false}}),
    ] {
        let answer = modern(&world, asks(), answered(delete(&id), &state, rejection)).await;
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        assert!(answer["result"]["content"][0]["text"].as_str().is_some_and(|text| text.contains("nothing was sent")));
    }
    // An invalid answer is asked for again.
    for nonsense in [json!(7), json!({}), json!({"action": "accept"}), json!({"action": "maybe"})] {
        let answer = modern(&world, asks(), answered(delete(&id), &state, nonsense)).await;
        assert_eq!(answer["result"]["resultType"], "input_required", "{answer}");
    }
    assert!(world.simulator.requests().is_empty(), "nothing was sent");
    let answer = modern(&world, asks(), answered(delete(&id), &state, yes())).await;
    assert_eq!(answer["result"]["isError"], false, "{answer}");
    assert_eq!(world.request().method, "DELETE");
}

#[tokio::test]
async fn confirmation_state_is_valid_for_its_own_call_only() {
    let world = World::start().await;
    let (one, other) = (world.secret("one").await, world.secret("other").await);
    let state = state_for(&world, &one).await;
    let text = state.as_str().expect("a text");
    let mut forged = text.to_owned();
    forged.replace_range(0..1, if text.starts_with('a') { "b" } else { "a" });
    for (call, state) in [
        (delete(&other), state.clone()),
        (delete(&one), json!(format!("{text}-TAMPERED"))),
        (delete(&one), json!(forged)),
        (delete(&one), json!("")),
    ] {
        let answer = modern(&world, asks(), answered(call, &state, yes())).await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
    // Without a state there was no question.
    let mut unasked = delete(&one);
    unasked["inputResponses"] = json!({"confirm": yes()});
    assert_eq!(modern(&world, asks(), unasked).await["result"]["resultType"], "input_required");
    assert!(world.simulator.requests().is_empty(), "nothing was sent");
    // The order of arguments is not part of a call.
    let turned = json!({"name": "delete-secret", "arguments": {"secret_id": one, "region": "fr-par"}});
    assert_eq!(modern(&world, asks(), answered(turned, &state, yes())).await["result"]["isError"], false);
}

/// Another server of the same upstream.
async fn replica(world: &World, policy: Policy) -> World {
    let mut replica = World::start().await;
    let client = Client::builder().base_uri(world.simulator.base_uri()).token(TOKEN).build().expect("a client");
    let router = mcp::server(&client).with_policy(policy).router(mcp::HttpOptions::default());
    replica.mcp = format!("{}/mcp", crate::tables::serve(router).await);
    replica
}

#[tokio::test]
async fn confirmation_serves_one_call() {
    let world = World::start().await;
    let id = world.secret("once").await;
    let state = state_for(&world, &id).await;
    let calls = (0..5).map(|_| modern(&world, asks(), answered(delete(&id), &state, yes())));
    let answers = futures_util::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer["result"]["isError"] == false).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer["error"]["code"] == -32602).count(), 4, "{answers:?}");
    assert_eq!(world.request().method, "DELETE");
    // The next one is asked for again.
    let state = state_for(&world, &id).await;
    let again = modern(&world, asks(), answered(delete(&id), &state, yes())).await;
    assert_eq!(again["result"]["isError"], true, "{again}");
    assert_eq!(world.simulator.requests().len(), 1);
}

#[tokio::test]
async fn confirmation_is_for_one_upstream() {
    let key = || Policy::default().state_key(&"a key of thirty-two bytes, or more".into()).expect("it is long enough");
    let (one, other) = (World::with_policy(key()).await, World::with_policy(key()).await);
    let state = state_for(&one, "an-id").await;
    let refused = modern(&other, asks(), answered(delete("an-id"), &state, yes())).await;
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
    assert!(other.simulator.requests().is_empty());
}

#[tokio::test]
async fn question_names_every_argument_and_shows_what_no_one_sees() {
    let world = World::start().await;
    let long = format!("a\u{202e}\u{200b}z{}", "r".repeat(5000));
    for arguments in [json!({"region": "fr-par", "secret_id": long}), json!({"secret_id": long, "region": "fr-par"})] {
        // The header repeats the region.
        let call = json!({"name": "delete-secret", "arguments": arguments});
        let answer = modern(&world, asks(), call).await;
        let message = answer["result"]["inputRequests"]["confirm"]["params"]["message"].as_str();
        let message = message.unwrap_or_else(|| panic!("{answer}"));
        assert!(message.contains("\n- region: \"fr-par\"") && message.len() < 5000, "{message}");
        assert!(message.contains("\n- secret_id: \"a\\u{202e}\\u{200b}zrrr"), "{message}");
        assert!(!message.contains(['\u{202e}', '\u{200b}']), "{message}");
    }
}

#[tokio::test]
async fn replicas_with_a_shared_key_accept_each_others_states() {
    let key = |text: &str| Policy::default().state_key(&text.into());
    let one = World::with_policy(key("a key of thirty-two bytes, or more").expect("it is long enough")).await;
    let same = replica(&one, key("a key of thirty-two bytes, or more").expect("it is long enough")).await;
    let other = replica(&one, key("another key of thirty-two bytes..").expect("it is long enough")).await;
    let state = state_for(&one, "an-id").await;
    let accepted = modern(&same, asks(), answered(delete("an-id"), &state, yes())).await;
    assert_eq!(error_of(&accepted["result"])["status"], 400, "{accepted}");
    let refused = modern(&other, asks(), answered(delete("an-id"), &state, yes())).await;
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
    assert!(key("short").is_err());
}

#[tokio::test]
async fn policy_decides_for_clients_without_elicitation() {
    for (confirmation, asked, served) in [
        (Confirmation::Off, asks(), true),
        (Confirmation::Ask, json!({}), true),
        (Confirmation::Ask, json!({"elicitation": {"url": {}}}), true),
        (Confirmation::Require, json!({}), false),
    ] {
        let world = World::with_policy(Policy::default().confirmation(confirmation)).await;
        let id = world.secret("some").await;
        let answer = modern(&world, asked, delete(&id)).await;
        assert_eq!(answer["result"]["isError"], !served, "{confirmation:?}: {answer}");
        assert_eq!(world.simulator.requests().len(), usize::from(served), "{confirmation:?}");
        // Without a session the older revisions cannot ask the user.
        let arguments = delete(&world.secret("other").await)["arguments"].clone();
        let result = call_at(&world.http, &world.mcp, "delete-secret", &arguments).await;
        let served = confirmation != Confirmation::Require;
        assert_eq!(result["isError"], !served, "{confirmation:?}: {result}");
    }
    // What changes nothing for good needs no confirmation.
    let world = World::with_policy(Policy::default().confirmation(Confirmation::Require)).await;
    assert_eq!(call_at(&world.http, &world.mcp, "list-secrets", &listing()).await["isError"], false);
}

/// A client that answers questions in this way.
#[derive(Clone)]
struct Answering(ElicitationAction, Value);

impl ClientHandler for Answering {
    fn get_info(&self) -> ClientConfig {
        ClientConfig::new(ClientCapabilities::builder().enable_elicitation().build(), Implementation::new("test", "1"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams { message, .. } = request else { panic!("a form is asked for") };
        assert!(message.contains("delete-secret"), "{message}");
        Ok(ElicitResult::new(self.0.clone()).with_content(self.1.clone()))
    }
}

#[tokio::test]
async fn questions_of_cancelled_calls_are_taken_back_and_none_delays_the_end() {
    let world = World::start().await;
    let mut command = command(&["mcp", "--max-in-flight", "1", "--base-uri", &world.simulator.base_uri()]);
    let mut child = command.stderr(Stdio::null()).spawn().expect("the binary starts");
    let (input, output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
    let mut client = LineClient::over(input, output);
    let hello = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {"elicitation": {}},
        "clientInfo": {"name": "test", "version": "1"},
    });
    client.send(json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello})).await;
    client.receive().await;
    client.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    // One call may run, so the second one is asked about only if the first has ended.
    for id in [2, 3] {
        client.send(json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": delete("some")})).await;
        let question = client.receive().await;
        assert_eq!(question["method"], "elicitation/create", "{question}");
        let cancelled = json!({"requestId": id});
        client.send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled})).await;
        let taken_back = client.receive().await;
        assert_eq!(taken_back["method"], "notifications/cancelled", "{taken_back}");
        assert_eq!(taken_back["params"]["requestId"], question["id"]);
    }
    client.send(json!({"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": delete("some")})).await;
    assert_eq!(client.receive().await["method"], "elicitation/create");
    drop(client);
    let status = timeout(Duration::from_secs(3), child.wait()).await.expect("it waits for no answer");
    assert!(status.expect("a status").success());
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn stdio_clients_confirm_while_the_call_waits() {
    let world = World::start().await;
    for (action, content, served) in [
        (ElicitationAction::Accept, json!({"ok": true}), true),
        (ElicitationAction::Accept, json!({"ok": false}), false),
        (ElicitationAction::Decline, Value::Null, false),
    ] {
        let id = world.secret(&format!("asked-{}", content["ok"])).await;
        let command = command(&["mcp", "--confirm", "require", "--base-uri", &world.simulator.base_uri()]);
        let (transport, _) =
            TokioChildProcess::builder(command).stderr(Stdio::null()).spawn().expect("the binary starts");
        let peer = Answering(action, content).serve(transport).await.expect("client and server agree");
        let arguments = delete(&id)["arguments"].as_object().expect("an object").clone();
        let params = CallToolRequestParams::new("delete-secret").with_arguments(arguments);
        let result = peer.call_tool(params).await.expect("a result");
        assert_eq!(result.is_error, Some(!served), "{result:?}");
        assert_eq!(world.simulator.take_requests().len(), usize::from(served));
        peer.cancel().await.expect("the connection ends");
    }
}
