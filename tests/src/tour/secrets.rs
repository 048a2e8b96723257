//! A short life of a secret.

use anyhow::Result;
use reqwest::Method;
use scaleway_simulator::PROJECT_ID;
use serde_json::{Value, json};

use super::{Mcp, Rest};

pub(super) async fn take(rest: &Rest, mcp: &Mcp) -> Result<()> {
    println!("\nREST");
    over_rest(rest).await?;
    println!("\nMCP");
    over_mcp(mcp).await
}

async fn over_rest(rest: &Rest) -> Result<()> {
    let body = json!({"project_id": PROJECT_ID, "name": "tour-rest"});
    let secret = rest.step("create a secret", Method::POST, "", Some(body), 200).await?;
    let path = format!("/{}", secret["id"].as_str().unwrap_or_default());
    rest.step("read it", Method::GET, &path, None, 200).await?;
    rest.step("protect it", Method::POST, &format!("{path}/protect"), None, 200).await?;
    let refused = rest.step("delete it: refused", Method::DELETE, &path, None, 412).await?;
    println!("    {}", refused["help_message"].as_str().unwrap_or_default());
    rest.step("unprotect it", Method::POST, &format!("{path}/unprotect"), None, 200).await?;
    rest.step("delete it", Method::DELETE, &path, None, 204).await?;
    rest.step("a wrong argument: refused", Method::GET, "?scheduled_for_deletion=maybe", None, 400).await?;
    Ok(())
}

async fn over_mcp(mcp: &Mcp) -> Result<()> {
    let body = json!({"project_id": PROJECT_ID, "name": "tour-mcp"});
    let secret = mcp.step("create a secret", "create-secret", json!({"region": "fr-par", "body": body}), false).await?;
    let id = json!({"region": "fr-par", "secret_id": secret["id"]});
    mcp.step("read it", "get-metadata-using-secret-s-id", id.clone(), false).await?;
    mcp.step("protect it", "enable-secret-protection", id.clone(), false).await?;
    let refused = mcp.step("delete it: refused", "delete-secret", id.clone(), true).await?;
    println!("    {}", refused["body"]["help_message"].as_str().unwrap_or_default());
    mcp.step("unprotect it", "disable-secret-protection", id.clone(), false).await?;
    mcp.step("delete it", "delete-secret", id, false).await?;
    let climbing = json!({"region": "fr-par", "secret_id": ".."});
    mcp.step("a path that climbs: refused", "get-metadata-using-secret-s-id", climbing, true).await?;
    Ok(())
}

/// Requests to paste.
pub(super) fn requests(secrets: &str) -> String {
    format!(
        "# Create a secret, and list what there is.
curl -s {secrets} -H 'content-type: application/json' -d '{{\"project_id\":\"{PROJECT_ID}\",\"name\":\"first\"}}'
curl -s '{secrets}?project_id={PROJECT_ID}&scheduled_for_deletion=false'
"
    )
}

/// The call of a tool to paste.
pub(super) fn call() -> (&'static str, Value) {
    ("list-secrets", json!({"region": "fr-par", "project_id": PROJECT_ID, "scheduled_for_deletion": false}))
}
