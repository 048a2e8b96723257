//! What a file says of values beside their type, checked on every surface before anything is sent.

use axum::Router;
use naftiko_serve::echo;
use naftiko_tests::error_of;
use naftiko_tests::process::Server;
use serde_json::{Value, json};

use crate::built::binary;
use crate::tables::{call, get, serve};

#[tokio::test]
async fn rules_of_values_have_one_verdict_on_rest_and_mcp() {
    let upstream = serve(Router::new().fallback(echo::respond)).await;
    let program = binary("cases-rules-of-values");
    let server = Server::start(&program, &upstream, &[], "warn,naftiko_runtime=info").await.expect("the server starts");
    naftiko_client::install_crypto_provider();
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let mcp = server.mcp.trim_end_matches("/mcp").to_owned();
    for (name, value, problem) in [
        ("id", json!("abc"), "must match `^[a-z]{2}\\d$`"),
        ("color", json!("blue"), "must be one of `red`, `a `b``"),
        ("page", json!(0), "must be at least 1"),
        ("page", json!(10), "must be at most 9"),
        ("since", json!("2026-2-1"), "must be of the format `date`"),
        ("owner", json!(""), "must have at least 1 characters"),
    ] {
        let mut arguments = json!({"id": "ab1"});
        arguments[name] = value.clone();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let query = if name == "id" { String::new() } else { format!("?{name}={}", text(&value)) };
        let answer = get(&http, format!("{}/things/{}{query}", server.rest, text(&arguments["id"]))).await;
        let wrong = json!([{"parameter": name, "detail": problem, "in": if name == "id" { "path" } else { "query" }}]);
        assert_eq!((&answer["status"], &answer["errors"]), (&json!(400), &wrong));
        let result = call(&http, &mcp, "list", arguments).await;
        assert!(result["isError"] == true && result.to_string().contains(name), "{result}");
        let reported = error_of(&result)["arguments"].to_string();
        assert!(reported.contains(&Value::from(problem).to_string()), "{reported}");
    }
    let good = json!({"id": "ab1", "color": "a `b`", "page": 9, "since": "2026-02-01", "owner": "x"});
    let sent = call(&http, &mcp, "list", good).await["structuredContent"]["target"].clone();
    assert_eq!(sent, "/things/ab1?color=a%20%60b%60&page=9&since=2026-02-01&owner=x");
    // A route may want less than what it calls takes.
    let shade = get(&http, format!("{}/coloured?shade=red", server.rest)).await;
    assert_eq!(shade["target"], "/things/ab1?color=red");
    let shade = get(&http, format!("{}/coloured?shade=a+%60b%60", server.rest)).await;
    assert_eq!(shade["errors"][0]["detail"], "must be one of `red`");
    let document = get(&http, format!("{}/openapi.json", server.rest)).await;
    let schema = &document["paths"]["/coloured"]["get"]["parameters"][0]["schema"];
    assert_eq!(*schema, json!({"type": "string", "enum": ["red"]}));
}
