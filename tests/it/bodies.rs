//! Bodies that are made of several inputs, over all three surfaces. The upstream echoes the request.

use axum::Router;
use naftiko_runtime::__private::*;
use naftiko_runtime::mcp::{HttpOptions, Server};
use naftiko_runtime::{ClientBuilder, ErrorKind};
use serde_json::json;

use crate::tables::{call, echo, header, serve};

static CAPABILITY: Capability = Capability {
    name: "bodies",
    title: "Bodies",
    version: "1.0.0",
    description: "",
    apis: &[Api { namespace: "echo", base_uri: None, authentication: &[] }],
    variables: &[Variable { name: "BODIES_SECRET" }],
};

const PARAMETERS: &[Parameter] = &[
    Parameter::new("name", Location::Field, Kind::String).required(),
    Parameter::new("size", Location::Field, Kind::Number),
    Parameter::new("tags", Location::Field, Kind::Array),
    Parameter::new("extra", Location::Field, Kind::Any),
    Parameter::new("Content-Type", Location::Header, Kind::String),
];

const fn operation(name: &'static str, body: Body) -> Operation {
    Operation {
        name,
        api: 0,
        method: Method::Post,
        path: &[PathPart::Literal("/things")],
        parameters: PARAMETERS,
        constants: &[],
        body: Some(body),
        json_output: true,
        repeat: Repeat::Always,
    }
}

static DOCUMENT: Operation = operation(
    "document",
    Body {
        media_type: "application/vnd.thing+json",
        content: Content::Json(Node::Object(&[
            ("name", Node::Parameter(0)),
            ("spec", Node::Object(&[("size", Node::Parameter(1)), ("tags", Node::Parameter(2))])),
            ("extra", Node::Parameter(3)),
            ("note", Node::Text(&[BodyPart::Literal("by \""), BodyPart::Parameter(0), BodyPart::Literal("\"")])),
            ("token", Node::Text(&[BodyPart::Variable(0)])),
        ])),
    },
);

static FORM: Operation = operation(
    "form",
    Body {
        media_type: "application/x-www-form-urlencoded",
        content: Content::Form(&[
            ("name", Node::Parameter(0)),
            ("size", Node::Parameter(1)),
            ("tags", Node::Parameter(2)),
            ("extra", Node::Parameter(3)),
        ]),
    },
);

static XML: Operation = operation(
    "xml",
    Body {
        media_type: "application/soap+xml; charset=utf-8",
        content: Content::Text(&[
            BodyPart::Literal("<thing name=\""),
            BodyPart::Parameter(0),
            BodyPart::Literal("\" token='"),
            BodyPart::Variable(0),
            BodyPart::Literal("'>"),
            BodyPart::Parameter(1),
            BodyPart::Literal("</thing>"),
        ]),
    },
);

/// Its document comes as a whole.
static WHOLE: Operation = Operation {
    name: "whole",
    api: 0,
    method: Method::Post,
    path: &[PathPart::Literal("/things")],
    parameters: &[
        Parameter::new("body", Location::Body, Kind::Object),
        Parameter::new("Content-Type", Location::Header, Kind::String),
    ],
    constants: &[],
    body: None,
    json_output: true,
    repeat: Repeat::Always,
};

const fn route(path: &'static str, operation: &'static Operation, wiring: Wiring) -> Route {
    Route {
        method: Method::Post,
        path,
        captures: &[],
        summary: "",
        call: Exposure { operation, wiring, output: Output::Whole },
    }
}

static REST: RestAdapter = RestAdapter {
    port: 0,
    callers: Callers::ANYBODY,
    openapi: "",
    routes: &[
        route(
            "/document",
            &DOCUMENT,
            // Without the header: callers of REST send one for their own body.
            Wiring::Mapped {
                inputs: FIELDS,
                sources: &[Source::Input(0), Source::Input(1), Source::Input(2), Source::Input(3), Source::Absent],
            },
        ),
        route(
            "/converted",
            &DOCUMENT,
            Wiring::Mapped {
                inputs: &[
                    Parameter::new("name", Location::Query, Kind::Integer),
                    Parameter::new("size", Location::Query, Kind::String),
                    Parameter::new("document", Location::Body, Kind::Object),
                    Parameter::new("tags", Location::Field, Kind::Any),
                ],
                sources: &[Source::Input(0), Source::Input(1), Source::Input(3), Source::Input(2), Source::Absent],
            },
        ),
        route(
            "/form",
            &FORM,
            Wiring::Mapped {
                inputs: FIELDS,
                sources: &[
                    Source::Text(&[TextPart::Literal("<"), TextPart::Input(0), TextPart::Literal(">")]),
                    Source::Input(1),
                    Source::Input(2),
                    Source::Input(3),
                    Source::Absent,
                ],
            },
        ),
    ],
};

const FIELDS: &[Parameter] = &[
    Parameter::new("name", Location::Field, Kind::String).required(),
    Parameter::new("size", Location::Field, Kind::Number),
    Parameter::new("tags", Location::Field, Kind::Array),
    Parameter::new("extra", Location::Field, Kind::Any),
];

static MCP: McpAdapter = McpAdapter {
    capability: &CAPABILITY,
    port: 0,
    callers: Callers::ANYBODY,
    instructions: "",
    caching: Caching { ttl_ms: None, public: None },
    resources: &[],
    prompts: &[],
    tools: &[Tool {
        name: "document",
        title: "",
        description: "",
        hints: Hints { read_only: false, destructive: false, idempotent: false, open_world: true },
        call: Exposure { operation: &DOCUMENT, wiring: Wiring::Direct, output: Output::Whole },
    }],
};

async fn connect() -> Connection {
    let builder = ClientBuilder::<Connection>::new(&CAPABILITY).variable("BODIES_SECRET", "s'<&>\"cret");
    builder.base_uri(serve(Router::new().fallback(echo)).await).build().expect("the client is built")
}

async fn start() -> (String, reqwest::Client) {
    let connection = connect().await;
    let mcp = Server::new(&MCP, &connection).router(HttpOptions::default());
    (serve(REST.router(&connection).merge(mcp)).await, reqwest::Client::new())
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
async fn the_client_sends_a_document_of_its_arguments() {
    let connection = connect().await;
    let call = connection.request(&DOCUMENT).text(0, "a\"}\n").set(1, 1.5).texts(2, ["x", "y"]).set(3, json!([null]));
    let echo = call.send().await.expect("an answer");
    let expected = r#"{"name":"a\"}\n","spec":{"size":1.5,"tags":["x","y"]},"extra":[null],"note":"by \"a\"}\n\"","#;
    assert_eq!(echo.body()["body"], expected.to_owned() + TOKEN + "}");
    assert_eq!(header(echo.body(), "content-type"), Some("application/vnd.thing+json"));
    let echo = connection.request(&DOCUMENT).text(0, "a").send().await.expect("an answer");
    assert_eq!(echo.body()["body"], r#"{"name":"a","note":"by \"a\"","#.to_owned() + TOKEN + "}");
    let error =
        connection.request(&DOCUMENT).set(2, "x").send().await.expect_err("a list is no text, a name is missing");
    assert!(matches!(error.kind(), ErrorKind::Arguments(violations) if violations.len() == 2), "{error}");
}

#[tokio::test]
async fn a_content_type_that_is_given_stays() {
    let connection = connect().await;
    let call = connection.request(&DOCUMENT).text(0, "a").text(4, "application/merge-patch+json");
    let echo = call.send().await.expect("an answer");
    assert_eq!(header(echo.body(), "content-type"), Some("application/merge-patch+json"));
    let call = connection.request(&WHOLE).set(0, json!({}));
    assert_eq!(header(call.send().await.expect("an answer").body(), "content-type"), Some("application/json"));
    let call = connection.request(&WHOLE).set(0, json!({})).text(1, "application/json-patch+json");
    let echo = call.send().await.expect("an answer");
    assert_eq!(header(echo.body(), "content-type"), Some("application/json-patch+json"));
    static FIXED: Operation = Operation {
        constants: &[Constant {
            name: "content-type",
            location: Location::Header,
            value: &[TemplatePart::Literal("application/x-fixed")],
        }],
        ..operation("fixed", Body { media_type: "text/plain", content: Content::Text(&[BodyPart::Parameter(0)]) })
    };
    let echo = connection.request(&FIXED).text(0, "<&").send().await.expect("an answer");
    assert_eq!(
        (header(echo.body(), "content-type"), &echo.body()["body"]),
        (Some("application/x-fixed"), &json!("<&"))
    );
}

#[tokio::test]
async fn members_of_a_rest_body_keep_their_digits() {
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
async fn wrong_members_of_a_rest_body_are_refused_together() {
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
async fn fields_are_converted_and_stand_beside_a_whole_body() {
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
async fn tools_take_fields_as_arguments() {
    let (base, http) = start().await;
    let arguments = json!({"name": "é", "size": 2, "tags": [1, {"a": null}], "extra": null});
    let result = call(&http, &base, "document", arguments).await;
    let expected = r#"{"name":"é","spec":{"size":2,"tags":[1,{"a":null}]},"extra":null,"note":"by \"é\"","#;
    assert_eq!(result["structuredContent"]["body"], expected.to_owned() + TOKEN + "}", "{result}");
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let request = http.post(format!("{base}/mcp")).header("accept", "application/json, text/event-stream").json(&list);
    let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    let schema = &answer["result"]["tools"][0]["inputSchema"];
    assert_eq!(schema["properties"]["tags"], json!({"type": "array", "items": {}}), "{answer}");
}

#[tokio::test]
async fn hostile_values_stay_values_in_a_form() {
    let connection = connect().await;
    let call = connection.request(&FORM).text(0, "a&admin=1;+ é\r\n").texts(2, ["x=y", ""]).set(3, json!({"k": "&"}));
    let echo = call.send().await.expect("an answer");
    let expected = "name=a%26admin%3D1%3B%2B%20%C3%A9%0D%0A&tags=x%3Dy&tags=&extra=%7B%22k%22%3A%22%26%22%7D";
    assert_eq!(echo.body()["body"], expected);
    assert_eq!(header(echo.body(), "content-type"), Some("application/x-www-form-urlencoded"));
    let (_, echo) = post(&start().await, "/form", r#"{"name":"\"","size":1.10,"extra":[1.10,"1.10",null]}"#).await;
    assert_eq!(echo["body"], "name=%3C%22%3E&size=1.10&extra=1.10&extra=1.10");
}

#[tokio::test]
async fn hostile_values_stay_values_in_xml() {
    let connection = connect().await;
    let echo = connection.request(&XML).text(0, "\"><!--\n&x;").set(1, 1.5).send().await.expect("an answer");
    let expected = "<thing name=\"&quot;&gt;&lt;!--&#10;&amp;x;\" token='s&apos;&lt;&amp;&gt;&quot;cret'>1.5</thing>";
    assert_eq!(echo.body()["body"], expected);
    assert_eq!(header(echo.body(), "content-type"), Some("application/soap+xml; charset=utf-8"));
    let error = connection.request(&XML).text(0, "a\0").send().await.expect_err("XML has no such character");
    assert!(matches!(error.kind(), ErrorKind::Arguments(violations) if violations[0].parameter == "name"), "{error}");
}
