//! Reading response bodies: whole, up to a limit, or as a stream.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::credential::secrets_of_call;
use super::deadline::after;
use super::execution::{CallSpec, CallState};
use super::response_body::{Chunks, RemainingBody, ResponseBody};
use crate::error::{Error, ErrorKind, Phase, UpstreamResponse};
use crate::format::{is_stream, to_utf8};
use crate::response::Response;
use crate::template::Values;

/// The largest body of an error response that is kept, in bytes.
const ERROR_BODY_LIMIT: usize = 1 << 20;
/// How long to wait for the body of an error response. The status is known without it.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(2);

/// How long to wait for a body that would fit into memory before it is passed through.
const READ_AHEAD_TIMEOUT: Duration = Duration::from_millis(250);

/// How much of a response is read before it is returned. What is read whole may take several attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// All of it.
    Whole,
    /// All of it, as one document. A stream of events is refused at once.
    Document,
    /// All of it, if it is not longer than this many bytes and arrives soon.
    Ahead(usize),
    /// Only the head. The body may have any length.
    Head,
}

/// Bodies of more bytes are joined as they arrive, if they are read whole.
const LONG: usize = 256 << 10;

impl CallState<'_> {
    /// Reads an error response. If reading its body fails, the error has a part of the body.
    pub(super) async fn read_api_error(&self, mut response: reqwest::Response) -> Error {
        let limit = self.response_limit().min(ERROR_BODY_LIMIT);
        let deadline = self.attempt_deadline.min(after(Instant::now(), ERROR_BODY_TIMEOUT));
        let mut body = BytesMut::new();
        let whole = loop {
            let Ok(Ok(chunk)) = timeout_at(deadline, response.chunk()).await else { break false };
            let Some(chunk) = chunk else { break true };
            // The beginning of a long body is more useful than an error about its length.
            let room = limit - body.len();
            body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if chunk.len() > room {
                break false;
            }
        };
        let (status, mut headers) = (response.status(), response.headers().clone());
        let mut body = body.freeze();
        // Secrets are looked for in UTF-8, and so is what the error says.
        to_utf8(&mut headers, &mut body);
        if let Some(keys) = &self.keys {
            let CallSpec { operation, .. } = self.spec;
            let arguments = self.arguments();
            let mut secrets = secrets_of_call(operation, &Values { operation, arguments, variables: &keys.variables });
            secrets.extend_from_slice(arguments.secrets());
            let redactor = keys.redactor(&secrets);
            body = redactor.redact_bytes(body);
            redactor.redact_headers(&mut headers);
        }
        Error::new(&self.spec.operation.name, ErrorKind::Status(status), Phase::Receive)
            .with_response(UpstreamResponse { status, headers, body, whole })
    }

    /// Reads as much of a response as it should be.
    pub(super) async fn read_response(
        &self,
        mut response: reqwest::Response,
        reading: Reading,
    ) -> Result<Response<ResponseBody>, Error> {
        let (status, mut headers) = (response.status(), std::mem::take(response.headers_mut()));
        if let Some(media_type) = self.spec.operation.media_type.as_deref().filter(|_| status != StatusCode::NO_CONTENT)
            && let Ok(media_type) = HeaderValue::from_str(media_type)
        {
            headers.insert(CONTENT_TYPE, media_type);
        }
        let mut buffered = Chunks::default();
        match self.read_body(&mut response, &headers, &mut buffered, reading).await {
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
            Err(error) => {
                Err(error.with_response(UpstreamResponse { status, headers, body: Bytes::new(), whole: false }))
            }
        }
    }

    /// Reads the body, and returns whether it has ended.
    async fn read_body(
        &self,
        response: &mut reqwest::Response,
        headers: &HeaderMap,
        body: &mut Chunks,
        reading: Reading,
    ) -> Result<bool, Error> {
        let (name, limit): (&'static str, _) = (&self.spec.operation.name, self.response_limit());
        let length = response.content_length();
        let is_longer = |limit| length.is_some_and(|length| length > limit as u64);
        if reading != Reading::Head && is_longer(limit) {
            return Err(Error::new(name, ErrorKind::TooLarge { limit }, Phase::Receive));
        }
        let soon = after(Instant::now(), READ_AHEAD_TIMEOUT);
        let (read_ahead, deadline) = match reading {
            Reading::Document if is_stream(headers) => {
                return Err(
                    Error::new(name, ErrorKind::Decode, Phase::Decode).caused_by("it is a stream of events".into())
                );
            }
            Reading::Whole | Reading::Document => (usize::MAX, self.attempt_deadline),
            Reading::Ahead(bytes) if is_longer(bytes) || is_stream(headers) => (0, soon),
            Reading::Ahead(bytes) => (bytes, soon.min(self.attempt_deadline)),
            Reading::Head => (0, soon),
        };
        let reads_whole = read_ahead == usize::MAX;
        if let Some(length) = length.and_then(|length| usize::try_from(length).ok())
            && reads_whole
            && length > LONG
        {
            self.take_room(body, length).await?;
            body.join(length);
        }
        while body.len() < read_ahead {
            // This is the length of the remaining body. If it is 0, there is nothing to wait for.
            if response.content_length() == Some(0) {
                return Ok(true);
            }
            // A body of unknown length may become as long as the limit.
            if reads_whole && body.len() > LONG && !body.has_room() {
                self.take_room(body, limit).await?;
            }
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(None)) => return Ok(true),
                Ok(Ok(Some(chunk))) if chunk.len() <= limit - body.len() => body.push(chunk),
                Ok(Ok(Some(_))) => return Err(Error::new(name, ErrorKind::TooLarge { limit }, Phase::Receive)),
                Ok(Err(error)) => return Err(Error::interrupted(name, error)),
                Err(_) if deadline < self.attempt_deadline => return Ok(false),
                Err(_) => return Err(Error::new(name, ErrorKind::Timeout, Phase::Receive)),
            }
        }
        Ok(false)
    }

    /// Waits for room for a long body, if the client has a limited one.
    async fn take_room(&self, body: &mut Chunks, bytes: usize) -> Result<(), Error> {
        let Some(room) = &self.connection.shared().room else { return Ok(()) };
        let place = timeout_at(self.attempt_deadline, room.take(bytes)).await;
        let late = |_| Error::new(&self.spec.operation.name, ErrorKind::Timeout, Phase::Receive);
        body.place = place.map_err(late)?;
        Ok(())
    }

    pub(super) fn response_limit(&self) -> usize {
        let limit = self.spec.options.response_limit.unwrap_or(self.connection.shared().response_limit);
        let declared = self.spec.operation.response_limit.and_then(|bytes| usize::try_from(bytes).ok());
        declared.map_or(limit, |declared| declared.min(limit))
    }
}

/// A copy of headers in their own memory. Otherwise they are slices of the read buffer, which cannot be reused as long as
/// they exist.
pub(super) fn copied(headers: &HeaderMap) -> HeaderMap {
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
