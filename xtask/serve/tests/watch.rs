//! `--watch`: what a change of the specification does to requests, and to the program before it.

#![allow(clippy::expect_used, clippy::panic, reason = "a failure ends the test")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// How long to wait for something that should happen at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// A specification with a REST adapter on this port, and a route for each path.
fn specification(port: u16, paths: &[&str]) -> String {
    let operations =
        paths.iter().map(|path| format!("    - {{path: /{path}, operations: [{{name: get-{path}, method: GET}}]}}\n"));
    let routes = paths
        .iter()
        .map(|path| format!("    - {{path: /{path}, operations: [{{method: GET, call: api.get-{path}}}]}}\n"));
    let (operations, routes): (String, String) = (operations.collect(), routes.collect());
    format!(
        "naftiko: 1.0.0-alpha2\ncapability:\n  consumes:\n  - type: http\n    namespace: api\n    baseUri: \
         https://api.test\n    resources:\n{operations}  exposes:\n  - type: rest\n    namespace: rest-api\n    port: \
         {port}\n    resources:\n{routes}"
    )
}

/// The program, and the lines that it logs.
struct Running {
    program: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(file: &Path, base_uri: &str) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_naftiko-serve"))
            .arg("serve")
            .arg(file)
            .args(["--watch", "--base-uri", base_uri])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let log = BufReader::new(program.stderr.take().expect("its log"));
        let (sender, lines) = channel();
        thread::spawn(move || log.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { program, lines }
    }

    fn wait_for(&self, text: &str) {
        let mut seen = Vec::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no `{text}` in {seen:?}"));
            if line.contains(text) {
                return;
            }
            seen.push(line);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// Sends a request, on a connection that ends with its response.
fn send(port: u16, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the port is served");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n").expect("a request");
    stream
}

/// The status line of a response.
fn status(mut stream: TcpStream) -> String {
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    response.lines().next().unwrap_or_default().to_owned()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("an address").port()
}

/// An upstream. It responds at once, but to `/slow` only when it is asked to, and says when that has arrived.
fn upstream() -> (String, Receiver<()>, std::sync::mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let uri = format!("http://{}", listener.local_addr().expect("an address"));
    let ((arrived, arrivals), (release, released)) = (channel(), channel());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.expect("a connection"));
            let mut head = String::new();
            while stream.read_line(&mut head).is_ok_and(|length| length > 2) {}
            if head.starts_with("GET /slow ") {
                arrived.send(()).expect("the test waits");
                released.recv().expect("the test releases it");
            }
            let response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            stream.get_mut().write_all(response.as_bytes()).expect("a response");
        }
    });
    (uri, arrivals, release)
}

#[test]
fn change_is_served_and_running_requests_get_their_responses() {
    let (uri, arrivals, release) = upstream();
    let folder = tempfile::tempdir().expect("a folder");
    let (file, port) = (folder.path().join("watched.yaml"), free_port());
    fs::write(&file, specification(port, &["slow"])).expect("a file");
    let running = Running::start(&file, &uri);
    running.wait_for(&format!("REST on http://127.0.0.1:{port}"));
    let slow = send(port, "slow");
    arrivals.recv_timeout(PATIENCE).expect("the request reaches the upstream");

    fs::write(&file, specification(port, &["other"])).expect("a file");
    running.wait_for("reloaded");
    assert_eq!(status(send(port, "slow")), "HTTP/1.1 404 Not Found", "the route is gone");
    release.send(()).expect("the upstream waits");
    assert_eq!(status(slow), "HTTP/1.1 200 OK", "the request began before the change");
    assert_eq!(status(send(port, "other")), "HTTP/1.1 200 OK", "the route is new");
}

#[test]
fn change_that_cannot_be_served_leaves_the_program_before_it() {
    let (uri, ..) = upstream();
    let folder = tempfile::tempdir().expect("a folder");
    let (file, port) = (folder.path().join("watched.yaml"), free_port());
    fs::write(&file, specification(port, &["first"])).expect("a file");
    let running = Running::start(&file, &uri);
    running.wait_for(&format!("REST on http://127.0.0.1:{port}"));

    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let other = taken.local_addr().expect("an address").port();
    fs::write(&file, specification(other, &["second"])).expect("a file");
    running.wait_for("the changed program cannot be served");
    assert_eq!(status(send(port, "first")), "HTTP/1.1 200 OK");

    fs::write(&file, "capability: [").expect("a file");
    running.wait_for("the change is not served");
    assert_eq!(status(send(port, "first")), "HTTP/1.1 200 OK");

    fs::write(&file, specification(port, &["third"])).expect("a file");
    running.wait_for("reloaded");
    assert_eq!(status(send(port, "third")), "HTTP/1.1 200 OK");
}
