//! Connections of callers: how long a request counts as running, callers that read slowly, leave, or say no more, and
//! connections that wait for the next request.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use naftiko_tests::process::{PATIENCE, Server};
use naftiko_tests::{World, server_binary};
use scaleway_simulator::Fault;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::server::serve;
use crate::tables;

/// Far more than the buffers of two sockets hold.
const LONG: usize = 8 << 20;
pub(crate) const SECRETS: &str = "/v1/secret-manager/v1beta1/regions/fr-par/secrets";
const HTTP: &str = "http://";

/// A request without a body.
pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// An upstream whose responses are long, and a server in front of it.
async fn long_responses(more: &[&str]) -> Server {
    // Made before: a slow upstream would look like a caller that left.
    let document = Bytes::from(json!({"id": "x".repeat(LONG)}).to_string());
    let respond = move || std::future::ready(([("content-type", "application/json")], document.clone()));
    let upstream = tables::serve(Router::new().fallback(respond)).await;
    let started = Server::start(&server_binary(), &upstream, more, "warn,naftiko_runtime=info").await;
    started.unwrap_or_else(|error| panic!("{error:#}"))
}

/// Connects to a base URI and sends a text.
pub(crate) async fn send(base: &str, text: &str) -> TcpStream {
    let address = base.strip_prefix(HTTP).and_then(|rest| rest.split('/').next()).expect("plain http");
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.write_all(text.as_bytes()).await.expect("it is sent");
    stream
}

/// The status of the response; the rest stays unread.
pub(crate) async fn status(stream: &mut TcpStream) -> u16 {
    let mut start = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut start)).await.expect("in time").expect("a response");
    String::from_utf8_lossy(&start[9..]).parse().expect("a status")
}

/// All that comes until the server closes the connection, however it does so.
pub(crate) async fn rest_of(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("it is closed");
    bytes
}

/// How many requests run, this one included, as the metrics say.
pub(crate) async fn running(server: &Server) -> u64 {
    let text = reqwest::get(format!("{}/metrics", server.rest)).await.expect("a response").text().await.expect("text");
    let count = text.lines().find_map(|line| line.strip_prefix("http_server_active_requests "));
    count.expect("there is such a metric").parse().expect("a number")
}

/// A call of MCP, as text of HTTP.
pub(crate) fn call(arguments: &serde_json::Value) -> String {
    let body = crate::mcp::message("get-metadata-using-secret-s-id", arguments).to_string();
    let length = body.len();
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, \
         text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn permits_are_held_until_the_response_is_read() {
    naftiko_client::install_crypto_provider();
    let server =
        long_responses(&["--max-in-flight", "2", "--response-budget", "100000000", "--body-memory", "256"]).await;
    let tool = call(&json!({"region": "fr-par", "secret_id": "one"}));
    for (base, request) in [(&server.rest, &get(&format!("{SECRETS}/one"))), (&server.mcp, &tool)] {
        // Callers of the port before may have left only just now.
        let mut streams = vec![running_request(base, request).await, running_request(base, request).await];
        for _ in 0..10 {
            let mut stream = send(base, request).await;
            assert_eq!(status(&mut stream).await, 503, "{base}: only two run at once");
            streams.push(stream);
        }
        // The permit of a response that was read is free again, and that of a caller that left.
        let mut stream = streams.remove(0);
        let mut rest = vec![0; LONG];
        stream.read_exact(&mut rest).await.expect("the whole response");
        drop(streams);
        for _ in 0..2 {
            running_request(base, request).await;
        }
    }
}

/// Sends a request until there is a permit for it.
async fn running_request(base: &str, request: &str) -> TcpStream {
    let admitted = async {
        loop {
            let mut stream = send(base, request).await;
            if status(&mut stream).await == 200 {
                return stream;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, admitted).await.expect("permits are returned")
}

#[tokio::test]
async fn responses_that_are_being_written_count_as_running() {
    naftiko_client::install_crypto_provider();
    let server = long_responses(&[]).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = send(&server.rest, &get(&format!("{SECRETS}/one"))).await;
        assert_eq!(status(&mut stream).await, 200);
        streams.push(stream);
    }
    assert_eq!(running(&server).await, 4);
    drop(streams);
    let ended = async {
        while running(&server).await > 1 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, ended).await.expect("they end with their callers");
}

#[tokio::test]
async fn event_streams_of_tools_hold_their_permit() {
    let world = World::start().await;
    let id = world.secret("slow").await;
    let server = serve(&world, &["--max-in-flight", "1"]).await;
    world.simulator.fault(Fault::slow(Duration::from_millis(2500)));
    let mut message =
        crate::mcp::message("get-metadata-using-secret-s-id", &json!({"region": "fr-par", "secret_id": id}));
    message["params"]["_meta"]["progressToken"] = "p".into();
    let answer = crate::mcp::post(&world.http, &server.mcp, &message).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let uri = format!("{}{SECRETS}/{id}", server.rest);
    assert_eq!(world.http.get(&uri).send().await.expect("a response").status(), 503, "the call still runs");
    assert!(answer.text().await.expect("the stream ends").contains("structuredContent"));
    assert_eq!(world.http.get(&uri).send().await.expect("a response").status(), 200);
}

#[tokio::test]
async fn callers_that_read_nothing_are_disconnected() {
    naftiko_client::install_crypto_provider();
    let server = long_responses(&["--write-timeout", "1", "--response-budget", "100000000"]).await;
    let tool = call(&json!({"region": "fr-par", "secret_id": "one"}));
    for (base, request) in [(&server.rest, &get(&format!("{SECRETS}/one"))), (&server.mcp, &tool)] {
        let mut stream = send(base, request).await;
        assert_eq!(status(&mut stream).await, 200);
        sleep(Duration::from_millis(500)).await;
        assert_eq!(running(&server).await, 2);
        let closed = async {
            while running(&server).await > 1 {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(Duration::from_secs(5), closed).await.expect("it is closed");
        let rest = rest_of(&mut stream).await;
        assert!(rest.len() < LONG, "{base}: {} bytes", rest.len());
    }
}

#[tokio::test]
async fn slow_callers_get_the_whole_response() {
    naftiko_client::install_crypto_provider();
    let server = long_responses(&["--write-timeout", "2"]).await;
    let mut stream = send(&server.rest, &get(&format!("{SECRETS}/one"))).await;
    // A little at a time: sockets report that they can take more only when a third of their buffer is free.
    let (mut read, mut chunk) = (0, vec![0; 64 << 10]);
    for _ in 0..20 {
        sleep(Duration::from_millis(250)).await;
        stream.read_exact(&mut chunk).await.expect("it goes on");
        read += chunk.len();
    }
    let mut rest = vec![0; LONG - read];
    timeout(PATIENCE, stream.read_exact(&mut rest)).await.expect("in time").expect("it is whole");
}

#[tokio::test]
async fn half_closed_callers_get_their_response() {
    let world = World::start().await;
    let id = world.secret("half-closed").await;
    let server = serve(&world, &["--max-in-flight", "1"]).await;
    let path = format!("{SECRETS}/{id}");
    let tool = call(&json!({"region": "fr-par", "secret_id": id}));
    let old = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    let body = format!(
        "PATCH {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: \
         chunked\r\n\r\nb\r\n{{\"tags\":[]}}\r\n0\r\n\r\n"
    );
    for (base, request, count) in [
        (&server.rest, get(&path), 1),
        (&server.rest, get(&path).repeat(3), 3),
        (&server.rest, old, 1),
        (&server.rest, body, 1),
        (&server.mcp, tool, 1),
    ] {
        for wait in [0, 300] {
            world.simulator.fault(Fault::slow(Duration::from_millis(wait)));
            let mut stream = send(base, &request).await;
            stream.shutdown().await.expect("it is half closed");
            let text = String::from_utf8_lossy(&rest_of(&mut stream).await).into_owned();
            let statuses = text.matches(" 200 OK\r\n").count();
            assert!(statuses == count && text.contains(&id), "{request}: {text}");
        }
    }
}

#[tokio::test]
async fn half_closed_callers_get_long_responses_whole() {
    let server = long_responses(&[]).await;
    let mut stream = send(&server.rest, &get(&format!("{SECRETS}/one"))).await;
    stream.shutdown().await.expect("it is half closed");
    sleep(Duration::from_millis(1500)).await;
    assert!(rest_of(&mut stream).await.len() > LONG, "a slow reader is no caller that left");
}

#[tokio::test]
async fn calls_end_within_a_second_of_their_callers_leaving() {
    let world = World::start().await;
    let server = serve(&world, &[]).await;
    let path = format!("{SECRETS}/{}", uuid::Uuid::nil());
    let tool = call(&json!({"region": "fr-par", "secret_id": "some"}));
    for (base, request) in [(&server.rest, get(&path)), (&server.mcp, tool)] {
        world.simulator.fault(Fault::slow(Duration::from_secs(30)));
        let stream = send(base, &request).await;
        while world.simulator.requests().is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
        drop(stream);
        let given_up = async {
            while world.simulator.given_up() == 0 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(1), given_up).await.unwrap_or_else(|_| panic!("{request}: the call goes on"));
        world.simulator.take_requests();
    }
}

#[tokio::test]
async fn idle_connections_are_kept_for_their_own_time() {
    let world = World::start().await;
    let id = world.secret("kept").await;
    let request = get(&format!("{SECRETS}/{id}"));
    let server = serve(&world, &["--head-timeout", "1", "--keep-alive-timeout", "3"]).await;
    let mut stream = send(&server.rest, &request).await;
    for _ in 0..2 {
        let head = head(&mut stream).await;
        assert!(head.contains("\r\nkeep-alive: timeout=3\r\n"), "{head}");
        assert!(head.contains("\r\nconnection: keep-alive\r\n"), "{head}");
        sleep(Duration::from_millis(1800)).await;
        stream.write_all(request.as_bytes()).await.expect("it is still open");
    }
    head(&mut stream).await;
    let start = Instant::now();
    assert!(rest_of(&mut stream).await.is_empty());
    assert!((2..6).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    // The head of a later request has the time of a head.
    let mut stream = send(&server.rest, &request).await;
    head(&mut stream).await;
    stream.write_all(b"GET /").await.expect("it is open");
    let start = Instant::now();
    rest_of(&mut stream).await;
    assert!(start.elapsed() < Duration::from_millis(2500), "{:?}", start.elapsed());
    // A connection that will be closed is not said to be kept.
    let mut stream = send(&server.rest, &request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).await;
    let text = String::from_utf8_lossy(&rest_of(&mut stream).await).to_lowercase();
    assert!(!text.contains("keep-alive") && text.contains("connection: close"), "{text}");
    let server = serve(&world, &[]).await;
    assert!(head(&mut send(&server.rest, &request).await).await.contains("\r\nkeep-alive: timeout=75\r\n"));
}

/// Reads one response with a length; gives its head, in lower case.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.expect("in time").expect("a head"));
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a number"))];
    stream.read_exact(&mut body).await.expect("a body");
    head
}

#[tokio::test]
async fn unknown_transfer_codings_get_a_501() {
    let world = World::start().await;
    let server = serve(&world, &[]).await;
    for (fields, status_code) in [
        ("Transfer-Encoding: gzip, chunked\r\n", 501),
        ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 501),
        ("Transfer-Encoding: identity, Chunked\r\n", 501),
        ("Transfer-Encoding: chunked, chunked\r\n", 400),
        ("Transfer-Encoding: CHUNKED\r\n", 415),
        ("Transfer-Encoding: ,chunked\r\n", 415),
    ] {
        for (base, path) in [(&server.rest, SECRETS), (&server.mcp, "/mcp")] {
            let request = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n2\r\n{{}}\r\n0\r\n\r\n");
            let mut stream = send(base, &request).await;
            assert_eq!(status(&mut stream).await, status_code, "{path}, {fields}");
            if status_code != 415 {
                rest_of(&mut stream).await;
            }
        }
    }
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn tls_callers_may_half_close_and_must_read() {
    let trust = crate::tls::Trust::new();
    let world = World::start().await;
    let server = trust.serve(&world, &["--write-timeout", "1"]).await;
    let id = world.secret("over-tls").await;
    world.simulator.fault(Fault::slow(Duration::from_millis(300)));
    let mut stream = trust.connect(&server.rest).await;
    stream.write_all(get(&format!("{SECRETS}/{id}")).as_bytes()).await.expect("it is sent");
    stream.shutdown().await.expect("it is half closed");
    assert!(String::from_utf8_lossy(&rest_of(&mut stream).await).contains(&id));
    let respond = async || axum::Json(json!({"id": "x".repeat(LONG)}));
    let upstream = tables::serve(Router::new().fallback(respond)).await;
    let server = trust.serve_upstream(&upstream, &["--write-timeout", "1"]).await;
    let mut stream = trust.connect(&server.rest).await;
    stream.write_all(get(&format!("{SECRETS}/{id}")).as_bytes()).await.expect("it is sent");
    sleep(Duration::from_secs(3)).await;
    assert!(rest_of(&mut stream).await.len() < LONG);
}
