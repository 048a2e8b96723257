//! Each kind of scripted fault, as a client sees it.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a failure ends the test")]

mod support;

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use scaleway_simulator::{Fault, PROJECT_ID, Simulator, TOKEN};
use serde_json::{Value, json};
use support::{SECRETS, create, exchange, get, post, request};

#[tokio::test]
async fn rate_limiter_responds_with_retry_after_header_only() {
    let simulator = Simulator::start().await.unwrap();
    simulator.fault(Fault::rate_limited());
    let limited = get(&simulator, "/metadata").await;
    assert_eq!(limited.status, 429);
    assert_eq!(limited.header("x-envoy-ratelimited"), Some("true"));
    assert_eq!(limited.header("content-type"), None);
    assert_eq!(limited.header("retry-after"), None);
    assert!(limited.header("x-request-id").is_some());
    assert!(limited.body.is_empty());
    get(&simulator, "/metadata").await.expect(200);
}

#[tokio::test]
async fn reset_fault_resets_the_connection() {
    let simulator = Simulator::start().await.unwrap();
    simulator.fault(Fault::reset());
    let request = request("GET", "/metadata", TOKEN, "");
    let error = exchange(&simulator, &request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(simulator.requests().len(), 1);
}

#[tokio::test]
async fn bodies_can_be_truncated_or_invalid() {
    let simulator = Simulator::start().await.unwrap();
    simulator.fault(Fault::truncated());
    simulator.fault(Fault::malformed_json());
    simulator.fault(Fault::html(502));
    simulator.fault(Fault::status(200).body("application/json", ""));

    let cut = get(&simulator, "/metadata").await;
    let announced: usize = cut.header("content-length").unwrap().parse().unwrap();
    assert_eq!(cut.status, 200);
    assert_eq!(cut.header("content-type"), Some("application/json"));
    assert!(!cut.body.is_empty() && cut.body.len() < announced);

    let malformed = get(&simulator, "/metadata").await;
    assert_eq!(malformed.status, 200);
    assert_eq!(malformed.header("content-type"), Some("application/json"));
    assert!(serde_json::from_slice::<Value>(&malformed.body).is_err());

    let page = get(&simulator, "/metadata").await;
    assert_eq!(page.status, 502);
    assert_eq!(page.header("content-type"), Some("text/html"));
    assert!(page.body.starts_with(b"<html>"));

    let empty = get(&simulator, "/metadata").await;
    assert_eq!(empty.header("content-type"), Some("application/json"));
    assert!(empty.body.is_empty());
}

#[tokio::test]
async fn faults_can_set_status_redirect_and_headers() {
    let simulator = Simulator::start().await.unwrap();
    let body = json!({"message": "internal error"});
    simulator.fault(Fault::status(500).json(body.clone()).header("x-request-id", "none"));
    simulator.fault(Fault::redirect("http://elsewhere.test/").header("content-length", "9"));
    simulator.fault(Fault::status(204));

    let failed = get(&simulator, "/metadata").await;
    assert_eq!(failed.expect(500), body);
    assert_eq!(failed.header("x-request-id"), Some("none"));
    let moved = get(&simulator, "/metadata").await;
    assert_eq!(moved.status, 307);
    assert_eq!(moved.header("location"), Some("http://elsewhere.test/"));
    let empty = get(&simulator, "/metadata").await;
    assert_eq!(empty.status, 204);
    assert_eq!(empty.header("content-type"), None);
}

#[tokio::test]
async fn faults_apply_to_matching_requests() {
    let simulator = Simulator::start().await.unwrap();
    let list = format!("{SECRETS}?project_id={PROJECT_ID}");
    simulator.fault(Fault::status(503).on("POST", "/secrets"));
    simulator.fault(Fault::status(502).on("GET", "/secrets").times(2));
    simulator.fault(Fault::status(500).on("", "/regions/nl-ams").times(u32::MAX));

    assert_eq!(get(&simulator, "/metadata").await.status, 200);
    let seen = [
        get(&simulator, &list).await.status,
        get(&simulator, &list).await.status,
        get(&simulator, &list).await.status,
        post(&simulator, SECRETS, json!({})).await.status,
        post(&simulator, SECRETS, json!({})).await.status,
    ];
    assert_eq!(seen, [502, 502, 200, 503, 400]);
    let elsewhere = list.replace("fr-par", "nl-ams");
    for _ in 0..3 {
        assert_eq!(get(&simulator, &elsewhere).await.status, 500);
    }
    simulator.clear_faults();
    assert_eq!(get(&simulator, &elsewhere).await.status, 200);
}

#[tokio::test]
async fn operation_can_take_effect_before_a_fault() {
    let simulator = Simulator::start().await.unwrap();
    let body = json!({"project_id": PROJECT_ID, "name": "a"});
    simulator.fault(Fault::status(503).on("POST", "/secrets").after_effect());
    assert_eq!(post(&simulator, SECRETS, body.clone()).await.status, 503);
    post(&simulator, SECRETS, body).await.expect(400);

    simulator.fault(Fault::status(503));
    let body = json!({"project_id": PROJECT_ID, "name": "b"});
    assert_eq!(post(&simulator, SECRETS, body).await.status, 503);
    create(&simulator, "b", Value::Null).await;
}

#[tokio::test]
async fn responses_can_be_delayed() {
    let simulator = Simulator::start().await.unwrap();
    let delay = Duration::from_millis(30);
    simulator.fault(Fault::status(503).delay(delay));
    simulator.fault(Fault::slow(delay));
    for status in [503, 200] {
        let start = Instant::now();
        assert_eq!(get(&simulator, "/metadata").await.status, status);
        assert!(start.elapsed() >= delay);
    }
}
