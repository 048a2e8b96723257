//! Making connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use scaleway_secret_manager_secrets::{Call as _, ErrorKind, Phase};
use serde_json::json;
use tokio::net::TcpListener;

use super::{builder, http};
use crate::tls::Trust;
use crate::upstream::{SECRET, serve};

const SECOND: Duration = Duration::from_secs(1);

/// Takes connections, and says nothing; gives its URI, and counts them.
async fn silent() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("the listener has an address").port();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::Relaxed);
            kept.push(stream);
        }
    });
    (format!("https://localhost:{port}"), count)
}

fn body() -> serde_json::Value {
    json!({"project_id": scaleway_simulator::PROJECT_ID, "name": "n"})
}

#[tokio::test]
async fn stalled_tls_handshake_ends_with_the_connect_timeout() {
    let (uri, connections) = silent().await;
    let server = serve(&uri, &["--call-timeout", "8"], &[("SSL_CERT_FILE", &Trust::new().certificate())]).await;
    let list = format!("{}{}", server.rest, SECRET.trim_end_matches("/one"));
    let start = Instant::now();
    let answer = http().post(list).json(&body()).send().await.expect("an answer");
    assert_eq!(answer.status(), 502);
    let text = answer.text().await.expect("it is text");
    assert!(text.contains("cannot connect to the upstream after 2 attempts"), "{text}");
    assert!(connections.load(Ordering::Relaxed) >= 2, "a second attempt is made in the time that is left");
    assert!(start.elapsed() < 9 * SECOND, "{:?}", start.elapsed());
    connections.store(0, Ordering::Relaxed);
    let client = builder().base_uri(&uri).connect_timeout(SECOND / 5).http(Trust::new().client());
    let call = client.build().expect("the client is built").create_secret("fr-par", body());
    let error = call.send().await.expect_err("no handshake ends");
    assert_eq!((error.kind(), error.attempts(), error.may_have_acted()), (&ErrorKind::Connect, 3, false));
    assert_eq!(connections.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn deadline_that_cuts_a_handshake_says_that_nothing_was_sent() {
    let (uri, connections) = silent().await;
    let server = serve(&uri, &["--call-timeout", "1"], &[("SSL_CERT_FILE", &Trust::new().certificate())]).await;
    let list = format!("{}{}", server.rest, SECRET.trim_end_matches("/one"));
    let answer = http().post(list).json(&body()).send().await.expect("an answer");
    assert_eq!(answer.status(), 502);
    let arguments = json!({"region": "fr-par", "body": body()});
    let result = crate::mcp::call_at(&http(), &server.mcp, "create-secret", &arguments).await;
    let text = result["content"][0]["text"].as_str().unwrap_or_default();
    assert!(text.contains("cannot connect") && !text.contains("may have taken effect"), "{result}");
    let client = builder().base_uri(&uri).http(Trust::new().client()).build().expect("the client is built");
    connections.store(0, Ordering::Relaxed);
    for bodiless in [true, false] {
        let cut = match bodiless {
            true => client.delete_secret("fr-par", "one").timeout(SECOND / 2).send().await,
            false => client.create_secret("fr-par", body()).timeout(SECOND / 2).send_as().await,
        };
        let error = cut.expect_err("no handshake ends");
        assert_eq!((error.kind(), error.phase(), error.may_have_acted()), (&ErrorKind::Connect, Phase::Connect, false));
    }
    // An attempt that sent nothing is followed by another.
    connections.store(0, Ordering::Relaxed);
    let call = client.create_secret("fr-par", body()).attempt_timeout(SECOND / 5);
    let error = call.send().await.expect_err("no handshake ends");
    assert_eq!((error.attempts(), connections.load(Ordering::Relaxed)), (3, 3));
}

#[tokio::test]
async fn deadline_after_the_request_was_sent_leaves_its_effect_open() {
    let upstream = super::Upstream::start(vec![super::Step::Hold]).await;
    let server = serve(&upstream.uri, &["--call-timeout", "1"], &[]).await;
    let arguments = json!({"region": "fr-par", "body": body()});
    let result = crate::mcp::call_at(&http(), &server.mcp, "create-secret", &arguments).await;
    let text = result["content"][0]["text"].as_str().unwrap_or_default();
    assert!(text.contains("may have taken effect"), "{result}");
    for bodiless in [true, false] {
        let client = upstream.client();
        let cut = match bodiless {
            true => client.delete_secret("fr-par", "one").timeout(SECOND / 2).send().await,
            false => client.create_secret("fr-par", body()).timeout(SECOND / 2).send_as().await,
        };
        let error = cut.expect_err("no response comes");
        assert_eq!((error.kind(), error.phase(), error.may_have_acted()), (&ErrorKind::Timeout, Phase::Send, true));
    }
}
