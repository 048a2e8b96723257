//! Calls on behalf of callers: each with a key that the caller brings, or with a token for which theirs is exchanged.

mod exchange;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::future::join_all;
use naftiko_serve::{load, options};
use naftiko_server::__private::Mounted;
use naftiko_server::Program;
use naftiko_tests::process::Server;
use naftiko_tests::server_binary;
use scaleway_simulator::{PROJECT_ID, Simulator, TOKEN};
use serde_json::{Value, json};

use crate::groups::scaleway;
use crate::mcp::{ACCEPT, message};
use crate::rest::problem;
use crate::tables::serve;

const SECRETS: &str = "/v1/secret-manager/v1beta1/regions/fr-par/secrets";
const HEADER: &str = "x-scaleway-key";

/// A server on free ports, and a client of it.
pub(crate) struct World {
    pub(crate) rest: String,
    pub(crate) mcp: String,
    pub(crate) http: reqwest::Client,
    _mounted: Mounted,
}

impl World {
    pub(crate) async fn start(
        program: &'static Program,
        flags: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Self, String> {
        naftiko_client::install_crypto_provider();
        let variables: BTreeMap<_, _> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mounted = Mounted::new(program, options::parse(flags).expect("flags"), variables).await?;
        let [(_, rest), (_, mcp)] = mounted.ports() else { panic!("two ports: {:?}", mounted.ports()) };
        let (rest, mcp) = (format!("http://{rest}"), format!("http://{mcp}/mcp"));
        Ok(Self { rest, mcp, http: reqwest::Client::new(), _mounted: mounted })
    }

    /// Gets a path with this field.
    pub(crate) async fn get(&self, path: &str, field: Option<(&str, &str)>) -> reqwest::Response {
        let request = self.http.get(format!("{}{path}", self.rest));
        let request = field.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        request.send().await.expect("a response")
    }

    /// Calls a tool with this field.
    pub(crate) async fn call(&self, below: &str, tool: &str, arguments: &Value, field: Option<(&str, &str)>) -> Value {
        let request = self.http.post(format!("{}{below}", self.mcp)).header("accept", ACCEPT);
        let request = request.header("mcp-protocol-version", "2025-11-25").json(&message(tool, arguments));
        let request = field.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let response: Value = request.send().await.expect("a response").json().await.expect("JSON");
        response.get("result").unwrap_or_else(|| panic!("{tool}: {response}")).clone()
    }
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn callers_bring_the_credential_on_all_surfaces_of_a_group() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let flags = ["--base-uri", &simulator.base_uri(), "--caller-credential", HEADER];
    // The server has no credential of its own.
    let world = World::start(scaleway(), &flags, &[]).await.expect("it is served");
    let own = Some((HEADER, TOKEN));
    let body = json!({"region": "fr-par", "body": {"project_id": PROJECT_ID, "name": "of-a-caller"}});
    let created = world.call("", "create-secret", &body, own).await;
    let id = created["structuredContent"]["id"].as_str().expect("an id").to_owned();
    let arguments = json!({"region": "fr-par", "secret_id": id});
    for (below, tool) in [("/secrets", "get-metadata-using-secret-s-id"), ("/secret-versions", "list-secret-versions")]
    {
        let result = world.call(below, tool, &arguments, own).await;
        assert!(result["isError"] != true, "{result}");
        let missing = world.call(below, tool, &arguments, None).await;
        assert_eq!(missing["isError"], true, "{missing}");
        assert!(text(&missing).contains("send it in the header `x-scaleway-key`"), "{missing}");
    }
    for path in [format!("{SECRETS}/{id}"), format!("{SECRETS}/{id}/versions")] {
        assert_eq!(world.get(&path, own).await.status(), 200, "{path}");
        let missing = world.get(&path, None).await;
        assert_eq!(missing.headers()["www-authenticate"], "ApiKey realm=\"upstream\"");
        let missing = problem(missing, 401).await;
        assert!(missing["detail"].as_str().is_some_and(|detail| detail.contains("x-scaleway-key")), "{missing}");
        // The key is wrong, and the caller can bring another.
        let wrong = problem(world.get(&path, Some((HEADER, "7e57ab1e-0000-4000-8000-0000000000ff"))).await, 401).await;
        assert_eq!(wrong["title"], "The upstream rejected the caller's credential");
    }
    for bad in ["", " ", "k\u{e9}y", "a\tb"] {
        let value = reqwest::header::HeaderValue::from_bytes(bad.as_bytes()).expect("bytes of a header");
        let request = world.http.get(format!("{}{SECRETS}/{id}", world.rest)).header(HEADER, value);
        let bad = problem(request.send().await.expect("a response"), 400).await;
        assert!(bad["detail"].as_str().is_some_and(|detail| detail.contains(HEADER)), "{bad}");
    }
    let twice = world.http.get(format!("{}{SECRETS}/{id}", world.rest)).header(HEADER, TOKEN).header(HEADER, "other");
    problem(twice.send().await.expect("a response"), 400).await;
    // Lists and documents need none.
    assert_eq!(world.get("/openapi.json", None).await.status(), 200);
    for request in simulator.requests() {
        assert!(request.header(HEADER).is_none(), "only its value goes upstream, in the place of the credential");
        assert!(request.header("x-auth-token").is_some_and(|token| token.len() == TOKEN.len()));
    }
}

#[tokio::test]
async fn calls_without_the_credential_that_they_must_bring_leave_the_rate_of_their_tool() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let flags = ["--base-uri", &simulator.base_uri(), "--caller-credential", HEADER];
    let rates = ["--tool-rate-limit", "list-secrets=1/h", "--tool-rate-limit", "delete-secret=1/h", "--confirm", "off"];
    let world = World::start(scaleway(), &[&flags[..], &rates].concat(), &[]).await.expect("it is served");
    let own = Some((HEADER, TOKEN));
    let (list, path) = (json!({"region": "fr-par", "scheduled_for_deletion": false}), "?scheduled_for_deletion=false");
    for _ in 0..3 {
        let missing = world.call("", "list-secrets", &list, None).await;
        assert!(text(&missing).contains("send it in the header"), "{missing}");
        assert_eq!(world.get(&format!("{SECRETS}{path}"), None).await.status(), 401);
    }
    let project = json!({"region": "fr-par", "scheduled_for_deletion": false, "project_id": PROJECT_ID});
    let listed = world.call("", "list-secrets", &project, own).await;
    assert!(listed["isError"] != true, "{listed}");
    let more = world.call("", "list-secrets", &project, own).await;
    assert!(text(&more).contains("too many calls"), "{more}");
    assert_eq!(world.get(&format!("{SECRETS}{path}"), own).await.status(), 429, "routes count with it");
    assert_eq!(simulator.requests().len(), 1);
}

#[tokio::test]
async fn flags_without_the_one_that_they_are_about_end_the_start() {
    for (flags, said) in [
        (
            &["--caller-credential-optional"][..],
            "--caller-credential-optional has no effect without --caller-credential",
        ),
        (
            &["--token-audience", "shop"],
            "--token-audience has no effect without --token-exchange or --client-credentials",
        ),
        (&["--token-client-id", "me"], "--token-client-id has no effect without"),
        (&["--caller-credential", HEADER, "--token-scope", "read"], "--token-scope has no effect without"),
        (&["--caller-credential", "expect"], "--caller-credential expect: callers cannot bring a credential"),
    ] {
        let refused = World::start(scaleway(), flags, &[("SCALEWAY_API_KEY", TOKEN)]).await.err();
        assert!(refused.as_ref().is_some_and(|refused| refused.contains(said)), "{flags:?}: {refused:?}");
    }
}

#[tokio::test]
async fn own_credential_is_used_only_if_that_is_allowed() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let uri = simulator.base_uri();
    let path = format!("{SECRETS}?scheduled_for_deletion=false&project_id={PROJECT_ID}");
    for (more, expected) in [(None, 401), (Some("--caller-credential-optional"), 200)] {
        let flags: Vec<_> = ["--base-uri", &uri, "--caller-credential", HEADER].into_iter().chain(more).collect();
        let world = World::start(scaleway(), &flags, &[("SCALEWAY_API_KEY", TOKEN)]).await.expect("it is served");
        assert_eq!(world.get(&path, None).await.status(), expected);
        assert_eq!(world.get(&path, Some((HEADER, "wrong-key-of-a-caller"))).await.status(), 401);
    }
    let flags = ["--base-uri", &uri, "--caller-credential", HEADER, "--caller-credential-optional"];
    let missing = World::start(scaleway(), &flags, &[]).await.err().expect("the own credential is missing");
    assert!(missing.contains("SCALEWAY_API_KEY"), "{missing}");
}

#[tokio::test]
async fn headers_with_another_meaning_cannot_bring_credentials() {
    let flags = |header: &'static str| ["--forward-header", "x-tenant", "--caller-credential", header];
    for header in [
        "Authorization",
        "cookie",
        "proxy-authorization",
        "x-api-key",
        "x-tenant",
        "Content-Type",
        "mcp-session-id",
        "traceparent",
        "x-forwarded-for",
        "x-request-id",
        "host",
        "transfer-encoding",
        "not a name",
        "nowhere=x-key",
    ] {
        let refused = World::start(scaleway(), &flags(header), &[]).await.err();
        assert!(refused.as_deref().is_some_and(|why| why.contains("--caller-credential")), "{header}: {refused:?}");
    }
}

#[tokio::test]
async fn credentials_of_callers_are_in_no_log_audit_or_error() {
    let key = "planted-key-of-a-caller-and-never-to-be-seen";
    // An upstream that repeats what it gets.
    let repeat = async |request: Request| {
        let sent = request.headers()["x-auth-token"].to_str().expect("text").to_owned();
        let status = if request.uri().path().ends_with("refused") { 401 } else { 400 };
        let echo = [("x-echo", sent.clone())];
        (StatusCode::from_u16(status).expect("a status"), echo, json!({"message": sent, "type": sent}).to_string())
    };
    let upstream = serve(Router::new().fallback(repeat)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let audit = folder.path().join("audit.log");
    let audit = audit.to_string_lossy();
    let flags = ["--caller-credential", HEADER, "--audit", "--audit-file", &audit, "--access-log", "--confirm", "off"];
    let server = Server::start(&server_binary(), &upstream, &flags, "trace").await.expect("it starts");
    let http = reqwest::Client::new();
    let mut seen = String::new();
    for path in ["some", "refused"] {
        let uri = format!("{}{SECRETS}/{path}", server.rest);
        for method in [reqwest::Method::GET, reqwest::Method::DELETE] {
            let response = http.request(method, &uri).header(HEADER, key).send().await.expect("a response");
            seen.push_str(&format!("{:?}", response.headers()));
            seen.push_str(&response.text().await.expect("text"));
        }
        let request = http.post(&server.mcp).header("accept", ACCEPT).header("mcp-protocol-version", "2025-11-25");
        let call = message("delete-secret", &json!({"region": "fr-par", "secret_id": path}));
        let response = request.header(HEADER, key).json(&call).send().await.expect("a response");
        seen.push_str(&response.text().await.expect("text"));
    }
    assert!(seen.contains("[redacted]"), "{seen}");
    let (_, log) = server.stop("-TERM").await;
    let files = std::fs::read_dir(folder.path()).expect("the folder is read");
    let audited: String =
        files.map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("it is text")).collect();
    assert!(audited.contains("delete-secret"), "{audited}");
    for (what, text) in [("responses", &seen), ("log", &log), ("audit", &audited)] {
        assert!(!text.contains(key), "{what}: {text}");
    }
}

/// An API whose callers have keys or tokens with their names in them; `Bearer upstream-NAME-…`.
async fn whoami() -> String {
    let respond = async |headers: HeaderMap| -> Response {
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(name) = sent.and_then(|sent| sent.strip_prefix("Bearer upstream-")?.split('-').next()) else {
            return (StatusCode::UNAUTHORIZED, json!({"message": sent}).to_string()).into_response();
        };
        // Others overtake.
        tokio::time::sleep(Duration::from_millis(pause())).await;
        let fields = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "max-age=60")];
        (fields, json!({"name": name}).to_string()).into_response()
    };
    serve(Router::new().fallback(respond)).await
}

/// A few milliseconds that differ.
fn pause() -> u64 {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    (COUNT.fetch_add(7, Ordering::Relaxed) % 11) as u64
}

/// A capability with a route and a tool, whose adapters authenticate their callers like this.
fn program(authentication: &str) -> &'static Program {
    let text = format!(
        "naftiko: 1.0.0-beta5\nbinds:\n- {{namespace: env, keys: {{ISSUER: CASE_ISSUER, KEY: CASE_KEY}}}}\ncapability:\n  \
         consumes:\n  - namespace: api\n    baseUri: https://api.test\n    authentication: {{type: bearer, token: '{{{{KEY}}}}'}}\n    \
         resources: [{{path: /me, operations: [{{name: me}}]}}]\n  exposes:\n  - type: rest\n    namespace: a\n{authentication}    \
         resources: [{{path: /me, operations: [{{method: GET, call: api.me}}]}}]\n  - type: mcp\n    namespace: b\n{authentication}    \
         tools: [{{name: me, description: Says who calls, call: api.me}}]\n"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("who.yaml");
    std::fs::write(&file, text).expect("the file is written");
    load::leak(load::file(&file).expect("it is a capability").program)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interleaved_callers_never_get_the_response_of_another() {
    let upstream = whoami().await;
    let flags = ["--base-uri", &upstream, "--caller-credential", "x-key", "--cache", "1"];
    let world = World::start(program(""), &flags, &[]).await.expect("it is served");
    let call = async |caller: usize, turn: usize| {
        // Half of the responses are kept already.
        let key = format!("upstream-{caller}-{}", turn / 4);
        let field = Some(("x-key", &*key));
        let name = if turn.is_multiple_of(2) {
            world.get("/me", field).await.json::<Value>().await.expect("JSON")["name"].clone()
        } else {
            world.call("", "me", &json!({}), field).await["structuredContent"]["name"].clone()
        };
        assert_eq!(name, caller.to_string());
    };
    let callers = (0..16).map(async |caller| {
        for turn in 0..20 {
            call(caller, turn).await;
        }
    });
    join_all(callers).await;
}
