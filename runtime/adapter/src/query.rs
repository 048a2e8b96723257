//! JSONPath queries (RFC 9535) in paths. They are compiled once in a program, and only if the feature `json-path` is on; the
//! tables of a program without it have no queries.

use serde_json::Value;

/// All that a query selects. A number that a [`Value`] cannot hold is compared by the float of 64 bits next to it, as all numbers
/// are, and selected with its digits.
#[cfg(feature = "json-path")]
pub(crate) fn nodes<'d>(text: &str, document: &'d Value) -> Vec<&'d Value> {
    use serde_json_path::PathElement;

    let Some(query) = compiled(text) else { return Vec::new() };
    let plain = text.contains('?').then(|| crate::numbers::plain(document)).flatten();
    let Some(plain) = plain else { return query.query(document).all() };
    let located = query.query_located(&plain);
    let nodes = located.locations().filter_map(|location| {
        location.iter().try_fold(document, |value, element| match element {
            PathElement::Name(name) => value.get(*name),
            PathElement::Index(index) => value.get(*index),
        })
    });
    nodes.collect()
}

#[cfg(not(feature = "json-path"))]
pub(crate) fn nodes<'d>(_: &str, _: &'d Value) -> Vec<&'d Value> {
    Vec::new()
}

/// The query of a text; `None` if it is not one, which the compiler has refused.
#[cfg(feature = "json-path")]
fn compiled(text: &str) -> Option<std::sync::Arc<serde_json_path::JsonPath>> {
    use std::collections::BTreeMap;
    use std::sync::{Arc, PoisonError, RwLock};

    use serde_json_path::JsonPath;

    static COMPILED: RwLock<BTreeMap<String, Option<Arc<JsonPath>>>> = RwLock::new(BTreeMap::new());

    if let Some(known) = COMPILED.read().unwrap_or_else(PoisonError::into_inner).get(text) {
        return known.clone();
    }
    let query = JsonPath::parse(text).ok().map(Arc::new);
    COMPILED.write().unwrap_or_else(PoisonError::into_inner).insert(text.to_owned(), query.clone());
    query
}
