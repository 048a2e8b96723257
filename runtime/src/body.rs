//! Bodies that are made of several arguments and fixed text.

use std::fmt::Write as _;

use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::argument::{Violation, scalar_text};
use crate::arguments::{Argument, Arguments, json_text};
use crate::encoding::pair;
use crate::operation::{Body, BodyPart, Content, Kind, Node, Operation};

/// What a body is made of.
pub(crate) struct Ingredients<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) arguments: &'a Arguments,
    pub(crate) variables: &'a [SecretString],
}

impl Ingredients<'_> {
    /// Makes the body. There is none where a JSON document would consist of an argument that was left out.
    pub(crate) fn body(&self, body: &Body) -> Result<Option<Bytes>, Violation> {
        match body.content {
            Content::Json(root) => {
                let mut json = Vec::new();
                let present = self.json(&root, &mut json);
                Ok(match root {
                    Node::Object(_) if !present => Some(Bytes::from_static(b"{}")),
                    _ => present.then(|| Bytes::from(json)),
                })
            }
            Content::Form(pairs) => Ok(Some(Bytes::from(self.form(pairs)))),
            Content::Text(parts) => self.text(parts, is_xml(body.media_type)).map(|text| Some(Bytes::from(text))),
        }
    }

    /// Writes a node as JSON and says whether there is one. When there is none, nothing is written.
    fn json(&self, node: &Node, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        let present = match node {
            Node::Json(json) => {
                out.extend_from_slice(json.as_bytes());
                true
            }
            Node::Parameter(index) => self.argument(*index, out),
            Node::Text(parts) => match parts.iter().map(|part| self.part(part)).collect::<Option<String>>() {
                Some(text) => {
                    string(&text, out);
                    true
                }
                None => false,
            },
            Node::Object(members) => {
                out.push(b'{');
                let first = out.len();
                for (name, member) in *members {
                    let before = out.len();
                    if before > first {
                        out.push(b',');
                    }
                    string(name, out);
                    out.push(b':');
                    if !self.json(member, out) {
                        out.truncate(before);
                    }
                }
                let present = out.len() > first || members.is_empty();
                out.push(b'}');
                present
            }
            Node::Array(items) => {
                out.push(b'[');
                let first = out.len();
                for item in *items {
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

    fn argument(&self, index: usize, out: &mut Vec<u8>) -> bool {
        let kind = self.operation.parameters.get(index).map(|parameter| parameter.kind);
        match self.arguments.get(index) {
            Some(Argument::Json(json)) => out.extend_from_slice(json.trim_ascii()),
            // A whole number that came as 10.0 is written as 10: many a server takes nothing else for one.
            Some(Argument::Value(value)) => match scalar_text(value).filter(|_| kind == Some(Kind::Integer)) {
                Some(text) => out.extend_from_slice(text.as_bytes()),
                None => out.extend_from_slice(value.to_string().as_bytes()),
            },
            // Parts of a body are never raw: the arguments were checked.
            Some(Argument::Raw(_)) | None => return false,
        }
        true
    }

    fn form(&self, pairs: &[(&str, Node)]) -> String {
        let mut texts = Vec::new();
        for (name, node) in pairs {
            let mut json = Vec::new();
            if self.json(node, &mut json) {
                texts.extend(form_values(&json).iter().map(|value| pair(name, value)));
            }
        }
        texts.join("&")
    }

    /// A value that is left out is empty text here: the text around it stands.
    fn text(&self, parts: &[BodyPart], xml: bool) -> Result<String, Violation> {
        let mut text = String::new();
        for part in parts {
            let value = self.part(part).unwrap_or_default();
            if !xml || matches!(part, BodyPart::Literal(_)) {
                text.push_str(&value);
            } else if !escape_xml(&value, &mut text) {
                let name = match part {
                    BodyPart::Parameter(index) => self.operation.parameters.get(*index).map_or("", |p| p.name),
                    BodyPart::Literal(_) | BodyPart::Variable(_) => "body",
                };
                return Err(Violation::new(name, "must not hold control characters: XML cannot carry them"));
            }
        }
        Ok(text)
    }

    fn part(&self, part: &BodyPart) -> Option<String> {
        match part {
            BodyPart::Literal(text) => Some((*text).to_owned()),
            BodyPart::Parameter(index) => self.arguments.get(*index).map(|argument| argument.text().into_owned()),
            BodyPart::Variable(index) => {
                Some(self.variables.get(*index).map_or("", |variable| variable.expose_secret()).to_owned())
            }
        }
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(Value::from(text).to_string().as_bytes());
}

/// The values of a key in a form: one for each item of an array, none for null.
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

/// Appends text to XML, so that it reads the same in elements and in attributes. Says whether XML can carry it.
fn escape_xml(text: &str, out: &mut String) -> bool {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // Parsers would make blanks or other line breaks of them.
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", u32::from(character));
            }
            // What is no `Char` of XML 1.0 §2.2 cannot even be written as a reference.
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => return false,
            other => out.push(other),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::operation::{Location, Method, Parameter, Repeat};

    static OPERATION: Operation = Operation {
        name: "op",
        api: 0,
        method: Method::Post,
        path: &[],
        parameters: &[
            Parameter::new("text", Location::Field, Kind::String),
            Parameter::new("count", Location::Field, Kind::Integer),
            Parameter::new("any", Location::Field, Kind::Any),
        ],
        constants: &[],
        body: None,
        json_output: true,
        repeat: Repeat::Always,
    };

    static DOCUMENT: Node = Node::Object(&[
        ("fixed", Node::Json("1.0e2")),
        ("te\"xt", Node::Parameter(0)),
        ("deep", Node::Object(&[("count", Node::Parameter(1)), ("none", Node::Object(&[]))])),
        ("gone", Node::Object(&[("count", Node::Parameter(1))])),
        ("list", Node::Array(&[Node::Parameter(0), Node::Parameter(2), Node::Object(&[("c", Node::Parameter(1))])])),
        ("note", Node::Text(&[BodyPart::Literal("\"x\" "), BodyPart::Parameter(0), BodyPart::Variable(0)])),
    ]);

    fn made(content: Content, media_type: &'static str, arguments: &[(usize, Argument)]) -> Option<String> {
        let mut values = Arguments::new(&OPERATION);
        for (index, argument) in arguments {
            values.set(*index, argument.clone());
        }
        let variables = [SecretString::from("s\"<&ecret")];
        let ingredients = Ingredients { operation: &OPERATION, arguments: &values, variables: &variables };
        let body = ingredients.body(&Body { media_type, content }).expect("the values fit");
        body.map(|body| String::from_utf8(body.to_vec()).expect("UTF-8"))
    }

    fn document(node: Node, arguments: &[(usize, Argument)]) -> Option<String> {
        made(Content::Json(node), "application/json", arguments)
    }

    fn value(value: Value) -> Argument {
        Argument::Value(value)
    }

    fn raw(json: &'static str) -> Argument {
        Argument::Json(Bytes::from_static(json.as_bytes()))
    }

    #[test]
    fn what_is_left_out_leaves_no_trace() {
        let nothing = document(DOCUMENT, &[]).expect("a body");
        assert_eq!(nothing, r#"{"fixed":1.0e2,"deep":{"none":{}},"list":[]}"#);
        static ONLY: Node = Node::Object(&[("a", Node::Object(&[("b", Node::Parameter(0))]))]);
        assert_eq!(document(ONLY, &[]).as_deref(), Some("{}"), "the root stays");
        assert_eq!(document(Node::Parameter(0), &[]), None);
        assert_eq!(document(Node::Text(&[BodyPart::Parameter(0)]), &[]), None);
        assert_eq!(document(Node::Array(&[]), &[]).as_deref(), Some("[]"));
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
        let form = |arguments: &[(usize, Argument)]| {
            static PAIRS: &[(&str, Node)] = &[
                ("a b", Node::Parameter(0)),
                ("n", Node::Parameter(1)),
                ("v[]", Node::Parameter(2)),
                ("list", Node::Array(&[Node::Json("\"x&y\""), Node::Parameter(1)])),
            ];
            made(Content::Form(PAIRS), "application/x-www-form-urlencoded", arguments).expect("a body")
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

    static LINE: &[BodyPart] = &[
        BodyPart::Literal("<a b=\""),
        BodyPart::Parameter(0),
        BodyPart::Literal("\">"),
        BodyPart::Variable(0),
        BodyPart::Literal("</a>"),
    ];

    #[test]
    fn text_is_escaped_where_it_is_xml() {
        let arguments = [(0, value("\"'<&>\n".into()))];
        let text = made(Content::Text(LINE), "text/plain", &arguments);
        assert_eq!(text.as_deref(), Some("<a b=\"\"'<&>\n\">s\"<&ecret</a>"));
        for media_type in ["application/xml", "text/xml; charset=utf-8", "application/Soap+XML"] {
            let text = made(Content::Text(LINE), media_type, &arguments);
            let expected = "<a b=\"&quot;&apos;&lt;&amp;&gt;&#10;\">s&quot;&lt;&amp;ecret</a>";
            assert_eq!(text.as_deref(), Some(expected), "{media_type}");
        }
        assert_eq!(made(Content::Text(LINE), "text/plain", &[]).as_deref(), Some("<a b=\"\">s\"<&ecret</a>"));
        assert!(!escape_xml("a\u{1}", &mut String::new()));
    }

    proptest! {
        #[test]
        fn a_json_body_is_json_whatever_the_strings_hold(text in any::<String>(), count in any::<i64>()) {
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
        fn a_form_holds_what_was_given(text in any::<String>()) {
            static PAIRS: &[(&str, Node)] = &[("k&", Node::Parameter(0))];
            let body = made(Content::Form(PAIRS), "application/x-www-form-urlencoded", &[(0, value(text.clone().into()))]);
            let body = body.expect("a body");
            let pairs: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).collect();
            prop_assert_eq!(pairs, vec![("k&".into(), text.into())]);
        }

        #[test]
        fn no_value_adds_markup(text in any::<String>()) {
            let mut escaped = String::new();
            if escape_xml(&text, &mut escaped) {
                prop_assert!(!escaped.contains(['<', '>', '"', '\'', '\n', '\r']), "{escaped}");
            }
        }
    }
}
