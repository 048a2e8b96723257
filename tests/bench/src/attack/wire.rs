//! Requests as bytes, and responses as they come.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::Site;
use crate::question::to_mcp;
use crate::{PREFIX, SECRETS};

/// How long a response may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The longest message of the server itself, in bytes.
const OWN_LIMIT: usize = 64 << 10;

/// The fields of a message of MCP, each with its line break.
pub(super) const MCP_FIELDS: &str = "content-type: application/json\r\naccept: application/json, text/event-stream\r\n\
     mcp-protocol-version: 2025-11-25\r\n";

/// The address of a caller that does nothing wrong.
pub(super) const HONEST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Where a server listens, and the address from which it is attacked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    pub(super) from: Ipv4Addr,
}

/// A response. The head is in lower case.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Target {
    /// A connection. The server need not take it.
    pub(super) async fn connect(self) -> Result<TcpStream> {
        self.connect_with(TcpSocket::new_v4()?).await
    }

    /// A connection that takes almost nothing off the wire by itself.
    pub(super) async fn connect_with_small_buffer(self) -> Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(4096)?;
        self.connect_with(socket).await
    }

    async fn connect_with(self, socket: TcpSocket) -> Result<TcpStream> {
        // Systems other than Linux have only one address of the loopback.
        let _ = socket.bind(SocketAddr::from((self.from, 0)));
        Ok(timeout(PATIENCE, socket.connect(self.address)).await.context("no one accepts")??)
    }

    /// Sends bytes and returns all that comes back until the server closes.
    pub(super) async fn send(self, bytes: &[u8]) -> Result<Response> {
        exchange(self.connect().await?, bytes).await
    }

    /// A GET for a path with these fields, each with its line break.
    pub(super) async fn get(self, path: &str, fields: &str) -> Result<Response> {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{fields}connection: close\r\n\r\n").as_bytes())
            .await
    }

    /// A message of MCP.
    pub(super) async fn message(self, method: &str, params: Value) -> Result<Response> {
        let (fields, body) = to_mcp("2025-11-25", method, params);
        let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        self.post(&fields, body.as_bytes()).await
    }

    /// A POST to the endpoint of MCP.
    pub(super) async fn post(self, fields: &str, body: &[u8]) -> Result<Response> {
        let length = body.len();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nhost: localhost\r\n{fields}content-length: {length}\r\nconnection: close\r\n\r\n"
        );
        self.send(&[head.as_bytes(), body].concat()).await
    }
}

impl Response {
    /// A message of the server itself: a client error or an error of a tool, of a bounded length.
    pub(super) fn is_rejected(&self) -> Result<()> {
        let text = String::from_utf8_lossy(&self.body);
        let is_error =
            (400..=599).contains(&self.status) || text.contains("\"isError\":true") || text.contains("\"error\":{");
        ensure!(is_error, "{} for a request that has to be refused", self.status);
        self.is_short()
    }

    pub(super) fn is_short(&self) -> Result<()> {
        ensure!(self.body.len() < OWN_LIMIT, "a response of {} bytes", self.body.len());
        Ok(())
    }

    /// A rejection with a body that says why, in JSON.
    pub(super) fn is_explained(&self) -> Result<()> {
        self.is_rejected()?;
        let document: Value = serde_json::from_slice(&self.body).with_context(|| {
            format!("{} without a document: {:?}", self.status, String::from_utf8_lossy(&self.body))
        })?;
        ensure!(document.is_object(), "{}: {document}", self.status);
        Ok(())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The path of a secret on the REST surface.
pub(super) fn path(id: &str) -> String {
    format!("{PREFIX}{SECRETS}{id}")
}

/// The path of all secrets on the REST surface.
pub(super) fn list() -> String {
    path("").trim_end_matches('/').to_owned()
}

/// Both ports, with a path on each that takes POST.
pub(super) fn posts(site: &Site) -> [(Target, String); 2] {
    [(site.rest, list()), (site.mcp, "/mcp".to_owned())]
}

/// The parameters of a tool call for a secret.
pub(super) fn call(id: &str) -> Value {
    json!({"name": "get-metadata-using-secret-s-id", "arguments": {"region": "fr-par", "secret_id": id}})
}

/// Sends bytes and reads a response. A server that has refused a request need not read the rest of it.
pub(super) async fn exchange(mut stream: TcpStream, bytes: &[u8]) -> Result<Response> {
    let (mut reader, mut writer) = stream.split();
    let mut received = Vec::new();
    let write = async {
        // The response says whether that was an error.
        let _ = writer.write_all(bytes).await;
        std::future::pending::<()>().await
    };
    let read = timeout(PATIENCE, reader.read_to_end(&mut received));
    tokio::select! {
        outcome = read => {
            // A reset after the response is one way to refuse the rest.
            if outcome.is_err() {
                bail!("no end of the response after {PATIENCE:?}");
            }
        }
        () = write => {}
    }
    response(&received)
}

fn response(received: &[u8]) -> Result<Response> {
    let end = received.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let end = end.with_context(|| format!("no response, but {:?}", String::from_utf8_lossy(received)))?;
    let (head, rest) = received.split_at(end);
    let head = String::from_utf8_lossy(head).to_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("a status")?;
    let body = rest.get(4..).unwrap_or_default();
    let body = if head.contains("transfer-encoding: chunked") { unchunked(body) } else { body.to_vec() };
    Ok(Response { status, head, body })
}

/// The content of a chunked body, as far as it came.
fn unchunked(body: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    let mut rest = body;
    while let Some((chunk, after)) = chunk(rest) {
        content.extend_from_slice(chunk);
        rest = after;
    }
    content
}

/// The first chunk and what follows it.
fn chunk(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (size, rest) = body.split_at_checked(body.windows(2).position(|bytes| bytes == b"\r\n")?)?;
    let size = usize::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok().filter(|size| *size > 0)?;
    let rest = rest.get(2..)?;
    let (chunk, after) = rest.split_at_checked(size).unwrap_or((rest, &[]));
    Some((chunk, after.get(2..).unwrap_or_default()))
}
