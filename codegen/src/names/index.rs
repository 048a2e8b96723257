//! Look-ups in lists of names, which do not search long lists each time.

use std::collections::BTreeMap;

use super::fold;

/// Shorter lists are searched.
const FEW: usize = 16;

/// The names of a list that grows.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Each name, and what it is when folded.
    names: Vec<(String, String)>,
    /// The first item of each name of a long list.
    exact: BTreeMap<String, usize>,
    /// The items of each folded name of a long list.
    folded: BTreeMap<String, Vec<usize>>,
}

impl Index {
    /// The names of a list.
    pub(crate) fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut index = Self::default();
        names.into_iter().for_each(|name| index.push(name));
        index
    }

    fn is_long(&self) -> bool {
        self.names.len() > FEW
    }

    /// Adds the name of the next item.
    pub(crate) fn push(&mut self, name: &str) {
        let was_long = self.is_long();
        self.names.push((name.to_owned(), fold(name)));
        if self.is_long() {
            let start = if was_long { self.names.len() - 1 } else { 0 };
            for (item, (name, folded)) in self.names.iter().enumerate().skip(start) {
                self.exact.entry(name.clone()).or_insert(item);
                self.folded.entry(folded.clone()).or_default().push(item);
            }
        }
    }

    /// Gives an item another name, which is equal to its own when folded.
    pub(crate) fn rename(&mut self, item: usize, name: &str) {
        let Some((own, _)) = self.names.get_mut(item) else { return };
        let before = std::mem::replace(own, name.to_owned());
        if self.is_long() {
            if self.exact.get(&before) == Some(&item) {
                self.exact.remove(&before);
            }
            self.exact.entry(name.to_owned()).and_modify(|first| *first = item.min(*first)).or_insert(item);
        }
    }

    /// The first item of this name.
    pub(crate) fn exact(&self, name: &str) -> Option<usize> {
        if self.is_long() {
            return self.exact.get(name).copied();
        }
        self.names.iter().position(|(own, _)| own == name)
    }

    /// The items whose names are equal to it when folded.
    pub(crate) fn like(&self, name: &str) -> Vec<usize> {
        let name = fold(name);
        if self.is_long() {
            return self.folded.get(&name).cloned().unwrap_or_default();
        }
        let items = self.names.iter().enumerate().filter(|(_, (_, folded))| *folded == name);
        items.map(|(item, _)| item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_lists_find_the_same() {
        for others in [0, 2 * FEW] {
            let fill: Vec<_> = (0..others).map(|number| format!("other{number}")).collect();
            let mut index = Index::of(["user-id", "name", "userId"].into_iter().chain(fill.iter().map(String::as_str)));
            assert_eq!((index.exact("userId"), index.exact("user_id")), (Some(2), None));
            assert_eq!((index.like("USER_ID"), index.like("id")), (vec![0, 2], vec![]));
            index.rename(0, "user_id");
            assert_eq!((index.exact("user-id"), index.exact("user_id")), (None, Some(0)));
            index.push("name");
            assert_eq!((index.exact("name"), index.like("name")), (Some(1), vec![1, others + 3]));
        }
    }
}
