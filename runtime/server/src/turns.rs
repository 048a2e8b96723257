//! Whose turn it is on a connection: the caller's, to send a request, or the server's, to respond.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use super::heads::Lengths;

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
    /// The lengths of the head that was read last.
    lengths: AtomicU8,
    /// Whether the rest of a request is not read any more.
    is_unread: AtomicBool,
}

/// The server's turn. The caller's begins when it is dropped.
pub(super) struct Turn(Turns);

/// A wait for the rest of a request.
pub(super) struct Wait<'t>(&'t Turns);

impl Default for Turns {
    fn default() -> Self {
        let since = milliseconds(Instant::now());
        Self(Arc::new(Inner {
            number: AtomicU64::new(0),
            since: AtomicU64::new(since),
            lengths: AtomicU8::new(0),
            is_unread: AtomicBool::new(false),
        }))
    }
}

impl Turns {
    /// Begins the server's turn, unless the connection is closed.
    pub(super) fn begin(&self, now: Instant) -> Option<Turn> {
        self.0.since.store(milliseconds(now), Ordering::Relaxed);
        let before = self.0.number.fetch_add(1, Ordering::Relaxed);
        let turn = Turn(self.clone());
        (before & CLOSED == 0).then_some(turn)
    }

    /// Notes the lengths of a head that is whole.
    pub(super) fn note_lengths(&self, lengths: Lengths) {
        self.0.lengths.store(lengths as u8, Ordering::Relaxed);
    }

    /// The number of the turn, and whether it is the server's.
    pub(super) fn current(&self) -> (u64, bool) {
        let number = self.0.number.load(Ordering::Relaxed) & !(WAITS | CLOSED);
        (number, number % 2 == 1)
    }

    /// Whether the rest of the last request is not read any more.
    pub(super) fn is_unread(&self) -> bool {
        self.0.is_unread.load(Ordering::Relaxed)
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
    /// How many lengths the head of the request has. They are unknown after this.
    pub(super) fn lengths(&self) -> Lengths {
        let lengths = &self.0.0.lengths;
        // Only the task of the connection changes it, so this needs no exchange.
        let found = lengths.load(Ordering::Relaxed);
        lengths.store(Lengths::Unknown as u8, Ordering::Relaxed);
        [Lengths::None, Lengths::One, Lengths::Several]
            .into_iter()
            .find(|known| *known as u8 == found)
            .unwrap_or_default()
    }

    /// Notes that the rest of the request is not read any more.
    pub(super) fn note_unread(&self) {
        self.0.0.is_unread.store(true, Ordering::Relaxed);
    }

    /// Waits for the caller as long as the turn lasts.
    pub(super) fn wait_to_its_end(&self) {
        self.0.0.number.fetch_or(WAITS, Ordering::Relaxed);
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
        if self.0.0.number.load(Ordering::Relaxed) & WAITS != 0 {
            self.0.0.number.fetch_and(!WAITS, Ordering::Relaxed);
        }
        self.0.0.number.fetch_add(1, Ordering::Relaxed);
    }
}

fn is_waiting(number: u64) -> bool {
    number & CLOSED == 0 && (number.is_multiple_of(2) || number & WAITS != 0)
}

/// The time since the first connection.
fn milliseconds(now: Instant) -> u64 {
    u64::try_from(now.duration_since(*START).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_connections_that_wait_for_their_caller_are_closed() {
        let turns = Turns::default();
        let turn = turns.begin(Instant::now()).expect("it is open");
        assert!(!turns.close() && turns.waits_since().is_none(), "a request runs");
        let wait = turn.wait();
        assert!(turns.waits_since().is_some() && wait.end(), "the body came");
        assert!(!turns.close(), "a request runs");
        drop(turn);
        let other = Turns::default();
        let turn = other.begin(Instant::now()).expect("it is open");
        let wait = turn.wait();
        assert!(other.close() && !wait.end(), "it was closed while the body was awaited");
        let turn = turns.begin(Instant::now()).expect("it is open");
        turn.wait_to_its_end();
        assert!(turns.waits_since().is_some(), "the caller waits for news");
        drop(turn);
        let turn = turns.begin(Instant::now()).expect("it is open");
        assert!(turns.waits_since().is_none(), "the next request runs");
        drop(turn);
        assert!(turns.close() && turns.begin(Instant::now()).is_none(), "nothing begins after that");
        assert!(!turns.close() && turns.waits_since().is_none(), "it is closed once");
    }
}
