//! Properties of what reads texts of callers and of upstreams.

use std::sync::Arc;

use naftiko_schema::{Method, Operation, OperationId, PathPart, Ref, RetrySafety, Target};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::content::{self, Body};
use super::message::Message;
use super::shown::Shown;

/// 10,000 cases, unless `PROPTEST_CASES` says how many.
fn cases() -> ProptestConfig {
    let config = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { config.cases } else { 10_000 };
    ProptestConfig { cases, ..config }
}

const NAMES: &[&str] = &[
    "a",
    "name",
    "value",
    "data",
    "password",
    "apiKey",
    "Authorization",
    "token_count",
    "secret",
    "key",
    "x",
    "id",
    "",
];
const TEXTS: &[&str] = &[
    "",
    "a",
    "Bearer abc",
    "https://u:p@a.test/",
    "{\"password\":\"x\"}",
    "-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----",
    "eyJhbGciOiJub25lIn0.e30.",
    "***",
    "é\u{202e}",
    "null",
    "1",
];

/// A response of an upstream.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        select(TEXTS).prop_map(Value::from),
        "[a-zA-Z0-9+/=._-]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((select(NAMES), inner), 0..4)
                .prop_map(|it| it.into_iter().map(|(name, it)| (name.to_owned(), it)).collect()),
        ]
    })
}

fn target(path: &'static str) -> Target {
    let mut operation = Operation::new(OperationId::from(0), "get", Method::Get, RetrySafety::Idempotent);
    operation.path = vec![PathPart::Literal(path.into())].into();
    Target::Operation(Ref::Shared(Arc::new(operation)))
}

/// A response as models read it.
fn masked(target: &Target, body: String) -> String {
    match content::read(Some("application/json"), body.as_bytes()) {
        Body::Text(text) => Shown::text(target, false, Some("application/json"), text).text,
        Body::Bytes(_) | Body::Unreadable => Shown::hidden().text,
    }
}

/// Whether a document is another one, except for values in place of which there is a text.
fn is_masked(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (before, after) if before == after => true,
        (_, Value::String(_)) => true,
        (Value::Object(before), Value::Object(after)) => {
            let names = before.keys().eq(after.keys());
            names && before.values().zip(after.values()).all(|(before, after)| is_masked(before, after))
        }
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len() && before.iter().zip(after).all(|(before, after)| is_masked(before, after))
        }
        _ => false,
    }
}

const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\"jsonrpc\":\"2.0\"",
    "\"id\":1",
    "\"id\":\"a\"",
    "\"id\":1e2",
    "\"id\":null",
    "\"method\":\"a\"",
    "\"method\":\"tools/call\"",
    "\"params\":{\"x\":1.10}",
    "\"params\":null",
    "\"params\":[]",
    "\"result\":{}",
    "\"error\":{}",
    "1",
    "-",
    "\u{feff}",
    " ",
    "\n",
    "é",
    "\"\\u0069d\":2",
    "true",
];
const MEMBERS: &[&str] = &[
    "\"jsonrpc\":\"2.0\"",
    "\"id\":1",
    "\"id\":\"a\"",
    "\"id\":12345678901234567890123",
    "\"method\":\"ping\"",
    "\"method\":\"tools/list\"",
    "\"params\":{\"x\":[1.10,{}]}",
    "\"params\":null",
    "\"result\":{\"a\":1e2}",
    "\"x\":\"\\ud800\"",
    "\"\\u0078\":{}",
    "\"error\":{\"code\":1}",
];

/// Texts that are messages, or almost.
fn message() -> impl Strategy<Value = String> {
    let any = vec(select(JSON), 0..10).prop_map(|pieces| pieces.concat());
    let members = vec(select(MEMBERS), 0..6).prop_map(|members| format!("{{{}}}", members.join(",")));
    prop_oneof![any, members]
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn masked_documents_are_the_same_but_for_masked_values(document in document(), vault: bool) {
        let target = target(if vault { "/secrets/1/access" } else { "/things" });
        let once = masked(&target, document.to_string());
        let after: Value = serde_json::from_str(&once).unwrap_or_else(|_| once.clone().into());
        prop_assert!(is_masked(&document, &after), "{document} is {after}");
        prop_assert_eq!(&masked(&target, once.clone()), &once, "it is masked once");
    }

    #[test]
    fn any_response_can_be_masked(body in vec(select(JSON), 0..10), vault: bool) {
        let target = target(if vault { "/secrets/1/access" } else { "/things" });
        let once = masked(&target, body.concat());
        prop_assert_eq!(&masked(&target, once.clone()), &once, "it is masked once");
    }

    #[test]
    fn messages_are_read_whole_or_rejected(text in message()) {
        match Message::read(text.as_bytes()) {
            Ok(message) => {
                let json = message.to_json();
                let again = Message::read(&json).map(|again| again.to_json());
                prop_assert_eq!(again.ok(), Some(json.clone()), "{}", text);
                let document: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap_or_default();
                if let (Value::Object(mut before), Ok(Value::Object(after))) = (document, serde_json::from_slice(&json)) {
                    before.retain(|name, value| name != "params" || !value.is_null());
                    if !message.is("tools/call") {
                        prop_assert_eq!(before, after);
                    }
                }
                prop_assert!(!message.is_request() || message.member("id").is_some());
            }
            Err(malformed) => {
                let response: Value = serde_json::from_str(&malformed.into_response()).unwrap_or_default();
                prop_assert_eq!(&response["jsonrpc"], "2.0");
                prop_assert!(response["error"]["code"].is_i64() && response.get("id").is_some(), "{response}");
            }
        }
    }
}
