//! A short life of a version. Its secret is created upstream, because the server has no route and no tool for that.

use anyhow::{Context as _, Result, ensure};
use reqwest::{Client, Method};
use scaleway_simulator::{PROJECT_ID, TOKEN};
use serde_json::{Value, json};

use super::{Mcp, Rest};

/// `correct horse`, which no model is to read.
const VALUE: &str = "Y29ycmVjdCBob3JzZQ==";

pub(super) async fn take(upstream: &str, rest: &Rest, mcp: &Mcp) -> Result<()> {
    println!("\nREST");
    over_rest(rest, &step_upstream(upstream, &rest.http, "tour-rest").await?).await?;
    println!("\nMCP");
    over_mcp(mcp, &step_upstream(upstream, &rest.http, "tour-mcp").await?).await
}

async fn step_upstream(upstream: &str, http: &Client, name: &str) -> Result<String> {
    let id = created(upstream, http, name).await?;
    println!("  {:<28} {:<6} 200, upstream", "create a secret", "POST");
    Ok(id)
}

/// The id of a new secret, which holds nothing yet.
pub(super) async fn created(upstream: &str, http: &Client, name: &str) -> Result<String> {
    let uri = format!("{upstream}/secret-manager/v1beta1/regions/fr-par/secrets");
    let request = http.post(uri).header("x-auth-token", TOKEN);
    let response = request.json(&json!({"project_id": PROJECT_ID, "name": name})).send().await?;
    let secret: Value = response.error_for_status()?.json().await?;
    Ok(secret["id"].as_str().context("a secret has an id")?.to_owned())
}

async fn over_rest(rest: &Rest, id: &str) -> Result<()> {
    let versions = format!("/{id}/versions");
    let (first, access) = (format!("{versions}/1"), format!("{versions}/1/access"));
    rest.step("add a version", Method::POST, &versions, Some(json!({"data": VALUE})), 200).await?;
    rest.step("list the versions", Method::GET, &versions, None, 200).await?;
    let shown = rest.step("access it", Method::GET, &access, None, 200).await?;
    ensure!(shown["data"] == VALUE, "the value passes: {shown}");
    println!("    data: {VALUE}");
    rest.step("disable it", Method::POST, &format!("{first}/disable"), None, 200).await?;
    let refused = rest.step("access it: refused", Method::GET, &access, None, 412).await?;
    println!("    {}", refused["help_message"].as_str().unwrap_or_default());
    rest.step("enable it", Method::POST, &format!("{first}/enable"), None, 200).await?;
    rest.step("delete it", Method::DELETE, &first, None, 204).await?;
    Ok(())
}

async fn over_mcp(mcp: &Mcp, id: &str) -> Result<()> {
    let secret = json!({"region": "fr-par", "secret_id": id});
    let with = |name: &str, value: Value| {
        let mut arguments = secret.clone();
        arguments[name] = value;
        arguments
    };
    let version = with("revision", "latest".into());
    mcp.step("add a version", "create-secret-version", with("body", json!({"data": VALUE})), false).await?;
    mcp.step("list the versions", "list-secret-versions", secret.clone(), false).await?;
    let shown = mcp.step("access it: masked", "access-secret-version", version.clone(), false).await?;
    ensure!(shown["data"] == "***", "the value is masked: {shown}");
    println!("    data: {}", shown["data"].as_str().unwrap_or_default());
    mcp.step("disable it", "disable-secret-version", version.clone(), false).await?;
    let refused = mcp.step("access it: refused", "access-secret-version", version.clone(), true).await?;
    println!("    {}", refused["body"]["help_message"].as_str().unwrap_or_default());
    mcp.step("enable it", "enable-secret-version", version.clone(), false).await?;
    mcp.step("delete it", "delete-secret-version", version, false).await?;
    Ok(())
}

/// Requests to paste, for a secret.
pub(super) fn requests(secrets: &str, id: &str) -> String {
    format!(
        "# Add a version to a secret that is there, read its value, and list the versions.
curl -s {secrets}/{id}/versions -H 'content-type: application/json' -d '{{\"data\":\"{VALUE}\"}}'
curl -s {secrets}/{id}/versions/latest/access
curl -s {secrets}/{id}/versions
"
    )
}

/// The call of a tool to paste.
pub(super) fn call(id: &str) -> (&'static str, Value) {
    ("list-secret-versions", json!({"region": "fr-par", "secret_id": id}))
}
