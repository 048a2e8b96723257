//! Builds the parts of an HTTP request from an operation and its arguments.

use std::borrow::Cow;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue};
use naftiko_schema::http::{holds_dots, is_dots, is_framing, percent_encode};
use naftiko_schema::{Location, Method, Operation, PathPart, TemplatePart};
use secrecy::SecretString;
use url::Url;

use crate::argument::{Argument, Arguments, Violation};
use crate::body;
use crate::encoding::{encoded, pair};
use crate::style;
use crate::template::Values;

/// How many fields the usual request has, with those that come later. A map of this capacity need not grow.
const USUAL_FIELDS: usize = 12;

/// The parts of a request that its arguments determine; credentials are added later. It has no `Debug`, because a body may
/// contain secrets.
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
    allow_dots: bool,
) -> Result<Parts, Vec<Violation>> {
    let mut violations = Vec::new();
    let mut url = base_uri.clone();
    let values = Values { operation, arguments, variables };
    match path(base_uri.path().trim_end_matches('/'), &values, allow_dots) {
        Ok(path) => url.set_path(&path),
        Err(violation) => violations.push(violation),
    }
    let mut query = Vec::new();
    let mut headers = HeaderMap::with_capacity(USUAL_FIELDS);
    let mut cookies = Vec::new();
    let mut body = None;
    let mut media_type = Cow::Borrowed("application/json");
    for (parameter, argument) in arguments.pairs(&operation.parameters) {
        let Some(argument) = argument else { continue };
        if let Some(name) = style::taken(operation, parameter, argument) {
            let problem = format!("must not have a member `{name}`: another parameter has this name");
            violations.push(Violation::new(&parameter.name, problem));
        }
        let texts = || argument.texts().unwrap_or_default();
        let pairs = || {
            let styled = style::pairs(parameter, &parameter.name, argument, encoded);
            styled.unwrap_or_else(|| texts().iter().map(|text| pair(&parameter.name, text)).collect())
        };
        match (parameter.location, argument) {
            (Location::Path | Location::Segments | Location::Field | Location::Inserted | Location::Credential, _) => {}
            (Location::Body, Argument::Json(bytes)) => body = Some(bytes.clone().into()),
            (Location::Body, Argument::Value(value)) => body = Some(value.to_string().into()),
            (Location::Body, Argument::Raw(raw)) => {
                media_type = raw.media_type().into();
                body = raw.to_content();
                if body.is_none() {
                    violations.push(Violation::new(
                        &parameter.name,
                        "is a stream that has already been read; create a new one",
                    ));
                }
            }
            (_, Argument::Raw(_)) => violations.push(Violation::new(&parameter.name, "cannot be a raw body")),
            (Location::Query, _) => query.extend(pairs()),
            (Location::Header, _) => {
                let styled = style::joined(parameter, argument, str::to_owned);
                match header(&parameter.name, &styled.unwrap_or_else(|| texts().join(", "))) {
                    Ok((name, value)) => drop(headers.insert(name, value)),
                    Err(violation) => violations.push(violation),
                }
            }
            (Location::Cookie, _) => cookies.extend(pairs()),
        }
    }
    if !query.is_empty() {
        url.set_query(Some(&query.join("&")));
    }
    if !cookies.is_empty() {
        let others = headers.get(COOKIE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let all: Vec<_> = others.into_iter().chain(cookies).collect();
        match header("cookie", &all.join("; ")) {
            Ok((name, value)) => drop(headers.insert(name, value)),
            Err(violation) => violations.push(violation),
        }
    }
    if let Some(template) = &operation.body {
        match body::build(&values, template) {
            Ok(Some(built)) => {
                media_type = built.media_type.into();
                body = Some(built.bytes.into());
            }
            Ok(None) => {}
            Err(violation) => violations.push(violation),
        }
    }
    // An explicit header takes precedence.
    if body.is_some() && !headers.contains_key(CONTENT_TYPE) {
        match header("content-type", &media_type) {
            Ok((name, value)) => drop(headers.insert(name, value)),
            Err(violation) => violations.push(violation),
        }
    }
    if violations.is_empty() { Ok(Parts { url, headers, body }) } else { Err(violations) }
}

/// The path of an operation below that of the base URI. An argument may be only a part of a segment, so segments are checked
/// at the end. Unless `allow_dots`, no argument holds a way out of its segment for servers that decode it.
fn path(base: &str, values: &Values<'_>, allow_dots: bool) -> Result<String, Violation> {
    let way_out =
        |name: &str| Violation::new(name, "must not hold `.` or `..` between slashes, also if they are encoded");
    let mut path = String::with_capacity(base.len() + 128);
    path.push_str(base);
    // The position of each argument in the path.
    let mut positions = Vec::new();
    for part in values.operation.path.iter() {
        match part {
            PathPart::Literal(text) => path.push_str(text),
            PathPart::Variable(id) => path.push_str(&percent_encode(&values.text(&TemplatePart::Variable(*id)))),
            PathPart::Parameter(id) => {
                let argument = values.arguments.get(*id);
                let parameter = values.operation.parameter(*id);
                let styled = |encode| style::joined(parameter?, argument?, encode);
                let joined = styled(str::to_owned).map(Cow::from);
                let text = joined.unwrap_or_else(|| argument.map(Argument::text).unwrap_or_default());
                let name = parameter.map_or("path", |parameter| &parameter.name);
                if !allow_dots && holds_dots(&text) {
                    return Err(way_out(name));
                }
                if text.is_empty() && parameter.is_some_and(|parameter| parameter.style.is_some()) {
                    return Err(Violation::new(name, "must not be empty: it is a path segment"));
                }
                positions.push((path.len(), name));
                if parameter.is_some_and(|parameter| parameter.location == Location::Segments) {
                    for (index, segment) in text.split('/').enumerate() {
                        path.push_str(if index == 0 { "" } else { "/" });
                        path.push_str(&percent_encode(segment));
                    }
                } else {
                    path.push_str(&styled(encoded).map_or_else(|| percent_encode(&text), Cow::from));
                }
            }
        }
    }
    // Most paths contain nothing that could be a dot.
    if !path.contains('.') && !path.contains('%') {
        return Ok(path);
    }
    let mut start = base.len();
    // URL parsers treat a backslash as a slash, and skip tabs and line breaks.
    let skipped = ['\t', '\r', '\n'];
    for segment in path.get(start..).unwrap_or_default().split(['/', '\\']) {
        let end = start + segment.len();
        let seen = if segment.contains(skipped) { segment.replace(skipped, "").into() } else { Cow::Borrowed(segment) };
        let position = positions.iter().rev().find(|(at, _)| (start..=end).contains(at));
        if is_dots(&seen) {
            let name = position.map_or("path", |(_, name)| *name);
            return Err(Violation::new(name, "must not turn a path segment into `.` or `..`"));
        }
        if let Some((_, name)) = position.filter(|_| !allow_dots && holds_dots(&seen)) {
            return Err(way_out(name));
        }
        start = end + 1;
    }
    Ok(path)
}

pub(crate) fn remove_framing(headers: &mut HeaderMap) {
    // Almost no request has one, and searching is cheaper than removing.
    while let Some(name) = headers.keys().find(|name| is_framing(name.as_str())).cloned() {
        headers.remove(name);
    }
}

/// Says that a request has no content, if its method is one that usually has some (RFC 9110 §8.6). hyper says nothing then, which
/// some servers answer with a 411.
pub fn announce_no_content(request: &mut reqwest::Request) {
    let has_content = request.body().is_some_and(|body| body.as_bytes() != Some(b""));
    if !has_content && [http::Method::POST, http::Method::PUT, http::Method::PATCH].contains(request.method()) {
        request.headers_mut().insert(CONTENT_LENGTH, const { HeaderValue::from_static("0") });
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Violation> {
    let invalid =
        || Violation::new(name, "must be a valid header value: ASCII without line breaks and control characters");
    let value = HeaderValue::from_str(value).ok().filter(|_| value.is_ascii()).ok_or_else(invalid)?;
    let name = HeaderName::try_from(name).map_err(|_| Violation::new(name, "is not a valid header name"))?;
    Ok((name, value))
}

/// The method as a type of the `http` crate.
pub fn http_method(method: Method) -> http::Method {
    match method {
        Method::Get => http::Method::GET,
        Method::Head => http::Method::HEAD,
        Method::Options => http::Method::OPTIONS,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
    }
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{Kind, OperationId, Parameter, ParameterId, ParameterStyle, RetrySafety, Separator, text};
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn request_without_content_says_so_where_its_method_usually_has_some() {
        let announced = |method: http::Method, body: Option<&'static str>| {
            let mut request = reqwest::Request::new(method, "https://api.test/".parse().expect("a URL"));
            *request.body_mut() = body.map(reqwest::Body::from);
            announce_no_content(&mut request);
            request.headers().get(CONTENT_LENGTH).is_some_and(|length| length == "0")
        };
        for method in [http::Method::POST, http::Method::PUT, http::Method::PATCH] {
            assert!(announced(method.clone(), None) && announced(method.clone(), Some("")), "{method}");
            assert!(!announced(method.clone(), Some("{}")), "{method}");
        }
        for method in [http::Method::GET, http::Method::HEAD, http::Method::DELETE, http::Method::OPTIONS] {
            assert!(!announced(method.clone(), None), "{method}");
        }
    }

    const fn operation(name: &'static str, path: &'static [PathPart], parameters: &'static [Parameter]) -> Operation {
        Operation::new(OperationId(0), name, Method::Get, RetrySafety::Idempotent).path(path).parameters(parameters)
    }

    static OPERATION: Operation = operation(
        "op",
        const { &[PathPart::Literal(text("/a/")), PathPart::Parameter(ParameterId(0)), PathPart::Literal(text("/b"))] },
        const {
            &[
                Parameter::new("id", Location::Path, Kind::String).required(),
                Parameter::new("q&=", Location::Query, Kind::Array),
                Parameter::new("x-note", Location::Header, Kind::String),
            ]
        },
    );

    fn arguments(id: &str, tags: &[String]) -> Arguments {
        let mut arguments = Arguments::new(&OPERATION);
        arguments.set(ParameterId(0), Argument::Value(id.into()));
        arguments.set(ParameterId(1), Argument::Value(tags.to_vec().into()));
        arguments
    }

    fn built(arguments: &Arguments) -> Url {
        let base = Url::parse("https://api.test/base/").expect("a base URI");
        build(&base, &OPERATION, arguments, &[], true).expect("the arguments were checked").url
    }

    static OBJECT: Operation = operation(
        "object",
        const { &[PathPart::Literal(text("/bucket/")), PathPart::Parameter(ParameterId(0))] },
        const { &[Parameter::new("key", Location::Segments, Kind::String).required()] },
    );

    proptest! {
        #[test]
        fn segments_never_leave_their_prefix(key in "(\\PC|[/.%\\\\?#\t]|%2e|%2F){0,12}") {
            let mut arguments = Arguments::new(&OBJECT);
            arguments.set(ParameterId(0), Argument::Value(key.as_str().into()));
            let moves = |segment: &str| segment.is_empty() || is_dots(segment);
            if arguments.check(&OBJECT.parameters).is_empty() {
                let base = Url::parse("https://api.test/base").expect("a base URI");
                let url = build(&base, &OBJECT, &arguments, &[], true).expect("the arguments were checked").url;
                let rest = url.path().strip_prefix("/base/bucket/").expect("the prefix stays");
                prop_assert_eq!(rest.split('/').count(), key.split('/').count());
                prop_assert_eq!(percent_decode_str(rest).decode_utf8().expect("UTF-8"), key.as_str());
                prop_assert_eq!((url.query(), url.fragment()), (None, None));
            } else {
                prop_assert!(key.split('/').any(moves), "{key:?} was refused");
            }
        }

        #[test]
        fn path_arguments_stay_one_segment(id in any::<String>()) {
            let arguments = arguments(&id, &[]);
            if arguments.check(&OPERATION.parameters).is_empty() {
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
        fn query_values_arrive_unchanged(tags in proptest::collection::vec(any::<String>(), 0..4)) {
            let url = built(&arguments("x", &tags));
            let arrived: Vec<_> = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
            let expected: Vec<_> = tags.iter().map(|tag| ("q&=".to_owned(), tag.clone())).collect();
            prop_assert_eq!(arrived, expected);
        }

        #[test]
        fn header_values_contain_no_line_breaks(note in any::<String>()) {
            let mut arguments = arguments("x", &[]);
            arguments.set(ParameterId(2), Argument::Value(note.as_str().into()));
            let base = Url::parse("https://api.test").expect("a base URI");
            if let Ok(parts) = build(&base, &OPERATION, &arguments, &[], false) {
                let value = parts.headers.get("x-note").expect("the header is set").as_bytes();
                prop_assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
            } else {
                prop_assert!(note.chars().any(|c| c.is_control() || !c.is_ascii()), "{note:?} was refused");
            }
        }
    }

    static STYLED: Operation = operation(
        "styled",
        const { &[PathPart::Literal(text("/of/")), PathPart::Parameter(ParameterId(0))] },
        const {
            &[
                Parameter::new("ids", Location::Path, Kind::Array)
                    .required()
                    .style(ParameterStyle::Separated(Separator::Comma)),
                Parameter::new("csv", Location::Query, Kind::Array).style(ParameterStyle::Separated(Separator::Comma)),
                Parameter::new("ssv", Location::Query, Kind::Array).style(ParameterStyle::Separated(Separator::Space)),
                Parameter::new("pipes", Location::Query, Kind::Array).style(ParameterStyle::Separated(Separator::Pipe)),
                Parameter::new("flt", Location::Query, Kind::Any).style(ParameterStyle::Brackets),
                Parameter::new("own", Location::Query, Kind::Object).style(ParameterStyle::Members),
                Parameter::new("x-ids", Location::Header, Kind::Array)
                    .style(ParameterStyle::Separated(Separator::Pipe)),
            ]
        },
    );

    fn styled(values: &[(u32, serde_json::Value)], as_text: bool) -> Result<Parts, Vec<Violation>> {
        let mut arguments = Arguments::new(&STYLED);
        for (id, value) in values {
            let argument =
                if as_text { Argument::Json(value.to_string().into()) } else { Argument::Value(value.clone()) };
            arguments.set(ParameterId(*id), argument);
        }
        assert!(arguments.check(&STYLED.parameters).is_empty());
        let base = Url::parse("https://api.test").expect("a base URI");
        build(&base, &STYLED, &arguments, &[], false)
    }

    #[test]
    fn arrays_and_objects_are_written_in_the_style_of_their_parameter() {
        let values = [
            (0, json!(["a", "b,c"])),
            (1, json!(["x y", 2])),
            (2, json!(["a", "b"])),
            (3, json!(["a", "b"])),
            (4, json!({"gte": 1.50, "in": ["a", {"b": true}], "no": null})),
            (5, json!({"page": 0, "sort": ["a", "b"]})),
            (6, json!(["a", "b"])),
        ];
        for as_text in [false, true] {
            let parts = styled(&values, as_text).unwrap_or_else(|violations| panic!("{violations:?}"));
            let query = "csv=x%20y,2&ssv=a%20b&pipes=a%7Cb&flt%5Bgte%5D=1.5&flt%5Bin%5D%5B0%5D=a\
                         &flt%5Bin%5D%5B1%5D%5Bb%5D=true&page=0&sort=a&sort=b";
            assert_eq!(parts.url.as_str(), format!("https://api.test/of/a,b%2Cc?{query}"));
            assert_eq!(parts.headers.get("x-ids").map(HeaderValue::as_bytes), Some(&b"a|b"[..]));
        }
    }

    #[test]
    fn members_that_are_parameters_cannot_be_other_parameters() {
        let violations = styled(&[(0, json!(["a"])), (5, json!({"csv": "b"}))], false).err().unwrap_or_default();
        let expected = Violation::new("own", "must not have a member `csv`: another parameter has this name");
        assert_eq!(violations, [expected]);
        let parts = styled(&[(0, json!(["a"])), (1, json!([])), (2, json!([""]))], false);
        assert_eq!(parts.map(|parts| parts.url.to_string()), Ok("https://api.test/of/a?ssv=".to_owned()));
    }

    #[test]
    fn arrays_in_paths_cannot_be_empty_or_dots() {
        for value in [json!([]), json!([""]), json!([".."]), json!(["%2e"]), json!(["a/../b"])] {
            assert!(styled(&[(0, value.clone())], false).is_err(), "{value}");
        }
    }

    #[test]
    fn partial_segments_cannot_form_dots() {
        static PARTS: Operation = operation(
            "parts",
            const {
                &[
                    PathPart::Literal(text("/a/%2")),
                    PathPart::Parameter(ParameterId(0)),
                    PathPart::Parameter(ParameterId(1)),
                    PathPart::Literal(text("/b(")),
                    PathPart::Parameter(ParameterId(1)),
                    PathPart::Literal(text(")..")),
                ]
            },
            const {
                &[
                    Parameter::new("first", Location::Path, Kind::String).required(),
                    Parameter::new("second", Location::Path, Kind::String).required(),
                ]
            },
        );
        let built = |first: &str, second: &str| {
            let mut arguments = Arguments::new(&PARTS);
            arguments.set(ParameterId(0), Argument::Value(first.into()));
            arguments.set(ParameterId(1), Argument::Value(second.into()));
            let base = Url::parse("https://api.test").expect("a base URI");
            build(&base, &PARTS, &arguments, &[], false).map(|parts| parts.url.path().to_owned())
        };
        assert_eq!(built("0", "x"), Ok("/a/%20x/b(x)..".to_owned()));
        for (first, second) in [("e", "."), ("E", ".")] {
            let violations = built(first, second).expect_err("it would be `..`");
            assert_eq!(violations.first().map(|violation| violation.parameter.as_str()), Some("second"));
        }
    }

    #[test]
    fn plain_path_arguments_are_unchanged() {
        assert_eq!(built(&arguments("fr-par-1", &[])).as_str(), "https://api.test/base/a/fr-par-1/b");
        assert_eq!(built(&arguments("../../admin", &[])).path(), "/base/a/..%2F..%2Fadmin/b");
    }

    #[test]
    fn arguments_with_dots_between_slashes_are_rejected_unless_allowed() {
        let base = Url::parse("https://api.test/base/").expect("a base URI");
        for id in ["../../admin", "..\\x", "%2e%2e%2fx", "a/..", "..;/x", "a/./b", "%252e%252e/"] {
            let arguments = arguments(id, &[]);
            let built = |allow_dots| build(&base, &OPERATION, &arguments, &[], allow_dots).map(|parts| parts.url);
            let violations = built(false).expect_err("it is a way out");
            assert_eq!(violations.first().map(|violation| violation.parameter.as_str()), Some("id"), "{id}");
            assert_eq!(built(true).map(|url| url.path().split('/').count()), Ok(5), "{id}");
        }
        for id in ["a/b", "...", "x.y", "50%", "a\\b"] {
            assert!(build(&base, &OPERATION, &arguments(id, &[]), &[], false).is_ok(), "{id}");
        }
    }

    #[test]
    fn arguments_of_one_segment_and_segments_of_one_argument_hold_no_dots() {
        static JOINED: Operation = operation(
            "joined",
            const {
                &[
                    PathPart::Literal(text("/a/")),
                    PathPart::Parameter(ParameterId(0)),
                    PathPart::Literal(text(".")),
                    PathPart::Parameter(ParameterId(1)),
                ]
            },
            const {
                &[
                    Parameter::new("first", Location::Path, Kind::String).required(),
                    Parameter::new("second", Location::Path, Kind::String).required(),
                ]
            },
        );
        let base = Url::parse("https://api.test").expect("a base URI");
        let mut arguments = Arguments::new(&JOINED);
        arguments.set(ParameterId(0), Argument::Value("x/".into()));
        arguments.set(ParameterId(1), Argument::Value("%2fy".into()));
        assert!(build(&base, &JOINED, &arguments, &[], false).is_err());
        let mut arguments = Arguments::new(&OBJECT);
        arguments.set(ParameterId(0), Argument::Value("one/two/..%2Fthree".into()));
        assert!(build(&base, &OBJECT, &arguments, &[], false).is_err());
    }
}
