//! Response bodies that may still be arriving.

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
use super::room::Place;
use crate::error::{Error, ErrorKind, Phase, UpstreamResponse};

/// The body of a response: the chunks that have arrived, and the source of the others.
pub struct ResponseBody {
    pub(super) buffered: Chunks,
    /// On the heap, because most responses arrive whole.
    pub(super) remaining: Option<Box<RemainingBody>>,
}

/// Chunks of bytes, which are joined only if that is necessary.
#[derive(Default)]
pub(super) struct Chunks {
    chunks: VecDeque<Bytes>,
    length: usize,
    /// The chunks of a long body that is read whole, joined as they arrive.
    joined: BytesMut,
    /// The place of a long body in limited memory.
    pub(super) place: Option<Place>,
}

impl Chunks {
    /// Whether it has a place in limited memory.
    pub(super) fn has_room(&self) -> bool {
        self.place.is_some()
    }

    /// The number of bytes.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Joins chunks as they arrive, because a body of this length is read whole. Until they are joined, chunks keep the
    /// buffers that they were read into.
    pub(super) fn join(&mut self, length: usize) {
        self.joined.reserve(length);
    }

    pub(super) fn push(&mut self, chunk: Bytes) {
        self.length += chunk.len();
        if self.joined.capacity() > 0 {
            self.joined.extend_from_slice(&chunk);
        } else {
            self.chunks.push_back(chunk);
        }
    }

    fn pop(&mut self) -> Option<Bytes> {
        if !self.joined.is_empty() {
            self.chunks.push_back(std::mem::take(&mut self.joined).freeze());
        }
        let chunk = self.chunks.pop_front()?;
        self.length -= chunk.len();
        Some(chunk)
    }

    fn into_bytes(mut self) -> Bytes {
        match self.place.take() {
            Some(place) => place.hold(self.all()),
            None => self.all(),
        }
    }

    fn all(mut self) -> Bytes {
        if !self.joined.is_empty() {
            return self.joined.freeze();
        }
        match self.chunks.len() {
            0 | 1 => self.chunks.pop_front().unwrap_or_default(),
            _ => self.chunks.make_contiguous().concat().into(),
        }
    }
}

/// The part of a body that has not arrived.
pub(super) struct RemainingBody {
    pub(super) operation: &'static str,
    pub(super) attempt: u32,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: reqwest::Body,
    /// How long to wait for the next chunk. The call's deadline applies only up to the head of the response, because a stream
    /// may last for days.
    pub(super) idle_timeout: Duration,
}

impl ResponseBody {
    /// A body that is there.
    pub fn buffered(body: Bytes) -> Self {
        let mut buffered = Chunks::default();
        buffered.push(body);
        Self { buffered, remaining: None }
    }

    /// The bytes that have arrived: all of them, unless the body was to be a stream.
    pub fn into_buffered(self) -> Bytes {
        self.buffered.into_bytes()
    }

    /// The body as a stream, up to a limit in bytes.
    pub fn pass_through(self, limit: Option<usize>) -> PassThrough {
        PassThrough { body: self, limit, length: 0, waiting_since: None, idle_timer: None }
    }
}

/// A body that is passed through as a stream of chunks. It ends after the first error.
pub struct PassThrough {
    body: ResponseBody,
    limit: Option<usize>,
    length: usize,
    /// Since when a chunk is waited for. While no one asks for one, the upstream is not late.
    waiting_since: Option<Instant>,
    /// Fires when the wait for a chunk may be too long. It is not reset for every chunk, which would cost more than the chunk.
    idle_timer: Option<Pin<Box<Sleep>>>,
}

impl PassThrough {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        if let Some(chunk) = self.body.buffered.pop() {
            self.length += chunk.len();
            return Poll::Ready(Some(Ok(chunk)));
        }
        let Some(remaining) = &mut self.body.remaining else { return Poll::Ready(None) };
        let failed = loop {
            match Pin::new(&mut remaining.body).poll_frame(context) {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers are dropped.
                    let Ok(chunk) = frame.into_data() else { continue };
                    self.waiting_since = None;
                    self.length = self.length.saturating_add(chunk.len());
                    match self.limit.filter(|limit| self.length > *limit) {
                        None => return Poll::Ready(Some(Ok(chunk))),
                        Some(limit) => {
                            break Error::new(remaining.operation, ErrorKind::TooLarge { limit }, Phase::Receive);
                        }
                    }
                }
                Poll::Ready(Some(Err(error))) => break Error::interrupted(remaining.operation, error),
                Poll::Pending => {
                    let since = *self.waiting_since.get_or_insert_with(Instant::now);
                    let due = after(since, remaining.idle_timeout);
                    let idle_timer = self.idle_timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
                    ready!(idle_timer.as_mut().poll(context));
                    if due <= Instant::now() {
                        break Error::new(remaining.operation, ErrorKind::Timeout, Phase::Receive);
                    }
                    idle_timer.as_mut().reset(due);
                }
            }
        };
        let response = UpstreamResponse {
            status: remaining.status,
            headers: std::mem::take(&mut remaining.headers),
            body: Bytes::new(),
            whole: false,
        };
        let failed = failed.with_response(response).after(remaining.attempt);
        self.body.remaining = None;
        Poll::Ready(Some(Err(failed)))
    }
}

impl Stream for PassThrough {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

impl Body for PassThrough {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.poll(context).map_ok(Frame::data)
    }

    fn is_end_stream(&self) -> bool {
        self.body.remaining.is_none() && self.body.buffered.len() == 0
    }

    /// The length that the upstream declared.
    fn size_hint(&self) -> SizeHint {
        let remaining = self
            .body
            .remaining
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), |remaining| remaining.body.size_hint());
        let all = remaining.exact().and_then(|remaining| remaining.checked_add(self.body.buffered.len() as u64));
        all.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::sleep;

    use super::*;

    /// A body that sends one chunk at each of these times.
    struct Timed(VecDeque<Pin<Box<Sleep>>>);

    impl Body for Timed {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
            let Some(next) = self.0.front_mut() else { return Poll::Ready(None) };
            ready!(next.as_mut().poll(context));
            self.0.pop_front();
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn upstream_is_late_only_while_a_chunk_is_asked_for() {
        let seconds = |seconds| Duration::from_secs(seconds);
        let chunks = [0, 100, 120].map(|at| Box::pin(sleep(seconds(at))));
        let remaining = RemainingBody {
            operation: "test",
            attempt: 1,
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: reqwest::Body::wrap(Timed(chunks.into())),
            idle_timeout: seconds(10),
        };
        let body = ResponseBody { buffered: Chunks::default(), remaining: Some(Box::new(remaining)) };
        let mut body = body.pass_through(None);
        assert!(matches!(poll_fn(|context| body.poll(context)).await, Some(Ok(_))));
        // A slow caller asks for the next chunk a second before it comes.
        sleep(seconds(99)).await;
        assert!(matches!(poll_fn(|context| body.poll(context)).await, Some(Ok(_))));
        let asked = Instant::now();
        let Some(Err(error)) = poll_fn(|context| body.poll(context)).await else { panic!("the upstream is late") };
        assert!(matches!(error.kind(), ErrorKind::Timeout), "{error}");
        assert_eq!(asked.elapsed(), seconds(10));
    }
}
