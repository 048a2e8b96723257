//! The port on which a server is watched, where the capability has a control adapter.

use std::time::Duration;

use naftiko_tests::process::{self, PATIENCE};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::built::binary;
use crate::rest::problem;

#[tokio::test]
async fn control_adapter_serves_probes_and_metrics_on_its_own_port() {
    naftiko_client::install_crypto_provider();
    let program = binary("cases-control-adapter");
    let mut command =
        process::command(&program, &["serve", "--rest-port", "0", "--mcp-port", "0", "--control-port", "0"]);
    command.env("CASE_WATCHER", "of-the-watcher").env("RUST_LOG", "warn,naftiko_runtime=info");
    let mut child = command.spawn().expect("the server starts");
    let mut log = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let mut address = async |what: &str| loop {
        let line = tokio::time::timeout(PATIENCE, log.next_line()).await.expect("it starts").expect("text");
        let line = line.expect("the server does not end");
        if let Some((_, address)) = line.split_once(what) {
            break address.trim().to_owned();
        }
    };
    let (rest, mcp, control) = (address("REST on ").await, address("MCP on ").await, address("control on ").await);
    let port = |base: &str| base.rsplit(':').next().and_then(|rest| rest.split('/').next()?.parse::<u16>().ok());
    let http = reqwest::Client::new();
    let get = async |uri: String, token: Option<&str>| {
        let request = token.into_iter().fold(http.get(uri), reqwest::RequestBuilder::bearer_auth);
        request.timeout(Duration::from_secs(10)).send().await.expect("an answer")
    };
    let token = Some("of-the-watcher");
    let live = get(format!("{control}/health/live"), token).await;
    assert_eq!(live.json::<Value>().await.expect("JSON"), json!({"status": "UP"}));
    let ready: Value = get(format!("{control}/health/ready"), token).await.json().await.expect("JSON");
    let adapters = json!([
        {"type": "rest", "namespace": "rest-api", "port": port(&rest), "state": "started"},
        {"type": "mcp", "namespace": "tools", "port": port(&mcp), "state": "started"},
        {"type": "control", "port": port(&control), "state": "started"},
    ]);
    assert_eq!(ready, json!({"status": "UP", "adapters": adapters}));
    // The capability says so, of probes too.
    for path in ["/health/live", "/health/ready", "/status", "/metrics", "/other"] {
        problem(get(format!("{control}{path}"), None).await, 401).await;
    }
    let status: Value = get(format!("{control}/status"), token).await.json().await.expect("JSON");
    assert_eq!((&status["capability"]["name"], &status["adapters"]), (&json!("cases-control-adapter"), &adapters));
    assert!(status["uptime"].as_str().is_some_and(|uptime| uptime.starts_with("PT")), "{status}");
    let metrics = get(format!("{control}/metrics"), token).await.text().await.expect("text");
    assert!(metrics.contains("naftiko_build_info"), "{metrics}");
    problem(get(format!("{control}/other"), token).await, 404).await;
    let wrong = http.post(format!("{control}/status")).bearer_auth("of-the-watcher").send().await.expect("an answer");
    assert_eq!(wrong.headers()["allow"], "GET, HEAD");
    problem(wrong, 405).await;
    // Callers have the probes on their ports, and nothing else of it.
    assert_eq!(get(format!("{rest}/healthz"), None).await.status(), 200);
    problem(get(format!("{rest}/metrics"), token).await, 404).await;
}
