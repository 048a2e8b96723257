//! Credentials whose kind does not say how requests are signed, so that the application signs them.

use axum::Router;
use axum::extract::Request;
use naftiko_client::__private::Connection;
use naftiko_client::schema::{Adapter, Capability};
use naftiko_client::{Attempt, BoxError, BoxFuture, ClientBuilder, ConfigError, ScriptRunners, Signer};
use naftiko_codegen::{Sources, compile_tables};
use secrecy::ExposeSecret as _;

use crate::tables::serve;

const SPEC: &str = "
naftiko: 1.0.0-alpha2
binds: [{namespace: own, keys: {KEY: KEY}}]
capability:
  consumes:
  - namespace: shop
    baseUri: https://shop.test
    authentication: {type: HMAC, apiId: me, apiKey: 'k-{{KEY}}'}
    resources: [{path: /items, operations: [{name: items, method: GET}]}]
  - namespace: open
    baseUri: https://open.test
    resources: [{path: /open, operations: [{name: open, method: GET}]}]
  exposes:
  - type: rest
    namespace: front
    resources:
    - {path: /items, operations: [{method: GET, name: items, call: shop.items}]}
    - {path: /open, operations: [{method: GET, name: open, call: open.open}]}
";

/// Writes what it is given into the header.
struct Writing;

impl Signer for Writing {
    fn sign<'s>(
        &'s self,
        request: &'s mut reqwest::Request,
        attempt: &'s Attempt<'_>,
    ) -> BoxFuture<'s, Result<(), BoxError>> {
        Box::pin(async move {
            let value = |key| attempt.credential(key).map_or("none", |value| value.expose_secret());
            let text = format!("HMAC {} {} {}", value("apiId"), value("apiKey"), value("other"));
            request.headers_mut().insert("authorization", text.parse()?);
            Ok(())
        })
    }
}

fn builder() -> (ClientBuilder<Connection>, &'static [Adapter]) {
    naftiko_client::install_crypto_provider();
    let sources = Sources::from([("spec/cases/signers.yaml".to_owned(), SPEC.to_owned())]);
    let (tables, _) = compile_tables(&sources, "spec/cases/signers.yaml", "signers")
        .unwrap_or_else(|found| panic!("{}", found.render(&sources, false)));
    let capability: &'static Capability = Box::leak(Box::new(tables.capability));
    (ClientBuilder::new(capability).variable("KEY", "secret"), tables.adapters.leak())
}

#[tokio::test]
async fn signer_of_an_api_gets_the_keys_of_its_credential_and_signs_its_requests_only() {
    let upstream = Router::new().fallback(async |request: Request| {
        request.headers().get("authorization").map_or("\"unsigned\"".to_owned(), |text| format!("{text:?}"))
    });
    let upstream = serve(upstream).await;
    for registered in [true, false] {
        let (builder, adapters) = builder();
        let builder = builder.base_uri_of("shop", &upstream).base_uri_of("open", &upstream);
        let builder = match registered {
            true => builder.script_runners(ScriptRunners::default().with_signer("shop", Writing)),
            false => builder.signer_of("shop", Writing),
        };
        let connection = builder.build().expect("a connection");
        let [Adapter::Rest(rest)] = adapters else { panic!("one adapter") };
        let base = serve(naftiko_rest::router(rest, &connection)).await;
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let get = async |path: &str| {
            let response = http.get(format!("{base}{path}")).send().await.expect("a response");
            response.text().await.expect("text")
        };
        assert_eq!(get("/items").await, r#""HMAC me k-secret none""#);
        assert_eq!(get("/open").await, r#""unsigned""#);
    }
}

#[test]
fn client_without_a_signer_that_it_needs_is_not_made_and_the_error_says_how_to_register_one() {
    let (plain, _) = builder();
    let error = plain.signer(Writing).build().expect_err("nothing is registered for the API");
    assert!(matches!(error, ConfigError::NoSigner { namespace: "shop", kind: "HMAC" }), "{error:?}");
    let message = error.to_string();
    assert!(
        message.contains("ClientBuilder::signer_of") && message.contains("ScriptRunners::with_signer"),
        "{message}"
    );
    let (other, _) = builder();
    let error = other.signer_of("store", Writing).build().expect_err("there is no such API");
    assert!(matches!(error, ConfigError::UnknownApi { .. }), "{error:?}");
}
