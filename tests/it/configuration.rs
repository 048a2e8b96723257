//! The configuration of the server: lists of patterns, empty variables, switches, and secrets with line breaks.

use std::collections::BTreeSet;
use std::process::{Output, Stdio};

use naftiko_tests::process::{self, PATIENCE, Server};
use naftiko_tests::{World, server_binary};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::server::{command, serve};

/// The outcome of a program with these arguments and variables, which ends by itself.
async fn outcome(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = command(arguments);
    command.envs(variables.iter().copied()).stdin(Stdio::null());
    let output = timeout(PATIENCE, command.output()).await.unwrap_or_else(|_| panic!("{arguments:?}: it goes on"));
    output.expect("it starts")
}

/// The configuration that a server prints with these variables.
async fn printed(variables: &[(&str, &str)]) -> Value {
    let output = outcome(&["serve", "--print-config"], variables).await;
    assert_eq!(output.status.code(), Some(0), "{variables:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The names of the tools that a server offers.
async fn offered(world: &World, server: &Server) -> Vec<String> {
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let answer: Value = crate::mcp::post(&world.http, &server.mcp, &list).await.json().await.expect("JSON");
    let tools = answer["result"]["tools"].as_array().expect("a list");
    tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn printed_configuration_shows_no_key_in_the_uri_of_a_token_endpoint() {
    let endpoint = "https://login.test/token?key=of-the-endpoint";
    for (variable, member) in
        [("NAFTIKO_TOKEN_EXCHANGE", "tokenExchange"), ("NAFTIKO_CLIENT_CREDENTIALS", "clientCredentials")]
    {
        let printed = printed(&[(variable, endpoint)]).await;
        assert_eq!(printed["onBehalf"][member], json!(["https://login.test/token"]), "{printed}");
        assert!(!printed.to_string().contains("of-the-endpoint"), "{printed}");
    }
}

#[tokio::test]
async fn patterns_that_match_no_tool_end_the_start() {
    for flag in ["--tools", "--exclude-tools", "--reveal-secrets"] {
        for pattern in [
            "nonsense",
            "Delete-Secret",
            "delete_secret",
            "delete-secret,nonsense*",
            "?",
            "",
            " ",
            ",",
            "\"delete-secret\"",
        ] {
            let flag = format!("{flag}={pattern}");
            for arguments in [&["serve", "--rest-port", "0", "--mcp-port", "0", &flag][..], &["mcp", &flag]] {
                let output = outcome(arguments, &[]).await;
                let text = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
                let has_members = !pattern.trim_matches([' ', ',']).is_empty();
                assert!(!has_members || text.contains("delete-secret, allow-product"), "{arguments:?}: {text}");
                assert!(text.contains(flag.split('=').next().expect("a name")), "{arguments:?}: {text}");
            }
        }
    }
    let variables = [("NAFTIKO_EXCLUDE_TOOLS", "delete-secret, Update-*")];
    let output = outcome(&["mcp"], &variables).await;
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && text.contains("`Update-*`"), "{text}");
}

#[tokio::test]
async fn members_of_lists_are_trimmed() {
    let world = World::start().await;
    let lists = [
        "--exclude-tools",
        " delete-secret, ,update-* ,",
        "--reveal-secrets= get-* ,",
        "--allowed-host",
        "mcp.example , ",
        "--allowed-origin",
        ", https://app.example:443",
        "--forward-header",
        " x-tenant ,,x-other",
    ];
    let server = serve(&world, &lists).await;
    let names = offered(&world, &server).await;
    assert!(names.len() == 8 && !names.iter().any(|name| name.starts_with("delete") || name.starts_with("update")));
    for (header, value, status) in [
        ("host", "mcp.example", 404),
        ("host", "", 403),
        ("origin", "https://app.example", 404),
        ("x-tenant", "t", 404),
    ] {
        let answer = world.http.get(&server.rest).header(header, value).send().await.expect("a response");
        assert_eq!(answer.status(), status, "{header}: {value}");
    }
    let config = printed(&[("NAFTIKO_ALLOWED_HOSTS", "a.example, ,b.example,"), ("NAFTIKO_TOOLS", " list-* ")]).await;
    assert_eq!(config["allowedHosts"], json!(["a.example", "b.example"]));
    assert_eq!(config["mcp"]["tools"], json!(["list-*"]));
}

#[tokio::test]
async fn numbers_with_which_nothing_would_be_served_end_the_start() {
    for flag in [
        "--max-in-flight",
        "--max-connections",
        "--body-memory",
        "--call-timeout",
        "--head-timeout",
        "--write-timeout",
        "--response-budget",
        "--rate-limit",
        "--cache",
        "--token-capacity",
    ] {
        for value in ["0", "x"] {
            let output = outcome(&["serve", "--print-config", flag, value], &[]).await;
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.code() == Some(2) && text.contains(flag), "{flag} {value}: {text}");
        }
    }
    let output = outcome(&["mcp", "--max-in-flight", "0"], &[]).await;
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn hosts_origins_and_headers_that_match_nothing_end_the_start() {
    for (flag, value) in [
        ("--allowed-host", "https://mcp.example"),
        ("--allowed-host", "mcp.example/path"),
        ("--allowed-host", "*.example"),
        ("--allowed-host", "a b"),
        ("--allowed-host", ""),
        ("--allowed-origin", "app.example"),
        ("--allowed-origin", "https://app.example/"),
        ("--allowed-origin", "https://app.example/path"),
        ("--allowed-origin", "*"),
        ("--allowed-origin", "null"),
        ("--allowed-origin", " , "),
        ("--forward-header", "x tenant"),
        ("--forward-header", "x-*"),
        ("--forward-header", ""),
        ("--base-uri", ""),
        ("--api-key-header", "x y"),
    ] {
        let more = if flag == "--api-key-header" { &["--api-key", "k"][..] } else { &[] };
        let arguments = [&["serve", "--rest-port", "0", "--mcp-port", "0", flag, value], more].concat();
        let output = outcome(&arguments, &[]).await;
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{flag} {value:?}: {text}");
        assert!(text.contains(flag), "{flag} {value:?}: {text}");
    }
    let world = World::start().await;
    for (flag, value) in [
        ("--allowed-host", "mcp.example:8080"),
        ("--allowed-host", "[::1]"),
        ("--allowed-host", "2001:db8::1"),
        ("--allowed-origin", "https://app.example"),
        ("--allowed-origin", "http://localhost:*"),
        ("--allowed-origin", "HTTPS://App.example:8443"),
    ] {
        serve(&world, &[flag, value]).await;
    }
}

#[tokio::test]
async fn origin_without_port_is_that_of_the_default_port() {
    let world = World::start().await;
    let server = serve(&world, &["--allowed-origin", "https://app.example"]).await;
    let answer = world.http.get(&server.rest).header("origin", "https://app.example").send().await.expect("a response");
    assert_eq!(answer.status(), 404);
}

/// The names of all variables that the page of the server lists.
fn variables() -> BTreeSet<String> {
    let page = std::fs::read_to_string(xtask::root().join("docs/server.md")).expect("the page exists");
    let words = page.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
    words.filter(|word| word.starts_with("NAFTIKO_")).map(str::to_owned).collect()
}

#[tokio::test]
async fn empty_variables_count_as_unset() {
    let (names, expected) = (variables(), printed(&[]).await);
    assert!(names.len() > 25, "{names:?}");
    let others = ["RUST_LOG", "OTEL_SERVICE_NAME", "OTEL_EXPORTER_OTLP_ENDPOINT", "HTTPS_PROXY", "NO_PROXY"];
    let names: Vec<_> = names.iter().map(String::as_str).chain(others).collect();
    for value in ["", " ", "\n"] {
        let all: Vec<_> = names.iter().map(|name| (*name, value)).collect();
        assert_eq!(printed(&all).await, expected, "{value:?}");
        let output = outcome(&["mcp"], &all).await;
        assert_eq!(output.status.code(), Some(0), "{value:?}: {}", String::from_utf8_lossy(&output.stderr));
        let world = World::start().await;
        let mut command = process::serving(&server_binary(), &world.simulator.base_uri(), &[]);
        command.envs(all.iter().copied()).env("RUST_LOG", "info");
        let server = Server::launch(command).await.unwrap_or_else(|error| panic!("{value:?}: {error:#}"));
        let answer = world.http.get(&server.rest).header("host", "").send().await.expect("a response");
        assert_eq!(answer.status(), 403, "an empty Host is not known");
    }
}

#[tokio::test]
async fn switches_take_the_usual_words_in_any_case() {
    let names = [
        ("NAFTIKO_ACCESS_LOG", "/accessLog"),
        ("NAFTIKO_ALLOW_UNAUTHENTICATED", "/allowUnauthenticated"),
        ("NAFTIKO_READ_ONLY", "/mcp/readOnly"),
        ("NAFTIKO_DRY_RUN", "/mcp/dryRun"),
        ("NAFTIKO_ALLOW_PLAIN_HTTP", "/allowPlainHttp"),
    ];
    for (words, expected) in
        [(["1", "yes", "TRUE", "On", "Yes", "true"], true), (["0", "no", "FALSE", "Off", "No", "false"], false)]
    {
        for word in words {
            let config = printed(&names.map(|(name, _)| (name, word))).await;
            for (name, pointer) in names {
                assert_eq!(config.pointer(pointer), Some(&json!(expected)), "{name}={word}");
            }
        }
    }
    for (name, _) in names {
        let output = outcome(&["serve", "--print-config"], &[(name, "perhaps")]).await;
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains("perhaps"), "{name}: {text}");
    }
}

#[tokio::test]
async fn secrets_of_variables_lose_their_last_line_break() {
    let world = World::start().await;
    for (variable, header, value) in
        [("NAFTIKO_BEARER_TOKEN", "authorization", "Bearer a-token"), ("NAFTIKO_API_KEY", "x-api-key", "a-token")]
    {
        for end in ["\n", "\r\n"] {
            let mut command = process::serving(&server_binary(), &world.simulator.base_uri(), &[]);
            command.env(variable, format!("a-token{end}")).env("RUST_LOG", "info");
            let server = Server::launch(command).await.unwrap_or_else(|error| panic!("{error:#}"));
            let answer = world.http.get(&server.rest).header(header, value).send().await.expect("a response");
            assert_eq!(answer.status(), 404, "{variable} with {end:?}");
        }
    }
    // 31 bytes and a line break are no key of 32.
    let key = format!("{}\n", "k".repeat(31));
    let output = outcome(&["mcp"], &[("NAFTIKO_STATE_KEY", &key)]).await;
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}
