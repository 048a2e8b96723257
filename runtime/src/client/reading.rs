//! Reading answers: to their end, up to a limit, or bit by bit.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout_at};

use super::deadline::after;
use super::execution::Run;
use super::stream::ResultStream;
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

    pub(super) async fn read(&self, mut answer: reqwest::Response) -> Result<Response<Bytes>, Error> {
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = BytesMut::new();
        self.read_on(&mut answer, &mut body, usize::MAX).await?;
        Ok(Response::new(status, headers, self.number, body.freeze()))
    }

    /// Reads an answer on until it has ended, which it says, or until there is more of it than `enough`.
    pub(super) async fn read_on(
        &self,
        answer: &mut reqwest::Response,
        body: &mut BytesMut,
        enough: usize,
    ) -> Result<bool, Error> {
        let (name, limit) = (self.order.operation.name, self.response_limit());
        let failed = loop {
            match timeout_at(self.attempt_deadline, answer.chunk()).await {
                Ok(Ok(None)) => return Ok(true),
                Ok(Ok(Some(chunk))) if chunk.len() <= limit - body.len() => {
                    body.extend_from_slice(&chunk);
                    if body.len() > enough {
                        return Ok(false);
                    }
                }
                Ok(Ok(Some(_))) => break Error::new(name, ErrorKind::TooLarge { limit }, Phase::Receive),
                Ok(Err(error)) => break Error::interrupted(name, error),
                Err(_) => break Error::new(name, ErrorKind::Timeout, Phase::Receive),
            }
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        Err(failed.answered(Answer { status, headers, body: Bytes::new() }))
    }

    /// The rest of an answer after its start, which comes first.
    pub(super) fn stream(&self, answer: reqwest::Response, start: Bytes, limit: Option<usize>) -> ResultStream<Bytes> {
        let (name, number) = (self.order.operation.name, self.number);
        // The call's deadline ends with the head of the answer: a stream may flow for days, but must not stand still.
        let patience = self.order.options.timeout.unwrap_or(self.connection.shared().timeout);
        ResultStream::new((answer, start, 0_usize), move |(mut answer, start, before)| async move {
            if !start.is_empty() {
                let length = start.len();
                return Ok(Some((start, (answer, Bytes::new(), length))));
            }
            let failed = match timeout_at(after(Instant::now(), patience), answer.chunk()).await {
                Ok(Ok(None)) => return Ok(None),
                Ok(Ok(Some(chunk))) => {
                    let length = before.saturating_add(chunk.len());
                    match limit.filter(|limit| length > *limit) {
                        None => return Ok(Some((chunk, (answer, start, length)))),
                        Some(limit) => Error::new(name, ErrorKind::TooLarge { limit }, Phase::Receive),
                    }
                }
                Ok(Err(error)) => Error::interrupted(name, error),
                Err(_) => Error::new(name, ErrorKind::Timeout, Phase::Receive),
            };
            let (status, headers) = (answer.status(), answer.headers().clone());
            Err(failed.answered(Answer { status, headers, body: Bytes::new() }).after(number))
        })
    }

    pub(super) fn response_limit(&self) -> usize {
        self.order.options.response_limit.unwrap_or(self.connection.shared().response_limit)
    }
}
