//! Whose turn it is on a connection: the caller's, to send a request, or the server's, to respond.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The turns of a connection. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<AtomicU64>);

/// The server's turn. The caller's begins when it is dropped.
pub(super) struct Turn(Turns);

impl Turns {
    pub(super) fn begin(&self) -> Turn {
        self.0.fetch_add(1, Ordering::Relaxed);
        Turn(self.clone())
    }

    /// The number of the turn, and whether it is the server's.
    pub(super) fn current(&self) -> (u64, bool) {
        let number = self.0.load(Ordering::Relaxed);
        (number, number % 2 == 1)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}
