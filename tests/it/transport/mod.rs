//! What both transports make of an upstream: that of the server, and that of the generated client. The upstream is written
//! byte by byte.

mod bodies;
mod connections;
mod heads;
mod http2;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use naftiko_tests::process::{PATIENCE, Server};
use reqwest::Response;
use scaleway_secret_manager_secrets::{Client, ClientBuilder};
use scaleway_simulator::TOKEN;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::upstream::{SECRET, serve};

/// What an upstream does after a request.
#[derive(Clone)]
enum Step {
    Write(Vec<u8>),
    Pause(Duration),
    /// Keeps the connection open, and says no more.
    Hold,
}

fn write(bytes: impl Into<Vec<u8>>) -> Step {
    Step::Write(bytes.into())
}

/// An upstream that takes these steps for every request, and closes the connection after them.
struct Upstream {
    uri: String,
    requests: Arc<AtomicUsize>,
}

impl Upstream {
    async fn start(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let uri = format!("http://{}", listener.local_addr().expect("the listener has an address"));
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(respond(stream, steps.clone(), Arc::clone(&counter)));
            }
        });
        Self { uri, requests }
    }

    /// An upstream with a whole response.
    async fn whole(head: &str, body: &[u8]) -> Self {
        Self::start(vec![write(response(head, body))]).await
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// A generated server in front of it.
    async fn served(&self) -> Server {
        serve(&self.uri, &[], &[]).await
    }

    /// A client of it.
    fn client(&self) -> Client {
        builder().base_uri(&self.uri).build().expect("the client is built")
    }
}

async fn respond(mut stream: TcpStream, steps: Vec<Step>, requests: Arc<AtomicUsize>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    requests.fetch_add(1, Ordering::Relaxed);
    for step in steps {
        match step {
            // The peer may have gone.
            Step::Write(bytes) => drop(stream.write_all(&bytes).await),
            Step::Pause(time) => sleep(time).await,
            Step::Hold => std::future::pending().await,
        }
    }
}

/// A response with this length and these fields.
fn response(fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n{fields}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn builder() -> ClientBuilder<Client> {
    Client::builder().token(TOKEN)
}

fn http() -> reqwest::Client {
    naftiko_client::install_crypto_provider();
    reqwest::Client::builder().no_proxy().http1_max_headers(10_000).build().expect("a client")
}

/// Requests the secret from a server.
async fn get(server: &Server) -> Response {
    let response = http().get(format!("{}{SECRET}", server.rest)).send();
    timeout(PATIENCE, response).await.expect("it comes").expect("a response")
}
