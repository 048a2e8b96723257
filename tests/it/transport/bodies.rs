//! Bodies: compressed, streamed, and longer than permitted.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use scaleway_secret_manager_secrets::{Call as _, ErrorKind};
use serde_json::json;
use tokio::time::timeout;

use super::{Step, Upstream, get, write};

const JSON: &str = "Content-Type: application/json\r\n";
const SECOND: Duration = Duration::from_secs(1);

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

fn chunked(fields: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{fields}\r\n")
}

#[tokio::test]
async fn bodies_that_grow_slowly_are_passed_on_as_they_come() {
    let events = "Content-Type: text/event-stream\r\n";
    let event = b"data: 1\n\n";
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(event).and_then(|()| packed.flush()).expect("it is written");
    let packed = packed.get_ref().clone();
    let announced = format!("HTTP/1.1 200 OK\r\n{JSON}Content-Length: 1000\r\n\r\n");
    let trickle = std::iter::repeat_n([write(chunk(b"[")), Step::Pause(Duration::from_millis(50))], 100).flatten();
    for (first, steps) in [
        (&event[..], vec![write(chunked(events)), write(chunk(event)), Step::Hold]),
        (event, vec![write(chunked(events)), Step::Pause(SECOND / 2), write(chunk(event)), Step::Hold]),
        (
            event,
            vec![write(chunked(&format!("{events}Content-Encoding: gzip\r\n"))), write(chunk(&packed)), Step::Hold],
        ),
        (b"[1,", vec![write(chunked(JSON)), write(chunk(b"[1,")), Step::Hold]),
        (b"[1,", vec![write(announced), write("[1,"), Step::Hold]),
        (b"[", std::iter::once(write(chunked(JSON))).chain(trickle).collect()),
    ] {
        let upstream = Upstream::start(steps).await;
        let server = upstream.served().await;
        let start = Instant::now();
        let mut answer = get(&server).await;
        assert_eq!(answer.status(), 200);
        let part = timeout(SECOND, answer.chunk()).await.expect("it comes").expect("it is whole").expect("it is there");
        assert!(part.starts_with(first), "{part:?}");
        assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
    }
    // The head comes even if no event does.
    let upstream = Upstream::start(vec![write(chunked(events)), Step::Hold]).await;
    let server = upstream.served().await;
    let start = Instant::now();
    assert_eq!(get(&server).await.headers()["content-type"], "text/event-stream");
    assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
}

#[tokio::test]
async fn event_stream_is_refused_at_once_where_a_document_is_needed() {
    for media_type in ["text/event-stream", "Text/Event-Stream; charset=utf-8", "multipart/x-mixed-replace;boundary=b"]
    {
        let fields = format!("Content-Type: {media_type}\r\n");
        let upstream = Upstream::start(vec![write(chunked(&fields)), write(chunk(b"data: {}\n\n")), Step::Hold]).await;
        let (base, http) = crate::tables::before(&upstream.uri).await;
        let start = Instant::now();
        let answer = http.get(format!("{base}/things/default?who=me")).send().await.expect("an answer");
        assert_eq!(answer.status(), 502);
        let text = answer.text().await.expect("it is text");
        assert!(text.contains("a stream"), "{text}");
        let result = crate::tables::call(&http, &base, "find", json!({"number": 7})).await;
        assert_eq!(result["isError"], true, "{result}");
        let error = upstream.client().get_secret("fr-par", "one").send().await.expect_err("it is no document");
        assert_eq!((error.kind(), error.attempts()), (&ErrorKind::Decode, 1));
        assert!(start.elapsed() < 2 * SECOND, "{:?}", start.elapsed());
        let call = upstream.client().get_secret("fr-par", "one");
        let mut stream = call.send_streaming().await.expect("it begins").into_body();
        let first = timeout(SECOND, stream.next()).await.expect("it comes").expect("it goes on");
        assert_eq!(&first.expect("it is whole")[..], b"data: {}\n\n");
    }
}

#[tokio::test]
async fn length_announced_over_the_limit_is_a_bad_gateway_at_once() {
    let begun = format!("HTTP/1.1 200 OK\r\n{JSON}Content-Length: {}\r\n\r\n[1,", (10 << 20) + 1);
    let upstream = Upstream::start(vec![write(begun), Step::Hold]).await;
    let server = upstream.served().await;
    let start = Instant::now();
    let answer = get(&server).await;
    assert_eq!(answer.status(), 502);
    let text = answer.text().await.expect("it is text");
    assert!(text.contains("larger than 10485760 bytes"), "{text}");
    let error = upstream.client().get_secret("fr-par", "one").send_bytes().await.expect_err("it is too long");
    assert_eq!((error.kind(), error.attempts()), (&ErrorKind::TooLarge { limit: 10 << 20 }, 1));
    assert_eq!(error.status().map(|status| status.as_u16()), Some(200));
    upstream.client().get_secret("fr-par", "one").send_streaming().await.expect("a stream has no limit of its own");
    assert!(start.elapsed() < 2 * SECOND, "{:?}", start.elapsed());
}
