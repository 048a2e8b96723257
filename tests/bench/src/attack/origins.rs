//! Requests that pages of other sites make a browser send.

use anyhow::{Result, ensure};
use serde_json::json;

use super::wire::{MCP_FIELDS, path};
use super::{Attack, Site, attack};

pub(super) const ATTACKS: &[Attack] = &[
    attack!("requests of pages of other sites", cross_site),
    attack!("messages of pages of other origins", foreign_origins),
];

async fn cross_site(site: &Site) -> Result<()> {
    for (relation, mode, kind) in [
        ("cross-site", "no-cors", "image"),
        ("cross-site", "no-cors", "script"),
        ("cross-site", "navigate", "document"),
        ("cross-site", "navigate", "iframe"),
        ("cross-site", "cors", "empty"),
        ("same-site", "no-cors", "image"),
    ] {
        let fields = format!("sec-fetch-site: {relation}\r\nsec-fetch-mode: {mode}\r\nsec-fetch-dest: {kind}\r\n");
        let path = path("x");
        let response = site.without_upstream(site.rest.get(&path, &fields)).await?;
        ensure!(response.status == 403, "{} for {relation} {kind}", response.status);
    }
    let response = site
        .rest
        .get("/docs", "sec-fetch-site: cross-site\r\nsec-fetch-mode: navigate\r\nsec-fetch-dest: document\r\n")
        .await?;
    ensure!(response.status == 200, "{} for a link to the documentation", response.status);
    let response = site
        .rest
        .get(&path("x"), "sec-fetch-site: same-origin\r\nsec-fetch-mode: cors\r\nsec-fetch-dest: empty\r\n")
        .await?;
    ensure!(response.status == 200, "{} for the page itself", response.status);
    Ok(())
}

async fn foreign_origins(site: &Site) -> Result<()> {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}).to_string();
    for origin in ["http://evil.example", "null", "http://localhost.evil.example", "https://127.0.0.1.evil.example"] {
        let response = site.mcp.post(&format!("{MCP_FIELDS}origin: {origin}\r\n"), message.as_bytes()).await?;
        ensure!(response.status == 403, "{} for MCP from {origin}", response.status);
        let (path, field) = (path("x"), format!("origin: {origin}\r\n"));
        let response = site.without_upstream(site.rest.get(&path, &field)).await?;
        ensure!(response.status == 403, "{} for REST from {origin}", response.status);
    }
    Ok(())
}
