//! A short life of a secret, over REST and over MCP, step by step on standard output.

use anyhow::{Result, ensure};
use reqwest::{Client, Method};
use scaleway_simulator::PROJECT_ID;
use serde_json::{Value, json};

/// The collection of secrets on the REST adapter.
pub const SECRETS: &str = "/v1/secret-manager/v1beta1/regions/fr-par/secrets";

/// Takes the tour.
///
/// # Errors
/// When a step does not end as it should.
pub async fn take(rest: &str, mcp: &str) -> Result<()> {
    // This process speaks plain HTTP only, but reqwest makes no client without a crypto provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    println!("\nREST");
    over_rest(rest).await?;
    println!("\nMCP");
    over_mcp(mcp).await
}

async fn over_rest(rest: &str) -> Result<()> {
    let http = Client::new();
    let secrets = format!("{rest}{SECRETS}");
    let step = async |what: &str, method: Method, path: &str, body: Option<Value>, expected: u16| -> Result<Value> {
        let request = http.request(method.clone(), format!("{secrets}{path}"));
        let answer = if let Some(body) = body { request.json(&body) } else { request }.send().await?;
        let status = answer.status().as_u16();
        println!("  {what:<28} {:<6} {status}", method.as_str());
        ensure!(status == expected, "{what}: {status} instead of {expected}");
        Ok(serde_json::from_slice(&answer.bytes().await?).unwrap_or_default())
    };
    let body = json!({"project_id": PROJECT_ID, "name": "tour-rest"});
    let secret = step("create a secret", Method::POST, "", Some(body), 200).await?;
    let path = format!("/{}", secret["id"].as_str().unwrap_or_default());
    step("read it", Method::GET, &path, None, 200).await?;
    step("protect it", Method::POST, &format!("{path}/protect"), None, 200).await?;
    let refused = step("delete it: refused", Method::DELETE, &path, None, 412).await?;
    println!("    {}", refused["help_message"].as_str().unwrap_or_default());
    step("unprotect it", Method::POST, &format!("{path}/unprotect"), None, 200).await?;
    step("delete it", Method::DELETE, &path, None, 204).await?;
    step("a wrong argument: refused", Method::GET, "?scheduled_for_deletion=maybe", None, 400).await?;
    Ok(())
}

async fn over_mcp(mcp: &str) -> Result<()> {
    let http = Client::new();
    let step = async |what: &str, tool: &str, arguments: Value, fails: bool| -> Result<Value> {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}});
        let request = http.post(mcp).header("accept", "application/json, text/event-stream").json(&call);
        let answer: Value = request.send().await?.json().await?;
        let result = &answer["result"];
        ensure!(result["isError"] == json!(fails), "{what}: {answer}");
        println!("  {what:<28} {tool:<30} {}", if fails { "refused" } else { "done" });
        Ok(result["structuredContent"].clone())
    };
    let body = json!({"project_id": PROJECT_ID, "name": "tour-mcp"});
    let secret = step("create a secret", "create-secret", json!({"region": "fr-par", "body": body}), false).await?;
    let id = json!({"region": "fr-par", "secret_id": secret["id"]});
    step("read it", "get-metadata-using-secret-s-id", id.clone(), false).await?;
    step("protect it", "enable-secret-protection", id.clone(), false).await?;
    let refused = step("delete it: refused", "delete-secret", id.clone(), true).await?;
    println!("    {}", refused["error"]["body"]["help_message"].as_str().unwrap_or_default());
    step("unprotect it", "disable-secret-protection", id.clone(), false).await?;
    step("delete it", "delete-secret", id, false).await?;
    let climbing = json!({"region": "fr-par", "secret_id": ".."});
    step("a path that climbs: refused", "get-metadata-using-secret-s-id", climbing, true).await?;
    Ok(())
}
