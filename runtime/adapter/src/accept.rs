//! `Accept`: which responses a caller takes (RFC 9110 §12.5.1).

use http::HeaderMap;
use http::header::ACCEPT;

/// Whether the caller takes a media type, in lower case. The most specific of the ranges that include it decides; without any
/// range, every response is acceptable. A caller that takes some kind of JSON, such as `application/problem+json`, takes JSON.
pub fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let lists = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut ranges = lists.flat_map(|list| list.split(',')).map(str::trim).filter(|range| !range.is_empty()).peekable();
    let verdict = |range| verdict(range, media_type);
    ranges.peek().is_none() || ranges.filter_map(verdict).max().is_some_and(|(_, accepted)| accepted)
}

/// How specific a range is that includes the media type, and whether it accepts it; `None` for other ranges.
fn verdict(range: &str, media_type: &str) -> Option<(u8, bool)> {
    let mut parts = range.split(';').map(str::trim);
    let range = parts.next()?.to_ascii_lowercase();
    let weight =
        |(name, weight): (&str, &str)| name.trim().eq_ignore_ascii_case("q").then(|| weight.trim().parse().ok());
    let weight: Option<f32> = parts.filter_map(|part| part.split_once('=')).find_map(weight).flatten();
    let accepted = weight.is_none_or(|weight| weight > 0.0);
    match range.split_once('/')? {
        _ if range == media_type => Some((3, accepted)),
        // A caller that does not take this kind of JSON may take JSON in general.
        ("application", subtype) if subtype.ends_with("+json") && media_type == "application/json" => {
            accepted.then_some((2, true))
        }
        (kind, "*") if media_type.split('/').next() == Some(kind) => Some((1, accepted)),
        ("*", "*") => Some((0, accepted)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn most_specific_range_decides() {
        let cases: [(&[&str], bool, bool); 24] = [
            (&[], true, true),
            (&[""], true, true),
            (&[" , ,"], true, true),
            (&["", "text/html"], false, false),
            (&["*/*"], true, true),
            (&["application/json"], true, false),
            (&["APPLICATION/JSON; charset=utf-8"], true, false),
            (&["text/html, application/*;q=0.1"], true, false),
            (&["text/html", "application/json"], true, false),
            (&["text/*", "application/json"], true, true),
            (&["application/vnd.x+json; q=1"], true, false),
            (&["application/problem+json"], true, false),
            (&["text/html"], false, false),
            (&["text/event-stream"], false, true),
            (&["application/json;q=0"], false, false),
            (&["application/json; Q = 0.000"], false, false),
            (&["application/json;q=x"], true, false),
            (&["*/*, application/json;q=0"], false, true),
            (&["application/json;q=0, */*;q=1"], false, true),
            (&["application/json, */*;q=0"], true, false),
            (&["application/json, application/*;q=0.0"], true, false),
            (&["application/vnd.x+json;q=0, */*"], true, true),
            (&["image/*, nonsense, ;q=1"], false, false),
            (&["application/jsonp, text/event-stream+x, json, */json"], false, false),
        ];
        for (fields, json, streams) in cases {
            let headers = fields.iter().map(|field| (ACCEPT, HeaderValue::from_static(field))).collect();
            assert_eq!(accepts(&headers, "application/json"), json, "{fields:?}");
            assert_eq!(accepts(&headers, "text/event-stream"), streams, "{fields:?}");
        }
    }
}
