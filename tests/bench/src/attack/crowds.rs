//! Many callers that take places and give nothing, while somebody else wants one response.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::wire::{HONEST, MCP_FIELDS, Target, exchange, path, posts};
use super::{Attack, Site, attack};

pub(super) const ATTACKS: &[Attack] = &[
    attack!("400 requests whose bodies do not come", bodies_that_do_not_come),
    attack!("3,000 connections that say nothing", silent_connections),
    attack!("400 heads that come byte by byte", slow_heads),
    attack!("200 readers that read nothing", readers_that_read_nothing),
    attack!("a storm of connections", storm),
];

/// How soon somebody else has a response.
const SOON: Duration = Duration::from_secs(3);

async fn bodies_that_do_not_come(site: &Site) -> Result<()> {
    for (target, path) in posts(site) {
        let request = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n{MCP_FIELDS}content-length: 1000\r\n\r\n{{");
        let crowd = crowd(target, 400, request.as_bytes()).await?;
        others_are_served(site).await?;
        drop(crowd);
    }
    Ok(())
}

async fn silent_connections(site: &Site) -> Result<()> {
    let crowd = crowd(site.rest, 3000, b"").await?;
    others_are_served(site).await?;
    drop(crowd);
    Ok(())
}

async fn slow_heads(site: &Site) -> Result<()> {
    let mut crowd = crowd(site.mcp, 400, b"POST /mcp HTTP/1.1\r\n").await?;
    for byte in b"x-slow: a" {
        for stream in &mut crowd {
            // A server may have closed some.
            let _ = stream.write_all(&[*byte]).await;
        }
        sleep(Duration::from_millis(20)).await;
    }
    others_are_served(site).await
}

async fn readers_that_read_nothing(site: &Site) -> Result<()> {
    let mut crowd = Vec::new();
    for _ in 0..200 {
        let Ok(mut stream) = site.rest.connect_with_small_buffer().await else { continue };
        let request = format!("GET {} HTTP/1.1\r\nhost: localhost\r\n\r\n", path("large"));
        let _ = stream.write_all(request.as_bytes()).await;
        crowd.push(stream);
    }
    sleep(Duration::from_secs(1)).await;
    others_are_served(site).await
}

async fn storm(site: &Site) -> Result<()> {
    for _ in 0..2000 {
        if let Ok(stream) = site.rest.connect().await {
            let _ = stream.set_zero_linger();
        }
    }
    others_are_served(site).await
}

/// Connections that each sent these bytes. The server need not take all of them.
async fn crowd(target: Target, count: usize, bytes: &[u8]) -> Result<Vec<TcpStream>> {
    let mut crowd = Vec::new();
    for _ in 0..count {
        let Ok(Ok(mut stream)) = timeout(SOON, target.connect()).await else { break };
        let _ = stream.write_all(bytes).await;
        crowd.push(stream);
    }
    sleep(Duration::from_millis(300)).await;
    Ok(crowd)
}

/// A caller at another address gets its response.
async fn others_are_served(site: &Site) -> Result<()> {
    let request = format!("GET {} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", path("x"));
    let other = Target { from: HONEST, ..site.rest };
    let served = async { exchange(other.connect().await?, request.as_bytes()).await };
    let response = timeout(SOON, served).await.context("somebody else waits")??;
    ensure!(response.status == 200, "somebody else gets a {}", response.status);
    Ok(())
}
