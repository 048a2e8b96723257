//! Compressed responses: asking for them, and decompressing them. reqwest would stop after the first member of a gzip file,
//! and keep validators of the compressed form.

use std::io;

use async_compression::tokio::bufread::GzipDecoder;
use bytes::Bytes;
use futures_util::future::Either;
use futures_util::{TryFutureExt as _, TryStreamExt as _, stream};
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, HeaderName,
    HeaderValue, RANGE,
};
use http::{Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyDataStream;
use reqwest::{Body, ResponseBuilderExt as _};
use tokio::io::AsyncBufReadExt as _;
use tokio_util::io::{ReaderStream, StreamReader};

use crate::transport::TransportError;

/// How many codings of one response are removed. Each needs memory.
const LAYERS: usize = 4;
/// The size of decompressed chunks, in bytes.
const CHUNK: usize = 16 << 10;
/// Fields that describe the compressed form (RFC 9110 §14.3, RFC 9530). The last two are obsolete.
const OF_COMPRESSED_FORM: [HeaderName; 7] = [
    CONTENT_LENGTH,
    ACCEPT_RANGES,
    CONTENT_RANGE,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-md5"),
];

/// Asks for a compressed response, unless the request says what it accepts. A range of a compressed form would be useless.
pub fn accept_compressed(headers: &mut HeaderMap) {
    if !headers.contains_key(RANGE) {
        headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("gzip"));
    }
}

/// The response without the gzip coding. Codings that are not known remain, and so does the coding of a part
/// (RFC 9110 §8.4, §15.3.7).
///
/// # Errors
/// Never for a response that was received.
pub fn decompressed(response: reqwest::Response) -> Result<reqwest::Response, TransportError> {
    let known = if response.status() == StatusCode::PARTIAL_CONTENT { 0 } else { known_codings(response.headers()) };
    if known == 0 {
        return Ok(response);
    }
    let url = response.url().clone();
    let (mut head, mut body) = Response::<Body>::from(response).into_parts();
    let mut codings = codings(&head.headers).map(str::to_owned).collect::<Vec<_>>();
    let removed = codings.split_off(codings.len().saturating_sub(known));
    let compressed = removed.iter().filter(|coding| is_gzip(coding)).count();
    for _ in 0..compressed {
        body = decompress(body);
    }
    if compressed > 0 {
        remove_validators(&mut head.headers);
    }
    head.headers.remove(CONTENT_ENCODING);
    if !codings.is_empty() {
        let remaining = HeaderValue::try_from(codings.join(", ")).map_err(TransportError::broken)?;
        head.headers.insert(CONTENT_ENCODING, remaining);
    }
    let mut response = Response::builder().url(url).body(body).map_err(TransportError::broken)?;
    *response.status_mut() = head.status;
    *response.version_mut() = head.version;
    *response.headers_mut() = head.headers;
    response.extensions_mut().extend(head.extensions);
    Ok(response.into())
}

/// The codings of a response, in the order in which they were applied.
fn codings(headers: &HeaderMap) -> impl DoubleEndedIterator<Item = &str> {
    let values = headers.get_all(CONTENT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|list| list.split(',')).map(str::trim).filter(|coding| !coding.is_empty())
}

/// How many of the last codings can be removed.
fn known_codings(headers: &HeaderMap) -> usize {
    let known = |coding: &&str| is_gzip(coding) || coding.eq_ignore_ascii_case("identity");
    codings(headers).rev().take_while(known).take(LAYERS).count()
}

/// Whether this is the gzip coding, under one of its names (RFC 9110 §8.4.1.3).
fn is_gzip(coding: &str) -> bool {
    ["gzip", "x-gzip"].iter().any(|name| coding.eq_ignore_ascii_case(name))
}

/// All members of a gzip body, as they arrive. An empty body has none.
fn decompress(body: Body) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let members = async move {
        let mut compressed = StreamReader::new(BodyDataStream::new(body).map_err(io::Error::other));
        if compressed.fill_buf().await?.is_empty() {
            return Ok::<_, io::Error>(Either::Left(stream::empty::<io::Result<Bytes>>()));
        }
        let mut decoder = GzipDecoder::new(compressed);
        decoder.multiple_members(true);
        Ok(Either::Right(ReaderStream::with_capacity(decoder, CHUNK)))
    };
    Body::wrap_stream(members.try_flatten_stream())
}

/// Removes what describes the compressed form.
fn remove_validators(headers: &mut HeaderMap) {
    for name in OF_COMPRESSED_FORM {
        headers.remove(name);
    }
    weaken(headers);
}

/// Whether an entity tag is a weak one (RFC 9110 §8.8.3).
pub(crate) fn is_weak(tag: &HeaderValue) -> bool {
    tag.as_bytes().starts_with(b"W/")
}

/// Makes a strong entity tag a weak one, because the body is another form of what it is about (RFC 9110 §8.8.3.3).
pub(crate) fn weaken(headers: &mut HeaderMap) {
    if let Some(tag) = headers.remove(ETAG) {
        let weak = if is_weak(&tag) { Ok(tag) } else { HeaderValue::try_from([&b"W/"[..], tag.as_bytes()].concat()) };
        headers.extend(weak.ok().map(|tag| (ETAG, tag)));
    }
}
