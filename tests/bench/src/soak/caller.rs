//! Callers that do what callers should, and check what they get.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::{Client, RequestBuilder};
use scaleway_simulator::PROJECT_ID;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::upstream::{BROKEN, LARGE, SLOW};
use super::{PATIENCE, Site, Tally};
use crate::question::to_mcp;
use crate::{PREFIX, SECRETS};

const REVISIONS: [&str; 2] = ["2025-11-25", "2026-07-28"];
/// What a server says about an upstream that is not there, and the 404 for a secret that an upstream has forgotten.
const EXCUSED: [u16; 4] = [502, 503, 504, 404];
/// One turn in this many has the requests that take longer than all others together.
const SELDOM: usize = 16;

/// Between turns, so that other programs can run on the same machine.
const PAUSE: Duration = Duration::from_millis(100);

/// Every operation on secrets, again and again, on one connection that is kept alive.
pub(super) async fn rest(site: Arc<Site>, number: usize, end: Instant) -> Result<()> {
    let mut caller = Caller::new(site)?;
    let secrets = format!("http://{}{PREFIX}{}", caller.site.server.address(), SECRETS.trim_end_matches('/'));
    let list = format!("{secrets}?project_id={PROJECT_ID}&scheduled_for_deletion=false");
    let at = |id: &str| format!("{secrets}/{id}");
    let http = caller.http.clone();
    for turn in 0_usize.. {
        if Instant::now() >= end {
            break;
        }
        sleep(PAUSE).await;
        caller.since = caller.site.upstream.moment();
        let body = secret(&format!("rest-{number}-{turn}"));
        let created = caller.check(http.post(&secrets).json(&body), 200).await?;
        if let Some(id) = created.as_ref().and_then(|secret| secret.get("id")?.as_str()) {
            caller.check(http.get(at(id)), 200).await?;
            caller.check(http.patch(at(id)).json(&json!({"description": "x".repeat(5000)})), 200).await?;
            caller.check(http.get(&list), 200).await?;
            caller.check(http.delete(at(id)), 204).await?;
            caller.check(http.get(at(id)), 404).await?;
        }
        caller.check(http.post(&secrets).json(&secret("not a name")), 400).await?;
        caller.check(http.post(&secrets).header("content-type", "application/json").body("{"), 400).await?;
        if (turn + number).is_multiple_of(SELDOM) {
            caller.check(http.get(at(LARGE)), 200).await?;
            for id in BROKEN {
                caller.check(http.get(at(id)), 502).await?;
            }
        }
    }
    Ok(())
}

/// Tools in both revisions, with and without reports of progress.
pub(super) async fn mcp(site: Arc<Site>, number: usize, end: Instant) -> Result<()> {
    let mut caller = Caller::new(site)?;
    for (turn, revision) in REVISIONS.into_iter().cycle().enumerate() {
        if Instant::now() >= end {
            break;
        }
        sleep(PAUSE).await;
        caller.since = caller.site.upstream.moment();
        caller.message(revision, "tools/list", json!({})).await?;
        let arguments = json!({"region": "fr-par", "body": secret(&format!("mcp-{number}-{turn}"))});
        let params = json!({"name": "create-secret", "arguments": arguments});
        let created = caller.message(revision, "tools/call", params).await?;
        if let Some(id) = created.as_ref().and_then(|result| result.pointer("/result/structuredContent/id")) {
            for tool in ["get-metadata-using-secret-s-id", "delete-secret"] {
                let params = json!({"name": tool, "arguments": {"region": "fr-par", "secret_id": id}});
                caller.message(revision, "tools/call", params).await?;
            }
        }
        if (turn + number).is_multiple_of(SELDOM) {
            caller.message(revision, "tools/call", slow_call(turn)).await?;
        }
    }
    Ok(())
}

/// The parameters of a call that takes long enough for its progress to be reported.
pub(super) fn slow_call(token: usize) -> Value {
    json!({
        "name": "get-metadata-using-secret-s-id",
        "arguments": {"region": "fr-par", "secret_id": SLOW},
        "_meta": {"progressToken": token},
    })
}

/// A secret that is gone once it is deleted, instead of seven days later.
fn secret(name: &str) -> Value {
    let policy = json!({"expires_once_accessed": true, "action": "delete"});
    json!({"project_id": PROJECT_ID, "name": name, "tags": ["soak"], "ephemeral_policy": policy})
}

struct Caller {
    site: Arc<Site>,
    http: Client,
    /// When the secret was created that this is about, or nothing if the upstream was away.
    since: Option<u64>,
}

impl Caller {
    fn new(site: Arc<Site>) -> Result<Self> {
        Ok(Self { site, http: Client::builder().no_proxy().timeout(PATIENCE).build()?, since: None })
    }

    /// Sends a request and expects a status. Returns the document, unless there is another one that is excused.
    async fn check(&self, request: RequestBuilder, status: u16) -> Result<Option<Value>> {
        let response = request.send().await.context("REST does not respond")?;
        let actual = response.status().as_u16();
        match response.text().await {
            Ok(text) if actual == status => {
                Tally::count(&self.site.tally.rest);
                Ok(Some(serde_json::from_str(&text).unwrap_or_default()))
            }
            Ok(text) => {
                let problem = format!("{actual}, not {status}: {}", text.get(..300).unwrap_or(&text));
                self.excuse(EXCUSED.contains(&actual), &problem).await
            }
            // What is passed through breaks off when the upstream goes.
            Err(error) => self.excuse(true, &format!("the response broke off: {error}")).await,
        }
    }

    /// Sends a message and expects a result that is no error. Returns it, unless an error is excused.
    async fn message(&self, revision: &str, method: &str, params: Value) -> Result<Option<Value>> {
        let (fields, body) = to_mcp(revision, method, params);
        let mut request = self.http.post(format!("http://{}/mcp", self.site.mcp)).body(body);
        for (name, value) in fields {
            request = request.header(name, value);
        }
        let response = request.send().await.context("MCP does not respond")?;
        let status = response.status();
        let text = response.text().await.context("a message broke off")?;
        ensure!(status.is_success(), "MCP: {method}, {revision}: {status}: {text}");
        // Of an event stream, the last event is the result.
        let json = text.lines().rev().find_map(|line| line.strip_prefix("data:")).unwrap_or(&text);
        let result: Value = serde_json::from_str(json).with_context(|| format!("no message: {text}"))?;
        if result.get("result").is_some_and(|result| result.get("isError") != Some(&Value::Bool(true))) {
            Tally::count(&self.site.tally.mcp);
            return Ok(Some(result));
        }
        self.excuse(true, &format!("MCP: {method}, {revision}: {text}")).await
    }

    /// Takes an error for what it is, if the upstream was away and the error is one of that, and gives it a moment.
    async fn excuse(&self, is_of_upstream: bool, problem: &str) -> Result<Option<Value>> {
        let was_away = self.since.is_none() || self.since != self.site.upstream.moment();
        ensure!(is_of_upstream && was_away, "{problem}");
        Tally::count(&self.site.tally.failed);
        sleep(Duration::from_millis(50)).await;
        Ok(None)
    }
}
