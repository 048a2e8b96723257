//! What protects a served capability: limits of time, size and number, credentials of callers, and a response in every case.

use std::time::{Duration, Instant};

use naftiko_tests::process::{self, Server};
use naftiko_tests::{World, server_binary};
use scaleway_simulator::Fault;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::rest::problem;
use crate::server::serve;

async fn connect(server: &Server) -> TcpStream {
    let address = server.rest.strip_prefix("http://").expect("the base URI is plain http");
    TcpStream::connect(address).await.expect("the server listens")
}

/// All that a server sends until it closes the connection.
async fn until_closed(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // A reset ends it, too.
    let _ = tokio::time::timeout(process::PATIENCE, stream.read_to_end(&mut text)).await.expect("it is closed");
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn half_sent_request_head_is_closed_in_time() {
    let world = World::start().await;
    let server = serve(&world, &["--head-timeout", "1"]).await;
    let start = Instant::now();
    for half in ["", "GET /v1/", "GET /v1/x HTTP/1.1\r\nHost: localhost\r\nX-Slow: "] {
        let mut stream = connect(&server).await;
        stream.write_all(half.as_bytes()).await.expect("it listens");
        until_closed(stream).await;
    }
    assert!(start.elapsed() >= Duration::from_secs(3) && start.elapsed() < Duration::from_secs(10));
}

const IDLE_CONNECTIONS: u64 = 10_000;

/// Lets this process, and the server that it starts, open that many connections besides what other tests open.
#[cfg(target_os = "linux")]
fn raise_open_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let needed = IDLE_CONNECTIONS + 2000;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        let maximum = limit.maximum.unwrap_or(u64::MAX);
        assert!(maximum >= needed, "this test needs a limit of {needed} open files (ulimit -Hn says {maximum})");
        limit.current = Some(needed);
        setrlimit(Resource::Nofile, limit).expect("the limit can be raised up to the maximum");
    }
}

/// Memory in use is read from `/proc`, which other systems do not have.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn ten_thousand_idle_connections_fit_into_64_mib() {
    raise_open_file_limit();
    let world = World::start().await;
    let server = serve(&world, &["--head-timeout", "600"]).await;
    let before = server.memory().expect("/proc says how much memory the server uses");
    let mut idle = Vec::new();
    for _ in 0..IDLE_CONNECTIONS {
        idle.push(connect(&server).await);
    }
    // Connections are accepted in order, so that all of them are open once this one has its response.
    let uri = format!("{}/healthz", server.rest);
    assert_eq!(world.http.get(uri).send().await.expect("a response").status(), 200, "requests are still served");
    let grown = server.memory().expect("the server runs").saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes for {} connections", idle.len());
}

#[tokio::test]
async fn overlong_request_head_is_rejected() {
    let world = World::start().await;
    let server = serve(&world, &[]).await;
    for length in [40_000, 400_000] {
        let mut stream = connect(&server).await;
        let head = format!(
            "GET /v1/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Long: {}\r\n\r\n",
            "x".repeat(length)
        );
        // The server may not want to hear the end.
        let _ = stream.write_all(head.as_bytes()).await;
        let answer = until_closed(stream).await;
        assert!(answer.starts_with("HTTP/1.1 431 ") || (length > 100_000 && answer.is_empty()), "{length}: {answer}");
    }
}

#[tokio::test]
async fn ambiguous_request_framing_is_rejected() {
    let world = World::start().await;
    let server = serve(&world, &[]).await;
    for fields in [
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "X-A: b\r\n folded: c\r\n",
        "Content-Length: +2\r\n",
    ] {
        let mut stream = connect(&server).await;
        let request = format!(
            "POST /v1/secret-manager/v1beta1/regions/fr-par/secrets HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n{{}}"
        );
        stream.write_all(request.as_bytes()).await.expect("it listens");
        let answer = until_closed(stream).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{fields:?}: {answer}");
    }
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn overload_returns_503_with_retry_after() {
    let world = World::start().await;
    let server = serve(&world, &["--max-in-flight", "1"]).await;
    world.simulator.fault(Fault::slow(Duration::from_secs(2)));
    let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/some", server.rest);
    let first = tokio::spawn(world.http.get(&uri).send());
    while world.simulator.requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let answer = world.http.get(&uri).send().await.expect("an answer");
    assert_eq!(answer.headers()["retry-after"], "1");
    problem(answer, 503).await;
    // Probes do not wait in the queue, or a busy server would be restarted.
    for path in ["/healthz", "/readyz"] {
        let answer = world.http.get(format!("{}{path}", server.rest)).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
    }
    let first = first.await.expect("no panic").expect("an answer");
    assert_eq!(first.status(), 400, "what runs is not disturbed: the upstream wants a UUID");
    // A 503 of the upstream has the route.
    let metrics = world.http.get(format!("{}/metrics", server.rest)).send().await.expect("an answer");
    let own = r#"http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="503",http_route="",naftiko_capability=""} 1"#;
    assert!(metrics.text().await.expect("text").contains(own), "{own}");
}

#[tokio::test]
async fn rate_limit_applies_per_caller() {
    let world = World::start().await;
    let server = serve(&world, &["--rate-limit", "2"]).await;
    let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/some", server.rest);
    let mut refused = 0;
    // REST and MCP count together. However slow this machine is, some of so many come too soon.
    for number in 0..40 {
        let uri = if number % 2 == 0 { &uri } else { &server.mcp };
        let answer = world.http.get(uri).send().await.expect("an answer");
        assert!(number >= 2 || answer.status() != 429, "a caller may begin at once");
        if answer.status() == 429 {
            assert_eq!(answer.headers()["retry-after"], "1");
            assert!(answer.headers().contains_key("x-request-id"));
            problem(answer, 429).await;
            refused += 1;
        }
    }
    assert!(refused > 10, "{refused}");
    let probe = world.http.get(format!("{}/healthz", server.rest)).send().await.expect("an answer");
    assert_eq!(probe.status(), 200, "probes are not counted");
    if cfg!(target_os = "linux") {
        let other = reqwest::Client::builder().local_address(std::net::IpAddr::from([127, 0, 0, 2])).build();
        let answer = other.expect("a client").get(&uri).send().await.expect("an answer");
        assert_eq!(answer.status(), 400, "others are not disturbed");
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.http.get(&uri).send().await.expect("an answer").status(), 400, "the upstream is asked again");
}

#[tokio::test]
async fn probes_need_neither_upstream_nor_credential() {
    let world = World::start().await;
    let server = serve(&world, &["--bearer-token", "a-token-of-a-test"]).await;
    let mcp = server.mcp.trim_end_matches("/mcp").to_owned();
    for base in [&server.rest, &mcp] {
        for (path, word) in [("/healthz", "alive"), ("/readyz", "ready")] {
            let answer = world.http.get(format!("{base}{path}")).send().await.expect("an answer");
            assert_eq!(answer.status(), 200, "{path}");
            assert_eq!(answer.headers()["cache-control"], "no-store");
            assert_eq!(answer.json::<serde_json::Value>().await.expect("JSON"), json!({"status": word}));
        }
    }
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn bearer_token_authenticates_callers() {
    let world = World::start().await;
    let server = serve(&world, &["--bearer-token", "a-token-of-a-test"]).await;
    let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/some", server.rest);
    for (proof, challenge) in [
        (None, "Bearer"),
        (Some("Basic YTpi"), "Bearer"),
        (Some("Bearer a-token-of-a-tesT"), "Bearer error=\"invalid_token\""),
        (Some("Bearer a-token-of-a-test2"), "Bearer error=\"invalid_token\""),
    ] {
        for uri in [&uri, &server.mcp] {
            let request = world.http.get(uri);
            let request = if let Some(proof) = proof { request.header("authorization", proof) } else { request };
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.headers()["www-authenticate"], challenge, "{proof:?}");
            problem(answer, 401).await;
        }
    }
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
    let request = world.http.get(&uri).header("authorization", "bearer a-token-of-a-test");
    assert_eq!(request.send().await.expect("an answer").status(), 400, "the upstream is asked");
    assert_eq!(world.request().header("authorization"), None, "the caller's credential ends here");
    assert!(!server.stop("-TERM").await.1.contains("a-token-of-a-test"), "the log does not show it");
}

#[tokio::test]
async fn api_key_authenticates_callers() {
    let world = World::start().await;
    let server = serve(&world, &["--api-key", "a-key-of-a-test", "--api-key-header", "X-Key"]).await;
    let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/some", server.rest);
    for key in [None, Some("a-key-of-a-tes"), Some("")] {
        let request = world.http.get(&uri);
        let request = if let Some(key) = key { request.header("x-key", key) } else { request };
        problem(request.send().await.expect("an answer"), 401).await;
    }
    let request = world.http.get(&uri).header("x-key", "a-key-of-a-test");
    assert_eq!(request.send().await.expect("an answer").status(), 400, "the upstream is asked");
    assert_eq!(world.request().header("x-key"), None, "the caller's credential ends here");
}

#[tokio::test]
async fn unusable_caller_secrets_are_rejected_at_startup() {
    for arguments in [
        &["--bearer-token", " "][..],
        &["--bearer-token", "a", "--api-key", "b"],
        &["--api-key", "a", "--api-key-header", "not a name"],
    ] {
        let arguments = [&["serve", "--rest-port", "0", "--mcp-port", "0"], arguments].concat();
        let output = process::command(&server_binary(), &arguments).output().await.expect("it starts");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn request_id_and_trace_are_propagated_end_to_end() {
    let world = World::start().await;
    let server = serve(&world, &[]).await;
    let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/some", server.rest);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let request = world.http.get(&uri).header("x-request-id", "my-own").header("tracestate", "a=b");
    let request = request.header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"));
    let answer = request.send().await.expect("an answer");
    assert_eq!(
        (&answer.headers()["x-request-id"], &answer.headers()["x-content-type-options"]),
        (&"my-own".parse().expect("a value"), &"nosniff".parse().expect("a value"))
    );
    let sent = world.request();
    assert_eq!((sent.header("x-request-id"), sent.header("tracestate")), (Some("my-own"), Some("a=b")));
    let parent = sent.header("traceparent").unwrap_or_default();
    assert!(parent.starts_with(&format!("00-{trace}-")) && !parent.contains("b7ad6b7169203331"), "{parent}");
    assert_eq!((answer.status().as_u16(), answer.headers()["x-upstream-request-id"].len()), (400, 36));
    let id = world.secret("traced").await;
    let found = world.http.get(uri.replace("/some", &format!("/{id}"))).send().await.expect("an answer");
    assert_eq!(found.headers()["x-upstream-request-id"].len(), 36, "an answer has both");
    world.simulator.take_requests();
    for id in ["", "two words", &"x".repeat(129)] {
        let answer = world.http.get(&uri).header("x-request-id", id).send().await.expect("an answer");
        let made = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
        let uuid: uuid::Uuid = made.parse().expect("it is a UUID");
        assert_eq!(uuid.get_version_num(), 7);
        assert_eq!(world.request().header("x-request-id"), Some(made.as_str()));
    }
    let message =
        crate::mcp::message("get-metadata-using-secret-s-id", &json!({"region": "fr-par", "secret_id": "some"}));
    crate::mcp::post(&world.http, &server.mcp, &message).await;
    assert!(world.request().header("traceparent").is_some(), "tools are traced, too");
}

#[tokio::test]
async fn metrics_labels_contain_no_caller_input() {
    let world = World::start().await;
    let server = serve(&world, &[]).await;
    let secrets = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets", server.rest);
    world.http.get(format!("{secrets}/a-made-up-id")).send().await.expect("an answer");
    world.http.get(format!("{}/a-made-up-path", server.rest)).send().await.expect("an answer");
    world.http.request("BREW".parse().expect("a method"), &secrets).send().await.expect("an answer");
    world.simulator.fault(Fault::status(503).times(3));
    world.http.get(format!("{secrets}/{}", uuid::Uuid::nil())).send().await.expect("an answer");
    let answer = world.http.get(format!("{}/metrics", server.rest)).send().await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4");
    let text = answer.text().await.expect("text");
    let route = "/v1/secret-manager/v1beta1/regions/{region}/secrets/{secret-id}";
    let own = "scaleway-secret-manager-secrets";
    for line in [
        format!(r#"http_server_request_duration_seconds_count{{http_request_method="GET",http_response_status_code="400",http_route="{route}",naftiko_capability="{own}"}} 1"#),
        format!(r#"http_server_request_duration_seconds_count{{http_request_method="GET",http_response_status_code="503",http_route="{route}",naftiko_capability="{own}"}} 1"#),
        r#"http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="404",http_route="",naftiko_capability=""} 1"#.to_owned(),
        r#"http_server_request_duration_seconds_count{http_request_method="_OTHER",http_response_status_code="405",http_route="",naftiko_capability=""} 1"#.to_owned(),
        format!(r#"http_client_request_duration_seconds_count{{error_type="status",http_request_method="GET",http_response_status_code="503",naftiko_capability="{own}",naftiko_operation="getsecret"}} 3"#),
        format!(r#"naftiko_client_retries_total{{naftiko_capability="{own}",naftiko_operation="getsecret"}} 2"#),
        "http_server_active_requests 1".to_owned(),
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    }
    assert!(text.contains(r#"naftiko_build_info{name="scaleway-secret-manager-secrets",server="scaleway-secret-manager-secrets",version="#), "{text}");
    assert!(!text.contains("made-up") && !text.contains("BREW"), "{text}");
}

#[tokio::test]
async fn tasks_in_metrics_end_with_their_connections() {
    let world = World::start().await;
    let server = serve(&world, &[]).await;
    let tasks = async || {
        // A connection of its own, which is one more of these tasks.
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("a client");
        let text = http.get(format!("{}/metrics", server.rest)).send().await.expect("a response").text().await;
        let text = text.expect("text");
        let number = text.lines().find_map(|line| line.strip_prefix("naftiko_runtime_tasks "));
        number.and_then(|number| number.parse::<usize>().ok()).unwrap_or_else(|| panic!("no tasks: {text}"))
    };
    let idle = tasks().await;
    let mut connections = Vec::new();
    for _ in 0..20 {
        connections.push(connect(&server).await);
    }
    let reaches = async |few: usize, many: usize| {
        let reached = async {
            while !(few..=many).contains(&tasks().await) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(process::PATIENCE, reached).await.unwrap_or_else(|_| panic!("not {few} to {many} tasks"));
    };
    reaches(idle + 20, usize::MAX).await;
    drop(connections);
    reaches(1, idle).await;
}

#[tokio::test]
async fn cors_is_limited_to_configured_origins() {
    let world = World::start().await;
    let origin = "https://app.example.com";
    for (arguments, readable) in [(&[][..], false), (&["--allowed-origin", "https://app.example.com:443"], true)] {
        let server = serve(&world, arguments).await;
        let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/some", server.rest);
        let asked = world.http.request(reqwest::Method::OPTIONS, &uri).header("origin", origin);
        let asked = asked.header("access-control-request-method", "DELETE");
        let asked = asked.header("access-control-request-headers", "authorization").send().await.expect("an answer");
        let read = world.http.get(&uri).header("origin", origin).send().await.expect("an answer");
        for answer in [asked, read] {
            let allowed = answer.headers().get("access-control-allow-origin").and_then(|value| value.to_str().ok());
            assert_eq!(allowed, readable.then_some(origin), "{arguments:?}: {answer:?}");
            assert!(!answer.headers().contains_key("access-control-allow-credentials"));
        }
        let foreign = world.http.get(&uri).header("origin", "https://evil.test").send().await.expect("an answer");
        assert!(
            foreign.status() == 403 && !foreign.headers().contains_key("access-control-allow-origin"),
            "{foreign:?}"
        );
    }
}

#[tokio::test]
async fn sigterm_drains_all_accepted_requests() {
    let world = World::start().await;
    let server = serve(&world, &[]).await;
    let address = server.rest.strip_prefix("http://").expect("plain http").to_owned();
    let request = "GET /v1/secret-manager/v1beta1/regions/fr-par/secrets/some HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    // Each client counts the answers that came back whole.
    let clients: Vec<_> = (0..32)
        .map(|_| {
            let address = address.clone();
            tokio::spawn(async move {
                let mut answered = 0;
                while let Ok(mut stream) = TcpStream::connect(&address).await {
                    let mut answer = String::new();
                    let whole = stream.write_all(request.as_bytes()).await.is_ok()
                        && stream.read_to_string(&mut answer).await.is_ok()
                        && answer.starts_with("HTTP/1.1 400 ");
                    answered += usize::from(whole);
                }
                answered
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (code, _) = server.stop("-TERM").await;
    assert_eq!(code, Some(0));
    let mut answered = 0;
    for client in clients {
        answered += client.await.expect("no panic");
    }
    // What the upstream saw was let in; what the system let in while the listener was being closed was not.
    let let_in = world.simulator.requests().len();
    assert!(let_in > 100, "{let_in}");
    assert_eq!(answered, let_in, "every request that was let in is answered");
}

#[tokio::test]
async fn printed_configuration_has_no_secrets() {
    let mut command = process::command(&server_binary(), &["serve", "--print-config", "--rest-port", "8123"]);
    command.env("NAFTIKO_BEARER_TOKEN", "a-token-of-a-test").env("NAFTIKO_MAX_IN_FLIGHT", "7");
    command.env("NAFTIKO_LOG_FORMAT", "json").env("NAFTIKO_ACCESS_LOG", "true").env("NAFTIKO_RATE_LIMIT", "9");
    command.env("NAFTIKO_TLS_CERTIFICATE", "a.pem").env("NAFTIKO_TLS_KEY", "b.pem");
    let output = command.output().await.expect("it starts");
    let config: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(
        (&config["restPort"], &config["mcpPort"], &config["maxInFlight"]),
        (&json!(8123), &json!(9090), &json!(7))
    );
    for (member, value) in [
        ("logFormat", json!("json")),
        ("accessLog", json!(true)),
        ("rateLimit", json!(9)),
        ("tlsCertificate", json!("a.pem")),
        ("tlsKey", json!("b.pem")),
        ("exportsTraces", json!(false)),
    ] {
        assert_eq!(config[member], value, "{member}");
    }
    assert_eq!((&config["bearerToken"], &config["variables"]["SCALEWAY_API_KEY"]), (&json!("set"), &json!("set")));
    let text = format!("{output:?}");
    assert!(!text.contains("a-token-of-a-test") && !text.contains(scaleway_simulator::TOKEN), "{text}");
}
