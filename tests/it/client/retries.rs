//! When calls are repeated, and when not. Time stands still here but for what the client waits for.

use std::sync::Arc;
use std::time::Duration;

use naftiko_client::__private::Connection;
use naftiko_client::schema::{Api, Capability, Method, Operation, OperationId, PathPart, RetrySafety, text};
use naftiko_client::testing::{Script, ScriptedResponse};
use naftiko_client::{BoxFuture, TransportError};
use scaleway_secret_manager_secrets::{
    Attempt, Call as _, Client, ClientBuilder, ErrorKind, RawBody, RetryPolicy, Transport,
};
use scaleway_simulator::{Fault, PROJECT_ID, Simulator, TOKEN};
use serde_json::json;
use tokio::time::Instant;

use super::{new_secret, scripted};

const SECOND: Duration = Duration::from_secs(1);

fn ok() -> ScriptedResponse {
    ScriptedResponse::json(200, json!({}))
}

fn times(count: usize, answer: &ScriptedResponse) -> Vec<ScriptedResponse> {
    vec![answer.clone(); count]
}

/// How often an operation is sent when its first attempts end like this, and whether it succeeds in the end.
async fn sent(tool: &str, answer: ScriptedResponse) -> (usize, bool) {
    let script = Script::new([answer, ok()]);
    let arguments = naftiko_tests::Operation::of(tool).arguments("some");
    let outcome = super::call(&scripted(&script).build().expect("the client is built"), tool, &arguments).await;
    (script.requests().len(), outcome.is_ok())
}

#[tokio::test(start_paused = true)]
async fn default_retry_recovers_from_transient_failures() {
    for failure in [ScriptedResponse::unreachable(), ScriptedResponse::broken(), ok().breaks_off()] {
        assert_eq!(sent("get-metadata-using-secret-s-id", failure.clone()).await, (2, true), "{failure:?}");
    }
    for status in [408, 429, 502, 503, 504] {
        assert_eq!(
            sent("get-metadata-using-secret-s-id", ScriptedResponse::status(status)).await,
            (2, true),
            "{status}"
        );
    }
    for status in [400, 401, 404, 409, 412, 500, 501] {
        assert_eq!(
            sent("get-metadata-using-secret-s-id", ScriptedResponse::status(status)).await,
            (1, false),
            "{status}"
        );
    }
    let script = Script::new(times(5, &ScriptedResponse::status(503)));
    let client = scripted(&script).build().expect("the client is built");
    let error = client.get_secret("fr-par", "some").send().await.expect_err("it never gets better");
    assert_eq!((script.requests().len(), error.attempts()), (3, 3));
    assert!(error.to_string().contains("after 3 attempts"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn only_idempotent_calls_are_retried() {
    // By the hints of the capability: a PATCH that is idempotent, and POSTs that are not.
    for tool in ["list-secrets", "update-metadata-secret", "delete-secret"] {
        for failure in [ScriptedResponse::status(503), ScriptedResponse::broken()] {
            assert_eq!(sent(tool, failure).await, (2, true), "{tool}");
        }
    }
    for tool in ["create-secret", "enable-secret-protection", "restore-version"] {
        for failure in [
            ScriptedResponse::status(503),
            ScriptedResponse::status(408),
            ScriptedResponse::broken(),
            ok().breaks_off(),
        ] {
            assert_eq!(
                sent(tool, failure.clone()).await,
                (1, false),
                "{tool}: the upstream may have acted: {failure:?}"
            );
        }
        for failure in [ScriptedResponse::status(429), ScriptedResponse::unreachable()] {
            assert_eq!(sent(tool, failure.clone()).await, (2, true), "{tool}: it cannot have acted: {failure:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn call_can_override_retry_safety() {
    let script = Script::new([ScriptedResponse::status(503), ok()]);
    let client = scripted(&script).build().expect("the client is built");
    let create = client.create_secret("fr-par", new_secret()).retry(RetryPolicy::default().idempotent(true));
    create.send().await.expect("it is repeated");
    for policy in [RetryPolicy::none(), RetryPolicy::default().idempotent(false)] {
        script.push(ScriptedResponse::status(503));
        let error = client.get_secret("fr-par", "some").retry(policy).send().await.expect_err("it is not repeated");
        assert_eq!(error.attempts(), 1);
    }
    assert_eq!(script.requests().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn error_reports_whether_upstream_may_have_processed_the_call() {
    // The answer of the first DELETE is lost, and the second one finds nothing.
    let script = Script::new([ScriptedResponse::broken(), ScriptedResponse::status(404)]);
    let client = scripted(&script).build().expect("the client is built");
    let error = client.delete_secret("fr-par", "some").send().await.expect_err("it is gone");
    assert_eq!((error.status().map(|s| s.as_u16()), error.may_have_acted()), (Some(404), true));
    for (answer, acted) in [
        (ScriptedResponse::status(404), false),
        (ScriptedResponse::status(503), true),
        (ScriptedResponse::broken(), true),
        (ScriptedResponse::unreachable(), false),
        (ScriptedResponse::status(429), false),
        (ok().breaks_off(), true),
    ] {
        let script = Script::new([answer.clone()]);
        let client = scripted(&script).retry(RetryPolicy::none()).build().expect("the client is built");
        let error = client.create_secret("fr-par", new_secret()).send().await.expect_err("a failure");
        assert_eq!(error.may_have_acted(), acted, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn api_error_with_missing_body_is_retried_within_deadline() {
    struct Stalling(Script);
    impl Transport for Stalling {
        fn send<'a>(
            &'a self,
            request: reqwest::Request,
            attempt: &'a Attempt<'_>,
        ) -> BoxFuture<'a, Result<reqwest::Response, TransportError>> {
            Box::pin(async move {
                if attempt.number() > 1 {
                    return self.0.send(request, attempt).await;
                }
                let body = futures_util::stream::pending::<Result<&str, std::io::Error>>();
                let mut answer = naftiko_client::http::Response::new(reqwest::Body::wrap_stream(body));
                *answer.status_mut() = reqwest::StatusCode::SERVICE_UNAVAILABLE;
                Ok(answer.into())
            })
        }
    }
    let client = Client::builder().token(TOKEN).transport(Arc::new(Stalling(Script::new([ok()]))));
    let client = client.timeout(5 * SECOND).build().expect("the client is built");
    let start = Instant::now();
    client.get_secret("fr-par", "some").send().await.expect("there is time for another attempt");
    assert!(start.elapsed() < 3 * SECOND, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn state_changing_get_is_never_retried() {
    static CAPABILITY: Capability =
        Capability::new("one-time", "", "").apis(const { &[Api::new("a").base_uri("https://api.test")] });
    static TAKE: Operation = Operation::new(OperationId(0), "take", Method::Get, RetrySafety::Never)
        .path(const { &[PathPart::Literal(text("/take"))] });
    for failure in [
        ScriptedResponse::status(503),
        ScriptedResponse::status(429),
        ScriptedResponse::broken(),
        ScriptedResponse::unreachable(),
    ] {
        let script = Script::new([failure.clone()]);
        let builder = ClientBuilder::<Connection>::new(&CAPABILITY).transport(script.clone());
        let connection = builder.build().expect("the connection is made");
        connection.request(&TAKE).send().await.expect_err("it is not repeated");
        assert_eq!(script.requests().len(), 1, "{failure:?}");
    }
    // No policy for all calls changes that; one for this call does.
    for idempotent in [true, false] {
        let script = Script::new([ScriptedResponse::status(429)]);
        let builder = ClientBuilder::<Connection>::new(&CAPABILITY).transport(script.clone());
        let builder = builder.retry(RetryPolicy::default().idempotent(idempotent));
        let connection = builder.build().expect("the connection is made");
        connection.request(&TAKE).send().await.expect_err("it is not repeated");
        assert_eq!(script.requests().len(), 1, "{idempotent}");
        script.push(ScriptedResponse::status(429));
        script.push(ok());
        let own = connection.request(&TAKE).retry(RetryPolicy::default().idempotent(idempotent));
        assert_eq!(own.send().await.is_ok(), idempotent);
    }
}

/// How long a call takes whose first attempt is answered like this.
async fn pause(answer: ScriptedResponse) -> Duration {
    let script = Script::new([answer, ok()]);
    let client = scripted(&script).build().expect("the client is built");
    let start = Instant::now();
    client.get_secret("fr-par", "some").send().await.expect("the second attempt succeeds");
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_in_seconds_and_as_date() {
    let limited = || ScriptedResponse::status(429).header("x-envoy-ratelimited", "true");
    assert!(pause(limited()).await <= SECOND / 5, "without the header the pause is the usual one");
    // The pause is a little longer than asked for, so that not everybody comes back at once.
    let fits = |pause: Duration, asked: Duration| pause >= asked && pause <= asked + SECOND / 5 + SECOND / 100;
    let seconds = pause(limited().header("retry-after", "7")).await;
    assert!(fits(seconds, 7 * SECOND), "{seconds:?}");
    let dated = |date: &str, after: &str| limited().header("date", date).header("retry-after", after);
    let date = pause(dated("Wed, 25 Nov 2026 12:00:00 GMT", "Wed, 25 Nov 2026 12:00:09 GMT")).await;
    assert!(fits(date, 9 * SECOND), "{date:?}");
    let past = pause(dated("Wed, 25 Nov 2026 12:00:00 GMT", "Tue, 24 Nov 2026 12:00:00 GMT")).await;
    assert!(fits(past, Duration::ZERO), "{past:?}");
    let strange = pause(limited().header("retry-after", "soon")).await;
    assert!(strange <= SECOND / 5, "what is not understood is as if it were not there: {strange:?}");
    for long in ["3600", "18446744073709551615", "99999999999999999999"] {
        let script = Script::new([limited().header("retry-after", long), ok()]);
        let client = scripted(&script).build().expect("the client is built");
        let error =
            client.get_secret("fr-par", "some").send().await.expect_err("the wait is longer than the call may take");
        assert_eq!((script.requests().len(), error.attempts()), (1, 1), "{long}");
        assert!(error.retry_after() >= Some(3600 * SECOND), "{long}: {:?}", error.retry_after());
    }
}

#[tokio::test(start_paused = true)]
async fn backoff_has_jitter_and_a_cap() {
    let mut pauses = std::collections::BTreeSet::new();
    for _ in 0..40 {
        pauses.insert(pause(ScriptedResponse::status(503)).await);
    }
    assert!(pauses.len() > 10, "pauses are random: {pauses:?}");
    assert!(pauses.last().is_some_and(|longest| *longest <= SECOND / 5), "{pauses:?}");
    let script = Script::new(times(10, &ScriptedResponse::status(503)));
    let policy = RetryPolicy::default().attempts(10).base_delay(SECOND).max_delay(2 * SECOND);
    let client = scripted(&script).retry(policy).build().expect("the client is built");
    let start = Instant::now();
    client.get_secret("fr-par", "some").send().await.expect_err("it never gets better");
    assert!(
        start.elapsed() <= 17 * SECOND + SECOND / 10,
        "one pause up to 1 s, eight up to 2 s: {:?}",
        start.elapsed()
    );
    assert_eq!(script.requests().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn call_deadline_ends_attempts_and_backoff() {
    // A pause that would outlast the call is not begun.
    let script = Script::new([ScriptedResponse::status(503).header("retry-after", "60"), ok()]);
    let client = scripted(&script).timeout(5 * SECOND).build().expect("the client is built");
    let start = Instant::now();
    let error = client.get_secret("fr-par", "some").send().await.expect_err("a minute is too long");
    assert_eq!((start.elapsed(), script.requests().len()), (Duration::ZERO, 1));
    assert_eq!(error.retry_after(), Some(60 * SECOND), "the caller may wait that long");
    // An attempt that hangs is cut off, and so is one that begins late.
    let script = Script::new([ScriptedResponse::status(503).header("retry-after", "3"), ok().delay(60 * SECOND)]);
    let client = scripted(&script).timeout(5 * SECOND).build().expect("the client is built");
    let start = Instant::now();
    let error = client.get_secret("fr-par", "some").send().await.expect_err("five seconds pass");
    assert_eq!(error.kind(), &ErrorKind::Timeout);
    assert_eq!(start.elapsed().as_millis() / 10, 500);
}

#[tokio::test(start_paused = true)]
async fn attempt_timeout_and_call_deadline_are_independent() {
    let script = Script::new([ok().delay(60 * SECOND), ok()]);
    let client = scripted(&script).attempt_timeout(2 * SECOND).build().expect("the client is built");
    let start = Instant::now();
    client.get_secret("fr-par", "some").send().await.expect("the second attempt is fast");
    assert!(start.elapsed() >= 2 * SECOND && start.elapsed() <= 3 * SECOND, "{:?}", start.elapsed());
    script.push(ok().delay(60 * SECOND));
    let start = Instant::now();
    let call = client.create_secret("fr-par", new_secret()).attempt_timeout(3 * SECOND);
    let error = call.send().await.expect_err("what is not idempotent has one attempt");
    assert_eq!((error.kind(), start.elapsed().as_secs()), (&ErrorKind::Timeout, 3));
    script.push(ok().delay(60 * SECOND));
    let start = Instant::now();
    let call = client.get_secret("fr-par", "some").timeout(SECOND);
    call.send().await.expect_err("the call's own time is over");
    assert_eq!(start.elapsed().as_secs(), 1);
    // A time that no clock can show is no reason to fail.
    script.push(ok());
    client.get_secret("fr-par", "some").timeout(Duration::MAX).send().await.expect("there is time enough");
}

#[tokio::test(start_paused = true)]
async fn retry_budget_limits_retries_under_load() {
    let script = Script::new(times(4, &ScriptedResponse::status(503)));
    let client = scripted(&script).retry_budget(2).build().expect("the client is built");
    let other = client.clone();
    client.get_secret("fr-par", "some").send().await.expect_err("it takes both retries");
    let error = other.get_secret("fr-par", "some").send().await.expect_err("nothing is left, for clones neither");
    assert_eq!((script.requests().len(), error.attempts()), (4, 1));
    for _ in 0..10 {
        script.push(ok());
        client.get_secret("fr-par", "some").send().await.expect("a success");
    }
    script.push(ScriptedResponse::status(503));
    script.push(ok());
    client.get_secret("fr-par", "some").send().await.expect("ten successes have earned a retry");
    assert_eq!(script.remaining(), 0);
}

#[tokio::test(start_paused = true)]
async fn consumed_body_is_not_retried() {
    let script = Script::new([ScriptedResponse::status(429)]);
    let client = scripted(&script).build().expect("the client is built");
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>("{"), Ok("}")]);
    let body = RawBody::stream("application/json", chunks);
    let error = client.create_secret("fr-par", body).send().await.expect_err("the stream was read");
    assert_eq!(error.attempts(), 1);
    assert_eq!(script.requests()[0].body, "{}");
    let script = Script::new([ScriptedResponse::status(429), ok()]);
    let client = scripted(&script).build().expect("the client is built");
    client.create_secret("fr-par", RawBody::text("again")).send().await.expect("bytes can be sent twice");
    assert!(script.requests().iter().all(|request| request.body == "again"));
}

/// No time is paused here, as sockets are real; nothing waits either.
#[tokio::test]
async fn post_processed_before_503_is_not_retried() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let client = Client::builder().base_uri(simulator.base_uri()).token(TOKEN).build().expect("the client is built");
    simulator.fault(Fault::status(503).json(json!({"message": "upstream request timeout"})).after_effect());
    let body = json!({"project_id": PROJECT_ID, "name": "once"});
    let error = client.create_secret("fr-par", body).send().await.expect_err("the answer is a 503");
    assert_eq!((error.attempts(), error.is_transient()), (1, true));
    assert_eq!(simulator.take_requests().len(), 1);
    let list = client
        .list_secrets("fr-par")
        .scheduled_for_deletion(false)
        .project_id(PROJECT_ID)
        .send()
        .await
        .expect("the list is answered");
    assert_eq!(list.body().total_count, Some(1), "it was stored, once");
}
