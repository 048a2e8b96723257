//! `Accept`: which responses a caller takes (RFC 9110 §12.5.1).

use http::HeaderMap;
use http::header::ACCEPT;

/// Whether the caller takes JSON. The most specific of the ranges that include it decides; without any range, every response
/// is acceptable.
pub(super) fn accepts_json(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut ranges = lists.flat_map(|list| list.split(',')).map(str::trim).filter(|range| !range.is_empty()).peekable();
    ranges.peek().is_none() || ranges.filter_map(verdict).max().is_some_and(|(_, accepted)| accepted)
}

/// How specific a range is that includes JSON, and whether it accepts it; `None` for other ranges.
fn verdict(range: &str) -> Option<(u8, bool)> {
    let mut parts = range.split(';').map(str::trim);
    let media_type = parts.next()?.to_ascii_lowercase();
    let weight =
        |(name, weight): (&str, &str)| name.trim().eq_ignore_ascii_case("q").then(|| weight.trim().parse().ok());
    let weight: Option<f32> = parts.filter_map(|part| part.split_once('=')).find_map(weight).flatten();
    let accepted = weight.is_none_or(|weight| weight > 0.0);
    match &*media_type {
        "application/json" => Some((3, accepted)),
        // It is JSON as well, but one who does not take it may take JSON in general.
        special if special.ends_with("+json") => accepted.then_some((2, true)),
        "application/*" => Some((1, accepted)),
        "*/*" => Some((0, accepted)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn most_specific_range_decides() {
        let cases: [(&[&str], bool); 20] = [
            (&[], true),
            (&[""], true),
            (&[" , ,"], true),
            (&["", "text/html"], false),
            (&["*/*"], true),
            (&["application/json"], true),
            (&["APPLICATION/JSON; charset=utf-8"], true),
            (&["text/html, application/*;q=0.1"], true),
            (&["text/html", "application/json"], true),
            (&["application/vnd.x+json; q=1"], true),
            (&["application/problem+json"], true),
            (&["text/html"], false),
            (&["application/json;q=0"], false),
            (&["application/json; Q = 0.000"], false),
            (&["*/*, application/json;q=0"], false),
            (&["application/json;q=0, */*;q=1"], false),
            (&["application/json, */*;q=0"], true),
            (&["application/json, application/*;q=0.0"], true),
            (&["application/vnd.x+json;q=0, */*"], true),
            (&["image/*, text/*, nonsense, ;q=1"], false),
        ];
        for (fields, expected) in cases {
            let headers = fields.iter().map(|field| (ACCEPT, HeaderValue::from_static(field))).collect();
            assert_eq!(accepts_json(&headers), expected, "{fields:?}");
        }
    }
}
