//! Rules for consumed APIs and their operations.

use std::collections::BTreeSet;

use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::{Api, Credential, Linked, Location, Operation, Parameter, TemplatePart};
use crate::read::document::Text;
use crate::template::Piece;
use crate::vocabulary::{base_uri, is_dots, is_invisible, kind, method};

/// Fields that frame the message or belong to the connection (RFC 9110 §7.6.1, RFC 9112 §6.3).
const FORBIDDEN_HEADERS: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "proxy-authorization",
];

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    for api in &linked.apis {
        check_base_uri(api, sink);
        if let Some(Credential::Header { name, .. }) = &api.credential {
            check_header(&name.value, name.place, None, sink);
        }
    }
    for operation in &linked.operations {
        check_method(operation.method, sink);
        check_path(operation, sink);
        check_parameters(linked, operation, sink);
    }
}

fn check_base_uri(api: &Api<'_>, sink: &mut Sink) {
    let namespace = &api.source.namespace.value;
    let Some(text) = &api.source.base_uri else {
        let message = format!("`{namespace}` has no `baseUri`; whoever runs the generated crate must set one");
        sink.report(Code::BaseUriIsConfiguration, api.source.place, message, "add `baseUri:`");
        return;
    };
    match base_uri(&text.value) {
        Ok(Some(_)) => {}
        Ok(None) => {
            let message =
                format!("the base URI of `{namespace}` has placeholders; whoever runs the generated crate must set it");
            sink.report(Code::BaseUriIsConfiguration, text.place, message, "");
        }
        Err(problem) => {
            sink.report(Code::BadBaseUri, text.place, format!("the base URI {problem}"), "write `https://host/base`")
        }
    }
}

pub(super) fn check_method(text: Option<&Text>, sink: &mut Sink) {
    let Some(text) = text.filter(|text| method(Some(text)).is_none()) else { return };
    let help = "use GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE";
    sink.report(Code::UnknownMethod, text.place, format!("`{}` is no HTTP method that can be sent", text.value), help);
}

fn check_path(operation: &Operation<'_>, sink: &mut Sink) {
    let bad = |piece: &Piece| matches!(piece, Piece::Literal(text) if text.contains(['?', '#']));
    let unseen = operation.path.value.contains(|c: char| c.is_control() || is_invisible(c));
    if operation.pieces.iter().any(bad) || operation.path.value.split('/').any(is_dots) || unseen {
        let help = "declare what follows `?` as query parameters; `.` and `..` are no segments";
        let message = format!("the path `{}` holds more than a path", operation.path.value);
        sink.report(Code::BadPath, operation.path.place, message, help);
    }
    if !operation.path.value.starts_with('/') {
        let message = format!("the path `{}` does not start with `/`", operation.path.value);
        sink.report(Code::BadPath, operation.path.place, message, "it is appended to the base URI as it stands");
    }
}

fn check_parameters(linked: &Linked<'_>, operation: &Operation<'_>, sink: &mut Sink) {
    let credential = linked.apis.get(operation.api).and_then(|api| api.credential.as_ref());
    for parameter in &operation.parameters {
        check_kind(parameter, sink);
        if parameter.location == Location::Header {
            check_header(&parameter.name, parameter.place, credential, sink);
        }
    }
    for constant in &operation.constants {
        if constant.location == Location::Header {
            check_header(&constant.name.value, constant.name.place, credential, sink);
        }
        let no_segment = match constant.value.as_slice() {
            [TemplatePart::Literal(text)] => is_dots(text),
            _ => true,
        };
        if constant.location == Location::Body || (constant.location == Location::Path && no_segment) {
            let message = format!("the fixed value of `{}` cannot be placed there", constant.name.value);
            sink.report(
                Code::Unsupported,
                constant.name.place,
                message,
                "fixed values may be headers, cookies and query parameters",
            );
        }
    }
    let names = operation.parameters.iter().filter(|parameter| parameter.location == Location::Header);
    let mut known = BTreeSet::new();
    for parameter in names {
        if !known.insert(parameter.name.to_ascii_lowercase()) {
            let message =
                format!("the header `{}` is declared twice: letters of both cases mean the same", parameter.name);
            sink.report(Code::DuplicateName, parameter.place, message, "remove one of the two");
        }
    }
    if let Some(Credential::Query { name, .. }) = credential {
        let query = operation.parameters.iter().find(|p| p.location == Location::Query && p.name == name.value);
        if let Some(parameter) = query {
            let message =
                format!("the query parameter `{}` is the API key's own, no caller may set it", parameter.name);
            sink.report(Code::ForbiddenHeader, parameter.place, message, "remove the parameter");
        }
    }
    let mut bodies = operation.parameters.iter().filter(|parameter| parameter.location == Location::Body);
    if let (Some(_), Some(second)) = (bodies.next(), bodies.next()) {
        let message =
            format!("`{}` has several parameters in the body, and a request has one body", operation.name.value);
        sink.report(Code::SeveralBodies, second.place, message, "declare one parameter of type `object`");
    }
}

pub(super) fn check_kind(parameter: &Parameter, sink: &mut Sink) {
    let Some(text) = &parameter.kind else { return };
    if kind(parameter.kind.as_ref(), parameter.location).is_none() {
        let message = format!("`{}` is no type of a parameter; `{}` is taken for a string", text.value, parameter.name);
        sink.report(Code::UnknownType, text.place, message, "use string, integer, number, boolean, array or object");
    }
}

fn check_header(name: &str, place: crate::diagnostic::Place, credential: Option<&Credential<'_>>, sink: &mut Sink) {
    let own = match credential {
        Some(Credential::Header { name, .. }) => Some(name.value.as_str()),
        Some(Credential::Bearer { .. } | Credential::Basic { .. }) => Some("authorization"),
        _ => None,
    };
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    if FORBIDDEN_HEADERS.iter().any(|header| is(header)) || own.is_some_and(is) {
        let message = format!("the header `{name}` is set by the client itself, no caller may set it");
        sink.report(Code::ForbiddenHeader, place, message, "remove the parameter");
    }
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        sink.report(Code::ForbiddenHeader, place, format!("`{name}` is no header name"), "see RFC 9110 §5.1");
    }
}
