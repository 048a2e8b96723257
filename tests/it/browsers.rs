//! Browsers: what a page of another site can make them send, and what they do with content of the upstream.

use naftiko_tests::World;
use naftiko_tests::process::Server;
use scaleway_simulator::Fault;

use crate::connections::{SECRETS, get, rest_of, send, status};
use crate::server::serve;

const LINK: &str = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";

/// A request with these fields.
fn with(request: &str, fields: &str) -> String {
    let (head, body) = request.split_once("\r\n\r\n").expect("a head");
    format!("{head}\r\n{fields}\r\n{body}")
}

/// A call of a tool that reads.
fn call() -> String {
    crate::connections::call(&serde_json::json!({"region": "fr-par", "secret_id": "some"}))
}

#[tokio::test]
async fn pages_of_other_sites_send_nothing_upstream() {
    let world = World::start().await;
    let server = serve(&world, &[]).await;
    let rest = get(&format!("{SECRETS}/some"));
    for fields in [
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n",
        "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: script\r\n",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n",
        LINK,
        "sec-fetch-site: cross-site\r\n",
        "Sec-Fetch-Site: unknown\r\n",
        "Sec-Fetch-Site:\r\n",
        "Sec-Fetch-Site: same-origin\r\nOrigin: https://evil.example\r\n",
        "Origin: null\r\n",
    ] {
        for (base, request) in [(&server.rest, &rest), (&server.mcp, &call()), (&server.rest, &get("/metrics"))] {
            let mut stream = send(base, &with(request, fields)).await;
            assert_eq!(status(&mut stream).await, 403, "{base} {fields}");
        }
        // What is mounted by an application does the same.
        assert_eq!(status(&mut send(&world.mcp, &with(&call(), fields)).await).await, 403, "{fields}");
    }
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
    for fields in ["Sec-Fetch-Site: same-origin\r\n", "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n"] {
        assert_eq!(status(&mut send(&server.rest, &with(&rest, fields)).await).await, 400, "the upstream wants a UUID");
        assert_eq!(status(&mut send(&server.mcp, &with(&call(), fields)).await).await, 200, "{fields}");
    }
}

#[tokio::test]
async fn links_lead_to_the_documentation_and_configured_origins_may_call() {
    let world = World::start().await;
    let server = serve(&world, &["--allowed-origin", "https://app.example"]).await;
    for path in ["/docs", "/openapi.json"] {
        assert_eq!(status(&mut send(&server.rest, &with(&get(path), LINK)).await).await, 200, "{path}");
        let framed = LINK.replace("document", "iframe");
        assert_eq!(status(&mut send(&server.rest, &with(&get(path), &framed)).await).await, 403, "{path}");
    }
    let own = "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: script\r\n";
    assert_eq!(status(&mut send(&server.rest, &with(&get("/docs/start.js"), own)).await).await, 200);
    let app = "Origin: https://app.example\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\n";
    let request = with(&get(&format!("{SECRETS}/some")), app);
    assert_eq!(status(&mut send(&server.rest, &request).await).await, 400, "the upstream wants a UUID");
}

/// The response of REST while the upstream sends this one, in lower case.
async fn passed(world: &World, server: &Server, fault: Fault, fields: &str) -> String {
    world.simulator.fault(fault);
    let close = with(&get(&format!("{SECRETS}/some")), &format!("Connection: close\r\n{fields}"));
    let response = rest_of(&mut send(&server.rest, &close).await).await;
    String::from_utf8_lossy(&response).to_lowercase()
}

#[tokio::test]
async fn content_of_the_upstream_is_inert_in_browsers() {
    let world = World::start().await;
    let server = serve(&world, &[]).await;
    let page = "<script>fetch('/')</script>";
    for (media_type, is_active) in [
        ("text/html", true),
        ("image/svg+xml", true),
        ("application/xhtml+xml; charset=utf-8", true),
        ("Text/XML", true),
        ("text/javascript", true),
        ("application/json", false),
        ("text/plain", false),
    ] {
        for code in [200, 404] {
            let fault = Fault::status(code).body(media_type, page).header("service-worker-allowed", "/");
            let response = passed(&world, &server, fault.header("x-frame-options", "allowall"), "").await;
            let has = |field: &str| response.contains(&format!("\r\n{field}"));
            assert!(response.starts_with(&format!("http/1.1 {code} ")), "{response}");
            assert!(has("content-security-policy: sandbox; default-src 'none'\r\n"), "{media_type}: {response}");
            assert!(has("x-content-type-options: nosniff\r\n"), "{media_type}: {response}");
            assert!(has("cross-origin-resource-policy: same-origin\r\n"), "{media_type}: {response}");
            assert_eq!(has("content-disposition: attachment\r\n"), is_active, "{media_type}: {response}");
            assert!(!has("service-worker-allowed") && !has("x-frame-options"), "{media_type}: {response}");
            assert!(response.ends_with(page), "the content is as it was: {response}");
        }
    }
    let docs = rest_of(&mut send(&server.rest, &with(&get("/docs"), "Connection: close\r\n")).await).await;
    let docs = String::from_utf8_lossy(&docs).to_lowercase();
    assert!(docs.contains("script-src 'self'") && !docs.contains("sandbox"), "{docs}");
}

#[tokio::test]
async fn responses_for_authenticated_callers_are_private() {
    let world = World::start().await;
    let key = "X-Api-Key: a-key-of-a-test\r\n";
    for (arguments, fields, expected) in
        [(&["--api-key", "a-key-of-a-test"][..], key, "private, max-age=60"), (&[], "", "public, max-age=60")]
    {
        let server = serve(&world, arguments).await;
        let fault = Fault::status(200).body("application/json", "{}").header("cache-control", "public, max-age=60");
        let response = passed(&world, &server, fault, fields).await;
        assert!(response.contains(&format!("\r\ncache-control: {expected}\r\n")), "{response}");
    }
}
