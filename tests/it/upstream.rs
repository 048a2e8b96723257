//! The server's way to its upstream: whom it trusts, what it speaks and unpacks, and proxies.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use axum::Router;
use axum::extract::Request;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use naftiko_tests::process::{self, Server};
use naftiko_tests::{World, server_binary};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::tables;
use crate::tls::Trust;

pub(crate) const SECRET: &str = "/v1/secret-manager/v1beta1/regions/fr-par/secrets/one";

/// A server with these variables in its environment.
pub(crate) async fn serve(base_uri: &str, more: &[&str], variables: &[(&str, &str)]) -> Server {
    let mut command = process::serving(&server_binary(), base_uri, more);
    command.envs(variables.iter().copied()).env("RUST_LOG", "trace");
    Server::launch(command).await.unwrap_or_else(|error| panic!("{error:#}"))
}

async fn get(server: &Server, path: &str) -> (u16, Value) {
    naftiko_client::install_crypto_provider();
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = http.get(format!("{}{path}", server.rest)).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn https_upstream_must_be_trusted_by_the_system() {
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

/// Serves a router by HTTP/2 and nothing else, and counts its connections; gives its base URI.
async fn serve_http2(router: Router, trust: &Trust, connections: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("the listener has an address").port();
    let mut tls = trust.settings();
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let tls = TlsAcceptor::from(Arc::new(tls));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::Relaxed);
            let (tls, service) = (tls.clone(), TowerToHyperService::new(router.clone()));
            tokio::spawn(async move {
                let stream = tls.accept(stream).await.expect("the server speaks TLS");
                // How it ends does not matter.
                let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    format!("https://localhost:{port}")
}

#[tokio::test]
async fn http2_upstream_is_used_over_few_connections() {
    let answer = async |request: Request| {
        let (version, authority) = (format!("{:?}", request.version()), request.uri().authority().cloned());
        let authority = authority.map(|authority| authority.to_string());
        axum::Json(json!({ "version": version, "authority": authority, "text": "x".repeat(1_000_000) }))
    };
    let (trust, connections) = (Trust::new(), Arc::default());
    let base_uri = serve_http2(Router::new().fallback(answer), &trust, Arc::clone(&connections)).await;
    let server = serve(&base_uri, &[], &[("SSL_CERT_FILE", &trust.certificate())]).await;
    for _ in 0..10 {
        let (status, answer) = get(&server, SECRET).await;
        assert_eq!((status, &answer["version"]), (200, &json!("HTTP/2.0")));
        assert_eq!(answer["authority"], base_uri.trim_start_matches("https://"));
        assert_eq!(answer["text"].as_str().map(str::len), Some(1_000_000));
    }
    let connections = connections.load(Ordering::Relaxed);
    assert!(connections <= available_parallelism().expect("it is known").get(), "{connections} connections");
}

#[tokio::test]
async fn gzip_response_is_decompressed_and_corrupt_gzip_is_a_bad_gateway() {
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
async fn environment_proxy_is_used_except_for_loopback() {
    let echo = async |request: Request| axum::Json(json!({ "target": request.uri().to_string() }));
    let proxy = tables::serve(Router::new().fallback(echo)).await;
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
