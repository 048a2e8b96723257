//! Information in one page about its list.

use http::HeaderMap;
use serde_json::Value;

use super::names::{find, plain};
use crate::argument::scalar_text;

const TOTALS: &[&str] = &["totalcount", "total", "totalresults", "totalitems", "totalelements"];
const TOTAL_HEADERS: &[&str] = &["x-total-count", "x-total"];

/// One response, with the list information that was found in it.
pub(super) struct Page<'a> {
    pub(super) document: &'a Value,
    pub(super) headers: &'a HeaderMap,
    /// The items, if a list was recognised.
    pub(super) items: Option<&'a [Value]>,
    pub(super) total: Option<u64>,
}

/// A count, as a number or as text.
pub(super) fn number(value: &Value) -> Option<u64> {
    scalar_text(value)?.trim().parse().ok()
}

/// The total number of items in the list.
pub(super) fn total(document: &Value, headers: &HeaderMap, pointer: Option<&str>) -> Option<u64> {
    if let Some(pointer) = pointer {
        return document.pointer(pointer).and_then(number);
    }
    let of_header = |name: &&str| headers.get(*name)?.to_str().ok()?.trim().parse().ok();
    find(document, TOTALS, number).or_else(|| TOTAL_HEADERS.iter().find_map(of_header))
}

/// Whether there are more pages; `None` if the response does not say.
pub(super) fn has_more(document: &Value) -> Option<bool> {
    find(document, &["hasmore", "hasnextpage", "hasnext"], Value::as_bool)
}

/// The value of the cursor for this parameter, such as `next_page_token` for `page_token`.
pub(super) fn cursor<'a>(document: &'a Value, parameter: &str) -> Option<&'a Value> {
    let own = plain(parameter);
    let next = format!("next{own}");
    let usual = ["nextpagetoken", "nextcursor", "nexttoken", "nextcontinuationtoken", "nextmarker", "endcursor"];
    let names: Vec<_> = [next.as_str()].into_iter().chain(usual).chain([own.as_str(), "cursor"]).collect();
    find(document, &names, |value| (!value.is_object() && !value.is_array()).then_some(value))
}

/// The text of a cursor; `None` at the end of a list, where it is null, empty or 0.
pub(super) fn cursor_text(value: &Value) -> Option<String> {
    let text = scalar_text(value).filter(|text| !text.is_empty())?;
    (!value.is_boolean() && value.as_u64() != Some(0)).then(|| text.into_owned())
}

/// The id of the page's last item.
pub(super) fn last_id(page: &Page<'_>) -> Option<String> {
    let of_item = || cursor_text(page.items?.last()?.get("id")?);
    find(page.document, &["lastid"], cursor_text).or_else(of_item)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    #[test]
    fn totals_are_found_under_many_names() {
        let none = HeaderMap::new();
        for document in [
            json!({"total_count": 7}),
            json!({"totalCount": "7"}),
            json!({"total": 7.0}),
            json!({"meta": {"total_results": 7}}),
            json!({"pagination": {"totalItems": 7}}),
            json!({"page": {"total": 7}}),
            json!({"paging": {"total": 7}}),
        ] {
            assert_eq!(total(&document, &none, None), Some(7), "{document}");
        }
        for document in [json!({"total": -1}), json!({"total": null}), json!({"total": {"value": 7}}), json!([7])] {
            assert_eq!(total(&document, &none, None), None, "{document}");
        }
    }

    #[test]
    fn total_comes_from_a_header_or_a_pointer() {
        for name in ["X-Total-Count", "X-Total"] {
            let name = name.parse::<http::HeaderName>().expect("a name");
            let headers = HeaderMap::from_iter([(name, HeaderValue::from_static("7"))]);
            assert_eq!(total(&json!([]), &headers, None), Some(7));
            assert_eq!(total(&json!({"total": 8}), &headers, None), Some(8));
            assert_eq!(total(&json!({"total": 8, "n": [9]}), &headers, Some("/n/0")), Some(9));
            assert_eq!(total(&json!({"total": 8}), &headers, Some("/n/0")), None);
        }
    }

    #[test]
    fn cursors_are_found_under_many_names() {
        for (parameter, document) in [
            ("page_token", json!({"next_page_token": "c"})),
            ("pageToken", json!({"nextPageToken": "c"})),
            ("cursor", json!({"response_metadata": {"next_cursor": "c"}})),
            ("cursor", json!({"cursor": "c"})),
            ("next_token", json!({"nextToken": "c"})),
            ("marker", json!({"marker": "old", "next_marker": "c"})),
            ("after", json!({"paging": {"cursors": {"before": "a", "after": "c"}}})),
            ("after", json!({"paging": {"next": {"after": "c"}}})),
            ("after", json!({"page_info": {"end_cursor": "c"}})),
        ] {
            assert_eq!(cursor(&document, parameter).and_then(cursor_text).as_deref(), Some("c"), "{document}");
        }
        for end in [json!(null), json!(""), json!(0), json!(false)] {
            let document = json!({"next_cursor": end});
            assert_eq!(cursor(&document, "cursor").map(cursor_text), Some(None), "{document}");
        }
        assert_eq!(cursor_text(&json!(12)).as_deref(), Some("12"));
        assert_eq!(cursor(&json!({"items": []}), "cursor"), None);
    }

    #[test]
    fn has_more_is_recognised() {
        assert_eq!(has_more(&json!({"has_more": true})), Some(true));
        assert_eq!(has_more(&json!({"pageInfo": {"hasNextPage": false}})), Some(false));
        assert_eq!(has_more(&json!({"has_more": "no"})), None);
    }
}
