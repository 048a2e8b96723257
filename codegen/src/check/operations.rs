//! Rules for consumed APIs and their operations.

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::http::is_dots;
use naftiko_schema::{Location, OperationId, Template, TemplatePart};

use crate::codes::Code;
use crate::diagnostic::{Sink, Span, nearest};
use crate::linked::{Api, Flow, Linked, Operation, Parameter, Source, Target};
use crate::template::is_sent;
use crate::vocabulary::{KINDS, base_uri, is_token, kind};

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    for api in &linked.apis {
        check_base_uri(api, sink);
        for credential in &api.credentials {
            if let Some(text) = credential.header_text() {
                check_header_text(text, credential.field().1, api.span, sink);
            }
        }
    }
    for operation in &linked.operations {
        check_path(operation, sink);
        check_parameters(operation, sink);
    }
    // A call with an error has no values.
    if !sink.has_errors() {
        check_placeholders(linked, sink);
    }
}

/// Placeholders that none of the callers of an operation gives a value: a misspelt one would be left out without a word.
fn check_placeholders(linked: &Linked<'_>, sink: &mut Sink) {
    let of_calls = linked.calls().filter_map(|call| match call.target {
        Target::Operation(id) => Some((id, &call.sources)),
        Target::Flow(_) => None,
    });
    let of_steps = linked.flows.iter().flat_map(Flow::calls).map(|call| (call.operation, &call.sources));
    // For each operation that is called, the parameters that have a value in one of the calls.
    let mut fed: BTreeMap<OperationId, BTreeSet<usize>> = BTreeMap::new();
    for (operation, sources) in of_calls.chain(of_steps) {
        let present = sources.iter().enumerate().filter(|(_, source)| !matches!(source, Source::Absent));
        fed.entry(operation).or_default().extend(present.map(|(index, _)| index));
    }
    for (id, fed) in fed {
        let Some(operation) = linked.operations.get(id.index()) else { continue };
        for (index, parameter) in operation.parameters.iter().enumerate() {
            if operation.guessed.contains(&parameter.name) && !fed.contains(&index) {
                let (name, operation) = (&parameter.name, &operation.name.value);
                let message = format!("no caller of `{operation}` gives `{{{{{name}}}}}` a value; it is left out");
                let help = "declare it as an input of a route or tool, or correct its name";
                sink.report_once(Code::NoEffect, name, parameter.span, message).help(help);
            }
        }
    }
}

fn check_base_uri(api: &Api<'_>, sink: &mut Sink) {
    let namespace = &api.name;
    if let Some(span) = api.tunnel {
        let message = format!("the client opens no tunnel to `{namespace}`; the operator must set the base URI");
        let help = "run the agent of the tunnel, and set the base URI to where it takes requests";
        sink.report(Code::Tunnel, span, message).help(help);
        return;
    }
    let Some(text) = api.base_uri else {
        let message = format!("`{namespace}` has no `baseUri`; the operator must set it");
        sink.report(Code::BaseUriIsConfiguration, api.span, message).help("add `baseUri:` to give it a default");
        return;
    };
    match base_uri(&text.value) {
        Ok(Some(_)) => {}
        Ok(None) => {
            let what = if text.value.trim().is_empty() { "is empty" } else { "has placeholders" };
            let message = format!("the base URI of `{namespace}` {what}; the operator must set it");
            let help = "set it with `--base-uri`, or with `ClientBuilder::base_uri` in a program";
            sink.report(Code::BaseUriIsConfiguration, text.span, message).help(help);
        }
        Err(problem) => {
            let message = format!("invalid base URI: it {problem}");
            sink.report(Code::BadBaseUri, text.span, message).help("write `https://host/base`");
        }
    }
}

fn check_path(operation: &Operation<'_>, sink: &mut Sink) {
    if !is_sent(&operation.pieces) {
        let message = format!("the path `{}` has characters or segments that are not allowed", operation.path.value);
        let help = "remove segments `.` and `..`, control characters, invisible characters and `\\`";
        sink.report(Code::BadPath, operation.path.span, message).help(help);
    }
}

fn check_parameters(operation: &Operation<'_>, sink: &mut Sink) {
    for parameter in &operation.parameters {
        check_kind(parameter, sink);
        check_name(&parameter.wire, parameter.location, parameter.span, sink);
    }
    for constant in &operation.constants {
        check_name(&constant.name.value, constant.location, constant.name.span, sink);
        if constant.location == Location::Header {
            check_header_text(&constant.value, &constant.name.value, constant.name.span, sink);
        }
        let no_segment = match &*constant.value.parts {
            [TemplatePart::Literal(text)] => is_dots(text) || text.is_empty(),
            parts => parts.is_empty(),
        };
        if constant.location.is_path() && no_segment {
            let message = format!("the fixed value of `{}` cannot be used in a path", constant.name.value);
            let help = "write a segment of a path; it is not empty, `.` or `..`";
            sink.report(Code::Unsupported, constant.name.span, message).help(help);
        }
    }
}

/// The value of a header is visible ASCII, blanks and tabs (RFC 9110 §5.5); servers disagree on the meaning of other bytes.
fn check_header_text(template: &Template, name: &str, span: Span, sink: &mut Sink) {
    let fits = |c: char| matches!(c, ' '..='~' | '\t');
    let mut literals = template.parts.iter().filter_map(|part| match part {
        TemplatePart::Literal(text) => Some(text),
        TemplatePart::Variable(_) | TemplatePart::Parameter(_) => None,
    });
    if literals.any(|text| !text.chars().all(fits)) {
        let message = format!("the value of the header `{name}` has characters that are not allowed in headers");
        sink.report(Code::TypeMismatch, span, message).help("use printable ASCII on one line");
    }
}

/// Names of headers and cookies are tokens; other names can be any text and are percent-encoded.
fn check_name(name: &str, location: Location, span: Span, sink: &mut Sink) {
    if matches!(location, Location::Header | Location::Cookie) && !is_token(name) {
        let message = format!("`{name}` is not a valid name of a header or cookie");
        sink.report(Code::BadHeaderName, span, message)
            .help("use letters, digits and hyphens (RFC 9110 §5.1, RFC 6265 §4.1.1)");
    }
}

pub(super) fn check_kind(parameter: &Parameter, sink: &mut Sink) {
    let Some(text) = &parameter.kind else { return };
    if kind(parameter.kind.as_ref()).is_none() {
        let message = format!("unknown type `{}`; the parameter `{}` is a string", text.value, parameter.name);
        let report = sink.report(Code::UnknownType, text.span, message);
        let help = "use string, integer, number, boolean, array or object";
        report.nearest(text.span, &text.value, nearest(&text.value, KINDS), help);
    }
}
