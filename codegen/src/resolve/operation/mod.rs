//! Consumed operations: their parameters, and where in a request these are.

mod inputs;
mod placeholders;

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::{ApiId, Method};

use self::inputs::Builder;
use self::placeholders::{declare_placeholders, fill_values};
use super::variables::Variables;
use super::{body, format, path};
use crate::Sources;
use crate::codes::Code;
use crate::credential::Credentials;
use crate::diagnostic::Sink;
use crate::linked::{Operation, Parameter};
use crate::read::document::{ConsumedOperation, ConsumedResource, Consumes, Text};
use crate::vocabulary::{is_token, method};

/// What all operations of an API have in common.
pub(super) struct Shared<'c, 'd> {
    pub(super) index: ApiId,
    pub(super) source: &'d Consumes,
    pub(super) credentials: &'c Credentials,
    pub(super) sources: &'c Sources,
    /// Whether the path of an operation is the whole path, rather than appended to that of its resource.
    pub(super) own_paths_are_whole: bool,
}

/// Links one operation; `None` if its path cannot be read.
pub(super) fn link<'d>(
    shared: &Shared<'_, 'd>,
    resource: &'d ConsumedResource,
    operation: &'d ConsumedOperation,
    variables: &mut Variables<'_>,
    sink: &mut Sink,
) -> Option<Operation<'d>> {
    let method = method(operation.method.as_ref(), sink)?;
    let path = path::of_operation(shared, resource, operation, sink)?;
    let (pieces, query) = path::pieces_of_operation(&path, sink)?;
    let mut linked = Operation {
        api: shared.index,
        name: &operation.name,
        method,
        description: operation.description.as_ref(),
        note: None,
        output_format: operation.output_format.as_ref(),
        format: format::link(operation, shared.sources, sink),
        output_media_type: operation.output_media_type.as_ref(),
        limit: operation.limit,
        output_headers: output_headers(&operation.output_headers, sink),
        path,
        pieces,
        parameters: Vec::new(),
        constants: Vec::new(),
        outputs: &operation.outputs,
        body: None,
        credentials: Vec::new(),
        left_out: Vec::new(),
        guessed: BTreeSet::new(),
    };
    let mut builder = Builder::new(&mut linked, shared, variables);
    if let Some(query) = query {
        builder.query(&query, sink);
    }
    // A parameter of the operation replaces one of the resource, which replaces one of the API.
    super::unique_inputs(&operation.inputs, sink);
    for input in &operation.inputs {
        builder.append(input, sink);
        builder.add(input, operation.body.is_some(), sink);
    }
    for inputs in [&resource.inputs, &shared.source.inputs] {
        super::unique_inputs(inputs, sink);
        for input in inputs {
            builder.add(input, operation.body.is_some(), sink);
        }
    }
    builder.declare_query(sink);
    let mixed = builder.mixed;
    declare_placeholders(&mut linked, variables, sink);
    let declared: Vec<_> = operation.inputs.iter().chain(&resource.inputs).chain(&shared.source.inputs).collect();
    // A value that is one placeholder is a parameter under the name of that.
    let is_undeclared = |known: &Parameter| !declared.iter().any(|input| input.name.value == known.name);
    let renamed = linked.parameters.iter().filter(|known| known.name != known.wire && is_undeclared(known));
    let renamed: Vec<String> = renamed.map(|known| known.name.clone()).collect();
    linked.guessed.extend(renamed);
    fill_values(&mut linked, mixed, &declared, variables, sink);
    add_credentials(&mut linked, shared, sink);
    body::link(&mut linked, operation.body.as_ref(), &declared, variables, sink);
    shared_names(&linked, sink);
    Some(linked)
}

/// The names of header fields of responses that callers may get.
fn output_headers(names: &[Text], sink: &mut Sink) -> Vec<String> {
    let mut kept = Vec::new();
    for name in names {
        let lowercase = name.value.to_ascii_lowercase();
        if !lowercase.starts_with("x-") || !is_token(&lowercase) {
            let message = format!("`{}` cannot be passed to callers; it is left out", name.value);
            let help = "remove it; only fields with `x-` at their start can be added";
            sink.report(Code::OutputHeader, name.span, message).help(help);
        } else if !kept.contains(&lowercase) {
            kept.push(lowercase);
        }
    }
    kept
}

/// Adds the credentials that callers send a part of, and those that are members of the body.
fn add_credentials(operation: &mut Operation<'_>, shared: &Shared<'_, '_>, sink: &mut Sink) {
    let (members, credentials) = shared.credentials.of_operation(operation);
    operation.credentials = credentials;
    for member in members {
        if has_body(operation.method) {
            operation.constants.push(member);
        } else {
            let message = format!("`{}` has no body for the API key `{}`", operation.name.value, member.name.value);
            let help = "place the key in the header or the query, if the API accepts it there";
            sink.report(Code::CredentialKind, member.name.span, message).help(help);
        }
    }
}

/// One name can be two parameters in different locations of a request. Callers send one value for both.
fn shared_names(operation: &Operation<'_>, sink: &mut Sink) {
    let mut first: BTreeMap<&str, &Parameter> = BTreeMap::new();
    for parameter in &operation.parameters {
        let earlier = *first.entry(&parameter.name).or_insert(parameter);
        // A template that names another parameter says that both get the same value.
        let is_said = earlier.name != earlier.wire || parameter.name != parameter.wire;
        if !std::ptr::eq(earlier, parameter) && !is_said {
            let message = format!(
                "`{}` is a parameter of `{}` in the {} and in the {}; both get the same value",
                parameter.name,
                operation.name.value,
                earlier.location.as_str(),
                parameter.location.as_str()
            );
            let report = sink.report_once(Code::SharedName, "name", parameter.span, message);
            report.label(earlier.span, "also declared here").help("rename one of the two if their values can differ");
        }
    }
}

/// Whether requests with a method usually have a body (RFC 9110 §9.3).
pub(super) fn has_body(method: Method) -> bool {
    matches!(method, Method::Post | Method::Put | Method::Patch)
}
