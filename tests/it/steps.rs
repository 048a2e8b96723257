//! Steps that are taken for each element of a list, or under a condition.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use naftiko_client::ScriptRunners;
use naftiko_codegen::Sources;
use naftiko_mcp::Policy;
use serde_json::{Value, json};

use crate::tables::call;
use crate::values::served_under;

const SPEC: &str = "
naftiko: '0.5'
capability:
  consumes:
  - namespace: api
    baseUri: https://api.test
    resources:
    - {path: /list, operations: [{name: list, inputParameters: [{name: of, in: query}]}]}
    - {path: '/things/{id}', operations: [{name: thing, inputParameters: [{name: id, in: path, required: true}]}]}
    - {path: '/things/{id}', operations: [{name: drop, method: DELETE, inputParameters: [{name: id, in: path, required: true}]}]}
    - {path: /notes, operations: [{name: note, method: POST, body: {type: json, data: {text: '{{text}}'}}}]}
  exposes:
  - type: rest
    namespace: front
    resources:
    - path: /all
      operations:
      - inputParameters: [{name: of, in: query, type: string}]
        steps:
        - {name: list, type: call, call: api.list}
        - {name: each, type: call, call: api.thing, forEach: '{{list.items}}', with: {id: '{{item.id}}'}}
    - path: /mapped
      operations:
      - inputParameters: [{name: of, in: query, type: string}]
        steps:
        - {name: list, type: call, call: api.list}
        - {name: each, type: call, call: api.thing, forEach: '$.list.items', with: {id: 'a-{{item}}'}}
        mappings: [{target: names, value: '$.each[*].name'}, {target: count, value: '$.each.length()'}]
    - path: /drop
      operations:
      - method: POST
        inputParameters: [{name: ids, in: body, type: array}, {name: sure, in: query, type: string}]
        steps:
        - {name: each, type: call, call: api.drop, forEach: '{{ids}}', condition: '{{sure}}', with: {id: '{{item}}'}}
    - path: /noted
      operations:
      - method: POST
        inputParameters: [{name: of, in: query, type: string}]
        steps:
        - {name: list, type: call, call: api.list}
        - {name: note, type: call, call: api.note, condition: '{{list.flag}}', with: {text: 'of {{list.flag}}'}}
        - {name: again, type: call, call: api.note, condition: '{{note.method}}', with: {text: again}}
  - type: mcp
    namespace: desk
    tools:
    - name: all
      description: All things
      inputParameters: [{name: of, type: string, description: Of}]
      steps:
      - {name: list, type: call, call: api.list}
      - {name: each, type: call, call: api.thing, forEach: '{{list.items}}', with: {id: '{{item.id}}'}}
    - name: drop
      description: Drops things
      inputParameters: [{name: ids, type: array, description: Ids}, {name: sure, type: boolean, description: Sure, required: false}]
      steps:
      - {name: list, type: call, call: api.list, with: {of: few}}
      - {name: each, type: call, call: api.drop, forEach: '{{ids}}', condition: '{{sure}}', with: {id: '{{item}}'}}
      - {name: rest, type: call, call: api.drop, forEach: '{{list.items}}', condition: '{{list.flag}}', with: {id: '{{item.id}}'}}
";

/// An upstream that counts what it does at a time.
#[derive(Clone, Default)]
struct Upstream {
    targets: Arc<Mutex<Vec<String>>>,
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Upstream {
    fn router(&self) -> Router {
        let own = self.clone();
        Router::new().fallback(move |request| respond(own.clone(), request))
    }

    /// What has arrived since the last time.
    fn targets(&self) -> Vec<String> {
        std::mem::take(&mut self.targets.lock().expect("no one panicked"))
    }
}

async fn respond(upstream: Upstream, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    let target = parts.uri.path_and_query().expect("a target").to_string();
    let seen = format!("{} {target} {}", parts.method, String::from_utf8_lossy(&body));
    upstream.targets.lock().expect("no one panicked").push(seen.trim_end().to_owned());
    if let Some(of) = target.strip_prefix("/list") {
        return axum::Json(match of.strip_prefix("?of=").unwrap_or_default() {
            "few" => json!({"items": [{"id": 1}, {"id": "b"}, {"id": 3}], "flag": true}),
            "names" => json!({"items": [1, "b"], "flag": "false"}),
            "many" => json!({"items": (0..1001).collect::<Vec<_>>(), "flag": 0}),
            "ten" => json!({"items": (0..10).map(|id| json!({"id": id})).collect::<Vec<_>>(), "flag": {}}),
            "gap" => json!({"items": [{"id": 1}, {"no": 2}]}),
            "text" => json!({"items": "1,2", "flag": "yes"}),
            "null" => json!({"items": null, "flag": null}),
            _ => json!({}),
        })
        .into_response();
    }
    let now = upstream.running.fetch_add(1, Ordering::SeqCst) + 1;
    upstream.most.fetch_max(now, Ordering::SeqCst);
    // Later elements respond first.
    let id = target.rsplit('/').next().unwrap_or_default().to_owned();
    let wait = id.parse::<u64>().map_or(5, |id| 60_u64.saturating_sub(10 * id));
    tokio::time::sleep(Duration::from_millis(wait)).await;
    upstream.running.fetch_sub(1, Ordering::SeqCst);
    if id == "bad" {
        return (axum::http::StatusCode::NOT_FOUND, axum::Json(json!({"code": "none"}))).into_response();
    }
    axum::Json(json!({"method": parts.method.as_str(), "name": id, "password": "hush-hush"})).into_response()
}

async fn served(upstream: &Upstream, policy: Policy) -> String {
    let sources = Sources::from([("spec/cases/values.yaml".to_owned(), SPEC.to_owned())]);
    served_under(sources, upstream.router(), ScriptRunners::default(), policy).await
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

async fn get(uri: String) -> (u16, String) {
    let response = http().get(uri).send().await.expect("a response");
    (response.status().as_u16(), response.text().await.expect("text"))
}

async fn post(uri: String, body: Value) -> (u16, String) {
    let response = http().post(uri).json(&body).send().await.expect("a response");
    (response.status().as_u16(), response.text().await.expect("text"))
}

fn thing(name: &str) -> Value {
    json!({"method": "GET", "name": name, "password": "hush-hush"})
}

#[tokio::test]
async fn step_for_each_element_returns_the_list_of_responses_in_order() {
    let upstream = Upstream::default();
    let base = served(&upstream, Policy::default()).await;
    let (status, text) = get(format!("{base}/all?of=few")).await;
    let list: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((status, list), (200, json!([thing("1"), thing("b"), thing("3")])));
    assert_eq!(get(format!("{base}/mapped?of=names")).await, (200, r#"{"names":["a-1","a-b"],"count":2}"#.to_owned()));
    for none in ["null", "nothing"] {
        upstream.targets();
        assert_eq!(get(format!("{base}/all?of={none}")).await, (200, "[]".to_owned()), "{none}");
        assert_eq!(upstream.targets().len(), 1, "{none}");
    }
}

#[tokio::test]
async fn calls_for_elements_run_at_once_only_if_they_change_nothing() {
    let upstream = Upstream::default();
    let base = served(&upstream, Policy::default()).await;
    assert_eq!(get(format!("{base}/all?of=ten")).await.0, 200);
    assert_eq!(upstream.most.swap(0, Ordering::SeqCst), 4);
    upstream.targets();
    assert_eq!(post(format!("{base}/drop?sure=yes"), json!({"ids": [1, 2, "c", 4]})).await.0, 200);
    assert_eq!(upstream.most.load(Ordering::SeqCst), 1);
    let expected = ["DELETE /things/1", "DELETE /things/2", "DELETE /things/c", "DELETE /things/4"];
    assert_eq!(upstream.targets(), expected);
}

#[tokio::test]
async fn value_that_is_no_list_or_has_an_unusable_element_fails_the_step_and_nothing_is_sent() {
    let upstream = Upstream::default();
    let base = served(&upstream, Policy::default()).await;
    for (of, expected) in [
        ("text", "step `each`, thing: nothing was sent, `forEach` needs a list, and this is a text"),
        ("many", "this is a list of 1001 elements, which may have 1000 at most"),
        ("gap", "step `each`, element 2 of 2, thing: nothing was sent, an earlier step did not return what it needs"),
    ] {
        let (status, text) = get(format!("{base}/all?of={of}")).await;
        assert!(status == 502 && text.contains(expected), "{of}: {status} {text}");
        assert_eq!(upstream.targets(), [format!("GET /list?of={of}")]);
    }
    for ids in [json!([1, ".."]), json!((0..1001).collect::<Vec<_>>())] {
        let (status, text) = post(format!("{base}/drop?sure=1"), json!({ "ids": ids })).await;
        assert!((400..500).contains(&status) && upstream.targets().is_empty(), "{status} {text}");
    }
}

#[tokio::test]
async fn call_that_fails_ends_the_flow_and_the_error_says_for_which_element() {
    let upstream = Upstream::default();
    let base = served(&upstream, Policy::default()).await;
    let result = call(&http(), &base, "drop", json!({"ids": [1, "bad", 3], "sure": true})).await;
    assert_eq!(result["isError"], true, "{result}");
    assert!(
        result.to_string().contains("step `each`, element 2 of 3, drop: the upstream responded with 404"),
        "{result}"
    );
    assert_eq!(upstream.targets(), ["GET /list?of=few", "DELETE /things/1", "DELETE /things/bad"]);
    let (status, text) = post(format!("{base}/drop?sure=1"), json!({"ids": ["bad", 3]})).await;
    assert_eq!((status, text.as_str()), (404, r#"{"code":"none"}"#));
}

#[tokio::test]
async fn step_whose_condition_is_not_true_is_not_taken_and_has_no_output() {
    let upstream = Upstream::default();
    let base = served(&upstream, Policy::default()).await;
    for of in ["names", "many", "ten", "null", "nothing"] {
        let (status, text) = post(format!("{base}/noted?of={of}"), json!(null)).await;
        assert_eq!(upstream.targets(), [format!("GET /list?of={of}")], "{of}");
        assert!(status == 200 && text.starts_with('{') && !text.contains("method"), "{of}: {status} {text}");
    }
    let (status, text) = post(format!("{base}/noted?of=few"), json!(null)).await;
    assert!(status == 200 && text.contains("POST"), "{text}");
    let notes = [r#"POST /notes {"text":"of true"}"#, r#"POST /notes {"text":"again"}"#];
    assert_eq!(upstream.targets(), ["GET /list?of=few", notes[0], notes[1]]);
    for not in ["", "?sure=false", "?sure="] {
        let (status, text) = post(format!("{base}/drop{not}"), json!({"ids": [1]})).await;
        assert_eq!((status, text.as_str()), (200, "{}"), "{not}");
        assert!(upstream.targets().is_empty(), "{not}");
    }
}

#[tokio::test]
async fn secrets_of_every_element_are_masked() {
    let base = served(&Upstream::default(), Policy::default()).await;
    let result = call(&http(), &base, "all", json!({"of": "few"})).await;
    assert!(!result.to_string().contains("hush-hush"), "{result}");
    let text = result["content"][0]["text"].as_str().expect("text");
    let list: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(list[2], json!({"method": "GET", "name": "3", "password": "***"}), "{result}");
}

#[tokio::test]
async fn dry_run_shows_each_request_that_is_known_and_says_what_is_not() {
    let upstream = Upstream::default();
    let base = served(&upstream, Policy::default().dry_run()).await;
    let plan = call(&http(), &base, "all", json!({"of": "few"})).await;
    let steps = &plan["structuredContent"]["dryRun"]["steps"];
    let later = json!({"step": "each", "method": "GET", "path": "/things/{id}", "forEach": true});
    assert_eq!((&steps[0]["step"], &steps[1]), (&json!("list"), &later), "{plan}");
    let text = plan["content"][0]["text"].as_str().expect("text");
    assert!(text.contains("step each: GET /things/{id} for each element of a list, where names in braces"), "{text}");
    let plan = call(&http(), &base, "drop", json!({"ids": [1, "b"], "sure": true})).await;
    let steps = plan["structuredContent"]["dryRun"]["steps"].as_array().expect("steps").clone();
    let urls: Vec<_> = steps.iter().filter_map(|step| step["url"].as_str()?.rsplit('/').next()).collect();
    assert_eq!(urls, ["list?of=few", "1", "b"], "{plan}");
    let last =
        json!({"step": "rest", "method": "DELETE", "path": "/things/{id}", "forEach": true, "conditional": true});
    assert_eq!(steps.last(), Some(&last), "{plan}");
    let plan = call(&http(), &base, "drop", json!({"ids": [1, "b"]})).await;
    let steps = plan["structuredContent"]["dryRun"]["steps"].as_array().expect("steps").clone();
    assert_eq!(steps.len(), 2, "what the caller switches off is not in the plan: {plan}");
    assert!(upstream.targets().is_empty());
}
