//! Where an application reaches into a client: hooks, transports, its own client of reqwest, addresses, spans.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use naftiko_client::testing::{Script, ScriptedResponse};
use naftiko_tests::{World, process};
use scaleway_secret_manager_secrets::{Call as _, Client, ErrorKind, RetryPolicy};
use scaleway_simulator::{Fault, Simulator, TOKEN};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::scripted;
use super::spans::Spans;

#[tokio::test(start_paused = true)]
async fn interceptors_run_around_every_attempt() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (before, after) = (Arc::clone(&seen), Arc::clone(&seen));
    let script = Script::new([
        ScriptedResponse::status(503),
        ScriptedResponse::broken(),
        ScriptedResponse::json(200, json!({})),
    ]);
    let client = scripted(&script)
        .before(move |attempt, headers| {
            headers.insert("x-trace", attempt.number().into());
            // A credential cannot be seen, and what takes its place is replaced.
            assert!(!headers.contains_key("x-auth-token"));
            headers.insert("x-auth-token", "mine".parse().expect("a value"));
            let (name, namespace) = (attempt.operation(), attempt.namespace());
            let text = format!("{name} {namespace} {} {}", attempt.method(), attempt.is_idempotent());
            before.lock().expect("no panic").push(text);
        })
        .after(move |attempt, outcome| {
            let (status, failed) = (outcome.status.map(|s| s.as_u16()), outcome.error.map(|e| e.kind().name()));
            after.lock().expect("no panic").push(format!("{} {status:?} {failed:?}", attempt.number()));
        });
    let client = client.build().expect("the client is built");
    client.get_secret("fr-par", "some").send().await.expect("the third attempt succeeds");
    let call = "getsecret secret-manager-secrets GET true".to_owned();
    let expected = [
        call.clone(),
        "1 Some(503) Some(\"status\")".to_owned(),
        call.clone(),
        "2 None Some(\"transport\")".to_owned(),
        call,
        "3 Some(200) None".to_owned(),
    ];
    assert_eq!(*seen.lock().expect("no panic"), expected);
    let sent: Vec<_> = script.requests().iter().map(|r| r.header("x-trace").map(str::to_owned)).collect();
    assert_eq!(sent, ["1", "2", "3"].map(|number| Some(number.to_owned())));
    assert!(script.requests().iter().all(|request| request.header("x-auth-token") == Some("[redacted]")));
}

#[tokio::test(start_paused = true)]
async fn after_interceptor_runs_once_per_before_interceptor() {
    let counts = Arc::new(Mutex::new((0_i32, Vec::new())));
    let (before, after) = (Arc::clone(&counts), Arc::clone(&counts));
    let script = Script::new([
        ScriptedResponse::json(200, json!({})).delay(Duration::from_secs(60)),
        ScriptedResponse::status(404),
    ]);
    let client = scripted(&script)
        .before(move |_, headers| {
            headers.insert("host", "evil.test".parse().expect("a value"));
            before.lock().expect("no panic").0 += 1;
        })
        .after(move |_, outcome| {
            let mut counts = after.lock().expect("no panic");
            counts.0 -= 1;
            counts.1.push(outcome.error.map(|error| (error.kind().name(), error.attempts())));
        });
    let client = client.build().expect("the client is built");
    let call = client.get_secret("fr-par", "some").send();
    tokio::time::timeout(Duration::from_secs(1), call).await.expect_err("it is given up");
    client.get_secret("fr-par", "some").send().await.expect_err("an API error");
    client.get_secret("fr-par", "..").send().await.expect_err("it is not sent");
    assert_eq!(*counts.lock().expect("no panic"), (0, vec![Some(("cancelled", 1)), Some(("status", 1))]));
    assert!(script.requests().iter().all(|request| request.header("host").is_none()));
}

#[tokio::test]
async fn enclosing_span_of_the_application_is_unchanged() {
    let spans = Spans::default();
    let guard = spans.watch_without_the_client();
    let around = tracing::info_span!(target: "naftiko_runtime_test", "around", http.response.status_code = tracing::field::Empty);
    let script = Script::new([ScriptedResponse::json(201, json!({}))]);
    let client = scripted(&script).build().expect("the client is built");
    tracing::Instrument::instrument(client.get_secret("fr-par", "some").send(), around).await.expect("a success");
    drop(guard);
    let spans = spans.take();
    assert!(spans.len() == 1 && spans[0].is_empty(), "{spans:?}");
}

#[tokio::test]
async fn custom_reqwest_client_is_used() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let http = http.default_headers([(reqwest::header::DNT, "1".parse().expect("a value"))].into_iter().collect());
    let builder = Client::builder().base_uri(simulator.base_uri()).token(TOKEN);
    let client = builder.http_client(http.build().expect("reqwest works")).build().expect("the client is built");
    let world = World::around(simulator, client).await;
    let id = world.secret("own").await;
    world.client.get_secret("fr-par", &id).send().await.expect("a secret");
    let request = world.request();
    assert_eq!((request.header("dnt"), request.header("x-auth-token")), (Some("1"), Some(TOKEN)));
    let agent = request.header("user-agent").unwrap_or_default();
    assert!(agent.starts_with("scaleway-secret-manager-secrets/"), "{agent}");
}

#[tokio::test]
async fn response_after_redirect_is_an_error() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    simulator.fault(Fault::redirect(&format!("{}/elsewhere", simulator.base_uri())));
    let builder = Client::builder().base_uri(simulator.base_uri()).token(TOKEN);
    let client = builder.http_client(reqwest::Client::new()).build().expect("the client is built");
    let error = client.get_secret("fr-par", "some").send().await.expect_err("the redirect was followed");
    assert_eq!((error.kind(), error.attempts()), (&ErrorKind::Redirected, 1));
    assert!(error.to_string().contains("Policy::none"), "{error}");
}

#[tokio::test]
async fn call_headers_are_added_except_reserved_ones() {
    let script = Script::new([ScriptedResponse::json(200, json!({}))]);
    let client = scripted(&script).user_agent("my-app/1.0").build().expect("the client is built");
    let call = client.get_secret("fr-par", "some").header("x-correlation", "7").header("x-auth-token", "mine");
    call.send().await.expect("a success");
    let request = &script.requests()[0];
    assert_eq!((request.header("x-correlation"), request.header("x-auth-token")), (Some("7"), Some("[redacted]")));
    let agent = request.header("user-agent").unwrap_or_default();
    assert!(agent.starts_with("my-app/1.0 scaleway-secret-manager-secrets/"), "{agent}");
    for (name, value) in [
        ("host", "evil.test"),
        ("Content-Length", "0"),
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("x-a", "b\r\nx-c: d"),
        ("not a name", "x"),
    ] {
        let error = client.get_secret("fr-par", "some").header(name, value).send().await.expect_err(name);
        assert!(matches!(error.kind(), ErrorKind::Arguments(violations) if violations[0].parameter == name), "{error}");
    }
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn user_agent_that_is_no_valid_header_value_is_rejected() {
    Client::builder().token(TOKEN).user_agent("line\nbreak").build().expect_err("it has a line break");
}

#[tokio::test]
async fn tracing_spans_follow_opentelemetry_conventions() {
    let spans = Spans::default();
    let guard = spans.watch();
    let script = Script::new([ScriptedResponse::status(503), ScriptedResponse::json(200, json!({}))]);
    let retry = RetryPolicy::default().base_delay(Duration::ZERO);
    let client = scripted(&script).retry(retry).build().expect("the client is built");
    client
        .list_secrets("fr-par")
        .scheduled_for_deletion(false)
        .name("a-private-name")
        .send()
        .await
        .expect("the second attempt succeeds");
    drop(guard);
    let spans = spans.take();
    assert_eq!(spans.len(), 2, "one for each attempt: {spans:?}");
    let template = "/secret-manager/v1beta1/regions/{region}/secrets";
    for (name, value) in [
        ("otel.name", format!("GET {template}")),
        ("otel.kind", "client".to_owned()),
        ("http.request.method", "GET".to_owned()),
        ("url.template", template.to_owned()),
        ("server.address", "api.scaleway.com".to_owned()),
        ("server.port", "443".to_owned()),
        ("naftiko.operation", "listsecrets".to_owned()),
    ] {
        assert!(spans.iter().all(|span| span.get(name) == Some(&value)), "{name}: {spans:?}");
    }
    let field = |index: usize, name: &str| spans[index].get(name).map(String::as_str);
    assert_eq!((field(0, "http.response.status_code"), field(0, "error.type")), (Some("503"), Some("503")));
    assert_eq!((field(1, "http.response.status_code"), field(1, "error.type")), (Some("200"), None));
    assert_eq!((field(0, "http.request.resend_count"), field(1, "http.request.resend_count")), (None, Some("1")));
    let text = format!("{spans:?}");
    assert!(!text.contains("a-private-name") && !text.contains(TOKEN), "{text}");
}

/// The environment of this process is shared by all tests, so another process is asked.
#[tokio::test]
async fn base_url_can_come_from_environment() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let lines = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25",
            "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list-secrets",
            "arguments": {"region": "fr-par", "scheduled_for_deletion": false}}}),
    ];
    let mut command = process::command(&naftiko_tests::server_binary(), &["mcp"]);
    command.env("SCALEWAY_SECRET_MANAGER_SECRETS_BASE_URI", simulator.base_uri());
    let mut child = command.spawn().expect("the binary starts");
    let mut input = child.stdin.take().expect("it is piped");
    for line in lines {
        input.write_all(format!("{line}\n").as_bytes()).await.expect("it reads");
    }
    let mut output = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    for _ in 0..2 {
        let line = tokio::time::timeout(process::PATIENCE, output.next_line()).await.expect("it answers");
        line.expect("it is text").expect("it goes on");
    }
    assert_eq!(simulator.requests().len(), 1);
}

/// Signs the length of the body, where it sees the credential of the capability.
struct LengthSigner;

impl naftiko_client::Signer for LengthSigner {
    fn sign<'s>(
        &'s self,
        request: &'s mut naftiko_client::reqwest::Request,
        attempt: &'s naftiko_client::Attempt<'_>,
    ) -> naftiko_client::BoxFuture<'s, Result<(), naftiko_client::BoxError>> {
        Box::pin(async move {
            let body = request.body().and_then(naftiko_client::reqwest::Body::as_bytes).ok_or("a body is needed")?;
            let credential = request.headers().contains_key("x-auth-token");
            let signature = format!("{} {} {credential}", attempt.number(), body.len());
            request.headers_mut().insert("x-signature", signature.parse()?);
            Ok(())
        })
    }
}

#[tokio::test(start_paused = true)]
async fn signer_runs_last_for_every_attempt_and_its_failure_sends_nothing() {
    let script = Script::new([ScriptedResponse::status(429), ScriptedResponse::json(200, json!({}))]);
    let client = scripted(&script).signer(LengthSigner).build().expect("the client is built");
    client.create_secret("fr-par", json!({"name": "n"})).unchecked().send().await.expect("the second attempt succeeds");
    let requests = script.requests();
    let signatures: Vec<_> = requests.iter().map(|request| request.header("x-signature")).collect();
    assert_eq!(signatures, [Some("1 12 true"), Some("2 12 true")]);

    let error = client.get_secret("fr-par", "some").send().await.expect_err("there is no body to sign");
    assert!(matches!(error.kind(), ErrorKind::Token), "{error}");
    assert_eq!(script.requests().len(), 2, "nothing was sent");
}
