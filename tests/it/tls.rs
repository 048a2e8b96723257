//! The server over https.

use std::sync::Arc;
use std::time::{Duration, Instant};

use naftiko_tests::process::{self, PATIENCE, Server};
use naftiko_tests::{World, server_binary};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A certificate for this machine in files, and a client that trusts it and nothing else.
pub(crate) struct Trust {
    folder: TempDir,
    http: reqwest::Client,
}

impl Trust {
    pub(crate) fn new() -> Self {
        naftiko_client::install_crypto_provider();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("a certificate");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("certificate.pem"), cert.pem()).expect("it is written");
        std::fs::write(folder.path().join("key.pem"), signing_key.serialize_pem()).expect("it is written");
        let mut trust = Self { folder, http: reqwest::Client::new() };
        trust.http = trust.client().build().expect("a client");
        trust
    }

    /// Settings of a client that trusts it.
    pub(crate) fn client(&self) -> reqwest::ClientBuilder {
        let pem = std::fs::read(self.certificate()).expect("it can be read");
        reqwest::Client::builder().tls_certs_only([reqwest::Certificate::from_pem(&pem).expect("it is one")])
    }

    /// The path of the certificate.
    pub(crate) fn certificate(&self) -> String {
        self.path("certificate.pem")
    }

    /// For a server of the test's own.
    pub(crate) fn settings(&self) -> ServerConfig {
        let certificate = CertificateDer::from_pem_file(self.certificate()).expect("it can be read");
        let key = PrivateKeyDer::from_pem_file(self.path("key.pem")).expect("it can be read");
        let settings = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
        settings.expect("the key is that of the certificate")
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("text").to_owned()
    }

    pub(crate) async fn serve(&self, world: &World, more: &[&str]) -> Server {
        self.serve_upstream(&world.simulator.base_uri(), more).await
    }

    /// `serve` over https, in front of any upstream.
    pub(crate) async fn serve_upstream(&self, base_uri: &str, more: &[&str]) -> Server {
        let (certificate, key) = (self.certificate(), self.path("key.pem"));
        let arguments = [&["--tls-certificate", &certificate, "--tls-key", &key], more].concat();
        let started = Server::start(&server_binary(), base_uri, &arguments, "trace").await;
        started.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// A connection to a server, after the handshake.
    pub(crate) async fn connect(&self, base: &str) -> TlsStream<TcpStream> {
        let known = CertificateDer::from_pem_file(self.certificate()).expect("it can be read");
        let mut roots = RootCertStore::empty();
        roots.add(known).expect("it is one");
        let settings = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(base.strip_prefix("https://").expect("https")).await.expect("it listens");
        let name = "localhost".try_into().expect("a name");
        TlsConnector::from(Arc::new(settings)).connect(name, stream).await.expect("a handshake")
    }
}

async fn connect(server: &Server) -> TcpStream {
    let address = server.rest.strip_prefix("https://").expect("the log says https");
    TcpStream::connect(address).await.expect("the server listens")
}

async fn until_closed(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // A reset ends it, too.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut text)).await.expect("it is closed");
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn both_listeners_serve_tls() {
    let world = World::start().await;
    let id = world.secret("over-tls").await;
    let trust = Trust::new();
    let server = trust.serve(&world, &[]).await;
    let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/{id}", server.rest);
    let own = server.rest.replace("127.0.0.1", "localhost");
    let answer = trust.http.get(&uri).header("origin", own).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_11));
    assert!(server.mcp.starts_with("https://"), "{}", server.mcp);
    let arguments = json!({"region": "fr-par", "secret_id": id});
    let call = crate::mcp::call_at(&trust.http, &server.mcp, "get-metadata-using-secret-s-id", &arguments).await;
    assert_eq!(call["structuredContent"]["id"], id.as_str(), "{call}");
    world.http.get(&uri).send().await.expect_err("others do not trust it");
    let (code, log) = server.stop("-TERM").await;
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test]
async fn non_tls_connections_are_closed_without_affecting_others() {
    let world = World::start().await;
    let trust = Trust::new();
    let server = trust.serve(&world, &["--head-timeout", "1"]).await;
    let start = Instant::now();
    // Plain http, and handshakes that do not go on.
    let mut strangers = Vec::new();
    for said in
        [&b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], b"", b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01"]
    {
        let mut stream = connect(&server).await;
        stream.write_all(said).await.expect("it listens");
        strangers.push(stream);
    }
    let answer = trust.http.get(format!("{}/healthz", server.rest)).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    for stream in strangers {
        let text = until_closed(stream).await;
        assert!(!text.contains("HTTP"), "{text}");
    }
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[tokio::test]
async fn unusable_tls_files_are_named() {
    let trust = Trust::new();
    let (certificate, key) = (trust.path("certificate.pem"), trust.path("key.pem"));
    let (empty, other, gone) = (trust.path("empty.pem"), trust.path("other.pem"), trust.path("gone.pem"));
    std::fs::write(&empty, "no PEM but a-secret-of-a-test").expect("it is written");
    std::fs::write(&other, KeyPair::generate().expect("a key").serialize_pem()).expect("it is written");
    for (certificate, key, named) in [
        (Some(&certificate), None, "--tls-key"),
        (None, Some(&key), "--tls-certificate"),
        (Some(&gone), Some(&key), &*gone),
        (Some(&certificate), Some(&gone), &*gone),
        (Some(&empty), Some(&key), &*empty),
        (Some(&key), Some(&key), "contains no certificate"),
        (Some(&certificate), Some(&empty), &*empty),
        (Some(&certificate), Some(&other), &*other),
    ] {
        let mut arguments = vec!["serve", "--rest-port", "0", "--mcp-port", "0"];
        for (flag, path) in [("--tls-certificate", certificate), ("--tls-key", key)] {
            arguments.extend(path.iter().flat_map(|path| [flag, path.as_str()]));
        }
        let output = process::command(&server_binary(), &arguments).output().await.expect("it starts");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(named) && !text.contains("a-secret-of-a-test"), "{arguments:?}: {text}");
    }
}
