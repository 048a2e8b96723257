//! Callers with access tokens of an authorization server.

pub(crate) mod authority;
mod introspection;

use naftiko_tests::process::{self, Server};
use reqwest::{RequestBuilder, Response};
use scaleway_simulator::Simulator;
use serde_json::{Value, json};

use self::authority::{Authority, Signer, encoded, seconds, unsigned};
use crate::built::binary;
use crate::mcp::message;
use crate::rest::problem;

const CRATE: &str = "cases-callers-with-tokens";
const METADATA: &str = "/.well-known/oauth-authorization-server/realms/test";
const REST: &str = "https://things.test";
const MCP: &str = "https://things.test/mcp";
const REST_CHALLENGE: &str =
    r#"resource_metadata="https://things.test/.well-known/oauth-protected-resource", scope="things:read""#;
const MCP_CHALLENGE: &str = r#"resource_metadata="https://things.test/.well-known/oauth-protected-resource/mcp", scope="things:read things:write""#;

/// A server, its upstream and its authorization server.
struct World {
    simulator: Simulator,
    authority: Authority,
    server: Server,
    http: reqwest::Client,
}

impl World {
    async fn new(authority: Authority) -> Self {
        naftiko_client::install_crypto_provider();
        let simulator = Simulator::start().await.expect("the simulator starts");
        let base_uri = simulator.base_uri();
        let serve = ["serve", "--rest-port", "0", "--mcp-port", "0", "--base-uri", &base_uri];
        let mut command = process::command(&binary(CRATE), &serve);
        command.env("CASE_ISSUER", &authority.issuer).env("CASE_UPSTREAM", "of-the-upstream");
        command.env("RUST_LOG", "warn,naftiko_runtime=debug");
        let server = Server::launch(command).await.expect("the server starts");
        Self { simulator, authority, server, http: reqwest::Client::new() }
    }

    async fn with(keys: &[&Signer]) -> Self {
        Self::new(Authority::start(METADATA, keys).await).await
    }

    fn rest(&self) -> RequestBuilder {
        self.http.get(format!("{}/things", self.server.rest))
    }

    fn mcp(&self) -> RequestBuilder {
        let request = self.http.post(&self.server.mcp).header("accept", "application/json, text/event-stream");
        request.header("mcp-protocol-version", "2025-11-25").json(&message("list", &json!({})))
    }

    async fn rest_with(&self, token: &str) -> Response {
        send(self.rest().bearer_auth(token)).await
    }

    /// Claims that are good for REST, with some of them changed.
    fn claims(&self, changes: Value) -> Value {
        let mut claims = self.authority.claims(REST, "things:read");
        for (name, value) in changes.as_object().expect("it is an object") {
            claims[name] = value.clone();
            if value.is_null() {
                claims.as_object_mut().expect("it is an object").remove(name);
            }
        }
        claims
    }
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.expect("an answer")
}

fn challenge(answer: &Response) -> String {
    answer.headers()["www-authenticate"].to_str().expect("text").to_owned()
}

/// An answer from behind the check: the upstream refuses what the server sends.
fn let_through(answer: &Response) -> bool {
    answer.status() == 502
}

#[tokio::test]
async fn valid_access_tokens_are_accepted_and_not_forwarded() {
    let signer = Signer::new("a", "ES256");
    let world = World::with(&[&signer]).await;
    let rest = signer.sign(&world.authority.claims(REST, "openid things:read"));
    assert!(let_through(&world.rest_with(&rest).await));
    let mcp = signer.sign(&world.authority.claims(MCP, "things:write things:read"));
    let answer = send(world.mcp().bearer_auth(&mcp)).await;
    assert_eq!(answer.status(), 200);
    // Each adapter has an audience of its own.
    assert_eq!(world.rest_with(&mcp).await.status(), 401);
    assert_eq!(send(world.mcp().bearer_auth(&rest)).await.status(), 401);
    let requests = world.simulator.requests();
    assert_eq!(requests.len(), 2, "only who has a good token is heard");
    for request in requests {
        assert_eq!(request.header("authorization"), Some("Bearer of-the-upstream"), "the credential is our own");
        let text = format!("{:?} {}", request.headers, request.target());
        assert!(!text.contains(&rest) && !text.contains(&mcp), "the caller's token goes nowhere: {text}");
    }
    let (_, log) = world.server.stop("-TERM").await;
    assert!(log.contains("it is for another audience"), "{log}");
    for secret in [rest.as_str(), mcp.as_str(), "somebody-of-a-test"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn access_tokens_for_other_servers_are_rejected() {
    let (signer, stranger) = (Signer::new("a", "ES256"), Signer::new("a", "ES256"));
    let world = World::with(&[&signer]).await;
    for changes in [
        json!({"aud": ["https://other.test", "things"]}),
        json!({"aud": "https://things.test/"}),
        json!({"iss": format!("{}/", world.authority.issuer)}),
        json!({"exp": seconds(-30)}),
        json!({"nbf": null}),
        json!({"scope": null, "scp": ["things:read"]}),
        json!({"sub": null, "client_id": "machine"}),
    ] {
        let token = signer.sign(&world.claims(changes.clone()));
        assert!(let_through(&world.rest_with(&token).await), "{changes}");
    }
    let good = world.claims(json!({}));
    let kid = json!({"alg": "ES256", "kid": "a"});
    let header = |changes: Value| {
        let mut header = kid.clone();
        header.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        signer.sign_as(&header, &good)
    };
    assert!(let_through(&world.rest_with(&header(json!({}))).await), "a type is not wanted");
    let claims = |changes: Value| signer.sign(&world.claims(changes));
    let mut tampered = signer.sign(&good).split('.').map(str::to_owned).collect::<Vec<_>>();
    tampered[1] = encoded(world.claims(json!({"sub": "somebody-else"})).to_string());
    // What an attacker can do who knows nothing but the public key.
    let shared = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, signer.key().to_string().as_bytes());
    let text = unsigned(&json!({"alg": "HS256", "kid": "a"}), &good);
    let hs256 = format!("{text}.{}", encoded(ring::hmac::sign(&shared, text.as_bytes())));
    for (token, reason) in [
        (claims(json!({"iss": "https://other.test"})), "another issuer"),
        (claims(json!({"iss": null})), "does not have"),
        (claims(json!({"iss": [world.authority.issuer, "https://other.test"]})), "not one text"),
        (claims(json!({"iss": [world.authority.issuer]})), "not one text"),
        (claims(json!({"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}})), "bound to a key"),
        (claims(json!({"cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}})), "bound to a key"),
        (claims(json!({"aud": ["https://other.test"]})), "another audience"),
        (claims(json!({"aud": null})), "does not have"),
        (claims(json!({"exp": seconds(-90)})), "has expired"),
        (claims(json!({"exp": null})), "does not have"),
        (claims(json!({"nbf": seconds(90)})), "not valid yet"),
        (stranger.sign(&good), "signature is wrong"),
        (tampered.join("."), "signature is wrong"),
        (format!("{}.", unsigned(&json!({"alg": "none"}), &good)), "not a JWT"),
        (hs256, "not accepted"),
        (header(json!({"alg": "ES384"})), "signature is wrong"),
        (header(json!({"alg": "RS256"})), "key does not belong"),
        (header(json!({"typ": "logout+jwt"})), "another type"),
        (header(json!({"crit": ["b64"], "b64": false})), "unsupported extension"),
        ("opaque".to_owned(), "not a JWT"),
        ("a.b.c.d".to_owned(), "not a JWT"),
        (String::new(), "not a JWT"),
    ] {
        let answer = world.rest_with(&token).await;
        if !token.is_empty() {
            assert_eq!(challenge(&answer), format!("Bearer error=\"invalid_token\", {REST_CHALLENGE}"), "{reason}");
        }
        let document = problem(answer, 401).await;
        let detail = document["detail"].as_str().expect("text");
        assert!(token.is_empty() || detail.contains(reason), "{detail}, and not: {reason}");
    }
    for scope in [json!("things:write"), json!("things:reads"), json!(null)] {
        let answer = world.rest_with(&claims(json!({"scope": scope}))).await;
        assert_eq!(challenge(&answer), format!("Bearer error=\"insufficient_scope\", {REST_CHALLENGE}"));
        problem(answer, 403).await;
    }
    let token = signer.sign(&world.authority.claims(MCP, "things:read"));
    let answer = send(world.mcp().bearer_auth(token)).await;
    assert_eq!(challenge(&answer), format!("Bearer error=\"insufficient_scope\", {MCP_CHALLENGE}"));
    problem(answer, 403).await;
    assert_eq!(world.simulator.requests().len(), 8, "no other caller is served");
}

#[tokio::test]
async fn missing_token_returns_401_with_resource_metadata() {
    let signer = Signer::new("a", "ES256");
    let world = World::with(&[&signer]).await;
    let base = world.server.mcp.trim_end_matches("/mcp");
    for (request, expected) in [
        (world.rest(), REST_CHALLENGE),
        (world.mcp(), MCP_CHALLENGE),
        (world.rest().basic_auth("a", Some("b")), REST_CHALLENGE),
        // Where clients find the server is not for them to say.
        (world.rest().header("x-forwarded-host", "evil.test"), REST_CHALLENGE),
    ] {
        let answer = send(request).await;
        assert_eq!(challenge(&answer), format!("Bearer {expected}"));
        problem(answer, 401).await;
    }
    let document = |resource: &str, scopes: Value| {
        json!({
            "resource": resource,
            "authorization_servers": [world.authority.issuer],
            "bearer_methods_supported": ["header"],
            "scopes_supported": scopes,
        })
    };
    for (uri, expected) in [
        (format!("{}/.well-known/oauth-protected-resource", world.server.rest), document(REST, json!(["things:read"]))),
        (format!("{base}/.well-known/oauth-protected-resource"), document(MCP, json!(["things:read", "things:write"]))),
        (
            format!("{base}/.well-known/oauth-protected-resource/mcp"),
            document(MCP, json!(["things:read", "things:write"])),
        ),
    ] {
        let answer = send(world.http.get(&uri)).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (200, &"application/json".parse().expect("a value"))
        );
        assert_eq!(answer.json::<Value>().await.expect("JSON"), expected, "{uri}");
    }
    problem(send(world.http.get(format!("{base}/.well-known/oauth-protected-resource/other"))).await, 401).await;
    // A token in the query is refused even if it is good.
    let token = signer.sign(&world.claims(json!({})));
    let in_query = || world.http.get(format!("{}/things?access_token={token}", world.server.rest));
    for request in [in_query(), in_query().bearer_auth(&token)] {
        let answer = send(request).await;
        assert_eq!(challenge(&answer), format!("Bearer error=\"invalid_request\", {REST_CHALLENGE}"));
        problem(answer, 400).await;
    }
    let twice = send(world.rest().header("authorization", "Basic YTpi").bearer_auth(&token)).await;
    problem(twice, 400).await;
    assert_eq!(world.authority.fetches(), 0, "keys are fetched for the first token");
    assert!(world.simulator.requests().is_empty());
    let (_, log) = world.server.stop("-TERM").await;
    assert!(!log.contains(&token), "{log}");
}

#[tokio::test]
async fn all_public_key_signature_algorithms_are_accepted() {
    let signers = ["ES256", "ES384", "EdDSA", "RS256", "PS512"].map(|algorithm| Signer::new(algorithm, algorithm));
    let world = World::with(&signers.each_ref()).await;
    for signer in &signers {
        let token = signer.sign(&world.claims(json!({})));
        assert!(let_through(&world.rest_with(&token).await), "{}", signer.id);
        // Without a name all keys of the kind are tried.
        let token = signer.sign_as(&json!({"alg": signer.id}), &world.claims(json!({})));
        assert!(let_through(&world.rest_with(&token).await), "{} without a name", signer.id);
    }
    assert_eq!(world.authority.fetches(), 1);
}

#[tokio::test]
async fn key_refresh_for_unknown_key_ids_is_rate_limited() {
    let (old, new) = (Signer::new("old", "ES256"), Signer::new("new", "ES256"));
    let world = World::with(&[&old]).await;
    let claims = world.claims(json!({}));
    // Many that come at once wait for one request.
    let token = old.sign(&claims);
    let many = (0..8).map(|_| world.rest_with(&token));
    assert!(futures_util::future::join_all(many).await.iter().all(let_through));
    assert_eq!(world.authority.fetches(), 1);
    world.authority.has(&[&new]);
    assert!(let_through(&world.rest_with(&new.sign(&claims)).await), "a key that is new is found");
    assert_eq!(world.authority.fetches(), 2);
    problem(world.rest_with(&old.sign(&claims)).await, 401).await;
    for kid in ["x", "y", "z"] {
        let token = old.sign_as(&json!({"alg": "ES256", "kid": kid}), &claims);
        problem(world.rest_with(&token).await, 401).await;
    }
    assert_eq!(world.authority.fetches(), 2, "invented key names do not make the server ask");
}

#[tokio::test]
async fn unavailable_keys_return_503_with_retry_after() {
    let signer = Signer::new("a", "ES256");
    let world = World::with(&[&signer]).await;
    let token = signer.sign(&world.claims(json!({})));
    world.authority.is_down(true);
    for _ in 0..2 {
        let answer = world.rest_with(&token).await;
        let pause = answer.headers()["retry-after"].to_str().expect("text").parse::<u64>().expect("a number");
        assert!((1..=5).contains(&pause), "{pause}");
        problem(answer, 503).await;
    }
    world.authority.is_down(false);
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert!(let_through(&world.rest_with(&token).await));
    // What is known lasts while the server is away.
    world.authority.is_down(true);
    assert!(let_through(&world.rest_with(&token).await));
    let (_, log) = world.server.stop("-TERM").await;
    assert_eq!(log.matches("the keys for access tokens cannot be fetched").count(), 1, "it asked once: {log}");
}

#[tokio::test]
async fn keys_are_fetched_only_from_the_authorization_server() {
    let signer = Signer::new("a", "ES256");
    for metadata in ["/.well-known/openid-configuration/realms/test", "/realms/test/.well-known/openid-configuration"] {
        let world = World::new(Authority::start(metadata, &[&signer]).await).await;
        assert!(let_through(&world.rest_with(&signer.sign(&world.claims(json!({})))).await), "{metadata}");
    }
    let redirecting = Authority::start(METADATA, &[&signer]).await;
    redirecting.redirects();
    let mistaken = Authority::start(METADATA, &[&signer]).await;
    mistaken.says(
        METADATA,
        json!({"issuer": "https://other.test", "jwks_uri": mistaken.issuer.replace("/realms/test", "/keys")}),
    );
    let open = Authority::start(METADATA, &[&signer]).await;
    open.says(METADATA, json!({"issuer": open.issuer, "jwks_uri": "http://keys.test/keys"}));
    let endless = Authority::start(METADATA, &[&signer]).await;
    endless.says("/keys", json!({"keys": [signer.key()], "more": "x".repeat(300_000)}));
    for authority in [redirecting, mistaken, open, endless] {
        let world = World::new(authority).await;
        let answer = world.rest_with(&signer.sign(&world.claims(json!({})))).await;
        problem(answer, 503).await;
    }
}

#[tokio::test]
async fn token_validation_settings_are_reported_and_validated_at_startup() {
    let program = binary(CRATE);
    let mut command = process::command(&program, &["serve", "--print-config"]);
    let output = command.output().await.expect("it starts");
    let config: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let expected = json!([{
        "type": "oauth2",
        "authorizationServerUri": "{{CASE_ISSUER}}",
        "resource": REST,
        "audience": "things",
        "scopes": ["things:read"],
        "tokenValidation": "jwks",
    }]);
    assert_eq!(config["callers"]["rest"], expected, "{config}");
    for (issuer, said) in [
        ("http://login.test", "not an https URI"),
        ("login.test", "not an https URI"),
        ("https://login.test?a=b", "not an https URI"),
        ("", "CASE_ISSUER"),
    ] {
        let mut command = process::command(&program, &["serve", "--rest-port", "0", "--mcp-port", "0"]);
        command.env("CASE_UPSTREAM", "of-the-upstream").env("CASE_ISSUER", issuer);
        let output = command.output().await.expect("it starts");
        let log = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{log}");
        assert!(log.contains(said), "{issuer}: {log}");
    }
}

#[tokio::test]
async fn confirmation_of_one_principal_is_invalid_for_another() {
    let signer = Signer::new("a", "ES256");
    let world = World::with(&[&signer]).await;
    let token = |name: &str| {
        let mut claims = world.authority.claims(MCP, "things:write things:read");
        claims["sub"] = name.into();
        signer.sign(&claims)
    };
    let call = async |name: &str, more: Value| {
        let mut params = json!({"name": "remove", "arguments": {}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
        }});
        for (name, value) in more.as_object().expect("it is an object") {
            params[name] = value.clone();
        }
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let request = world.http.post(&world.server.mcp).header("accept", "application/json, text/event-stream");
        let request = request.header("mcp-protocol-version", "2026-07-28").header("mcp-method", "tools/call");
        let request = request.header("mcp-name", "remove").bearer_auth(token(name)).json(&message);
        send(request).await.json::<Value>().await.expect("the answer is JSON")
    };
    let asked = call("one", json!({})).await;
    let yes = json!({
        "requestState": asked["result"]["requestState"],
        "inputResponses": {"confirm": {"action": "accept", "content": {"ok": true}}},
    });
    assert_eq!(call("other", yes.clone()).await["error"]["code"], -32602);
    assert!(world.simulator.requests().is_empty(), "nothing was sent");
    let agreed = call("one", yes).await;
    assert!(agreed["result"]["isError"].is_boolean(), "{agreed}");
    assert_eq!(world.simulator.requests().len(), 1, "{agreed}");
}
