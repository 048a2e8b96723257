//! Builds request bodies from several arguments and fixed text.

use std::fmt::Write as _;

use bytes::Bytes;
use naftiko_schema::{Body, BodyContent, BodyMember, BodyNode, BodyText, Kind, Operation, ParameterId};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::argument::{Argument, Arguments, json_text};
use crate::argument::{Violation, scalar_text};
use crate::encoding::pair;

/// The values that a body is built from.
pub(crate) struct BodyContext<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) arguments: &'a Arguments,
    pub(crate) variables: &'a [SecretString],
}

impl BodyContext<'_> {
    /// Builds the body. `None` if the JSON document is a single argument that was left out.
    pub(crate) fn body(&self, body: &Body) -> Result<Option<Bytes>, Violation> {
        match &body.content {
            BodyContent::Json(root) => {
                let mut json = Vec::new();
                let present = self.json(root, &mut json);
                Ok(match root {
                    BodyNode::Object(_) if !present => Some(Bytes::from_static(b"{}")),
                    _ => present.then(|| Bytes::from(json)),
                })
            }
            BodyContent::Form(pairs) => Ok(Some(Bytes::from(self.form(pairs)))),
            BodyContent::Text(parts) => self.text(parts, is_xml(&body.media_type)).map(|text| Some(Bytes::from(text))),
        }
    }

    /// Whether a node is there, and not left out.
    pub(crate) fn has(&self, node: &BodyNode) -> bool {
        self.json(node, &mut Vec::new())
    }

    /// Writes a node as JSON. Returns false and writes nothing if the node is left out.
    fn json(&self, node: &BodyNode, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        let present = match node {
            BodyNode::Json(json) => {
                out.extend_from_slice(json.as_bytes());
                true
            }
            BodyNode::Parameter(id) => self.argument(*id, out),
            BodyNode::Text(parts) => match parts.iter().map(|part| self.part(part)).collect::<Option<String>>() {
                Some(text) => {
                    string(&text, out);
                    true
                }
                None => false,
            },
            BodyNode::Object(members) => {
                out.push(b'{');
                let first = out.len();
                for member in members.iter() {
                    let before = out.len();
                    if before > first {
                        out.push(b',');
                    }
                    string(&member.name, out);
                    out.push(b':');
                    if !self.json(&member.value, out) {
                        out.truncate(before);
                    }
                }
                let present = out.len() > first || members.is_empty();
                out.push(b'}');
                present
            }
            BodyNode::Array(items) => {
                out.push(b'[');
                let first = out.len();
                for item in items.iter() {
                    let before = out.len();
                    if before > first {
                        out.push(b',');
                    }
                    if !self.json(item, out) {
                        out.truncate(before);
                    }
                }
                out.push(b']');
                true
            }
        };
        if !present {
            out.truncate(start);
        }
        present
    }

    fn argument(&self, id: ParameterId, out: &mut Vec<u8>) -> bool {
        let kind = self.operation.parameter(id).map(|parameter| parameter.kind);
        match self.arguments.get(id) {
            Some(Argument::Json(json)) => out.extend_from_slice(json.trim_ascii()),
            // A whole number that came as 10.0 is written as 10, because many servers accept only that.
            Some(Argument::Value(value)) => match scalar_text(value).filter(|_| kind == Some(Kind::Integer)) {
                Some(text) => out.extend_from_slice(text.as_bytes()),
                None => out.extend_from_slice(value.to_string().as_bytes()),
            },
            // The arguments were checked, so parts of a body are never raw.
            Some(Argument::Raw(_)) | None => return false,
        }
        true
    }

    fn form(&self, pairs: &[BodyMember]) -> String {
        let mut texts = Vec::new();
        for member in pairs {
            let mut json = Vec::new();
            if self.json(&member.value, &mut json) {
                texts.extend(form_values(&json).iter().map(|value| pair(&member.name, value)));
            }
        }
        texts.join("&")
    }

    /// Fills a text template. A value that is left out becomes empty text.
    fn text(&self, parts: &[BodyText], xml: bool) -> Result<String, Violation> {
        let mut text = String::new();
        for part in parts {
            let value = self.part(part).unwrap_or_default();
            if !xml || matches!(part, BodyText::Literal(_)) {
                text.push_str(&value);
            } else if !escape_xml(&value, &mut text) {
                let name = match part {
                    BodyText::Parameter(index) => self.operation.parameter(*index).map_or("", |p| &*p.name),
                    BodyText::Literal(_) | BodyText::Variable(_) => "body",
                };
                return Err(Violation::new(name, "must not contain control characters: XML cannot represent them"));
            }
        }
        Ok(text)
    }

    fn part(&self, part: &BodyText) -> Option<String> {
        match part {
            BodyText::Literal(text) => Some(text.clone().into_owned()),
            BodyText::Parameter(index) => self.arguments.get(*index).map(|argument| argument.text().into_owned()),
            BodyText::Variable(index) => {
                Some(self.variables.get(index.index()).map_or("", |variable| variable.expose_secret()).to_owned())
            }
        }
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(Value::from(text).to_string().as_bytes());
}

/// The values of a form key: one for each item of an array, none for null.
fn form_values(json: &[u8]) -> Vec<String> {
    let text = |json: &[u8]| (json.trim_ascii() != b"null").then(|| json_text(json));
    match serde_json::from_slice::<Vec<&RawValue>>(json) {
        Ok(items) => items.iter().filter_map(|item| text(item.get().as_bytes())).collect(),
        Err(_) => text(json).into_iter().collect(),
    }
}

fn is_xml(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/xml" || essence == "text/xml" || essence.ends_with("+xml")
}

/// Appends text to XML, escaped for elements and attributes. Returns false if XML cannot represent it.
fn escape_xml(text: &str, out: &mut String) -> bool {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // Parsers would normalize these to spaces or other line breaks.
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", u32::from(character));
            }
            // Characters outside of `Char` (XML 1.0 §2.2) cannot be written, not even as a reference.
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => return false,
            other => out.push(other),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{Location, Method, OperationId, Parameter, RetrySafety, VariableId, list, text};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    static OPERATION: Operation = Operation::new(OperationId(0), "op", Method::Post, RetrySafety::Idempotent)
        .parameters(
            const {
                &[
                    Parameter::new("text", Location::Field, Kind::String),
                    Parameter::new("count", Location::Field, Kind::Integer),
                    Parameter::new("any", Location::Field, Kind::Any),
                ]
            },
        );

    const TEXT: BodyNode = BodyNode::Parameter(ParameterId(0));
    const COUNT: BodyNode = BodyNode::Parameter(ParameterId(1));
    const ANY: BodyNode = BodyNode::Parameter(ParameterId(2));

    const fn object(members: &'static [BodyMember]) -> BodyNode {
        BodyNode::Object(list(members))
    }

    const DOCUMENT: BodyNode = object(
        const {
            &[
                BodyMember::new("fixed", BodyNode::Json(text("1.0e2"))),
                BodyMember::new("te\"xt", TEXT),
                BodyMember::new(
                    "deep",
                    object(const { &[BodyMember::new("count", COUNT), BodyMember::new("none", object(&[]))] }),
                ),
                BodyMember::new("gone", object(const { &[BodyMember::new("count", COUNT)] })),
                BodyMember::new(
                    "list",
                    BodyNode::Array(list(const { &[TEXT, ANY, object(const { &[BodyMember::new("c", COUNT)] })] })),
                ),
                BodyMember::new(
                    "note",
                    BodyNode::Text(list(
                        const {
                            &[
                                BodyText::Literal(text("\"x\" ")),
                                BodyText::Parameter(ParameterId(0)),
                                BodyText::Variable(VariableId(0)),
                            ]
                        },
                    )),
                ),
            ]
        },
    );

    fn build(content: BodyContent, media_type: &'static str, arguments: &[(u32, Argument)]) -> Option<String> {
        let mut values = Arguments::new(&OPERATION);
        for (id, argument) in arguments {
            values.set(ParameterId(*id), argument.clone());
        }
        let variables = [SecretString::from("s\"<&ecret")];
        let context = BodyContext { operation: &OPERATION, arguments: &values, variables: &variables };
        let body = context.body(&Body::new(media_type, content)).expect("the values fit");
        body.map(|body| String::from_utf8(body.to_vec()).expect("UTF-8"))
    }

    fn document(node: BodyNode, arguments: &[(u32, Argument)]) -> Option<String> {
        build(BodyContent::Json(node), "application/json", arguments)
    }

    fn value(value: Value) -> Argument {
        Argument::Value(value)
    }

    fn raw(json: &'static str) -> Argument {
        Argument::Json(Bytes::from_static(json.as_bytes()))
    }

    #[test]
    fn left_out_values_are_omitted() {
        let nothing = document(DOCUMENT, &[]).expect("a body");
        assert_eq!(nothing, r#"{"fixed":1.0e2,"deep":{"none":{}},"list":[]}"#);
        const ONLY: BodyNode =
            object(const { &[BodyMember::new("a", object(const { &[BodyMember::new("b", TEXT)] }))] });
        assert_eq!(document(ONLY, &[]).as_deref(), Some("{}"), "the root stays");
        assert_eq!(document(TEXT, &[]), None);
        assert_eq!(document(BodyNode::Text(vec![BodyText::Parameter(ParameterId(0))].into()), &[]), None);
        assert_eq!(document(BodyNode::Array(list(&[])), &[]).as_deref(), Some("[]"));
    }

    #[test]
    fn values_keep_their_type_and_their_digits() {
        let body = document(DOCUMENT, &[(0, value("a".into())), (1, value(json!(7.0))), (2, raw(" [1.10, 9e999] "))]);
        let expected = r#"{"fixed":1.0e2,"te\"xt":"a","deep":{"count":7,"none":{}},"gone":{"count":7},"#.to_owned()
            + r#""list":["a",[1.10, 9e999],{"c":7}],"note":"\"x\" as\"<&ecret"}"#;
        assert_eq!(body, Some(expected));
    }

    #[test]
    fn forms_repeat_the_key_of_an_array() {
        let form = |arguments: &[(u32, Argument)]| {
            static PAIRS: &[BodyMember] = &[
                BodyMember::new("a b", TEXT),
                BodyMember::new("n", COUNT),
                BodyMember::new("v[]", ANY),
                BodyMember::new("list", BodyNode::Array(list(const { &[BodyNode::Json(text("\"x&y\"")), COUNT] }))),
            ];
            build(BodyContent::Form(list(PAIRS)), "application/x-www-form-urlencoded", arguments).expect("a body")
        };
        assert_eq!(form(&[]), "list=x%26y");
        let arguments =
            [(0, value("&=+ é".into())), (1, value(json!(7.0))), (2, raw("[\"a&b\", 1.10, null, {\"c\":1}]"))];
        let expected =
            "a%20b=%26%3D%2B%20%C3%A9&n=7&v%5B%5D=a%26b&v%5B%5D=1.10&v%5B%5D=%7B%22c%22%3A1%7D&list=x%26y&list=7";
        assert_eq!(form(&arguments), expected);
        assert_eq!(form(&[(2, value(json!({"a": "b"})))]), "v%5B%5D=%7B%22a%22%3A%22b%22%7D&list=x%26y");
        assert_eq!(form(&[(2, value(json!([])))]), "list=x%26y");
        assert_eq!(form(&[(2, value(Value::Null))]), "list=x%26y");
    }

    static LINE: &[BodyText] = &[
        BodyText::Literal(text("<a b=\"")),
        BodyText::Parameter(ParameterId(0)),
        BodyText::Literal(text("\">")),
        BodyText::Variable(VariableId(0)),
        BodyText::Literal(text("</a>")),
    ];

    #[test]
    fn text_is_escaped_in_xml() {
        let arguments = [(0, value("\"'<&>\n".into()))];
        let text = build(BodyContent::Text(list(LINE)), "text/plain", &arguments);
        assert_eq!(text.as_deref(), Some("<a b=\"\"'<&>\n\">s\"<&ecret</a>"));
        for media_type in ["application/xml", "text/xml; charset=utf-8", "application/Soap+XML"] {
            let text = build(BodyContent::Text(list(LINE)), media_type, &arguments);
            let expected = "<a b=\"&quot;&apos;&lt;&amp;&gt;&#10;\">s&quot;&lt;&amp;ecret</a>";
            assert_eq!(text.as_deref(), Some(expected), "{media_type}");
        }
        assert_eq!(
            build(BodyContent::Text(list(LINE)), "text/plain", &[]).as_deref(),
            Some("<a b=\"\">s\"<&ecret</a>")
        );
        assert!(!escape_xml("a\u{1}", &mut String::new()));
    }

    proptest! {
        #[test]
        fn json_bodies_are_valid_for_any_string(text in any::<String>(), count in any::<i64>()) {
            let arguments = [(0, value(text.clone().into())), (1, value(count.into())), (2, value(json!([text])))];
            let body = document(DOCUMENT, &arguments).expect("a body");
            let expected = json!({
                "fixed": 100.0,
                "te\"xt": text,
                "deep": {"count": count, "none": {}},
                "gone": {"count": count},
                "list": [text, [text], {"c": count}],
                "note": format!("\"x\" {text}s\"<&ecret"),
            });
            prop_assert_eq!(serde_json::from_str::<Value>(&body).expect("JSON"), expected);
        }

        #[test]
        fn forms_decode_to_the_arguments(text in any::<String>()) {
            static PAIRS: &[BodyMember] = &[BodyMember::new("k&", TEXT)];
            let body = build(BodyContent::Form(list(PAIRS)), "application/x-www-form-urlencoded", &[(0, value(text.clone().into()))]);
            let body = body.expect("a body");
            let pairs: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).collect();
            prop_assert_eq!(pairs, vec![("k&".into(), text.into())]);
        }

        #[test]
        fn values_cannot_add_markup(text in any::<String>()) {
            let mut escaped = String::new();
            if escape_xml(&text, &mut escaped) {
                prop_assert!(!escaped.contains(['<', '>', '"', '\'', '\n', '\r']), "{escaped}");
            }
        }
    }
}
