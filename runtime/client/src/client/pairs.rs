//! Names and values of queries and cookies.

use std::collections::HashSet;

use naftiko_schema::http::percent_decode;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::encoding::pair;

pub(super) fn append_query(url: &mut Url, name: &str, value: &SecretString) {
    let pair = pair(name, value.expose_secret());
    let query = url.query().map_or_else(|| pair.clone(), |query| format!("{query}&{pair}"));
    url.set_query(Some(&query));
}

pub(super) fn remove_query(url: &mut Url, names: &[&str]) {
    if !names.is_empty() {
        let others = url.query().map(|query| without(|name| names.contains(&name), query, "&"));
        url.set_query(others.as_deref().filter(|others| !others.is_empty()));
    }
}

/// Replaces all pairs with these names by these pairs.
pub(super) fn replace_query(url: &mut Url, pairs: &[(String, SecretString)]) {
    let names: HashSet<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    let mut query = without(|name| names.contains(name), url.query().unwrap_or_default(), "&");
    for (name, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(&pair(name, value.expose_secret()));
    }
    url.set_query(Some(&query).filter(|query| !query.is_empty()).map(String::as_str));
}

/// The pairs of a query or a cookie, without those whose names match.
pub(super) fn without(is_removed: impl Fn(&str) -> bool, pairs: &str, separator: &str) -> String {
    let other = |pair: &&str| {
        let found = pair.split_once('=').map_or(*pair, |(found, _)| found);
        !is_removed(&percent_decode(found))
    };
    let pairs = pairs.split(separator.trim_end()).map(str::trim).filter(|pair| !pair.is_empty());
    pairs.filter(other).collect::<Vec<_>>().join(separator)
}
