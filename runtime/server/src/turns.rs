//! Whose turn it is on a connection: the caller's, to send a request, or the server's, to respond.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

/// Set while the server's turn waits for the caller all the same, who has not sent the whole body.
const WAITS: u64 = 1 << 62;
/// Set when the connection is closed. No turn begins any more.
const CLOSED: u64 = 1 << 63;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The turns of a connection. Clones share them.
#[derive(Clone)]
pub(super) struct Turns(Arc<Inner>);

struct Inner {
    number: AtomicU64,
    /// When the last turn of the server began, or else the connection, in milliseconds.
    since: AtomicU64,
    /// Whether the head that was read last is whole and has no length.
    without_length: AtomicBool,
}

/// The server's turn. The caller's begins when it is dropped.
pub(super) struct Turn(Turns);

/// A wait for the rest of a request.
pub(super) struct Wait<'t>(&'t Turns);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Inner {
            number: AtomicU64::new(0),
            since: AtomicU64::new(now()),
            without_length: AtomicBool::new(false),
        }))
    }
}

impl Turns {
    /// Begins the server's turn, unless the connection is closed.
    pub(super) fn begin(&self) -> Option<Turn> {
        self.0.since.store(now(), Ordering::Relaxed);
        let before = self.0.number.fetch_add(1, Ordering::Relaxed);
        let turn = Turn(self.clone());
        (before & CLOSED == 0).then_some(turn)
    }

    /// Notes a head that is whole and has no length.
    pub(super) fn note_head_without_length(&self) {
        self.0.without_length.store(true, Ordering::Relaxed);
    }

    /// The number of the turn, and whether it is the server's.
    pub(super) fn current(&self) -> (u64, bool) {
        let number = self.0.number.load(Ordering::Relaxed) & !(WAITS | CLOSED);
        (number, number % 2 == 1)
    }

    /// Since when the connection waits for its caller, if it does, as a number that only grows.
    pub(super) fn waits_since(&self) -> Option<u64> {
        let waits = is_waiting(self.0.number.load(Ordering::Relaxed));
        waits.then(|| self.0.since.load(Ordering::Relaxed))
    }

    /// Closes the connection if it waits for its caller, and returns whether it did.
    pub(super) fn close(&self) -> bool {
        let closed = |number| is_waiting(number).then_some(number | CLOSED);
        self.0.number.fetch_update(Ordering::Relaxed, Ordering::Relaxed, closed).is_ok()
    }
}

impl Turn {
    /// Whether the head of the request is known to have no length.
    pub(super) fn is_without_length(&self) -> bool {
        self.0.0.without_length.swap(false, Ordering::Relaxed)
    }

    /// Waits for the caller until the value that is returned is dropped.
    pub(super) fn wait(&self) -> Wait<'_> {
        self.0.0.number.fetch_or(WAITS, Ordering::Relaxed);
        Wait(&self.0)
    }
}

impl Wait<'_> {
    /// Ends the wait, and returns whether the connection is still open.
    pub(super) fn end(self) -> bool {
        self.0.0.number.fetch_and(!WAITS, Ordering::Relaxed) & CLOSED == 0
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.0.0.number.fetch_and(!WAITS, Ordering::Relaxed);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.0.number.fetch_add(1, Ordering::Relaxed);
    }
}

fn is_waiting(number: u64) -> bool {
    number & CLOSED == 0 && (number.is_multiple_of(2) || number & WAITS != 0)
}

fn now() -> u64 {
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_connections_that_wait_for_their_caller_are_closed() {
        let turns = Turns::default();
        let turn = turns.begin().expect("it is open");
        assert!(!turns.close() && turns.waits_since().is_none(), "a request runs");
        let wait = turn.wait();
        assert!(turns.waits_since().is_some() && wait.end(), "the body came");
        assert!(!turns.close(), "a request runs");
        drop(turn);
        let other = Turns::default();
        let turn = other.begin().expect("it is open");
        let wait = turn.wait();
        assert!(other.close() && !wait.end(), "it was closed while the body was awaited");
        assert!(turns.close() && turns.begin().is_none(), "nothing begins after that");
        assert!(!turns.close() && turns.waits_since().is_none(), "it is closed once");
    }
}
