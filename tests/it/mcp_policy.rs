//! What clients may do with tools: which there are, what somebody has to agree to, what is shown, and how much at once.

use std::process::Stdio;
use std::time::{Duration, Instant};

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use naftiko_tests::World;
use naftiko_tests::process::Server;
use reqwest::Response;
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction,
    Implementation,
};
use rmcp::service::RequestContext;
use rmcp::transport::TokioChildProcess;
use rmcp::{ClientHandler, ErrorData, RoleClient, ServiceExt as _};
use scaleway_secret_manager_secrets::mcp::{Confirmation, Policy};
use scaleway_simulator::{Fault, PROJECT_ID, TOKEN};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::mcp::call_at;
use crate::rest::problem;
use crate::server::{command, serve};

/// Calls a tool by MCP 2026-07-28, as a client with these capabilities.
async fn modern(world: &World, capabilities: Value, params: Value) -> Value {
    let answer: Value = posted(world, capabilities, params).await.json().await.expect("the answer is JSON");
    answer
}

async fn posted(world: &World, capabilities: Value, mut params: Value) -> Response {
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

async fn names(world: &World) -> Vec<String> {
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let answer: Value = crate::mcp::post(&world.http, &world.mcp, &list).await.json().await.expect("it is JSON");
    let tools = answer["result"]["tools"].as_array().expect("there are tools");
    tools.iter().map(|tool| tool["name"].as_str().expect("it has a name").to_owned()).collect()
}

#[tokio::test]
async fn tools_that_are_not_offered_are_neither_listed_nor_called() {
    let all = names(&World::start().await).await;
    let readers = ["list-secrets", "get-metadata-using-secret-s-id"];
    for (policy, offered) in [
        (Policy::default().read_only(), readers.to_vec()),
        (Policy::default().tools(["list-*", "delete-secret"]), vec!["list-secrets", "delete-secret"]),
        (
            Policy::default().tools(["*secret"]).exclude_tools(["delete*", "update*"]),
            vec!["create-secret", "restore-secret"],
        ),
    ] {
        let world = World::with_policy(policy).await;
        let listed = names(&world).await;
        for name in &offered {
            assert!(listed.iter().any(|listed| listed == name), "{name} is in {listed:?}");
        }
        for name in all.iter().filter(|name| !listed.contains(name)) {
            let message = crate::mcp::message(name, &json!({"region": "fr-par", "secret_id": "x"}));
            let answer: Value =
                crate::mcp::post(&world.http, &world.mcp, &message).await.json().await.expect("it is JSON");
            assert_eq!(answer["error"]["code"], -32602, "{name}: {answer}");
        }
        assert!(listed.len() < all.len() && world.simulator.requests().is_empty());
    }
    let world = World::with_policy(Policy::default().read_only()).await;
    assert_eq!(names(&world).await, readers);
}

#[tokio::test]
async fn what_is_destructive_is_agreed_to_first() {
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
    for refusal in [
        json!({"action": "decline"}),
        json!({"action": "cancel"}),
        json!({"action": "accept", "content": {"ok": false}}),
    ] {
        let answer = modern(&world, asks(), answered(delete(&id), &state, refusal)).await;
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        assert!(answer["result"]["content"][0]["text"].as_str().is_some_and(|text| text.contains("nothing was sent")));
    }
    // An answer that is none is asked for again.
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
async fn states_are_good_for_the_call_that_they_were_made_for() {
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

#[tokio::test]
async fn replicas_with_one_key_take_each_others_states() {
    let key = |text: &str| Policy::default().state_key(&text.into());
    let one = World::with_policy(key("a key of thirty-two bytes, or more").expect("it is long enough")).await;
    let same = World::with_policy(key("a key of thirty-two bytes, or more").expect("it is long enough")).await;
    let other = World::with_policy(key("another key of thirty-two bytes..").expect("it is long enough")).await;
    let state = state_for(&one, "an-id").await;
    let accepted = modern(&same, asks(), answered(delete("an-id"), &state, yes())).await;
    assert_eq!(accepted["result"]["structuredContent"]["error"]["status"], 400, "{accepted}");
    let refused = modern(&other, asks(), answered(delete("an-id"), &state, yes())).await;
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
    assert!(key("short").is_err());
}

#[tokio::test]
async fn clients_that_cannot_ask_are_served_or_not_as_the_policy_says() {
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
        // Without a session nobody can be asked by the older revisions.
        let arguments = delete(&world.secret("other").await)["arguments"].clone();
        let result = call_at(&world.http, &world.mcp, "delete-secret", &arguments).await;
        let served = confirmation != Confirmation::Require;
        assert_eq!(result["isError"], !served, "{confirmation:?}: {result}");
    }
    // What changes nothing for good needs no confirmation.
    let world = World::with_policy(Policy::default().confirmation(Confirmation::Require)).await;
    assert_eq!(call_at(&world.http, &world.mcp, "list-secrets", &listing()).await["isError"], false);
}

fn listing() -> Value {
    json!({"region": "fr-par", "scheduled_for_deletion": false, "project_id": PROJECT_ID})
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
async fn clients_on_standard_input_are_asked_while_the_call_waits() {
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

#[tokio::test]
async fn long_answers_are_never_cut() {
    let world = World::with_policy(Policy::default().response_budget(600)).await;
    let short = call_at(&world.http, &world.mcp, "list-secrets", &listing()).await;
    assert_eq!(short["isError"], false, "{short}");
    for number in 0..5 {
        world.secret(&format!("secret-{number}")).await;
    }
    let long = call_at(&world.http, &world.mcp, "list-secrets", &listing()).await;
    let text = long["content"][0]["text"].as_str().expect("a text");
    assert!(long["isError"] == true && text.contains("`page`, `page_size`"), "{long}");
    let mut less = listing();
    less["page_size"] = 1.into();
    let less = call_at(&world.http, &world.mcp, "list-secrets", &less).await;
    assert_eq!(less["isError"], false, "{less}");
    // What has happened has happened, and is no error.
    world.simulator.fault(Fault::status(200).json(json!({"id": "x".repeat(1000)})).on("POST", "/protect"));
    let arguments = json!({"region": "fr-par", "secret_id": "some"});
    let done = call_at(&world.http, &world.mcp, "enable-secret-protection", &arguments).await;
    assert!(done["isError"] == false && done["content"].to_string().contains("200 OK"), "{done}");
    world
        .simulator
        .fault(Fault::status(200).json(json!({"items": vec!["abc"; 500], "id": "x"})).on("POST", "/protect"));
    let done = call_at(&world.http, &world.mcp, "enable-secret-protection", &arguments).await;
    let items = done["structuredContent"]["items"].as_array().expect("a list").len();
    assert!((1..500).contains(&items), "{items}");
    let text = done["content"][0]["text"].as_str().expect("a text");
    assert!(text.len() <= 600 && serde_json::from_str::<Value>(text).is_ok(), "{text}");
    assert!(done["content"][1]["text"].as_str().is_some_and(|text| text.contains("of 500 items")), "{done}");
}

#[tokio::test]
async fn secrets_in_answers_are_masked_unless_they_are_to_be_seen() {
    let get = json!({"region": "fr-par", "secret_id": "some"});
    let tool = "get-metadata-using-secret-s-id";
    for (policy, shown) in [
        (Policy::default(), false),
        (Policy::default().reveal_secrets(["list-*"]), false),
        (Policy::default().reveal_secrets(["get-*"]), true),
    ] {
        let world = World::with_policy(policy).await;
        let document = json!({"id": "1", "keys": [{"secret_key": "hush-hush", "access_key": "SCW1"}]});
        for status in [200, 409] {
            world.simulator.fault(Fault::status(status).json(document.clone()));
            let result = call_at(&world.http, &world.mcp, tool, &get).await;
            assert_eq!(result.to_string().contains("hush-hush"), shown, "{result}");
            assert!(result.to_string().contains("SCW1"), "{result}");
            let note = result.to_string().contains("--reveal-secrets");
            assert_eq!(note, !shown && status == 200, "{result}");
        }
        // JSON that is nested too deeply to be read is not shown unread.
        let deep = format!("{}{{\"password\":\"hush-hush\"}}{}", "[".repeat(200), "]".repeat(200));
        world.simulator.fault(Fault::status(200).body("application/json", deep));
        let result = call_at(&world.http, &world.mcp, tool, &get).await;
        assert_eq!(result.to_string().contains("hush-hush"), shown, "{result}");
    }
}

#[tokio::test]
async fn a_dry_run_shows_the_request_and_sends_nothing() {
    let world = World::with_policy(Policy::default().dry_run()).await;
    let arguments = json!({"region": "fr-par", "body": {"name": "n", "project_id": "p"}});
    let result = call_at(&world.http, &world.mcp, "create-secret", &arguments).await;
    let request = &result["structuredContent"]["dryRun"];
    let uri = format!("{}/secret-manager/v1beta1/regions/fr-par/secrets", world.simulator.base_uri());
    assert_eq!((&request["method"], &request["url"]), (&json!("POST"), &json!(uri)), "{result}");
    assert_eq!(request["body"], "{\"name\":\"n\",\"project_id\":\"p\"}");
    let headers = request["headers"].as_array().expect("there are headers");
    assert!(headers.contains(&json!({"name": "x-auth-token", "value": "REDACTED"})), "{result}");
    assert!(
        result["content"][0]["text"].as_str().is_some_and(|text| text.contains(&format!("POST {uri}\n"))),
        "{result}"
    );
    // All checks are made.
    for wrong in [json!({"region": "..", "secret_id": "x"}), json!({"region": "fr-par"})] {
        let result = call_at(&world.http, &world.mcp, "delete-secret", &wrong).await;
        assert_eq!(result["isError"], true, "{result}");
    }
    let deletion =
        call_at(&world.http, &world.mcp, "delete-secret", &json!({"region": "fr-par", "secret_id": "a/b"})).await;
    assert!(
        deletion["structuredContent"]["dryRun"]["url"].as_str().is_some_and(|url| url.ends_with("/a%2Fb")),
        "{deletion}"
    );
    assert!(world.simulator.requests().is_empty() && !result.to_string().contains(TOKEN));
}

#[tokio::test]
async fn clients_that_want_to_know_hear_that_a_call_is_under_way() {
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
    // Nobody hears of a call that takes no time.
    assert_eq!(posted(&world, json!({}), call).await.headers()["content-type"], "application/json");
}

#[tokio::test]
async fn calls_that_nobody_waits_for_end_at_the_upstream_within_a_second() {
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
async fn a_client_on_standard_input_has_limits_too() {
    let world = World::start().await;
    for (flags, problem) in [(["--max-in-flight", "1"], "as many calls run"), (["--rate-limit", "1"], "too many calls")]
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
        assert!(text.contains(problem) && text.contains("try again in 1 s"), "{text}");
        assert_eq!(world.simulator.take_requests().len(), 1);
        peer.cancel().await.expect("the connection ends");
    }
}

#[tokio::test]
async fn the_command_line_says_what_the_policy_is() {
    let world = World::start().await;
    let server = serve(&world, &["--read-only", "--exclude-tools", "get-*", "--forward-header", "x-tenant"]).await;
    let list = json!({"jsonrpc": "2.0", "id": "a", "method": "tools/list"});
    let answer: Value = crate::mcp::post(&world.http, &server.mcp, &list).await.json().await.expect("it is JSON");
    assert_eq!(answer["result"]["tools"].as_array().map(Vec::len), Some(1), "{answer}");
    // REST does not do what tools may not.
    let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets", server.rest);
    problem(world.http.post(&uri).json(&json!({"name": "n"})).send().await.expect("an answer"), 403).await;
    assert!(world.simulator.requests().is_empty());
    let request =
        world.http.get(format!("{uri}?scheduled_for_deletion=false&project_id={PROJECT_ID}")).header("x-tenant", "t");
    let request = request.header("x-other", "o").header("authorization", "Bearer of-the-caller");
    assert_eq!(request.send().await.expect("an answer").status(), 200);
    let sent = world.request();
    assert_eq!(
        (sent.header("x-tenant"), sent.header("x-other"), sent.header("authorization")),
        (Some("t"), None, None)
    );
    let params = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list-secrets", "arguments": listing()}});
    let request = world.http.post(&server.mcp).header("accept", "application/json, text/event-stream").json(&params);
    let request = request.header("mcp-protocol-version", "2025-11-25").header("x-tenant", "t");
    request.header("authorization", "Bearer of-the-caller").send().await.expect("an answer");
    let sent = world.request();
    assert_eq!((sent.header("x-tenant"), sent.header("authorization")), (Some("t"), None));

    for (flags, said) in [
        (["--forward-header", "authorization"], "authorization"),
        (["--forward-header", "x-api-key"], "x-api-key"),
        (["--forward-header", "host"], "host"),
        (["--state-key", "short"], "shorter than 32 bytes"),
        (["--confirm", "perhaps"], "--confirm"),
    ] {
        let output = command(&[&["serve"][..], &flags].concat()).output().await.expect("it starts");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {text}");
        assert!(text.contains(said), "{text}");
    }
}

#[tokio::test]
async fn the_trace_of_a_message_goes_on() {
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
async fn failures_say_whether_it_helps_to_call_again() {
    let world = World::start().await;
    let arguments = json!({"region": "fr-par", "secret_id": "some"});
    for (tool, fault, retryable, advice) in [
        ("get-metadata-using-secret-s-id", Fault::status(503), true, "The same call may succeed later."),
        ("get-metadata-using-secret-s-id", Fault::status(429).header("retry-after", "7"), true, "may succeed in 7 s."),
        ("get-metadata-using-secret-s-id", Fault::status(409), false, "will hardly end otherwise"),
        ("enable-secret-protection", Fault::status(503), true, "It may have happened all the same"),
        ("enable-secret-protection", Fault::status(429), true, "The same call may succeed later."),
        ("enable-secret-protection", Fault::reset(), true, "It may have happened all the same"),
    ] {
        world.simulator.fault(fault.clone());
        let result = call_at(&world.http, &world.mcp, tool, &arguments).await;
        let text = result["content"][0]["text"].as_str().expect("a text");
        assert!(result["isError"] == true && text.contains(advice), "{fault:?}: {result}");
        assert_eq!(result["structuredContent"]["error"]["retryable"], retryable, "{result}");
    }
}

#[tokio::test]
async fn secrets_are_masked_under_whatever_name_they_are_given_out() {
    let access = |Path(id): Path<String>| async move {
        if id == "text" { Json(json!("hush-hush")) } else { Json(json!({"id": id, "data": "hush-hush"})) }
    };
    let accounts = || async { Json(json!({"items": [{"owner": "me", "api_key": "hush-hush"}]})) };
    let router = Router::new().route("/secrets/{id}/access", get(access)).route("/accounts", get(accounts));
    let upstream = crate::tables::serve(router).await;
    naftiko_runtime::install_crypto_provider();
    let http = reqwest::Client::new();
    let program = crate::cases::binary("cases-secrets-under-other-names");
    for (flags, shown) in [(&[][..], false), (&["--reveal-secrets"], true)] {
        let server = Server::start(&program, &upstream, flags, "warn,naftiko_runtime=info").await;
        let server = server.expect("the server starts");
        for (tool, arguments) in [
            ("access", json!({"id": "7"})),
            ("access", json!({"id": "text"})),
            ("access-renamed", json!({"id": "7"})),
            ("accounts-renamed", json!({})),
        ] {
            let result = call_at(&http, &server.mcp, tool, &arguments).await;
            assert_eq!(result["isError"], false, "{result}");
            assert_eq!(result.to_string().contains("hush-hush"), shown, "{tool}: {result}");
            assert_eq!(result.to_string().contains("***"), !shown, "{tool}: {result}");
        }
    }
}
