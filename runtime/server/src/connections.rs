//! The open connections of all ports: how many there may be, and which are closed when there are too many.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use tokio::task::AbortHandle;

use super::memory::Memory;
use super::peer::Peer;
use super::proxies::Proxies;
use super::rate::client_key;
use super::turns::Turns;

/// Open files that are no connections of callers or of requests to the upstream: listeners, logs, timers of each worker.
const OTHER_FILES: usize = 64;
/// How many connections beyond the limit are accepted while all others run a request, so that probes get a response.
const SPARE: usize = 32;
/// Of so many waiting connections one is closed when there are too many, at least one. Looking for them takes time, so several
/// are closed at once.
const BATCH: usize = 64;

/// The open connections. Clones share them.
#[derive(Clone)]
pub(super) struct Connections(Arc<Inner>);

struct Inner {
    limit: usize,
    memory: Memory,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: u64,
    open: HashMap<u64, Entry>,
    peers: HashMap<IpAddr, Arc<Peer>>,
}

struct Entry {
    peer: Arc<Peer>,
    turns: Turns,
    /// Ends the task of the connection.
    abort: Option<AbortHandle>,
}

/// An open connection. It counts until it is dropped.
pub(super) struct Open {
    connections: Connections,
    pub(super) id: u64,
    /// The address of the other side.
    address: IpAddr,
    peer: Arc<Peer>,
    pub(super) turns: Turns,
}

/// Who sent a request. It counts among those who use the server until it is dropped.
pub(super) struct Caller {
    pub(super) address: IpAddr,
    pub(super) peer: Arc<Peer>,
    /// Where it is counted, if the connection is not its own but that of a proxy.
    connections: Option<Connections>,
}

impl Connections {
    /// At most this many, and fewer if the process may not open enough files for as many requests beside them.
    pub(super) fn new(most: usize, requests: usize, memory: Memory) -> Self {
        let fitting = open_files().map_or(most, |files| {
            let free = files.saturating_sub(OTHER_FILES);
            // A running request has one connection of its caller and one to the upstream.
            free.saturating_sub(requests).max(free / 2).max(1)
        });
        Self(Arc::new(Inner { limit: most.min(fitting), memory, table: Mutex::default() }))
    }

    /// A new connection, or none if there are too many. Those that wait for their callers give way.
    pub(super) fn open(&self, address: IpAddr) -> Option<Open> {
        let table = &mut *self.table();
        if table.open.len() >= self.0.limit && table.shed() == 0 && table.open.len() >= self.0.limit + SPARE {
            return None;
        }
        let peer = table.enter(address, &self.0.memory);
        let (turns, id) = (Turns::default(), table.next);
        table.next += 1;
        table.open.insert(id, Entry { peer: peer.clone(), turns: turns.clone(), abort: None });
        Some(Open { connections: self.clone(), id, address, peer, turns })
    }

    /// The caller with an address, whose request came through another.
    fn caller(&self, address: IpAddr) -> Caller {
        let peer = self.table().enter(address, &self.0.memory);
        Caller { address, peer, connections: Some(self.clone()) }
    }

    /// Notes the task of a connection.
    pub(super) fn started(&self, id: u64, task: AbortHandle) {
        if let Some(entry) = self.table().open.get_mut(&id) {
            entry.abort = Some(task);
        }
    }

    /// Closes some connections that wait for their callers, and returns how many.
    pub(super) fn shed(&self) -> usize {
        self.table().shed()
    }

    /// Closes all of them, whatever they do.
    pub(super) fn close(&self) {
        self.table().open.values().filter_map(|entry| entry.abort.as_ref()).for_each(AbortHandle::abort);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Who sent a request, as far as proxies are trusted.
    pub(super) fn caller(&self, proxies: &Proxies, headers: &HeaderMap) -> Caller {
        match proxies.caller(self.address, headers) {
            address if address == self.address.to_canonical() => {
                Caller { address, peer: self.peer.clone(), connections: None }
            }
            address => self.connections.caller(address),
        }
    }
}

impl Table {
    /// Counts a user of an address.
    fn enter(&mut self, address: IpAddr, memory: &Memory) -> Arc<Peer> {
        let peer =
            self.peers.entry(client_key(address)).or_insert_with(|| Arc::new(Peer::new(address, memory.clone())));
        peer.connections.fetch_add(1, Ordering::Relaxed);
        peer.clone()
    }

    /// Counts it no longer.
    fn leave(&mut self, peer: &Peer) {
        if peer.connections.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.peers.remove(&client_key(peer.address));
        }
    }

    /// Closes those that have waited longest, of the addresses with most connections.
    fn shed(&mut self) -> usize {
        let waiting = self.open.iter().filter_map(|(id, entry)| {
            // Addresses with about as many are the same crowd.
            let crowd = entry.peer.connections.load(Ordering::Relaxed).checked_ilog2().unwrap_or_default();
            Some((u32::MAX - crowd, entry.turns.waits_since()?, *id))
        });
        let mut waiting: Vec<_> = waiting.collect();
        let count = waiting.len() / BATCH + 1;
        if count < waiting.len() {
            waiting.select_nth_unstable(count);
            waiting.truncate(count);
        }
        waiting.retain(|(_, _, id)| self.open.get(id).is_some_and(|entry| entry.turns.close()));
        for (_, _, id) in &waiting {
            if let Some(task) = self.open.remove(id).and_then(|entry| entry.abort) {
                task.abort();
            }
        }
        waiting.len()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let table = &mut *self.connections.table();
        table.open.remove(&self.id);
        table.leave(&self.peer);
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        if let Some(connections) = &self.connections {
            connections.table().leave(&self.peer);
        }
    }
}

/// How many files the process may have open.
fn open_files() -> Option<usize> {
    #[cfg(unix)]
    return rustix::process::getrlimit(rustix::process::Resource::Nofile).current.and_then(|most| most.try_into().ok());
    #[cfg(not(unix))]
    return None;
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn connections(limit: usize) -> Connections {
        Connections(Arc::new(Inner { limit, memory: Memory::new(0, 0), table: Mutex::default() }))
    }

    fn from(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn those_that_wait_longest_give_way() {
        let connections = connections(3);
        let open: Vec<_> = (0..3).map(|_| connections.open(from(1)).expect("there is room")).collect();
        std::thread::sleep(std::time::Duration::from_millis(5));
        let running = open[0].turns.begin(Instant::now());
        drop(open[1].turns.begin(Instant::now()));
        let more = connections.open(from(1)).expect("one gives way");
        assert!(running.is_some() && open[2].turns.begin(Instant::now()).is_none(), "the oldest that waits gives way");
        assert!(open[1].turns.begin(Instant::now()).is_some() && more.turns.begin(Instant::now()).is_some());
    }

    #[test]
    fn the_address_with_most_connections_gives_way() {
        let connections = connections(9);
        let few = connections.open(from(1)).expect("there is room");
        std::thread::sleep(std::time::Duration::from_millis(5));
        let many: Vec<_> = (0..8).map(|_| connections.open(from(2)).expect("there is room")).collect();
        let more: Vec<_> = (0..4).map(|_| connections.open(from(3)).expect("some give way")).collect();
        assert!(
            few.turns.begin(Instant::now()).is_some()
                && more.iter().all(|open| open.turns.begin(Instant::now()).is_some())
        );
        assert!(many.iter().any(|open| open.turns.begin(Instant::now()).is_none()));
    }

    #[test]
    fn connections_with_requests_leave_a_few_for_probes() {
        let connections = connections(10);
        let open: Vec<_> = (0..10).map(|_| connections.open(from(1)).expect("there is room")).collect();
        let running: Vec<_> = open.iter().map(|open| open.turns.begin(Instant::now()).expect("it is open")).collect();
        let spare = (0..SPARE).map(|_| {
            let open = connections.open(from(1)).expect("a few more");
            let turn = open.turns.begin(Instant::now()).expect("it is open");
            (turn, open)
        });
        let spare: Vec<_> = spare.collect();
        assert!(connections.open(from(2)).is_none());
        drop(running);
        assert!(connections.open(from(2)).is_some());
        drop((open, spare));
        assert!(connections.table().peers.is_empty() && connections.table().open.is_empty());
    }
}
