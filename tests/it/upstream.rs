//! The server's way to its upstream: whom it trusts, what it unpacks, and proxies.

use std::io::Write as _;

use axum::Router;
use axum::extract::Request;
use flate2::Compression;
use flate2::write::GzEncoder;
use naftiko_tests::process::{self, Server};
use naftiko_tests::{World, server_binary};
use serde_json::{Value, json};

use crate::tables;
use crate::tls::Trust;

const SECRET: &str = "/v1/secret-manager/v1beta1/regions/fr-par/secrets/one";

/// A server with these variables in its environment.
async fn serve(base_uri: &str, more: &[&str], variables: &[(&str, &str)]) -> Server {
    let arguments = ["serve", "--rest-port", "0", "--mcp-port", "0", "--base-uri", base_uri];
    let mut command = process::command(&server_binary(), &[&arguments, more].concat());
    command.envs(variables.iter().copied()).env("RUST_LOG", "trace");
    Server::launch(command).await.unwrap_or_else(|error| panic!("{error:#}"))
}

async fn get(server: &Server, path: &str) -> (u16, Value) {
    naftiko_runtime::install_crypto_provider();
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = http.get(format!("{}{path}", server.rest)).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn an_upstream_over_https_is_one_that_the_system_trusts() {
    let world = World::start().await;
    let path = SECRET.replace("one", &world.secret("over-https").await);
    let trust = Trust::new();
    // One server in front of another, which speaks TLS.
    let upstream = trust.serve(&world, &[]).await;
    let base_uri = format!("{}/v1", upstream.rest.replace("127.0.0.1", "localhost"));
    let (status, answer) = get(&serve(&base_uri, &[], &[("SSL_CERT_FILE", &trust.certificate())]).await, &path).await;
    assert_eq!((status, &answer["name"]), (200, &json!("over-https")), "{answer}");
    let other = Trust::new();
    let (status, answer) = get(&serve(&base_uri, &[], &[("SSL_CERT_FILE", &other.certificate())]).await, &path).await;
    assert_eq!(status, 502, "{answer}");
}

#[tokio::test]
async fn an_answer_is_unpacked_and_one_that_cannot_be_is_a_bad_gateway() {
    let answer = async |request: Request| {
        assert_eq!(request.headers()["accept-encoding"], "gzip");
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(b"{\"id\":\"packed\"}").expect("it is written");
        let mut packed = packed.finish().expect("it ends");
        if request.uri().path().ends_with("broken") {
            packed.reverse();
        }
        ([("content-type", "application/json"), ("content-encoding", "gzip")], packed)
    };
    let server = serve(&tables::serve(Router::new().fallback(answer)).await, &[], &[]).await;
    assert_eq!(get(&server, SECRET).await, (200, json!({"id": "packed"})));
    let (status, answer) = get(&server, &SECRET.replace("one", "broken")).await;
    assert_eq!(status, 502, "{answer}");
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_used_but_for_this_machine() {
    let told = async |request: Request| axum::Json(json!({ "target": request.uri().to_string() }));
    let proxy = tables::serve(Router::new().fallback(told)).await;
    for name in ["HTTP_PROXY", "all_proxy"] {
        let server = serve("http://upstream.test", &["--allow-plain-http"], &[(name, &proxy)]).await;
        let target = "http://upstream.test/secret-manager/v1beta1/regions/fr-par/secrets/one";
        assert_eq!(get(&server, SECRET).await, (200, json!({ "target": target })));
    }
    let world = World::start().await;
    let path = SECRET.replace("one", &world.secret("near").await);
    let server = serve(&world.simulator.base_uri(), &[], &[("HTTP_PROXY", &proxy)]).await;
    let (status, answer) = get(&server, &path).await;
    assert_eq!((status, &answer["name"]), (200, &json!("near")), "{answer}");
}
