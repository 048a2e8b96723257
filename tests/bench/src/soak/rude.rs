//! Callers that do not do what callers should: they read slowly or not at all, and leave whenever they like.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::caller::slow_call;
use super::upstream::{LARGE, SLOW};
use super::{Site, Tally};
use crate::question::to_mcp;
use crate::{PREFIX, SECRETS};

/// How much a slow reader reads at once, and how long it then waits.
const SIP: usize = 4096;
const PAUSE: Duration = Duration::from_millis(50);

/// Asks for much, and reads it slowly; each fourth caller reads nothing.
pub(super) async fn read_slowly(site: Arc<Site>, number: usize, end: Instant) -> Result<()> {
    let mut buffer = vec![0; SIP];
    while Instant::now() < end {
        let socket = TcpSocket::new_v4()?;
        // What the system takes off the wire by itself is not read slowly.
        socket.set_recv_buffer_size(SIP as u32)?;
        let mut stream = socket.connect(site.server.address()).await.context("REST does not accept")?;
        stream.write_all(get(LARGE).as_bytes()).await?;
        if number.is_multiple_of(4) {
            sleep_until(end).await;
        }
        // A server may give up on such a caller, and an upstream that goes ends the response.
        while Instant::now() < end {
            let Ok(Ok(length @ 1..)) = timeout_at(end, stream.read(&mut buffer)).await else { break };
            site.tally.trickled.fetch_add(length as u64, Ordering::Relaxed);
            sleep(PAUSE).await;
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

/// Leaves at one point of a request after the other.
pub(super) async fn leave(site: Arc<Site>, end: Instant) -> Result<()> {
    let (fields, body) = to_mcp("2025-11-25", "tools/call", slow_call(1));
    let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let call = format!("POST /mcp HTTP/1.1\r\nhost: localhost\r\n{fields}content-length: {}\r\n\r\n{body}", body.len());
    let secrets = SECRETS.trim_end_matches('/');
    let fields = "host: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n";
    let post = format!("POST {PREFIX}{secrets} HTTP/1.1\r\n{fields}\r\n{{\"name\":");
    let (rest, mcp) = (site.server.address(), site.mcp);
    // What is sent where, and how long and how much is then read before the caller is gone.
    let milliseconds = Duration::from_millis;
    let ways = [
        (rest, String::new(), milliseconds(0), 0),
        (rest, "GET /v1/secret".to_owned(), milliseconds(10), 0),
        (rest, get(SLOW), milliseconds(0), 0),
        (rest, get(SLOW), milliseconds(100), 1),
        (rest, get(LARGE), milliseconds(1000), 1000),
        (rest, post, milliseconds(10), 0),
        (mcp, call.clone(), milliseconds(0), 0),
        (mcp, call, milliseconds(1200), 100),
    ];
    for (address, request, time, length) in ways.iter().cycle() {
        if Instant::now() >= end {
            break;
        }
        let mut stream = TcpStream::connect(address).await.context("the server does not accept")?;
        stream.write_all(request.as_bytes()).await?;
        let mut buffer = vec![0; *length];
        // Whether something comes in time is all the same.
        let _ = timeout(*time, stream.read_exact(&mut buffer)).await;
        if *length == 0 {
            sleep(*time).await;
            // Closed without a farewell: a reset.
            let _ = stream.set_zero_linger();
        }
        Tally::count(&site.tally.left);
    }
    Ok(())
}

fn get(id: &str) -> String {
    format!("GET {PREFIX}{SECRETS}{id} HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\n\r\n")
}
