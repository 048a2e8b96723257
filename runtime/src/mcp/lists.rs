//! Lists, most of which change only with the binary: each of these is answered once and remembered.

use std::sync::OnceLock;

use http::HeaderMap;
use http::header::ACCEPT;
use http::request::Parts;
use rmcp::model::ProtocolVersion;
use serde_json::Value;

use super::handler::VERSIONS;
use super::message::Message;

/// The methods whose answers are remembered.
const LISTS: [&str; 4] = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"];
/// What a request says about itself under MCP 2026-07-28, all of which these answers do not depend on.
const META: [&str; 3] = [VERSION, CAPABILITIES, "io.modelcontextprotocol/clientInfo"];
const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// Answers by revision and method.
#[derive(Default)]
pub(super) struct Lists {
    remembered: [[Remembered; LISTS.len()]; VERSIONS.len()],
    /// Whether resources are files that come and go.
    has_folders: bool,
}

/// The `result` of an answer, as JSON text.
pub(super) type Remembered = OnceLock<String>;

impl Lists {
    pub(super) fn new(has_folders: bool) -> Self {
        Self { has_folders, ..Self::default() }
    }

    /// Where the answer to a request is remembered. There is no such place where anything about the request could matter to
    /// its answer, whether it is to be refused for one.
    pub(super) fn place(&self, parts: &Parts, message: &Message<'_>) -> Option<&Remembered> {
        let list = LISTS.iter().position(|list| message.is(list))?;
        let version =
            VERSIONS.iter().position(|known| only(&parts.headers, "mcp-protocol-version") == Some(known.as_str()))?;
        let accept = parts.headers.get(ACCEPT)?.to_str().ok()?;
        let accepted = ["application/json", "text/event-stream"].iter().all(|wanted| accept.contains(wanted));
        let plain = accepted
            && !accept.contains("q=")
            && message.member("id").is_some()
            && message.has_only(&["jsonrpc", "id", "method", "params"]);
        let name = VERSIONS.get(version)?;
        let described = if name.as_str() < ProtocolVersion::STANDARD_HEADERS.as_str() {
            message.member("params").is_none_or(|params| params == "{}")
        } else {
            only(&parts.headers, "mcp-method") == LISTS.get(list).copied()
                && is_described(&message.value("params")?, name.as_str())
        };
        let changes = self.has_folders && message.is("resources/list");
        (plain && described && !changes).then(|| self.remembered.get(version)?.get(list)).flatten()
    }
}

/// Whether a request has what MCP 2026-07-28 wants, and nothing else.
fn is_described(params: &Value, version: &str) -> bool {
    let meta = params.get("_meta").and_then(Value::as_object);
    params.as_object().is_some_and(|params| params.len() == 1)
        && meta.is_some_and(|meta| {
            meta.get(VERSION).and_then(Value::as_str) == Some(version)
                && meta.get(CAPABILITIES).is_some_and(Value::is_object)
                && meta
                    .iter()
                    .all(|(name, value)| META.contains(&name.as_str()) && (name == VERSION || value.is_object()))
        })
}

/// The value of a header field that is there once.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}
