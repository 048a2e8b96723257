//! Upstreams that speak HTTP/2 (RFC 9113), frame by frame.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scaleway_secret_manager_secrets::{Call as _, Client, ErrorKind, RawBody, RetryPolicy};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{builder, http};
use crate::tls::Trust;
use crate::upstream::{SECRET, serve};

/// What a request is answered with.
#[derive(Clone)]
enum Answer {
    /// RST_STREAM with this code.
    Reset(u8),
    /// GOAWAY with this code, and a last stream before that of the request, or its own.
    GoAway { code: u8, processed: bool },
    /// 200 with as many fields of 50 bytes.
    Fields(usize),
    /// None.
    Nothing,
}

const NO_ERROR: u8 = 0;
const INTERNAL_ERROR: u8 = 2;
const REFUSED_STREAM: u8 = 7;
const ENHANCE_YOUR_CALM: u8 = 11;

struct Upstream {
    uri: String,
    trust: Trust,
    requests: Arc<AtomicUsize>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

impl Upstream {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("the listener has an address").port();
        let trust = Trust::new();
        let mut tls = trust.settings();
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let (requests, answers) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<VecDeque<Answer>>>::default());
        let (counter, queue, tls) = (Arc::clone(&requests), Arc::clone(&answers), TlsAcceptor::from(Arc::new(tls)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, counter, queue) = (tls.clone(), Arc::clone(&counter), Arc::clone(&queue));
                tokio::spawn(async move {
                    let stream = tls.accept(stream).await.expect("the peer speaks TLS");
                    // How it ends does not matter.
                    let _ = converse(stream, &counter, &queue).await;
                });
            }
        });
        Self { uri: format!("https://localhost:{port}"), trust, requests, answers }
    }

    /// Sets the answer of the next requests. After them every request gets a 200.
    fn answer(&self, answer: &Answer, times: usize) {
        *self.answers.lock().expect("no panic") = std::iter::repeat_n(answer.clone(), times).collect();
        self.requests.store(0, Ordering::Relaxed);
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    fn client(&self) -> Client {
        let client = builder().base_uri(&self.uri).http(self.trust.client());
        client.build().expect("the client is built")
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("it is short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

async fn converse(
    mut stream: TlsStream<TcpStream>,
    requests: &AtomicUsize,
    answers: &Mutex<VecDeque<Answer>>,
) -> std::io::Result<()> {
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await?;
    stream.write_all(&frame(4, 0, 0, &[])).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).await?;
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        match head[3] {
            4 if head[4] & 1 == 0 => stream.write_all(&frame(4, 1, 0, &[])).await?,
            // The fields of a request.
            1 => {
                requests.fetch_add(1, Ordering::Relaxed);
                let answer = answers.lock().expect("no panic").pop_front().unwrap_or(Answer::Fields(0));
                match answer {
                    Answer::Reset(code) => stream.write_all(&frame(3, 0, id, &[0, 0, 0, code])).await?,
                    Answer::GoAway { code, processed } => {
                        let last = if processed { id } else { id.saturating_sub(2) };
                        let payload = [last.to_be_bytes(), [0, 0, 0, code]].concat();
                        stream.write_all(&frame(7, 0, 0, &payload)).await?;
                        stream.flush().await?;
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        return stream.shutdown().await;
                    }
                    Answer::Nothing => {}
                    Answer::Fields(count) => {
                        // `:status: 200` by its index, and literals without one (RFC 7541).
                        let field = |number| {
                            let (name, value) = (format!("x-field-{number:05}"), "v".repeat(37));
                            let lengths = [name.len(), value.len()].map(|length| length as u8);
                            [&[0, lengths[0]], name.as_bytes(), &[lengths[1]], value.as_bytes()].concat()
                        };
                        let block = [vec![0x88], (0..count).flat_map(field).collect()].concat();
                        let mut parts = block.chunks(16_000).peekable();
                        let mut kind = 1;
                        while let Some(part) = parts.next() {
                            let flags = if parts.peek().is_none() { 4 } else { 0 };
                            stream.write_all(&frame(kind, flags, id, part)).await?;
                            kind = 9;
                        }
                        stream.write_all(&frame(0, 1, id, br#"{"id":"some"}"#)).await?;
                    }
                }
                stream.flush().await?;
            }
            _ => {}
        }
    }
}

fn body() -> serde_json::Value {
    json!({"project_id": scaleway_simulator::PROJECT_ID, "name": "n"})
}

/// Requests that the upstream says it has not processed (RFC 9113 §6.8, §8.7).
const UNPROCESSED: [Answer; 3] = [
    Answer::Reset(REFUSED_STREAM),
    Answer::GoAway { code: NO_ERROR, processed: false },
    Answer::GoAway { code: ENHANCE_YOUR_CALM, processed: false },
];
/// Requests that may have been processed.
const OPEN: [Answer; 3] = [
    Answer::Reset(INTERNAL_ERROR),
    Answer::GoAway { code: NO_ERROR, processed: true },
    Answer::GoAway { code: ENHANCE_YOUR_CALM, processed: true },
];

#[tokio::test]
async fn unprocessed_http2_requests_are_repeated_on_all_surfaces() {
    let upstream = Upstream::start().await;
    let server = serve(&upstream.uri, &[], &[("SSL_CERT_FILE", &upstream.trust.certificate())]).await;
    let list = format!("{}{}", server.rest, SECRET.trim_end_matches("/one"));
    let arguments = json!({"region": "fr-par", "body": body()});
    let create = |client: Client| async move { client.create_secret("fr-par", body()).send().await };
    for (name, answer) in ["refused", "go away", "calm down"].iter().zip(UNPROCESSED) {
        upstream.answer(&answer, 2);
        let posted = http().post(&list).json(&body()).send().await.expect("an answer");
        assert_eq!((posted.status().as_u16(), upstream.requests()), (200, 3), "{name}");
        upstream.answer(&answer, 1);
        let result = crate::mcp::call_at(&http(), &server.mcp, "create-secret", &arguments).await;
        assert_eq!((&result["isError"], upstream.requests()), (&json!(false), 2), "{name}: {result}");
        upstream.answer(&answer, 2);
        let created = create(upstream.client()).await.expect(name);
        assert_eq!((created.attempts(), upstream.requests()), (3, 3), "{name}");
        // It never gets better.
        upstream.answer(&answer, 3);
        let error = create(upstream.client()).await.expect_err(name);
        assert_eq!((error.kind().name(), error.attempts(), error.may_have_acted()), ("refused", 3, false), "{name}");
        upstream.answer(&answer, 3);
        let result = crate::mcp::call_at(&http(), &server.mcp, "create-secret", &arguments).await;
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        assert!(text.contains("refused") && !text.contains("may have taken effect"), "{name}: {result}");
        // What the policy forbids is not done by the transport either.
        upstream.answer(&answer, 1);
        let call = upstream.client().create_secret("fr-par", body()).retry(RetryPolicy::none());
        call.send().await.expect_err(name);
        assert_eq!(upstream.requests(), 1, "{name}");
    }
}

#[tokio::test]
async fn http2_failures_that_leave_the_effect_open_are_not_repeated() {
    let upstream = Upstream::start().await;
    let server = serve(&upstream.uri, &[], &[("SSL_CERT_FILE", &upstream.trust.certificate())]).await;
    let list = format!("{}{}", server.rest, SECRET.trim_end_matches("/one"));
    for answer in OPEN {
        upstream.answer(&answer, 1);
        let posted = http().post(&list).json(&body()).send().await.expect("an answer");
        assert_eq!((posted.status().as_u16(), upstream.requests()), (502, 1));
        upstream.answer(&answer, 1);
        let error = upstream.client().create_secret("fr-par", body()).send().await.expect_err("it breaks");
        assert_eq!((error.kind(), error.may_have_acted()), (&ErrorKind::Transport, true));
        assert_eq!(upstream.requests(), 1);
    }
}

#[tokio::test]
async fn stream_that_fails_over_http2_is_no_failure_of_the_upstream() {
    let upstream = Upstream::start().await;
    upstream.answer(&Answer::Nothing, 1);
    let chunks = [Ok("{"), Err(std::io::Error::other("the disk is gone"))];
    let body = RawBody::stream("application/json", futures_util::stream::iter(chunks));
    let error = upstream.client().create_secret("fr-par", body).send().await.expect_err("there is no more of the body");
    assert_eq!(
        (error.kind(), error.is_transient(), error.may_have_acted()),
        (&ErrorKind::Body, false, true),
        "{error:?}"
    );
    assert!(format!("{error:?}").contains("the disk is gone"), "{error:?}");
}

#[tokio::test]
async fn http2_response_fields_are_taken_up_to_the_limit_and_named_beyond() {
    let upstream = Upstream::start().await;
    let server = serve(&upstream.uri, &[], &[("SSL_CERT_FILE", &upstream.trust.certificate())]).await;
    let get = async || http().get(format!("{}{SECRET}", server.rest)).send().await.expect("an answer");
    for count in [150, 1000] {
        upstream.answer(&Answer::Fields(count), 2);
        assert_eq!(get().await.status(), 200, "{count}");
        let direct = upstream.client().get_secret("fr-par", "one").send().await.expect("a success");
        assert_eq!(direct.headers().len(), count);
    }
    upstream.answer(&Answer::Fields(10_000), 2);
    let answer = get().await;
    assert_eq!((answer.status().as_u16(), upstream.requests()), (502, 1));
    let error = upstream.client().get_secret("fr-par", "one").send().await.expect_err("it cannot be read");
    assert_eq!((error.kind(), upstream.requests()), (&ErrorKind::Decode, 2), "{error:?}");
    assert!(error.to_string().contains("header fields"), "{error}");
}
