//! Values in the order of their last use, so that those that were not used for the longest time can make room.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// Values by their keys, in the order of their last use. Each step takes logarithmic time.
pub(super) struct Recent<K, V> {
    values: HashMap<K, (V, u64)>,
    /// The keys by the number of their last use.
    order: BTreeMap<u64, K>,
    uses: u64,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { values: HashMap::new(), order: BTreeMap::new(), uses: 0 }
    }
}

impl<K: Clone + Eq + Hash, V> Recent<K, V> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The value with a key, which does not count as a use.
    pub(super) fn peek(&self, key: &K) -> Option<&V> {
        self.values.get(key).map(|(value, _)| value)
    }

    /// The value with a key, which is used by this.
    pub(super) fn get(&mut self, key: &K) -> Option<&V> {
        let (value, used) = self.values.get_mut(key)?;
        let key = self.order.remove(used).unwrap_or_else(|| key.clone());
        self.uses += 1;
        *used = self.uses;
        self.order.insert(self.uses, key);
        Some(value)
    }

    /// Keeps a value, which counts as a use, and returns the one that had its key.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let before = self.remove(&key);
        self.uses += 1;
        self.order.insert(self.uses, key.clone());
        self.values.insert(key, (value, self.uses));
        before
    }

    /// Takes the value with a key.
    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let (value, used) = self.values.remove(key)?;
        self.order.remove(&used);
        Some(value)
    }

    /// Takes the value that was not used for the longest time.
    pub(super) fn remove_oldest(&mut self) -> Option<V> {
        let (_, key) = self.order.pop_first()?;
        self.values.remove(&key).map(|(value, _)| value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn order_is_that_of_a_list_to_whose_end_each_use_moves_a_key(
            steps in prop::collection::vec((0_u8..5, 0_u8..8), 0..100),
        ) {
            let (mut recent, mut list) = (Recent::default(), Vec::<(u8, usize)>::new());
            for (number, (step, key)) in steps.into_iter().enumerate() {
                let known = list.iter().position(|(known, _)| *known == key);
                prop_assert_eq!(recent.peek(&key).copied(), known.map(|index| list[index].1));
                match step {
                    0 => prop_assert_eq!(recent.remove(&key), known.map(|index| list.remove(index).1)),
                    1 => {
                        let oldest = (!list.is_empty()).then(|| list.remove(0).1);
                        prop_assert_eq!(recent.remove_oldest(), oldest);
                    }
                    2 => {
                        let used = known.map(|index| list.remove(index));
                        prop_assert_eq!(recent.get(&key).copied(), used.map(|(_, value)| value));
                        list.extend(used);
                    }
                    _ => {
                        prop_assert_eq!(recent.insert(key, number), known.map(|index| list.remove(index).1));
                        list.push((key, number));
                    }
                }
                prop_assert_eq!((recent.len(), recent.order.len()), (list.len(), list.len()));
            }
        }
    }
}
