//! Compares what a call led to with what was recorded.

use percent_encoding::{percent_decode, percent_decode_str};

use super::call::Seen;
use super::case::{Call, Case};
use super::json::Json;
use super::upstream::{NO_ROUTE, Received, body};

/// Header fields of requests that depend on the HTTP library, or that every request of ours has.
pub(super) const OF_LIBRARIES: [&str; 12] = [
    "accept",
    "accept-encoding",
    "cache-control",
    "connection",
    "content-length",
    "host",
    "pragma",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "user-agent",
    "x-request-id",
];
/// Members of MCP results that say nothing about what a capability does.
const HINTS: [&str; 5] = ["_meta", "cacheScope", "resultType", "structuredContent", "ttlMs"];

/// A difference, in words.
pub(super) type Difference = Option<String>;

/// What differs from the recorded response and the recorded requests.
pub(super) fn recorded(case: &Case, call: &Call, seen: &Seen) -> Difference {
    let nothing = Json::Plain("null".to_owned());
    let expected = call.expected().unwrap_or(&nothing);
    let response = match &*call.kind {
        "rest" => rest(case, expected, seen),
        "stdio" if expected.is_null() => silent(seen),
        _ => mcp(case, expected, seen),
    };
    let expected = call.json.get("upstream").map_or(&[][..], Json::list);
    response.or_else(|| requests(expected, &seen.requests, case.has_steps))
}

/// What differs from no response at all.
pub(super) fn silent(seen: &Seen) -> Difference {
    (!seen.body.is_empty()).then(|| format!("a response, expected none: {}", brief(&text(&seen.body))))
}

fn rest(case: &Case, expected: &Json, seen: &Seen) -> Difference {
    let status = expected.get("status").and_then(Json::number).unwrap_or_default();
    if seen.status != status {
        return Some(format!("status {}, expected {status}; body {}", seen.status, brief(&text(&seen.body))));
    }
    let own = body(expected).unwrap_or_default();
    if let Some(message) = Json::parse(&text(&own)).ok().filter(|message| message.get("jsonrpc").is_some()) {
        return mcp(case, &message, seen);
    }
    if is_error(status) && !is_of_upstream(case, &own) {
        // How the engine words its errors is no contract.
        return code(&text(&own)).and_then(|code| error_code(&text(&seen.body), &code));
    }
    let headers = expected.get("headers").map_or(&[][..], Json::members);
    if let Some((_, media_type)) = headers.iter().find(|(name, _)| name == "content-type").filter(|_| !own.is_empty())
        && let Some(difference) = media_type_of(seen, &media_type.shown())
    {
        return Some(difference);
    }
    let absent = headers.iter().find(|(name, _)| name != "content-type" && !seen.headers.contains_key(name));
    if let Some((name, value)) = absent {
        return Some(format!("no header {name}, expected `{}`", value.shown()));
    }
    bytes("body", &seen.body, &own)
}

/// What differs from this media type; the charset counts where one is expected.
pub(super) fn media_type_of(seen: &Seen, expected: &str) -> Difference {
    let plain = |text: &str| text.to_ascii_lowercase().replace([' ', '"'], "");
    let sent = plain(seen.headers.get("content-type").map_or("", String::as_str));
    let expected = plain(expected);
    let same = if expected.contains(';') { sent == expected } else { sent.split(';').next() == Some(&*expected) };
    (!same).then(|| format!("content-type `{sent}`, expected `{expected}`"))
}

/// The result or error in the response to an MCP request.
pub(super) fn message(seen: &Seen) -> Option<Json> {
    Json::parse(&text(&seen.body)).ok()
}

fn mcp(case: &Case, expected: &Json, seen: &Seen) -> Difference {
    if let Some(status) = expected.get("httpStatus").and_then(Json::number)
        && status != seen.status
    {
        return Some(format!("status {}, expected {status}; body {}", seen.status, brief(&text(&seen.body))));
    }
    let Some(message) = message(seen) else {
        // A status was all that there is to compare.
        let has_message = expected.get("result").or(expected.get("error")).is_some();
        return has_message.then(|| format!("`{}` is no message", brief(&text(&seen.body))));
    };
    match (expected.get("result"), expected.get("error")) {
        (Some(result), _) => match message.get("result") {
            Some(own) => outcome(case, result, own),
            None => Some(format!("{}, expected a result", brief(&message.to_string()))),
        },
        (None, Some(error)) => {
            error_code(&message.to_string(), &error.get("code").map(Json::shown).unwrap_or_default())
        }
        (None, None) => None,
    }
}

/// What differs in the result of an MCP request.
fn outcome(case: &Case, expected: &Json, own: &Json) -> Difference {
    let is_error = |result: &Json| result.get("isError").is_some_and(Json::is_true);
    if is_error(expected) != is_error(own) {
        let (what, wanted) = if is_error(own) { ("an error", "a result") } else { ("a result", "an error") };
        return Some(format!("{what}, expected {wanted}: {}", brief(&content(own))));
    }
    if is_error(expected) {
        // How an error begins is no contract, but what the upstream says must be in it.
        let (said, own) = (content(expected), content(own));
        let is_in = !is_of_upstream(case, said.as_bytes()) || is_said(&own, &said);
        return (!is_in).then(|| format!("the error is `{}`, without `{}`", brief(&own), brief(&said)));
    }
    let members = expected.members().iter().filter(|(name, _)| name != "isError" && !HINTS.contains(&&**name));
    members.into_iter().find_map(|(name, value)| match own.get(name) {
        Some(own) => within(name, &sorted(own), &sorted(value)),
        None => Some(format!("no `{name}`")),
    })
}

/// Whether an error says this, whatever the blanks in it.
pub(super) fn is_said(error: &str, said: &str) -> bool {
    let dense = |text: &str| text.split_whitespace().collect::<String>();
    dense(error).contains(&dense(said))
}

/// Lists of tools, resources and prompts in order of their names, because a list says nothing by its order.
fn sorted(list: &Json) -> Json {
    let key =
        |entry: &Json| ["uri", "uriTemplate", "name"].iter().find_map(|name| Some(entry.text_of(name)?.to_owned()));
    let mut entries = list.list().to_vec();
    if entries.is_empty() || !entries.iter().all(|entry| key(entry).is_some()) {
        return list.clone();
    }
    entries.sort_by_key(key);
    Json::List(entries)
}

/// The texts of a result.
pub(super) fn content(result: &Json) -> String {
    let blocks = result.get("content").or(result.get("contents")).map_or(&[][..], Json::list);
    let texts: Vec<_> = blocks.iter().filter_map(|block| block.text_of("text")).collect();
    texts.join("\n")
}

/// What differs in a value that may have more members than are expected.
fn within(path: &str, own: &Json, expected: &Json) -> Difference {
    match (own, expected) {
        (Json::Members(_), Json::Members(members)) => members.iter().find_map(|(name, expected)| {
            let path = format!("{path}.{name}");
            match own.get(name) {
                Some(own) => within(&path, own, expected),
                None => Some(format!("no `{path}`, expected {}", brief(&expected.to_string()))),
            }
        }),
        (Json::List(own), Json::List(expected)) if own.len() == expected.len() => {
            let mut pairs = own.iter().zip(expected).enumerate();
            pairs.find_map(|(index, (own, expected))| within(&format!("{path}[{index}]"), own, expected))
        }
        (Json::Text(own), Json::Text(expected)) => bytes(path, own.as_bytes(), expected.as_bytes()),
        _ if own == expected => None,
        _ => Some(format!("`{path}` is {}, expected {}", brief(&own.to_string()), brief(&expected.to_string()))),
    }
}

/// What differs between two bodies: JSON by its values, everything else byte for byte.
pub(super) fn bytes(what: &str, own: &[u8], expected: &[u8]) -> Difference {
    let json = |bytes: &[u8]| std::str::from_utf8(bytes).ok().and_then(|text| Json::parse(text).ok());
    let same = own == expected || json(own).zip(json(expected)).is_some_and(|(own, expected)| fits(&own, &expected));
    (!same).then(|| format!("{what} is `{}`, expected `{}`", brief(&text(own)), brief(&text(expected))))
}

/// Whether a value is the expected one. `<words>` mean any value, such as a time.
fn fits(own: &Json, expected: &Json) -> bool {
    let is_any = |text: &str| {
        let inside = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
        inside.is_some_and(|inside| !inside.is_empty() && inside.chars().all(|c| c.is_ascii_lowercase() || c == ' '))
    };
    match (own, expected) {
        (_, Json::Text(expected)) if is_any(expected) => true,
        (Json::List(own), Json::List(expected)) => {
            own.len() == expected.len() && own.iter().zip(expected).all(|(own, expected)| fits(own, expected))
        }
        (Json::Members(members), Json::Members(expected)) => {
            members.len() == expected.len()
                && expected.iter().all(|(name, value)| own.get(name).is_some_and(|own| fits(own, value)))
        }
        _ => own == expected,
    }
}

/// What differs from a JSON-RPC error with this code.
pub(super) fn error_code(own: &str, expected: &str) -> Difference {
    let own_code = code(own);
    (own_code.as_deref() != Some(expected)).then(|| format!("{}, expected error {expected}", brief(own)))
}

/// The code of a JSON-RPC error.
fn code(message: &str) -> Option<String> {
    let message = Json::parse(message).ok()?;
    message.get("jsonrpc")?;
    Some(message.get("error")?.get("code")?.shown())
}

/// Whether a status says that something failed.
pub(super) fn is_error(status: u16) -> bool {
    status >= 400
}

/// Whether the upstream of the case says this.
fn is_of_upstream(case: &Case, own: &[u8]) -> bool {
    let said = case.routes.iter().flat_map(|route| [Some(route), route.get("challenge")]).flatten().filter_map(body);
    !own.is_empty() && said.chain([NO_ROUTE.as_bytes().to_vec()]).any(|said| bytes("", own, &said).is_none())
}

/// What differs between the requests that reached the upstream and those that were recorded, whose order may not count.
fn requests(expected: &[Json], own: &[Received], in_any_order: bool) -> Difference {
    if expected.len() != own.len() {
        let list = |requests: Vec<String>| if requests.is_empty() { "none".to_owned() } else { requests.join(", ") };
        let own = list(own.iter().map(|own| format!("{} {}", own.method, own.target)).collect());
        let expected = expected.iter().map(|request| {
            format!("{} {}", request.text_of("method").unwrap_or_default(), request.text_of("path").unwrap_or_default())
        });
        return Some(format!("upstream got {own}, expected {}", list(expected.collect())));
    }
    let mut rest: Vec<_> = own.iter().collect();
    expected.iter().find_map(|expected| {
        let same = rest.iter().position(|own| request(expected, own).is_none()).filter(|_| in_any_order);
        request(expected, rest.remove(same.unwrap_or(0)))
    })
}

fn request(expected: &Json, own: &Received) -> Difference {
    let (method, path) = (expected.text_of("method").unwrap_or_default(), expected.text_of("path").unwrap_or_default());
    if own.method != method || !same_target(&own.target, path) {
        return Some(format!("upstream got {} {}, expected {method} {path}", own.method, own.target));
    }
    let headers = expected.get("headers").map_or(&[][..], Json::members);
    let counts = |name: &str| !OF_LIBRARIES.contains(&name);
    for (name, value) in headers.iter().filter(|(name, _)| counts(name)) {
        let value = value.shown();
        match own.headers.get(name) {
            Some(own) if same_field(name, own, &value) => {}
            Some(own) => return Some(format!("upstream got header {name} `{own}`, expected `{value}`")),
            None => return Some(format!("upstream got no header {name}, expected `{value}`")),
        }
    }
    let more = own.headers.iter().find(|(name, _)| counts(name) && !headers.iter().any(|(known, _)| known == *name));
    if let Some((name, value)) = more {
        return Some(format!("upstream got header {name} `{value}`, which is not expected"));
    }
    bytes("upstream body", &own.body, &body(expected).unwrap_or_default())
}

/// Whether two values of a field mean the same.
fn same_field(name: &str, own: &str, expected: &str) -> bool {
    let plain = |text: &str| text.to_ascii_lowercase().replace([' ', '"'], "");
    own == expected
        || (name == "content-type" && plain(own) == plain(expected))
        // The rest of it depends on the time and on chance.
        || (expected.starts_with("Digest ") && own.starts_with("Digest "))
}

/// Whether two targets have the same path, and queries that mean the same: the order of different names says nothing.
pub(super) fn same_target(own: &str, expected: &str) -> bool {
    let by_name = |query: &str| {
        let mut pairs = pairs(query);
        pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
        pairs
    };
    let split = |target: &str| match target.split_once('?') {
        Some((path, query)) => (path.to_owned(), by_name(query)),
        None => (target.to_owned(), Vec::new()),
    };
    let ((own_path, own_query), (path, query)) = (split(own), split(expected));
    // A slash within a segment is another path.
    let segments =
        |path: &str| path.split('/').map(|part| percent_decode_str(part).collect()).collect::<Vec<Vec<u8>>>();
    segments(&own_path) == segments(&path) && own_query == query
}

/// Whether the query of a request has all these pairs.
pub(super) fn has_pairs(own: &Received, wanted: &str) -> bool {
    let own = own.target.split_once('?').map_or_else(Vec::new, |(_, query)| pairs(query));
    pairs(wanted).iter().all(|pair| own.contains(pair))
}

/// The pairs of a query, decoded.
pub(super) fn pairs(query: &str) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let decoded = |text: &str| percent_decode(text.replace('+', " ").as_bytes()).collect();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => (decoded(name), Some(decoded(value))),
            None => (decoded(pair), None),
        })
        .collect()
}

/// Bytes as text.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The beginning of a text, in one line.
pub(super) fn brief(text: &str) -> String {
    const LENGTH: usize = 160;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= LENGTH { line } else { line.chars().take(LENGTH).chain(['…']).collect() }
}
