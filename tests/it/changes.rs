//! Changed lists: clients that ask for it hear of them, where lists can change at all.

use std::fs;
use std::path::Path;
use std::process::Command as Build;
use std::time::Duration;

use naftiko_mcp::Changes;
use naftiko_tests::process::{self, PATIENCE, Server};
use naftiko_tests::{World, server_binary};
use rmcp::model::{ProtocolVersion, ServerNotification, SubscriptionFilter};
use rmcp::service::{ClientLifecycleMode, RunningService, SubscriptionEnd};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::{ClientServiceExt as _, RoleClient};
use scaleway_secret_manager_secrets::mcp;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, Lines};
use tokio::time::timeout;
use xtask::{root, trial};

use crate::groups::capability;
use crate::mcp::{modern_at, post};

/// A server that serves a file, and serves it anew when it changes.
async fn watch(file: &Path, more: &[&str]) -> Server {
    let mut build: Build = trial::cargo(&root());
    let built = build.args(["build", "--quiet", "--workspace", "--bin", "naftiko-serve"]).status();
    assert!(built.expect("cargo starts").success(), "it is built");
    let binary = server_binary().with_file_name("naftiko-serve");
    let arguments = ["serve", &file.to_string_lossy(), "--watch", "--rest-port", "0", "--mcp-port", "0"];
    let mut command = process::command(&binary, &[&arguments, more].concat());
    command.env("RUST_LOG", "info");
    Server::launch(command).await.unwrap_or_else(|error| panic!("{error:#}"))
}

async fn connect(uri: &str) -> RunningService<RoleClient, ()> {
    let lifecycle = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    let transport = StreamableHttpClientTransport::from_uri(uri);
    ().serve_with_lifecycle(transport, lifecycle).await.expect("client and server agree")
}

fn tools_and_prompts() -> SubscriptionFilter {
    SubscriptionFilter::builder().tools_list_changed().prompts_list_changed().build()
}

/// What a server says it can do, to clients of both eras.
async fn declared(http: &reqwest::Client, uri: &str) -> [Value; 2] {
    let hello =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello});
    let old: Value = post(http, uri, &hello).await.json().await.expect("JSON");
    let new: Value = modern_at(http, uri, "server/discover", json!({})).await.json().await.expect("JSON");
    [old, new].map(|response| response["result"]["capabilities"].clone())
}

#[tokio::test]
async fn client_that_asks_for_it_hears_of_a_reload_and_holds_no_permit() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("orders.yaml");
    fs::write(&file, capability("orders", &[("get", "/orders")], "")).expect("a file");
    let server = watch(&file, &["--max-in-flight", "1"]).await;
    let http = reqwest::Client::new();
    // Over HTTP, older clients have no way to hear of it.
    let expected = [json!({"tools": {}}), json!({"tools": {"listChanged": true}})];
    assert_eq!(declared(&http, &server.mcp).await, expected);
    let client = connect(&server.mcp).await;
    let mut subscriptions = Vec::new();
    for _ in 0..3 {
        let subscription = client.listen(tools_and_prompts()).await.expect("it is accepted");
        let accepted = subscription.acknowledged();
        assert_eq!((accepted.tools_list_changed, accepted.prompts_list_changed), (Some(true), None));
        subscriptions.push(subscription);
    }
    assert_eq!(client.list_all_tools().await.expect("the only permit is there").len(), 1);
    fs::write(&file, capability("orders", &[("get", "/orders"), ("list", "/list")], "")).expect("a file");
    for subscription in &mut subscriptions {
        let heard = timeout(PATIENCE, subscription.next()).await.expect("news come");
        assert!(matches!(heard, Ok(Some(ServerNotification::ToolListChangedNotification(_)))), "{heard:?}");
    }
    let fresh = connect(&server.mcp).await;
    assert_eq!(fresh.list_all_tools().await.expect("a list").len(), 2);
    server.signal("-TERM");
    for subscription in &mut subscriptions {
        let heard = timeout(PATIENCE, subscription.next()).await.expect("it ends");
        assert!(matches!(heard, Ok(None)), "{heard:?}");
        assert!(matches!(subscription.end(), Some(SubscriptionEnd::Graceful(_))), "{:?}", subscription.end());
    }
    let (code, log) = timeout(Duration::from_secs(10), server.end()).await.expect("no one is waited for");
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test]
async fn client_that_asks_for_it_hears_of_a_changed_policy() {
    let world = World::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.toml");
    fs::write(&policy, "[default]\n").expect("a file");
    let server = crate::server::serve(&world, &["--policy", &policy.to_string_lossy()]).await;
    let client = connect(&server.mcp).await;
    let mut subscription = client.listen(tools_and_prompts()).await.expect("it is accepted");
    assert_eq!(client.list_all_tools().await.expect("a list").len(), 10);
    fs::write(&policy, "[default]\nread-only = true\n").expect("a file");
    server.signal("-HUP");
    let heard = timeout(PATIENCE, subscription.next()).await.expect("news come");
    assert!(matches!(heard, Ok(Some(ServerNotification::ToolListChangedNotification(_)))), "{heard:?}");
    assert_eq!(connect(&server.mcp).await.list_all_tools().await.expect("a list").len(), 2);
}

#[tokio::test]
async fn server_whose_lists_stay_declares_no_changes() {
    let world = World::start().await;
    let served = crate::server::serve(&world, &[]).await;
    for uri in [&world.mcp, &served.mcp] {
        assert_eq!(declared(&world.http, uri).await, [json!({"tools": {}}), json!({"tools": {}})]);
    }
    let filter = json!({"notifications": {"toolsListChanged": true}});
    let refused = modern_at(&world.http, &served.mcp, "subscriptions/listen", filter).await;
    let refused: Value = refused.json().await.expect("JSON");
    assert_eq!(refused["error"]["code"], -32601, "{refused}");
}

#[tokio::test]
async fn long_requests_to_listen_are_refused_or_served_in_time() {
    let world = World::start().await;
    let changes = Changes::default();
    let server = || mcp::server(&world.client).announcing(changes.clone());
    let uris: Vec<_> = (0..60_000).map(|number| format!("u:{number}")).collect();
    let filter = json!({"notifications": {"toolsListChanged": true, "resourceSubscriptions": uris}});
    let base = crate::tables::serve(server().router(mcp::HttpOptions::default())).await;
    let response = modern_at(&world.http, &format!("{base}/mcp"), "subscriptions/listen", filter.clone()).await;
    assert_eq!(response.status(), 413);
    let mut client = Client::new(server());
    let params = json!({"_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    }, "notifications": filter["notifications"]});
    client.send(json!({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params})).await;
    let acknowledged = client.receive().await;
    assert_eq!(acknowledged["params"]["notifications"], json!({"toolsListChanged": true}));
}

/// A client on standard input and output.
pub(crate) struct Client {
    input: Box<dyn AsyncWrite + Unpin>,
    output: Lines<BufReader<Box<dyn AsyncRead + Unpin>>>,
}

impl Client {
    fn new(server: mcp::Server) -> Self {
        let (here, there) = tokio::io::duplex(1 << 16);
        let (input, output) = tokio::io::split(there);
        tokio::spawn(server.serve_lines(input, output));
        let (output, input) = tokio::io::split(here);
        Self::over(input, output)
    }

    pub(crate) fn over(input: impl AsyncWrite + Unpin + 'static, output: impl AsyncRead + Unpin + 'static) -> Self {
        let output: Box<dyn AsyncRead + Unpin> = Box::new(output);
        Self { input: Box::new(input), output: BufReader::new(output).lines() }
    }

    /// The names of the tools.
    async fn tools(&mut self) -> Vec<Value> {
        self.send(json!({"jsonrpc": "2.0", "id": 9, "method": "tools/list"})).await;
        let list = self.receive().await;
        list["result"]["tools"].as_array().unwrap_or_else(|| panic!("{list}")).clone()
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.input.write_all(format!("{message}\n").as_bytes()).await.expect("it is read");
    }

    pub(crate) async fn receive(&mut self) -> Value {
        let line = timeout(PATIENCE, self.output.next_line()).await.expect("a line comes");
        serde_json::from_str(&line.expect("text").expect("a line")).expect("JSON")
    }
}

#[tokio::test]
async fn client_on_standard_output_hears_of_a_policy_that_is_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (policy, audit) = (folder.path().join("policy.toml"), folder.path().join("audit"));
    fs::write(&policy, "[default]\n").expect("a file");
    let (file, audit) = (policy.to_string_lossy(), audit.to_string_lossy());
    let mut child = process::command(&server_binary(), &["mcp", "--policy", &file, "--audit", "--audit-file", &audit]);
    let mut child = child.env("RUST_LOG", "info").spawn().expect("it starts");
    let (input, output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
    let mut log = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let mut client = Client::over(input, output);
    let hello =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
    client.send(json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello})).await;
    assert_eq!(client.receive().await["result"]["capabilities"], json!({"tools": {"listChanged": true}}));
    client.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    assert_eq!(client.tools().await.len(), 10);
    let rule = |what: &str| format!("[[rules]]\nname = \"local\"\nfor = {{credentials = [\"stdio\"]}}\n{what}\n");
    for (text, said, count) in [
        (rule("read-only = true"), "reloaded policy", 2),
        (rule("readonly = true"), "policy.toml:4: unknown field `readonly`", 2),
        (rule("deny = true"), "reloaded policy", 0),
        (rule(""), "reloaded policy", 10),
    ] {
        fs::write(&policy, text).expect("a file");
        let id = child.id().expect("it runs").to_string();
        let sent = std::process::Command::new("kill").args(["-HUP", &id]).status().expect("a signal");
        assert!(sent.success());
        let heard = async { while !log.next_line().await.expect("text").expect("it goes on").contains(said) {} };
        timeout(PATIENCE, heard).await.expect(said);
        if said == "reloaded policy" {
            assert_eq!(client.receive().await["method"], "notifications/tools/list_changed");
        }
        assert_eq!(client.tools().await.len(), count, "{said}");
        client.send(crate::mcp::message("delete-secret", &json!({}))).await;
        let called = client.receive().await.to_string();
        assert_eq!(called.contains("unknown tool: delete-secret; the rule `local`"), count < 10, "{called}");
    }
    drop(client);
    assert!(timeout(PATIENCE, child.wait()).await.expect("it ends").expect("its status").success());
    let file = fs::read_dir(folder.path()).expect("it is read").map(|file| file.expect("a file").path());
    let file = file.into_iter().find(|path| path.to_string_lossy().contains("/audit")).expect("an audit");
    let text = fs::read_to_string(file).expect("it is text");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let [hidden, same, nothing, invalid] = lines.as_slice() else { panic!("four calls: {text}") };
    assert!([hidden, same, nothing].iter().all(|line| line["outcome"] == "refused-by-policy"), "{text}");
    assert_eq!((&invalid["outcome"], &invalid["rule"]), (&json!("invalid"), &json!("local")));
    assert!(lines.iter().all(|line| line["adapter"] == hidden["adapter"] && line["adapter"].is_string()), "{text}");
}

#[tokio::test]
async fn clients_on_standard_output_hear_of_changes_in_both_eras() {
    let world = World::start().await;
    let changes = Changes::default();
    let server = || mcp::server(&world.client).announcing(changes.clone());
    let mut old = Client::new(server());
    let hello =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
    old.send(json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello})).await;
    assert_eq!(old.receive().await["result"]["capabilities"], json!({"tools": {"listChanged": true}}));
    old.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    old.send(json!({"jsonrpc": "2.0", "id": 2, "method": "ping"})).await;
    assert_eq!(old.receive().await["id"], 2);

    let mut new = Client::new(server());
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    });
    let filter = json!({"notifications": {"toolsListChanged": true, "resourcesListChanged": true}, "_meta": meta});
    new.send(json!({"jsonrpc": "2.0", "id": 7, "method": "subscriptions/listen", "params": filter})).await;
    let acknowledged = new.receive().await;
    assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged", "{acknowledged}");
    assert_eq!(acknowledged["params"]["notifications"], json!({"toolsListChanged": true}));
    new.send(json!({"jsonrpc": "2.0", "id": 8, "method": "tools/list", "params": {"_meta": meta}})).await;
    assert_eq!(new.receive().await["id"], 8);
    for _ in 0..2 {
        changes.announce();
        assert_eq!(old.receive().await["method"], "notifications/tools/list_changed");
        let heard = new.receive().await;
        assert_eq!(heard["method"], "notifications/tools/list_changed", "{heard}");
        assert_eq!(heard["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 7, "{heard}");
    }
    changes.end();
    let ended = new.receive().await;
    assert_eq!((&ended["id"], ended["result"].is_object()), (&json!(7), true), "{ended}");
}
