//! Responses that are kept, up to a number of bytes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::event::{CacheEvent, Observer};
use super::freshness::Freshness;
use crate::client::recent::Recent;

/// What an entry takes beside its bytes and its fields, in bytes.
const OVERHEAD: usize = 512;
/// What a place for a field takes in a `HeaderMap`, in bytes, its part of the index included; it may be empty.
const PLACE: usize = 112;
/// What a value takes beside its text, in bytes: its own allocation, and its owner.
const VALUE: usize = 48;
/// For how long nothing is kept of an origin where a change may still happen.
const UNSETTLED: Duration = Duration::from_secs(60);

/// Identifies a response: a hash of everything that it may depend on.
pub(super) type Key = [u8; 32];

/// A response.
pub(super) struct Entry {
    /// The name of the capability for which it was asked.
    pub(super) capability: &'static str,
    pub(super) status: StatusCode,
    pub(super) fields: HeaderMap,
    pub(super) body: Bytes,
    pub(super) received: Instant,
    pub(super) freshness: Freshness,
}

impl Entry {
    /// The memory that it takes, in bytes.
    fn size(&self) -> usize {
        let texts: usize = self.fields.iter().map(|(name, value)| name.as_str().len() + value.len() + VALUE).sum();
        self.fields.capacity() * PLACE + texts + self.body.len() + OVERHEAD
    }
}

/// Responses, of which those that were not used for the longest time make room for others. All responses of an origin are
/// forgotten when something changes there: each entry has the number of changes that its origin had when it was asked for.
pub(super) struct Store {
    capacity: usize,
    kept: Mutex<Kept>,
    /// How many bytes of responses are arriving.
    arriving: AtomicUsize,
    /// Hears what is done.
    observer: OnceLock<Observer>,
}

#[derive(Default)]
struct Kept {
    entries: Recent<Key, Slot>,
    bytes: usize,
    origins: BTreeMap<String, Origin>,
}

#[derive(Default)]
struct Origin {
    /// How often it was changed.
    changes: u64,
    /// Until when a change may still happen.
    unsettled: Option<Instant>,
}

struct Slot {
    entry: Arc<Entry>,
    size: usize,
    changes: u64,
}

/// A change of an origin: what is asked for while it lasts is not kept either, nor for a minute after it unless it is settled.
pub(super) struct Change<'s> {
    store: &'s Store,
    origin: String,
    is_settled: bool,
}

impl Change<'_> {
    /// It has happened, or never will.
    pub(super) fn settle(mut self) {
        self.is_settled = true;
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        let mut kept = self.store.kept();
        let origin = kept.changed(&self.origin);
        if !self.is_settled {
            origin.unsettled = Some(Instant::now() + UNSETTLED);
        }
    }
}

/// Bytes that are arriving.
pub(super) struct Arriving {
    store: Arc<Store>,
    bytes: usize,
}

impl Arriving {
    /// Whether there is room for so many more.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let before = self.store.arriving.fetch_add(bytes, Ordering::Relaxed);
        self.bytes = self.bytes.saturating_add(bytes);
        self.bytes <= self.store.entry_limit() && before.saturating_add(bytes) <= self.store.capacity
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.store.arriving.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Store {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, kept: Mutex::default(), arriving: AtomicUsize::new(0), observer: OnceLock::new() }
    }

    /// Lets an observer hear what is done, unless there is one.
    pub(super) fn observe(&self, observer: Observer) {
        let _ = self.observer.set(observer);
    }

    /// Says what was done for a capability.
    pub(super) fn tell(&self, capability: &'static str, event: CacheEvent) {
        if let Some(observer) = self.observer.get() {
            observer(capability, event);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The longest body that is kept, in bytes: one must not displace all others.
    pub(super) fn entry_limit(&self) -> usize {
        self.capacity / 8
    }

    /// Begins to receive a response.
    pub(super) fn arriving(self: &Arc<Self>) -> Arriving {
        Arriving { store: Arc::clone(self), bytes: 0 }
    }

    /// Begins to change an origin.
    pub(super) fn change(&self, origin: String) -> Change<'_> {
        self.kept().changed(&origin);
        Change { store: self, origin, is_settled: false }
    }

    /// How often an origin was changed, and the response with a key if nothing has changed since it was asked for.
    pub(super) fn get(&self, key: &Key, origin: &str) -> (u64, Option<Arc<Entry>>) {
        let mut kept = self.kept();
        let (changes, is_settled) = kept.state(origin);
        let Some(slot) = kept.entries.get(key) else { return (changes, None) };
        if slot.changes != changes || !is_settled {
            kept.remove(key);
            return (changes, None);
        }
        (changes, Some(Arc::clone(&slot.entry)))
    }

    /// Keeps a response that was asked for when its origin had been changed so often, and returns whether it is kept.
    pub(super) fn put(&self, key: Key, origin: &str, changes: u64, entry: Entry) -> bool {
        let size = entry.size();
        let mut kept = self.kept();
        let is_current = kept.state(origin) == (changes, true);
        kept.remove(&key);
        if !is_current || entry.body.len() > self.entry_limit() || size > self.capacity {
            return false;
        }
        kept.bytes += size;
        kept.entries.insert(key, Slot { entry: Arc::new(entry), size, changes });
        let mut evicted = Vec::new();
        while kept.bytes > self.capacity
            && let Some(oldest) = kept.entries.remove_oldest()
        {
            kept.bytes -= oldest.size;
            evicted.push(oldest.entry.capability);
        }
        drop(kept);
        evicted.into_iter().for_each(|capability| self.tell(capability, CacheEvent::Evicted));
        true
    }

    pub(super) fn remove(&self, key: &Key) {
        self.kept().remove(key);
    }
}

impl Kept {
    /// Counts a change of an origin.
    fn changed(&mut self, origin: &str) -> &mut Origin {
        let origin = self.origins.entry(origin.to_owned()).or_default();
        origin.changes += 1;
        origin
    }

    /// How often an origin was changed, and whether no change may still happen.
    fn state(&mut self, origin: &str) -> (u64, bool) {
        let Some(origin) = self.origins.get_mut(origin) else { return (0, true) };
        // What was asked for before that time and arrives after it is not kept either.
        if origin.unsettled.take_if(|until| *until <= Instant::now()).is_some() {
            origin.changes += 1;
        }
        (origin.changes, origin.unsettled.is_none())
    }

    fn remove(&mut self, key: &Key) {
        if let Some(slot) = self.entries.remove(key) {
            self.bytes -= slot.size;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::time::advance;

    use super::*;

    fn entry(length: usize) -> Entry {
        let freshness = Freshness { age: Duration::ZERO, lifetime: Duration::from_secs(1) };
        let body = Bytes::from(vec![0; length]);
        let (status, fields) = (StatusCode::OK, HeaderMap::new());
        Entry { capability: "a", status, fields, body, received: Instant::now(), freshness }
    }

    #[test]
    fn least_recently_used_response_makes_room() {
        let store = Store::new(3 * (OVERHEAD + 100));
        for key in 0..3 {
            store.put([key; 32], "a", 0, entry(100));
        }
        assert!(store.get(&[0; 32], "a").1.is_some());
        store.put([3; 32], "a", 0, entry(100));
        let there: Vec<_> = (0..4).filter(|key| store.get(&[*key; 32], "a").1.is_some()).collect();
        assert_eq!(there, [0, 2, 3]);
        store.put([0; 32], "a", 0, entry(store.entry_limit() + 1));
        assert!(store.get(&[0; 32], "a").1.is_none(), "a long one is not kept, and neither is the one before it");
    }

    #[test]
    fn memory_of_fields_counts_and_not_their_texts_only() {
        let empty = entry(100);
        let place = size_of::<http::HeaderName>() + size_of::<http::HeaderValue>();
        for count in [1_usize, 20, 200] {
            let field = |number| (format!("x-{number}").parse().expect("a name"), "v".parse().expect("a value"));
            let fields: HeaderMap = (0..count).map(field).collect();
            let memory = fields.capacity() * place + count * (VALUE + "x-0v".len());
            assert!(Entry { fields, ..entry(100) }.size() >= empty.size() + memory, "{count}");
        }
    }

    #[test]
    fn nothing_is_kept_that_was_asked_for_before_or_during_a_change() {
        let store = Store::new(1 << 20);
        store.put([0; 32], "a", 0, entry(1));
        store.put([1; 32], "b", 0, entry(1));
        let change = store.change("a".to_owned());
        let (during, before) = store.get(&[0; 32], "a");
        assert!(before.is_none());
        store.put([2; 32], "a", 0, entry(1));
        store.put([3; 32], "a", during, entry(1));
        change.settle();
        assert!([0, 2, 3].iter().all(|key| store.get(&[*key; 32], "a").1.is_none()));
        assert!(store.get(&[1; 32], "b").1.is_some(), "another origin");
        let (after, _) = store.get(&[4; 32], "a");
        store.put([4; 32], "a", after, entry(1));
        assert!(store.get(&[4; 32], "a").1.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_kept_or_returned_as_long_as_a_change_may_still_happen() {
        let store = Store::new(1 << 20);
        drop(store.change("a".to_owned()));
        // A change that is settled says nothing of the one before it.
        store.change("a".to_owned()).settle();
        let (before, _) = store.get(&[0; 32], "a");
        store.put([0; 32], "a", before, entry(1));
        assert!(store.get(&[0; 32], "a").1.is_none());
        advance(UNSETTLED).await;
        store.put([0; 32], "a", before, entry(1));
        assert!(store.get(&[0; 32], "a").1.is_none(), "it was asked for while the change could happen");
        let (after, _) = store.get(&[0; 32], "a");
        store.put([0; 32], "a", after, entry(1));
        assert!(store.get(&[0; 32], "a").1.is_some());
    }

    proptest! {
        #[test]
        fn no_more_bytes_are_kept_than_there_is_room_for(
            steps in prop::collection::vec((0_u8..20, 0_usize..3000, 0_u8..8), 0..200),
        ) {
            let store = Store::new(16 << 10);
            for (key, length, step) in steps {
                match step {
                    0 => store.change("a".to_owned()).settle(),
                    1 => store.remove(&[key; 32]),
                    2 => drop(store.get(&[key; 32], "a")),
                    _ => {
                        let (changes, _) = store.get(&[key; 32], "a");
                        let is_kept = store.put([key; 32], "a", changes, entry(length));
                        prop_assert_eq!(is_kept, store.kept().entries.peek(&[key; 32]).is_some());
                    }
                }
                let kept = store.kept();
                prop_assert!(kept.bytes <= store.capacity);
                let sizes = (0..20).filter_map(|key| kept.entries.peek(&[key; 32]).map(|slot| slot.size));
                prop_assert_eq!(kept.bytes, sizes.sum::<usize>());
            }
        }
    }
}
