//! MCP resources and prompts, and answers that are no text, in both eras.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use naftiko_client::__private::Connection;
use naftiko_client::ClientBuilder;
use naftiko_client::schema::*;
use naftiko_mcp::{HttpOptions, Policy};
use naftiko_tests::process::Server;
use serde_json::{Value, json};

use crate::built::binary;
use crate::mcp::{modern_at, post};
use crate::tables::serve;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\xff";
const PNG_TEXT: &str = "iVBORw0KGgoA/w==";

/// What the upstream was asked for, in order.
type Asked = Arc<Mutex<Vec<String>>>;

async fn upstream(asked: Asked) -> String {
    let answer = move |request: Request| {
        let target = request.uri().to_string();
        asked.lock().expect("no test panicked").push(format!("{} {target}", request.method()));
        let (status, media_type, body) = match target.as_str() {
            "/things/gone" => (404, "text/plain", b"no such thing in hidden-detail".to_vec()),
            "/things/broken" => (503, "text/plain", b"hidden-detail".to_vec()),
            "/things/raw" => (200, "application/x-raw; a=b", b"\x00\xff".to_vec()),
            "/things/kept" => {
                (200, "application/json", b"{\"password\": \"hidden-detail\", \"id\": \"kept\"}".to_vec())
            }
            "/numbers/7" => (200, "application/json", b"{\"size\": 12, \"more\": 1}".to_vec()),
            "/pictures?of=sound" => (200, "Audio/MPEG", b"ID3".to_vec()),
            "/pictures?of=paper" => (200, "application/pdf", b"%PDF".to_vec()),
            "/pictures?of=bytes" => (200, "text/plain", b"\xff\0".to_vec()),
            "/pictures?of=words" => (200, "text/plain; charset=utf-8", b"words".to_vec()),
            target if target.starts_with("/pictures") => (200, "image/png; q=1", PNG.to_vec()),
            target => (200, "application/json", json!({ "target": target }).to_string().into_bytes()),
        };
        let answer = Response::builder().status(status).header("content-type", media_type);
        async move { answer.header("x-request-id", "the-id").body(body.into()).expect("an answer") as Response }
    };
    serve(Router::new().fallback(answer)).await
}

/// A server in front of that upstream, asked as the clients of both eras do.
struct World {
    http: reqwest::Client,
    mcp: String,
    asked: Asked,
    _server: Option<Server>,
}

impl World {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    async fn start_with(flags: &[&str]) -> Self {
        let asked = Asked::default();
        let upstream = upstream(asked.clone()).await;
        let program = binary("cases-mcp-resources-prompts-mcp-resources-prompts");
        let server = Server::start(&program, &upstream, flags, "warn,naftiko_runtime=info").await.expect("it starts");
        naftiko_client::install_crypto_provider();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { http, mcp: server.mcp.clone(), asked, _server: Some(server) }
    }

    async fn legacy(&self, method: &str, params: &Value) -> Value {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        post(&self.http, &self.mcp, &message).await.json().await.expect("JSON")
    }

    async fn modern(&self, method: &str, params: Value) -> Value {
        modern_at(&self.http, &self.mcp, method, params).await.json().await.expect("JSON")
    }

    /// What both eras answer alike.
    async fn both(&self, method: &str, params: Value, part: &str) -> Value {
        let legacy = self.legacy(method, &params).await["result"][part].clone();
        assert_eq!(self.modern(method, params.clone()).await["result"][part], legacy, "{method} {params}");
        legacy
    }

    async fn read(&self, uri: &str) -> Value {
        self.both("resources/read", json!({ "uri": uri }), "contents").await
    }

    fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("no test panicked"))
    }
}

#[tokio::test]
async fn resources_and_templates_are_listed_separately_in_file_order() {
    let world = World::start().await;
    let resources = world.both("resources/list", json!({}), "resources").await;
    let expected = json!([
        {"uri": "shop://things", "name": "all-things", "title": "All things", "description": "All of them"},
        {"uri": "docs://shop/deep/red%20door.png", "name": "docs", "title": "docs",
         "description": "How to shop", "mimeType": "image/png", "size": 10},
        {"uri": "docs://shop/deep/welcome.md", "name": "docs", "title": "docs",
         "description": "How to shop", "mimeType": "text/markdown", "size": 9},
        {"uri": "docs://shop/guide.md", "name": "docs", "title": "docs", "description": "How to shop",
         "mimeType": "text/markdown", "size": 29},
        {"uri": "docs://welcome", "name": "welcome", "title": "welcome", "mimeType": "text/plain", "size": 9},
        {"uri": "shop://found", "name": "found", "title": "found"},
    ]);
    assert_eq!(resources, expected);
    let templates = world.both("resources/templates/list", json!({}), "resourceTemplates").await;
    let expected = json!([
        {"uriTemplate": "shop://things/{id}", "name": "thing", "title": "thing", "description": "One of them",
         "mimeType": "application/vnd.thing+json"},
        {"uriTemplate": "shop://numbers/{number}/size.{unit}", "name": "size", "title": "size"},
        {"uriTemplate": "shop://pictures/{name}.png", "name": "picture", "title": "picture", "mimeType": "image/png"},
    ]);
    assert_eq!(templates, expected);
    assert!(world.take_asked().is_empty(), "nothing is asked of the upstream");
}

#[tokio::test]
async fn resources_list_has_cache_hints() {
    let world = World::start().await;
    let discovered = world.modern("server/discover", json!({})).await;
    for capability in ["tools", "resources", "prompts"] {
        assert!(discovered["result"]["capabilities"][capability].is_object(), "{discovered}");
    }
    for (method, params) in [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("resources/read", json!({"uri": "docs://welcome"})),
        ("prompts/list", json!({})),
    ] {
        let answer = world.modern(method, params).await;
        let result = &answer["result"];
        assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(1000), &json!("private")), "{method}: {answer}");
        assert_eq!(result["resultType"], "complete", "{method}");
        assert!(result["_meta"]["io.modelcontextprotocol/serverInfo"].is_object(), "{method}: {answer}");
    }
    for method in ["resources/list", "resources/templates/list", "prompts/list"] {
        let answer = world.modern(method, json!({"cursor": "x"})).await;
        assert_eq!(answer["error"]["code"], -32602, "{method}: {answer}");
    }
}

#[tokio::test]
async fn resources_are_read_from_upstream_and_from_embedded_files() {
    let world = World::start().await;
    for (uri, asked, content) in [
        ("shop://things", "GET /things", json!({"mimeType": "application/json", "text": "{\"target\":\"/things\"}"})),
        (
            "shop://things/a%20b%252f",
            "GET /things/a%20b%252f",
            json!({"mimeType": "application/vnd.thing+json", "text": "{\"target\":\"/things/a%20b%252f\"}"}),
        ),
        ("shop://numbers/7/size.cm", "GET /numbers/7", json!({"mimeType": "application/json", "text": "12"})),
        ("shop://pictures/a.b.png", "GET /pictures?of=a.b", json!({"mimeType": "image/png", "blob": PNG_TEXT})),
        ("shop://pictures/words.png", "GET /pictures?of=words", json!({"mimeType": "image/png", "blob": "d29yZHM="})),
        ("shop://things/raw", "GET /things/raw", json!({"mimeType": "application/vnd.thing+json", "blob": "AP8="})),
    ] {
        let mut expected = content;
        expected["uri"] = uri.into();
        assert_eq!(world.read(uri).await, json!([expected]), "{uri}");
        assert_eq!(world.take_asked(), [asked; 2], "{uri}");
    }
    for (uri, media_type, text) in [
        ("docs://shop/guide.md", "text/markdown", "# How to shop\n\nTake a thing.\n"),
        ("docs://shop/deep/welcome.md", "text/markdown", "Welcome.\n"),
        ("docs://welcome", "text/plain", "Welcome.\n"),
    ] {
        assert_eq!(world.read(uri).await, json!([{"uri": uri, "mimeType": media_type, "text": text}]));
    }
    let (uri, blob) = ("docs://shop/deep/red%20door.png", "iVBORw0KGgoA/w==");
    assert_eq!(world.read(uri).await, json!([{"uri": uri, "mimeType": "image/png", "blob": blob}]));
    assert!(world.take_asked().is_empty(), "what is in the crate is not asked for");
}

#[tokio::test]
async fn hostile_resource_uris_are_rejected_or_arrive_as_one_segment() {
    let world = World::start().await;
    // A slash that is encoded is a part of the argument, and goes on encoded.
    for (uri, asked) in
        [("shop://things/a%2Fb", "GET /things/a%2Fb"), ("shop://things/%3Fx=1%23", "GET /things/%3Fx%3D1%23")]
    {
        world.read(uri).await;
        assert_eq!(world.take_asked(), [asked; 2], "{uri}");
    }
    for (uri, legacy) in [
        // What the existing rules for segments refuse.
        ("shop://things/..", -32602),
        ("shop://things/.", -32602),
        ("shop://things/%2e%2e", -32602),
        ("shop://things/%2E.", -32602),
        ("shop://things/%252e%252e", -32602),
        ("shop://things/..%2f..", -32602),
        ("shop://things/a%2f%2e%2e%5cb", -32602),
        ("shop://things/", -32602),
        ("shop://pictures/...png", -32602),
        ("shop://numbers/seven/size.cm", -32602),
        // What no template means.
        ("shop://things/a/b", -32002),
        ("shop://things/a/../b", -32002),
        ("shop://things/a?b=c", -32002),
        ("shop://things/a#b", -32002),
        ("shop://things/%ff", -32002),
        ("SHOP://things", -32002),
        ("docs://shop", -32002),
        ("docs://shop/.hidden.json", -32002),
        ("docs://shop/../review.md", -32002),
        ("docs://manuals/a.md", -32002),
        ("docs://manuals/../../../etc/passwd", -32002),
        ("file:///etc/passwd", -32002),
        ("", -32002),
    ] {
        let params = json!({ "uri": uri });
        let answer = world.legacy("resources/read", &params).await;
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["data"]["uri"]),
            (&json!(legacy), &json!(uri)),
            "{answer}"
        );
        let answer = world.modern("resources/read", params).await;
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["data"]["uri"]),
            (&json!(-32602), &json!(uri)),
            "{answer}"
        );
    }
    assert!(world.take_asked().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn resource_errors_do_not_include_the_upstream_response() {
    let world = World::start().await;
    for (uri, code, status) in [("shop://things/gone", -32602, 404), ("shop://things/broken", -32603, 503)] {
        let answer = world.modern("resources/read", json!({ "uri": uri })).await;
        assert_eq!(answer["error"]["code"], code, "{answer}");
        assert_eq!(answer["error"]["data"], json!({"uri": uri, "status": status, "requestId": "the-id"}));
        let text = answer.to_string();
        assert!(!text.contains("hidden-detail") && !text.contains("127.0.0.1"), "{text}");
    }
}

#[tokio::test]
async fn prompts_are_listed_and_expanded_once() {
    let world = World::start().await;
    let prompts = world.both("prompts/list", json!({}), "prompts").await;
    let expected = json!([
        {"name": "compare", "title": "Compare things", "description": "Compares two things", "arguments": [
            {"name": "first", "description": "The one", "required": true},
            {"name": "second", "title": "The other", "required": false},
        ]},
        {"name": "review", "title": "review",
         "arguments": [{"name": "thing", "description": "What it is about", "required": true}]},
    ]);
    // The third one is a file, for which the operator names no folder.
    assert_eq!(prompts, expected);
    let said = |role: &str, text: &str| json!({"role": role, "content": {"type": "text", "text": text}});
    for (name, arguments, messages) in [
        (
            "compare",
            json!({"first": "{{second}} {{first}}", "second": 2}),
            json!([
                said("user", "Compare {{second}} {{first}} with {{ second }}. Keep {{braces}}."),
                said("assistant", "By what?")
            ]),
        ),
        (
            "compare",
            json!({"first": "", "second": null, "braces": "x"}),
            json!([said("user", "Compare  with {{ second }}. Keep {{braces}}."), said("assistant", "By what?")]),
        ),
        (
            "compare",
            json!({}),
            json!([
                said("user", "Compare {{first}} with {{ second }}. Keep {{braces}}."),
                said("assistant", "By what?")
            ]),
        ),
        ("review", json!({"thing": "a"}), json!([said("user", "Review a: \"\\{}\" \u{202e}*/\n")])),
    ] {
        let params = json!({"name": name, "arguments": arguments});
        assert_eq!(world.both("prompts/get", params, "messages").await, messages);
    }
    for (params, code, named) in
        [(json!({"name": "nothing"}), -32602, "nothing"), (json!({"name": "manual"}), -32603, "names with --files")]
    {
        let (legacy, modern) =
            (world.legacy("prompts/get", &params).await, world.modern("prompts/get", params.clone()).await);
        assert_eq!(legacy["error"], modern["error"], "{params}");
        assert_eq!(legacy["error"]["code"], code, "{legacy}");
        assert!(legacy["error"]["message"].as_str().is_some_and(|text| text.contains(named)), "{legacy}");
    }
}

#[tokio::test]
async fn binary_tool_results_have_their_content_type() {
    let world = World::start().await;
    let masked = "Secrets are masked as ***; the operator can allow this tool to show them with --reveal-secrets.";
    let blob = |media_type: &str, blob: &str| {
        let resource = json!({"uri": "naftiko://answers/picture", "mimeType": media_type, "blob": blob});
        json!([{"type": "resource", "resource": resource}])
    };
    for (of, content) in [
        ("it", json!([{"type": "image", "mimeType": "image/png", "data": PNG_TEXT}])),
        ("sound", json!([{"type": "audio", "mimeType": "audio/mpeg", "data": "SUQz"}])),
        ("paper", blob("application/pdf", "JVBERg==")),
        ("bytes", json!([{"type": "text", "text": "***"}, {"type": "text", "text": masked}])),
        ("words", blob("text/plain", "d29yZHM=")),
    ] {
        let params = json!({"name": "picture", "arguments": {"of": of}});
        assert_eq!(world.both("tools/call", params.clone(), "content").await, content, "{of}");
        let result = world.legacy("tools/call", &params).await["result"].clone();
        assert!(result["isError"] == false && result.get("structuredContent").is_none(), "{of}: {result}");
    }
}

#[tokio::test]
async fn policies_apply_to_resources() {
    let world = World::start().await;
    let kept = world.read("shop://things/kept").await;
    assert_eq!(kept[0]["text"], "{\"password\":\"***\",\"id\":\"kept\"}");
    assert!(world.read("shop://found").await[0]["text"].is_string());
    assert_eq!(world.take_asked().last().map(String::as_str), Some("POST /find"));

    let world = World::start_with(&["--reveal-secrets=thing"]).await;
    assert!(world.read("shop://things/kept").await.to_string().contains("hidden-detail"));

    let world = World::start_with(&["--read-only"]).await;
    let listed = world.both("resources/list", json!({}), "resources").await;
    assert!(!listed.to_string().contains("shop://found"), "{listed}");
    let answer = world.modern("resources/read", json!({"uri": "shop://found"})).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");

    let world = World::start_with(&["--response-budget", "10"]).await;
    let answer = world.modern("resources/read", json!({"uri": "shop://things"})).await;
    assert!(answer["error"]["message"].as_str().is_some_and(|text| text.contains("10 bytes")), "{answer}");
}

static CAPABILITY: Capability =
    Capability::new("files", "Files", "1.2.3").apis(const { &[Api::new("shop").base_uri("http://127.0.0.1:9")] });

static LIST: Operation = Operation::new(OperationId(0), "list", Method::Get, RetrySafety::Idempotent)
    .path(const { &[PathPart::Literal(text("/things"))] });

static CALLING: Mcp = Mcp::new(0).resources(
    const {
        &[Resource::new(
            "things",
            "Things",
            "shop://things",
            ResourceSource::Call(ResourceCall::new(Binding::new(calls(&LIST)))),
        )]
    },
);

/// A server of this process.
async fn serve_here(adapter: &'static Mcp, base_uri: &str, policy: Policy) -> World {
    naftiko_client::install_crypto_provider();
    let connection = ClientBuilder::<Connection>::new(&CAPABILITY).base_uri(base_uri).build();
    let server = naftiko_mcp::Server::new(adapter, &connection.expect("the client is built"));
    let mcp = serve(server.with_policy(policy).router(HttpOptions::default())).await + "/mcp";
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    World { http, mcp, asked: Asked::default(), _server: None }
}

#[tokio::test]
async fn dry_run_reads_nothing_from_the_upstream() {
    let asked = Asked::default();
    let base_uri = upstream(asked.clone()).await;
    let read = json!({"uri": "shop://things"});
    let world = serve_here(&CALLING, &base_uri, Policy::default().dry_run()).await;
    let answer = world.modern("resources/read", read.clone()).await;
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
    assert!(asked.lock().expect("no test panicked").is_empty(), "nothing is sent");
    let world = serve_here(&CALLING, &base_uri, Policy::default().calls_at_once(0)).await;
    let answer = world.modern("resources/read", read.clone()).await;
    assert!(answer["error"]["message"].as_str().is_some_and(|text| text.contains("retry in")), "{answer}");
    assert!(asked.lock().expect("no test panicked").is_empty(), "nothing is sent");
    let world = serve_here(&CALLING, &base_uri, Policy::default()).await;
    assert!(world.modern("resources/read", read).await["result"]["contents"].is_array());
}

/// A server with nothing but files below this folder, and a prompt in it.
async fn files(root: &Path, policy: Policy) -> World {
    let path = |path: &Path| -> &'static str { path.to_str().expect("UTF-8").to_owned().leak() };
    let resource = |name, uri, path| Resource::new(name, name, uri, ResourceSource::ServerFile(text(path)));
    let (docs, prompt) = (path(&root.join("docs")), path(&root.join("docs/ask.md")));
    let resources = vec![resource("docs", "docs://all/", docs), resource("one", "docs://one", prompt)];
    let arguments = vec![PromptArgument::new("what").required()];
    let source = PromptSource::ServerFile(text(prompt));
    let prompts = vec![Prompt::new("ask", "Ask", source).arguments(arguments.leak())];
    let adapter = Mcp::new(0).resources(resources.leak()).prompts(prompts.leak());
    serve_here(Box::leak(Box::new(adapter)), "http://127.0.0.1:9", policy).await
}

#[tokio::test]
async fn files_are_offered_only_from_the_folder_that_the_operator_names() {
    let root = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(root.path().join("docs")).expect("folders");
    std::fs::create_dir_all(root.path().join("others")).expect("folders");
    std::fs::write(root.path().join("docs/ask.md"), "hidden-detail").expect("a file");
    let elsewhere = Policy::default().files(root.path().join("others")).expect("a folder");
    for policy in [Policy::default(), elsewhere] {
        let world = files(root.path(), policy).await;
        assert_eq!(world.both("resources/list", json!({}), "resources").await, json!([]));
        assert_eq!(world.both("prompts/list", json!({}), "prompts").await, json!([]));
        let reads =
            ["docs://one", "docs://all/", "docs://all/ask.md"].map(|uri| ("resources/read", json!({"uri": uri})));
        for (method, params) in
            reads.into_iter().chain([("prompts/get", json!({"name": "ask", "arguments": {"what": "x"}}))])
        {
            let response = world.modern(method, params).await;
            assert!(response["error"]["message"].as_str().is_some_and(|text| text.contains("--files")), "{response}");
            assert!(!response.to_string().contains("hidden-detail"), "{response}");
        }
    }
    for folder in ["/proc", "/proc/self", "/dev", "/sys", "/missing"] {
        Policy::default().files(folder).expect_err(folder);
    }
}

#[tokio::test]
async fn served_files_are_listed_and_read_live_and_confined_to_their_folder() {
    let root = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(root.path().join("docs/deep")).expect("folders");
    let write = |path: &str, text: &[u8]| std::fs::write(root.path().join(path), text).expect("a file");
    write("docs/ask.md", b"Ask {{what}}.");
    write("docs/deep/a.png", PNG);
    write("docs/.env", b"hidden-detail");
    write("secret.txt", b"hidden-detail");
    let world = files(root.path(), Policy::default().files(root.path()).expect("a folder")).await;
    let uris = async || -> Vec<Value> {
        let listed = world.both("resources/list", json!({}), "resources").await;
        listed.as_array().expect("a list").iter().map(|resource| resource["uri"].clone()).collect()
    };
    assert_eq!(uris().await, ["docs://all/ask.md", "docs://all/deep/a.png", "docs://one"]);
    write("docs/b.txt", b"new");
    assert_eq!(uris().await.len(), 4, "a new file is listed");
    for (uri, content) in [
        ("docs://all/b.txt", json!({"mimeType": "text/plain", "text": "new"})),
        ("docs://all/deep/a.png", json!({"mimeType": "image/png", "blob": PNG_TEXT})),
        ("docs://one", json!({"mimeType": "text/markdown", "text": "Ask {{what}}."})),
    ] {
        let mut expected = content;
        expected["uri"] = uri.into();
        assert_eq!(world.read(uri).await, json!([expected]), "{uri}");
    }
    for below in
        ["..", "../secret.txt", "%2e%2e/secret.txt", "deep/../../secret.txt", ".env", "deep", "", "/etc/passwd", "one"]
    {
        let answer = world.modern("resources/read", json!({"uri": format!("docs://all/{below}")})).await;
        assert_eq!(answer["error"]["code"], -32602, "{below}: {answer}");
        assert!(!answer.to_string().contains("hidden-detail"), "{answer}");
    }
    let asked = json!({"name": "ask", "arguments": {"what": "{{what}}"}});
    let messages = world.both("prompts/get", asked, "messages").await;
    assert_eq!(messages[0]["content"]["text"], "Ask {{what}}.");
    // Unless the file says otherwise, lists may be kept for a while, and what is read may not.
    let (list, read) = (
        world.modern("resources/list", json!({})).await,
        world.modern("resources/read", json!({"uri": "docs://one"})).await,
    );
    let kept = |answer: &Value| (answer["result"]["ttlMs"].clone(), answer["result"]["cacheScope"].clone());
    assert_eq!(kept(&list), (json!(300_000), json!("public")));
    assert_eq!(kept(&read), (json!(0), json!("private")));
    // There are no tools, and nothing says that there are.
    let discovered = world.modern("server/discover", json!({})).await;
    assert!(discovered["result"]["capabilities"].get("tools").is_none(), "{discovered}");
    assert_eq!(world.modern("tools/list", json!({})).await["result"]["tools"], json!([]));
}
