//! From an operation and its arguments to the parts of an HTTP request.

use std::borrow::Cow;

use http::header::{self, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use crate::argument::{self, Violation, scalar_text};
use crate::arguments::{Argument, Arguments};
use crate::body::Ingredients;
use crate::encoding::{encode, pair};
use crate::operation::{Location, Operation, PathPart};

/// The parts of a request that follow from its arguments; authentication is added later. There is no `Debug`: a body
/// may hold secrets.
pub(crate) struct Parts {
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<reqwest::Body>,
}

/// Builds the request's parts. Arguments must have passed [`Arguments::check`].
pub(crate) fn build(
    base_uri: &Url,
    operation: &Operation,
    arguments: &Arguments,
    variables: &[SecretString],
) -> Result<Parts, Vec<Violation>> {
    let mut violations = Vec::new();
    let mut url = base_uri.clone();
    match path(base_uri.path().trim_end_matches('/'), operation, arguments) {
        Ok(path) => url.set_path(&path),
        Err(violation) => violations.push(violation),
    }
    let mut query = Vec::new();
    let mut headers = HeaderMap::new();
    let mut cookies = Vec::new();
    let mut body = None;
    let mut media_type = "application/json";
    for (parameter, argument) in arguments.pairs(operation) {
        let Some(argument) = argument else { continue };
        match (parameter.location, argument) {
            (Location::Path | Location::Segments | Location::Field, _) => {}
            (Location::Body, Argument::Json(bytes)) => body = Some(bytes.clone().into()),
            (Location::Body, Argument::Value(value)) => body = Some(value.to_string().into()),
            (Location::Body, Argument::Raw(raw)) => {
                media_type = raw.media_type();
                body = raw.to_content();
                if body.is_none() {
                    violations
                        .push(Violation::new(parameter.name, "is a stream that was read already; make a new one"));
                }
            }
            (_, Argument::Json(_) | Argument::Raw(_)) => {
                violations.push(Violation::new(parameter.name, "cannot be a raw body"));
            }
            (Location::Query, Argument::Value(value)) => {
                query.extend(texts(value).iter().map(|text| pair(parameter.name, text)));
            }
            (Location::Header, Argument::Value(value)) => match header(parameter.name, &texts(value).join(", ")) {
                Ok((name, value)) => drop(headers.insert(name, value)),
                Err(violation) => violations.push(violation),
            },
            (Location::Cookie, Argument::Value(value)) => {
                cookies.extend(texts(value).iter().map(|text| pair(parameter.name, text)));
            }
        }
    }
    if !query.is_empty() {
        url.set_query(Some(&query.join("&")));
    }
    if !cookies.is_empty() {
        match header("cookie", &cookies.join("; ")) {
            Ok((name, value)) => drop(headers.insert(name, value)),
            Err(violation) => violations.push(violation),
        }
    }
    if let Some(template) = &operation.body {
        media_type = template.media_type;
        match (Ingredients { operation, arguments, variables }).body(template) {
            Ok(made) => body = made.map(Into::into),
            Err(violation) => violations.push(violation),
        }
    }
    // Whoever gives the header knows better what the body is.
    if body.is_some() && !headers.contains_key(CONTENT_TYPE) {
        match header("content-type", media_type) {
            Ok((name, value)) => drop(headers.insert(name, value)),
            Err(violation) => violations.push(violation),
        }
    }
    if violations.is_empty() { Ok(Parts { url, headers, body }) } else { Err(violations) }
}

/// The path of an operation below that of the base URI. An argument may be a part of a segment only, so the verdict on segments
/// comes at the end.
fn path(base: &str, operation: &Operation, arguments: &Arguments) -> Result<String, Violation> {
    let mut path = String::with_capacity(base.len() + 128);
    path.push_str(base);
    // Where in the path each argument stands.
    let mut places = Vec::new();
    for part in operation.path {
        match part {
            PathPart::Literal(text) => path.push_str(text),
            PathPart::Parameter(index) => {
                let text = arguments.get(*index).map(Argument::text).unwrap_or_default();
                let parameter = operation.parameters.get(*index);
                places.push((path.len(), parameter.map_or("path", |parameter| parameter.name)));
                if parameter.is_some_and(|parameter| parameter.location == Location::Segments) {
                    for (index, segment) in text.split('/').enumerate() {
                        path.push_str(if index == 0 { "" } else { "/" });
                        path.push_str(&encode(segment));
                    }
                } else {
                    path.push_str(&encode(&text));
                }
            }
        }
    }
    // Most paths hold nothing that could stand for a dot.
    if !path.contains('.') && !path.contains('%') {
        return Ok(path);
    }
    let mut start = base.len();
    // URL parsers take a backslash for a slash, and skip tabs and line breaks.
    let skipped = ['\t', '\r', '\n'];
    for segment in path.get(start..).unwrap_or_default().split(['/', '\\']) {
        let end = start + segment.len();
        let seen = if segment.contains(skipped) { segment.replace(skipped, "").into() } else { Cow::Borrowed(segment) };
        if argument::is_dots(&seen) {
            let place = places.iter().rev().find(|(at, _)| (start..=end).contains(at));
            let name = place.map_or("path", |(_, name)| *name);
            return Err(Violation::new(name, "must not make a segment of the path `.` or `..`"));
        }
        start = end + 1;
    }
    Ok(path)
}

/// The fields that frame the message, are about the connection, or name the target (RFC 9110 §7.2, §7.6.1): these are not
/// for callers to set.
const FRAMING: [HeaderName; 9] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

pub(crate) fn is_framing(name: &HeaderName) -> bool {
    FRAMING.contains(name)
}

pub(crate) fn remove_framing(headers: &mut HeaderMap) {
    // Hardly any request has one, and to look is cheaper than to remove.
    while let Some(name) = headers.keys().find(|name| is_framing(name)).cloned() {
        headers.remove(name);
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Violation> {
    let invalid =
        || Violation::new(name, "must be a valid header value: ASCII without line breaks and control characters");
    let value = HeaderValue::from_str(value).ok().filter(|_| value.is_ascii()).ok_or_else(invalid)?;
    let name = HeaderName::try_from(name).map_err(|_| Violation::new(name, "is not a valid header name"))?;
    Ok((name, value))
}

/// The texts of a value: one for a scalar or an object, one per item for an array, none for null.
fn texts(value: &Value) -> Vec<Cow<'_, str>> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().filter_map(scalar_text).collect(),
        Value::Object(_) => vec![value.to_string().into()],
        scalar => scalar_text(scalar).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;
    use crate::operation::{Kind, Method, Parameter, Repeat};

    static OPERATION: Operation = Operation {
        name: "op",
        api: 0,
        method: Method::Get,
        path: &[PathPart::Literal("/a/"), PathPart::Parameter(0), PathPart::Literal("/b")],
        parameters: &[
            Parameter::new("id", Location::Path, Kind::String).required(),
            Parameter::new("q&=", Location::Query, Kind::Array),
            Parameter::new("x-note", Location::Header, Kind::String),
        ],
        constants: &[],
        body: None,
        json_output: true,
        repeat: Repeat::Always,
    };

    fn arguments(id: &str, tags: &[String]) -> Arguments {
        let mut arguments = Arguments::new(&OPERATION);
        arguments.set(0, Argument::Value(id.into()));
        arguments.set(1, Argument::Value(tags.to_vec().into()));
        arguments
    }

    fn built(arguments: &Arguments) -> Url {
        let base = Url::parse("https://api.test/base/").expect("a base URI");
        build(&base, &OPERATION, arguments, &[]).expect("the arguments were checked").url
    }

    static OBJECT: Operation = Operation {
        name: "object",
        api: 0,
        method: Method::Get,
        path: &[PathPart::Literal("/bucket/"), PathPart::Parameter(0)],
        parameters: &[Parameter::new("key", Location::Segments, Kind::String).required()],
        constants: &[],
        body: None,
        json_output: true,
        repeat: Repeat::Always,
    };

    proptest! {
        #[test]
        fn segments_never_leave_their_prefix(key in "(\\PC|[/.%\\\\?#\t]|%2e|%2F){0,12}") {
            let mut arguments = Arguments::new(&OBJECT);
            arguments.set(0, Argument::Value(key.as_str().into()));
            let moves = |segment: &str| segment.is_empty() || argument::is_dots(segment);
            if arguments.check(&OBJECT).is_empty() {
                let base = Url::parse("https://api.test/base").expect("a base URI");
                let url = build(&base, &OBJECT, &arguments, &[]).expect("the arguments were checked").url;
                let rest = url.path().strip_prefix("/base/bucket/").expect("the prefix stays");
                prop_assert_eq!(rest.split('/').count(), key.split('/').count());
                prop_assert_eq!(percent_decode_str(rest).decode_utf8().expect("UTF-8"), key.as_str());
                prop_assert_eq!((url.query(), url.fragment()), (None, None));
            } else {
                prop_assert!(key.split('/').any(moves), "{key:?} was refused");
            }
        }

        #[test]
        fn a_path_argument_is_one_segment_whatever_it_holds(id in any::<String>()) {
            let arguments = arguments(&id, &[]);
            if arguments.check(&OPERATION).is_empty() {
                let url = built(&arguments);
                let segments: Vec<_> = url.path().split('/').collect();
                prop_assert_eq!(segments.len(), 5, "{}", url);
                prop_assert_eq!(percent_decode_str(segments[3]).decode_utf8().expect("UTF-8"), id.as_str());
                prop_assert_eq!(url.host_str(), Some("api.test"));
            } else {
                let dots = id.to_ascii_lowercase().replace("%2e", ".");
                prop_assert!(["", ".", ".."].contains(&dots.as_str()), "{id:?} was refused");
            }
        }

        #[test]
        fn query_values_arrive_as_they_were_given(tags in proptest::collection::vec(any::<String>(), 0..4)) {
            let url = built(&arguments("x", &tags));
            let arrived: Vec<_> = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
            let given: Vec<_> = tags.iter().map(|tag| ("q&=".to_owned(), tag.clone())).collect();
            prop_assert_eq!(arrived, given);
        }

        #[test]
        fn no_header_value_breaks_the_line(note in any::<String>()) {
            let mut arguments = arguments("x", &[]);
            arguments.set(2, Argument::Value(note.as_str().into()));
            let base = Url::parse("https://api.test").expect("a base URI");
            if let Ok(parts) = build(&base, &OPERATION, &arguments, &[]) {
                let value = parts.headers.get("x-note").expect("the header is set").as_bytes();
                prop_assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
            } else {
                prop_assert!(note.chars().any(|c| c.is_control() || !c.is_ascii()), "{note:?} was refused");
            }
        }
    }

    #[test]
    fn parts_of_segments_do_not_make_dots_together() {
        static PARTS: Operation = Operation {
            name: "parts",
            api: 0,
            method: Method::Get,
            path: &[
                PathPart::Literal("/a/%2"),
                PathPart::Parameter(0),
                PathPart::Parameter(1),
                PathPart::Literal("/b("),
                PathPart::Parameter(1),
                PathPart::Literal(").."),
            ],
            parameters: &[
                Parameter::new("first", Location::Path, Kind::String).required(),
                Parameter::new("second", Location::Path, Kind::String).required(),
            ],
            constants: &[],
            body: None,
            json_output: true,
            repeat: Repeat::Always,
        };
        let built = |first: &str, second: &str| {
            let mut arguments = Arguments::new(&PARTS);
            arguments.set(0, Argument::Value(first.into()));
            arguments.set(1, Argument::Value(second.into()));
            let base = Url::parse("https://api.test").expect("a base URI");
            build(&base, &PARTS, &arguments, &[]).map(|parts| parts.url.path().to_owned())
        };
        assert_eq!(built("0", "x"), Ok("/a/%20x/b(x)..".to_owned()));
        for (first, second) in [("e", "."), ("E", ".")] {
            let violations = built(first, second).expect_err("it would be `..`");
            assert_eq!(violations.first().map(|violation| violation.parameter.as_str()), Some("second"));
        }
    }

    #[test]
    fn plain_names_stay_as_they_are() {
        assert_eq!(built(&arguments("fr-par-1", &[])).as_str(), "https://api.test/base/a/fr-par-1/b");
        assert_eq!(built(&arguments("../../admin", &[])).path(), "/base/a/..%2F..%2Fadmin/b");
    }
}
