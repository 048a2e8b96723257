//! The binary of a generated crate: listings, exit codes, listeners, signals, standard input and output.

use std::process::{Output, Stdio};
use std::time::Duration;

use naftiko_tests::process::{self, PATIENCE, Server};
use naftiko_tests::{OPERATIONS, World, server_binary};
use scaleway_simulator::{Fault, TOKEN};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

/// The binary with these arguments, the token and the most talkative log.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = process::command(&server_binary(), arguments);
    command.env("RUST_LOG", "trace");
    command
}

/// `serve` in front of the world's simulator, with the most talkative log.
pub(crate) async fn serve(world: &World, more: &[&str]) -> Server {
    let started = Server::start(&server_binary(), &world.simulator.base_uri(), more, "trace").await;
    started.unwrap_or_else(|error| panic!("{error:#}"))
}

async fn output(mut command: Command) -> Output {
    let output = command.stdin(Stdio::null()).output();
    timeout(PATIENCE, output).await.expect("the binary ends").expect("the binary starts")
}

#[tokio::test]
async fn list_commands_need_no_configuration() {
    for (listing, start) in [("tools", "list-secrets "), ("routes", "GET     /v1/secret-manager/v1beta1/regions/{")] {
        let mut command = command(&[listing]);
        command.env_remove("SCALEWAY_API_KEY");
        let output = output(command).await;
        let text = String::from_utf8(output.stdout).expect("the listing is text");
        assert_eq!(output.status.code(), Some(0), "{listing}");
        assert_eq!(text.lines().count(), 10, "{text}");
        assert!(text.starts_with(start), "{text}");
        for (line, operation) in text.lines().zip(&OPERATIONS) {
            let expected = match listing {
                "tools" => operation.tool.to_owned(),
                _ => format!("/regions{}", operation.path.replace("secret_id", "secret-id")),
            };
            assert!(line.contains(&expected), "{line} does not name {expected}");
        }
    }
}

#[tokio::test]
async fn missing_variable_is_named_and_exits_with_code_2() {
    for arguments in [&["serve", "--rest-port", "0", "--mcp-port", "0"][..], &["mcp"]] {
        for value in [None, Some(""), Some(" ")] {
            let mut command = command(arguments);
            match value {
                Some(value) => command.env("SCALEWAY_API_KEY", value),
                None => command.env_remove("SCALEWAY_API_KEY"),
            };
            let output = output(command).await;
            let text = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{arguments:?} with {value:?}: {text}");
            assert!(text.contains("SCALEWAY_API_KEY"), "{arguments:?} with {value:?}: {text}");
            assert!(output.stdout.is_empty(), "standard output is for listings and MCP");
        }
    }
}

#[tokio::test]
async fn invalid_configuration_exits_with_code_2() {
    let cases: [(&[&str], &str); 7] = [
        (&["serve", "--address", "0.0.0.0"], "--allow-unauthenticated"),
        (&["serve", "--base-uri", "http://api.scaleway.com"], "plain http"),
        (&["serve", "--base-uri", "other=https://api.scaleway.com"], "--base-uri other=: no capability consumes"),
        (&["mcp", "--base-uri", "not a uri"], "base URI"),
        (&["serve", "--rest-port", "70000"], "--rest-port"),
        (&["serve", "--files", "/proc/self"], "--files /proc/self"),
        (&["mcp", "--files", "missing"], "--files missing"),
    ];
    for (arguments, expected) in cases {
        let output = output(command(arguments)).await;
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(expected), "{arguments:?}: {text}");
    }
}

#[tokio::test]
async fn port_in_use_is_named_and_exits_with_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = taken.local_addr().expect("the listener has an address").port().to_string();
    for (what, ports) in [("REST", [&*port, "0"]), ("MCP", ["0", &*port])] {
        let output = output(command(&["serve", "--rest-port", ports[0], "--mcp-port", ports[1]])).await;
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(&format!("error: {what} cannot listen on 127.0.0.1:{port}")), "{text}");
    }
}

#[tokio::test]
async fn both_listeners_serve_until_a_signal() {
    let world = World::start().await;
    let id = world.secret("served").await;
    for signal in ["-TERM", "-INT"] {
        let server = serve(&world, &[]).await;
        let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/{id}", server.rest);
        let answer = world.http.get(uri).send().await.expect("REST answers");
        assert_eq!(answer.status(), 200);
        let arguments = json!({"region": "fr-par", "secret_id": id});
        let call = crate::mcp::call_at(&world.http, &server.mcp, "get-metadata-using-secret-s-id", &arguments).await;
        assert_eq!(call["structuredContent"]["id"], id.as_str(), "{call}");
        let (code, log) = server.stop(signal).await;
        assert_eq!(code, Some(0), "{signal}: {log}");
        assert!(!log.contains(TOKEN), "the token is in the log");
    }
    assert_eq!(world.simulator.requests().len(), 4, "two requests for each server");
}

#[tokio::test]
async fn running_request_is_finished_after_a_signal() {
    for signal in ["-TERM", "-HUP", "-INT"] {
        let world = World::start().await;
        let id = world.secret("slow").await;
        let server = serve(&world, &[]).await;
        world.simulator.fault(Fault::slow(Duration::from_millis(150)));
        let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/{id}", server.rest);
        let running = tokio::spawn(world.http.get(uri).send());
        while world.simulator.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let arguments = json!({"region": "fr-par", "secret_id": id});
        let (http, mcp) = (world.http.clone(), server.mcp.clone());
        world.simulator.fault(Fault::slow(Duration::from_millis(150)));
        let calling = tokio::spawn(async move {
            crate::mcp::call_at(&http, &mcp, "get-metadata-using-secret-s-id", &arguments).await
        });
        while world.simulator.requests().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.signal(signal);
        let answer = running.await.expect("the request is not cancelled").expect("the request is finished");
        assert_eq!(answer.status(), 200);
        let result = calling.await.expect("the call is not cancelled");
        assert_eq!(result["structuredContent"]["id"], id.as_str(), "{result}");
        assert_eq!(server.end().await.0, Some(0), "{signal}");
    }
}

#[tokio::test]
async fn signal_right_after_startup_stops_the_server_gracefully() {
    let world = World::start().await;
    for attempt in 0..20 {
        let server = serve(&world, &[]).await;
        let (code, log) = server.stop("-TERM").await;
        assert_eq!(code, Some(0), "attempt {attempt}: {log}");
    }
}

#[tokio::test]
async fn second_signal_does_not_wait_for_running_requests() {
    let world = World::start().await;
    let mut server = serve(&world, &[]).await;
    world.simulator.fault(Fault::slow(Duration::from_secs(60)));
    let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/some", server.rest);
    let running = tokio::spawn(world.http.get(uri).send());
    while world.simulator.requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.signal("-TERM");
    let impatient = async {
        while !server.ends_within(Duration::from_millis(50)).await {
            server.signal("-TERM");
        }
    };
    timeout(Duration::from_secs(10), impatient).await.expect("the second signal ends the server");
    assert_eq!(server.end().await.0, Some(130));
    running.await.expect("no panic").expect_err("the request is given up");
}

#[tokio::test]
async fn allowed_hosts_and_origins_can_be_configured() {
    let world = World::start().await;
    let more = ["--allowed-host", "mcp.example", "--allowed-origin", "https://app.example:443"];
    let server = serve(&world, &more).await;
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
    for (header, value, status) in [
        ("host", "mcp.example", 200),
        ("host", "other.example", 403),
        ("origin", "https://app.example", 200),
        ("origin", "https://other.example", 403),
        ("origin", "http://localhost:1", 200),
    ] {
        let request = world.http.post(&server.mcp).header("accept", "application/json, text/event-stream").json(&list);
        let request = request.header("mcp-protocol-version", "2025-11-25").header(header, value);
        assert_eq!(request.send().await.expect("the server answers").status(), status, "{header}: {value}");
        // REST knows no such path, but says so only to whom it may.
        let request = world.http.get(&server.rest).header(header, value);
        let expected = if status == 200 { 404 } else { 403 };
        assert_eq!(request.send().await.expect("the server answers").status(), expected, "REST, {header}: {value}");
    }
    assert_eq!(server.stop("-TERM").await.0, Some(0));
}

#[tokio::test]
async fn non_loopback_address_requires_explicit_flag() {
    let world = World::start().await;
    let server = serve(&world, &["--address", "0.0.0.0", "--allow-unauthenticated"]).await;
    let port = server.rest.strip_prefix("http://0.0.0.0:").expect("all addresses are listened on");
    let answer = world.http.get(format!("http://127.0.0.1:{port}/")).send().await.expect("the server answers");
    assert_eq!(answer.status(), 404);
    assert_eq!(server.stop("-TERM").await.0, Some(0));
}

#[tokio::test]
async fn stdio_server_exits_when_stdin_closes() {
    let output = output(command(&["mcp"])).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty(), "nothing was asked");
}

#[tokio::test]
async fn stdout_contains_only_protocol_messages() {
    let world = World::start().await;
    let mut child = command(&["mcp", "--base-uri", &world.simulator.base_uri()]).spawn().expect("the binary starts");
    let call = |id: u8, name: &str, arguments: Value| json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name, "arguments": arguments}});
    let client = json!({"name": "test", "version": "1"});
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    let messages = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}).to_string(),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string(),
        "this is no JSON".to_owned(),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}).to_string(),
        call(3, "get-metadata-using-secret-s-id", json!({"region": "fr-par", "secret_id": "none"})).to_string(),
        call(4, "no-such-tool", json!({})).to_string(),
    ];
    let mut stdin = child.stdin.take().expect("standard input is piped");
    stdin.write_all(format!("{}\n", messages.join("\n")).as_bytes()).await.expect("the server reads");
    drop(stdin);
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("the server ends").expect("it is awaited");
    let (text, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{log}");
    let mut answered = Vec::new();
    for line in text.lines() {
        let message: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line} is no JSON"));
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        answered.extend(message["id"].as_u64());
    }
    answered.sort_unstable();
    assert_eq!(answered, [1, 2, 3, 4], "{text}");
    assert!(!text.contains(TOKEN) && !log.contains(TOKEN), "the token is in {text} or {log}");
}
