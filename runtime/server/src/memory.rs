//! The memory for bodies of all callers together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The portion while more is held than usual, in bytes.
pub(super) const MOST_PORTION: usize = 32 << 10;

/// The portion while much is held, in bytes.
const LEAST_PORTION: usize = 8 << 10;

/// How much bodies hold that have not come whole, or of which a part is not written yet. Clones share it.
#[derive(Clone)]
pub(super) struct Memory(Arc<Inner>);

struct Inner {
    held: AtomicUsize,
    limit: usize,
    share: usize,
}

impl Memory {
    /// This many bytes, of which one address may hold a share.
    pub(super) fn new(limit: usize, share: usize) -> Self {
        Self(Arc::new(Inner { held: AtomicUsize::new(0), limit, share }))
    }

    pub(super) fn add(&self, bytes: usize) {
        self.0.held.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn remove(&self, bytes: usize) {
        self.0.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Whether there is room for more of an address that holds this much.
    pub(super) fn has_room(&self, held: usize) -> bool {
        self.0.held.load(Ordering::Relaxed) <= self.0.limit && held <= self.0.share
    }

    /// How much of a response may be read at once, in bytes: the less the more is held. None if there is no need to care.
    pub(super) fn portion(&self) -> Option<usize> {
        let held = self.0.held.load(Ordering::Relaxed);
        match self.0.limit {
            limit if held <= limit / 16 => None,
            limit if held <= limit / 8 => Some(MOST_PORTION),
            _ => Some(LEAST_PORTION),
        }
    }

    /// Whether so much is held that callers that take nothing must go.
    pub(super) fn is_scarce(&self) -> bool {
        self.0.held.load(Ordering::Relaxed) > self.0.limit / 2
    }
}
