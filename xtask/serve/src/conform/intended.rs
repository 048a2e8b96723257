//! What would be right where the recorded response is wrong. `intended` is a value to compare, or describes the response and
//! the requests by words that are known here. What is described by other words is left to a person.

use super::call::Seen;
use super::case::{Call, Verdict};
use super::compare::{self, brief, bytes, content, error_code, is_error, is_said, message, same_target, text};
use super::json::Json;
use super::outcome::Outcome;
use super::requests::{beginning, has, parts, some, upstream};

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
        Json::Members(members) => value(&whole(members, call), call, seen).into(),
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
        let judged = |own: Json| if names_fewer(intended, call) { only(own, intended.members()) } else { own };
        let same = intended.text() == Some(&*own) || Json::parse(&own).is_ok_and(|own| judged(own) == *intended);
        (!same).then(|| format!("body is `{}`, expected `{intended}`", brief(&own)))
    })
}

/// Whether an intended object leaves out members of the recorded body, of which it says nothing.
fn names_fewer(intended: &Json, call: &Call) -> bool {
    let recorded = recorded_body(call);
    let (named, recorded_members) = (intended.members(), recorded.members());
    !named.is_empty()
        && named.len() < recorded_members.len()
        && named.iter().all(|(name, _)| recorded.get(name).is_some())
}

/// An object with the members of these names only.
fn only(object: Json, named: &[(String, Json)]) -> Json {
    let members = object.members().iter().filter(|(name, _)| named.iter().any(|(known, _)| known == name));
    Json::Members(members.cloned().collect())
}

/// The whole body that these members describe: they take the place of those that were recorded, if a note says that they come
/// besides.
fn whole(members: &[(String, Json)], call: &Call) -> Json {
    let is_besides = |(name, value): &(String, Json)| name == "note" && value.shown().starts_with("besides");
    let recorded = Some(recorded_body(call)).filter(|_| members.iter().any(is_besides));
    let mut all: Vec<_> = members.iter().filter(|(name, _)| name != "note").cloned().collect();
    for (name, value) in recorded.iter().flat_map(Json::members) {
        if !all.iter().any(|(known, _)| known == name) {
            all.push((name.clone(), value.clone()));
        }
    }
    Json::Members(all)
}

/// The recorded body, if it is JSON.
fn recorded_body(call: &Call) -> Json {
    let expected = call.expected();
    let body = match expected.and_then(|expected| expected.get("result")) {
        Some(result) => content(result),
        None => text(&expected.and_then(super::upstream::body).unwrap_or_default()),
    };
    Json::parse(&body).unwrap_or(Json::Members(Vec::new()))
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
        // An error says more than the upstream does.
        "text" if all.get("isError").is_some_and(Json::is_true) => {
            let own = response_body(call, seen);
            Outcome::unless(is_said(&own, &shown), || format!("the error is `{}`, without `{shown}`", brief(&own)))
        }
        "text" => bytes("text", response_body(call, seen).as_bytes(), shown.as_bytes()).into(),
        "query" => {
            let query = shown.trim_end_matches(" encoded").replace('+', "%2B");
            some(seen, &shown, |request| compare::has_pairs(request, &query))
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
    if call.kind != "rest" && failed(call, seen).is_none() && is_said(&own, &shown) {
        return Outcome::Right;
    }
    if shown == "a problem document" {
        return header("content-type", "application/problem+json", seen);
    }
    let Some(start) = beginning(&shown) else { return bytes("body", own.as_bytes(), shown.as_bytes()).into() };
    if own.starts_with(start) { Outcome::Right } else { described(value) }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::conform::upstream::Received;

    fn call(kind: &str, intended: &str) -> Call {
        let text = format!(r#"{{"kind":"{kind}","name":"n","verdict":"defect","intended":{intended}}}"#);
        Call::new(Json::parse(&text).expect("JSON"))
    }

    fn seen(status: u16, body: &str) -> Seen {
        let fields = |fields: &[(&str, &str)]| {
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>()
        };
        let multipart = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--\r\n";
        let requests = vec![
            Received {
                method: "POST".to_owned(),
                target: "/p/1?q=a%20b&r=1".to_owned(),
                headers: fields(&[("authorization", "Digest x"), ("x-a", "1")]),
                body: br#"{"s": 1.0}"#.to_vec(),
                status: 401,
            },
            Received {
                method: "POST".to_owned(),
                target: "/p/2".to_owned(),
                headers: fields(&[("content-type", "multipart/form-data; boundary=b")]),
                body: multipart.as_bytes().to_vec(),
                status: 200,
            },
        ];
        let headers =
            fields(&[("content-type", "application/problem+json"), ("www-authenticate", "Digest realm=\"r\"")]);
        Seen { status, headers, body: body.as_bytes().to_vec(), requests }
    }

    #[test]
    fn descriptions_of_responses_and_requests_are_compared() {
        let result = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\"a\": 1}"}]}}"#;
        let failure = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"m"}}"#;
        let cases = [
            ("rest", 200, r#"{"b":2,"a":1.0}"#, r#"{"a":1.0,"b":2}"#, r#"{"a":1,"b":2}"#),
            ("rest", 200, "fixed", r#""fixed""#, r#""other""#),
            ("rest", 404, "{}", r#"{"status":404,"body":{}}"#, r#"{"status":404,"body":{"a":1}}"#),
            ("rest", 502, "{}", r#"{"status":502,"body":"a problem document"}"#, r#"{"status":500}"#),
            ("rest", 200, "UP and more", r#"{"status":200,"body":"UP…"}"#, r#"{"status":204}"#),
            (
                "rest",
                401,
                "",
                r#"{"status":401,"www-authenticate":"Digest realm=..."}"#,
                r#"{"www-authenticate":"Basic"}"#,
            ),
            ("rest", 200, "", r#"{"upstream":"POST /p/1?q=a+b&r=1"}"#, r#"{"upstream":"GET /p/1?q=a+b&r=1"}"#),
            ("rest", 200, "", r#"{"upstream":"r=1"}"#, r#"{"upstream":"r=2"}"#),
            ("rest", 200, "", r#"{"upstream":"no x-b header"}"#, r#"{"upstream":"no authorization header"}"#),
            ("rest", 200, "", r#"{"upstream header":"x-a: 1"}"#, r#"{"upstream header":"x-a: 2"}"#),
            ("mcp", 200, result, r#"{"a":1}"#, r#"{"a":2}"#),
            ("mcp", 200, result, r#"{"isError":false,"text":"{\"a\":1}"}"#, r#"{"isError":true}"#),
            ("mcp", 200, failure, r#"{"error":{"code":-32602}}"#, r#"{"error":{"code":-32603}}"#),
            ("mcp", 200, failure, r#"{"error":"of any kind"}"#, r#"{"a":1}"#),
            ("mcp", 200, result, r#"{"query":"q=a b&r=1 encoded"}"#, r#"{"query":"q=b"}"#),
            ("mcp", 200, result, r#"{"path":"/p/2","x-a":"1"}"#, r#"{"path":"/p/3"}"#),
            ("mcp", 200, result, r#"{"body":"{\"s\":1.0}"}"#, r#"{"body":"{\"s\":1}"}"#),
            ("mcp", 200, result, r#"{"body.s":1.0}"#, r#"{"body.s":1}"#),
            ("mcp", 200, result, r#"{"parts":[{"name":"a","value":"x"}]}"#, r#"{"parts":[{"name":"b","value":"x"}]}"#),
            (
                "mcp",
                200,
                result,
                r#"{"upstream":["POST /p/1?q=a b&r=1 with Authorization: Digest","POST /p/2"]}"#,
                r#"{"upstream":["POST /p/2"]}"#,
            ),
            ("stdio", 0, "", r#""no line at all""#, r#""a build error""#),
        ];
        for (kind, status, body, right, wrong) in cases {
            let seen = seen(status, body);
            assert_eq!(judge(&call(kind, right), None, &seen), Outcome::Right, "{right}");
            let outcome = judge(&call(kind, wrong), None, &seen);
            assert!(matches!(outcome, Outcome::Wrong(_)), "{wrong}: {outcome:?}");
        }
    }

    #[test]
    fn an_object_says_only_what_it_names_and_may_add_to_what_was_recorded() {
        let call = |intended: &str| {
            let text = format!(
                r#"{{"kind":"rest","name":"n","verdict":"defect","intended":{intended},"expect":{{"status":200,"body":"{{\"a\":\"1\",\"b\":2}}"}}}}"#
            );
            Call::new(Json::parse(&text).expect("JSON"))
        };
        for (intended, right, wrong) in [
            (r#"{"a":1}"#, r#"{"a":1,"b":7}"#, r#"{"a":"1","b":2}"#),
            (r#"{"a":1,"c":3}"#, r#"{"a":1,"c":3}"#, r#"{"a":1,"b":2,"c":3}"#),
            (r#"{"c":3,"note":"besides what is recorded"}"#, r#"{"a":"1","b":2,"c":3}"#, r#"{"c":3}"#),
        ] {
            assert_eq!(judge(&call(intended), None, &seen(200, right)), Outcome::Right, "{intended}");
            let outcome = judge(&call(intended), None, &seen(200, wrong));
            assert!(matches!(outcome, Outcome::Wrong(_)), "{intended}: {outcome:?}");
        }
    }

    #[test]
    fn other_words_are_left_to_a_person() {
        for words in [r#""as the text says""#, r#"{"note":"either is right"}"#, r#"{"upstream":"some request"}"#] {
            let outcome = judge(&call("rest", words), None, &seen(200, "{}"));
            assert!(matches!(outcome, Outcome::Described(_)), "{words}: {outcome:?}");
        }
    }

    #[test]
    fn a_result_is_judged_by_the_response_of_rest_before_it() {
        let result = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\"a\": 1}"}]}}"#;
        let (rest, mcp) = (call("rest", r#"{"a":1}"#), call("mcp", r#""as for REST""#));
        assert_eq!(judge(&mcp, Some(&rest), &seen(200, result)), Outcome::Right);
        let rest = call("rest", r#"{"a":2}"#);
        assert!(matches!(judge(&mcp, Some(&rest), &seen(200, result)), Outcome::Wrong(_)));
    }
}
