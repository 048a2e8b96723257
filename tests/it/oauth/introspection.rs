//! Callers with tokens that only the authorization server can read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use naftiko_serve::{echo, load, options};
use naftiko_server::__private::Mounted;
use reqwest::Client;
use serde_json::{Value, json};

use super::authority::seconds;
use crate::rest::problem;

const METADATA: &str = "/.well-known/oauth-authorization-server/realms/test";

/// What the authorization server says, and what it was asked.
#[derive(Default)]
struct Asked {
    answers: BTreeMap<String, Value>,
    status: Option<u16>,
    delay: Duration,
    requests: Vec<(String, String)>,
}

type Shared = Arc<Mutex<Asked>>;

struct World {
    authority: Shared,
    mounted: Mounted,
    issuer: String,
}

async fn introspect(State(shared): State<Shared>, request: Request) -> Response {
    let credential = request.headers().get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = axum::body::to_bytes(request.into_body(), 1 << 16).await.expect("a body");
    let form = String::from_utf8_lossy(&body).into_owned();
    let url = reqwest::Url::parse(&format!("http://a.test/?{form}")).expect("a form");
    let pairs: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    let (answer, status, delay) = {
        let mut asked = shared.lock().expect("no thread panics");
        asked.requests.push((credential.unwrap_or_default(), form));
        (asked.answers.get(&pairs["token"]).cloned(), asked.status, asked.delay)
    };
    tokio::time::sleep(delay).await;
    match status {
        Some(status) => StatusCode::from_u16(status).expect("a status").into_response(),
        None => answer.unwrap_or_else(|| json!({"active": false})).to_string().into_response(),
    }
}

impl World {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let base = format!("http://{}", listener.local_addr().expect("it has an address"));
        let issuer = format!("{base}/realms/test");
        let metadata = json!({"issuer": issuer, "introspection_endpoint": format!("{base}/introspect")}).to_string();
        let authority = Shared::default();
        let router = Router::new().route(METADATA, get(async move || metadata)).route("/introspect", post(introspect));
        tokio::spawn(axum::serve(listener, router.with_state(authority.clone())).into_future());
        let file = xtask::root().join("tests/cases/ok/callers-with-tokens-to-ask-about.yaml");
        let program = load::leak(load::file(&file).expect("it compiles").program);
        let upstream = format!("http://{}", echo::start().await.expect("the upstream starts"));
        let variables = [
            ("CASE_ISSUER", issuer.as_str()),
            ("INTROSPECTION_CLIENT_ID", "quay:1"),
            ("INTROSPECTION_CLIENT_SECRET", "of the quay"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let options = options::parse(&["--base-uri", &upstream]).expect("flags");
        let mounted = Mounted::new(program, options, variables).await.expect("it is served");
        Self { authority, mounted, issuer }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Asked) -> T) -> T {
        change(&mut self.authority.lock().expect("no thread panics"))
    }

    /// An answer about a token that is good, with some of its members changed.
    fn says(&self, token: &str, changes: Value) {
        let mut answer = json!({
            "active": true, "iss": self.issuer, "sub": "somebody", "aud": "https://quay.test", "scope": "openid quay:read",
            "exp": seconds(300), "token_type": "Bearer",
        });
        for (name, value) in changes.as_object().expect("an object") {
            answer[name] = value.clone();
            if value.is_null() {
                answer.as_object_mut().expect("an object").remove(name);
            }
        }
        self.with(|asked| asked.answers.insert(token.to_owned(), answer));
    }

    async fn get(&self, token: &str) -> reqwest::Response {
        let (_, address) = self.mounted.ports()[0];
        Client::new().get(format!("http://{address}/boats")).bearer_auth(token).send().await.expect("a response")
    }

    fn asked(&self) -> usize {
        self.with(|asked| asked.requests.len())
    }
}

#[tokio::test]
async fn tokens_are_worth_what_the_authorization_server_says() {
    let world = World::start().await;
    world.says("good", json!({}));
    world.says(
        "for several",
        json!({"aud": ["https://elsewhere.test", "https://quay.test/"], "iss": null, "exp": null}),
    );
    for token in ["good", "for several"] {
        assert_eq!(world.get(token).await.status(), 200, "{token}");
    }
    for (token, changes, status, reason) in [
        ("inactive", json!({"active": false}), 401, "active"),
        ("for another", json!({"aud": "https://elsewhere.test"}), 401, "another audience"),
        ("for no audience", json!({"aud": null}), 401, "which audience"),
        ("of another", json!({"iss": "https://elsewhere.test"}), 401, "another issuer"),
        ("too old", json!({"exp": seconds(-120)}), 401, "expired"),
        ("too new", json!({"nbf": seconds(120)}), 401, "not valid yet"),
        ("of another kind", json!({"token_type": "DPoP"}), 401, "another type"),
        ("bound", json!({"cnf": {"jkt": "x"}}), 401, "bound to a key"),
        ("of few scopes", json!({"scope": "quay:reads"}), 403, "scopes"),
    ] {
        world.says(token, changes);
        let refused = world.get(token).await;
        let challenge = refused.headers()["www-authenticate"].to_str().expect("text").to_owned();
        let error = if status == 401 { "invalid_token" } else { "insufficient_scope" };
        assert!(challenge.contains(error), "{token}: {challenge}");
        let body = problem(refused, status).await;
        assert!(body.to_string().contains(reason) && !body.to_string().contains("of the quay"), "{token}: {body}");
    }
    assert_eq!(world.get("unknown").await.status(), 401);
    // The id and the secret are encoded before they are joined (RFC 6749 §2.3.1).
    let (credential, form) = world.with(|asked| asked.requests[0].clone());
    assert_eq!(credential, "Basic cXVheSUzQTE6b2YlMjB0aGUlMjBxdWF5");
    assert_eq!(form, "token=good&token_type_hint=access_token");
}

#[tokio::test]
async fn answers_are_shared_and_kept_for_a_short_time() {
    let world = World::start().await;
    world.says("good", json!({}));
    world.with(|asked| asked.delay = Duration::from_millis(200));
    let responses = futures_util::future::join_all((0..20).map(|_| world.get("good"))).await;
    assert!(responses.iter().all(|response| response.status() == 200));
    assert_eq!(world.asked(), 1, "all of them wait for one answer");
    let refused = futures_util::future::join_all((0..20).map(|_| world.get("bad"))).await;
    assert!(refused.iter().all(|response| response.status() == 401));
    assert_eq!(world.asked(), 2);
    // One that was not active may be soon.
    world.says("bad", json!({}));
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(world.get("bad").await.status(), 200);
    assert_eq!(world.get("good").await.status(), 200);
    assert_eq!(world.asked(), 3, "the good token is still known");
}

#[tokio::test]
async fn authorization_server_that_does_not_answer_lets_no_one_in() {
    let world = World::start().await;
    world.says("good", json!({}));
    for status in [401, 500, 302] {
        world.with(|asked| asked.status = Some(status));
        let refused = world.get(&format!("token {status}")).await;
        assert!(refused.headers().contains_key("retry-after"), "{status}");
        problem(refused, 503).await;
    }
    world.with(|asked| asked.status = None);
    world.says("unclear", json!({"active": "true"}));
    problem(world.get("unclear").await, 503).await;
    assert_eq!(world.get("good").await.status(), 200, "others are not affected");
}
