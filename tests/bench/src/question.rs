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
    let (fields, body) = to_mcp(version, method, params);
    let mut fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    fields += &format!("content-length: {}\r\n", body.len());
    let name = format!("{method}{more}, {version}");
    Question { name, target: 1.0, crowd: 16, length: None, holds: "", line: "POST /mcp".to_owned(), fields, body }
}

/// The header fields and the body of a request for MCP, in one revision of the protocol.
pub(crate) fn to_mcp(version: &str, method: &str, params: Value) -> (Vec<(&'static str, String)>, String) {
    let mut fields = vec![
        ("accept", "application/json, text/event-stream".to_owned()),
        ("content-type", "application/json".to_owned()),
        ("mcp-protocol-version", version.to_owned()),
    ];
    let mut params = params.as_object().cloned().unwrap_or_default();
    if version == "2026-07-28" {
        fields.push(("mcp-method", method.to_owned()));
        if let Some(name) = params.get("name").and_then(Value::as_str) {
            fields.extend([("mcp-name", name.to_owned()), ("mcp-param-region", "fr-par".to_owned())]);
        }
        let known = json!({
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
        });
        let meta = params.entry("_meta").or_insert_with(|| json!({}));
        if let (Some(meta), Value::Object(known)) = (meta.as_object_mut(), known) {
            meta.extend(known);
        }
    }
    (fields, json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string())
}
