//! Bodies of all kinds.

use naftiko_schema::{
    BodyMember, BodyPart, Kind, Location, Method, Operation, OperationId, Parameter, ParameterId, RetrySafety,
    Template, TemplatePart, VariableId, list, text,
};
use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;
use crate::argument::{Argument, Arguments};

static OPERATION: Operation = Operation::new(OperationId(0), "op", Method::Post, RetrySafety::Idempotent).parameters(
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
                BodyNode::Text(Template::new(
                    const {
                        &[
                            TemplatePart::Literal(text("\"x\" ")),
                            TemplatePart::Parameter(ParameterId(0)),
                            TemplatePart::Variable(VariableId(0)),
                        ]
                    },
                )),
            ),
        ]
    },
);

fn built(content: BodyContent, media_type: &'static str, arguments: &[(u32, Argument)]) -> Option<Built> {
    let mut given = Arguments::new(&OPERATION);
    for (id, argument) in arguments {
        given.set(ParameterId(*id), argument.clone());
    }
    let variables = [SecretString::from("s\"<&ecret")];
    let values = Values { operation: &OPERATION, arguments: &given, variables: &variables };
    super::build(&values, &Body::new(media_type, content)).expect("the values fit")
}

fn build(content: BodyContent, media_type: &'static str, arguments: &[(u32, Argument)]) -> Option<String> {
    let body = built(content, media_type, arguments);
    body.map(|body| String::from_utf8(body.bytes.to_vec()).expect("UTF-8"))
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
    const ONLY: BodyNode = object(const { &[BodyMember::new("a", object(const { &[BodyMember::new("b", TEXT)] }))] });
    assert_eq!(document(ONLY, &[]).as_deref(), Some("{}"), "the root stays");
    assert_eq!(document(TEXT, &[]), None);
    assert_eq!(document(BodyNode::Text(vec![TemplatePart::Parameter(ParameterId(0))].into()), &[]), None);
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
    let arguments = [(0, value("&=+ é".into())), (1, value(json!(7.0))), (2, raw("[\"a&b\", 1.10, null, {\"c\":1}]"))];
    let expected = "a+b=%26%3D%2B+%C3%A9&n=7&v%5B%5D=a%26b&v%5B%5D=1.10&v%5B%5D=%7B%22c%22%3A1%7D&list=x%26y&list=7";
    assert_eq!(form(&arguments), expected);
    assert_eq!(form(&[(2, value(json!({"a": "b"})))]), "v%5B%5D=%7B%22a%22%3A%22b%22%7D&list=x%26y");
    assert_eq!(form(&[(2, value(json!([])))]), "list=x%26y");
    assert_eq!(form(&[(2, value(Value::Null))]), "list=x%26y");
}

static LINE: &[TemplatePart] = &[
    TemplatePart::Literal(text("<a b=\"")),
    TemplatePart::Parameter(ParameterId(0)),
    TemplatePart::Literal(text("\">")),
    TemplatePart::Variable(VariableId(0)),
    TemplatePart::Literal(text("</a>")),
];

#[test]
fn text_is_escaped_in_xml() {
    let arguments = [(0, value("\"'<&>\n".into()))];
    let text = build(BodyContent::Text(Template::new(LINE)), "text/plain", &arguments);
    assert_eq!(text.as_deref(), Some("<a b=\"\"'<&>\n\">s\"<&ecret</a>"));
    for media_type in ["application/xml", "text/xml; charset=utf-8", "application/Soap+XML"] {
        let text = build(BodyContent::Text(Template::new(LINE)), media_type, &arguments);
        let expected = "<a b=\"&quot;&apos;&lt;&amp;&gt;&#10;\">s&quot;&lt;&amp;ecret</a>";
        assert_eq!(text.as_deref(), Some(expected), "{media_type}");
    }
    assert_eq!(
        build(BodyContent::Text(Template::new(LINE)), "text/plain", &[]).as_deref(),
        Some("<a b=\"\">s\"<&ecret</a>")
    );
    assert!(escape::escape_xml("a\u{1}", &mut String::new()).is_err());
}

#[test]
fn what_only_resembles_a_placeholder_is_text() {
    let arguments = [(0, value("{{count}} {{{x}}}".into())), (1, value(json!(7)))];
    let note = BodyNode::Text(vec![TemplatePart::Parameter(ParameterId(0))].into());
    assert_eq!(document(note, &arguments).as_deref(), Some(r#""{{count}} {{{x}}}""#));
}

#[test]
fn a_value_in_quotes_is_text_unless_its_type_is_known() {
    let quoted = |id, argument: Argument| document(BodyNode::Quoted(ParameterId(id)), &[(id, argument)]);
    assert_eq!(quoted(2, value(json!(7))).as_deref(), Some("\"7\""));
    assert_eq!(quoted(2, raw("1.10")).as_deref(), Some("\"1.10\""), "digits stay");
    assert_eq!(quoted(2, value(json!(true))).as_deref(), Some("\"true\""));
    assert_eq!(quoted(2, value(Value::Null)).as_deref(), Some("\"\""));
    assert_eq!(quoted(2, value(json!(["a", 1]))).as_deref(), Some("[\"a\",1]"));
    assert_eq!(quoted(2, value(json!("a\"b"))).as_deref(), Some(r#""a\"b""#));
    assert_eq!(quoted(1, value(json!(7))).as_deref(), Some("7"));
    assert_eq!(document(BodyNode::Quoted(ParameterId(1)), &[]), None);
}

#[test]
fn text_without_quotes_is_the_json_that_it_is_and_other_text_a_string() {
    let bare = |argument: Argument| document(BodyNode::Bare(ParameterId(0)), &[(0, argument)]);
    for (sent, expected) in [
        ("5", "5"),
        ("1.10", "1.10"),
        (" [1, \"a\"] ", "[1, \"a\"]"),
        ("\"a\"", "\"a\""),
        ("null", "null"),
        ("a", "\"a\""),
        ("007", "\"007\""),
        ("1, \"b\": 2", "\"1, \\\"b\\\": 2\""),
        ("", "\"\""),
    ] {
        assert_eq!(bare(value(sent.into())).as_deref(), Some(expected), "{sent}");
    }
    assert_eq!(bare(value(json!({"a": "5"}))).as_deref(), Some("{\"a\":\"5\"}"));
    assert_eq!(document(BodyNode::Bare(ParameterId(0)), &[]), None);
}

#[test]
fn text_without_any_of_its_values_is_left_out() {
    let template = || -> Template {
        let part = |id| TemplatePart::Parameter(ParameterId(id));
        vec![part(0), TemplatePart::Literal(text("-")), part(1)].into()
    };
    let filled = |arguments: &[(u32, Argument)]| document(BodyNode::Text(template()), arguments);
    assert_eq!(filled(&[]), None);
    assert_eq!(filled(&[(0, value("a".into()))]).as_deref(), Some("\"a-\""));
    assert_eq!(filled(&[(1, value(json!(2)))]).as_deref(), Some("\"-2\""));
}

#[test]
fn names_of_members_can_have_values_in_them() {
    let name: Template = vec![TemplatePart::Literal(text("n\"")), TemplatePart::Parameter(ParameterId(1))].into();
    let member = BodyMember { made: Some(name), ..BodyMember::new("n{{count}}", BodyNode::Json(text("1"))) };
    let object = || BodyNode::Object(vec![member.clone()].into());
    assert_eq!(document(object(), &[(1, value(json!(7)))]).as_deref(), Some(r#"{"n\"7":1}"#));
    assert_eq!(document(object(), &[]).as_deref(), Some("{}"));
}

#[test]
fn values_in_sparql_stay_in_their_string() {
    let template = |quote: &'static str| {
        let quote = || TemplatePart::Literal(text(quote));
        let literal = |part| TemplatePart::Literal(text(part));
        let part = TemplatePart::Parameter(ParameterId(0));
        Template::from(vec![literal("SELECT ? { "), quote(), part, quote(), literal(" }")])
    };
    let arguments = [(0, value("a\" } \\\n'".into()))];
    let build = |quote| build(BodyContent::Text(template(quote)), "application/sparql-query", &arguments);
    assert_eq!(build("\"").as_deref(), Some(r#"SELECT ? { "a\" } \\\n\'" }"#));
    assert_eq!(build("").as_deref(), Some("SELECT ? { a\" } \\\n' }"));
}

#[test]
fn values_are_escaped_for_where_they_stand() {
    let build = |before: &'static str, after: &'static str, media_type: &'static str, argument: &str| {
        let part = TemplatePart::Parameter(ParameterId(0));
        let parts = vec![TemplatePart::Literal(text(before)), part, TemplatePart::Literal(text(after))];
        build(BodyContent::Text(parts.into()), media_type, &[(0, value(argument.into()))]).expect("a body")
    };
    let (xml, sparql) = ("application/xml", "application/sparql-query");
    assert_eq!(build("<a><![CDATA[", "]]></a>", xml, "x<&]]>y"), "<a><![CDATA[x<&]]]]><![CDATA[>y]]></a>");
    assert_eq!(build("<a><![CDATA[x]]>", "</a>", xml, "<"), "<a><![CDATA[x]]>&lt;</a>");
    assert_eq!(build("SELECT <http://x/#", "/y>", sparql, "a b>\"é"), "SELECT <http://x/#a%20b%3E%22é/y>");
    assert_eq!(build("FILTER(?n <", " || ?n > 3)", sparql, "\"x\""), "FILTER(?n <\"x\" || ?n > 3)");
    assert_eq!(build("# don't\nSELECT \"", "\"", sparql, "a\"b"), "# don't\nSELECT \"a\\\"b\"");
    assert_eq!(build("# ", "\nSELECT", sparql, "a\nDROP ALL"), "# a DROP ALL\nSELECT");
    assert_eq!(build("{\"a\": \"", "\"}\n", "application/x-ndjson", "x\"\ny"), "{\"a\": \"x\\\"\\ny\"}\n");
    assert_eq!(build("{\"a\": ", "}\n", "application/x-ndjson", "[1]"), "{\"a\": [1]}\n");
    assert_eq!(build("a\n\"", "\",1", "text/csv", "x\"y"), "a\n\"x\"\"y\",1");
}

#[test]
fn text_that_is_a_form_encodes_its_values() {
    let line: Template = vec![TemplatePart::Literal(text("a=1&b=")), TemplatePart::Parameter(ParameterId(0))].into();
    let form = build(BodyContent::Text(line), "application/x-www-form-urlencoded", &[(0, value("x y&z".into()))]);
    assert_eq!(form.as_deref(), Some("a=1&b=x+y%26z"));
}

#[test]
fn plain_text_says_its_charset_where_it_matters() {
    let media_type = |argument: &str| {
        let template = vec![TemplatePart::Parameter(ParameterId(0))].into();
        built(BodyContent::Text(template), "text/plain", &[(0, value(argument.into()))]).expect("a body").media_type
    };
    assert_eq!(media_type("a"), "text/plain");
    assert_eq!(media_type("é"), "text/plain; charset=utf-8");
}

#[test]
fn bytes_are_those_of_base64_or_of_the_text() {
    let bytes = |argument: &str| {
        let template = vec![TemplatePart::Parameter(ParameterId(0))].into();
        built(BodyContent::Bytes(template), "image/png", &[(0, value(argument.into()))]).expect("a body").bytes
    };
    assert_eq!(&*bytes("iVBO/w=="), b"\x89PN\xff");
    assert_eq!(&*bytes("not Base64"), b"not Base64");
}

fn multipart(arguments: &[(u32, Argument)]) -> (String, Vec<u8>) {
    let name: Template = vec![TemplatePart::Parameter(ParameterId(0)), TemplatePart::Literal(text(".png"))].into();
    let parts = vec![
        BodyPart::new("ti\"tle", TEXT),
        BodyPart { file_name: Some(name), ..BodyPart::new("file", ANY).media_type("image/png").bytes() },
        BodyPart::new("count", COUNT),
    ];
    let body = built(BodyContent::Multipart(parts.into()), "multipart/form-data", arguments).expect("a body");
    let (_, boundary) = body.media_type.split_once("multipart/form-data; boundary=").expect("a boundary");
    (boundary.to_owned(), body.bytes.to_vec())
}

#[test]
fn parts_have_names_types_and_bytes() {
    let arguments = [(0, value("a\r\nb".into())), (2, raw(r#"["iVBO/w==", "plain!"]"#))];
    let (boundary, body) = multipart(&arguments);
    let head =
        "Content-Disposition: form-data; name=\"file\"; filename=\"a%0D%0Ab.png\"\r\nContent-Type: image/png\r\n";
    let expected = [
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"ti%22tle\"\r\n\r\na\r\nb\r\n").into_bytes(),
        format!("--{boundary}\r\n{head}\r\n").into_bytes(),
        b"\x89PN\xff\r\n".to_vec(),
        format!("--{boundary}\r\n{head}\r\nplain!\r\n--{boundary}--\r\n").into_bytes(),
    ];
    assert_eq!(String::from_utf8_lossy(&body), String::from_utf8_lossy(&expected.concat()));
    assert_eq!(multipart(&arguments), (boundary, body), "a retry sends the same bytes");
}

#[test]
fn boundaries_occur_in_no_part() {
    let (first, _) = multipart(&[(0, value("a".into()))]);
    let (other, body) = multipart(&[(0, value(format!("a--{first}\r\n").into()))]);
    assert_ne!(first, other);
    let marks = body.windows(other.len()).filter(|window| *window == other.as_bytes()).count();
    assert_eq!(marks, 2, "around the only part");
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
        if escape::escape_xml(&text, &mut escaped).is_ok() {
            prop_assert!(!escaped.contains(['<', '>', '"', '\'', '\n', '\r']), "{escaped}");
        }
    }
}
