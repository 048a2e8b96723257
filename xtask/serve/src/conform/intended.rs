//! What would be right where the recorded response is wrong. `intended` is a value to compare, or describes the response and
//! the requests by words that are known here. What is described by other words is left to a person.

use super::call::Seen;
use super::case::{Call, Verdict};
use super::compare::{self, brief, bytes, content, error_code, is_error, message, same_target, text};
use super::json::Json;
use super::outcome::Outcome;
use super::upstream::Received;

/// Names of members that describe the response or the requests. Those of header fields are recognised by their form.
const KNOWN: [&str; 16] = [
    "authorization",
    "body",
    "content-type",
    "error",
    "headers",
    "isError",
    "note",
    "parts",
    "path",
    "query",
    "status",
    "text",
    "upstream",
    "upstream header",
    "upstream-body",
    "www-authenticate",
];

/// Whether the compiler should refuse the capability.
pub(super) fn is_build_error(call: &Call) -> bool {
    call.intended().is_some_and(|intended| intended.to_string().contains("build error"))
}

/// Judges a call whose recorded response is wrong. `earlier` is the REST call before it.
pub(super) fn judge(call: &Call, earlier: Option<&Call>, seen: &Seen) -> Outcome {
    let Some(intended) = call.intended() else { return Outcome::Described("nothing is said".to_owned()) };
    match intended {
        Json::Text(words) if words == "as for REST" => match earlier.map(|earlier| (earlier, earlier.verdict())) {
            Some((earlier, Some(Verdict::Reference))) => as_recorded(earlier, call, seen),
            Some((earlier, _)) => earlier.intended().map_or_else(|| described(intended), |it| judge_by(it, call, seen)),
            None => described(intended),
        },
        _ => judge_by(intended, call, seen),
    }
}

fn judge_by(intended: &Json, call: &Call, seen: &Seen) -> Outcome {
    match intended {
        Json::Text(words) if words == "no line at all" => compare::silent(seen).into(),
        Json::Text(words) if matches!(&**words, "a build error" | "a start-up error") => {
            Outcome::Wrong(format!("it is compiled and started, expected {words}"))
        }
        Json::Text(words) if words.contains(' ') => described(intended),
        _ if intended.to_string().contains("a build error") => described(intended),
        Json::Members(members) if !members.is_empty() && members.iter().all(|(name, _)| is_known(name)) => {
            let checks = members.iter().map(|(name, value)| member(name, value, intended, call, seen));
            checks.fold(Outcome::Right, Outcome::and)
        }
        Json::Members(members) if intended.get("note").is_some() => besides(members, call, seen),
        _ => value(intended, call, seen).into(),
    }
}

fn described(intended: &Json) -> Outcome {
    Outcome::Described(intended.shown())
}

fn is_known(name: &str) -> bool {
    KNOWN.contains(&name) || name.starts_with("x-") || name.starts_with("body.")
}

/// An MCP result is judged by the response of REST.
fn as_recorded(earlier: &Call, call: &Call, seen: &Seen) -> Outcome {
    let expected = earlier.expected();
    let status = expected.and_then(|expected| expected.get("status")).and_then(Json::number).unwrap_or_default();
    if is_error(status) {
        return failed(call, seen).into();
    }
    let body = expected.and_then(super::upstream::body).unwrap_or_default();
    succeeded(call, seen).or_else(|| bytes("result", response_body(call, seen).as_bytes(), &body)).into()
}

/// The body of the response, or the text of the result.
fn response_body(call: &Call, seen: &Seen) -> String {
    if call.kind == "rest" {
        return text(&seen.body);
    }
    message(seen).and_then(|message| message.get("result").map(content)).unwrap_or_default()
}

/// What is wrong if the call did not succeed.
fn succeeded(call: &Call, seen: &Seen) -> compare::Difference {
    failed(call, seen).is_none().then(|| format!("an error, expected a result: {}", brief(&text(&seen.body))))
}

/// What is wrong if the call did not fail.
fn failed(call: &Call, seen: &Seen) -> compare::Difference {
    let message = message(seen);
    let result = message.as_ref().and_then(|message| message.get("result"));
    let has_failed = match result {
        _ if call.kind == "rest" => is_error(seen.status),
        Some(result) => result.get("isError").is_some_and(Json::is_true),
        None => true,
    };
    (!has_failed).then(|| format!("a result, expected an error: {}", brief(&response_body(call, seen))))
}

/// The response is this value, or a text that is written like it.
fn value(intended: &Json, call: &Call, seen: &Seen) -> compare::Difference {
    succeeded(call, seen).or_else(|| {
        let own = response_body(call, seen);
        let same = intended.text() == Some(&*own) || Json::parse(&own).is_ok_and(|own| own == *intended);
        (!same).then(|| format!("body is `{}`, expected `{intended}`", brief(&own)))
    })
}

/// The response has these members besides those that were recorded.
fn besides(members: &[(String, Json)], call: &Call, seen: &Seen) -> Outcome {
    let own = Json::parse(&response_body(call, seen)).ok();
    let different = members.iter().filter(|(name, _)| name != "note").find_map(|(name, value)| {
        let own = own.as_ref().and_then(|own| own.get(name));
        (own != Some(value)).then(|| {
            format!("`{name}` is {}, expected {value}", own.map_or_else(|| "absent".to_owned(), Json::to_string))
        })
    });
    succeeded(call, seen).or(different).into()
}

fn member(name: &str, value: &Json, all: &Json, call: &Call, seen: &Seen) -> Outcome {
    let shown = value.shown();
    let is_response = call.kind == "rest" || all.get("status").is_some();
    match name {
        "status" if call.kind == "rest" => {
            let same = value.number() == Some(seen.status);
            Outcome::unless(same, || format!("status {}, expected {shown}; {}", seen.status, brief(&text(&seen.body))))
        }
        "status" if value.number().is_some_and(is_error) => failed(call, seen).into(),
        "status" => succeeded(call, seen).into(),
        "body" if is_response => response(value, call, seen),
        "body" | "upstream-body" => some(seen, &shown, |request| bytes("", &request.body, shown.as_bytes()).is_none()),
        "headers" => value
            .members()
            .iter()
            .map(|(name, value)| header(name, &value.shown(), seen))
            .fold(Outcome::Right, Outcome::and),
        "www-authenticate" => header(name, &shown, seen),
        "error" => match value.get("code") {
            Some(code) => error_code(&text(&seen.body), &code.shown()).into(),
            None => failed(call, seen).into(),
        },
        "isError" if value.is_true() => failed(call, seen).into(),
        "isError" => succeeded(call, seen).into(),
        "text" => bytes("text", response_body(call, seen).as_bytes(), shown.as_bytes()).into(),
        "query" => {
            let query = shown.trim_end_matches(" encoded");
            let query = compare::pairs(&query.replace('+', "%2B"));
            some(seen, &shown, |request| {
                request.target.split_once('?').is_some_and(|(_, own)| compare::pairs(own) == query)
            })
        }
        "path" => some(seen, &shown, |request| same_target(&request.target, &shown)),
        "upstream" => upstream(value, seen),
        "upstream header" => match shown.split_once(": ") {
            Some((name, value)) => some(seen, &shown, |request| has(request, name, value)),
            None => described(value),
        },
        "parts" => parts(value, seen),
        "note" => described(value),
        _ => match name.strip_prefix("body.") {
            Some(name) => some(seen, &shown, |request| {
                Json::parse(&text(&request.body)).is_ok_and(|body| body.get(name) == Some(value))
            }),
            None => some(seen, &format!("{name}: {shown}"), |request| has(request, name, &shown)),
        },
    }
}

/// The body of the response, as far as it is written out.
fn response(value: &Json, call: &Call, seen: &Seen) -> Outcome {
    let (own, shown) = (response_body(call, seen), value.shown());
    if value.is_null() && own.is_empty() {
        return Outcome::Right;
    }
    if shown == "a problem document" {
        return header("content-type", "application/problem+json", seen);
    }
    let Some(start) = beginning(&shown) else { return bytes("body", own.as_bytes(), shown.as_bytes()).into() };
    if own.starts_with(start) { Outcome::Right } else { described(value) }
}

/// What comes before dots that stand for the rest.
fn beginning(text: &str) -> Option<&str> {
    text.split_once('…').or(text.split_once("...")).map(|(start, _)| start)
}

/// Whether a field of a request has this value.
fn has(request: &Received, name: &str, value: &str) -> bool {
    request.headers.get(&name.to_lowercase()).is_some_and(|own| match beginning(value) {
        Some(start) => own.starts_with(start),
        None => own == value,
    })
}

/// A field of the response.
fn header(name: &str, value: &str, seen: &Seen) -> Outcome {
    let own = seen.headers.get(name).map_or("", String::as_str);
    match beginning(value) {
        Some(start) => Outcome::unless(own.starts_with(start), || format!("{name} is `{own}`, expected `{value}`")),
        None if name == "content-type" => compare::media_type_of(seen, value).into(),
        None => Outcome::unless(own == value, || format!("{name} is `{own}`, expected `{value}`")),
    }
}

/// Whether one of the requests is as it should be.
fn some(seen: &Seen, expected: &str, is_right: impl Fn(&Received) -> bool) -> Outcome {
    let list = || {
        let requests = seen.requests.iter().map(|request| {
            let fields: Vec<_> = request
                .headers
                .iter()
                .filter(|(name, _)| is_known(name) && !compare::OF_LIBRARIES.contains(&name.as_str()))
                .collect();
            format!("{} {} {fields:?} `{}`", request.method, request.target, brief(&text(&request.body)))
        });
        format!("no request with `{expected}`; upstream got [{}]", requests.collect::<Vec<_>>().join(", "))
    };
    Outcome::unless(seen.requests.iter().any(is_right), list)
}

/// A request or several: `GET /path`, `/path`, `name=value` of the query, or the absence of a header.
fn upstream(value: &Json, seen: &Seen) -> Outcome {
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
        None if request.contains('=') => some(seen, expected, |own| {
            let pairs = compare::pairs(request);
            own.target.split_once('?').is_some_and(|(_, query)| {
                let own = compare::pairs(query);
                pairs.iter().all(|pair| own.contains(pair))
            })
        }),
        _ => Outcome::Described(expected.to_owned()),
    }
}

/// The parts of a multipart body (RFC 7578), which may have more header fields than are expected.
fn parts(expected: &Json, seen: &Seen) -> Outcome {
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
