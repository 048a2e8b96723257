//! Callers by their address, and what each holds of what all share.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::body::Bytes;

use super::memory::Memory;

/// Shorter pieces of a response are not counted: they fit into buffers that each connection has anyway.
const COUNTED: usize = 8 << 10;

/// A caller: an IPv4 address or an IPv6 network.
pub(super) struct Peer {
    /// The address of its first connection.
    pub(super) address: IpAddr,
    /// Its open connections.
    pub(super) connections: AtomicUsize,
    /// Its permits.
    pub(super) permits: AtomicUsize,
    /// The memory of its bodies, in bytes.
    held: AtomicUsize,
    pub(super) memory: Memory,
}

/// Memory that a caller holds.
pub(super) struct Held {
    peer: Arc<Peer>,
    bytes: usize,
}

impl Peer {
    pub(super) fn new(address: IpAddr, memory: Memory) -> Self {
        let [connections, permits, held] = [0; 3].map(AtomicUsize::new);
        Self { address, connections, permits, held, memory }
    }

    /// Whether it may hold more memory.
    pub(super) fn has_room(&self) -> bool {
        self.memory.has_room(self.held.load(Ordering::Relaxed))
    }
}

impl Held {
    /// No memory yet.
    pub(super) fn new(peer: &Arc<Peer>) -> Self {
        Self { peer: peer.clone(), bytes: 0 }
    }

    /// Counts more bytes, and returns whether there is room for them.
    pub(super) fn grow(&mut self, more: usize) -> bool {
        self.bytes += more;
        self.peer.held.fetch_add(more, Ordering::Relaxed);
        self.peer.memory.add(more);
        self.peer.has_room()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.peer.held.fetch_sub(self.bytes, Ordering::Relaxed);
        self.peer.memory.remove(self.bytes);
    }
}

/// The same bytes, which count as held until the last part of them is written.
pub(super) fn counted(peer: &Arc<Peer>, bytes: Bytes) -> Bytes {
    if bytes.len() < COUNTED {
        return bytes;
    }
    let mut held = Held::new(peer);
    held.grow(bytes.len());
    Bytes::from_owner(Counted { bytes, _held: held })
}

struct Counted {
    bytes: Bytes,
    _held: Held,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_held_until_the_last_part_is_gone() {
        let memory = Memory::new(100_000, 50_000);
        let peer = Arc::new(Peer::new([192, 0, 2, 1].into(), memory.clone()));
        let mut bytes = counted(&peer, vec![0; 40_000].into());
        let part = bytes.split_to(10);
        assert!(peer.has_room() && !memory.is_scarce());
        let other = counted(&peer, vec![0; 20_000].into());
        assert!(!peer.has_room() && memory.is_scarce() && memory.has_room(0), "only its share is used up");
        drop((bytes, other));
        assert!(peer.has_room() && !memory.has_room(50_001));
        let more = counted(&peer, vec![0; 70_000].into());
        assert!(!memory.has_room(0), "everything is used up");
        drop((part, more));
        assert!(memory.has_room(0) && !memory.is_scarce() && peer.has_room());
        assert_eq!(counted(&peer, Bytes::from_static(b"short")), Bytes::from_static(b"short"));
    }
}
