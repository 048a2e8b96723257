//! Rules for consumed APIs and their operations.

use crate::codes::Code;
use crate::diagnostic::{Place, Sink};
use crate::linked::{Api, Authentication, Linked, Location, Operation, Parameter, TemplatePart};
use crate::read::document::Text;
use crate::template::Piece;
use crate::vocabulary::{base_uri, is_dots, is_invisible, is_token, kind, method};

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    for api in &linked.apis {
        check_base_uri(api, sink);
        for credential in &api.credentials {
            match credential {
                Authentication::Header { name, value } | Authentication::Cookie { name, value } => {
                    check_header_text(value, name, api.place, sink);
                }
                Authentication::Bearer { token } => check_header_text(token, "Authorization", api.place, sink),
                Authentication::Query { .. } | Authentication::Basic { .. } => {}
            }
        }
    }
    for operation in &linked.operations {
        check_method(operation.method, sink);
        check_path(operation, sink);
        check_parameters(operation, sink);
    }
}

fn check_base_uri(api: &Api<'_>, sink: &mut Sink) {
    let namespace = &api.name;
    let Some(text) = api.base_uri else {
        let message = format!("`{namespace}` has no `baseUri`; whoever runs the generated crate must set one");
        sink.report(Code::BaseUriIsConfiguration, api.place, message, "add `baseUri:`");
        return;
    };
    match base_uri(&text.value) {
        Ok(Some(_)) => {}
        Ok(None) => {
            let what = if text.value.trim().is_empty() { "is empty" } else { "has placeholders" };
            let message = format!("the base URI of `{namespace}` {what}; whoever runs the generated crate must set it");
            let help = "it is set with `--base-uri`, or `base_uri` of the client's builder";
            sink.report(Code::BaseUriIsConfiguration, text.place, message, help);
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
    let unseen = |text: &str| text.contains(|c: char| c.is_control() || is_invisible(c) || c == '\\');
    let literal: String =
        operation.pieces.iter().map(|piece| if let Piece::Literal(text) = piece { text } else { "*" }).collect();
    if literal.split('/').any(is_dots) || unseen(&literal) {
        let message = format!("the path `{}` holds what no path can", operation.path.value);
        let help = "`.` and `..` are no segments, and neither control characters nor `\\` belong into a path";
        sink.report(Code::BadPath, operation.path.place, message, help);
    }
}

fn check_parameters(operation: &Operation<'_>, sink: &mut Sink) {
    for parameter in &operation.parameters {
        check_kind(parameter, sink);
        check_name(&parameter.wire, parameter.location, parameter.place, sink);
    }
    for constant in &operation.constants {
        check_name(&constant.name.value, constant.location, constant.name.place, sink);
        if constant.location == Location::Header {
            check_header_text(&constant.value, &constant.name.value, constant.name.place, sink);
        }
        let no_segment = match constant.value.as_slice() {
            [TemplatePart::Literal(text)] => is_dots(text) || text.is_empty(),
            _ => true,
        };
        if constant.location.is_path() && no_segment {
            let message = format!("the fixed value of `{}` cannot be placed in a path", constant.name.value);
            let help = "write the value into the path itself; secrets and dots do not belong there";
            sink.report(Code::Unsupported, constant.name.place, message, help);
        }
    }
}

/// Text of a header is visible ASCII, blanks and tabs (RFC 9110 §5.5; other bytes mean nothing that servers agree on).
fn check_header_text(parts: &[TemplatePart], name: &str, place: Place, sink: &mut Sink) {
    let fits = |c: char| matches!(c, ' '..='~' | '\t');
    let mut literals = parts.iter().filter_map(|part| match part {
        TemplatePart::Literal(text) => Some(text),
        TemplatePart::Variable(_) => None,
    });
    if literals.any(|text| !text.chars().all(fits)) {
        let message = format!("the value of the header `{name}` holds characters that no header can");
        sink.report(Code::TypeMismatch, place, message, "use ASCII on one line");
    }
}

/// Names of headers and cookies are tokens; the others may hold anything and are percent-encoded.
fn check_name(name: &str, location: Location, place: Place, sink: &mut Sink) {
    if matches!(location, Location::Header | Location::Cookie) && !is_token(name) {
        let message = format!("`{name}` cannot be the name of a header or cookie");
        sink.report(Code::BadHeaderName, place, message, "see RFC 9110 §5.1 and RFC 6265 §4.1.1");
    }
}

pub(super) fn check_kind(parameter: &Parameter, sink: &mut Sink) {
    let Some(text) = &parameter.kind else { return };
    if kind(parameter.kind.as_ref(), parameter.location).is_none() {
        let message = format!("`{}` is no type of a parameter; `{}` is taken for a string", text.value, parameter.name);
        sink.report(Code::UnknownType, text.place, message, "use string, integer, number, boolean, array or object");
    }
}
