//! `Accept`: which responses a caller takes (RFC 9110 §12.5.1).

use http::HeaderMap;
use http::header::ACCEPT;

/// Whether the caller takes a media type, in lower case. The most specific of the ranges that include it decides; without any
/// range, every response is acceptable. A caller that takes some kind of JSON, such as `application/problem+json`, takes JSON.
pub fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let lists = headers.get_all(ACCEPT).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let mut ranges = lists.map(<[u8]>::trim_ascii).filter(|range| !range.is_empty()).peekable();
    let verdict = |range| verdict(range, media_type);
    ranges.peek().is_none() || ranges.filter_map(verdict).max().is_some_and(|(_, accepted)| accepted)
}

/// How specific a range is that includes the media type, and whether it accepts it; `None` for other ranges.
fn verdict(range: &[u8], media_type: &str) -> Option<(u8, bool)> {
    let end = range.iter().position(|byte| *byte == b';').unwrap_or(range.len());
    let (range, parameters) = range.split_at_checked(end)?;
    let accepted = weight(parameters).is_none_or(|weight| weight > 0.0);
    let range = range.trim_ascii();
    if range.eq_ignore_ascii_case(media_type.as_bytes()) {
        return Some((3, accepted));
    }
    let slash = range.iter().position(|byte| *byte == b'/')?;
    let (kind, subtype) = (range.get(..slash)?, range.get(slash + 1..)?);
    match subtype {
        b"*" if kind == b"*" => Some((0, accepted)),
        b"*" => media_type.split('/').next()?.as_bytes().eq_ignore_ascii_case(kind).then_some((1, accepted)),
        // A caller that does not take this kind of JSON may take JSON in general.
        _ => (accepted
            && media_type == "application/json"
            && kind.eq_ignore_ascii_case(b"application")
            && subtype.last_chunk().is_some_and(|end: &[u8; 5]| end.eq_ignore_ascii_case(b"+json")))
        .then_some((2, true)),
    }
}

/// The weight among the parameters of a range (RFC 9110 §12.4.2).
fn weight(parameters: &[u8]) -> Option<f32> {
    let parameters = std::str::from_utf8(parameters).ok().filter(|parameters| !parameters.is_empty())?;
    let mut parameters = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let (_, weight) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))?;
    weight.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

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

    const RANGES: &[&str] = &[
        "application/json",
        "application/*",
        "*/*",
        "text/html",
        "application/problem+json",
        "text/event-stream",
        "text/*",
        "",
        "json",
        "é",
        "application/json-seq",
    ];
    const PARAMETERS: &[&str] = &[
        "",
        ";q=0",
        ";q=1",
        "; Q = 0.5",
        ";q=x",
        ";q=0.000",
        ";charset=utf-8",
        ";q=",
        ";;",
        ";q=-1",
        ";q=NaN",
        ";q=1e99",
    ];

    fn field() -> impl Strategy<Value = Vec<String>> {
        let range = (select(RANGES), select(PARAMETERS)).prop_map(|(range, parameters)| format!("{range}{parameters}"));
        vec(range, 0..5)
    }

    fn headers(fields: impl IntoIterator<Item = String>) -> HeaderMap {
        let value = |field: String| HeaderValue::from_bytes(field.as_bytes()).ok();
        fields.into_iter().filter_map(value).map(|value| (ACCEPT, value)).collect()
    }

    /// 10,000 cases, unless `PROPTEST_CASES` says how many.
    fn cases() -> ProptestConfig {
        let config = ProptestConfig::default();
        let cases = if std::env::var_os("PROPTEST_CASES").is_some() { config.cases } else { 10_000 };
        ProptestConfig { cases, ..config }
    }

    proptest! {
        #![proptest_config(cases())]

        #[test]
        fn order_lines_and_letter_case_of_ranges_mean_nothing(ranges in field()) {
            for media_type in ["application/json", "text/event-stream"] {
                let accepted = accepts(&headers([ranges.join(",")]), media_type);
                let backwards = ranges.iter().rev().cloned().collect::<Vec<_>>();
                let shouted = ranges.join(" ,\t").to_ascii_uppercase();
                for same in [headers(ranges.clone()), headers([backwards.join(", ")]), headers([shouted])] {
                    prop_assert_eq!(accepts(&same, media_type), accepted, "{:?} for {}", same, media_type);
                }
                // The type itself decides over all others, and what is least specific over none.
                let more = |range: &str| headers(ranges.iter().cloned().chain([range.to_owned()]));
                let is_named = ranges.iter().any(|range| range.starts_with(media_type) && !range.contains("-seq"));
                prop_assert!(accepts(&more(media_type), media_type), "{:?}", ranges);
                let refused = !accepts(&more(&[media_type, ";q=0"].concat()), media_type);
                prop_assert!(is_named || refused, "{:?}", ranges);
                prop_assert!(accepted || !accepts(&more("*/*;q=0"), media_type));
            }
        }

        #[test]
        fn any_field_is_read(field in vec(any::<u8>(), 0..24), kind in select(RANGES)) {
            if let Ok(value) = HeaderValue::from_bytes(&field) {
                let headers: HeaderMap = [(ACCEPT, value)].into_iter().collect();
                let accepted = accepts(&headers, "application/json");
                prop_assert!(!accepted || field.contains(&b'/') || field.iter().all(|byte| b", \t".contains(byte)), "{field:?} {kind}");
            }
        }
    }
}
