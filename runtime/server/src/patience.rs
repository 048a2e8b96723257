//! How long a connection waits for its caller: for the head of a request, for the next request, and for a sign that a
//! caller that says no more is still there.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::heads::Heads;
use super::turns::Turns;

/// How long a response may make no progress after its caller has closed its side of the connection. TCP cannot tell such a
/// caller from one that is gone, and a call must end within a second of its caller leaving.
const HALF_CLOSED: Duration = Duration::from_millis(700);
/// How long a caller may stand still while the server drains.
pub(super) const DRAIN: Duration = Duration::from_secs(3);
/// How long, and for how many bytes, what a caller still sends is read and dropped after a response that ends the connection.
/// Closing at once would take the response from a caller that first sends its whole request.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_LIMIT: usize = 16 << 20;
/// Practically never.
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// The time limits of a connection.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// For the head of a request, and for a TLS handshake.
    pub(super) head: Duration,
    /// For the time between two requests.
    pub(super) keep_alive: Duration,
    /// For the time in which a caller takes no byte of a response.
    pub(super) write: Duration,
}

/// Whether a listener drains its connections. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Draining(Arc<AtomicBool>);

impl Draining {
    pub(super) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stream that ends when the time of its caller is over. The end of what a caller sends is not seen as long as its
/// response makes progress.
pub(super) struct Patient<S> {
    stream: S,
    limits: Limits,
    draining: Draining,
    turns: Turns,
    /// The number of the turn at the last read.
    turn: u64,
    heads: Heads,
    /// Whether the head of a request has begun.
    in_head: bool,
    /// Whether the caller has closed its side.
    half_closed: bool,
    /// Whether the last write waits.
    is_blocked: bool,
    /// How much was dropped since the end of the last response, once it has ended.
    dropped: Option<usize>,
    /// When the stream ends, unless the caller or the response goes on.
    due: Option<Instant>,
    /// Fires when `due` may have come. It is not reset for every request.
    timer: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    /// A stream whose first request has begun.
    pub(super) fn new(stream: S, limits: Limits, draining: Draining, turns: Turns) -> Self {
        let due = after(limits.head);
        let (turn, _) = turns.current();
        let timer = Box::pin(sleep_until(due));
        let (half_closed, is_blocked) = (false, false);
        Self {
            stream,
            limits,
            draining,
            turns,
            turn,
            heads: Heads::default(),
            in_head: true,
            half_closed,
            is_blocked,
            dropped: None,
            due: Some(due),
            timer,
        }
    }

    /// Is ready when the time is over.
    fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(due) = self.due else { return Poll::Pending };
        if self.timer.deadline() > due {
            self.timer.as_mut().reset(due);
        }
        loop {
            ready!(self.timer.as_mut().poll(context));
            if due <= Instant::now() {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(due);
        }
    }

    /// Sets the time for what is waited for now, if the turn has changed; returns whether it is the server's.
    fn follow_turns(&mut self) -> bool {
        let (turn, is_running) = self.turns.current();
        if turn != self.turn {
            self.turn = turn;
            self.in_head = false;
            if !self.half_closed {
                self.due = (!is_running).then(|| after(self.limits.keep_alive));
            }
        }
        is_running
    }

    fn on_written(&mut self, context: &mut Context<'_>, is_blocked: bool) {
        self.is_blocked = is_blocked;
        if self.half_closed {
            self.due = (!is_blocked).then(|| after(HALF_CLOSED));
            // The next read may only come with this timer.
            let _ = self.poll_due(context);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let is_running = this.follow_turns();
        if !this.half_closed {
            let length = buffer.filled().len();
            if Pin::new(&mut this.stream).poll_read(context, buffer)?.is_ready() {
                if let Some(read) = buffer.filled().get(length..).filter(|read| !read.is_empty()) {
                    if !is_running && !this.in_head {
                        this.in_head = true;
                        this.due = Some(after(this.limits.head));
                        this.heads.begin();
                    }
                    if !is_running && let Some(lengths) = this.heads.lengths(read) {
                        this.turns.note_lengths(lengths);
                    }
                    return Poll::Ready(Ok(()));
                }
                this.half_closed = true;
                this.due = (!this.is_blocked).then(|| after(HALF_CLOSED));
            }
        }
        if this.half_closed && !is_running {
            return Poll::Ready(Ok(()));
        }
        if this.in_head && !is_running && this.draining.has_begun() {
            let latest = after(DRAIN);
            this.due = this.due.map(|due| due.min(latest));
        }
        this.poll_due(context).map(Ok)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.on_written(context, written.is_pending());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.on_written(context, written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        let is_over = self.turn != self.turns.current().0 && !self.follow_turns();
        if self.half_closed && !self.turns.current().1 {
            // The response is written. The next read sees the end.
            context.waker().wake_by_ref();
        } else if is_over {
            // A read that waits since before the response is not polled again until the caller sends, or this timer fires.
            let _ = self.poll_due(context);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.dropped.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            let is_sending = this.in_head || this.turns.is_unread();
            if !is_sending || this.half_closed {
                return Poll::Ready(Ok(()));
            }
            (this.dropped, this.due) = (Some(0), Some(after(LINGER)));
        }
        let (mut bytes, mut dropped) = ([0; 8 << 10], this.dropped.unwrap_or_default());
        while dropped < LINGER_LIMIT {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut this.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => dropped += buffer.filled().len(),
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    this.dropped = Some(dropped);
                    return this.poll_due(context).map(Ok);
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// The time after this wait.
fn after(wait: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(wait).unwrap_or_else(|| now + YEAR)
}
