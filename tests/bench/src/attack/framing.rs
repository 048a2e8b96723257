//! Requests whose end, target or sender is ambiguous, and requests that are none.

use anyhow::{Result, ensure};

use super::wire::{MCP_FIELDS, path, posts};
use super::{Attack, Site, attack};

pub(super) const ATTACKS: &[Attack] = &[
    attack!("bodies whose end is ambiguous", ambiguous_ends),
    attack!("bodies that are announced and too long", announced_lengths),
    attack!("fields that occur twice", duplicate_fields),
    attack!("hosts that are not ours", foreign_hosts),
    attack!("heads without end", long_heads),
    attack!("noise", noise),
];

async fn ambiguous_ends(site: &Site) -> Result<()> {
    for (target, path) in posts(site) {
        for framing in [
            "transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
            "content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            "transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
            "content-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
            "content-length: +3\r\n\r\nabc",
            "content-length: 3, 3, 4\r\n\r\nabc",
            "content-length: 99999999999999999999\r\n\r\nabc",
            "transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc",
            "transfer-encoding: chunked\r\n\r\n3 \r\nabcX\r\n0\r\n\r\n",
        ] {
            let request =
                format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n{MCP_FIELDS}connection: close\r\n{framing}");
            let response = site.without_upstream(target.send(request.as_bytes())).await?;
            response.is_rejected()?;
        }
    }
    Ok(())
}

async fn announced_lengths(site: &Site) -> Result<()> {
    for (target, path) in posts(site) {
        for expect in ["", "expect: 100-continue\r\n"] {
            let request = format!(
                "POST {path} HTTP/1.1\r\nhost: localhost\r\n{MCP_FIELDS}connection: close\r\n{expect}content-length: 1000000000000000000\r\n\r\n"
            );
            let response = site.without_upstream(target.send(request.as_bytes())).await?;
            ensure!(response.status == 413, "{} instead of 413 for a body that is too long", response.status);
            response.is_explained()?;
        }
    }
    Ok(())
}

async fn duplicate_fields(site: &Site) -> Result<()> {
    for (target, path) in [(site.rest, path("x")), (site.mcp, "/mcp".to_owned())] {
        for fields in [
            "host: localhost\r\nhost: evil.example\r\n",
            "host: localhost\r\nauthorization: Bearer a\r\nauthorization: Bearer b\r\n",
            "host: localhost\r\norigin: http://localhost\r\norigin: http://evil.example\r\n",
            "host: localhost\r\ncontent-type: application/json\r\ncontent-type: text/plain\r\n",
        ] {
            let request = format!("GET {path} HTTP/1.1\r\n{fields}connection: close\r\n\r\n");
            let response = site.without_upstream(target.send(request.as_bytes())).await?;
            ensure!((400..500).contains(&response.status), "{} for {fields:?}", response.status);
        }
    }
    Ok(())
}

async fn foreign_hosts(site: &Site) -> Result<()> {
    let (path, mcp) = (path("x"), "/mcp".to_owned());
    for (target, path) in [(site.rest, &path), (site.mcp, &mcp)] {
        for head in [
            format!("GET {path} HTTP/1.1\r\nhost: evil.example"),
            format!("GET {path} HTTP/1.1\r\nhost: evil@localhost"),
            format!("GET {path} HTTP/1.1\r\nhost: localhost@evil.example"),
            format!("GET {path} HTTP/1.1\r\nhost: localhost.evil.example"),
            format!("GET {path} HTTP/1.1\r\nhost: localhost, evil.example"),
            format!("GET {path} HTTP/1.1\r\nx-nothing: 1"),
            format!("GET http://evil.example{path} HTTP/1.1\r\nhost: localhost"),
            format!("GET http://evil.example{path} HTTP/1.1\r\nhost: evil.example"),
            format!("GET http://evil@localhost{path} HTTP/1.1\r\nhost: localhost"),
        ] {
            let response =
                site.without_upstream(target.send(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes())).await?;
            ensure!((400..500).contains(&response.status), "{} for {head:?}", response.status);
        }
    }
    Ok(())
}

async fn long_heads(site: &Site) -> Result<()> {
    for target in [site.rest, site.mcp] {
        for field in [format!("x: {}\r\n", "a".repeat(200_000)), "x: a\r\n".repeat(50_000)] {
            let response = site.without_upstream(target.get("/", &field)).await?;
            ensure!((400..500).contains(&response.status), "{} for a long head", response.status);
            response.is_short()?;
        }
        let response = target.get(&format!("/{}", "a".repeat(200_000)), "").await?;
        ensure!((400..500).contains(&response.status), "{} for a long path", response.status);
        response.is_short()?;
    }
    Ok(())
}

async fn noise(site: &Site) -> Result<()> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for target in [site.rest, site.mcp] {
        for length in (1..400).step_by(7) {
            let bytes: Vec<u8> = std::iter::repeat_with(|| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .take(length)
            .collect();
            let request =
                [b"GET ".as_slice(), &bytes, b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"].concat();
            // Closing without a response is one way to refuse.
            if let Ok(response) = site.without_upstream(target.send(&request)).await {
                ensure!((400..500).contains(&response.status), "{} for noise", response.status);
            }
        }
    }
    Ok(())
}
