//! JSON-RPC messages in requests, before rmcp reads them (JSON-RPC 2.0 §4, §5).

use std::borrow::Cow;
use std::fmt;

use naftiko_adapter::{BODY_LIMIT, numbers, repeated_name, short};
use naftiko_client::__private::{shortened, without_byte_order_mark};
use rmcp::model::ProtocolVersion;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// A message, with its members as JSON text.
pub(super) struct Message<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// Why a message is malformed, with its JSON-RPC error code.
#[derive(Debug)]
pub(super) struct Malformed {
    code: i32,
    reason: &'static str,
    /// The message's id as JSON text, if it could be read.
    id: Option<String>,
    /// Whether it expects no response.
    is_notification: bool,
}

/// The longest id, as JSON text in bytes. It is repeated in the response.
const ID_LIMIT: usize = 1024;
/// The most members of a message.
const MEMBERS_LIMIT: usize = 32;
/// The most values of a message, names included. In memory a value takes up to a hundred times the space of its text.
const VALUES_LIMIT: usize = 250_000;
/// The largest message, in bytes.
pub(super) const MESSAGE_LIMIT: usize = BODY_LIMIT;

/// How much of an error's message is kept if it is too long, in characters.
const REASON_LIMIT: usize = 500;

/// What requests of MCP 2026-07-28 say about their client.
pub(super) const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(super) const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub(super) const CLIENT: &str = "io.modelcontextprotocol/clientInfo";

const BATCH: &str = "batches are not part of MCP since 2025-06-18";

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const INVALID_PARAMS: i32 = -32602;
const HEADER_MISMATCH: i32 = -32020;
const UNSUPPORTED_VERSION: i32 = -32022;

impl<'a> Message<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let body = without_byte_order_mark(body);
        let wrong = |code, reason| Malformed { code, reason, id: None, is_notification: false };
        let mut message: Self = serde_json::from_slice(body).map_err(|error| match error.classify() {
            Category::Data if body.trim_ascii_start().starts_with(b"[") => wrong(INVALID_REQUEST, BATCH),
            Category::Data => {
                wrong(INVALID_REQUEST, "a message must be a JSON object with few members and without duplicate names")
            }
            Category::Io | Category::Syntax | Category::Eof => wrong(PARSE_ERROR, "the body is not JSON"),
        })?;
        // Many clients write null for what they leave out.
        message.0.retain(|(name, value)| name != "params" || value.get() != "null");
        let is_text = |member: &str| member.starts_with('"');
        let is_notification = message.member("id").is_none() && message.member("method").is_some_and(is_text);
        let invalid = |code, reason| Err(Malformed { code, reason, id: message.id(), is_notification });
        if message.member("id").is_some_and(|id| !message.is_response() && !is_id(id)) {
            return invalid(
                INVALID_REQUEST,
                "the id of a request must be a string of at most 1024 bytes or an integer of 64 bits",
            );
        }
        if message.member("jsonrpc") != Some("\"2.0\"") {
            return invalid(INVALID_REQUEST, "`jsonrpc` must be \"2.0\"");
        }
        match message.member("method") {
            Some(method) if is_text(method) => {}
            None if message.is_response() => {}
            _ => return invalid(INVALID_REQUEST, "the `method` of a request must be a string"),
        }
        if has_many_values(body) {
            return invalid(INVALID_REQUEST, "the message has more than 250000 values");
        }
        // Others might use another one of two members with one name. Those of the message itself have been compared.
        if message.0.iter().any(|(_, value)| repeated_name(value.get().as_bytes()).is_some()) {
            return invalid(INVALID_REQUEST, "an object of the message has two members with one name");
        }
        if message.member("params").is_some_and(|params| !params.starts_with('{')) {
            return invalid(INVALID_PARAMS, "`params` must be a JSON object");
        }
        // rmcp would take it for a request without a cursor, and a client would get the first page again and again.
        if message.cursor().is_some_and(|cursor| !is_text(cursor) && cursor != "null") {
            return invalid(INVALID_PARAMS, "`cursor` must be a string");
        }
        Ok(message)
    }

    /// The message as rmcp reads it. The numbers in arguments are [marked](numbers).
    pub(super) fn to_json(&self) -> Vec<u8> {
        let has_arguments = self.is("tools/call") || self.is("prompts/get");
        let own = self.member("params");
        let described = own.and_then(described);
        let params = described.as_deref().or(own);
        let marked = params.filter(|_| has_arguments).and_then(|params| numbers::marked(params.as_bytes()));
        self.write("params", marked.as_deref().or(params.map(str::as_bytes)))
    }

    /// The message as JSON text, with this value of one member.
    fn write(&self, changed: &str, changed_value: Option<&[u8]>) -> Vec<u8> {
        let mut json = Vec::with_capacity(self.0.iter().map(|(name, value)| name.len() + value.get().len() + 4).sum());
        for (name, value) in &self.0 {
            json.push(if json.is_empty() { b'{' } else { b',' });
            // Writing text to memory cannot fail.
            let _ = serde_json::to_writer(&mut json, name);
            json.push(b':');
            let value = changed_value.filter(|_| name == changed).unwrap_or(value.get().as_bytes());
            json.extend_from_slice(value);
        }
        json.push(b'}');
        json
    }

    /// Whether it is the response to a request of the server.
    fn is_response(&self) -> bool {
        self.member("method").is_none() && self.member("result").or_else(|| self.member("error")).is_some()
    }

    /// Whether it expects a response.
    pub(super) fn is_request(&self) -> bool {
        self.member("id").is_some() && !self.is_response()
    }

    /// The id as JSON text, if it is a string or a number.
    fn id(&self) -> Option<String> {
        let id = self.member("id").filter(|id| id.len() <= ID_LIMIT)?;
        let is_number = id.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        (is_number || serde_json::from_str::<String>(id).is_ok()).then(|| id.to_owned())
    }

    /// The cursor of a list as JSON text.
    fn cursor(&self) -> Option<&'a str> {
        self.member("method").filter(|method| method.ends_with("/list\""))?;
        serde_json::from_str::<Self>(self.member("params")?).ok()?.member("cursor")
    }

    /// A member as JSON text.
    pub(super) fn member(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.get())
    }

    /// A member as a value.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        self.member(name).and_then(|text| serde_json::from_str(text).ok())
    }

    /// Whether the message has this method.
    pub(super) fn is(&self, method: &str) -> bool {
        let name = self.member("method").and_then(|text| text.strip_prefix('"')?.strip_suffix('"'));
        name == Some(method)
    }

    /// Whether it is an error about the parameters of a request.
    pub(super) fn is_about_parameters(&self) -> bool {
        self.value("error").is_some_and(|error| error.get("code") == Some(&INVALID_PARAMS.into()))
    }

    /// Whether it has only these members.
    pub(super) fn has_only(&self, names: &[&str]) -> bool {
        self.0.iter().all(|(name, _)| names.contains(&name.as_ref()))
    }
}

impl<'de> Deserialize<'de> for Message<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Message<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Message<'de>, A::Error> {
                let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::with_capacity(4);
                while let Some((Name(name), value)) = map.next_entry()? {
                    if members.len() == MEMBERS_LIMIT {
                        return Err(A::Error::custom("too many members"));
                    }
                    // rmcp and this module might each use another one.
                    if members.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom("duplicate name"));
                    }
                    members.push((name, value));
                }
                Ok(Message(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// The parameters of a client that says nothing of itself but its version, as clients of the reference engine do: it has no
/// capabilities. One that says who it is must also say what it can (MCP 2026-07-28, "Request metadata").
fn described(params: &str) -> Option<String> {
    if !params.contains(VERSION) || params.contains(CAPABILITIES) {
        return None;
    }
    let members: Message<'_> = serde_json::from_str(params).ok()?;
    let meta = members.member("_meta")?;
    let own: Message<'_> = serde_json::from_str(meta).ok()?;
    if own.member(VERSION).is_none() || own.member(CLIENT).is_some() {
        return None;
    }
    let rest = meta.strip_prefix('{')?;
    let meta = format!("{{\"{CAPABILITIES}\":{{}},{rest}");
    String::from_utf8(members.write("_meta", Some(meta.as_bytes()))).ok()
}

/// A name of a member, borrowed if it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl Malformed {
    /// The error for a request that is rejected before its message is read.
    pub(super) fn rejected(reason: &str) -> String {
        error(None, &json!({"code": INVALID_REQUEST, "message": reason}))
    }

    /// The error for a message that is longer than [`MESSAGE_LIMIT`].
    pub(super) fn too_long() -> Self {
        let reason = "the message is longer than 1048576 bytes";
        Self { code: INVALID_REQUEST, reason, id: None, is_notification: false }
    }

    /// Whether it gets a response on a stream.
    pub(super) fn gets_response(&self) -> bool {
        !self.is_notification
    }

    /// The same for a request whose header names a method: a batch has none (MCP 2026-07-28, "Standard Request Headers").
    pub(super) fn with_named_method(mut self) -> Self {
        if self.reason == BATCH {
            self.code = HEADER_MISMATCH;
        }
        self
    }

    /// The JSON-RPC error response.
    pub(super) fn into_response(self) -> String {
        error(self.id, &json!({"code": self.code, "message": self.reason}))
    }
}

/// The response to a message of an unsupported protocol version (MCP 2026-07-28, "Protocol Version Header").
pub(super) fn unsupported(message: &Message<'_>, requested: &str, supported: &[ProtocolVersion]) -> String {
    let data = json!({"supported": supported, "requested": short(requested)});
    let reason = "unsupported protocol version";
    error(message.id(), &json!({"code": UNSUPPORTED_VERSION, "message": reason, "data": data}))
}

/// The response to a valid JSON-RPC message that rmcp cannot read.
pub(super) fn unreadable(message: &Message<'_>) -> String {
    let reason = "the message cannot be read: it is nested too deeply, or has a value of the wrong type";
    error(message.id(), &json!({"code": INVALID_REQUEST, "message": reason}))
}

/// An error response with the start of its message only; `None` if it is not one.
pub(super) fn short_error(response: &Message<'_>) -> Option<String> {
    let own = response.value("error")?;
    let message = shortened(own.get("message")?.as_str()?, REASON_LIMIT);
    Some(error(response.id(), &json!({"code": own.get("code")?, "message": message})))
}

fn error(id: Option<String>, error: &Value) -> String {
    let id = id.as_deref().unwrap_or("null");
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}")
}

/// Whether JSON has more than [`VALUES_LIMIT`] values.
fn has_many_values(json: &[u8]) -> bool {
    let mut values = 0;
    let mut rest = json;
    while rest.len() > VALUES_LIMIT - values {
        let Some(sign) = rest.iter().position(|byte| matches!(byte, b'"' | b',' | b':' | b'[' | b'{')) else { break };
        let (_, after) = rest.split_at(sign);
        values += usize::from(!after.starts_with(b"\""));
        if values > VALUES_LIMIT {
            return true;
        }
        let length = if after.starts_with(b"\"") { numbers::length_of_string(after) } else { 1 };
        rest = after.get(length..).unwrap_or_default();
    }
    false
}

/// Whether JSON text is an id that rmcp can read.
fn is_id(json: &str) -> bool {
    let is_integer = json.parse::<i64>().is_ok() || json.parse::<u64>().is_ok();
    json.len() <= ID_LIMIT && (is_integer || serde_json::from_str::<String>(json).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_messages_get_json_rpc_error_codes() {
        for (body, code) in [
            ("", PARSE_ERROR),
            ("{", PARSE_ERROR),
            ("\u{feff}\u{feff}{}", PARSE_ERROR),
            ("\u{feff}{}", INVALID_REQUEST),
            ("[]", INVALID_REQUEST),
            ("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}]", INVALID_REQUEST),
            ("7", INVALID_REQUEST),
            ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"m\\u0065thod\":\"n\"}", INVALID_REQUEST),
            ("{}", INVALID_REQUEST),
            ("{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"m\"}", INVALID_REQUEST),
            ("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"m\"}", INVALID_REQUEST),
            ("{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"m\"}", INVALID_REQUEST),
            ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", INVALID_REQUEST),
            ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":[]}", INVALID_PARAMS),
            ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"cursor\":200}}", INVALID_PARAMS),
        ] {
            let malformed = Message::read(body.as_bytes()).err().map(|malformed| malformed.code);
            assert_eq!(malformed, Some(code), "{body}");
        }
        for body in [
            "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"m\"}",
            "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{}}",
            "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":null}",
            "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{}}",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"cursor\":null}}",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"cursor\":200}}",
        ] {
            assert!(Message::read(body.as_bytes()).is_ok(), "{body}");
        }
    }

    #[test]
    fn a_client_that_says_only_its_version_has_no_capabilities() {
        let message = |meta: &str| {
            let text =
                format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{{\"_meta\":{meta},\"a\":1.10}}}}");
            String::from_utf8(Message::read(text.as_bytes()).expect("a message").to_json()).expect("text")
        };
        let version = "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"";
        let (name, capabilities) = (format!("\"{CLIENT}\":{{}}"), format!("\"{CAPABILITIES}\":{{}}"));
        let bare = message(&format!("{{{version}}}"));
        assert!(
            bare.ends_with(&format!("\"params\":{{\"_meta\":{{{capabilities},{version}}},\"a\":1.10}}}}")),
            "{bare}"
        );
        for meta in ["{}".to_owned(), format!("{{{version},{name}}}"), format!("{{{version},{capabilities}}}")] {
            assert!(message(&meta).contains(&format!("\"_meta\":{meta},")), "{meta}");
        }
    }

    #[test]
    fn messages_with_more_than_250000_values_are_malformed() {
        let message = |items: String| {
            format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"a\":[{items}]}}}}")
        };
        for (unit, count) in [("1,", 250_000), ("{\"a\":2},", 90_000), ("[],", 250_000)] {
            let body = message(format!("{}0", unit.repeat(count)));
            let malformed = Message::read(body.as_bytes()).err().map(|malformed| (malformed.code, malformed.id));
            assert_eq!(malformed, Some((INVALID_REQUEST, Some("1".to_owned()))), "{unit}");
        }
        let texts = "\"a,\\\",:[\",".repeat(100_000);
        for items in [format!("{texts}0"), format!("\"{}\"", ",".repeat(500_000)), format!("{}0", "1,".repeat(249_000))]
        {
            assert!(Message::read(message(items).as_bytes()).is_ok());
        }
    }
}
