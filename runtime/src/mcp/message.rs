//! JSON-RPC messages in requests, before the library reads them (JSON-RPC 2.0 §4, §5).

use std::borrow::Cow;
use std::fmt;

use rmcp::model::ProtocolVersion;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::exposure::NAME_LIMIT;

/// A message, with its members as they were written.
pub(super) struct Message<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// Why something is no message, with the code of JSON-RPC.
#[derive(Debug)]
pub(super) struct Malformed {
    code: i32,
    problem: &'static str,
    /// The message's own, where it could be read.
    id: Option<Value>,
}

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const INVALID_PARAMS: i32 = -32602;
const UNSUPPORTED_VERSION: i32 = -32022;

impl<'a> Message<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let wrong = |code, problem| Malformed { code, problem, id: None };
        let message: Self = serde_json::from_slice(body).map_err(|error| match error.classify() {
            Category::Data if body.trim_ascii_start().starts_with(b"[") => {
                wrong(INVALID_REQUEST, "several messages in one request are not part of MCP since 2025-06-18")
            }
            Category::Data => wrong(INVALID_REQUEST, "a message is a JSON object that has each name once"),
            Category::Io | Category::Syntax | Category::Eof => wrong(PARSE_ERROR, "the body is not JSON"),
        })?;
        let id = message.member("id");
        let integer = |text: &str| text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok();
        if !id.is_none_or(|id| id.starts_with('"') || integer(id)) {
            return Err(wrong(INVALID_REQUEST, "the id of a request is a string or an integer"));
        }
        let invalid = |code, problem| Err(Malformed { code, problem, id: message.value("id") });
        if message.member("jsonrpc") != Some("\"2.0\"") {
            return invalid(INVALID_REQUEST, "`jsonrpc` must be \"2.0\"");
        }
        match message.member("method") {
            Some(method) if method.starts_with('"') => {}
            None if message.member("result").or_else(|| message.member("error")).is_some() => {}
            _ => return invalid(INVALID_REQUEST, "a request names its `method`"),
        }
        if message.member("params").is_some_and(|params| !params.starts_with('{')) {
            return invalid(INVALID_PARAMS, "`params` are a JSON object");
        }
        Ok(message)
    }

    /// A member as it was written.
    pub(super) fn member(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.get())
    }

    /// A member as a value.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        self.member(name).and_then(|text| serde_json::from_str(text).ok())
    }

    /// Whether it is of this method.
    pub(super) fn is(&self, method: &str) -> bool {
        let name = self.member("method").and_then(|text| text.strip_prefix('"')?.strip_suffix('"'));
        name == Some(method)
    }

    /// Whether it has no members but these.
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
                    // The library and this might each see another one.
                    if members.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom("a name that is there twice"));
                    }
                    members.push((name, value));
                }
                Ok(Message(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// A name of a member, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl Malformed {
    /// The answer.
    pub(super) fn answer(self) -> String {
        error(self.id, &json!({"code": self.code, "message": self.problem}))
    }
}

/// The answer to a message of a revision that is not served (MCP 2026-07-28, "Protocol Version Header").
pub(super) fn unsupported(message: &Message<'_>, requested: &str, supported: &[ProtocolVersion]) -> String {
    let requested: String = requested.chars().take(NAME_LIMIT).collect();
    let data = json!({"supported": supported, "requested": requested});
    let problem = "this revision of the protocol is not served";
    error(message.value("id"), &json!({"code": UNSUPPORTED_VERSION, "message": problem, "data": data}))
}

/// The answer to a message that is one, and that still cannot be read.
pub(super) fn unreadable(message: &Message<'_>) -> String {
    let problem = "the message cannot be read: something in it is nested too deeply, or of the wrong kind";
    error(message.value("id"), &json!({"code": INVALID_REQUEST, "message": problem}))
}

fn error(id: Option<Value>, error: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_has_the_code_of_json_rpc() {
        for (body, code) in [
            ("", PARSE_ERROR),
            ("{", PARSE_ERROR),
            ("\u{feff}{}", PARSE_ERROR),
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
        ] {
            let malformed = Message::read(body.as_bytes()).err().map(|malformed| malformed.code);
            assert_eq!(malformed, Some(code), "{body}");
        }
        for body in [
            "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"m\"}",
            "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{}}",
        ] {
            assert!(Message::read(body.as_bytes()).is_ok(), "{body}");
        }
    }
}
