//! Reading answers: to their end, up to a limit, or bit by bit.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use tokio::time::{Instant, timeout_at};

use super::deadline::after;
use super::execution::Run;
use super::flow::{Flow, Pieces, Rest};
use crate::error::{Answer, Error, ErrorKind, Phase};
use crate::response::Response;

/// How much of a refusal is kept, in bytes.
const REFUSAL_LIMIT: usize = 1 << 20;
/// How long the body of a refusal may take. What matters most is known without it.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(2);

impl Run<'_> {
    /// Reads a refusal. Whatever goes wrong with that, it is one.
    pub(super) async fn refusal(&self, mut answer: reqwest::Response) -> Error {
        let limit = self.response_limit().min(REFUSAL_LIMIT);
        let deadline = self.attempt_deadline.min(after(Instant::now(), REFUSAL_PATIENCE));
        let mut body = BytesMut::new();
        while let Ok(Ok(Some(chunk))) = timeout_at(deadline, answer.chunk()).await {
            // What a refusal says at its beginning is worth more than its length.
            let room = limit - body.len();
            body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if body.len() == limit {
                break;
            }
        }
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        let mut body = body.freeze();
        if let Some(keys) = &self.keys {
            let blots = keys.blots(self.order.arguments.secrets());
            body = blots.out_of(body);
            blots.out_of_headers(&mut headers);
        }
        Error::new(self.order.operation.name, ErrorKind::Status(status), Phase::Receive).answered(Answer {
            status,
            headers,
            body,
        })
    }

    /// Takes an answer in until it has ended, or until `enough` bytes of it are there.
    pub(super) async fn take_in(&self, mut answer: reqwest::Response, enough: usize) -> Result<Response<Flow>, Error> {
        let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
        let mut start = Pieces::default();
        // There is no point in waiting for a part of what is known to be longer.
        let length = answer.content_length().and_then(|length| usize::try_from(length).ok());
        let enough = if length.is_some_and(|length| length > enough) { 0 } else { enough };
        match self.read_on(&mut answer, &mut start, enough).await {
            Ok(true) => Ok(Response::new(status, headers, self.number, Flow { start, rest: None })),
            Ok(false) => {
                let rest = Rest {
                    operation: self.order.operation.name,
                    attempt: self.number,
                    status,
                    headers: apart(&headers),
                    body: http::Response::<reqwest::Body>::from(answer).into_body(),
                    patience: self.order.options.timeout.unwrap_or(self.connection.shared().timeout),
                };
                Ok(Response::new(status, headers, self.number, Flow { start, rest: Some(Box::new(rest)) }))
            }
            Err(error) => Err(error.answered(Answer { status, headers, body: Bytes::new() })),
        }
    }

    /// Reads an answer on in the same way, and says whether it has ended.
    async fn read_on(&self, answer: &mut reqwest::Response, body: &mut Pieces, enough: usize) -> Result<bool, Error> {
        let (name, limit) = (self.order.operation.name, self.response_limit());
        while body.len() < enough {
            // It counts what is still to come; nobody has to be asked where that is nothing.
            if answer.content_length() == Some(0) {
                return Ok(true);
            }
            match timeout_at(self.attempt_deadline, answer.chunk()).await {
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
        self.order.options.response_limit.unwrap_or(self.connection.shared().response_limit)
    }
}

/// The same headers in memory of their own. As they come, they are parts of the buffer that the answer is read into, which
/// could not be filled again as long as anybody holds them.
fn apart(headers: &HeaderMap) -> HeaderMap {
    let copy = |value: &HeaderValue| HeaderValue::from_bytes(value.as_bytes()).unwrap_or_else(|_| value.clone());
    headers.iter().map(|(name, value)| (name.clone(), copy(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_are_kept_hold_no_buffer() {
        let mut buffer = BytesMut::with_capacity(1024);
        buffer.extend_from_slice(b"a value\xff");
        let value = HeaderValue::from_maybe_shared(buffer.split().freeze()).expect("it is one");
        let headers = HeaderMap::from_iter([(http::header::ETAG, value)]);
        assert!(!buffer.try_reclaim(1024));
        let kept = apart(&headers);
        assert_eq!(kept, headers);
        drop(headers);
        assert!(buffer.try_reclaim(1024));
    }
}
