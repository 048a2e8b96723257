//! API errors over REST: those about the request, and failures of the upstream, pass through as they came; all others are problems.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use naftiko_tests::World;
use reqwest::{Response, StatusCode};
use scaleway_secret_manager_secrets::Client;
use scaleway_simulator::{Fault, TOKEN};
use serde_json::json;

use crate::rest::problem;
use crate::server::serve;

async fn get(world: &World, uri: &str) -> Response {
    world.http.get(uri).send().await.expect("the adapter responds")
}

/// The error bodies of Scaleway, as its SDKs read them.
const SCALEWAY_ERRORS: [(u16, &str); 14] = [
    (
        400,
        r#"{"details":[{"argument_name":"name","help_message":"","reason":"required"}],"message":"invalid argument(s)","type":"invalid_arguments"}"#,
    ),
    (
        400,
        r#"{"fields":{"name":["required key not provided"]},"message":"Validation Error","type":"invalid_request_error"}"#,
    ),
    (
        403,
        r#"{"details":[{"action":"read","resource":"secret"}],"message":"insufficient permissions","type":"permissions_denied"}"#,
    ),
    (
        403,
        r#"{"details":[{"current":100,"quota":100,"resource":"r"}],"message":"quota(s) exceeded for this resource","type":"quotas_exceeded"}"#,
    ),
    (403, r#"{"message":"insufficient permissions","type":"authorization_required"}"#),
    (403, r#"{"message":"resource is locked","resource":"secret","resource_id":"i","type":"locked"}"#),
    (423, r#"{"message":"resource is locked","resource":"secret","resource_id":"i","type":"locked"}"#),
    (404, r#"{"message":"resource is not found","resource":"secret","resource_id":"i","type":"not_found"}"#),
    (404, r#"{"message":"lbs not Found"}"#),
    (
        409,
        r#"{"current_state":"","message":"resource is in a transient state","resource":"r","resource_id":"i","type":"transient_state"}"#,
    ),
    (
        409,
        r#"{"help_message":"","message":"resource already exists","resource":"r","resource_id":"","type":"already_exists"}"#,
    ),
    (
        410,
        r#"{"expired_since":"2026-01-01T00:00:00Z","message":"resource has expired","resource":"r","resource_id":"i","type":"expired"}"#,
    ),
    (
        412,
        r#"{"help_message":"cannot delete","message":"precondition is not respected","precondition":"protected_resource","type":"precondition_failed"}"#,
    ),
    (429, r#"{"limit":{"quota":1,"window_seconds":1.0},"message":"m","reset_seconds":1,"type":"too_many_requests"}"#),
];

#[tokio::test]
async fn api_errors_about_the_request_and_failures_of_the_upstream_pass_through_unchanged() {
    let world = World::start().await;
    let uri = format!("{}/none", world.secrets("fr-par"));
    let all = SCALEWAY_ERRORS.map(|(status, body)| (status, "application/json", body));
    let others = [
        (
            400,
            "application/problem+json; charset=utf-8",
            r#" {"type":"about:blank","n":1.10,"n":12345678901234567890123} "#,
        ),
        (402, "text/plain", "pay"),
        (404, "text/html; charset=utf-8", "<html><title>404</title></html>"),
        (406, "application/xml", "<e/>"),
        (413, "application/json", "{}"),
        (415, "application/json", "{}"),
        (418, "application/octet-stream", "\u{0}\u{7f}"),
        (422, "application/vnd.api+json", r#"{"errors":[]}"#),
        (403, "text/html", "<html>a firewall</html>"),
        (451, "application/json", "{}"),
        (500, "application/octet-stream", "\u{0}\u{7f}"),
        (501, "application/vnd.api+json", r#"{"errors":[]}"#),
        (502, "text/html", "<html>the balancer</html>"),
        (503, "application/json", r#"{"message":"later","type":"unavailable"}"#),
        (504, "text/plain", "late"),
        (507, "application/problem+json", r#"{"type":"about:blank","status":507}"#),
        (520, "application/xml", "<e/>"),
    ];
    for (status, media_type, body) in all.into_iter().chain(others) {
        let fault = Fault::status(status).body(media_type, body).header("x-request-id", "the-id");
        world.simulator.fault(fault.header("retry-after", "7"));
        let response = get(&world, &uri).await;
        assert_eq!(response.status(), status, "{body}");
        let field = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(field("content-type"), Some(media_type), "{body}");
        assert_eq!((field("x-request-id"), field("retry-after")), (Some("the-id"), Some("7")), "{body}");
        assert_eq!(field("cache-control"), Some("no-store"), "{body}");
        assert_eq!(response.text().await.expect("the response is whole"), body);
    }
    world.simulator.fault(Fault::rate_limited());
    let limited = get(&world, &uri).await;
    assert_eq!((limited.status().as_u16(), limited.headers().get("content-type")), (429, None));
    assert!(limited.bytes().await.expect("the response is whole").is_empty());
    world.simulator.fault(Fault::status(404).json(json!({"message": "gone"})));
    let head = world.http.head(&uri).send().await.expect("the adapter responds");
    assert_eq!(
        (head.status().as_u16(), &head.headers()["content-type"]),
        (404, &"application/json".parse().expect("a value"))
    );
}

#[tokio::test]
async fn errors_of_connection_and_credential_are_problems() {
    let world = World::start().await;
    let uri = format!("{}/none", world.secrets("fr-par"));
    let body = json!({"message": "this is it", "details": [{"n": 1}]});
    for status in [401, 405, 407, 408, 411, 416, 417, 421, 425, 426, 505, 511] {
        let fault = Fault::status(status).json(body.clone()).header("x-request-id", "the-id").header("allow", "PUT");
        world.simulator.fault(fault.header("retry-after", "7"));
        let response = get(&world, &uri).await;
        assert_eq!(
            (&response.headers()["retry-after"], response.headers().get("allow")),
            (&"7".parse().expect("a value"), None),
            "{status}"
        );
        let problem = problem(response, 502).await;
        assert_eq!(problem["upstream"], json!({"status": status, "requestId": "the-id", "body": body}));
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("this is it")), "{problem}");
        let credential = problem["type"] == "urn:naftiko:problem:credential-refused";
        assert_eq!(credential, status == 401, "{problem}");
    }
}

#[tokio::test]
async fn redirects_do_not_show_where_they_lead() {
    let world = World::start().await;
    let uri = format!("{}/none", world.secrets("fr-par"));
    let target = "http://127.0.0.1:9/elsewhere";
    let kinds = [(301, "text/plain"), (302, "text/html"), (307, "application/json"), (308, "text/plain")];
    for (status, media_type) in kinds {
        let body = format!("<title>Found. Redirecting to {target}</title>");
        let body = if media_type.ends_with("json") { json!({"message": body}).to_string() } else { body };
        world.simulator.fault(Fault::status(status).header("location", target).body(media_type, body));
        let problem = problem(get(&world, &uri).await, 502).await;
        assert!(!problem.to_string().contains("elsewhere"), "{problem}");
        assert_eq!(problem["upstream"]["status"], status, "{problem}");
    }
}

#[tokio::test]
async fn forbidden_requests_are_about_the_credential_only_if_the_upstream_says_so() {
    let world = World::start().await;
    let uri = format!("{}/none", world.secrets("fr-par"));
    let of = |kind: &str| Fault::status(403).json(json!({"type": kind, "message": "m"}));
    let codes = ["denied_authentication", "invalid_token", "EXPIRED-TOKEN", "SignatureDoesNotMatch", "invalid_api_key"];
    let challenge = of("insufficient_scope").header("www-authenticate", "Bearer error=\"insufficient_scope\"");
    let nested = Fault::status(403).json(json!({"error": {"code": "UNAUTHENTICATED", "message": "m"}}));
    for fault in codes.map(of).into_iter().chain([challenge, nested]) {
        world.simulator.fault(fault);
        let response = get(&world, &uri).await;
        assert_eq!(response.headers().get("www-authenticate"), None);
        let problem = problem(response, 502).await;
        assert_eq!(problem["type"], "urn:naftiko:problem:credential-refused", "{problem}");
    }
    for code in ["token_limit_exceeded", "api_key_quota_exceeded", "forbidden", "access_denied", ""] {
        world.simulator.fault(of(code));
        assert_eq!(get(&world, &uri).await.status(), 403, "{code}");
    }
    world.simulator.fault(Fault::status(403));
    assert_eq!(get(&world, &uri).await.status(), 403, "an empty one");
}

#[tokio::test]
async fn api_errors_are_problems_with_upstream_status_and_body_if_configured() {
    let world = World::start().await;
    let server = serve(&world, &["--errors", "problem"]).await;
    let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/none", server.rest);
    for (status, expected) in
        [(400, 400), (403, 403), (404, 404), (409, 409), (423, 423), (401, 502), (405, 502), (505, 502)]
    {
        let body = json!({"message": format!("this is {status}"), "details": [{"n": 1}]});
        world.simulator.fault(Fault::status(status).json(body.clone()).header("x-request-id", "the-id"));
        let problem = problem(get(&world, &uri).await, expected).await;
        assert_eq!(problem["upstream"], json!({"status": status, "requestId": "the-id", "body": body}));
        assert!(problem["detail"].as_str().is_some_and(|d| d.contains(&format!("this is {status}"))), "{problem}");
    }
    for status in [500, 501, 502, 503, 504, 599] {
        // So much later there is no other attempt.
        world.simulator.fault(Fault::status(status).header("retry-after", "60"));
        let response = get(&world, &uri).await;
        assert_eq!(response.headers()["retry-after"], "60", "{status}");
        let problem = problem(response, status).await;
        assert_eq!(problem["type"], "urn:naftiko:problem:failed-upstream", "{problem}");
    }
    world.simulator.fault(Fault::html(404));
    let problem = problem(get(&world, &uri).await, 404).await;
    assert!(problem["upstream"]["body"].as_str().is_some_and(|body| body.contains("<html>")), "{problem}");
}

#[tokio::test]
async fn api_error_with_incomplete_body_is_a_problem() {
    let respond = async |uri: axum::http::Uri| {
        let start = stream::once(async { Ok("{\"message\":") });
        let end = stream::once(async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Err(std::io::Error::other("it breaks off"))
        });
        let body = axum::body::Body::from_stream(start.chain(end));
        let failed = uri.path().ends_with("failed");
        let status = if failed { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::NOT_FOUND };
        (status, [("content-type", "application/json")], body)
    };
    let upstream = crate::tables::serve(axum::Router::new().fallback(respond)).await;
    let client = Client::builder().base_uri(&upstream).token(TOKEN).build().expect("the client is built");
    let base = crate::tables::serve(scaleway_secret_manager_secrets::rest::router(&client)).await;
    for (id, status) in [("none", 404), ("failed", 500)] {
        let uri = format!("{base}/v1/secret-manager/v1beta1/regions/fr-par/secrets/{id}");
        let response = reqwest::get(uri).await.expect("the adapter responds");
        assert_eq!(problem(response, status).await["upstream"]["status"], status);
    }
}
