//! Requests that another server might understand differently, and requests that cannot be read.

use naftiko_tests::World;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use crate::connections::{SECRETS, get, rest_of, send, status};
use crate::server::serve;

/// The status, the media type and the document of the response, after which the connection ends.
async fn document(base: &str, request: &[u8]) -> (u16, String, Value) {
    let mut stream = send(base, "").await;
    // The server may not want to hear the end.
    let _ = stream.write_all(request).await;
    let response = String::from_utf8_lossy(&rest_of(&mut stream).await).into_owned();
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or((&response, ""));
    let head = head.to_lowercase();
    let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default();
    let media_type = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default();
    (status, media_type.to_owned(), serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test]
async fn fields_with_one_value_are_not_repeated() {
    let world = World::start().await;
    let server = serve(&world, &["--api-key", "a-key-of-a-test", "--api-key-header", "X-Key"]).await;
    let request = get(&format!("{SECRETS}/some"));
    let key = "X-Key: a-key-of-a-test\r\n";
    for fields in [
        "Host: localhost\r\n",
        "Host: evil.example\r\n",
        "X-Key: a-key-of-a-test\r\n",
        "x-key: other\r\n",
        "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n",
        "Origin: http://localhost\r\nOrigin: http://localhost\r\n",
        "Content-Type: application/json\r\nContent-Type: text/plain\r\n",
        "Cookie: a=1\r\nCookie: a=2\r\n",
        "Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n",
        "Mcp-Protocol-Version: 2025-11-25\r\nMcp-Protocol-Version: 2025-06-18\r\n",
        "Content-Length: 0\r\nContent-Length: 1\r\n",
        "Content-Length: 0\r\ncontent-length: 0\r\n",
    ] {
        for base in [&server.rest, &server.mcp] {
            let request = request.replacen("\r\n\r\n", &format!("\r\n{key}{fields}\r\n"), 1);
            let (status, media_type, problem) = document(base, request.as_bytes()).await;
            assert_eq!((status, media_type.as_str()), (400, "application/problem+json"), "{base} {fields}");
            assert_eq!(problem["status"], 400, "{base} {fields}");
        }
    }
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
    let request = request.replacen("\r\n\r\n", &format!("\r\n{key}Accept: */*\r\nAccept: application/json\r\n\r\n"), 1);
    assert_eq!(status(&mut send(&server.rest, &request).await).await, 400, "the upstream wants a UUID");
    assert_eq!(world.simulator.requests().len(), 1, "lists may have several fields");
}

#[tokio::test]
async fn requests_for_other_hosts_are_rejected() {
    let world = World::start().await;
    let server = serve(&world, &[]).await;
    let path = format!("{SECRETS}/some");
    for (target, host) in [
        (path.as_str(), "Host: evil@localhost\r\n"),
        (&path, "Host: localhost.\r\n"),
        (&path, "Host: localhost:99999\r\n"),
        (&path, "Host: localhost:\r\n"),
        (&path, "Host: [::1%25eth0]\r\n"),
        (&path, "Host: [::1%eth0]:80\r\n"),
        (&path, "Host: \r\n"),
        (&path, ""),
        (&format!("http://evil.example{path}"), "Host: localhost\r\n"),
        (&format!("http://localhost{path}"), "Host: evil.example\r\n"),
        (&format!("http://evil.example{path}"), "Host: evil.example\r\n"),
        (&format!("http://evil@localhost{path}"), "Host: evil@localhost\r\n"),
    ] {
        for base in [&server.rest, &server.mcp] {
            let request = format!("GET {target} HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
            let (status, media_type, _) = document(base, request.as_bytes()).await;
            assert!(matches!(status, 400 | 403), "{base} {target} {host}: {status}");
            assert_eq!(media_type, "application/problem+json", "{base} {target} {host}");
        }
    }
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
    let request = format!("GET http://localhost{path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(status(&mut send(&server.rest, &request).await).await, 400, "the upstream wants a UUID");
    // On another address the server does not know its names, but the two must agree all the same.
    let server = serve(&world, &["--address", "0.0.0.0", "--allow-unauthenticated"]).await;
    let base = server.rest.replace("0.0.0.0", "127.0.0.1");
    let request = format!("GET http://evil.example{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(document(&base, request.as_bytes()).await.0, 400);
}

#[tokio::test]
async fn ambiguous_bodies_are_rejected_on_both_ports() {
    let world = World::start().await;
    let server = serve(&world, &[]).await;
    let long = "x".repeat(70_000);
    for (fields, body) in [
        ("Transfer-Encoding: chunked, chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
        ("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nCONTENT-LENGTH: 2\r\n", "2\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "2\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "x\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "-2\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "0x2\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "2\r\n{}x\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", &format!("2;{long}\r\n{{}}\r\n0\r\n\r\n")),
        ("Content-Length: 2, 3\r\n", "{}"),
        ("Content-Length: 0x2\r\n", "{}"),
    ] {
        for (base, target) in [(&server.rest, SECRETS), (&server.mcp, "/mcp")] {
            let request = format!(
                "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: \
                 application/json\r\n{fields}\r\n{body}"
            );
            let (status, media_type, document) = document(base, request.as_bytes()).await;
            assert_eq!(status, 400, "{target} {fields} {document}");
            assert!(media_type.ends_with("json") && document.is_object(), "{target} {fields}: {media_type} {document}");
        }
    }
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
    // A second request of one connection, before the response to the first.
    let second = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    let both = format!("{}{second}", get("/healthz"));
    let text = String::from_utf8_lossy(&rest_of(&mut send(&server.rest, &both).await).await).into_owned();
    assert!(text.starts_with("HTTP/1.1 200 ") && text.contains("HTTP/1.1 400 "), "{text}");
}

#[tokio::test]
async fn long_bodies_are_rejected_before_they_are_sent() {
    let world = World::start().await;
    let server = serve(&world, &[]).await;
    for length in ["1048577", "1000000000000000000"] {
        for (base, target) in [(&server.rest, SECRETS), (&server.mcp, "/mcp")] {
            let request = format!(
                "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json\r\n\
                 Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
            );
            let (status, media_type, document) = document(base, request.as_bytes()).await;
            assert_eq!(status, 413, "{target} {length} {document}");
            assert!(media_type.ends_with("json") && document.is_object(), "{target}: {media_type} {document}");
        }
    }
}

#[tokio::test]
async fn callers_that_send_all_of_it_first_get_their_rejection() {
    let world = World::start().await;
    let server = serve(&world, &[]).await;
    let long = "x".repeat(12 << 20);
    let fields = "Host: localhost\r\nContent-Type: application/json\r\nAccept: application/json\r\n";
    for (base, request, expected) in [
        (&server.rest, format!("POST {SECRETS} HTTP/1.1\r\n{fields}Content-Length: {}\r\n\r\n{long}", long.len()), 413),
        (&server.mcp, format!("POST /mcp HTTP/1.1\r\n{fields}Content-Length: {}\r\n\r\n{long}", long.len()), 413),
        (&server.rest, format!("GET / HTTP/1.1\r\n{fields}X-Long: {long}\r\n\r\n"), 431),
    ] {
        let mut stream = send(base, "").await;
        stream.write_all(request.as_bytes()).await.unwrap_or_else(|error| panic!("{base} {expected}: {error}"));
        assert_eq!(status(&mut stream).await, expected, "{base}");
    }
}

#[tokio::test]
async fn every_rejection_has_a_document_on_both_ports() {
    let world = World::start().await;
    let server = serve(&world, &["--head-timeout", "1"]).await;
    let fields = |more: &str| format!("Host: localhost\r\nConnection: close\r\n{more}\r\n");
    let long = "x".repeat(66_000);
    let body = "Content-Type: application/json\r\nAccept: application/json\r\n";
    let large = format!(
        "POST /mcp HTTP/1.1\r\n{}{}",
        fields(&format!("{body}Content-Length: 2000000\r\n")),
        "x".repeat(2_000_000)
    );
    for (request, expected) in [
        ("GARBAGE\r\n\r\n".to_owned(), 400),
        (format!("GET / HTTP/1.1\r\n{}", fields("A B: c\r\n")), 400),
        (format!("GET / HTTP/1.1\r\n{}", fields("A: b\r\n c: d\r\n")), 400),
        (format!("GET / HTTP/1.1\r\n{}", fields(&format!("X: {long}\r\n"))), 431),
        (format!("GET / HTTP/1.1\r\n{}", fields(&format!("X: {}\r\n", &long[..40_000]))), 431),
        (format!("GET / HTTP/1.1\r\n{}", fields(&"X: y\r\n".repeat(200))), 431),
        (format!("POST /mcp HTTP/1.1\r\n{}{{", fields(&format!("{body}Content-Length: 9\r\n"))), 408),
        (large.clone(), 413),
        (large.replace("/mcp", SECRETS), 413),
    ] {
        for base in [&server.rest, &server.mcp] {
            let (status, media_type, document) = document(base, request.as_bytes()).await;
            let context = request.get(..100).unwrap_or(&request);
            assert_eq!(status, expected, "{base} {context} {document}");
            assert!(media_type.ends_with("json") && document.is_object(), "{context}: {media_type} {document}");
        }
    }
    for (method, more, expected) in [
        ("GET", "Accept: text/event-stream\r\n", 405),
        ("DELETE", "", 405),
        ("POST", "Content-Type: text/plain\r\nAccept: application/json\r\nContent-Length: 0\r\n", 415),
        ("POST", "Content-Type: application/json\r\nAccept: text/html\r\nContent-Length: 40\r\n", 406),
    ] {
        for mcp in [&server.mcp, &world.mcp] {
            let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
            let body = if more.contains(": 40") { ping } else { "" };
            let request = format!("{method} /mcp HTTP/1.1\r\n{}{body}", fields(more));
            let (status, media_type, document) = document(mcp, request.as_bytes()).await;
            assert_eq!((status, media_type.as_str()), (expected, "application/json"), "{method} {more}");
            assert!(document["error"]["message"].is_string() && document["jsonrpc"] == "2.0", "{document}");
        }
    }
}

#[tokio::test]
async fn repeated_names_in_messages_are_rejected_at_any_depth() {
    let world = World::start().await;
    let message = |params: &str| format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{params}}}"#);
    for params in [
        r#"{"name":"get-metadata-using-secret-s-id","arguments":{"region":"fr-par","secret_id":"a","secret_id":"b"}}"#,
        r#"{"name":"get-metadata-using-secret-s-id","arguments":{"region":"fr-par","secret_id":"a","secret\u005fid":"b"}}"#,
        r#"{"name":"delete-secret","name":"get-metadata-using-secret-s-id","arguments":{}}"#,
        r#"{"name":"create-secret","arguments":{"region":"fr-par","body":{"name":"a","tags":[{"x":1,"x":2}]}}}"#,
        r#"{"name":"list-secrets","arguments":{},"_meta":{"progressToken":1,"progressToken":2}}"#,
    ] {
        let request = world.http.post(&world.mcp).header("accept", "application/json, text/event-stream");
        let request = request.header("content-type", "application/json").body(message(params));
        let response = request.send().await.expect("a response");
        assert_eq!(response.status(), 400, "{params}");
        let response: Value = response.json().await.expect("JSON");
        assert_eq!(
            (&response["error"]["code"], &response["id"]),
            (&(-32600).into(), &7.into()),
            "{params}: {response}"
        );
    }
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}
