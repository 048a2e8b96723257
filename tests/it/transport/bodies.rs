//! Bodies: compressed, streamed, and longer than permitted.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use scaleway_secret_manager_secrets::{Call as _, ErrorKind, RetryPolicy};
use serde_json::json;
use tokio::time::timeout;

use super::{Step, Upstream, get, response, write};

const JSON: &str = "Content-Type: application/json\r\n";
const SECOND: Duration = Duration::from_secs(1);

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).expect("it is written");
    packed.finish().expect("it ends")
}

/// Bytes that hardly shrink.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let step = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(step).collect()
}

/// Checks that both transports give these bytes.
async fn arrives(upstream: &Upstream, whole: &[u8], why: &str) {
    let answer = upstream.client().get_secret("fr-par", "one").send_bytes().await.expect(why);
    assert_eq!(answer.headers().get("content-encoding"), None, "{why}");
    assert!(answer.body() == whole, "{why}: by the client");
    let server = upstream.served().await;
    let answer = get(&server).await;
    assert_eq!((answer.status().as_u16(), answer.headers().get("content-encoding")), (200, None), "{why}");
    assert!(answer.bytes().await.expect(why) == whole, "{why}: by the server");
}

#[tokio::test]
async fn gzip_of_all_spellings_and_several_members_arrives_whole() {
    let (first, second) = (br#"{"id":"#.as_slice(), br#""whole"}"#.as_slice());
    let whole = [first, second].concat();
    let members = [gzip(first), gzip(second)].concat();
    for (coding, body) in [
        ("gzip", members.clone()),
        ("gzip", [members.clone(), gzip(b"")].concat()),
        ("x-gzip", gzip(&whole)),
        ("GZIP", members.clone()),
        ("X-GZip", members.clone()),
        ("identity", whole.clone()),
        ("gzip, identity", members.clone()),
        ("gzip, gzip", gzip(&members)),
        ("x-gzip\r\nContent-Encoding: gzip", gzip(&members)),
    ] {
        let upstream = Upstream::whole(&format!("{JSON}Content-Encoding: {coding}\r\n"), &body).await;
        arrives(&upstream, &whole, coding).await;
    }
    // The members arrive one after the other, and the end after both.
    let whole_response = response(&format!("{JSON}Content-Encoding: gzip\r\n"), &members);
    let (start, end) = whole_response.split_at(whole_response.len() - gzip(second).len());
    let pause = || Step::Pause(Duration::from_millis(50));
    let upstream = Upstream::start(vec![write(start), pause(), write(end), pause()]).await;
    arrives(&upstream, &whole, "in parts").await;
    let (first, second) = (noise(500_000), noise(700_000));
    let upstream = Upstream::whole("Content-Encoding: gzip\r\n", &[gzip(&first), gzip(&second)].concat()).await;
    arrives(&upstream, &[first, second].concat(), "long").await;
    let chunked =
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n";
    arrives(&Upstream::start(vec![write(chunked)]).await, b"", "empty").await;
}

#[tokio::test]
async fn gzip_that_does_not_end_well_is_an_error() {
    let good = gzip(br#"{"id":"some"}"#);
    let short = good[..good.len() - 4].to_vec();
    let mut wrong = good.clone();
    let checksum = wrong.len() - 6;
    wrong[checksum] ^= 1;
    for body in [[&*good, b"garbage"].concat(), [&*good, &short].concat(), short, wrong] {
        let upstream = Upstream::whole(&format!("{JSON}Content-Encoding: gzip\r\n"), &body).await;
        let answer = get(&upstream.served().await).await;
        assert_eq!(answer.status(), 502, "{body:?}");
        let call = upstream.client().get_secret("fr-par", "one").retry(RetryPolicy::none());
        let error = call.send_bytes().await.expect_err("it is broken");
        assert!(matches!(error.kind(), ErrorKind::Decode | ErrorKind::Transport), "{error:?}");
    }
    // The response has begun.
    let long = [gzip(&noise(500_000)), b"garbage".to_vec()].concat();
    let upstream = Upstream::whole("Content-Encoding: gzip\r\n", &long).await;
    get(&upstream.served().await).await.bytes().await.expect_err("it breaks off");
}

#[tokio::test]
async fn compressed_api_errors_are_read() {
    let body = [gzip(br#"{"type":"not_found","#), gzip(br#""message":"gone"}"#)].concat();
    let text = String::from_utf8_lossy(&response("Content-Encoding: x-gzip\r\n", b"")).into_owned();
    let head = text
        .replace("200 OK", "404 Not Found")
        .replace("Content-Length: 0", &format!("Content-Length: {}", body.len()));
    let upstream = Upstream::start(vec![write([head.as_bytes(), &body].concat())]).await;
    let error = upstream.client().get_secret("fr-par", "one").send().await.expect_err("an API error");
    assert_eq!((error.upstream_type(), error.message()), (Some("not_found"), Some("gone")));
    let server = upstream.served().await;
    let answer = get(&server).await;
    assert_eq!(answer.status(), 404);
    assert!(answer.text().await.expect("it is text").contains("gone"));
}

/// The fields that belong to the coded form.
const VALIDATORS: &str = "ETag: \"v1\"\r\nContent-MD5: Q2hlY2s=\r\nContent-Digest: sha-256=:AAA=:\r\nRepr-Digest: sha-256=:AAA=:\r\n\
                          Digest: sha-256=AAA\r\nAccept-Ranges: bytes\r\nContent-Type: application/json\r\n";
const DROPPED: [&str; 7] =
    ["content-md5", "content-digest", "repr-digest", "digest", "accept-ranges", "content-length", "content-encoding"];

#[tokio::test]
async fn validators_of_the_coded_form_do_not_outlive_it() {
    let body = br#"{"id":"some"}"#;
    for (tag, expected) in [("\"v1\"", "W/\"v1\""), ("W/\"v1\"", "W/\"v1\"")] {
        let fields = VALIDATORS.replace("\"v1\"", tag) + "Content-Encoding: gzip\r\n";
        let upstream = Upstream::whole(&fields, &gzip(body)).await;
        let direct = upstream.client().get_secret("fr-par", "one").send_bytes().await.expect("a success");
        assert_eq!(direct.headers()["etag"], expected);
        let served = get(&upstream.served().await).await;
        assert_eq!(served.headers()["etag"], expected);
        for name in DROPPED {
            assert!(!direct.headers().contains_key(name), "{name}");
            // The server may say how long its own form is.
            assert!(name == "content-length" || !served.headers().contains_key(name), "{name}");
        }
        assert_eq!(served.content_length().unwrap_or(body.len() as u64), body.len() as u64);
    }
    // What was not coded keeps them all, and so does a range of what was, which cannot be decoded.
    let plain = Upstream::whole(VALIDATORS, body).await;
    let direct = plain.client().get_secret("fr-par", "one").send_bytes().await.expect("a success");
    assert_eq!(direct.headers()["etag"], "\"v1\"");
    assert!(DROPPED[..6].iter().all(|name| direct.headers().contains_key(*name)), "{:?}", direct.headers());
    assert_eq!(get(&plain.served().await).await.headers()["etag"], "\"v1\"");
    let fields = format!("{VALIDATORS}Content-Encoding: gzip\r\nContent-Range: bytes 4-8/100\r\n");
    let text = String::from_utf8_lossy(&response(&fields, b"12345")).replace("200 OK", "206 Partial Content");
    let part = Upstream::start(vec![write(text)]).await;
    let direct = part.client().get_secret("fr-par", "one").send_bytes().await.expect("a success");
    assert_eq!(
        (direct.body().as_ref(), &direct.headers()["content-encoding"]),
        (&b"12345"[..], &"gzip".parse().expect("a value"))
    );
}

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
