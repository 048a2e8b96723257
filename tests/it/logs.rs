//! What a server logs, and what it never does.

use naftiko_tests::process::{PATIENCE, Server, serving};
use naftiko_tests::{World, server_binary};
use scaleway_simulator::{Fault, TOKEN};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

const SECRETS: &str = "/v1/secret-manager/v1beta1/regions/fr-par/secrets";
const PLANTED: &str = "planted-and-never-to-be-seen";

async fn start(world: &World, more: &[&str], log: &str) -> Server {
    let started = Server::start(&server_binary(), &world.simulator.base_uri(), more, log).await;
    started.unwrap_or_else(|error| panic!("{error:#}"))
}

fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line} is no JSON"))).collect()
}

/// The lines that say how requests ended.
fn access(log: &str) -> Vec<Value> {
    lines(log).into_iter().filter(|line| line["target"] == "naftiko_runtime::access").collect()
}

#[tokio::test]
async fn json_logs_report_request_results_without_secrets_at_any_level() {
    let world = World::start().await;
    let server = start(&world, &["--log-format", "json", "--bearer-token", PLANTED], "trace,rmcp::service=trace").await;
    let uri = format!("{}{SECRETS}", server.rest);
    let asked = |method: &str, uri: &str| {
        let request = world.http.request(method.parse().expect("a method"), uri).bearer_auth(PLANTED);
        request.header("x-request-id", "the-id").header("x-api-key", PLANTED).header("cookie", PLANTED)
    };
    let body = json!({"project_id": PLANTED, "name": PLANTED, "tags": [PLANTED], "description": PLANTED});
    world.simulator.fault(Fault::status(503).times(2));
    for request in [
        world.http.get(&uri).bearer_auth(format!("{PLANTED}-not")),
        asked("GET", &format!("{uri}?scheduled_for_deletion=false&name={PLANTED}")),
        asked("GET", &format!("{uri}?{PLANTED}={PLANTED}")),
        asked("GET", &format!("{uri}/{PLANTED}")),
        asked("POST", &uri).json(&body),
        asked("POST", &uri).body(format!("{{\"{PLANTED}")).header("content-type", "application/json"),
        asked("BREW", &format!("{}/{PLANTED}", server.rest)),
    ] {
        request.send().await.expect("an answer");
    }
    for (tool, arguments) in [
        ("get-metadata-using-secret-s-id", json!({"region": "fr-par", "secret_id": PLANTED})),
        ("create-secret", json!({"region": "fr-par", "name": PLANTED, "more": PLANTED})),
        (PLANTED, json!({PLANTED: PLANTED})),
    ] {
        let request = asked("POST", &server.mcp).header("accept", "application/json, text/event-stream");
        let request = request.header("mcp-protocol-version", "2025-11-25");
        request.json(&crate::mcp::message(tool, &arguments)).send().await.expect("an answer");
    }
    let (_, log) = server.stop("-TERM").await;
    for secret in [PLANTED, TOKEN] {
        assert!(!log.contains(secret), "{}", log.lines().find(|line| line.contains(secret)).unwrap_or_default());
    }
    let ended = access(&log);
    assert_eq!(ended.len(), 10, "{log}");
    assert!(lines(&log).iter().any(|line| line["message"] == "retrying the call"), "{log}");
    let found = ended.iter().find(|line| line["route"].as_str().is_some_and(|route| route.ends_with("{secret-id}")));
    let mut found = found.expect("there is a line for the route").clone();
    assert!(found["duration_ms"].as_f64().is_some_and(|took| took > 0.0), "{found}");
    let members = found.as_object_mut().expect("an object");
    assert!(members.remove("timestamp").is_some() && members.remove("duration_ms").is_some());
    assert_eq!(
        found,
        json!({
            "level": "INFO", "target": "naftiko_runtime::access", "message": "served", "method": "GET",
            "route": "/v1/secret-manager/v1beta1/regions/{region}/secrets/{secret-id}", "status": 400,
            "request_id": "the-id", "client_address": "127.0.0.1",
        })
    );
}

#[tokio::test]
async fn request_logging_is_opt_in() {
    let world = World::start().await;
    for (arguments, log, logged) in [
        (&[][..], "warn,naftiko_runtime=info,naftiko_runtime::access=off", 0),
        (&["--access-log"], "info,naftiko_runtime::access=off", 1),
        (&[], "info", 1),
    ] {
        let server = start(&world, &[&["--log-format", "json"], arguments].concat(), log).await;
        world.http.get(format!("{}/healthz", server.rest)).send().await.expect("an answer");
        let (_, text) = server.stop("-TERM").await;
        assert_eq!(access(&text).len(), logged, "{arguments:?}, {log}: {text}");
    }
    // Without a configured filter there is no such line, and others are there in both formats.
    for (format, line) in [("human", " INFO stopping"), ("json", "\"message\":\"stopping\"")] {
        let server = start(&world, &["--log-format", format], "").await;
        world.http.get(format!("{}/healthz", server.rest)).send().await.expect("an answer");
        let (_, text) = server.stop("-TERM").await;
        assert!(text.contains(line) && !text.contains("served"), "{text}");
    }
}

/// A server whose log is read until it listens, and then no more.
async fn unread(world: &World, more: &[&str]) -> (String, Child, BufReader<ChildStderr>) {
    let mut command = serving(&server_binary(), &world.simulator.base_uri(), more);
    let mut child = command.env("RUST_LOG", "info").spawn().expect("it starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("standard error is piped"));
    let mut line = String::new();
    while !line.contains("REST on ") {
        line.clear();
        stderr.read_line(&mut line).await.expect("it says where it listens");
    }
    let rest = line.split_once("REST on ").map(|(_, address)| address.trim().to_owned());
    (rest.expect("an address"), child, stderr)
}

#[tokio::test]
async fn log_reader_that_stands_still_blocks_no_request() {
    let world = World::start().await;
    let (rest, mut child, mut stderr) = unread(&world, &["--access-log"]).await;
    let address = rest.trim_start_matches("http://").to_owned();
    // Far more lines than a pipe and the buffer hold.
    let requests = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3000);
    let close = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let (mut reader, mut writer) = stream.split();
    let mut responses = String::new();
    let both = async {
        tokio::join!(
            async { writer.write_all(format!("{requests}{close}").as_bytes()).await.expect("it is sent") },
            async { reader.read_to_string(&mut responses).await.expect("responses") },
        )
    };
    timeout(PATIENCE, both).await.expect("no request waits for the log");
    assert_eq!(responses.matches("HTTP/1.1 200 OK").count(), 3001);
    let dropped = responses.lines().find_map(|line| line.strip_prefix("naftiko_log_lines_dropped_total "));
    let dropped: u32 = dropped.expect("lines that are dropped are counted").trim().parse().expect("a number");
    assert!(dropped > 500, "{dropped}");
    let id = child.id().expect("it runs").to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.expect("it is sent").success());
    let status = timeout(PATIENCE, child.wait()).await.expect("it ends all the same").expect("a status");
    assert!(status.success());
    let mut log = String::new();
    stderr.read_to_string(&mut log).await.expect("what was written");
    assert!(log.lines().count() > 100, "{log}");
}
