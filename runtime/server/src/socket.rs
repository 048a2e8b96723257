//! Sockets of callers to which no write stands still for long, and less long while the server drains or memory is scarce.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::memory::Memory;
use super::patience::{DRAIN, Draining};

/// How often a socket that takes nothing is tried again.
const TICK: Duration = Duration::from_secs(1);

/// A socket. A write fails if the caller takes nothing for some time.
pub(super) struct Socket {
    stream: TcpStream,
    timeout: Duration,
    draining: Draining,
    memory: Memory,
    /// Runs while a write waits.
    timer: Option<Pin<Box<Sleep>>>,
    /// Since when the caller takes nothing.
    since: Option<Instant>,
    /// Whether the rest of the system's buffer is being filled, after a wait that the system did not end.
    is_filling: bool,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, timeout: Duration, draining: Draining, memory: Memory) -> Self {
        Self { stream, timeout, draining, memory, timer: None, since: None, is_filling: false }
    }

    /// How long the caller may take nothing.
    fn patience(&self) -> Duration {
        if self.memory.is_scarce() {
            self.timeout.min(TICK)
        } else if self.draining.has_begun() {
            self.timeout.min(DRAIN)
        } else {
            self.timeout
        }
    }

    /// The outcome of a write of bytes that start with `first`.
    ///
    /// Systems report a socket as writable only once much of its buffer is free, so a slow caller may have taken bytes while
    /// a write waits. After each wait the buffer is filled; if nothing fits into it, the caller has taken nothing.
    fn limited(
        &mut self,
        context: &mut Context<'_>,
        first: &[u8],
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            (self.timer, self.since, self.is_filling) = (None, None, false);
            return written;
        }
        let is_blocked = |sent: &io::Result<usize>| matches!(sent, Err(error) if error.kind() == ErrorKind::WouldBlock);
        if self.is_filling {
            let sent = SockRef::from(&self.stream).send(first);
            if !is_blocked(&sent) {
                return Poll::Ready(sent);
            }
            self.is_filling = false;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        loop {
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(self.timeout.min(TICK))));
            ready!(timer.as_mut().poll(context));
            self.timer = None;
            let sent = SockRef::from(&self.stream).send(first);
            if !is_blocked(&sent) {
                (self.since, self.is_filling) = (None, true);
                return Poll::Ready(sent);
            }
            if since.elapsed() >= self.patience() {
                return Poll::Ready(Err(ErrorKind::TimedOut.into()));
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.limited(context, bytes, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        let first = slices.iter().find(|slice| !slice.is_empty());
        self.limited(context, first.map_or(&[] as &[u8], |slice| &**slice), written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
