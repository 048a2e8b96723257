//! The second capability, the versions of secrets, end to end: what arrives upstream, and who may read a value.

use naftiko_tests::tour::Tour;
use naftiko_tests::{World, error_of};
use reqwest::{Method, Response};
use scaleway_secret_manager_secret_versions::mcp::{HttpOptions, Policy};
use scaleway_secret_manager_secret_versions::{Call as _, Client, ErrorKind, RetryPolicy, mcp, rest};
use scaleway_simulator::{Fault, PROJECT_ID, Recorded, TOKEN};
use serde_json::{Value, json};

use crate::mcp::call_at;
use crate::tables;

/// `correct horse` in base64.
const VALUE: &str = "Y29ycmVjdCBob3JzZQ==";
const SECRETS: &str = "/secret-manager/v1beta1/regions/fr-par/secrets";
const READ: [bool; 3] = [true, false, true];
/// Reads a value, which can end an ephemeral version.
const ACCESS: [bool; 3] = [true, false, false];
const CREATE: [bool; 3] = [false, false, false];
const CHANGE: [bool; 3] = [false, false, true];
const DELETE: [bool; 3] = [false, true, true];

/// The three surfaces of the second capability, beside those of the first, in front of one simulator.
struct Versions {
    world: World,
    client: Client,
    rest: String,
    mcp: String,
}

impl Versions {
    async fn start() -> Self {
        Self::with(Policy::default(), RetryPolicy::none()).await
    }

    async fn with(policy: Policy, retry: RetryPolicy) -> Self {
        let world = World::start().await;
        let builder = Client::builder().base_uri(world.simulator.base_uri()).token(TOKEN).retry(retry);
        let client = builder.build().expect("the client is built");
        let tools = mcp::server(&client).with_policy(policy).router(HttpOptions::default());
        let rest = tables::serve(rest::router(&client).merge(tools)).await;
        Self { world, client, mcp: format!("{rest}/mcp"), rest }
    }

    /// A new secret, and how many versions are added to it.
    async fn secret(&self, versions: usize) -> String {
        let id = self.world.secret("held").await;
        for _ in 0..versions {
            self.world.upstream("POST", &format!("/fr-par/secrets/{id}/versions"), json!({"data": VALUE})).await;
        }
        self.world.simulator.take_requests();
        id
    }

    /// Calls a route; `target` follows the collection of secrets.
    async fn rest(&self, method: &str, target: &str, body: Option<&Value>) -> Response {
        let uri = format!("{}/v1{SECRETS}{target}", self.rest);
        let method: Method = method.parse().expect("a method");
        let request = self.world.http.request(method, uri);
        let request = if let Some(body) = body { request.json(body) } else { request };
        request.send().await.expect("the adapter responds")
    }

    /// Calls a tool.
    async fn mcp(&self, tool: &str, arguments: &Value) -> Value {
        call_at(&self.world.http, &self.mcp, tool, arguments).await
    }
}

/// One operation: its tool with the hints read-only, destructive and idempotent, and its request below the secrets.
struct Operation {
    tool: &'static str,
    hints: [bool; 3],
    method: &'static str,
    target: String,
    /// The arguments besides region, secret and revision.
    more: Value,
    status: u16,
}

/// All operations in the order of the capability file. They can be called in this order on a secret with one version.
fn operations(id: &str) -> [Operation; 9] {
    let operation = |tool, hints, method, target: &str, more, status| {
        let target = target.replace("ID", id);
        Operation { tool, hints, method, target, more, status }
    };
    let none = || json!({});
    let by_path = format!("-by-path/versions/latest/access?secret_path=%2F&secret_name=held&project_id={PROJECT_ID}");
    let names = json!({"secret_path": "/", "secret_name": "held", "project_id": PROJECT_ID});
    [
        operation(
            "list-secret-versions",
            READ,
            "GET",
            "/ID/versions?page=1&page_size=2&status=enabled&status=disabled",
            json!({"page": 1, "page_size": 2, "status": ["enabled", "disabled"]}),
            200,
        ),
        operation("create-secret-version", CREATE, "POST", "/ID/versions", json!({"body": {"data": VALUE}}), 200),
        operation("get-secret-version", READ, "GET", "/ID/versions/latest", none(), 200),
        operation(
            "update-secret-version",
            CHANGE,
            "PATCH",
            "/ID/versions/latest",
            json!({"body": {"description": ""}}),
            200,
        ),
        operation("delete-secret-version", DELETE, "DELETE", "/ID/versions/latest", none(), 204),
        operation("access-secret-version", ACCESS, "GET", "/ID/versions/latest/access", none(), 200),
        operation("disable-secret-version", CHANGE, "POST", "/ID/versions/latest/disable", json!({"body": {}}), 200),
        operation("enable-secret-version", CHANGE, "POST", "/ID/versions/latest/enable", json!({"body": {}}), 200),
        operation("access-secret-version-by-path", ACCESS, "GET", &by_path, names, 200),
    ]
}

fn check(operation: &Operation, request: &Recorded) {
    let tool = operation.tool;
    let body = operation.more.get("body").map(Value::to_string).unwrap_or_default();
    assert!(request.known_route, "{tool}: {}", request.target());
    assert_eq!(request.method, operation.method, "{tool}");
    assert_eq!(request.target(), format!("{SECRETS}{}", operation.target), "{tool}");
    assert_eq!(String::from_utf8_lossy(&request.body), body, "{tool}");
    assert_eq!(request.header("x-auth-token"), Some(TOKEN), "{tool}");
}

#[tokio::test]
async fn every_operation_on_versions_reaches_the_upstream_over_rest_and_mcp() {
    let versions = Versions::start().await;
    let of_rest = versions.secret(2).await;
    for operation in operations(&of_rest) {
        let response = versions.rest(operation.method, &operation.target, operation.more.get("body")).await;
        check(&operation, &versions.world.request());
        assert_eq!(response.status(), operation.status, "{}", operation.tool);
        // The deleted version is still the latest one.
        if operation.tool == "delete-secret-version" {
            restore(&versions, &of_rest).await;
        }
    }
    let versions = Versions::start().await;
    let of_mcp = versions.secret(2).await;
    for operation in operations(&of_mcp) {
        let mut arguments = json!({"region": "fr-par"});
        if !operation.tool.ends_with("by-path") {
            arguments["secret_id"] = of_mcp.as_str().into();
        }
        if operation.target.contains("/latest") {
            arguments["revision"] = "latest".into();
        }
        for (name, value) in operation.more.as_object().expect("an object") {
            arguments[name] = value.clone();
        }
        let result = versions.mcp(operation.tool, &arguments).await;
        assert_eq!(result["isError"], false, "{}: {result}", operation.tool);
        check(&operation, &versions.world.request());
        if operation.tool == "delete-secret-version" {
            restore(&versions, &of_mcp).await;
        }
    }
}

async fn restore(versions: &Versions, id: &str) {
    versions.world.upstream("POST", &format!("/fr-par/secrets/{id}/versions/latest/restore"), json!({})).await;
    versions.world.simulator.take_requests();
}

#[tokio::test]
async fn tools_for_versions_are_listed_with_their_hints() {
    let versions = Versions::start().await;
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let response = crate::mcp::post(&versions.world.http, &versions.mcp, &list).await;
    let response: Value = response.json().await.expect("it is JSON");
    let listed: Vec<_> = response["result"]["tools"]
        .as_array()
        .expect("there are tools")
        .iter()
        .map(|tool| {
            let hints = ["readOnlyHint", "destructiveHint", "idempotentHint"];
            (tool["name"].clone(), hints.map(|hint| tool["annotations"][hint] == true))
        })
        .collect();
    let expected: Vec<_> = operations("").iter().map(|it| (json!(it.tool), it.hints)).collect();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn values_pass_over_rest_and_are_masked_over_mcp_unless_revealed() {
    for (policy, shown) in [
        (Policy::default(), "***"),
        (Policy::default().reveal_secrets(["list-*"]), "***"),
        (Policy::default().reveal_secrets(["access-*"]), VALUE),
    ] {
        let versions = Versions::with(policy, RetryPolicy::none()).await;
        let id = versions.secret(1).await;
        let [.., by_path] = operations(&id);
        for target in [&format!("/{id}/versions/latest/access"), &by_path.target] {
            let response: Value = versions.rest("GET", target, None).await.json().await.expect("it is JSON");
            assert_eq!(response["data"], VALUE, "{target}");
        }
        let mut by_path = by_path.more;
        by_path["region"] = "fr-par".into();
        by_path["revision"] = "latest_enabled".into();
        let by_id = json!({"region": "fr-par", "secret_id": id, "revision": "1"});
        for (tool, arguments) in [("access-secret-version", by_id), ("access-secret-version-by-path", by_path)] {
            let result = versions.mcp(tool, &arguments).await;
            assert_eq!(result["structuredContent"]["data"], shown, "{result}");
            assert_eq!(result["structuredContent"]["secret_id"], id.as_str(), "{result}");
            assert_eq!(result.to_string().contains(VALUE), shown == VALUE, "{result}");
        }
        // What is sent is not shown either.
        let arguments = json!({"region": "fr-par", "secret_id": id, "body": {"data": VALUE}});
        let result = versions.mcp("create-secret-version", &arguments).await;
        assert!(result["isError"] == false && !result.to_string().contains(VALUE), "{result}");
    }
}

#[tokio::test]
async fn access_to_a_disabled_version_is_a_typed_error_on_all_surfaces() {
    let versions = Versions::start().await;
    let id = versions.secret(1).await;
    versions.client.disable_secret_version("fr-par", &id, "1", json!({})).send().await.expect("it is disabled");

    let error = versions.client.access_secret_version("fr-par", &id, "1").send().await.expect_err("it is disabled");
    assert!(matches!(error.kind(), ErrorKind::Status(status) if status.as_u16() == 412), "{error}");
    assert_eq!(error.upstream_type(), Some("precondition_failed"));
    let target = format!("/{id}/versions/1/access");
    let response = versions.rest("GET", &target, None).await;
    assert_eq!(response.status(), 412);
    let body: Value = response.json().await.expect("it is JSON");
    assert_eq!(body["precondition"], "resource_not_usable");
    let arguments = json!({"region": "fr-par", "secret_id": id, "revision": "1"});
    let result = versions.mcp("access-secret-version", &arguments).await;
    assert_eq!(result["isError"], true, "{result}");
    assert_eq!(error_of(&result)["body"]["precondition"], "resource_not_usable", "{result}");
    // Of the two aliases only one asks for a version that can be read.
    let enabled = versions.client.access_secret_version("fr-par", &id, "latest_enabled").send().await;
    assert_eq!(enabled.expect_err("no version is enabled").upstream_type(), Some("not_found"));
}

#[tokio::test]
async fn access_is_never_repeated() {
    let versions = Versions::with(Policy::default(), RetryPolicy::default()).await;
    let body = json!({
        "project_id": PROJECT_ID, "name": "once",
        "ephemeral_policy": {"expires_once_accessed": true, "action": "delete"},
    });
    let secret = versions.world.upstream("POST", "/fr-par/secrets", body).await;
    let id = secret["id"].as_str().expect("it has an id");
    versions.world.upstream("POST", &format!("/fr-par/secrets/{id}/versions"), json!({"data": VALUE})).await;
    versions.world.simulator.take_requests();
    versions.world.simulator.fault(Fault::status(503).on("GET", "/access"));
    versions.client.access_secret_version("fr-par", id, "1").send().await.expect_err("the upstream fails");
    assert_eq!(versions.world.request().method, "GET");
    versions.client.access_secret_version("fr-par", id, "1").send().await.expect("the value is still there");
    versions.client.access_secret_version("fr-par", id, "1").send().await.expect_err("it was read once");
}

#[tokio::test]
async fn versions_of_all_pages_are_listed() {
    let versions = Versions::start().await;
    let id = versions.secret(5).await;
    let list = versions.client.list_secret_versions("fr-par", &id).page_size(2);
    let items = list.items().into_vec().await.expect("all pages");
    assert_eq!(items.iter().map(|version| version.revision).collect::<Vec<_>>(), [5, 4, 3, 2, 1].map(Some));
    assert_eq!(versions.world.simulator.take_requests().len(), 3);
}

#[tokio::test]
async fn tours_end_as_they_should() {
    let versions = Versions::start().await;
    let upstream = versions.world.simulator.base_uri();
    for (tour, rest, mcp) in
        [(Tour::Secrets, &versions.world.rest, &versions.world.mcp), (Tour::Versions, &versions.rest, &versions.mcp)]
    {
        tour.take(&upstream, rest, mcp).await.expect("every step ends as it should");
        let lines = tour.examples(&upstream, rest, mcp).await.expect("there is something to show");
        assert!(lines.contains(&format!("curl -s {rest}/v1{SECRETS}")) && lines.contains(&**mcp), "{lines}");
    }
    assert_eq!(Tour::of("scaleway-secret-manager-secret-versions"), Some(Tour::Versions));
    assert_eq!(Tour::of("acme-orders"), None);
}

#[tokio::test]
async fn lists_of_tools_say_what_they_take_and_return_in_20_kilobytes_together() {
    let versions = Versions::start().await;
    let mut bytes = 0;
    for uri in [&versions.world.mcp, &versions.mcp] {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        let text = crate::mcp::post(&versions.world.http, uri, &message).await.text().await.expect("a body");
        bytes += text.len();
        let list: Value = serde_json::from_str(&text).expect("JSON");
        let tools = list["result"]["tools"].as_array().expect("a list");
        assert!(tools.iter().filter(|tool| tool["outputSchema"].is_object()).count() >= 7, "{text}");
        assert!(!text.contains("schema://"), "nothing is cut: {text}");
        // What another tool returns is not repeated, nor are its parts.
        let repeated = tools.iter().filter_map(|tool| tool["outputSchema"]["description"].as_str());
        assert!(repeated.filter(|text| text.starts_with("See ")).count() >= 5, "{text}");
        assert!(text.contains(r#""items":{"properties":{},"description":"See create-secret"#), "{text}");
    }
    assert!(bytes <= 20_000, "{bytes} bytes");
}
