//! Values that a specification fixes reach the upstream as they are written, and documents that cannot be mapped are no
//! results.

use axum::Router;
use axum::http::Request;
use naftiko_client::__private::Connection;
use naftiko_client::schema::{Adapter, Capability};
use naftiko_client::{ClientBuilder, ScriptRunners};
use naftiko_codegen::{Sources, compile_tables};
use naftiko_mcp::{HttpOptions, Policy, Server};
use serde_json::{Value, json};

use naftiko_serve::echo;

use crate::tables::{call, serve};

/// Serves a specification, compiled in memory, in front of an upstream.
async fn served(text: &str, upstream: Router) -> String {
    let sources = Sources::from([("spec/cases/values.yaml".to_owned(), text.to_owned())]);
    served_with(sources, upstream, ScriptRunners::default()).await
}

/// The same for a specification with files, and with what runs its scripts.
pub(crate) async fn served_with(sources: Sources, upstream: Router, runners: ScriptRunners) -> String {
    served_under(sources, upstream, runners, Policy::default()).await
}

/// The same with what an operator lets callers do.
pub(crate) async fn served_under(sources: Sources, upstream: Router, runners: ScriptRunners, policy: Policy) -> String {
    naftiko_client::install_crypto_provider();
    let (tables, _) = compile_tables(&sources, "spec/cases/values.yaml", "cases-values").unwrap_or_else(|found| {
        panic!("{}", found.render(&sources, false));
    });
    let upstream = serve(upstream).await;
    let capability: &'static Capability = Box::leak(Box::new(tables.capability));
    let builder = ClientBuilder::<Connection>::new(capability).base_uri(&upstream).script_runners(runners);
    let connection = builder.build().expect("a connection");
    let mut application = Router::new();
    let adapters: &'static [Adapter] = tables.adapters.leak();
    for adapter in adapters {
        match adapter {
            Adapter::Rest(rest) => application = application.merge(naftiko_rest::router(rest, &connection)),
            Adapter::Mcp(mcp) => {
                application = application
                    .merge(Server::new(mcp, &connection).with_policy(policy.clone()).router(HttpOptions::default()));
            }
            Adapter::Skill(_) | Adapter::Control(_) => {}
        }
    }
    serve(application).await
}

fn case(name: &str) -> String {
    std::fs::read_to_string(xtask::root().join(format!("tests/cases/ok/{name}.yaml"))).expect("the case is there")
}

#[tokio::test]
async fn fixed_values_arrive_as_they_are_written() {
    let base = served(&case("values-as-they-are-written"), Router::new().fallback(echo::respond)).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let post = async |path: &str| {
        let response = http.post(format!("{base}{path}")).send().await.expect("a response");
        let text = response.text().await.expect("text");
        serde_json::from_str::<Value>(&text).expect(&text)
    };
    for (path, expected) in [
        (
            "/texts",
            r#"{"version":"1.10","flag":"True","digits":"1234567890123456789012345678901234567890","hex":"0x10","count":5,"price":0.1000,"large":18446744073709551616,"on":true,"list":[1.10,-9223372036854775809,true]}"#,
        ),
        ("/inputs", r#"{"text":"1.10","number":2.50,"any":"True"}"#),
        ("/with", r#"{"text":"1.10","number":2.50,"any":{"a":[1.10,-0]}}"#),
        (
            "/json-text",
            r#"{"b":0.1000,"a":[1e2,12345678901234567890123456789,-0],"x":"1.10","y":18446744073709551616,"B":{"b":1.0}}"#,
        ),
        ("/template", r#"{"version":1.10,"merged":{"more":1.50,"version":1.10,"flag":true},"x":true}"#),
        ("/form", "version=1.10&flag=True&hex=0x10&x=1.10"),
        ("/text", "1.10"),
        ("/true-text", "true"),
        ("/pair", "v1.10"),
    ] {
        let echoed = post(path).await;
        assert_eq!(echoed["body"], expected, "{path}: {echoed}");
        let target = echoed["target"].as_str().expect("a target").to_owned();
        match path {
            "/texts" => {
                assert_eq!(target, "/things?version=1.10&flag=True&on=true&hex=16&many=1.10&many=True&many=0x10");
                assert!(echoed["headers"].to_string().contains(r#"["x-version","1.10"]"#), "{echoed}");
            }
            "/inputs" => assert_eq!(target, "/things?tags=1.10&tags=True"),
            "/with" => assert_eq!(target, "/things?q=True&tags=1.10&tags=True"),
            _ => assert_eq!(target, "/things"),
        }
    }
    let outputs = http.post(format!("{base}/outputs")).send().await.expect("a response").text().await.expect("text");
    assert!(outputs.starts_with(r#"{"version":"1.10","flag":"True","price":0.1"#), "{outputs}");
}

#[tokio::test]
async fn allowed_texts_are_those_that_are_written() {
    let base = served(&case("values-as-they-are-written"), Router::new().fallback(echo::respond)).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    for text in ["1.0", "1.10", "True", "null", "0x10", "plain"] {
        let sent = call(&http, &base, "take", json!({"text": text, "number": 1, "any": null, "q": "1.0"})).await;
        let body = sent["structuredContent"]["body"].as_str().expect("a body").to_owned();
        assert!(body.contains(&format!("\"text\":\"{text}\"")), "{body}");
    }
    for arguments in [json!({"text": "1.1"}), json!({"text": "true"}), json!({"text": 1.10}), json!({"q": "1"})] {
        let result = call(&http, &base, "take", arguments.clone()).await;
        assert_eq!(result["isError"], true, "{arguments}: {result}");
    }
}

const MAPPED: &str = "
naftiko: 1.0.0-alpha2
capability:
  consumes:
  - namespace: api
    baseUri: https://api.test
    resources:
    - {path: '/boats/{kind}', operations: [{name: boat, inputParameters: [{name: kind, in: path}]}]}
    - {path: /image, operations: [{name: image, outputRawFormat: binary}]}
    - {path: /echo, operations: [{name: find, inputParameters: [{name: tags, in: query}]}]}
    - {path: /echo, operations: [{name: tell, method: POST, body: '{\"t\": \"{{t}}\"}'}]}
    - {path: /echo, operations: [{name: post, method: POST, body: '{{whole}}'}]}
  exposes:
  - type: rest
    namespace: front
    resources:
    - {path: '/mapped/{kind}', operations: [{call: api.boat, outputParameters: [&boat {type: object, properties: {id: {mapping: $.id}}}]}]}
    - {path: '/text/{kind}', operations: [{call: api.boat, outputParameters: [{name: text, mapping: $}]}]}
    - {path: /image, operations: [{call: api.image, outputParameters: [{type: string, mapping: $.a}]}]}
    - {path: /both, operations: [{call: api.boat, with: {kind: json}, outputParameters: [{name: id, mapping: $.id, const: 9}]}]}
    - {path: /tags, operations: [{call: api.find, inputParameters: [{name: tags, in: query, type: array}]}]}
    - path: /whole
      operations:
      - method: POST
        call: api.post
        inputParameters: [{name: whole, in: body, type: object}, {name: a, in: body, type: string}]
  - type: mcp
    namespace: desk
    tools:
    - {name: mapped, description: Maps, call: api.boat, outputParameters: [*boat]}
    - name: tell
      description: Tells
      inputParameters: [{name: list, type: array, required: false}, {name: map, type: object, required: false}]
      call: api.tell
      with: {t: '{{list}}'}
";

async fn boats(request: Request<axum::body::Body>) -> axum::response::Response {
    let (media_type, body): (&str, &[u8]) = match request.uri().path() {
        "/boats/hello" => ("text/plain", b"hello"),
        "/boats/text" => ("text/plain; charset=utf-8", b"{\"id\": 7}"),
        "/boats/json" => ("application/json", b"{\"id\": 7}"),
        "/boats/quoted" => ("application/json", b"\"hello\""),
        "/image" => ("image/png", b"\x89PNG\xff"),
        _ => return echo::respond(request).await,
    };
    axum::response::Response::builder().header("content-type", media_type).body(body.into()).expect("a response")
}

#[tokio::test]
async fn text_that_cannot_be_mapped_is_a_failure_of_the_upstream() {
    let base = served(MAPPED, Router::new().fallback(boats)).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let get = async |path: &str| {
        let response = http.get(format!("{base}{path}")).send().await.expect("a response");
        (response.status().as_u16(), response.text().await.expect("text"))
    };
    assert_eq!(get("/mapped/hello").await.0, 502);
    assert_eq!(get("/mapped/text").await, (200, r#"{"id":7}"#.to_owned()));
    assert_eq!(get("/mapped/json").await, (200, r#"{"id":7}"#.to_owned()));
    assert_eq!(get("/mapped/quoted").await.0, 502, "JSON of another shape");
    assert_eq!(get("/text/hello").await, (200, r#"{"text":"hello"}"#.to_owned()), "the whole text can be mapped");
    assert_eq!(get("/both").await, (200, r#"{"id":7}"#.to_owned()), "the mapping counts");
    let result = call(&http, &base, "mapped", json!({"kind": "hello"})).await;
    assert!(!result.to_string().contains(r#"{"id":null}"#), "{result}");
}

#[tokio::test]
async fn binary_responses_are_passed_on_whatever_is_mapped() {
    let base = served(MAPPED, Router::new().fallback(boats)).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let response = http.get(format!("{base}/image")).send().await.expect("a response");
    assert_eq!(response.headers()["content-type"], "image/png");
    assert_eq!(response.bytes().await.expect("bytes").as_ref(), b"\x89PNG\xff");
}

#[tokio::test]
async fn lists_reach_parameters_without_a_type() {
    let base = served(MAPPED, Router::new().fallback(boats)).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let echoed: Value =
        http.get(format!("{base}/tags?tags=a&tags=b")).send().await.expect("a response").json().await.expect("JSON");
    assert_eq!(echoed["target"], "/echo?tags=a&tags=b");
    let echoed = call(&http, &base, "tell", json!({"list": ["a", 1, null]})).await;
    assert_eq!(echoed["structuredContent"]["body"], r#"{"t":"[\"a\",1,null]"}"#, "{echoed}");
}

#[tokio::test]
async fn placeholder_that_is_the_body_takes_the_whole_body() {
    let base = served(MAPPED, Router::new().fallback(boats)).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let body = r#"{"a": "x", "n": 1.10}"#;
    let request = http.post(format!("{base}/whole")).header("content-type", "application/json").body(body);
    let echoed: Value = request.send().await.expect("a response").json().await.expect("JSON");
    assert_eq!(echoed["body"], body, "{echoed}");
}
