//! What a client accepts at the endpoint (RFC 9110 §12.5.1).

use http::HeaderMap;
use http::header::{ACCEPT, HeaderValue};

/// The value that rmcp requires.
const BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");

/// An extension of requests whose client accepts JSON but no event stream.
#[derive(Clone, Copy)]
pub(super) struct JsonOnly;

/// Replaces `Accept` by what rmcp requires if the client accepts JSON, whether by name, by wildcard or by saying nothing.
/// Otherwise it stays, and rmcp rejects the request. Returns whether the client accepts no event stream.
pub(super) fn normalize(headers: &mut HeaderMap) -> Option<JsonOnly> {
    let streams = accepts(headers, "text", "event-stream");
    if accepts(headers, "application", "json") {
        headers.insert(ACCEPT, BOTH);
    }
    (!streams).then_some(JsonOnly)
}

/// Whether the most specific range that has the media type does not exclude it. Without any range, everything is accepted.
fn accepts(headers: &HeaderMap, kind: &str, subtype: &str) -> bool {
    let lists = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut ranges = lists.flat_map(|list| list.split(',')).map(str::trim).filter(|range| !range.is_empty()).peekable();
    if ranges.peek().is_none() {
        return true;
    }
    let matching = ranges.filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let (own_kind, own_subtype) = parts.next()?.split_once('/')?;
        let exactness = match (own_kind, own_subtype) {
            ("*", "*") => 0,
            (own, "*") if own.eq_ignore_ascii_case(kind) => 1,
            (own, own_subtype) if own.eq_ignore_ascii_case(kind) && own_subtype.eq_ignore_ascii_case(subtype) => 2,
            _ => return None,
        };
        let mut weights =
            parts.filter_map(|part| part.split_once('=')).filter(|(name, _)| name.eq_ignore_ascii_case("q"));
        let excluded = weights.any(|(_, weight)| weight.parse::<f32>() == Ok(0.0));
        Some((exactness, !excluded))
    });
    matching.max().is_some_and(|(_, accepted)| accepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_specific_range_decides_what_is_accepted() {
        for (lists, json, streams) in [
            (&[][..], true, true),
            (&["", " , "], true, true),
            (&["*/*"], true, true),
            (&["application/*;q=0.5"], true, false),
            (&["text/html", "APPLICATION/Json;charset=utf-8"], true, false),
            (&["application/json;q=0, */*"], false, true),
            (&["*/*;q=0, application/json"], true, false),
            (&["application/json; Q=0.000"], false, false),
            (&["application/json;q=x"], true, false),
            (&["application/jsonp, text/event-stream+x, json, */json"], false, false),
        ] {
            let values = lists.iter().map(|list| (ACCEPT, HeaderValue::from_static(list)));
            let headers: HeaderMap = values.collect();
            assert_eq!(accepts(&headers, "application", "json"), json, "{lists:?}");
            assert_eq!(accepts(&headers, "text", "event-stream"), streams, "{lists:?}");
        }
    }
}
