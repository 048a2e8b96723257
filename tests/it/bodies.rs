//! Bodies that are made of several inputs, over all three surfaces. The upstream echoes the request.

use axum::Router;
use naftiko_client::__private::{Connection, Value};
use naftiko_client::schema::*;
use naftiko_client::{ClientBuilder, ErrorKind};
use naftiko_mcp::{HttpOptions, Server};
use naftiko_serve::echo;
use serde_json::json;

use crate::tables::{call, header, serve};

static CAPABILITY: Capability = Capability::new("bodies", "Bodies", "1.0.0")
    .apis(const { &[Api::new("echo")] })
    .variables(const { &[Variable::new("BODIES_SECRET")] });

const fn operation(name: &'static str, parameters: &'static [Parameter]) -> Operation {
    Operation::new(OperationId(0), name, Method::Post, RetrySafety::Idempotent)
        .path(const { &[PathPart::Literal(text("/things"))] })
        .parameters(parameters)
}

const PARAMETERS: &[Parameter] = &[
    Parameter::new("name", Location::Field, Kind::String).required(),
    Parameter::new("size", Location::Field, Kind::Number),
    Parameter::new("tags", Location::Field, Kind::Array),
    Parameter::new("extra", Location::Field, Kind::Any),
    Parameter::new("Content-Type", Location::Header, Kind::String),
];

const fn member(name: &'static str, parameter: u32) -> BodyMember {
    BodyMember::new(name, BodyNode::Parameter(ParameterId(parameter)))
}

const NAME: TemplatePart = TemplatePart::Parameter(ParameterId(0));
const TOKEN_VARIABLE: TemplatePart = TemplatePart::Variable(VariableId(0));

static DOCUMENT: Operation = operation("document", PARAMETERS).body(Body::new(
    "application/vnd.thing+json",
    BodyContent::Json(BodyNode::Object(list(
        const {
            &[
                member("name", 0),
                BodyMember::new("spec", BodyNode::Object(list(const { &[member("size", 1), member("tags", 2)] }))),
                member("extra", 3),
                BodyMember::new(
                    "note",
                    BodyNode::Text(Template::new(
                        const { &[TemplatePart::Literal(text("by \"")), NAME, TemplatePart::Literal(text("\""))] },
                    )),
                ),
                BodyMember::new("token", BodyNode::Text(Template::new(const { &[TOKEN_VARIABLE] }))),
            ]
        },
    ))),
));

static FORM: Operation = operation("form", PARAMETERS).body(Body::new(
    "application/x-www-form-urlencoded",
    BodyContent::Form(list(const { &[member("name", 0), member("size", 1), member("tags", 2), member("extra", 3)] })),
));

static XML: Operation = operation("xml", PARAMETERS).body(Body::new(
    "application/soap+xml; charset=utf-8",
    BodyContent::Text(Template::new(
        const {
            &[
                TemplatePart::Literal(text("<thing name=\"")),
                NAME,
                TemplatePart::Literal(text("\" token='")),
                TOKEN_VARIABLE,
                TemplatePart::Literal(text("'>")),
                TemplatePart::Parameter(ParameterId(1)),
                TemplatePart::Literal(text("</thing>")),
            ]
        },
    )),
));

/// Its document comes as a whole.
static WHOLE: Operation = operation(
    "whole",
    const {
        &[
            Parameter::new("body", Location::Body, Kind::Object),
            Parameter::new("Content-Type", Location::Header, Kind::String),
        ]
    },
);

const fn route(
    path: &'static str,
    operation: &'static Operation,
    inputs: &'static [Parameter],
    sources: &'static [ArgumentSource],
) -> Route {
    let mapping = ArgumentMapping::Mapped(Mapping::new(inputs, sources));
    Route::new(Method::Post, path, Binding::new(calls(operation)).arguments(mapping))
}

const fn input(id: u32) -> ArgumentSource {
    ArgumentSource::Input(InputId(id))
}

static REST: Rest = Rest::new(0).routes(
    const {
        &[
            route(
                "/document",
                &DOCUMENT,
                // Without the header: callers of REST send one for their own body.
                FIELDS,
                const { &[input(0), input(1), input(2), input(3), ArgumentSource::Absent] },
            ),
            route(
                "/converted",
                &DOCUMENT,
                const {
                    &[
                        Parameter::new("name", Location::Query, Kind::Integer),
                        Parameter::new("size", Location::Query, Kind::String),
                        Parameter::new("document", Location::Body, Kind::Object),
                        Parameter::new("tags", Location::Field, Kind::Any),
                    ]
                },
                const { &[input(0), input(1), input(3), input(2), ArgumentSource::Absent] },
            ),
            route(
                "/form",
                &FORM,
                FIELDS,
                const {
                    &[
                        ArgumentSource::Text(list(
                            const {
                                &[
                                    InputText::Literal(text("<")),
                                    InputText::Input(InputId(0)),
                                    InputText::Literal(text(">")),
                                ]
                            },
                        )),
                        input(1),
                        input(2),
                        input(3),
                        ArgumentSource::Absent,
                    ]
                },
            ),
        ]
    },
);

const FIELDS: &[Parameter] = &[
    Parameter::new("name", Location::Field, Kind::String).required(),
    Parameter::new("size", Location::Field, Kind::Number),
    Parameter::new("tags", Location::Field, Kind::Array),
    Parameter::new("extra", Location::Field, Kind::Any),
];

static MCP: Mcp = Mcp::new(0)
    .tools(const { &[Tool::new("document", "", "", ToolHints::new().open_world(), Binding::new(calls(&DOCUMENT)))] });

async fn connect() -> Connection {
    let builder = ClientBuilder::<Connection>::new(&CAPABILITY).variable("BODIES_SECRET", "s'<&>\"cret");
    builder.base_uri(serve(Router::new().fallback(echo::respond)).await).build().expect("the client is built")
}

async fn start() -> (String, reqwest::Client) {
    let connection = connect().await;
    let mcp = Server::new(&MCP, &connection).router(HttpOptions::default());
    (serve(naftiko_rest::router(&REST, &connection).merge(mcp)).await, reqwest::Client::new())
}

/// Sends a body to a route: the status, and the answer.
async fn post(server: &(String, reqwest::Client), target: &str, body: &str) -> (u16, Value) {
    let (base, http) = server;
    let request = http.post(format!("{base}{target}")).header("content-type", "application/json");
    let answer = request.body(body.to_owned()).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

/// What a problem complains about.
fn blamed(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().filter_map(|error| error["parameter"].as_str()).collect()
}

const TOKEN: &str = r#""token":"s'<&>\"cret""#;

#[tokio::test]
async fn body_template_is_filled_with_arguments() {
    let connection = connect().await;
    let call = connection
        .request(&DOCUMENT)
        .text(ParameterId(0), "a\"}\n")
        .set(ParameterId(1), 1.5)
        .texts(ParameterId(2), ["x", "y"])
        .set(ParameterId(3), json!([null]));
    let echo = call.send().await.expect("an answer");
    let expected = r#"{"name":"a\"}\n","spec":{"size":1.5,"tags":["x","y"]},"extra":[null],"note":"by \"a\"}\n\"","#;
    assert_eq!(echo.body()["body"], expected.to_owned() + TOKEN + "}");
    assert_eq!(header(echo.body(), "content-type"), Some("application/vnd.thing+json"));
    let echo = connection.request(&DOCUMENT).text(ParameterId(0), "a").send().await.expect("an answer");
    assert_eq!(echo.body()["body"], r#"{"name":"a","note":"by \"a\"","#.to_owned() + TOKEN + "}");
    let error = connection
        .request(&DOCUMENT)
        .set(ParameterId(2), "x")
        .send()
        .await
        .expect_err("a list is no text, a name is missing");
    assert!(matches!(error.kind(), ErrorKind::Arguments(violations) if violations.len() == 2), "{error}");
}

#[tokio::test]
async fn explicit_content_type_is_kept() {
    let connection = connect().await;
    let call =
        connection.request(&DOCUMENT).text(ParameterId(0), "a").text(ParameterId(4), "application/merge-patch+json");
    let echo = call.send().await.expect("an answer");
    assert_eq!(header(echo.body(), "content-type"), Some("application/merge-patch+json"));
    let call = connection.request(&WHOLE).set(ParameterId(0), json!({}));
    assert_eq!(header(call.send().await.expect("an answer").body(), "content-type"), Some("application/json"));
    let call =
        connection.request(&WHOLE).set(ParameterId(0), json!({})).text(ParameterId(1), "application/json-patch+json");
    let echo = call.send().await.expect("an answer");
    assert_eq!(header(echo.body(), "content-type"), Some("application/json-patch+json"));
    static FIXED: Operation = operation("fixed", PARAMETERS)
        .fixed(
            const {
                &[FixedParameter::new(
                    "content-type",
                    Location::Header,
                    Template::new(const { &[TemplatePart::Literal(text("application/x-fixed"))] }),
                )]
            },
        )
        .body(Body::new("text/plain", BodyContent::Text(Template::new(const { &[NAME] }))));
    let echo = connection.request(&FIXED).text(ParameterId(0), "<&").send().await.expect("an answer");
    assert_eq!(
        (header(echo.body(), "content-type"), &echo.body()["body"]),
        (Some("application/x-fixed"), &json!("<&"))
    );
}

#[tokio::test]
async fn rest_body_numbers_keep_their_digits() {
    let server = start().await;
    let body =
        r#" {"extra": {"n":1.10, "m":12345678901234567890123}, "\u006eame": "\u0061", "size":1.0e2,"tags":[ ] } "#;
    let (status, echo) = post(&server, "/document", body).await;
    let expected = r#"{"name":"a","spec":{"size":1.0e2,"tags":[ ]},"extra":{"n":1.10, "m":12345678901234567890123},"#;
    assert_eq!(
        (status, &echo["body"]),
        (200, &Value::from(expected.to_owned() + r#""note":"by \"a\"","# + TOKEN + "}"))
    );
    assert_eq!(header(&echo, "content-type"), Some("application/vnd.thing+json"));
    let (_, echo) = post(&server, "/document", r#"{"name":"a","size":null,"tags":null,"extra":null}"#).await;
    let expected = r#"{"name":"a","extra":null,"note":"by \"a\"","#.to_owned() + TOKEN + "}";
    assert_eq!(echo["body"], expected, "null is a value only where any value is one");
}

#[tokio::test]
async fn byte_order_mark_before_a_rest_body_is_ignored() {
    let server = start().await;
    let (status, echo) = post(&server, "/document", "\u{feff}{\"name\":\"a\"}").await;
    assert_eq!(
        (status, &echo["body"]),
        (200, &Value::from(r#"{"name":"a","note":"by \"a\"","#.to_owned() + TOKEN + "}"))
    );
    let (_, echo) = post(&server, "/converted?name=7", "\u{feff} {\"more\": 1.10}").await;
    let sent = echo["body"].as_str().unwrap_or_default();
    assert!(sent.contains(r#""extra": {"more": 1.10}"#) || sent.contains(r#""extra":{"more": 1.10}"#), "{sent}");
    assert!(!sent.contains('\u{feff}'), "the upstream gets no mark (RFC 8259 §8.1): {sent}");
    let (status, problem) = post(&server, "/document", "\u{feff}").await;
    assert_eq!((status, blamed(&problem)), (422, vec!["name"]), "nothing but a mark is no body");
    for body in ["\u{feff}\u{feff}{}", " \u{feff}{}", "\u{fffe}{}"] {
        assert_eq!(post(&server, "/document", body).await.0, 400, "{body:?}");
    }
}

#[tokio::test]
async fn rest_body_violations_are_reported_together() {
    let server = start().await;
    let cases: [(&str, &[&str]); 7] = [
        ("[]", &["body"]),
        ("null", &["body"]),
        ("\"name\"", &["body"]),
        ("{}", &["name"]),
        (r#"{"name":"a","nam":1,"a\"b":2}"#, &["nam", "a\"b"]),
        (r#"{"name":1,"size":"1","tags":{}}"#, &["name", "size", "tags"]),
        (r#"{"name":null}"#, &["name"]),
    ];
    for (body, expected) in cases {
        let (status, problem) = post(&server, "/document", body).await;
        assert_eq!((status, blamed(&problem)), (422, expected.to_vec()), "{body}: {problem}");
    }
    for body in [r#"{"name":"a","n\u0061me":"b"}"#, r#"{"name":"a","extra":{"x":[{"y":1,"y":2}]}}"#] {
        let (status, problem) = post(&server, "/document", body).await;
        assert!(
            status == 400 && problem["detail"].as_str().is_some_and(|detail| detail.contains("two members")),
            "{problem}"
        );
    }
    let (_, problem) = post(&server, "/document", r#"{"name":"a","a/b":1}"#).await;
    assert_eq!((&problem["errors"][0]["in"], &problem["errors"][0]["pointer"]), (&json!("body"), &json!("#/a~1b")));
    let (status, problem) = post(&server, "/document", "{\n\"name\":}").await;
    assert_eq!((status, &problem["detail"]), (400, &json!("the body is not valid JSON: line 2, column 8")));
    let request = server.1.post(format!("{}/document", server.0)).body("name=a");
    assert_eq!(request.send().await.expect("an answer").status(), 415);
    let request = server.1.post(format!("{}/document", server.0));
    assert_eq!(request.send().await.expect("an answer").status(), 422, "a required member needs a body");
}

#[tokio::test]
async fn body_fields_are_converted_and_merge_with_body_argument() {
    let server = start().await;
    let (status, echo) = post(&server, "/converted?name=7&size=1.5", r#"{"tags": ["x"], "more": 1.10}"#).await;
    let expected = r#"{"name":"7","spec":{"size":1.5,"tags":["x"]},"extra":{"tags": ["x"], "more": 1.10},"#;
    assert_eq!(
        (status, &echo["body"]),
        (200, &Value::from(expected.to_owned() + r#""note":"by \"7\"","# + TOKEN + "}"))
    );
    let (status, problem) = post(&server, "/converted?name=7&size=big", "{}").await;
    assert_eq!((status, blamed(&problem)), (400, vec!["size"]));
    let (status, problem) = post(&server, "/converted?name=7", r#"{"tags":{}}"#).await;
    assert_eq!((status, blamed(&problem)), (422, vec!["tags"]), "an object is no array");
}

#[tokio::test]
async fn tools_take_body_fields_as_arguments() {
    let (base, http) = start().await;
    let arguments = json!({"name": "é", "size": 2, "tags": [1, {"a": null}], "extra": null});
    let result = call(&http, &base, "document", arguments).await;
    let expected = r#"{"name":"é","spec":{"size":2,"tags":[1,{"a":null}]},"extra":null,"note":"by \"é\"","#;
    assert_eq!(result["structuredContent"]["body"], expected.to_owned() + "\"token\":\"***\"}", "{result}");
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let request = http.post(format!("{base}/mcp")).header("accept", "application/json, text/event-stream").json(&list);
    let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    let schema = &answer["result"]["tools"][0]["inputSchema"];
    assert_eq!(schema["properties"]["tags"], json!({"type": "array", "items": {}}), "{answer}");
}

#[tokio::test]
async fn hostile_values_cannot_add_form_fields() {
    let connection = connect().await;
    let call = connection
        .request(&FORM)
        .text(ParameterId(0), "a&admin=1;+ é\r\n")
        .texts(ParameterId(2), ["x=y", ""])
        .set(ParameterId(3), json!({"k": "&"}));
    let echo = call.send().await.expect("an answer");
    let expected = "name=a%26admin%3D1%3B%2B+%C3%A9%0D%0A&tags=x%3Dy&tags=&extra=%7B%22k%22%3A%22%26%22%7D";
    assert_eq!(echo.body()["body"], expected);
    assert_eq!(header(echo.body(), "content-type"), Some("application/x-www-form-urlencoded"));
    let (_, echo) = post(&start().await, "/form", r#"{"name":"\"","size":1.10,"extra":[1.10,"1.10",null]}"#).await;
    assert_eq!(echo["body"], "name=%3C%22%3E&size=1.10&extra=1.10&extra=1.10");
}

#[tokio::test]
async fn hostile_values_cannot_add_xml_elements() {
    let connection = connect().await;
    let echo = connection
        .request(&XML)
        .text(ParameterId(0), "\"><!--\n&x;")
        .set(ParameterId(1), 1.5)
        .send()
        .await
        .expect("an answer");
    let expected = "<thing name=\"&quot;&gt;&lt;!--&#10;&amp;x;\" token='s&apos;&lt;&amp;&gt;&quot;cret'>1.5</thing>";
    assert_eq!(echo.body()["body"], expected);
    assert_eq!(header(echo.body(), "content-type"), Some("application/soap+xml; charset=utf-8"));
    let error =
        connection.request(&XML).text(ParameterId(0), "a\0").send().await.expect_err("XML has no such character");
    assert!(matches!(error.kind(), ErrorKind::Arguments(violations) if violations[0].parameter == "name"), "{error}");
}
