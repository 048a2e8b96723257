//! Look-ups in long lists of names, which do not search the list each time.

use std::collections::BTreeMap;

use super::fold;

/// The names of a list that grows.
#[derive(Debug, Default)]
pub(crate) struct Index {
    exact: BTreeMap<String, usize>,
    folded: BTreeMap<String, Vec<usize>>,
    length: usize,
}

impl Index {
    /// The names of a list.
    pub(crate) fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut index = Self::default();
        names.into_iter().for_each(|name| index.push(name));
        index
    }

    /// Adds the name of the next item.
    pub(crate) fn push(&mut self, name: &str) {
        self.exact.entry(name.to_owned()).or_insert(self.length);
        self.folded.entry(fold(name)).or_default().push(self.length);
        self.length += 1;
    }

    /// Gives an item another name, which is equal to its own when folded.
    pub(crate) fn rename(&mut self, item: usize, before: &str, name: &str) {
        if self.exact.get(before) == Some(&item) {
            self.exact.remove(before);
        }
        self.exact.entry(name.to_owned()).and_modify(|first| *first = item.min(*first)).or_insert(item);
    }

    /// The first item of this name.
    pub(crate) fn exact(&self, name: &str) -> Option<usize> {
        self.exact.get(name).copied()
    }

    /// The items whose names are equal to it when folded.
    pub(crate) fn like(&self, name: &str) -> &[usize] {
        self.folded.get(&fold(name)).map_or(&[], Vec::as_slice)
    }
}
