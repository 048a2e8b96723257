//! Header fields of the upstream's responses: which of them callers get, and what takes the place of the upstream's address.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use naftiko_client::__private::REDACTED;

use super::browser;
use super::references::References;

/// Fields about the response or its content (RFC 9110 §8, §10.2), which callers get. All others are about the upstream's
/// connection, server or site, such as `Via`, `Strict-Transport-Security` and `WWW-Authenticate`, or unknown. An operation may
/// name more.
const PASSED: [HeaderName; 15] = [
    header::AGE,
    header::CACHE_CONTROL,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_TYPE,
    header::ETAG,
    header::EXPIRES,
    header::LAST_MODIFIED,
    header::PRAGMA,
    HeaderName::from_static("preference-applied"),
    header::RETRY_AFTER,
    header::VARY,
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("x-total-count"),
];

/// Fields about the bytes of the content, which callers get only with these bytes.
const ABOUT_BYTES: [HeaderName; 6] = [
    header::ACCEPT_RANGES,
    header::CONTENT_RANGE,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
];

/// How many fields the usual response has, with those that the server adds. A map of this capacity need not grow.
const USUAL_FIELDS: usize = 12;

/// What callers get of the upstream's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// The same bytes.
    Same,
    /// Other bytes.
    Changed,
}

/// The fields that callers get. References to the upstream are rewritten, or left out.
pub(super) fn passed(fields: HeaderMap, references: &References<'_>, content: Content) -> HeaderMap {
    let of_connection = of_connection(&fields);
    let named = references.operation().map_or(&[][..], |operation| &operation.response_fields);
    let is_passed = |name: &HeaderName| {
        let is = |other: &str| name.as_str().eq_ignore_ascii_case(other);
        let known = PASSED.contains(name) || (content == Content::Same && ABOUT_BYTES.contains(name));
        let named = || named.iter().any(|other| is(other)) && !browser::is_command(name);
        (known || named()) && !of_connection.contains(name)
    };
    let mut passed = HeaderMap::with_capacity(fields.len().max(USUAL_FIELDS));
    let mut last = None;
    // Of several fields with one name, only the first comes with it.
    for (name, value) in fields {
        last = name.or(last);
        // Of an API error, whole values are redacted. What is left is not a value of the field.
        let Some(name) = last.as_ref().filter(|_| value != REDACTED) else { continue };
        match name {
            &header::LOCATION => passed.extend(rewritten(references, name, &value)),
            &header::CONTENT_LOCATION if content == Content::Same => {
                passed.extend(rewritten(references, name, &value));
            }
            &header::LINK => {
                let links = value.to_str().map(|field| references.links(field)).unwrap_or_default();
                for link in links.iter().filter_map(|link| HeaderValue::try_from(link).ok()) {
                    passed.append(header::LINK, link);
                }
            }
            name if is_passed(name) => drop(passed.append(name, value)),
            _ => {}
        }
    }
    // Responses may contain secrets, so caches must not store them unless the upstream allows it (RFC 9111 §5.2.2.5).
    passed.entry(header::CACHE_CONTROL).or_insert(const { HeaderValue::from_static("no-store") });
    browser::contain(&mut passed);
    passed
}

/// The fields that a message names as those of its connection, which no one behind it gets (RFC 9110 §7.6.1).
pub(super) fn of_connection(fields: &HeaderMap) -> Vec<HeaderName> {
    let lists = fields.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).filter_map(|name| name.trim().parse().ok()).collect()
}

/// A field whose value is a reference, with a path of this server in its place.
fn rewritten(references: &References<'_>, name: &HeaderName, value: &HeaderValue) -> Option<(HeaderName, HeaderValue)> {
    let path = references.rewritten(value.to_str().ok()?)?;
    Some((name.clone(), HeaderValue::try_from(path).ok()?))
}
