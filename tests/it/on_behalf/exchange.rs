//! Tokens of a server at the upstream: those for which tokens of callers are exchanged, and its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use futures_util::future::join_all;
use scaleway_simulator::{PROJECT_ID, Simulator, TOKEN};
use serde_json::{Value, json};

use super::{HEADER, SECRETS, World, program, whoami};
use crate::groups::scaleway;
use crate::oauth::authority::{Authority, Signer};
use crate::rest::problem;
use crate::tables::serve;

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
