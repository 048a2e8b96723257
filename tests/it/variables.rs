//! Variables in what callers do not send: under `with`, in fixed inputs and in mocks.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{StatusCode, Uri};
use naftiko_client::__private::Connection;
use naftiko_client::schema::{Adapter, Capability};
use naftiko_client::{BoxError, BoxFuture, ClientBuilder, TokenProvider};
use naftiko_codegen::{Sources, compile_tables};
use naftiko_mcp::{HttpOptions, Policy, Server};
use naftiko_serve::echo;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::tables::{call, serve};

const SPEC: &str = "
naftiko: 1.0.0-alpha2
binds: [{namespace: own, keys: {TENANT: TENANT, COUNT: COUNT}}]
capability:
  consumes:
  - namespace: api
    baseUri: https://api.test
    resources:
    - path: /find
      operations:
      - {name: find, inputParameters: [{name: q, in: query}, {name: count, in: query, type: integer}]}
      - {name: keep, method: POST, body: {type: json, data: {of: '{{of}}', count: '{{count}}'}}}
  exposes:
  - type: mcp
    namespace: desk
    tools:
    - name: find
      description: Finds
      inputParameters: [{name: word, type: string, description: A word}, {name: count, type: integer, value: '{{COUNT}}'}]
      call: api.find
      with: {q: 'a-{{TENANT}}-{{desk.word}}', count: '{{desk.count}}'}
    - name: keep
      description: Keeps
      inputParameters: [{name: word, type: string, description: A word}]
      steps:
      - {name: find, type: call, call: api.find, with: {q: '{{own.TENANT}}', count: '{{COUNT}}'}}
      - {name: keep, type: call, call: api.keep, condition: '{{COUNT}}', with: {of: '{{TENANT}}/{{word}}', count: '{{find.total}}'}}
    - name: pass
      description: Passes on
      inputParameters: [{name: word, type: string, description: A word}, {name: count, type: integer, value: '{{COUNT}}'}]
      steps:
      - {name: find, type: call, call: api.find, with: {q: '{{word}}', count: '{{count}}'}}
    - name: each
      description: Finds each
      inputParameters: [{name: word, type: string, description: A word}]
      steps:
      - {name: find, type: call, call: api.find, forEach: ['{{COUNT}}'], with: {q: '{{word}}', count: '{{item}}'}}
    - name: each-input
      description: Finds each
      inputParameters: [{name: word, type: string, description: A word}, {name: count, type: integer, value: '{{COUNT}}'}]
      steps:
      - {name: find, type: call, call: api.find, forEach: ['{{count}}'], with: {q: '{{word}}', count: '{{item}}'}}
    - name: mock
      description: Answers
      inputParameters: [{name: word, type: string, description: A word}]
      outputParameters: [{type: object, properties: [{name: of, type: string, value: '{{TENANT}} {{word}}'}]}]
";
const TENANT: &str = "tenant-of-secrets";

/// A value that changes each time.
struct Counting(AtomicU32);

impl TokenProvider for Counting {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        Box::pin(async move { Ok(count.to_string().into()) })
    }
}

/// A number that is the next one as soon as an upstream refuses it.
#[derive(Default)]
struct Renewed(AtomicU32);

impl TokenProvider for Renewed {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        let count = self.0.load(Ordering::Relaxed) + 1;
        Box::pin(async move { Ok(count.to_string().into()) })
    }

    fn refused<'a>(&'a self, token: &'a SecretString) -> BoxFuture<'a, bool> {
        let next = token.expose_secret().parse().expect("a number");
        Box::pin(async move { self.0.fetch_max(next, Ordering::Relaxed) < next })
    }
}

/// The MCP server of the capability. Without a count, it is one more each time.
async fn served(upstream: Router, policy: Policy, count: Option<&str>) -> String {
    served_with(upstream, policy, |builder| match count {
        Some(count) => builder.variable("COUNT", count),
        None => builder.variable_provider("COUNT", Counting(0.into())),
    })
    .await
}

type Builder = ClientBuilder<Connection>;

async fn served_with(upstream: Router, policy: Policy, counted: impl FnOnce(Builder) -> Builder) -> String {
    naftiko_client::install_crypto_provider();
    let sources = Sources::from([("spec/cases/variables.yaml".to_owned(), SPEC.to_owned())]);
    let (tables, _) = compile_tables(&sources, "spec/cases/variables.yaml", "variables")
        .unwrap_or_else(|found| panic!("{}", found.render(&sources, false)));
    let upstream = serve(upstream).await;
    let capability: &'static Capability = Box::leak(Box::new(tables.capability));
    let builder = ClientBuilder::<Connection>::new(capability).base_uri(&upstream).variable("TENANT", TENANT);
    let connection = counted(builder).build().expect("a connection");
    let adapters: &'static [Adapter] = tables.adapters.leak();
    let [Adapter::Mcp(mcp)] = adapters else { panic!("one adapter") };
    serve(Server::new(mcp, &connection).with_policy(policy).router(HttpOptions::default())).await
}

async fn called(base: &str, tool: &str) -> String {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    call(&http, base, tool, json!({"word": "x"})).await.to_string()
}

fn echoing() -> Router {
    Router::new().fallback(echo::respond)
}

#[tokio::test]
async fn dry_run_of_arguments_from_variables_shows_placeholders() {
    let base = served(echoing(), Policy::default().dry_run(), Some("90817263")).await;
    let find = called(&base, "find").await;
    assert!(find.contains("/find?q=a-REDACTED-x&count=REDACTED"), "{find}");
    let keep = called(&base, "keep").await;
    assert!(keep.contains("/find?q=REDACTED&count=REDACTED") && keep.contains("condition"), "{keep}");
    let mock = called(&base, "mock").await;
    for shown in [find, keep, mock] {
        assert!(!shown.contains(TENANT) && !shown.contains("90817263"), "{shown}");
    }
}

#[tokio::test]
async fn upstream_error_that_repeats_a_variable_is_redacted() {
    let upstream = Router::new().fallback(async |uri: Uri| (StatusCode::BAD_REQUEST, uri.to_string()));
    let base = served(upstream, Policy::default(), Some("90817263")).await;
    for tool in ["find", "keep"] {
        let result = called(&base, tool).await;
        assert!(result.contains("[redacted]") && !result.contains(TENANT), "{result}");
    }
}

#[tokio::test]
async fn variable_that_its_parameter_does_not_take_is_reported_without_its_value() {
    let base = served(echoing(), Policy::default(), Some("a-dozen-of-them")).await;
    for tool in ["find", "keep"] {
        let result = called(&base, tool).await;
        assert!(result.contains("count") && !result.contains("a-dozen"), "{result}");
    }
}

#[tokio::test]
async fn variable_of_a_provider_is_asked_for_at_each_call() {
    let base = served(echoing(), Policy::default().reveal_secrets(["*"]), None).await;
    for count in ["1", "2"] {
        let result = called(&base, "find").await;
        assert!(result.contains(&format!("/find?q=a-{TENANT}-x&count={count}")), "{result}");
    }
    let mock = called(&base, "mock").await;
    assert!(mock.contains(&format!("{TENANT} x")), "{mock}");
}

/// An upstream that refuses the count 1, with the counts that it was sent.
fn refusing() -> (Router, Arc<Mutex<Vec<String>>>) {
    let counts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&counts);
    let upstream = Router::new().fallback(async move |uri: Uri| {
        let count = uri.query().and_then(|query| query.rsplit_once("count=")).map_or("", |(_, count)| count).to_owned();
        let status = if count == "1" { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
        seen.lock().expect("no panic").push(count);
        (status, "{\"total\": 5}")
    });
    (upstream, counts)
}

#[tokio::test]
async fn refused_variable_in_arguments_is_sent_with_its_new_value() {
    let twice = ["find", "pass", "each", "each-input"].map(|tool| (tool, &["1", "2"][..]));
    for (tool, sent) in twice.into_iter().chain([("keep", &["1", "2", ""][..])]) {
        let (upstream, counts) = refusing();
        let base =
            served_with(upstream, Policy::default(), |builder| builder.variable_provider("COUNT", Renewed::default()))
                .await;
        let result = called(&base, tool).await;
        assert!(result.contains("total"), "{result}");
        assert_eq!(*counts.lock().expect("no panic"), sent, "{tool}");
    }
}

#[tokio::test]
async fn refused_variable_without_a_new_value_is_sent_once() {
    let (upstream, counts) = refusing();
    let base = served(upstream, Policy::default(), Some("1")).await;
    let result = called(&base, "find").await;
    assert!(result.contains("401"), "{result}");
    assert_eq!(*counts.lock().expect("no panic"), ["1"]);
}
