//! Reading response bodies: whole, up to a limit, or as a stream.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use tokio::time::{Instant, timeout_at};

use super::deadline::after;
use super::execution::CallState;
use super::response_body::{Chunks, RemainingBody, ResponseBody};
use crate::error::{Error, ErrorKind, Phase, UpstreamResponse};
use crate::response::Response;

/// The largest body of an error response that is kept, in bytes.
const ERROR_BODY_LIMIT: usize = 1 << 20;
/// How long to wait for the body of an error response. The status is known without it.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(2);

impl CallState<'_> {
    /// Reads an error response. If reading its body fails, the error has a part of the body.
    pub(super) async fn read_api_error(&self, mut response: reqwest::Response) -> Error {
        let limit = self.response_limit().min(ERROR_BODY_LIMIT);
        let deadline = self.attempt_deadline.min(after(Instant::now(), ERROR_BODY_TIMEOUT));
        let mut body = BytesMut::new();
        while let Ok(Ok(Some(chunk))) = timeout_at(deadline, response.chunk()).await {
            // The beginning of a long body is more useful than an error about its length.
            let room = limit - body.len();
            body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if body.len() == limit {
                break;
            }
        }
        let (status, mut headers) = (response.status(), response.headers().clone());
        let mut body = body.freeze();
        if let Some(keys) = &self.keys {
            let redactor = keys.redactor(self.spec.arguments.secrets());
            body = redactor.redact_bytes(body);
            redactor.redact_headers(&mut headers);
        }
        Error::new(&self.spec.operation.name, ErrorKind::Status(status), Phase::Receive)
            .with_response(UpstreamResponse { status, headers, body })
    }

    /// Reads a response to its end, or until `read_ahead` bytes have arrived.
    pub(super) async fn read_response(
        &self,
        mut response: reqwest::Response,
        read_ahead: usize,
    ) -> Result<Response<ResponseBody>, Error> {
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut buffered = Chunks::default();
        // If the body is known to be longer, it is streamed from the start.
        let length = response.content_length().and_then(|length| usize::try_from(length).ok());
        let read_ahead = if length.is_some_and(|length| length > read_ahead) { 0 } else { read_ahead };
        match self.read_until(&mut response, &mut buffered, read_ahead).await {
            Ok(true) => Ok(Response::new(status, headers, self.number, ResponseBody { buffered, remaining: None })),
            Ok(false) => {
                let remaining = RemainingBody {
                    operation: &self.spec.operation.name,
                    attempt: self.number,
                    status,
                    headers: copied(&headers),
                    body: http::Response::<reqwest::Body>::from(response).into_body(),
                    idle_timeout: self.spec.options.timeout.unwrap_or(self.connection.shared().timeout),
                };
                Ok(Response::new(
                    status,
                    headers,
                    self.number,
                    ResponseBody { buffered, remaining: Some(Box::new(remaining)) },
                ))
            }
            Err(error) => Err(error.with_response(UpstreamResponse { status, headers, body: Bytes::new() })),
        }
    }

    /// Reads the body until `read_ahead` bytes have arrived, and returns whether it has ended.
    async fn read_until(
        &self,
        response: &mut reqwest::Response,
        body: &mut Chunks,
        read_ahead: usize,
    ) -> Result<bool, Error> {
        let (name, limit): (&'static str, _) = (&self.spec.operation.name, self.response_limit());
        while body.len() < read_ahead {
            // This is the length of the remaining body. If it is 0, there is nothing to wait for.
            if response.content_length() == Some(0) {
                return Ok(true);
            }
            match timeout_at(self.attempt_deadline, response.chunk()).await {
                Ok(Ok(None)) => return Ok(true),
                Ok(Ok(Some(chunk))) if chunk.len() <= limit - body.len() => body.push(chunk),
                Ok(Ok(Some(_))) => return Err(Error::new(name, ErrorKind::TooLarge { limit }, Phase::Receive)),
                Ok(Err(error)) => return Err(Error::interrupted(name, error)),
                Err(_) => return Err(Error::new(name, ErrorKind::Timeout, Phase::Receive)),
            }
        }
        Ok(false)
    }

    pub(super) fn response_limit(&self) -> usize {
        self.spec.options.response_limit.unwrap_or(self.connection.shared().response_limit)
    }
}

/// A copy of headers in their own memory. Otherwise they are slices of the read buffer, which cannot be reused as long as
/// they exist.
fn copied(headers: &HeaderMap) -> HeaderMap {
    let copy = |value: &HeaderValue| HeaderValue::from_bytes(value.as_bytes()).unwrap_or_else(|_| value.clone());
    headers.iter().map(|(name, value)| (name.clone(), copy(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copied_headers_do_not_keep_the_read_buffer() {
        let mut buffer = BytesMut::with_capacity(1024);
        buffer.extend_from_slice(b"a value\xff");
        let value = HeaderValue::from_maybe_shared(buffer.split().freeze()).expect("it is one");
        let headers = HeaderMap::from_iter([(http::header::ETAG, value)]);
        assert!(!buffer.try_reclaim(1024));
        let kept = copied(&headers);
        assert_eq!(kept, headers);
        drop(headers);
        assert!(buffer.try_reclaim(1024));
    }
}
