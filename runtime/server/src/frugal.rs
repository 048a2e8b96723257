//! Connections to the upstream, of which less is read at once while much is held for slow callers.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};

use super::memory::{MOST_PORTION, Memory};

thread_local! {
    /// Whether the next read of this thread waits for one turn of its other tasks.
    static PAUSES: Cell<bool> = const { Cell::new(false) };
}

/// Lets other tasks of this thread run before anything else is read. What is read next is of the connection that is being
/// polled, because a thread polls one at a time.
pub(super) fn pause_reading() {
    PAUSES.set(true);
}

/// A connection to the upstream.
pub(super) struct Frugal<S> {
    stream: S,
    memory: Option<Memory>,
}

impl<S> Frugal<S> {
    pub(super) fn new(stream: S, memory: Option<Memory>) -> Self {
        Self { stream, memory }
    }
}

impl<S: Read + Unpin> Frugal<S> {
    /// Reads at most this much. It has a function of its own, because every call of it has to prepare its large part of the stack.
    #[inline(never)]
    fn poll_read_portion(
        &mut self,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
        portion: usize,
    ) -> Poll<io::Result<()>> {
        let mut bytes = [0; MOST_PORTION];
        let length = buffer.remaining().min(portion);
        let mut little = ReadBuf::new(bytes.get_mut(..length).unwrap_or_default());
        ready!(Pin::new(&mut self.stream).poll_read(context, little.unfilled()))?;
        buffer.put_slice(little.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: Read + Unpin> Read for Frugal<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if PAUSES.take() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        match self.memory.as_ref().and_then(Memory::portion) {
            None => Pin::new(&mut self.stream).poll_read(context, buffer),
            Some(portion) => self.poll_read_portion(context, buffer, portion),
        }
    }
}

impl<S: Write + Unpin> Write for Frugal<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
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

impl<S: Connection> Connection for Frugal<S> {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}
