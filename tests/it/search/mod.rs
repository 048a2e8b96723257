//! Search mode: three tools that find, describe and call all others.

use naftiko_serve::{echo, load};
use naftiko_server::Program;
use scaleway_simulator::{PROJECT_ID, Simulator};
use serde_json::{Value, json};
use xtask::synth::{self, Shape, Size};

use crate::groups::{Joined, capability, scaleway};
use crate::mcp::{call_at, post};

const QUESTIONS: &str = include_str!("questions.txt");

/// All capabilities of a large provider.
pub(crate) fn provider() -> &'static Program {
    let folder = tempfile::tempdir().expect("a folder");
    let written = synth::write(folder.path(), Shape::ScalewayShaped, Size::Capabilities(82)).expect("they are written");
    let files: Vec<_> = written.into_iter().map(|(path, _)| path).collect();
    load::leak(load::files(&files, true).expect("they are a group").program)
}

async fn call(joined: &Joined, name: &str, arguments: Value) -> Value {
    call_at(&joined.http, &joined.mcp, name, &arguments).await
}

/// The names of the tools that a search finds.
fn found(result: &Value) -> Vec<&str> {
    let tools = result["structuredContent"]["tools"].as_array().unwrap_or_else(|| panic!("no tools: {result}"));
    tools.iter().map(|tool| tool["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn questions_find_their_tool_among_the_first_three_of_hundreds() {
    let joined = Joined::start(provider(), &[]).await.expect("it is served");
    let list = joined.list("").await.to_string();
    assert_eq!(joined.tools("").await, ["search_tools", "describe_tool", "call_tool"], "the list would be too long");
    assert!(list.len() <= 4_096, "{} bytes", list.len());
    let questions = QUESTIONS.lines().filter(|line| !line.starts_with('#'));
    let mut missed = Vec::new();
    let mut count = 0;
    for line in questions {
        let (question, tool) = line.split_once(" | ").expect("a question and its tool");
        count += 1;
        let result = call(&joined, "search_tools", json!({"query": question, "limit": 3})).await;
        if !found(&result).contains(&tool) {
            missed.push(format!("{question} -> {tool}, but {:?}", found(&result)));
        }
    }
    assert_eq!(count, 100);
    assert!(missed.len() <= 5, "{missed:#?}");
}

#[tokio::test]
async fn lists_of_hundreds_of_tools_have_at_most_700_bytes_for_each() {
    let joined = Joined::start(provider(), &["--search=off"]).await.expect("it is served");
    let (mut count, mut length, mut cursor) = (0, 0, Value::Null);
    loop {
        let params = if cursor.is_null() { json!({}) } else { json!({"cursor": cursor}) };
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params});
        let page: Value = post(&joined.http, &joined.mcp, &message).await.json().await.expect("JSON");
        count += page["result"]["tools"].as_array().expect("tools").len();
        length += page.to_string().len();
        cursor = page["result"]["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(count, 419);
    assert!(length <= 700 * count, "{} bytes", length / count);
}

#[tokio::test]
async fn tools_that_are_found_are_described_and_called_like_any_other() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let flags = ["--search", "--pin-tools", "list-secrets", "--base-uri", &simulator.base_uri()];
    let joined = Joined::start(scaleway(), &flags).await.expect("it is served");
    assert_eq!(joined.tools("").await, ["search_tools", "describe_tool", "call_tool", "list-secrets"]);

    let result = call(&joined, "search_tools", json!({"query": "store a new secret"})).await;
    let first = &result["structuredContent"]["tools"][0];
    assert_eq!((&first["name"], &first["readOnly"]), (&json!("create-secret"), &json!(false)), "{result}");
    assert_eq!(first["inputs"], json!({"region": "string, required", "body": "object, required"}));
    let described = call(&joined, "describe_tool", json!({"name": "create-secret"})).await;
    let body = &described["structuredContent"]["inputSchema"]["properties"]["body"];
    assert!(body["properties"]["name"].is_object(), "{described}");

    let inner = json!({"region": "fr-par", "body": {"project_id": PROJECT_ID, "name": "found"}});
    let created = call(&joined, "call_tool", json!({"name": "create-secret", "arguments": inner})).await;
    assert_eq!(created["structuredContent"]["name"], "found", "{created}");
    let listed = call(
        &joined,
        "list-secrets",
        json!({"region": "fr-par", "scheduled_for_deletion": false, "project_id": PROJECT_ID}),
    )
    .await;
    assert_eq!(listed["structuredContent"]["secrets"][0]["name"], "found", "{listed}");
    let id = json!({"region": "fr-par", "secret_id": created["structuredContent"]["id"]});
    let direct = call(&joined, "get-metadata-using-secret-s-id", id).await;
    assert_eq!(direct["structuredContent"]["name"], "found", "a tool that is not listed can be called: {direct}");

    let wrong = json!({"name": "create-secret", "arguments": {"region": "fr-par", "body": {"nam": "x"}}});
    let wrong = call(&joined, "call_tool", wrong).await;
    assert!(wrong["isError"] == true && wrong.to_string().contains("nam"), "{wrong}");
}

#[tokio::test]
async fn calls_that_name_no_tool_say_which_are_similar() {
    let joined = Joined::start(scaleway(), &["--search"]).await.expect("it is served");
    for (name, arguments, said) in [
        (
            "call_tool",
            json!({"name": "create-secrets"}),
            "no tool has the name `create-secrets`; there are `create-secret`",
        ),
        ("describe_tool", json!({"name": "zzz"}), "no tool has the name `zzz`"),
        ("describe_tool", json!({}), "`name` is required"),
        ("call_tool", json!({"name": "list-secrets", "arguments": []}), "`arguments` must be an object"),
        ("search_tools", json!({"query": 1}), "`query` must be a text"),
        ("search_tools", json!({"query": " "}), "`query` is empty"),
        ("search_tools", json!({"query": "secret", "limit": 1000}), "`limit` must be a whole number from 1 to 20"),
        ("search_tools", json!({"query": "secret", "limit": 1.5}), "`limit` must be a whole number from 1 to 20"),
        (
            "search_tools",
            json!({"query": "secret", "tags": "x"}),
            "`tags` is not a known input; expected one of `query`, `limit`",
        ),
        (
            "call_tool",
            json!({"name": "list-secrets", "region": "fr-par"}),
            "what the tool takes belongs into `arguments`",
        ),
        ("call_tool", json!({"name": "list-secrets", "arguments": "[]"}), "`arguments` must be an object"),
        ("call_tool", json!({"name": "call_tool", "arguments": {}}), "`call_tool` is called by its own name"),
    ] {
        let result = call(&joined, name, arguments.clone()).await;
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        assert!(result["isError"] == true && text.contains(said), "{name} {arguments}: {result}");
    }
    for limit in [json!("2"), json!(2.0)] {
        let two = call(&joined, "search_tools", json!({"query": "secret", "limit": limit})).await;
        assert_eq!(found(&two).len(), 2, "{two}");
    }
    let as_text = call(&joined, "call_tool", json!({"name": "list-secrets", "arguments": "{\"region\": 1}"})).await;
    assert!(as_text["content"][0]["text"].as_str().is_some_and(|text| text.contains("`region`")), "{as_text}");
    let nothing = call(&joined, "search_tools", json!({"query": "weather"})).await;
    assert_eq!(found(&nothing), Vec::<&str>::new(), "{nothing}");
}

#[tokio::test]
async fn searches_find_only_what_the_policy_shows() {
    let joined = Joined::start(scaleway(), &["--search", "--read-only"]).await.expect("it is served");
    let result = call(&joined, "search_tools", json!({"query": "delete a secret", "limit": 20})).await;
    assert!(!found(&result).is_empty() && found(&result).iter().all(|name| !name.starts_with("delete")), "{result}");
    let refused = call(&joined, "call_tool", json!({"name": "delete-secret"})).await;
    assert!(refused["isError"] == true, "{refused}");
    let list = joined.list("").await;
    assert_eq!(list["result"]["tools"][2]["annotations"]["readOnlyHint"], true, "{list}");
}

#[tokio::test]
async fn tools_that_are_called_as_those_of_search_mode_are_called_through_them() {
    let text = capability("shop", &[("call_tool", "/a"), ("search_tools", "/b"), ("list", "/c")], "");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shop.yaml");
    std::fs::write(&file, text).expect("the file is written");
    let program = load::leak(load::files(&[file], true).expect("it is a capability").program);
    let upstream = format!("http://{}", echo::start().await.expect("a port"));
    let flags = ["--search", "--pin-tools", "*", "--base-uri", &upstream];
    let joined = Joined::start(program, &flags).await.expect("it is served");
    assert_eq!(
        joined.tools("").await,
        ["search_tools", "describe_tool", "call_tool", "list"],
        "each name is there once"
    );
    for (name, path) in [("call_tool", "/a"), ("search_tools", "/b"), ("list", "/c")] {
        let result = call(&joined, "call_tool", json!({"name": name, "arguments": {}})).await;
        assert_eq!(result["structuredContent"]["target"], path, "{result}");
    }
    assert_eq!(found(&call(&joined, "search_tools", json!({"query": "list"})).await), ["list"]);
}
