//! Responses of the upstream that are too much, show too much, or do something where they are shown.

use anyhow::{Context as _, Result, ensure};

use super::upstream::{ACTIVE, LEAKS, SECRET};
use super::wire::{call, path};
use super::{Attack, Site, attack};

pub(super) const ATTACKS: &[Attack] = &[
    attack!("secrets in responses of all kinds", leaks),
    attack!("active content", active_content),
    attack!("marks that no one sees", invisible_marks),
    attack!("a response that is nested without end", nested),
    attack!("a small response that is large when it is decompressed", compressed),
    attack!("informational responses without end", informational),
    attack!("a response with twenty thousand fields", fields),
    attack!("a response without end", endless),
    attack!("forty times seven megabytes to mask", masking),
];

async fn leaks(site: &Site) -> Result<()> {
    for (name, ..) in LEAKS {
        let response = site.mcp.message("tools/call", call(name)).await?;
        ensure!(response.status == 200, "{name}: {}", response.status);
        ensure!(!response.text().contains(SECRET), "{name}: {}", response.text());
    }
    Ok(())
}

async fn active_content(site: &Site) -> Result<()> {
    for (name, _) in ACTIVE {
        let response = site.rest.get(&path(name), "").await?;
        let head = &response.head;
        let policy = head.lines().find_map(|line| line.strip_prefix("content-security-policy:"));
        let policy = policy.with_context(|| format!("{name}: no policy: {head}"))?;
        ensure!(policy.contains("sandbox") && policy.contains("default-src 'none'"), "{name}: {policy}");
        for field in
            ["x-content-type-options: nosniff", "content-disposition: attachment", "cross-origin-resource-policy: "]
        {
            ensure!(head.contains(field), "{name}: no {field}: {head}");
        }
        for field in ["service-worker-allowed", "sourcemap"] {
            ensure!(!head.contains(field), "{name}: {field}");
        }
    }
    Ok(())
}

async fn invisible_marks(site: &Site) -> Result<()> {
    let text = site.mcp.message("tools/call", call("marks")).await?.text();
    for mark in ['\u{1b}', '\u{202e}', '\u{e0041}'] {
        ensure!(!text.contains(mark), "{} is shown", mark.escape_unicode());
    }
    Ok(())
}

async fn nested(site: &Site) -> Result<()> {
    excess(site, "deep").await
}

async fn compressed(site: &Site) -> Result<()> {
    excess(site, "bomb").await
}

async fn informational(site: &Site) -> Result<()> {
    excess(site, "informational").await
}

async fn fields(site: &Site) -> Result<()> {
    excess(site, "fields").await
}

async fn endless(site: &Site) -> Result<()> {
    excess(site, "endless").await
}

async fn excess(site: &Site, name: &str) -> Result<()> {
    // REST may have begun to pass on what has no end, and then breaks it off.
    if let Ok(response) = site.rest.get(&path(name), "").await {
        ensure!(response.body.len() <= 11 << 20, "{} bytes", response.body.len());
    }
    let response = site.mcp.message("tools/call", call(name)).await?;
    ensure!(response.body.len() <= 1 << 20, "{} bytes", response.body.len());
    Ok(())
}

async fn masking(site: &Site) -> Result<()> {
    let calls = (0..40).map(|_| site.mcp.message("tools/call", call("large")));
    for response in futures_util::future::join_all(calls).await {
        let text = response?.text();
        ensure!(!text.contains("not for models"), "a secret is shown");
        ensure!(text.len() <= 1 << 20, "a result of {} bytes", text.len());
    }
    Ok(())
}
