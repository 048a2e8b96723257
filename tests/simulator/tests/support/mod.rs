//! A client that shows responses exactly as they came over the socket.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a helper of tests: not each of them uses all of it, and a failure ends the test"
)]

use scaleway_simulator::{PROJECT_ID, Simulator, TOKEN};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const SECRETS: &str = "/secret-manager/v1beta1/regions/fr-par/secrets";

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// The JSON body, after checking the status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{body}");
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Sends raw bytes and returns all that comes back until the connection ends.
pub(crate) async fn exchange(simulator: &Simulator, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let address = simulator.base_uri().replace("http://", "");
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await?;
    Ok(reply)
}

pub(crate) fn request(method: &str, target: &str, token: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {target} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
         x-auth-token: {token}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub(crate) fn parse(reply: &[u8]) -> Reply {
    let end = reply.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.expect("the reply has a head");
    let head = std::str::from_utf8(&reply[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_lowercase(), value.to_owned())
    });
    Reply { status: status.parse().unwrap(), headers: headers.collect(), body: reply[end + 4..].to_vec() }
}

pub(crate) async fn send_as(simulator: &Simulator, token: &str, method: &str, target: &str) -> Reply {
    let request = request(method, target, token, "");
    parse(&exchange(simulator, &request).await.unwrap())
}

pub(crate) async fn send(simulator: &Simulator, method: &str, target: &str, body: Value) -> Reply {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = request(method, target, TOKEN, &body);
    parse(&exchange(simulator, &request).await.unwrap())
}

pub(crate) async fn get(simulator: &Simulator, target: &str) -> Reply {
    send(simulator, "GET", target, Value::Null).await
}

pub(crate) async fn post(simulator: &Simulator, target: &str, body: Value) -> Reply {
    send(simulator, "POST", target, body).await
}

pub(crate) async fn delete(simulator: &Simulator, target: &str) -> Reply {
    send(simulator, "DELETE", target, Value::Null).await
}

/// Creates a secret with additional fields and returns its path.
pub(crate) async fn create(simulator: &Simulator, name: &str, more: Value) -> String {
    let mut body = json!({"project_id": PROJECT_ID, "name": name});
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    let created = post(simulator, SECRETS, body).await.expect(200);
    format!("{SECRETS}/{}", created["id"].as_str().unwrap())
}
