//! Links to the next page: in `Link` header fields (RFC 8288), or in the body.

use http::HeaderMap;
use http::header::LINK;
use serde_json::Value;
use url::form_urlencoded;

use super::names::find;
use super::step::Query;

const MEMBERS: &[&str] = &["next", "nexturl", "nextlink", "odatanextlink", "nextpage", "nextpageurl"];

/// The longest query of a link that is followed, in bytes.
const QUERY_LIMIT: usize = 8 << 10;

/// What the links of a page say about the next page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// The query of the next page. Only the query of a link is used: a response must not decide where credentials are sent.
    Next(Query),
    /// There is no next page.
    None,
}

/// The link to the next page; `None` if the page has no paging links.
pub(super) fn next(document: &Value, headers: &HeaderMap) -> Option<Link> {
    in_headers(headers).or_else(|| find(document, MEMBERS, in_member))
}

fn in_headers(headers: &HeaderMap) -> Option<Link> {
    let mut found = None;
    for field in headers.get_all(LINK) {
        let text = String::from_utf8_lossy(field.as_bytes());
        for link in links(&text) {
            let is = |name: &str| link.relations.split_ascii_whitespace().any(|other| other.eq_ignore_ascii_case(name));
            if is("next") {
                return Some(Link::Next(query(link.target)));
            }
            if ["first", "prev", "previous", "last"].into_iter().any(is) {
                found = Some(Link::None);
            }
        }
    }
    found
}

fn in_member(value: &Value) -> Option<Link> {
    match value {
        Value::Null => Some(Link::None),
        Value::String(text) if text.is_empty() => Some(Link::None),
        Value::String(text) => is_link(text).then(|| Link::Next(query(text))),
        Value::Object(members) => {
            let target = ["href", "url", "link"].into_iter().find_map(|name| members.get(name)?.as_str());
            target.filter(|text| is_link(text)).map(|text| Link::Next(query(text)))
        }
        _ => None,
    }
}

/// Whether a text is a link and not a cursor.
fn is_link(text: &str) -> bool {
    text.starts_with('/') || text.contains('?') || text.contains("://")
}

/// The pairs of a link's query; empty if the query is longer than servers accept.
fn query(target: &str) -> Query {
    let target = target.split_once('#').map_or(target, |(target, _)| target);
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let query = if query.len() > QUERY_LIMIT { "" } else { query };
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// A link of a `Link` header field (RFC 8288 §3).
#[derive(Debug)]
pub struct FieldLink<'f> {
    /// The target, as it is written.
    pub target: &'f str,
    /// The parameters with their semicolons, as they are written.
    pub parameters: &'f str,
    /// The relations, separated by spaces.
    relations: String,
    /// Whether it is a link from another resource than that of the response (§3.2).
    pub has_anchor: bool,
}

/// The links of a header field. Malformed links are skipped.
pub fn links(field: &str) -> Vec<FieldLink<'_>> {
    let mut links = Vec::new();
    let mut rest = field;
    while let Some((_, link)) = rest.split_once('<') {
        let Some((target, after)) = link.split_once('>') else { break };
        let (mut relations, mut has_anchor) = (None, false);
        rest = after.trim_start();
        let start = rest;
        while let Some(parameter) = rest.strip_prefix(';') {
            let end = parameter.find(['=', ';', ',']).unwrap_or(parameter.len());
            let (name, after) = parameter.split_at(end);
            let (value, after) = after.strip_prefix('=').map_or((String::new(), after), value);
            // The first one counts (RFC 8288 §3.3).
            if name.trim().eq_ignore_ascii_case("rel") && relations.is_none() {
                relations = Some(value);
            }
            has_anchor |= name.trim().eq_ignore_ascii_case("anchor");
            rest = after.trim_start();
        }
        let parameters = start.get(..start.len() - rest.len()).unwrap_or_default().trim_end();
        links.push(FieldLink {
            target: target.trim(),
            parameters,
            relations: relations.unwrap_or_default(),
            has_anchor,
        });
        rest = rest.find(',').map_or("", |comma| rest.split_at(comma).1);
    }
    links
}

/// The value of a parameter, and the text after it.
fn value(text: &str) -> (String, &str) {
    let text = text.trim_start();
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find([';', ',']).unwrap_or(text.len()));
        return (value.trim_end().to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => value.extend(characters.next()),
            other => value.push(other),
        }
    }
    (value, characters.as_str())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn headers(fields: &[&str]) -> HeaderMap {
        let value = |field: &&str| HeaderValue::from_bytes(field.as_bytes()).expect("a value");
        fields.iter().map(|field| (LINK, value(field))).collect()
    }

    fn leads_to(query: &[(&str, &str)]) -> Option<Link> {
        Some(Link::Next(query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()))
    }

    #[test]
    fn next_is_found_in_link_headers() {
        for fields in [
            ["<https://api.test/x?page=2>; rel=next"].as_slice(),
            &["<?page=2>;rel=\"next\""],
            &["<x?page=2#next> ; title=\"a, <b>; \\\"c\\\"\" ; Rel = \"last NEXT\""],
            &["<?page=1>; rel=first, <?page=2>; rel=next, <?page=9>; rel=last"],
            &["<?page=1>; rel=\"first\",", "", ",, <?page=2>; rel=\"next\""],
            &["</style,css>; rel=preload; as=style; crossorigin, <?page=2>; rel=next; rel=last"],
            &["nonsense, <?page=2>; rel=next"],
        ] {
            assert_eq!(in_headers(&headers(fields)), leads_to(&[("page", "2")]), "{fields:?}");
        }
    }

    #[test]
    fn unrelated_links_are_ignored() {
        assert_eq!(in_headers(&headers(&["</a.css>; rel=preload", "<?page=2>", "<?page=2>; title=next", "<?"])), None);
        assert_eq!(in_headers(&headers(&["<?page=1>; rel=\"first prev\""])), Some(Link::None));
    }

    #[test]
    fn next_is_found_in_bodies() {
        let link = "https://elsewhere.test/other?a=b%20c+d&a=%26&empty=#fragment";
        for document in [
            json!({"next": link}),
            json!({"next_url": link}),
            json!({"nextLink": link}),
            json!({"@odata.nextLink": link}),
            json!({"links": {"next": link}}),
            json!({"_links": {"next": {"href": link}}}),
            json!({"paging": {"cursors": {"next": 1}, "next": link}}),
        ] {
            let expected = leads_to(&[("a", "b c d"), ("a", "&"), ("empty", "")]);
            assert_eq!(next(&document, &HeaderMap::new()), expected, "{document}");
        }
        assert_eq!(next(&json!({"links": {"next": null}}), &HeaderMap::new()), Some(Link::None));
        assert_eq!(next(&json!({"next": "opaque", "next_page": 3}), &HeaderMap::new()), None);
        assert_eq!(next(&json!({"next": "/page/2"}), &HeaderMap::new()), leads_to(&[]));
    }

    #[test]
    fn headers_come_before_bodies() {
        let document = json!({"next": "?page=3"});
        assert_eq!(next(&document, &headers(&["<?page=2>; rel=next"])), leads_to(&[("page", "2")]));
    }

    proptest! {
        #[test]
        fn any_link_header_is_parsed_without_panic(field in "[<>;,=\"\\\\ a-z?é\t]{0,60}|\\PC{0,60}") {
            links(&field);
            query(&field);
            if let Ok(value) = HeaderValue::from_bytes(field.as_bytes()) {
                in_headers(&HeaderMap::from_iter([(LINK, value)]));
            }
        }

        #[test]
        fn every_query_survives(pairs in proptest::collection::vec((".*", ".*"), 1..4)) {
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            let found = in_headers(&headers(&[&format!("<https://api.test/?{query}>; rel=next")]));
            prop_assert_eq!(found, Some(Link::Next(pairs)));
        }
    }
}
