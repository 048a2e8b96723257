//! What servers are asked for under load.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::{PREFIX, SECRETS, SIZES};

/// A surface of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Surface {
    /// The REST adapter, beside a proxy by hand
    Rest,
    /// The MCP server, beside one by hand
    Mcp,
}

/// One request, which is sent again and again.
#[derive(Clone, Debug)]
pub struct Question {
    /// What it is called in the report.
    pub name: String,
    /// What a server should reach of the floor, in answers per second.
    target: f64,
    /// With how many connections at least.
    crowd: usize,
    /// How long the body of an answer must be, in bytes, if that is known.
    pub length: Option<usize>,
    /// A text that stands in each answer.
    pub holds: &'static str,
    line: String,
    fields: String,
    body: String,
}

impl Surface {
    /// How many connections ask at the same time.
    pub fn connections(self) -> &'static [usize] {
        match self {
            Self::Rest => &[1, 16, 128],
            Self::Mcp => &[1, 16],
        }
    }

    /// What it is asked for.
    pub fn questions(self) -> Vec<Question> {
        match self {
            Self::Rest => SIZES.into_iter().map(secret).collect(),
            Self::Mcp => ["2025-11-25", "2026-07-28"].into_iter().flat_map(messages).collect(),
        }
    }
}

impl Question {
    /// What a server should reach of the floor with this many connections, in answers per second, if that is said.
    pub fn target(&self, connections: usize) -> Option<f64> {
        (connections >= self.crowd).then_some(self.target)
    }

    /// The request as it is sent to a server.
    pub fn to(&self, address: SocketAddr) -> String {
        let Self { line, fields, body, .. } = self;
        format!("{line} HTTP/1.1\r\nhost: {address}\r\n{fields}\r\n{body}")
    }
}

fn secret(size: usize) -> Question {
    Question {
        name: format!("{size} bytes"),
        target: 0.95,
        crowd: 1,
        length: Some(size),
        holds: "\"description\"",
        line: format!("GET {PREFIX}{SECRETS}{size}"),
        fields: "accept: */*\r\n".to_owned(),
        body: String::new(),
    }
}

/// A list, and calls whose answers have different lengths, in one revision of the protocol.
fn messages(version: &'static str) -> Vec<Question> {
    let call = |size: usize| {
        let arguments = json!({"region": "fr-par", "secret_id": size.to_string()});
        let params = json!({"name": "get-metadata-using-secret-s-id", "arguments": arguments});
        Question {
            target: 0.9,
            holds: "\"structuredContent\"",
            ..message(version, "tools/call", &format!(", {size} bytes"), params)
        }
    };
    let list = message(version, "tools/list", "", json!({}));
    let [short, long, _] = SIZES;
    vec![Question { target: 1.5, holds: "\"inputSchema\"", ..list }, call(short), call(long)]
}

fn message(version: &'static str, method: &str, more: &str, params: Value) -> Question {
    let mut fields = format!(
        "accept: application/json, text/event-stream\r\ncontent-type: application/json\r\n\
         mcp-protocol-version: {version}\r\n"
    );
    let mut params = params.as_object().cloned().unwrap_or_default();
    if version == "2026-07-28" {
        fields += &format!("mcp-method: {method}\r\n");
        if let Some(name) = params.get("name").and_then(Value::as_str) {
            fields += &format!("mcp-name: {name}\r\nmcp-param-region: fr-par\r\n");
        }
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
        });
        params.insert("_meta".to_owned(), meta);
    }
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    fields += &format!("content-length: {}\r\n", body.len());
    let name = format!("{method}{more}, {version}");
    Question { name, target: 1.0, crowd: 16, length: None, holds: "", line: "POST /mcp".to_owned(), fields, body }
}
