//! Redirects of the upstream: which are followed, and what goes along.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use naftiko_client::testing::{Script, ScriptedResponse};
use naftiko_client::{Attempt, BoxError, BoxFuture, Signer, reqwest};
use scaleway_secret_manager_secrets::{Call as _, ErrorKind, RetryPolicy};
use scaleway_simulator::TOKEN;
use serde_json::json;
use tokio::time::Instant;

use super::scripted;

const ORIGIN: &str = "https://api.scaleway.com";
const PATH: &str = "/secret-manager/v1beta1/regions/fr-par/secrets/some";

fn to(status: u16, location: &str) -> ScriptedResponse {
    ScriptedResponse::status(status).header("location", location)
}

fn ok() -> ScriptedResponse {
    ScriptedResponse::json(200, json!({"id": "found"}))
}

/// The targets of the requests that a script got.
fn targets(script: &Script) -> Vec<String> {
    script.requests().into_iter().map(|request| request.target).collect()
}

#[tokio::test]
async fn redirects_within_the_origin_are_followed_with_fields_and_credential() {
    for status in [301, 302, 303, 307, 308] {
        let absolute = format!("{ORIGIN}/v2/other?x=%20");
        for (location, expected) in [
            (&*absolute, "/v2/other?x=%20"),
            ("/v2/other#part", "/v2/other"),
            ("other", "/secret-manager/v1beta1/regions/fr-par/secrets/other"),
            ("//api.scaleway.com:443/v2", "/v2"),
        ] {
            let script = Script::new([to(status, location), ok()]);
            let counts = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
            let (before, after) = (Arc::clone(&counts), Arc::clone(&counts));
            let client = scripted(&script).before(move |_, headers| {
                let count = before.0.fetch_add(1, Ordering::Relaxed);
                headers.insert("x-count", count.into());
            });
            let client = client.after(move |_, outcome| {
                after.1.fetch_add(1, Ordering::Relaxed);
                assert_eq!(outcome.status.map(|status| status.as_u16()), Some(200));
            });
            let client = client.build().expect("the client is built");
            let response = client.get_secret("fr-par", "some").send().await.expect("it is found");
            assert_eq!((response.body().id.as_deref(), response.attempts()), (Some("found"), 1), "{location}");
            assert_eq!(targets(&script), [PATH, expected], "{location}");
            let requests = script.requests();
            for name in ["x-auth-token", "x-count", "user-agent", "accept"] {
                assert!(requests[0].header(name).is_some(), "{name}");
                assert_eq!(requests[0].header(name), requests[1].header(name), "{name}");
            }
            assert_eq!((counts.0.load(Ordering::Relaxed), counts.1.load(Ordering::Relaxed)), (1, 1));
        }
    }
}

#[tokio::test]
async fn other_redirects_are_errors_and_nothing_follows() {
    let elsewhere = [
        "https://other.test/x",
        "http://api.scaleway.com/x",
        "https://api.scaleway.com:444/x",
        "https://name:word@api.scaleway.com/x",
        "//other.test/x",
        "https://",
    ];
    let elsewhere = elsewhere.into_iter().map(|location| to(302, location));
    let twice = to(302, "/a").header("location", "/b");
    let others = [300, 304, 305, 306, 399].map(|status| to(status, "/x"));
    for response in elsewhere.chain(others).chain([twice, ScriptedResponse::status(302)]) {
        let script = Script::new([response.clone(), ok()]);
        let client = scripted(&script).build().expect("the client is built");
        let error = client.get_secret("fr-par", "some").send().await.expect_err("it is not followed");
        assert!(matches!(error.kind(), ErrorKind::Status(status) if status.is_redirection()), "{response:?} {error}");
        assert_eq!(script.requests().len(), 1, "{response:?}");
    }
    let script = Script::new([to(307, "/x"), ok()]);
    let client = scripted(&script).build().expect("the client is built");
    client.create_secret("fr-par", json!({"name": "n"})).unchecked().send().await.expect_err("it changes something");
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn five_redirects_are_followed_and_the_sixth_is_the_error() {
    let script = Script::new((1..=9).map(|number| to(302, &format!("/{number}"))));
    let client = scripted(&script).build().expect("the client is built");
    let error = client.get_secret("fr-par", "some").send().await.expect_err("it has no end");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(302));
    assert_eq!(error.attempts(), 1);
    assert_eq!(targets(&script), [PATH, "/1", "/2", "/3", "/4", "/5"]);
}

#[tokio::test(start_paused = true)]
async fn redirects_share_the_time_of_their_attempt_and_are_retried_from_the_start() {
    let second = Duration::from_secs(1);
    let script = Script::new([to(302, "/a").delay(4 * second), ok().delay(4 * second)]);
    let builder = scripted(&script).attempt_timeout(5 * second).retry(RetryPolicy::none());
    let client = builder.build().expect("the client is built");
    let start = Instant::now();
    let error = client.get_secret("fr-par", "some").send().await.expect_err("it is late");
    assert_eq!((error.kind(), start.elapsed().as_secs()), (&ErrorKind::Timeout, 5));
    let script = Script::new([to(302, "/a"), ScriptedResponse::status(503), to(302, "/b"), ok()]);
    let client = scripted(&script).build().expect("the client is built");
    let response = client.get_secret("fr-par", "some").send().await.expect("the second attempt succeeds");
    assert_eq!((response.attempts(), targets(&script)), (2, [PATH, "/a", PATH, "/b"].map(str::to_owned).to_vec()));
}

/// Signs the path, where it sees the credential of the capability and no other signature.
struct PathSigner;

impl Signer for PathSigner {
    fn sign<'s>(
        &'s self,
        request: &'s mut reqwest::Request,
        _: &'s Attempt<'_>,
    ) -> BoxFuture<'s, Result<(), BoxError>> {
        Box::pin(async move {
            assert!(!request.headers().contains_key("x-signature"));
            let credential = request.headers()["x-auth-token"] == TOKEN;
            let signature = format!("{} {credential}", request.url().path());
            request.headers_mut().insert("x-signature", signature.parse()?);
            Ok(())
        })
    }
}

#[tokio::test]
async fn redirected_requests_are_signed_anew() {
    let script = Script::new([to(302, "/a"), to(302, "/b"), ok()]);
    let client = scripted(&script).signer(PathSigner).build().expect("the client is built");
    client.get_secret("fr-par", "some").send().await.expect("it is found");
    let requests = script.requests();
    let signatures: Vec<_> = requests.iter().filter_map(|request| request.header("x-signature")).collect();
    assert_eq!(signatures, [&format!("{PATH} true"), "/a true", "/b true"]);
}
