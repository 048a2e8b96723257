//! The memory that long responses may take, as long as they are read whole.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The size of a permit, in bytes.
const UNIT: usize = 1 << 10;

/// Memory for long responses that are read whole. Clones share it, and so do all clients that are built with one of them: a
/// response waits until there is room for it, and makes room when its bytes are dropped.
#[derive(Clone, Debug)]
pub struct Room {
    permits: Arc<Semaphore>,
    units: u32,
}

/// A part of the room.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Room {
    /// Room for this many bytes.
    pub fn new(bytes: usize) -> Self {
        let units = u32::try_from((bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX >> 3);
        Self { permits: Arc::new(Semaphore::new(units as usize)), units }
    }

    /// Waits until there is room for this many bytes. What needs more than all of it gets all of it.
    pub(super) async fn take(&self, bytes: usize) -> Option<Place> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.units);
        // The semaphore is never closed.
        let permit = Arc::clone(&self.permits).acquire_many_owned(units).await.ok()?;
        Some(Place { _permit: permit })
    }
}

/// Bytes in their place.
struct Placed {
    bytes: Bytes,
    _place: Place,
}

impl AsRef<[u8]> for Placed {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Place {
    /// The same bytes, which have the place until they are dropped.
    pub(super) fn hold(self, bytes: Bytes) -> Bytes {
        Bytes::from_owner(Placed { bytes, _place: self })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn room_is_free_again_when_all_bytes_are_dropped() {
        let room = Room::new(100 << 10);
        let first = room.take(60 << 10).await.expect("there is room").hold(Bytes::from_static(b"first"));
        let part = first.slice(1..2);
        drop(first);
        assert!(room.take(60 << 10).now_or_never().is_none());
        drop(part);
        assert!(room.take(60 << 10).now_or_never().is_some());
    }

    #[tokio::test]
    async fn more_than_the_room_takes_all_of_it() {
        let room = Room::new(1);
        let place = room.take(usize::MAX).await;
        assert!(place.is_some() && room.take(1).now_or_never().is_none());
    }
}
