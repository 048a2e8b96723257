//! A cache of list responses: most lists change only with the binary, and with the policy file, which makes a new cache.

use std::sync::OnceLock;

use http::HeaderMap;
use http::header::ACCEPT;
use http::request::Parts;
use rmcp::model::ProtocolVersion;
use serde_json::Value;

use super::accept::BOTH;
use super::message::{CAPABILITIES, CLIENT, Message, VERSION};
use super::revision::VERSIONS;

/// The methods whose results are cached.
const LISTS: [&str; 4] = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"];
/// The `_meta` members of requests of MCP 2026-07-28 that do not change these results.
const META: [&str; 3] = [VERSION, CAPABILITIES, CLIENT];

/// Cached results, by protocol version and method.
#[derive(Default)]
pub(super) struct Lists {
    cached: [[CachedResult; LISTS.len()]; VERSIONS.len()],
    /// Whether resources are files of folders, which may change.
    has_folders: bool,
}

/// The `result` of a response, as JSON text.
pub(super) type CachedResult = OnceLock<String>;

impl Lists {
    pub(super) fn new(has_folders: bool) -> Self {
        Self { has_folders, ..Self::default() }
    }

    /// The cache slot for the result of a request. `None` if any part of the request could change the response, including
    /// causing a rejection; such requests are not cached. The method comes with it.
    pub(super) fn cache_slot(&self, parts: &Parts, message: &Message<'_>) -> Option<(&'static str, &CachedResult)> {
        let list = LISTS.iter().position(|list| message.is(list))?;
        let requested = only(&parts.headers, "mcp-protocol-version")?;
        let version = VERSIONS.iter().position(|known| known.as_str() == requested)?;
        let plain = parts.headers.get(ACCEPT) == Some(&BOTH)
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
        let slot = || Some((*LISTS.get(list)?, self.cached.get(version)?.get(list)?));
        (plain && described && !changes).then(slot).flatten()
    }
}

/// Whether a request has the `_meta` that MCP 2026-07-28 requires, and nothing else.
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

/// The value of a header field that occurs exactly once.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}
