//! Numbers keep all their digits, on every way through the adapters: beyond 64 bits, with zeros at the end, with exponents.

use axum::Router;
use axum::routing::get;
use naftiko_client::__private::Connection;
use naftiko_client::ClientBuilder;
use naftiko_client::schema::*;
use naftiko_mcp::{HttpOptions, Policy, Server};
use serde_json::{Value, json};

use crate::mcp::modern_at;
use naftiko_serve::echo;

use crate::tables::serve;

static CAPABILITY: Capability = Capability::new("digits", "Digits", "1.0.0").apis(const { &[Api::new("echo")] });

const fn operation(name: &'static str, method: Method, path: &'static [PathPart]) -> Operation {
    Operation::new(OperationId(0), name, method, RetrySafety::Never).path(path)
}

const THINGS: &[PathPart] = &[PathPart::Literal(text("/things/")), PathPart::Parameter(ParameterId(0))];

static SEND: Operation = operation("send", Method::Post, THINGS).parameters(
    const {
        &[
            Parameter::new("id", Location::Path, Kind::Number).required(),
            Parameter::new("size", Location::Query, Kind::Number),
            Parameter::new("any", Location::Query, Kind::Any),
            Parameter::new("list", Location::Query, Kind::Array),
            Parameter::new("X-Size", Location::Header, Kind::Number),
            Parameter::new("body", Location::Body, Kind::Object),
        ]
    },
);

static DOCUMENT: Operation = operation("document", Method::Get, const { &[PathPart::Literal(text("/document"))] });

static LIST: Operation = operation("list", Method::Get, const { &[PathPart::Literal(text("/list"))] });

static RECORD: Operation = operation("record", Method::Get, const { &[PathPart::Literal(text("/record"))] });

static FAILED: Operation = operation("failed", Method::Get, const { &[PathPart::Literal(text("/failed"))] });

const fn input(id: u32) -> ArgumentSource {
    ArgumentSource::Input(InputId(id))
}

/// Inputs of one type that become arguments of another, alone and in documents.
const MAPPED: ArgumentMapping = ArgumentMapping::Mapped(Mapping::new(
    const {
        &[
            Parameter::new("text", Location::Query, Kind::String),
            Parameter::new("number", Location::Query, Kind::Number).default("0.50"),
        ]
    },
    const {
        &[
            ArgumentSource::Json(text("1.10")),
            input(0),
            input(1),
            ArgumentSource::List(list(const { &[input(1), ArgumentSource::Json(text("1e2"))] })),
            input(0),
            ArgumentSource::Object(list(
                const {
                    &[
                        SourceMember::new("number", input(1)),
                        SourceMember::new("fixed", ArgumentSource::Json(text("[2.0e0]"))),
                    ]
                },
            )),
        ]
    },
));

const fn get_binding(operation: &'static Operation, output: Output) -> Binding {
    Binding::new(calls(operation)).output(output)
}

const PICKED: Output = Output::Projected(Projection::Object(ObjectProjection::new(
    &[],
    const {
        &[
            ProjectedMember::new("n", Projection::Path(list(const { &[PathStep::Key(text("n"))] }))),
            ProjectedMember::new("fixed", Projection::Json(text("1.50"))),
        ]
    },
)));

const fn tool(name: &'static str, binding: Binding) -> Tool {
    Tool::new(name, name, name, ToolHints::new().open_world(), binding)
}

static MCP: Mcp = Mcp::new(0)
    .tools(
        const {
            &[
                tool("send", Binding::new(calls(&SEND))),
                tool("mapped", Binding::new(calls(&SEND)).arguments(MAPPED)),
                tool("document", get_binding(&DOCUMENT, Output::Whole)),
                tool("list", get_binding(&LIST, Output::Whole)),
                tool("record", get_binding(&RECORD, Output::Whole)),
                tool("picked", get_binding(&RECORD, PICKED)),
                tool("failed", get_binding(&FAILED, Output::Whole)),
            ]
        },
    )
    .resources(
        const {
            &[
                Resource::new(
                    "r",
                    "R",
                    "digits://record",
                    ResourceSource::Call(ResourceCall::new(get_binding(&RECORD, Output::Whole))),
                ),
                Resource::new(
                    "p",
                    "P",
                    "digits://picked",
                    ResourceSource::Call(ResourceCall::new(get_binding(&RECORD, PICKED))),
                ),
            ]
        },
    )
    .prompts(
        const {
            &[Prompt::new(
                "ask",
                "Ask",
                PromptSource::Messages(list(const { &[Message::new(Role::User, "Is it {{n}}?")] })),
            )
            .arguments(const { &[PromptArgument::new("n")] })]
        },
    );

static REST: Rest = Rest::new(0).routes(
    const {
        &[
            Route::new(Method::Post, "/things/{id}", Binding::new(calls(&SEND))).captures(&[Some(InputId(0))]),
            Route::new(Method::Get, "/mapped", Binding::new(calls(&SEND)).arguments(MAPPED)),
            Route::new(Method::Get, "/picked", get_binding(&RECORD, PICKED)),
        ]
    },
);

/// Numbers that a 64-bit integer or float would change.
const NUMBERS: [&str; 8] = [
    "12345678901234567890123",
    "-9223372036854775809",
    "0.1000",
    "1e2",
    "1E+2",
    "-0",
    "1e400",
    "0.1234567890123456789012",
];

/// Serves both adapters in front of an upstream whose documents hold this number.
async fn start(number: &'static str, policy: Policy) -> (String, reqwest::Client) {
    let json = move |text: String| async move { ([("content-type", "application/json")], text) };
    let document = format!("{{\"n\": {number}, \"list\": [{number}, {{\"n\":{number}}}]}}");
    let record = format!("{{\"n\":{number},\"password\":\"hush\",\"list\":[{number}]}}");
    let list = format!("[{number}]");
    let failed = record.clone();
    let router = Router::new()
        .route("/document", get(move || json(document.clone())))
        .route("/list", get(move || json(list.clone())))
        .route("/record", get(move || json(record.clone())))
        .route("/failed", get(move || async move { (axum::http::StatusCode::CONFLICT, json(failed.clone()).await) }))
        .fallback(echo::respond);
    naftiko_client::install_crypto_provider();
    let connection = ClientBuilder::<Connection>::new(&CAPABILITY).base_uri(serve(router).await).build();
    let connection = connection.expect("the client is built");
    let mcp = Server::new(&MCP, &connection).with_policy(policy).router(HttpOptions::default());
    let base = serve(naftiko_rest::router(&REST, &connection).merge(mcp)).await;
    (base, reqwest::Client::builder().no_proxy().build().expect("a client"))
}

/// The text of a response to an MCP request.
async fn ask((base, http): &(String, reqwest::Client), method: &str, params: &str) -> String {
    let message = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{method}\",\"params\":{params}}}");
    let request = http.post(format!("{base}/mcp")).header("accept", "application/json, text/event-stream");
    let request = request.header("content-type", "application/json").header("mcp-protocol-version", "2025-11-25");
    request.body(message).send().await.expect("a response").text().await.expect("a text")
}

async fn call(server: &(String, reqwest::Client), tool: &str, arguments: &str) -> String {
    ask(server, "tools/call", &format!("{{\"name\":\"{tool}\",\"arguments\":{arguments}}}")).await
}

/// What the upstream got of the call of a tool.
async fn sent(server: &(String, reqwest::Client), tool: &str, arguments: &str) -> Value {
    let response = call(server, tool, arguments).await;
    let response: Value = serde_json::from_str(&response).expect("JSON");
    assert_eq!(response["result"]["isError"], false, "{response}");
    response["result"]["structuredContent"].clone()
}

#[tokio::test]
async fn numbers_in_mcp_arguments_reach_the_upstream_digit_for_digit() {
    let server = start("1", Policy::default()).await;
    for number in NUMBERS {
        let body = format!("{{\"n\":{number},\"deep\":[[{number}],{{\"n\":{number}}}],\"text\":\"{number}\"}}");
        let echo =
            sent(&server, "send", &format!("{{\"id\":1,\"any\":{number},\"list\":[{number}],\"body\":{body}}}")).await;
        assert_eq!(echo["body"], body.as_str());
        let encoded = number.replace('+', "%2B");
        assert_eq!(echo["target"], format!("/things/1?any={encoded}&list={encoded}"), "{number}");
        // No number of 64 bits is that large.
        let arguments = format!("{{\"id\":{number},\"size\":{number},\"X-Size\":{number}}}");
        if number == "1e400" {
            assert!(call(&server, "send", &arguments).await.contains("must be a number"));
            continue;
        }
        let echo = sent(&server, "send", &arguments).await;
        assert_eq!(echo["target"], format!("/things/{encoded}?size={encoded}"), "{number}");
        assert_eq!(crate::tables::header(&echo, "x-size"), Some(number));
        let prompt =
            ask(&server, "prompts/get", &format!("{{\"name\":\"ask\",\"arguments\":{{\"n\":{number}}}}}")).await;
        assert!(prompt.contains(&format!("Is it {number}?")), "{prompt}");
    }
}

#[tokio::test]
async fn numbers_in_rest_queries_and_paths_reach_the_upstream_digit_for_digit() {
    let (base, http) = start("1", Policy::default()).await;
    for number in NUMBERS.iter().filter(|number| **number != "1e400") {
        let encoded = number.replace('+', "%2B");
        let request = http.post(format!("{base}/things/{encoded}?size={encoded}&list={encoded}"));
        let request = request.header("x-size", *number);
        let echo: Value = request.send().await.expect("a response").json().await.expect("JSON");
        assert_eq!(echo["target"], format!("/things/{encoded}?size={encoded}&list={encoded}"), "{number}");
        assert_eq!(crate::tables::header(&echo, "x-size"), Some(*number));
    }
}

#[tokio::test]
async fn mapped_numbers_keep_their_digits_as_text_and_in_documents() {
    let server = start("1", Policy::default()).await;
    let echo = sent(&server, "mapped", "{\"number\":2.50,\"text\":\"0.10\"}").await;
    assert_eq!(echo["target"], "/things/1.10?size=0.10&any=2.50&list=2.50&list=1e2");
    assert_eq!(crate::tables::header(&echo, "x-size"), Some("0.10"));
    assert_eq!(echo["body"], "{\"number\":2.50,\"fixed\":[2.0e0]}");
    let echo = sent(&server, "mapped", "{}").await;
    assert_eq!(echo["target"], "/things/1.10?any=0.50&list=0.50&list=1e2");
    let (base, http) = &server;
    let echo = crate::tables::get(http, format!("{base}/mapped?number=2.50&text=0.10")).await;
    assert_eq!(echo["target"], "/things/1.10?size=0.10&any=2.50&list=2.50&list=1e2");
    assert_eq!(echo["body"], "{\"number\":2.50,\"fixed\":[2.0e0]}");
}

#[tokio::test]
async fn numbers_in_mcp_results_keep_their_digits_also_beside_masked_secrets() {
    for number in NUMBERS {
        let server = start(number, Policy::default()).await;
        let response = call(&server, "document", "{}").await;
        let structured = format!("\"structuredContent\":{{\"n\":{number},\"list\":[{number},{{\"n\":{number}}}]}}");
        assert!(response.contains(&structured), "{response}");
        let text = format!("{{\\\"n\\\": {number}, \\\"list\\\": [{number}, {{\\\"n\\\":{number}}}]}}");
        assert!(response.contains(&text), "{response}");
        let response = call(&server, "list", "{}").await;
        let content = format!("\"content\":[{{\"type\":\"text\",\"text\":\"[{number}]\"}}]");
        assert!(response.contains(&content) && !response.contains("structuredContent"), "{response}");
        let (uri, params) = (format!("{}/mcp", server.0), json!({"name": "list", "arguments": {}}));
        let response = modern_at(&server.1, &uri, "tools/call", params).await.text().await.expect("a text");
        assert!(response.contains(&content), "{response}");
        assert!(response.contains(&format!("\"structuredContent\":[{number}]")), "{response}");
        let masked = format!("{{\"n\":{number},\"password\":\"***\",\"list\":[{number}]}}");
        for (tool, member) in [("record", "structuredContent"), ("failed", "body")] {
            let response = call(&server, tool, "{}").await;
            assert!(response.contains(&format!("\"{member}\":{masked}")), "{response}");
            assert!(response.contains(&masked.replace('"', "\\\"")), "{response}");
            assert!(!response.contains("hush"), "{response}");
        }
        let picked = format!("{{\"n\":{number},\"fixed\":1.50}}");
        let response = call(&server, "picked", "{}").await;
        assert!(response.contains(&format!("\"structuredContent\":{picked}")), "{response}");
        assert!(response.contains(&picked.replace('"', "\\\"")), "{response}");
        for (uri, expected) in [("digits://record", &masked), ("digits://picked", &picked)] {
            let response = ask(&server, "resources/read", &format!("{{\"uri\":\"{uri}\"}}")).await;
            assert!(response.contains(&expected.replace('"', "\\\"")), "{response}");
        }
        let (base, http) = &server;
        let response = http.get(format!("{base}/picked")).send().await.expect("a response");
        assert_eq!(response.text().await.expect("a text"), picked);
    }
}

#[tokio::test]
async fn shortened_results_keep_the_digits_of_what_is_left() {
    let server = start("0.1000", Policy::default().response_budget(40)).await;
    let response = call(&server, "document", "{}").await;
    assert!(response.contains("\"structuredContent\":{\"n\":0.1000,\"list\":[0.1000]}"), "{response}");
}
