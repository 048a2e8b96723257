//! Compares names regardless of their spelling: `page_token`, `pageToken`, `page[token]`. Lists of known names use only
//! lower-case letters and digits, such as `pagetoken`.

use serde_json::Value;

/// Names of objects that may contain information about a list.
const ENVELOPES: &[&str] = &[
    "meta",
    "metadata",
    "responsemetadata",
    "pagination",
    "paging",
    "page",
    "pageinfo",
    "cursors",
    "links",
    "next",
    "data",
    "result",
    "response",
    "embedded",
    "payload",
];

/// The maximum nesting of envelopes: `_links.next.href`, `paging.cursors.after`.
const DEPTH: usize = 2;

fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

/// A name as lower-case letters and digits.
pub(super) fn plain(name: &str) -> String {
    letters(name).collect()
}

/// The index of a name in a list of known names.
pub fn rank(name: &str, names: &[&str]) -> Option<usize> {
    names.iter().position(|other| letters(name).eq(other.chars()))
}

/// The member with the first of these names that `read` accepts, as close to the root as possible.
pub(super) fn find<'a, T>(document: &'a Value, names: &[&str], read: impl Fn(&'a Value) -> Option<T>) -> Option<T> {
    find_within(document, names, DEPTH, &read)
}

fn find_within<'a, T>(
    value: &'a Value,
    names: &[&str],
    depth: usize,
    read: &impl Fn(&'a Value) -> Option<T>,
) -> Option<T> {
    let members = value.as_object()?;
    let here = members.iter().filter_map(|(name, value)| Some((rank(name, names)?, read(value)?)));
    if let Some((_, found)) = here.min_by_key(|(rank, _)| *rank) {
        return Some(found);
    }
    let depth = depth.checked_sub(1)?;
    let envelopes = members.iter().filter(|(name, _)| rank(name, ENVELOPES).is_some());
    envelopes.map(|(_, value)| value).find_map(|value| find_within(value, names, depth, read))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_match_in_any_spelling() {
        for name in ["pagenumber", "page_number", "pageNumber", "page[number]", "PAGE-NUMBER", "$page.number"] {
            assert_eq!(rank(name, &["page", "pagenumber"]), Some(1), "{name}");
        }
        assert_eq!(rank("pages", &["page"]), None);
        assert_eq!(rank("[]", &["page"]), None);
    }

    #[test]
    fn members_near_the_root_come_first_then_the_order_of_names() {
        let document = json!({"b": 1, "meta": {"a": 2}});
        assert_eq!(find(&document, &["a", "b"], Value::as_u64), Some(1));
        let document = json!({"b": 1, "A": 2});
        assert_eq!(find(&document, &["a", "b"], Value::as_u64), Some(2));
        let document = json!({"a": "text", "data": {"meta": {"a": 3}}});
        assert_eq!(find(&document, &["a"], Value::as_u64), Some(3));
        let document = json!({"data": {"data": {"data": {"a": 4}}}, "item": {"a": 5}});
        assert_eq!(find(&document, &["a"], Value::as_u64), None);
    }
}
