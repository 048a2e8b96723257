//! What clients may do with tools: which there are, and what of answers is shown.

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use naftiko_tests::World;
use naftiko_tests::process::Server;
use scaleway_secret_manager_secrets::mcp::Policy;
use scaleway_simulator::{Fault, PROJECT_ID, TOKEN};
use serde_json::{Value, json};

use crate::mcp::call_at;
use crate::rest::problem;
use crate::server::{command, serve};

async fn names(world: &World) -> Vec<String> {
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let answer: Value = crate::mcp::post(&world.http, &world.mcp, &list).await.json().await.expect("it is JSON");
    let tools = answer["result"]["tools"].as_array().expect("there are tools");
    tools.iter().map(|tool| tool["name"].as_str().expect("it has a name").to_owned()).collect()
}

/// The arguments of a list of all secrets.
pub(crate) fn listing() -> Value {
    json!({"region": "fr-par", "scheduled_for_deletion": false, "project_id": PROJECT_ID})
}

#[tokio::test]
async fn excluded_tools_are_neither_listed_nor_callable() {
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
async fn long_results_are_never_truncated_mid_value() {
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
async fn secrets_in_results_are_masked_unless_shown_by_policy() {
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
        // JSON that is nested too deeply to be read, or is no text, is not shown unread.
        let deep = format!("{}{{\"password\":\"hush-hush\"}}{}", "[".repeat(200), "]".repeat(200));
        for unreadable in [deep, "{\"password\":\"hush-hush\",\"text\":\"\\ud800\"}".to_owned()] {
            for status in [200, 409] {
                world.simulator.fault(Fault::status(status).body("application/json", unreadable.clone()));
                let result = call_at(&world.http, &world.mcp, tool, &get).await;
                assert_eq!(result.to_string().contains("hush-hush"), shown, "{result}");
            }
        }
    }
}

#[tokio::test]
async fn secrets_are_masked_under_projected_names() {
    let access = |Path(id): Path<String>| async move {
        if id == "text" { Json(json!("hush-hush")) } else { Json(json!({"id": id, "data": "hush-hush"})) }
    };
    let accounts = || async { Json(json!({"items": [{"owner": "me", "api_key": "hush-hush"}]})) };
    let router = Router::new().route("/secrets/{id}/access", get(access)).route("/accounts", get(accounts));
    let upstream = crate::tables::serve(router).await;
    naftiko_client::install_crypto_provider();
    let http = reqwest::Client::new();
    let program = crate::built::binary("cases-secrets-under-other-names");
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

#[tokio::test]
async fn dry_run_shows_the_request_and_sends_nothing() {
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
async fn command_line_flags_set_the_policy() {
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
