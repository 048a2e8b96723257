//! Responses to requests whose head cannot be read. The HTTP library sends them without a body; here they become problem
//! documents.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{CONNECTION, HeaderValue};
use http::{HeaderMap, StatusCode};
use hyper::body::{Buf as _, Bytes};
use naftiko_rest::__private::{Problem, protect};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::id;

/// What the library sends after the line with the status, before the date.
const EMPTY: &[u8] = b"connection: close\r\ncontent-length: 0\r\n";

/// A stream whose empty error responses get a body.
pub(super) struct Explained<S> {
    stream: S,
    /// What is still to be written instead of this many bytes.
    instead: Option<(Bytes, usize)>,
}

impl<S> Explained<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, instead: None }
    }
}

impl<S: AsyncWrite + Unpin> Explained<S> {
    fn poll_instead(&mut self, context: &mut Context<'_>, mut bytes: Bytes, length: usize) -> Poll<io::Result<usize>> {
        while bytes.has_remaining() {
            match Pin::new(&mut self.stream).poll_write(context, &bytes) {
                Poll::Ready(written) => bytes.advance(written?),
                Poll::Pending => {
                    self.instead = Some((bytes, length));
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(length))
    }

    /// Writes a response with a body instead of these bytes, if they are one without.
    fn poll_replaced(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Option<Poll<io::Result<usize>>> {
        let instead = self.instead.take();
        let (bytes, length) = instead.or_else(|| Some((explained(bytes)?, bytes.len())))?;
        Some(self.poll_instead(context, bytes, length))
    }
}

/// The response with a body for one that the library sends without.
fn explained(bytes: &[u8]) -> Option<Bytes> {
    let status = bytes.strip_prefix(b"HTTP/1.1 4").or_else(|| bytes.strip_prefix(b"HTTP/1.0 4"))?;
    let fields = status.split_at_checked(status.iter().position(|byte| *byte == b'\n')? + 1)?.1;
    let rest = fields.strip_prefix(EMPTY)?.strip_suffix(b"\r\n\r\n")?;
    if !rest.starts_with(b"date:") || rest.contains(&b'\n') {
        return None;
    }
    let status = StatusCode::from_bytes(bytes.get(9..12)?).ok()?;
    let detail = match status {
        StatusCode::URI_TOO_LONG => "the target of the request is too long",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "the head of the request is too long, or has too many fields",
        _ => "the head of the request is malformed",
    };
    let problem = Problem::new(status, detail).header(CONNECTION, HeaderValue::from_static("close"));
    let (mut fields, body) = problem.header(id::REQUEST_ID, id::request_id(&HeaderMap::new())).into_parts();
    protect(&mut fields);
    let reason = status.canonical_reason().unwrap_or_default();
    let mut response =
        format!("HTTP/1.1 {} {reason}\r\ncontent-length: {}\r\n", status.as_str(), body.len()).into_bytes();
    for (name, value) in &fields {
        response.extend_from_slice(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    response.extend_from_slice(&[rest, b"\r\n\r\n", body.as_bytes()].concat());
    Some(response.into())
}

impl<S: AsyncRead + Unpin> AsyncRead for Explained<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Explained<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.poll_replaced(context, bytes) {
            Some(written) => written,
            None => Pin::new(&mut self.stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = slices.first().map_or(&[] as &[u8], |slice| slice);
        match self.poll_replaced(context, first) {
            Some(written) => written,
            None => Pin::new(&mut self.stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some((bytes, length)) = self.instead.take() {
            ready!(self.poll_instead(context, bytes, length))?;
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_empty_errors_of_the_library_are_replaced() {
        let date = "date: Sat, 28 Nov 2026 23:00:00 GMT\r\n\r\n";
        let empty = |line: &str| format!("{line}\r\nconnection: close\r\ncontent-length: 0\r\n{date}");
        for status in ["400 Bad Request", "414 URI Too Long", "431 Request Header Fields Too Large"] {
            let response = explained(empty(&format!("HTTP/1.1 {status}")).as_bytes()).expect("it is replaced");
            let text = String::from_utf8(response.to_vec()).expect("text");
            let (head, body) = text.split_once("\r\n\r\n").expect("a head");
            assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{head}");
            for field in ["content-type: application/problem+json", "connection: close", "date: Sat", "x-request-id: "]
            {
                assert!(head.contains(&format!("\r\n{field}")), "{head}");
            }
            assert!(head.contains(&format!("content-length: {}", body.len())), "{text}");
            let document: serde_json::Value = serde_json::from_str(body).expect("JSON");
            assert_eq!(document["status"].to_string(), status[..3]);
        }
        for other in [
            empty("HTTP/1.1 200 OK"),
            format!("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n{date}"),
            format!("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\nx-request-id: 1\r\n{date}"),
            format!("{}x", empty("HTTP/1.1 400 Bad Request")),
            String::new(),
        ] {
            assert_eq!(explained(other.as_bytes()), None, "{other}");
        }
    }
}
