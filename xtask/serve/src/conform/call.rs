//! Sends the calls of a case.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::body::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use naftiko_server::__private::{Mounted, stdio};
use naftiko_server::{Program, ServeOptions};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::case::Call;
use super::json::Json;
use super::upstream::{Received, body, fields};
use crate::options;

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a line may be without a response, to count as one that gets none.
const SILENCE: Duration = Duration::from_millis(500);
/// The revision of MCP that calls are of.
const REVISION: &str = "2026-07-28";
/// The path of the MCP endpoint.
const ENDPOINT: &str = "/mcp";
/// The port of REST in the files of a case.
const REST: u16 = 18080;
/// Flags that turn off the policies of the server, of which a case knows nothing.
const FLAGS: [&str; 5] = ["--confirm", "off", "--reveal-secrets", "--response-budget", "10000000"];

/// What a call led to.
pub(super) struct Seen {
    pub(super) status: u16,
    /// Fields by lower-case names.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
    /// The requests that reached the upstream.
    pub(super) requests: Vec<Received>,
}

/// The server of a case.
pub(super) struct Server {
    program: &'static Program,
    variables: BTreeMap<String, String>,
    folder: String,
    mounted: Mounted,
}

/// The options of a server whose clients may get the files of this folder.
fn options(folder: &str) -> Result<ServeOptions> {
    options::parse(&[&FLAGS[..], &["--files", folder, "--bind-files", folder]].concat())
}

impl Server {
    /// Starts the server of a program, with these values of its variables.
    pub(super) async fn start(
        program: &'static Program,
        variables: BTreeMap<String, String>,
        folder: &str,
    ) -> Result<Self> {
        let mounted = Mounted::new(program, options(folder)?, variables.clone()).await.map_err(anyhow::Error::msg)?;
        Ok(Self { program, variables, folder: folder.to_owned(), mounted })
    }

    /// Whether other machines reach none of its ports.
    pub(super) fn is_local(&self) -> bool {
        self.mounted.ports().iter().all(|(_, address)| address.ip().is_loopback())
    }

    /// Sends a call. What reached the upstream is not known here.
    pub(super) async fn send(&self, call: &Call) -> Result<Seen> {
        let sent = async {
            match &*call.kind {
                "rest" => self.rest(call).await,
                "mcp" => self.mcp(call).await,
                "stdio" => self.line(call).await,
                kind => bail!("`{kind}` is no kind of call"),
            }
        };
        tokio::time::timeout(PATIENCE, sent).await.context("there is no response in time")?
    }

    fn address(&self, port: u16) -> Result<SocketAddr> {
        let ports = self.mounted.ports();
        let found = ports.iter().find(|(declared, _)| *declared == port).map(|(_, address)| *address);
        found.with_context(|| format!("no adapter is served on port {port}"))
    }

    async fn rest(&self, call: &Call) -> Result<Seen> {
        let address = self.address(call.get("port").and_then(Json::number).unwrap_or(REST))?;
        let headers = headers(call);
        let body = body(&call.json).unwrap_or_default();
        let mut seen = post(address, call.text("method"), call.text("path"), &headers, body).await?;
        seen.body = self.with_declared_ports(seen.body);
        Ok(seen)
    }

    /// A status document that names the ports of the capability, and not those of this run.
    fn with_declared_ports(&self, body: Vec<u8>) -> Vec<u8> {
        let Some(text) = std::str::from_utf8(&body).ok().filter(|text| text.contains("\"port\"")) else { return body };
        let ports = self.mounted.ports().iter();
        ports
            .fold(text.to_owned(), |text, (declared, own)| text.replace(&own.port().to_string(), &declared.to_string()))
            .into_bytes()
    }

    async fn mcp(&self, call: &Call) -> Result<Seen> {
        let address = self.address(call.get("port").and_then(Json::number).context("the call has no port")?)?;
        let (method, params) = (call.text("method"), call.get("params"));
        let name = params.and_then(|params| params.text_of("name").or(params.text_of("uri")));
        let mut members = params.map_or(&[][..], Json::members).to_vec();
        members.push(("_meta".to_owned(), Json::parse(META)?));
        let message = object([
            ("jsonrpc", Json::Text("2.0".to_owned())),
            ("id", Json::Plain("1".to_owned())),
            ("method", Json::Text(method.to_owned())),
            ("params", Json::Members(members)),
        ]);
        let own = [
            (ACCEPT.as_str(), "application/json, text/event-stream"),
            (CONTENT_TYPE.as_str(), "application/json"),
            ("mcp-protocol-version", REVISION),
            ("mcp-method", method),
        ];
        let own = own.into_iter().chain(name.map(|name| ("mcp-name", name)));
        let mut all: Vec<_> = own.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        all.extend(headers(call));
        post(address, "POST", ENDPOINT, &all, message.to_string().into_bytes()).await
    }

    /// A line to a server on standard input, which is alone with it.
    async fn line(&self, call: &Call) -> Result<Seen> {
        let line = call.json.get("line").map(Json::shown).unwrap_or_default();
        let ((mut input, server_input), (server_output, output)) =
            (tokio::io::duplex(1 << 20), tokio::io::duplex(1 << 20));
        let served =
            stdio(self.program, None, options(&self.folder)?, self.variables.clone(), server_input, server_output);
        let talk = async {
            input.write_all(format!("{line}\n").as_bytes()).await?;
            let mut lines = BufReader::new(output).lines();
            let response = tokio::time::timeout(SILENCE, lines.next_line()).await;
            response.map_or(Ok(None), |line| line)
        };
        let response = tokio::select! {
            response = talk => response?,
            served = served => {
                served.map_err(anyhow::Error::msg)?;
                None
            }
        };
        let body = response.unwrap_or_default().into_bytes();
        Ok(Seen { status: 0, headers: BTreeMap::new(), body, requests: Vec::new() })
    }
}

/// What every request of this revision says about its client.
const META: &str = r#"{
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "conform", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {}
}"#;

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Members(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The header fields that a call has of its own.
fn headers(call: &Call) -> Vec<(String, String)> {
    let headers = call.get("headers").map_or(&[][..], Json::members);
    headers.iter().map(|(name, value)| (name.clone(), value.shown())).collect()
}

/// Sends a request on a connection of its own, to a target that is sent as it is.
async fn post(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: Vec<u8>,
) -> Result<Seen> {
    let stream = TcpStream::connect(address).await.context("the server cannot be reached")?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(Uri::builder().path_and_query(target).build()?);
    request = request.header(HOST, address.to_string());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let response = sender.send_request(request.body(Full::new(Bytes::from(body)))?).await;
    let response = response.context("the server closed the connection")?;
    let (status, fields) = (response.status().as_u16(), fields(response.headers()));
    let body = response.into_body().collect().await.context("the response ended early")?.to_bytes().to_vec();
    connection.abort();
    Ok(Seen { status, headers: fields, body, requests: Vec::new() })
}
