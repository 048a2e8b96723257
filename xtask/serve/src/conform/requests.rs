//! Requests to the upstream, as `intended` describes them.

use super::call::Seen;
use super::compare::{OF_LIBRARIES, brief, has_pairs, same_target, text};
use super::json::Json;
use super::outcome::Outcome;
use super::upstream::Received;

/// What comes before dots, which mean any rest.
pub(super) fn beginning(text: &str) -> Option<&str> {
    text.split_once('…').or(text.split_once("...")).map(|(start, _)| start)
}

/// Whether a field of a request has this value.
pub(super) fn has(request: &Received, name: &str, value: &str) -> bool {
    request.headers.get(&name.to_lowercase()).is_some_and(|own| match beginning(value) {
        Some(start) => own.starts_with(start),
        None => own == value,
    })
}

/// Whether one of the requests is as it should be.
pub(super) fn some(seen: &Seen, expected: &str, is_right: impl Fn(&Received) -> bool) -> Outcome {
    let list = || {
        let requests = seen.requests.iter().map(|request| {
            let fields: Vec<_> =
                request.headers.iter().filter(|(name, _)| !OF_LIBRARIES.contains(&name.as_str())).collect();
            format!("{} {} {fields:?} `{}`", request.method, request.target, brief(&text(&request.body)))
        });
        format!("no request with `{expected}`; upstream got [{}]", requests.collect::<Vec<_>>().join(", "))
    };
    Outcome::unless(seen.requests.iter().any(is_right), list)
}

/// A request or several: `GET /path`, `/path`, `name=value` of the query, or the absence of a header.
pub(super) fn upstream(value: &Json, seen: &Seen) -> Outcome {
    let single = [value.clone()];
    let expected = if value.list().is_empty() { &single[..] } else { value.list() };
    if !value.list().is_empty() && seen.requests.len() != expected.len() {
        let own: Vec<_> = seen.requests.iter().map(|own| format!("{} {}", own.method, own.target)).collect();
        return Outcome::Wrong(format!("upstream got {own:?}, expected {value}"));
    }
    expected.iter().map(|expected| one(&expected.shown(), seen)).fold(Outcome::Right, Outcome::and)
}

fn one(expected: &str, seen: &Seen) -> Outcome {
    if let Some(name) = expected.strip_prefix("no ").and_then(|rest| rest.strip_suffix(" header")) {
        let without = seen.requests.iter().all(|request| !request.headers.contains_key(name));
        return Outcome::unless(without && !seen.requests.is_empty(), || format!("upstream got a header {name}"));
    }
    let (request, rest) = match expected.split_once(" -> ").or(expected.split_once(" with ")) {
        Some((request, rest)) => (request, rest),
        None => (expected, ""),
    };
    let status = rest.parse::<u16>().ok();
    let field = rest.split_once(": ");
    let fits = |own: &Received| {
        status.is_none_or(|status| own.status == status)
            && field.is_none_or(|(name, value)| {
                own.headers.get(&name.to_lowercase()).is_some_and(|own| own.starts_with(value))
            })
    };
    match request.split_once(' ') {
        Some((method, target)) if method.chars().all(|c| c.is_ascii_uppercase()) => {
            some(seen, expected, |own| own.method == method && same_target(&own.target, target) && fits(own))
        }
        None if request.starts_with('/') => some(seen, expected, |own| same_target(&own.target, request) && fits(own)),
        None if request.contains('=') => some(seen, expected, |own| has_pairs(own, request)),
        _ => Outcome::Described(expected.to_owned()),
    }
}

/// The parts of a multipart body (RFC 7578), which may have more header fields than are expected.
pub(super) fn parts(expected: &Json, seen: &Seen) -> Outcome {
    some(seen, &expected.to_string(), |request| {
        let own = sent_parts(request).unwrap_or_default();
        own.len() == expected.list().len()
            && own
                .iter()
                .zip(expected.list())
                .all(|(own, expected)| expected.members().iter().all(|(name, value)| own.get(name) == Some(value)))
    })
}

fn sent_parts(request: &Received) -> Option<Vec<Json>> {
    let boundary = request.headers.get("content-type")?.split_once("boundary=")?.1.trim_matches('"');
    let body = text(&request.body);
    let delimiter = format!("--{boundary}");
    let parts = body.split(&delimiter).skip(1).filter(|part| !part.starts_with("--"));
    parts
        .map(|part| {
            let (head, value) = part.split_once("\r\n\r\n")?;
            let parameter = |name: &str| Some(head.split_once(&format!(" {name}=\""))?.1.split_once('"')?.0);
            let media_type =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-type: ").map(str::to_owned));
            let members = [
                ("name", parameter("name").map(str::to_owned)),
                ("filename", parameter("filename").map(str::to_owned)),
                ("contentType", media_type),
                ("value", Some(value.strip_suffix("\r\n").unwrap_or(value).to_owned())),
            ];
            let members = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Json::Text(value?))));
            Some(Json::Members(members.collect()))
        })
        .collect()
}
