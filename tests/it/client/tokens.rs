//! Tokens that change.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use naftiko_client::testing::{Script, ScriptedResponse};
use naftiko_client::{BoxError, BoxFuture, ClientCredentials, TokenExchange, TokenProvider};
use scaleway_secret_manager_secrets::{Call as _, Client, ConfigError, ErrorKind};
use scaleway_simulator::{Simulator, TOKEN};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::Instant;

/// A provider that counts, and gives the next token when one is refused.
struct Rotating(AtomicUsize);

impl TokenProvider for Rotating {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        let token = ["7e57ab1e-0000-4000-8000-0000000000ff", TOKEN][self.0.load(Ordering::Relaxed).min(1)];
        Box::pin(async move { Ok(token.into()) })
    }

    fn refused<'a>(&'a self, token: &'a SecretString) -> BoxFuture<'a, bool> {
        Box::pin(async move { token.expose_secret() != TOKEN && self.0.fetch_add(1, Ordering::Relaxed) < 5 })
    }
}

#[tokio::test]
async fn token_provider_runs_for_every_attempt() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let tokens = Arc::new(Mutex::new(vec![TOKEN.to_owned(), "another-token".to_owned()]));
    let provider = move || tokens.lock().expect("no panic").pop().map(Into::into).ok_or_else(|| "no more".into());
    let builder = Client::builder().base_uri(simulator.base_uri()).token_provider(provider);
    let client = builder.build().expect("the client is built");
    let list = || {
        client.list_secrets("fr-par").scheduled_for_deletion(false).project_id(scaleway_simulator::PROJECT_ID).send()
    };
    let error = list().await.expect_err("the first token is wrong");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(401));
    list().await.expect("the second one is right");
    let error = list().await.expect_err("there is no third one");
    assert_eq!(error.kind(), &ErrorKind::Token);
    let sent: Vec<_> = simulator.take_requests().iter().map(|r| r.header("x-auth-token").map(str::to_owned)).collect();
    assert_eq!(sent, [Some("another-token".to_owned()), Some(TOKEN.to_owned())]);
}

#[tokio::test]
async fn rejected_token_is_replaced_once() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let builder = Client::builder().base_uri(simulator.base_uri()).token_provider(Rotating(AtomicUsize::new(0)));
    let client = builder.build().expect("the client is built");
    let body = json!({"project_id": scaleway_simulator::PROJECT_ID, "name": "new"});
    // A POST too: who refuses a token has done nothing.
    client.create_secret("fr-par", body).send().await.expect("the second token is right");
    assert_eq!(simulator.take_requests().len(), 2);
    let script =
        Script::new([ScriptedResponse::status(401), ScriptedResponse::status(401), ScriptedResponse::status(401)]);
    let builder = Client::builder().transport(script.clone()).token_provider(Rotating(AtomicUsize::new(0)));
    let error = builder.build().expect("built").get_secret("fr-par", "some").send().await.expect_err("both are wrong");
    assert_eq!((script.requests().len(), error.attempts()), (2, 2));
}

#[tokio::test]
async fn invalid_provided_token_is_a_call_error() {
    let builder = Client::builder().transport(Script::default()).token_provider(|| Ok("line\nbreak".into()));
    let error = builder.build().expect("built").get_secret("fr-par", "some").send().await.expect_err("a line break");
    assert_eq!(error.kind(), &ErrorKind::Token);
    assert!(!format!("{error} {error:?}").contains("break"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn slow_token_provider_is_bounded_by_call_deadline() {
    struct Slow;
    impl TokenProvider for Slow {
        fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
            Box::pin(async { Ok("a token".into()) })
        }

        fn refused<'a>(&'a self, _: &'a SecretString) -> BoxFuture<'a, bool> {
            Box::pin(async {
                tokio::time::sleep(Duration::from_secs(60)).await;
                true
            })
        }
    }
    let script = Script::new([ScriptedResponse::status(401)]);
    let builder = Client::builder().transport(script.clone()).token_provider(Arc::new(Slow));
    let client = builder.timeout(Duration::from_secs(2)).build().expect("the client is built");
    let start = Instant::now();
    let error = client.get_secret("fr-par", "some").send().await.expect_err("the token is refused");
    assert_eq!((error.status().map(|s| s.as_u16()), start.elapsed().as_secs()), (Some(401), 2));
}

/// An authorization server that counts its tokens and keeps what it was sent.
#[derive(Clone, Default)]
struct Issuer {
    issued: Arc<AtomicUsize>,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Issuer {
    async fn start(&self) -> String {
        let router = Router::new().route("/token", post(Self::answer)).with_state(self.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let uri = format!("http://{}/token", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        uri
    }

    async fn answer(State(issuer): State<Self>, headers: HeaderMap, body: String) -> (StatusCode, String) {
        let proof = headers["authorization"].to_str().expect("text").to_owned();
        issuer.asked.lock().expect("no panic").push((proof, body));
        tokio::time::sleep(Duration::from_millis(20)).await;
        match issuer.issued.fetch_add(1, Ordering::Relaxed) {
            // "an id:a/secret", both encoded first.
            _ if issuer.asked.lock().expect("no panic")[0].0 != "Basic YW4lMjBpZDphJTJGc2VjcmV0" => {
                let document = json!({"error": "invalid_client", "error_description": "not a/secret"});
                (StatusCode::UNAUTHORIZED, document.to_string())
            }
            number => {
                let document =
                    json!({"access_token": format!("token-{number}"), "token_type": "bearer", "expires_in": "2"});
                (StatusCode::OK, document.to_string())
            }
        }
    }
}

#[tokio::test]
async fn oauth2_client_credentials_are_exchanged_cached_and_renewed() {
    let issuer = Issuer::default();
    let endpoint = issuer.start().await;
    let credentials = ClientCredentials::new(&endpoint, "an id", "a/secret", Some("read write")).expect("it is set up");
    let script = Script::new(vec![ScriptedResponse::json(200, json!({})); 5]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let tokens = Arc::clone(&seen);
    // The script redacts credentials, so the provider is watched.
    let watched = Watched { inner: credentials.clone(), seen: tokens };
    let client = Client::builder().transport(script.clone()).token_provider(watched).build().expect("built");
    let get = || client.get_secret("fr-par", "some").send();
    let (one, two) = tokio::join!(get(), get());
    one.expect("a success");
    two.expect("a success");
    assert_eq!(issuer.asked.lock().expect("no panic").len(), 1, "calls at the same time share a token");
    assert_eq!(issuer.asked.lock().expect("no panic")[0].1, "grant_type=client_credentials&scope=read%20write");
    // It lasts for 2 seconds, and is replaced after half of them.
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(1100) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    get().await.expect("a success");
    credentials.refused(&"token-1".into()).await;
    get().await.expect("a success");
    credentials.refused(&"token-1".into()).await;
    get().await.expect("what was refused long ago takes nothing away");
    assert_eq!(*seen.lock().expect("no panic"), ["token-0", "token-0", "token-1", "token-2", "token-2"]);
    let debug = format!("{credentials:?}");
    assert!(debug.contains("an id") && !debug.contains("a/secret"), "{debug}");
}

#[tokio::test]
async fn calls_that_need_a_token_at_the_same_time_share_one_request_whatever_comes_of_it() {
    // The endpoint of one does not know the client, and the tokens of the other have expired when they come.
    for (status, document) in [
        (401, json!({"error": "invalid_client"})),
        (200, json!({"access_token": "a-token", "token_type": "bearer", "expires_in": -1})),
    ] {
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, body) = (Arc::clone(&asked), document.to_string());
        let respond = async move || {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(50)).await;
            (StatusCode::from_u16(status).expect("a status"), body)
        };
        let endpoint = format!("{}/token", crate::tables::serve(Router::new().fallback(respond)).await);
        let credentials = ClientCredentials::new(&endpoint, "an id", "a/secret", None).expect("it is set up");
        for round in 1..=2 {
            let outcomes = futures_util::future::join_all((0..100).map(|_| credentials.token())).await;
            assert!(outcomes.iter().all(|outcome| outcome.is_ok() == (status == 200)));
            assert_eq!(asked.load(Ordering::Relaxed), round, "{document}");
        }
    }
}

struct Watched {
    inner: ClientCredentials,
    seen: Arc<Mutex<Vec<String>>>,
}

impl TokenProvider for Watched {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        Box::pin(async move {
            let token = self.inner.token().await?;
            self.seen.lock().expect("no panic").push(token.expose_secret().to_owned());
            Ok(token)
        })
    }
}

#[test]
fn debug_of_a_token_endpoint_shows_no_key_in_its_uri() {
    let endpoint = "https://login.test/token?key=of-the-endpoint";
    let credentials = ClientCredentials::new(endpoint, "an id", "a secret", None).expect("it is set up");
    let exchange = TokenExchange::new(endpoint, "an id", "a secret").expect("it is set up");
    for shown in [format!("{credentials:?}"), format!("{exchange:?}")] {
        assert!(shown.contains("\"https://login.test/token\"") && !shown.contains("of-the-endpoint"), "{shown}");
    }
}

#[tokio::test]
async fn authorization_server_error_shows_only_its_error_code() {
    let endpoint = Issuer::default().start().await;
    let credentials = ClientCredentials::new(&endpoint, "an id", "wrong", None).expect("it is set up");
    let client = Client::builder().transport(Script::default()).token_provider(credentials).build().expect("built");
    let error = client.get_secret("fr-par", "some").retry(Default::default()).send().await.expect_err("refused");
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert_eq!(cause, "the authorization server responded with 401 Unauthorized: invalid_client");
}

#[tokio::test]
async fn token_endpoint_that_credentials_cannot_go_to_is_named() {
    for endpoint in ["http://auth.example.com/token", "https://auth.example.com/token#a", "https://me@h/token", "token"]
    {
        let error = ClientCredentials::new(endpoint, "id", "secret", None).expect_err(endpoint);
        assert!(matches!(error, ConfigError::TokenEndpoint), "{endpoint}: {error}");
        assert!(error.to_string().contains("token endpoint"), "{error}");
        let error = TokenExchange::new(endpoint, "id", "secret").expect_err(endpoint);
        assert!(matches!(error, ConfigError::TokenEndpoint), "{endpoint}: {error}");
    }
}

#[tokio::test]
async fn empty_token_is_no_token_and_nothing_is_sent() {
    let script = Script::default();
    let builder = || Client::builder().transport(script.clone());
    for builder in [builder().token_provider(|| Ok("".into())), builder().token_provider(|| Ok(" \n".into()))] {
        let client = builder.build().expect("the client is built");
        let error = client.get_secret("fr-par", "some").send().await.expect_err("there is no token");
        assert_eq!((error.kind(), error.attempts()), (&ErrorKind::Token, 0), "{error}");
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        assert_eq!(cause.as_deref(), Some("the token is empty"));
    }
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn call_brings_its_own_credential_and_errors_do_not_show_it() {
    let key = "key-of-one-user-among-many";
    let rejected = ScriptedResponse::json(403, json!({"message": key})).header("x-echo", key);
    let script = Script::new([ScriptedResponse::json(200, json!({"name": "a"})), rejected]);
    let client = Client::builder().transport(script.clone()).token("of-the-application").build().expect("built");
    let call = client.get_secret("fr-par", "some").credential(key);
    assert!(!format!("{call:?}").contains(key), "{call:?}");
    call.clone().send_bytes().await.expect("a response");
    let error = call.send_bytes().await.expect_err("it is rejected");
    assert!(!format!("{error} {error:?} {:?} {:?}", error.headers(), error.api_error()).contains(key), "{error:?}");
    let sent: Vec<_> = script.requests().iter().map(|sent| sent.header("x-auth-token").map(str::to_owned)).collect();
    // What a script keeps is redacted.
    assert!(sent.iter().all(|sent| sent.as_deref() != Some("of-the-application")), "{sent:?}");
    let empty = client.get_secret("fr-par", "some").credential(" ").send_bytes().await.expect_err("it is empty");
    assert!(matches!(empty.kind(), ErrorKind::Unauthorized(_)), "{empty}");
    let line = client.get_secret("fr-par", "some").credential("line\nbreak").send_bytes().await;
    assert!(matches!(line.expect_err("a line break").kind(), ErrorKind::Unauthorized(_)));
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test]
async fn provider_of_a_call_replaces_a_rejected_token_once() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let client = Client::builder().base_uri(simulator.base_uri()).token("of-the-application").build().expect("built");
    let call = client.list_secrets("fr-par").scheduled_for_deletion(false).project_id(scaleway_simulator::PROJECT_ID);
    call.credential_provider(Rotating(AtomicUsize::new(0))).send().await.expect("the second token is right");
    let sent: Vec<_> = simulator.take_requests().iter().map(|r| r.header("x-auth-token").map(str::to_owned)).collect();
    assert_eq!(sent, [Some("7e57ab1e-0000-4000-8000-0000000000ff".to_owned()), Some(TOKEN.to_owned())]);
}
