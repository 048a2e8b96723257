//! Crowds of connections: what callers that send or take nothing leave for all others.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use naftiko_tests::process::{Server, serving};
use naftiko_tests::{World, server_binary};
use scaleway_simulator::Fault;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::connections::{SECRETS, get, rest_of, running, send, status};
use crate::server::serve;
use crate::tables;

/// A request whose body does not come, but for this part of it.
fn without_body(target: &str, part: &str) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: \
         application/json\r\nContent-Length: 100\r\n\r\n{part}"
    )
}

/// Connects from another address of this machine, and sends a text.
#[cfg(target_os = "linux")]
async fn send_from(last: u8, base: &str, text: &str) -> std::io::Result<TcpStream> {
    let address = base.strip_prefix("http://").and_then(|rest| rest.split('/').next()).expect("plain http");
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, last], 0).into())?;
    let mut stream = socket.connect(address.parse().expect("an address")).await?;
    stream.write_all(text.as_bytes()).await?;
    Ok(stream)
}

#[tokio::test]
async fn requests_whose_body_does_not_come_take_no_permit() {
    let world = World::start().await;
    let server = serve(&world, &["--max-in-flight", "4"]).await;
    let mut waiting = Vec::new();
    for _ in 0..8 {
        waiting.push(send(&server.rest, &without_body(SECRETS, "{")).await);
        waiting.push(send(&server.mcp, &without_body("/mcp", "{")).await);
    }
    sleep(Duration::from_millis(200)).await;
    assert_eq!(status(&mut send(&server.rest, &get(&format!("{SECRETS}/some"))).await).await, 400);
    assert_eq!(status(&mut send(&server.mcp, &without_body("/mcp", &"x".repeat(100))).await).await, 400);
}

#[tokio::test]
async fn rejected_credentials_take_no_permit() {
    let world = World::start().await;
    let server = serve(&world, &["--max-in-flight", "1", "--bearer-token", "a-token-of-a-test"]).await;
    world.simulator.fault(Fault::slow(Duration::from_secs(2)));
    let mut request = get(&format!("{SECRETS}/some"));
    request.insert_str(request.len() - 2, "Authorization: Bearer a-token-of-a-test\r\n");
    let _running = send(&server.rest, &request).await;
    while world.simulator.requests().is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(status(&mut send(&server.rest, &get(SECRETS)).await).await, 401);
    assert_eq!(status(&mut send(&server.rest, &request).await).await, 503);
}

/// The addresses of this machine beside the first one work on Linux only.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn one_address_leaves_permits_for_the_others() {
    let world = World::start().await;
    let server = serve(&world, &["--max-in-flight", "40"]).await;
    world.simulator.fault(Fault::slow(Duration::from_secs(3)).times(20));
    let request = get(&format!("{SECRETS}/some"));
    let mut running = Vec::new();
    for _ in 0..20 {
        running.push(send_from(2, &server.rest, &request).await.expect("it connects"));
    }
    while world.simulator.requests().len() < 20 {
        sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..3 {
        let mut more = send_from(2, &server.rest, &request).await.expect("it connects");
        assert_eq!(status(&mut more).await, 503, "half of the permits is for the others");
    }
    assert_eq!(status(&mut send(&server.rest, &request).await).await, 400, "the upstream wants a UUID");
    for mut stream in running {
        assert_eq!(status(&mut stream).await, 400);
    }
    assert_eq!(status(&mut send_from(2, &server.rest, &request).await.expect("it connects")).await, 400);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn share_of_an_address_can_be_configured() {
    let world = World::start().await;
    let server = serve(&world, &["--max-in-flight", "40", "--address-share", "100"]).await;
    world.simulator.fault(Fault::slow(Duration::from_secs(2)).times(40));
    let request = get(&format!("{SECRETS}/some"));
    let mut running = Vec::new();
    for _ in 0..40 {
        running.push(send(&server.rest, &request).await);
    }
    while world.simulator.requests().len() < 40 {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(status(&mut send(&server.rest, &request).await).await, 503);
}

/// A server that may open only a few files.
#[cfg(target_os = "linux")]
async fn with_files(world: &World, count: u32, more: &[&str]) -> Server {
    let serving = serving(&server_binary(), &world.simulator.base_uri(), more);
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("ulimit -n {count}; exec \"$0\" \"$@\"")).arg(serving.as_std().get_program());
    command.args(serving.as_std().get_args()).env_clear();
    for (name, value) in serving.as_std().get_envs() {
        command.envs(value.map(|value| (name, value)));
    }
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    command
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true)
        .env("RUST_LOG", "warn,naftiko_runtime=info,naftiko_runtime::access=off");
    Server::launch(command).await.unwrap_or_else(|error| panic!("{error:#}"))
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn waiting_connections_leave_files_for_all_others() {
    let world = World::start().await;
    let id = world.secret("busy").await;
    let server = with_files(&world, 256, &["--head-timeout", "60"]).await;
    let request = get(&format!("{SECRETS}/{id}"));
    // One of the connections is busy, and one was used a moment ago.
    world.simulator.fault(Fault::slow(Duration::from_secs(2)));
    let mut busy = send_from(2, &server.rest, &request).await.expect("it connects");
    while world.simulator.requests().is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    let mut used = send(&server.rest, &request).await;
    assert_eq!(status(&mut used).await, 200);
    for text in ["", "GET / HTTP/1.1\r\n", &without_body(SECRETS, "{"), &without_body("/mcp", "")] {
        let base = if text.contains("/mcp") { &server.mcp } else { &server.rest };
        let mut waiting = Vec::new();
        for _ in 0..400 {
            // What is refused does no harm either.
            waiting.extend(send_from(2, base, text).await);
        }
        for base in [&server.rest, &server.mcp.replace("/mcp", "")] {
            assert_eq!(status(&mut send(base, &get("/healthz")).await).await, 200, "{text}");
        }
        assert_eq!(status(&mut send(&server.rest, &request).await).await, 200, "{text}");
        let own = send_from(2, &server.rest, &request).await.expect("it connects");
        assert_eq!(status(&mut { own }).await, 200, "{text}");
    }
    assert_eq!(status(&mut busy).await, 200, "what runs is not disturbed");
    used.write_all(request.as_bytes()).await.expect("it is kept");
    let (code, log) = server.stop("-TERM").await;
    assert_eq!(code, Some(0));
    assert!(log.lines().count() < 20, "{log}");
}

#[tokio::test]
async fn bodies_that_stand_still_end_in_time() {
    let world = World::start().await;
    let server = serve(&world, &["--head-timeout", "1"]).await;
    for (base, target) in [(&server.rest, SECRETS), (&server.mcp, "/mcp")] {
        let start = Instant::now();
        let mut stream = send(base, &without_body(target, "{")).await;
        // A caller that sends a little at a time is not late yet.
        for _ in 0..3 {
            sleep(Duration::from_millis(500)).await;
            stream.write_all(b" ").await.expect("it is open");
        }
        assert_eq!(status(&mut stream).await, 408, "{target}");
        rest_of(&mut stream).await;
        assert!((2..5).contains(&start.elapsed().as_secs()), "{target}: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn drain_does_not_wait_for_callers_that_stand_still() {
    naftiko_client::install_crypto_provider();
    let respond = async || axum::Json(json!({"id": "x".repeat(8 << 20)}));
    let upstream = tables::serve(Router::new().fallback(respond)).await;
    let server = Server::start(&server_binary(), &upstream, &[], "warn,naftiko_runtime=info").await;
    let server = server.unwrap_or_else(|error| panic!("{error:#}"));
    let mut streams = Vec::new();
    for text in [&get(&format!("{SECRETS}/one")), "GET / HTTP/1.1\r\nX: ", &without_body(SECRETS, "{"), ""] {
        for _ in 0..3 {
            streams.push(send(&server.rest, text).await);
        }
    }
    assert_eq!(status(&mut streams[0]).await, 200);
    sleep(Duration::from_millis(300)).await;
    let start = Instant::now();
    assert_eq!(server.stop("-TERM").await.0, Some(0));
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

/// Memory in use is read from `/proc`, which other systems do not have.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_for_callers_that_take_nothing_is_bounded() {
    naftiko_client::install_crypto_provider();
    let document = Bytes::from(json!({"id": "x".repeat(4 << 20)}).to_string());
    let respond = move || std::future::ready(([("content-type", "application/json")], document.clone()));
    let upstream = tables::serve(Router::new().fallback(respond)).await;
    let server =
        Server::start(&server_binary(), &upstream, &["--body-memory", "16"], "warn,naftiko_runtime=info").await;
    let server = server.unwrap_or_else(|error| panic!("{error:#}"));
    let before = server.memory().expect("/proc says how much memory the server uses");
    let mut streams = Vec::new();
    for _ in 0..500 {
        streams.push(send(&server.rest, &get(&format!("{SECRETS}/one"))).await);
    }
    let mut most = 0;
    let gone = async {
        while running(&server).await > 1 {
            most = most.max(server.memory().expect("it runs").saturating_sub(before));
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(10), gone).await.expect("callers that take nothing go before their time");
    assert!(most < 128 << 20, "{most} bytes");
    assert_eq!(status(&mut send(&server.rest, &get(&format!("{SECRETS}/one"))).await).await, 200);
}
