//! Answers whose bodies need not have come whole before somebody gets them.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::deadline::after;
use super::stream::ResultStream;
use crate::error::{Answer, Error, ErrorKind, Phase};

/// The body of an answer: what of it has come, and where the rest will come from.
pub(crate) struct Flow {
    pub(super) start: Bytes,
    pub(super) rest: Option<Rest>,
}

/// An answer that has not ended.
pub(super) struct Rest {
    pub(super) operation: &'static str,
    pub(super) answer: reqwest::Response,
    pub(super) attempt: u32,
    /// How long it may stand still. The call's deadline ends with the head of the answer, as a stream may flow for days.
    pub(super) patience: Duration,
}

impl Flow {
    /// All that has come.
    pub(super) fn into_start(self) -> Bytes {
        self.start
    }

    /// The whole body, if that has come.
    #[cfg(feature = "rest")]
    pub(crate) fn whole(&self) -> Option<&Bytes> {
        Some(&self.start).filter(|_| self.rest.is_none())
    }

    /// How many bytes the body has, where the upstream says it.
    #[cfg(feature = "rest")]
    pub(crate) fn length(&self) -> Option<u64> {
        let rest = self.rest.as_ref().map_or(Some(0), |rest| rest.answer.content_length())?;
        rest.checked_add(self.start.len() as u64)
    }

    /// The body as it comes, up to a limit.
    pub(crate) fn stream(self, limit: Option<usize>) -> ResultStream<Bytes> {
        ResultStream::new((self, 0), move |(flow, before)| flow.step(before, limit))
    }

    /// The next piece, and how much there was with it.
    async fn step(mut self, before: usize, limit: Option<usize>) -> Result<Option<(Bytes, (Self, usize))>, Error> {
        let start = std::mem::take(&mut self.start);
        if !start.is_empty() {
            let length = start.len();
            return Ok(Some((start, (self, length))));
        }
        let Some(Rest { operation, answer, attempt, patience }) = &mut self.rest else { return Ok(None) };
        let failed = match timeout_at(after(Instant::now(), *patience), answer.chunk()).await {
            Ok(Ok(None)) => return Ok(None),
            Ok(Ok(Some(chunk))) => {
                let length = before.saturating_add(chunk.len());
                match limit.filter(|limit| length > *limit) {
                    None => return Ok(Some((chunk, (self, length)))),
                    Some(limit) => Error::new(operation, ErrorKind::TooLarge { limit }, Phase::Receive),
                }
            }
            Ok(Err(error)) => Error::interrupted(operation, error),
            Err(_) => Error::new(operation, ErrorKind::Timeout, Phase::Receive),
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        Err(failed.answered(Answer { status, headers, body: Bytes::new() }).after(*attempt))
    }
}
