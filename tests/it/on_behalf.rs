//! Calls on behalf of callers: each with a key that the caller brings, or with a token for which theirs is exchanged.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
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
use crate::oauth::authority::{Authority, Signer};
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

/// A token endpoint that exchanges tokens for `upstream-SUBJECT-…`, and counts.
#[derive(Clone, Default)]
struct Exchange {
    forms: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
    response: Arc<Mutex<Option<(u16, Value)>>>,
}

impl Exchange {
    async fn start(&self) -> String {
        let own = self.clone();
        let respond = async move |body: String| -> Response {
            let form: BTreeMap<_, _> = url_pairs(&body);
            let subject = form.get("subject_token").map_or_else(|| "server".to_owned(), |token| subject(token));
            let count = {
                let mut forms = own.forms.lock().expect("no thread panics");
                forms.push(form);
                forms.len()
            };
            tokio::time::sleep(Duration::from_millis(20)).await;
            let response = own.response.lock().expect("no thread panics").clone();
            let (status, document) = response.unwrap_or_else(|| {
                let token = format!("upstream-{subject}-{count}");
                (
                    200,
                    json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600,
                    "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}),
                )
            });
            (StatusCode::from_u16(status).expect("a status"), document.to_string()).into_response()
        };
        format!("{}/token", serve(Router::new().fallback(respond)).await)
    }

    fn count(&self) -> usize {
        self.forms.lock().expect("no thread panics").len()
    }

    fn responds(&self, status: u16, document: Value) {
        *self.response.lock().expect("no thread panics") = Some((status, document));
    }
}

fn url_pairs(body: &str) -> BTreeMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://form.test/?{body}")).expect("a form");
    url.query_pairs().into_owned().collect()
}

/// The subject of a token.
fn subject(token: &str) -> String {
    use base64::Engine as _;
    let claims = token.split('.').nth(1).expect("a JWT");
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).expect("base64");
    serde_json::from_slice::<Value>(&claims).expect("JSON")["sub"].as_str().expect("a subject").to_owned()
}

const METADATA: &str = "/.well-known/oauth-authorization-server/realms/test";
const OAUTH: &str = "    authentication: {type: oauth2, authorizationServerUri: '{{ISSUER}}', resource: 'https://who.test', tokenValidation: jwks}\n";

/// A server that exchanges tokens, its authorization server, and its upstream.
struct Exchanging {
    world: World,
    authority: Authority,
    signer: Signer,
    exchange: Exchange,
}

impl Exchanging {
    async fn start(more: &[&str]) -> Self {
        let (signer, exchange, upstream) = (Signer::new("a", "ES256"), Exchange::default(), whoami().await);
        let authority = Authority::start(METADATA, &[&signer]).await;
        let endpoint = exchange.start().await;
        let flags = ["--base-uri", &upstream, "--token-exchange", &endpoint, "--token-client-id", "gateway"];
        let flags = [&flags[..], &["--token-client-secret", "secret-of-the-gateway"], more].concat();
        let world = World::start(program(OAUTH), &flags, &[("CASE_ISSUER", &authority.issuer)]).await;
        Self { world: world.expect("it is served"), authority, signer, exchange }
    }

    fn token(&self, subject: &str, id: usize) -> String {
        let mut claims = self.authority.claims("https://who.test", "");
        claims["sub"] = json!(subject);
        claims["jti"] = json!(id);
        format!("Bearer {}", self.signer.sign(&claims))
    }

    async fn name(&self, token: &str) -> Value {
        self.world.get("/me", Some(("authorization", token))).await.json().await.expect("JSON")
    }
}

#[tokio::test]
async fn tokens_of_callers_are_exchanged_once_and_kept_apart() {
    let more =
        ["--token-audience", "api", "--token-resource", "https://api.test/v1", "--token-scope", "api=read write"];
    let all = Exchanging::start(&more).await;
    let (ada, bob) = (all.token("ada", 1), all.token("bob", 1));
    let responses = join_all((0..20).map(|turn| all.name(if turn % 2 == 0 { &ada } else { &bob }))).await;
    for (turn, response) in responses.into_iter().enumerate() {
        assert_eq!(response["name"], if turn % 2 == 0 { "ada" } else { "bob" });
    }
    assert_eq!(all.exchange.count(), 2, "one exchange for each");
    let result = all.world.call("", "me", &json!({}), Some(("authorization", &ada))).await;
    assert_eq!(result["structuredContent"]["name"], "ada");
    assert_eq!(all.exchange.count(), 2, "REST and MCP share tokens");
    // Another token of the same caller may have other rights.
    all.name(&all.token("ada", 2)).await;
    assert_eq!(all.exchange.count(), 3);
    let form = all.exchange.forms.lock().expect("no thread panics")[0].clone();
    let token_type = "urn:ietf:params:oauth:token-type:access_token";
    for (name, value) in [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token_type", token_type),
        ("requested_token_type", token_type),
        ("audience", "api"),
        ("resource", "https://api.test/v1"),
        ("scope", "read write"),
    ] {
        assert_eq!(form[name], value);
    }
}

#[tokio::test]
async fn failed_exchanges_say_whose_fault_they_are_without_tokens() {
    let all = Exchanging::start(&[]).await;
    let ada = all.token("ada", 1);
    let token = ada.trim_start_matches("Bearer ");
    let error = |code: &str| json!({"error": code, "error_description": token});
    for (status, document, expected) in [
        (400, error("invalid_grant"), 401),
        (400, error("access_denied"), 403),
        (403, json!(token), 403),
        (401, error("invalid_client"), 502),
        (400, error("invalid_request"), 502),
        (500, json!("broken"), 502),
        (200, json!({"access_token": token, "token_type": "DPoP"}), 502),
        (200, json!({"token": token}), 502),
        (200, json!({"access_token": "two words\n", "token_type": "bearer"}), 502),
        (302, json!({}), 502),
    ] {
        all.exchange.responds(status, document.clone());
        let response = all.world.get("/me", Some(("authorization", &ada))).await;
        let problem = problem(response, expected).await;
        assert!(!problem.to_string().contains(token), "{document}: {problem}");
        let result = all.world.call("", "me", &json!({}), Some(("authorization", &ada))).await;
        assert_eq!(result["isError"], true, "{document}: {result}");
        assert!(!result.to_string().contains(token), "{result}");
    }
}

#[tokio::test]
async fn expired_and_rejected_tokens_are_exchanged_again() {
    let all = Exchanging::start(&["--token-capacity", "2"]).await;
    let short = json!({"access_token": "upstream-ada-short", "token_type": "bearer", "expires_in": 0});
    all.exchange.responds(200, short);
    let ada = all.token("ada", 1);
    for count in 1..=2 {
        assert_eq!(all.name(&ada).await["name"], "ada");
        assert_eq!(all.exchange.count(), count, "it expires too soon to be kept");
    }
    // The upstream does not know this token.
    all.exchange.responds(200, json!({"access_token": "stale", "token_type": "bearer", "expires_in": 3600}));
    problem(all.world.get("/me", Some(("authorization", &ada))).await, 502).await;
    assert_eq!(all.exchange.count(), 4, "it is replaced once");
    *all.exchange.response.lock().expect("no thread panics") = None;
    assert_eq!(all.name(&ada).await["name"], "ada");
    // Two tokens are kept, so the one that was not used for the longest time makes room.
    let before = all.exchange.count();
    for subject in ["bob", "eve", "ada"] {
        assert_eq!(all.name(&all.token(subject, 1)).await["name"], subject);
    }
    assert_eq!(all.exchange.count(), before + 3);
}

#[tokio::test]
async fn server_gets_its_token_by_client_credentials() {
    let (upstream, exchange) = (whoami().await, Exchange::default());
    let endpoint = format!("api={}", exchange.start().await);
    let flags = ["--base-uri", &upstream, "--client-credentials", &endpoint, "--token-client-id", "api=gateway"];
    let more = ["--token-client-secret", "secret-of-the-gateway", "--token-audience", "api", "--token-scope", "a b"];
    let world = World::start(program(""), &[flags, more[..].try_into().expect("six")].concat(), &[]).await;
    let world = world.expect("the capability's own variable need not be set");
    for response in join_all((0..10).map(|_| world.get("/me", None))).await {
        assert_eq!(response.json::<Value>().await.expect("JSON")["name"], "server");
    }
    let forms = exchange.forms.lock().expect("no thread panics").clone();
    let pairs = [("grant_type", "client_credentials"), ("scope", "a b"), ("audience", "api")];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(forms, [BTreeMap::from(pairs)], "one token for all");
}

#[tokio::test]
async fn group_with_several_namespaces_gets_its_tokens_by_client_credentials() {
    let (simulator, exchange) = (Simulator::start().await.expect("the simulator starts"), Exchange::default());
    let (upstream, endpoint) = (simulator.base_uri(), exchange.start().await);
    exchange.responds(200, json!({"access_token": TOKEN, "token_type": "bearer", "expires_in": 3600}));
    let own = ["--base-uri", &upstream, "--token-client-id", "gateway", "--token-client-secret", "of-the-gateway"];
    let named = format!("secret-manager-secrets={endpoint}");
    for (endpoint, variables) in [(&endpoint, &[][..]), (&named, &[("SCALEWAY_API_KEY", TOKEN)])] {
        let before = exchange.count();
        let flags = [&own[..], &["--client-credentials", endpoint]].concat();
        let world = World::start(scaleway(), &flags, variables).await.expect("it is served");
        let path = format!("{SECRETS}?scheduled_for_deletion=false&project_id={PROJECT_ID}");
        assert_eq!(world.get(&path, None).await.status(), 200);
        assert_eq!(exchange.count() - before, 1, "{endpoint}");
        world.get(&format!("{SECRETS}/7e57ab1e-0000-4000-8000-000000000001/versions"), None).await;
        assert_eq!(exchange.count() - before, if variables.is_empty() { 2 } else { 1 }, "{endpoint}");
    }
}

#[tokio::test]
async fn credential_for_several_upstreams_is_refused_whatever_the_order_of_flags() {
    let all = ["--base-uri", "https://a.test"];
    let one = ["--base-uri", "secret-manager-secrets=https://b.test"];
    let key = ["--caller-credential", HEADER];
    for (flags, is_one_upstream) in [([all, one, key], false), ([one, all, key], true)] {
        let refused = World::start(scaleway(), &flags.concat(), &[]).await.err();
        let why = refused.as_deref().unwrap_or_default();
        assert_eq!(refused.is_none(), is_one_upstream, "{flags:?}: {why}");
        assert!(is_one_upstream || why.contains("different base URIs"), "{why}");
    }
}

#[tokio::test]
async fn exchange_that_cannot_work_stops_the_start() {
    let exchange = ["--token-exchange", "https://login.test/token"];
    let id = ["--token-client-id", "gateway"];
    let secret = ["--token-client-secret", "secret"];
    for (flags, what) in [
        (vec![exchange], "--token-client-id"),
        (vec![exchange, id], "--token-client-secret-file"),
        (vec![exchange, id, ["--token-client-secret-file", "/nowhere/secret"]], "/nowhere/secret"),
        (vec![["--token-exchange", "http://login.test/token"], id, secret], "plain http"),
        (vec![["--token-exchange", "other=https://login.test/token"], id, secret], "other"),
        (vec![["--token-exchange", "http://login.test/token?key=secret-of-a"], id, secret], "http://login.test/token:"),
        (vec![exchange, id, secret, ["--token-resource", "no-uri"]], "no-uri"),
        (vec![exchange, id, secret, ["--caller-credential", "x-key"]], "more than one"),
        (vec![exchange, id, secret], "access tokens"),
    ] {
        let refused = World::start(program(""), &flags.concat(), &[]).await.err().unwrap_or_default();
        assert!(refused.contains(what) && !refused.contains("secret-of"), "{flags:?}: {refused}");
    }
}
