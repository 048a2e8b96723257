//! Answers whose bodies need not have come whole before somebody gets them.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::{HeaderMap, StatusCode};
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::deadline::after;
use crate::error::{Answer, Error, ErrorKind, Phase};

/// The body of an answer: what of it has come, and where the rest will come from.
pub(crate) struct Flow {
    pub(super) start: Pieces,
    /// On the heap, as most answers come whole.
    pub(super) rest: Option<Box<Rest>>,
}

/// Bytes that are put together only where somebody needs them in one piece.
#[derive(Default)]
pub(super) struct Pieces {
    pieces: VecDeque<Bytes>,
    length: usize,
}

impl Pieces {
    /// How many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        self.length += piece.len();
        self.pieces.push_back(piece);
    }

    fn pop(&mut self) -> Option<Bytes> {
        let piece = self.pieces.pop_front()?;
        self.length -= piece.len();
        Some(piece)
    }

    fn into_bytes(mut self) -> Bytes {
        match self.pieces.len() {
            0 | 1 => self.pieces.pop_front().unwrap_or_default(),
            _ => self
                .pieces
                .iter()
                .fold(BytesMut::with_capacity(self.length), |mut all, piece| {
                    all.extend_from_slice(piece);
                    all
                })
                .freeze(),
        }
    }
}

/// An answer that has not ended.
pub(super) struct Rest {
    pub(super) operation: &'static str,
    pub(super) attempt: u32,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: reqwest::Body,
    /// How long it may stand still. The call's deadline ends with the head of the answer, as a stream may flow for days.
    pub(super) patience: Duration,
}

impl Flow {
    /// All that has come.
    pub(super) fn into_start(self) -> Bytes {
        self.start.into_bytes()
    }

    /// The body as it comes, up to a limit in bytes.
    pub(crate) fn passing(self, limit: Option<usize>) -> Passing {
        Passing { flow: self, limit, length: 0, moved: Instant::now(), alarm: None }
    }
}

/// A body as it comes: a stream of its pieces, which ends after the first error.
pub(crate) struct Passing {
    flow: Flow,
    limit: Option<usize>,
    length: usize,
    /// When the last piece came.
    moved: Instant,
    /// Rings when it may have stood still for too long. It is not set anew for every piece, which would cost more than the piece.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Passing {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        if let Some(piece) = self.flow.start.pop() {
            self.length += piece.len();
            return Poll::Ready(Some(Ok(piece)));
        }
        let Some(rest) = &mut self.flow.rest else { return Poll::Ready(None) };
        let failed = loop {
            match Pin::new(&mut rest.body).poll_frame(context) {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers end here.
                    let Ok(piece) = frame.into_data() else { continue };
                    self.moved = Instant::now();
                    self.length = self.length.saturating_add(piece.len());
                    match self.limit.filter(|limit| self.length > *limit) {
                        None => return Poll::Ready(Some(Ok(piece))),
                        Some(limit) => break Error::new(rest.operation, ErrorKind::TooLarge { limit }, Phase::Receive),
                    }
                }
                Poll::Ready(Some(Err(error))) => break Error::interrupted(rest.operation, error),
                Poll::Pending => {
                    let due = after(self.moved, rest.patience);
                    let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(due)));
                    ready!(alarm.as_mut().poll(context));
                    if due <= Instant::now() {
                        break Error::new(rest.operation, ErrorKind::Timeout, Phase::Receive);
                    }
                    alarm.as_mut().reset(due);
                }
            }
        };
        let answer = Answer { status: rest.status, headers: std::mem::take(&mut rest.headers), body: Bytes::new() };
        let failed = failed.answered(answer).after(rest.attempt);
        self.flow.rest = None;
        Poll::Ready(Some(Err(failed)))
    }
}

impl Stream for Passing {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

impl Body for Passing {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.poll(context).map_ok(Frame::data)
    }

    fn is_end_stream(&self) -> bool {
        self.flow.rest.is_none() && self.flow.start.len() == 0
    }

    /// As the upstream says it.
    fn size_hint(&self) -> SizeHint {
        let rest = self.flow.rest.as_ref().map_or_else(|| SizeHint::with_exact(0), |rest| rest.body.size_hint());
        let all = rest.exact().and_then(|rest| rest.checked_add(self.flow.start.len() as u64));
        all.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
