//! What users of the API go through, as stories. The behaviour behind them is that of the real service.

use std::collections::BTreeSet;
use std::time::Duration;

use naftiko_tests::{World, error_of};
use scaleway_secret_manager_secrets::{Client, ConfigError, ErrorKind, RetryPolicy};
use scaleway_simulator::{EXPIRED_TOKEN, Fault, PROJECT_ID, Simulator, TOKEN};
use serde_json::{Value, json};

use crate::hostile::{Outcome, SURFACES, Surface};

const LIST: &str = "list-secrets";
const CREATE: &str = "create-secret";
const GET: &str = "get-metadata-using-secret-s-id";
const UPDATE: &str = "update-metadata-secret";
const DELETE: &str = "delete-secret";
const PROTECT: &str = "enable-secret-protection";
const UNPROTECT: &str = "disable-secret-protection";
const RESTORE: &str = "restore-secret";

/// A caller that uses one surface and works in one region.
struct Caller<'a> {
    world: &'a World,
    surface: Surface,
    region: &'a str,
}

impl<'a> Caller<'a> {
    fn all(world: &'a World) -> [Self; 3] {
        SURFACES.map(|surface| Self { world, surface, region: "fr-par" })
    }

    /// Calls a tool; the result may be an error.
    async fn call(&self, tool: &str, mut arguments: Value) -> Outcome {
        arguments["region"] = self.region.into();
        self.surface.call(self.world, tool, arguments.as_object().expect("an object")).await
    }

    /// Calls a tool that must succeed.
    async fn done(&self, tool: &str, arguments: Value) -> Value {
        let outcome = self.call(tool, arguments).await;
        assert!(outcome.status.is_some_and(|status| status < 300), "{:?} {tool}: {outcome:?}", self.surface);
        outcome.body
    }

    /// Calls a tool that the upstream must refuse with this status.
    async fn refused(&self, tool: &str, arguments: Value, status: u16) -> Value {
        let outcome = self.call(tool, arguments).await;
        assert_eq!(outcome.status, Some(status), "{:?} {tool}: {outcome:?}", self.surface);
        outcome.body
    }

    /// Creates a secret; gives its id.
    async fn create(&self, name: &str) -> String {
        let secret = self.done(CREATE, json!({"body": {"project_id": PROJECT_ID, "name": name}})).await;
        secret["id"].as_str().expect("a secret has an id").to_owned()
    }

    /// Lists the live secrets that fit a filter.
    async fn list(&self, mut filter: Value) -> Value {
        filter["project_id"] = PROJECT_ID.into();
        filter["scheduled_for_deletion"] = false.into();
        self.done(LIST, filter).await
    }

    /// The names of the live secrets that fit a filter.
    async fn names(&self, filter: Value) -> Vec<String> {
        names(&self.list(filter).await)
    }
}

fn names(list: &Value) -> Vec<String> {
    let secrets = list["secrets"].as_array().expect("a list has secrets").iter();
    secrets.filter_map(|secret| secret["name"].as_str()).map(str::to_owned).collect()
}

#[tokio::test]
async fn scenario_01_secret_is_created_deleted_and_restored() {
    let world = World::start().await;
    for caller in Caller::all(&world) {
        let body = json!({"project_id": PROJECT_ID, "name": "life", "tags": ["a", "b"], "description": "long"});
        let created = caller.done(CREATE, json!({"body": body})).await;
        let id = json!({"secret_id": created["id"]});
        assert_eq!(caller.done(GET, id.clone()).await, created);
        let clear = json!({"secret_id": created["id"], "body": {"tags": [], "description": ""}});
        let updated = caller.done(UPDATE, clear).await;
        assert_eq!((&updated["tags"], &updated["description"]), (&json!([]), &json!("")));
        assert_eq!(caller.done(DELETE, id.clone()).await, Value::Null);
        let deleted = caller.done(GET, id.clone()).await;
        assert!(deleted["deletion_requested_at"].is_string(), "a deleted secret stays readable: {deleted}");
        let restored = caller.done(RESTORE, id.clone()).await;
        assert_eq!(restored["deletion_requested_at"], Value::Null);
        assert_eq!(caller.done(GET, id.clone()).await, restored);
        caller.done(DELETE, id).await;
    }
}

#[tokio::test]
async fn scenario_02_paging_ends_when_a_secret_disappears() {
    let world = World::start().await;
    let mut ids = Vec::new();
    for number in 0..105 {
        ids.push(world.secret(&format!("s{number:03}")).await);
    }
    for (index, caller) in Caller::all(&world).iter().enumerate() {
        let mut seen = BTreeSet::new();
        let mut pages = 0;
        loop {
            pages += 1;
            let list = caller.list(json!({"page": pages, "page_size": 50})).await;
            let names = names(&list);
            if names.is_empty() {
                assert_eq!(list["total_count"], 104 - index, "the total is real on a page past the end");
                break;
            }
            assert!(pages < 4, "{:?} does not end", caller.surface);
            seen.extend(names);
            if pages == 1 {
                world.upstream("DELETE", &format!("/fr-par/secrets/{}", ids[index]), json!({})).await;
            }
        }
        // The secret that moved to a page that was read already may be missed.
        assert!(seen.len() >= 104 - index, "{:?}: {} secrets", caller.surface, seen.len());
    }
}

#[tokio::test]
async fn scenario_03_secrets_are_found_by_odd_tags() {
    let world = World::start().await;
    let tags = json!(["a&b=c", "d é"]);
    let body = json!({"project_id": PROJECT_ID, "name": "tagged", "tags": tags});
    world.upstream("POST", "/fr-par/secrets", body).await;
    world.upstream("POST", "/fr-par/secrets", json!({"project_id": PROJECT_ID, "name": "plain", "tags": ["a"]})).await;
    for caller in Caller::all(&world) {
        assert_eq!(caller.names(json!({"tags": tags})).await, ["tagged"], "{:?}", caller.surface);
        assert_eq!(caller.names(json!({"tags": ["d é"]})).await, ["tagged"], "{:?}", caller.surface);
        assert_eq!(caller.names(json!({"tags": []})).await, ["plain", "tagged"], "{:?}", caller.surface);
    }
}

#[tokio::test]
async fn scenario_04_secrets_are_found_by_path_and_name() {
    let world = World::start().await;
    for (name, path) in [("db.user-1", "/a/b"), ("db.user-1", "/a"), ("other", "/a/b")] {
        let body = json!({"project_id": PROJECT_ID, "name": name, "path": path});
        world.upstream("POST", "/fr-par/secrets", body).await;
    }
    for caller in Caller::all(&world) {
        let both = caller.names(json!({"path": "/a/b", "name": "db.user-1"})).await;
        assert_eq!(both, ["db.user-1"], "{:?}", caller.surface);
        assert_eq!(caller.names(json!({"path": "/a/b"})).await, ["db.user-1", "other"], "{:?}", caller.surface);
    }
}

#[tokio::test]
async fn scenario_05_an_id_cannot_leave_its_segment() {
    let world = World::start().await;
    for caller in Caller::all(&world) {
        let outcome = caller.call(DELETE, json!({"secret_id": "a/b"})).await;
        assert!(outcome.status.is_some_and(|status| (400..500).contains(&status)), "{outcome:?}");
        assert!(world.request().path.ends_with("/fr-par/secrets/a%2Fb"), "{outcome:?}");
        assert!(caller.call(DELETE, json!({"secret_id": "../x"})).await.refused);
        assert!(world.simulator.requests().is_empty(), "nothing is sent");
        // Over REST this id takes a client that does not resolve it; such clients have tests of their own.
        if caller.surface != Surface::Rest {
            assert!(caller.call(DELETE, json!({"secret_id": "%2e%2e"})).await.refused);
            assert!(world.simulator.requests().is_empty(), "nothing is sent");
        }
    }
}

#[tokio::test]
async fn scenario_06_a_duplicate_name_is_explained() {
    let world = World::start().await;
    world.secret("taken").await;
    for caller in Caller::all(&world) {
        let body = json!({"project_id": PROJECT_ID, "name": "taken"});
        let error = caller.refused(CREATE, json!({"body": body}), 400).await;
        assert_eq!(error["type"], "invalid_arguments", "{error}");
        let detail = &error["details"][0];
        assert_eq!((&detail["argument_name"], &detail["reason"]), (&json!("name"), &json!("format")), "{error}");
        assert_eq!(detail["help_message"], "cannot have same secret name in same path");
    }
}

#[tokio::test]
async fn scenario_07_protection_and_deletion_refuse_with_different_preconditions() {
    let world = World::start().await;
    for caller in Caller::all(&world) {
        let id = json!({"secret_id": caller.create("guarded").await});
        assert_eq!(caller.done(PROTECT, id.clone()).await["protected"], true);
        let error = caller.refused(DELETE, id.clone(), 412).await;
        assert_eq!(error["precondition"], "protected_resource");
        assert_eq!(caller.done(UNPROTECT, id.clone()).await["protected"], false);
        caller.done(DELETE, id.clone()).await;
        let error = caller.refused(DELETE, id, 412).await;
        assert_eq!(error["precondition"], "resource_not_usable");
    }
}

#[tokio::test]
async fn scenario_08_rate_limit_is_retried_without_duplicates() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let builder = Client::builder().base_uri(simulator.base_uri()).token(TOKEN);
    let retry = RetryPolicy::default().attempts(3).base_delay(Duration::from_millis(1));
    let world = World::around(simulator, builder.retry(retry).build().expect("the client is built")).await;
    let id = world.secret("limited").await;
    for caller in Caller::all(&world) {
        let named =
            |name: &str| json!({"body": {"project_id": PROJECT_ID, "name": format!("{name}-{:?}", caller.surface)}});
        for (tool, arguments) in [(GET, json!({"secret_id": id})), (CREATE, named("patient"))] {
            world.simulator.fault(Fault::rate_limited().times(2));
            caller.done(tool, arguments).await;
            assert_eq!(world.simulator.take_requests().len(), 3, "{:?} {tool}", caller.surface);
        }
        world.simulator.fault(Fault::rate_limited().times(u32::MAX));
        assert_eq!(caller.refused(GET, json!({"secret_id": id}), 429).await, Value::Null);
        assert_eq!(caller.refused(CREATE, named("never"), 429).await, Value::Null);
        assert_eq!(world.simulator.take_requests().len(), 6, "{:?}: three requests for each call", caller.surface);
        world.simulator.clear_faults();
        let made = [format!("patient-{:?}", caller.surface)];
        let names = caller.names(json!({})).await;
        assert_eq!(names.iter().filter(|name| **name == made[0]).count(), 1, "{names:?}");
        assert!(!names.iter().any(|name| name.starts_with("never")), "{names:?}");
        world.simulator.take_requests();
    }
}

#[tokio::test]
async fn scenario_09_create_that_failed_late_is_not_retried() {
    let world = World::start().await;
    for (caller, name) in Caller::all(&world).iter().zip(["one", "two", "three"]) {
        let late = json!({"message": "upstream request timeout"});
        world.simulator.fault(Fault::status(503).json(late.clone()).after_effect());
        let body = json!({"body": {"project_id": PROJECT_ID, "name": name}});
        assert_eq!(caller.refused(CREATE, body.clone(), 503).await, late);
        assert_eq!(world.request().method, "POST");
        let error = caller.refused(CREATE, body, 400).await;
        assert_eq!(error["details"][0]["argument_name"], "name", "the secret is there: {error}");
        world.simulator.take_requests();
    }
}

#[tokio::test]
async fn scenario_10_a_wrong_token_is_denied_and_never_shown() {
    let missing = Client::builder().build().expect_err("there is no token");
    assert!(matches!(missing, ConfigError::MissingVariables { .. }), "{missing}");
    for (token, reason) in [(EXPIRED_TOKEN, "expired"), ("7e57ab1e-0000-4000-8000-0000000000ff", "not_found")] {
        let world = World::with_token(token).await;
        for caller in Caller::all(&world) {
            let outcome = caller.call(GET, json!({"secret_id": "some"})).await;
            assert_eq!(outcome.status, Some(401), "{outcome:?}");
            assert_eq!(outcome.body["reason"], reason, "{outcome:?}");
            assert!(!outcome.seen.contains(token), "{:?} shows the token", caller.surface);
        }
    }
}

#[tokio::test]
async fn scenario_11_unknown_values_and_fields_pass_through() {
    let world = World::start().await;
    let id = world.secret("future").await;
    world.simulator.add_unknown_field(true);
    world.simulator.override_field("fr-par", &id, "status", json!("hibernating"));
    world.simulator.override_field("fr-par", &id, "version_count", json!(18_446_744_073_709_551_615_u64));
    for caller in Caller::all(&world) {
        let secret = caller.done(GET, json!({"secret_id": id})).await;
        assert_eq!(secret["status"], "hibernating", "{:?}", caller.surface);
        assert_eq!(secret["version_count"], u64::MAX, "{:?}", caller.surface);
        assert_eq!(secret["field_added_later"], json!({"kind": "new", "values": [1, null]}), "{:?}", caller.surface);
    }
}

#[tokio::test]
async fn scenario_12_broken_responses_are_typed_errors_with_request_id() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let builder = Client::builder()
        .base_uri(simulator.base_uri())
        .token(TOKEN)
        .retry(RetryPolicy::none())
        .timeout(Duration::from_millis(150));
    let world = World::around(simulator, builder.build().expect("the client is built")).await;
    let bad_gateway = ErrorKind::Status(reqwest::StatusCode::BAD_GATEWAY);
    // The fault, the kind of error, whether an answer began, and the status over REST.
    for (fault, kind, began, rest) in [
        (Fault::slow(Duration::from_secs(60)), ErrorKind::Timeout, false, 504),
        (Fault::reset(), ErrorKind::Transport, false, 502),
        (Fault::truncated(), ErrorKind::Transport, true, 502),
        (Fault::malformed_json(), ErrorKind::Decode, true, 200),
        (Fault::html(502), bad_gateway, true, 502),
    ] {
        let fault = fault.header("x-request-id", "the-id").times(3);
        world.simulator.fault(fault);
        let error = world.client.get_secret("fr-par", "some").send().await.expect_err("the answer is broken");
        assert_eq!(error.kind(), &kind);
        assert_eq!(error.request_id(), began.then_some("the-id"), "{kind:?}");
        let answer = world.http.get(format!("{}/some", world.secrets("fr-par"))).send().await.expect("an answer");
        assert_eq!(answer.status(), rest, "{kind:?}");
        let arguments = json!({"region": "fr-par", "secret_id": "some"});
        let result = crate::mcp::call_at(&world.http, &world.mcp, GET, &arguments).await;
        assert_eq!(result["isError"], true, "{kind:?}: {result}");
        let id = began.then_some("the-id");
        assert_eq!(error_of(&result)["requestId"].as_str(), id, "{kind:?}: {result}");
        assert_eq!(world.simulator.take_requests().len(), 3, "{kind:?}: one request for each call");
    }
}

#[tokio::test]
async fn scenario_13_a_tool_call_without_body_sends_an_empty_object() {
    let world = World::start().await;
    let id = world.secret("bodiless").await;
    let arguments = json!({"region": "fr-par", "secret_id": id});
    let result = crate::mcp::call_at(&world.http, &world.mcp, PROTECT, &arguments).await;
    assert_eq!(result["structuredContent"]["protected"], true, "{result}");
    let request = world.request();
    assert_eq!((request.body.as_slice(), request.header("content-type")), (&b"{}"[..], Some("application/json")));
}

#[tokio::test]
async fn scenario_14_a_route_with_a_hyphenated_placeholder_reaches_its_secret() {
    let world = World::start().await;
    let id = world.secret("hyphenated").await;
    for (method, suffix) in [("GET", ""), ("POST", "/protect"), ("POST", "/unprotect"), ("DELETE", "")] {
        let uri = format!("{}/{id}{suffix}", world.secrets("fr-par"));
        let answer = world.http.request(method.parse().expect("a method"), uri).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{method} {suffix}: {}", answer.status());
        let request = world.request();
        assert!(request.known_route && request.path.ends_with(&format!("/secrets/{id}{suffix}")), "{request:?}");
    }
}

#[tokio::test]
async fn scenario_15_regions_are_isolated() {
    for surface in SURFACES {
        let world = World::start().await;
        let [paris, amsterdam] = ["fr-par", "nl-ams"].map(|region| Caller { world: &world, surface, region });
        let (here, there) = (paris.create("same").await, amsterdam.create("same").await);
        assert_ne!(here, there, "{surface:?}");
        assert_eq!(paris.done(GET, json!({"secret_id": here})).await["region"], "fr-par", "{surface:?}");
        paris.refused(GET, json!({"secret_id": there}), 404).await;
        amsterdam.done(DELETE, json!({"secret_id": there})).await;
        assert_eq!(paris.names(json!({})).await, ["same"], "{surface:?}");
        assert_eq!(amsterdam.names(json!({})).await, Vec::<String>::new(), "{surface:?}");
    }
}
