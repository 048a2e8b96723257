//! What every response has, who may ask, and what is remembered of a request.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a failure ends the test")]

mod support;

use scaleway_simulator::{EXPIRED_TOKEN, OTHER_PROJECT_ID, PROJECT_ID, Rendering, Simulator, TOKEN};
use serde_json::{Value, json};
use support::{SECRETS, create, delete, exchange, get, parse, post, request, send, send_as};

#[tokio::test]
async fn json_responses_have_the_gateway_headers() {
    let simulator = Simulator::start().await.unwrap();
    let listed = get(&simulator, &format!("{SECRETS}?project_id={PROJECT_ID}")).await;
    assert_eq!(listed.header("content-type"), Some("application/json"));
    assert_eq!(listed.header("content-length"), Some(listed.body.len().to_string().as_str()));
    assert_eq!(listed.header("server"), Some("Scaleway API Gateway (sim;edge01)"));
    assert_eq!(listed.header("x-request-id").unwrap().len(), 36);
    assert!(listed.header("date").is_some());
    assert_eq!(listed.body, br#"{"secrets":[],"total_count":0}"#);
}

#[tokio::test]
async fn no_content_is_declared_as_json_without_a_length() {
    let simulator = Simulator::start().await.unwrap();
    let path = create(&simulator, "a", Value::Null).await;
    let deleted = delete(&simulator, &path).await;
    assert_eq!(deleted.status, 204);
    assert_eq!(deleted.header("content-type"), Some("application/json"));
    assert_eq!(deleted.header("content-length"), None);
    assert_eq!(deleted.header("transfer-encoding"), None);
    assert!(deleted.header("x-request-id").is_some());
    assert!(deleted.body.is_empty());
}

#[tokio::test]
async fn tokens_are_checked_first() {
    let simulator = Simulator::start().await.unwrap();
    for (token, reason) in [
        ("", "invalid_argument"),
        ("SCW1234567890ABCDEFG", "invalid_argument"),
        (EXPIRED_TOKEN, "expired"),
        ("00000000-0000-4000-8000-000000000000", "not_found"),
    ] {
        for target in ["/unknown", SECRETS] {
            let denied = send_as(&simulator, token, "GET", target).await;
            let expected = json!({
                "message": "authentication is denied",
                "method": "api_key",
                "reason": reason,
                "type": "denied_authentication",
            });
            assert_eq!(denied.expect(401), expected);
        }
    }
    assert_eq!(send_as(&simulator, TOKEN, "GET", "/metadata").await.status, 200);
}

#[tokio::test]
async fn other_projects_are_forbidden() {
    let simulator = Simulator::start().await.unwrap();
    let body = json!({"project_id": OTHER_PROJECT_ID, "name": "a"});
    let refused = post(&simulator, SECRETS, body).await.expect(403);
    assert_eq!(refused["details"][0]["action"], "create");
    let other = format!("{SECRETS}?project_id={OTHER_PROJECT_ID}");
    for target in [SECRETS, other.as_str()] {
        let refused = get(&simulator, target).await.expect(403);
        assert_eq!(refused["details"][0]["action"], "list");
    }
}

#[tokio::test]
async fn unknown_routes_return_404_and_are_flagged() {
    let simulator = Simulator::start().await.unwrap();
    let doubled = SECRETS.replace("/secrets", "//secrets");
    let unknown = get(&simulator, &doubled).await.expect(501);
    assert_eq!(unknown, json!({"message": "unknown service"}));
    get(&simulator, "/metadata").await.expect(200);
    let requests = simulator.take_requests();
    assert!(!requests[0].known_route);
    assert!(requests[1].known_route);
    assert!(simulator.requests().is_empty());
}

#[tokio::test]
async fn requests_are_recorded_as_sent() {
    let simulator = Simulator::start().await.unwrap();
    let target = format!("{SECRETS}/a%2Fb%20%2e%2e?tags=x%26y&tags=%C3%A9");
    let refused = send(&simulator, "PATCH", &target, json!({"name": "n"})).await;
    assert_eq!(refused.expect(400)["details"][0]["argument_name"], "secret_id");

    let recorded = simulator.requests().remove(0);
    assert_eq!(recorded.method, "PATCH");
    assert_eq!(recorded.path, format!("{SECRETS}/a%2Fb%20%2e%2e"));
    assert_eq!(recorded.query.as_deref(), Some("tags=x%26y&tags=%C3%A9"));
    assert_eq!(recorded.target(), target);
    assert_eq!(recorded.header("X-Auth-Token"), Some(TOKEN));
    assert_eq!(recorded.json(), json!({"name": "n"}));
    assert!(recorded.known_route);
}

#[tokio::test]
async fn bodies_have_a_limit_and_must_be_objects() {
    let simulator = Simulator::start().await.unwrap();
    for body in ["[]", "null", "{", "{\"name\":1,\"project_id\":\"\"}"] {
        let request = request("POST", SECRETS, TOKEN, body);
        let refused = parse(&exchange(&simulator, &request).await.unwrap()).expect(400);
        assert!(refused["message"].is_string());
    }
    let request = request("POST", SECRETS, TOKEN, &" ".repeat(1024 * 1024 + 1));
    let refused = parse(&exchange(&simulator, &request).await.unwrap());
    refused.expect(413);
}

#[tokio::test]
async fn renderings_and_unknown_fields_change_bytes_only() {
    let simulator = Simulator::start().await.unwrap();
    let path = create(&simulator, "a", json!({"tags": ["x", "y"]})).await;
    let compact = get(&simulator, &path).await;
    assert!(compact.body.starts_with(br#"{"id":""#));

    simulator.set_rendering(Rendering::SpacedAlphabetical);
    let spaced = get(&simulator, &path).await;
    assert!(spaced.body.starts_with(br#"{"created_at": ""#));
    assert_eq!(compact.json(), spaced.json());

    simulator.add_unknown_field(true);
    let more = get(&simulator, &path).await.json();
    let fields = more.as_object().unwrap();
    assert_eq!(fields.len(), compact.json().as_object().unwrap().len() + 1);
}

#[tokio::test]
async fn dropping_the_simulator_closes_the_port() {
    let simulator = Simulator::start().await.unwrap();
    let address = simulator.base_uri().replace("http://", "");
    let idle = tokio::net::TcpStream::connect(&address).await.unwrap();
    drop(simulator);
    let mut refused = false;
    for _ in 0..100 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        refused = tokio::net::TcpStream::connect(&address).await.is_err();
        if refused {
            break;
        }
    }
    assert!(refused);
    idle.readable().await.unwrap();
    assert!(!matches!(idle.try_read(&mut [0]), Ok(1)));
}
