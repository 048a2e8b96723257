//! A server of skills.

use naftiko_tests::process::{self, PATIENCE};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::built::binary;
use crate::rest::problem;

#[tokio::test]
async fn capability_with_skills_alone_serves_them() {
    naftiko_client::install_crypto_provider();
    let program = binary("cases-skills-alone");
    let mut command = process::command(&program, &["serve", "--skill-port", "0"]);
    command.env("RUST_LOG", "warn,naftiko_runtime=info");
    let mut child = command.spawn().expect("the server starts");
    let mut log = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let address = loop {
        let line = tokio::time::timeout(PATIENCE, log.next_line()).await.expect("it starts").expect("text");
        let line = line.expect("the server does not end");
        if let Some((_, address)) = line.split_once("skill on ") {
            break address.trim().to_owned();
        }
    };
    let http = reqwest::Client::new();
    let get = async |path: &str| http.get(format!("{address}{path}")).send().await.expect("a response");
    let catalog: Value = get("/skills").await.json().await.expect("JSON");
    let wait = json!({"name": "wait", "description": "How to wait", "tools": []});
    assert_eq!(catalog, json!({"count": 1, "skills": [wait]}));
    assert_eq!(get("/skills/wait").await.json::<Value>().await.expect("JSON"), wait);
    problem(get("/skills/wait/download").await, 404).await;
    assert_eq!(get("/healthz").await.status(), 200);
}
