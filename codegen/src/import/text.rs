//! The text of an imported capability.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use naftiko_schema::Method;

use super::credential::Credential;
use super::request::{Request, is_required};
use super::server::Server;
use super::{Imports, scalar, slug};
use crate::companion::document::Operation;
use crate::companion::media::{essence, format as format_of, is_json};
use crate::lower::first_sentence;
use crate::names::distinct;
use crate::read::yaml::quoted;

/// What a capability has besides its operations.
pub(super) struct Capability<'c> {
    pub(super) label: &'c str,
    pub(super) name: &'c str,
    pub(super) servers: &'c [Server],
    pub(super) credential: Option<&'c Credential>,
}

/// The text of a capability.
pub(super) fn capability(capability: &Capability<'_>, operations: &[Imports<'_>], names: &[String]) -> String {
    let name = capability.name;
    let mut text = format!(
        "naftiko: 1.0.0-alpha2\ninfo:\n  label: {}\n  description: {}\n",
        quoted(capability.label),
        quoted(&format!("{}. {} operations.", capability.label, operations.len()))
    );
    let mut line = |indent: usize, words: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:indent$}{words}", "");
    };
    if let Some(credential) = capability.credential {
        line(0, "binds:\n- namespace: env\n  keys:");
        credential.variables.iter().for_each(|variable| line(4, &format!("{variable}: {variable}")));
    }
    let described: Vec<_> = operations.iter().zip(names).collect();
    let apis = apis(capability, operations);
    line(0, "capability:\n  consumes:");
    for (index, namespace) in &apis {
        let server = capability.servers.get(*index);
        line(2, "- type: http");
        line(4, &format!("namespace: {namespace}"));
        if let Some(uri) = server.and_then(|server| server.base_uri.as_deref()) {
            line(4, &format!("baseUri: {}", quoted(uri)));
        }
        if let Some(credential) = capability.credential {
            if !credential.lines.is_empty() {
                line(4, "authentication:");
                credential.lines.iter().for_each(|words| line(6, words));
            }
            if !credential.inputs.is_empty() {
                line(4, "inputParameters:");
                credential.inputs.iter().for_each(|words| line(4, words));
            }
        }
        line(4, "resources:");
        let own: Vec<_> = described.iter().copied().filter(|(imports, _)| imports.server == *index).collect();
        for (path, group) in by_path(&own, |request| format!("{}{}", request.route, request.rest)) {
            line(4, &format!("- name: {}", quoted(&slug(&path))));
            let prefix = server.map_or("", |server| &server.prefix);
            line(6, &format!("path: {}", quoted(&format!("{prefix}{path}"))));
            line(6, "operations:");
            for (Imports { request, .. }, name) in group {
                let operation = &request.operation;
                line(6, &format!("- name: {}", quoted(name)));
                line(8, &format!("method: {}", operation.method.as_str()));
                line(8, &format!("description: {}", quoted(&summary(operation, name))));
                response(operation).iter().for_each(|words| line(8, words));
                inputs(request).iter().for_each(|(indent, words)| line(8 + indent, words));
            }
        }
    }
    let call = |imports: &Imports<'_>, own: &str| {
        let api = apis.iter().find(|(index, _)| *index == imports.server).map_or(name, |(_, namespace)| namespace);
        quoted(&format!("{api}.{own}"))
    };
    line(2, "exposes:\n  - type: rest");
    line(4, &format!("namespace: {name}-rest"));
    line(4, "port: 8080\n    resources:");
    let routed: Vec<_> = described.iter().copied().filter(|(imports, _)| imports.has_route).collect();
    for (path, group) in by_path(&routed, |request| request.route.clone()) {
        line(4, &format!("- path: {}", quoted(&path)));
        line(6, "operations:");
        for (imports, own) in group {
            line(6, &format!("- method: {}", imports.request.operation.method.as_str()));
            line(8, &format!("name: {}", quoted(own)));
            line(8, &format!("call: {}", call(imports, own)));
        }
    }
    line(2, "- type: mcp");
    line(4, &format!("namespace: {name}-mcp"));
    line(4, "port: 9090\n    transport: http\n    tools:");
    for (imports, own) in &described {
        let operation = &imports.request.operation;
        let method = operation.method;
        line(4, &format!("- name: {}", quoted(own)));
        line(6, &format!("description: {}", quoted(&summary(operation, own))));
        line(6, "hints:");
        line(8, &format!("readOnly: {}", method.is_safe()));
        line(8, &format!("destructive: {}", method == Method::Delete));
        line(8, &format!("idempotent: {}", method.is_idempotent()));
        line(6, &format!("call: {}", call(imports, own)));
    }
    text
}

/// The indices of the servers of these operations, in the order of first use, each with its namespace.
fn apis(capability: &Capability<'_>, operations: &[Imports<'_>]) -> Vec<(usize, String)> {
    let mut used: Vec<usize> = Vec::new();
    for imports in operations {
        if !used.contains(&imports.server) {
            used.push(imports.server);
        }
    }
    used.sort_unstable();
    let name = |(position, index): (usize, &usize)| match position {
        0 => capability.name.to_owned(),
        _ => slug(&format!("{} {}", capability.name, capability.servers.get(*index).map_or("", Server::label))),
    };
    let names: Vec<String> = used.iter().enumerate().map(name).collect();
    let names = distinct(&names.iter().map(String::as_str).collect::<Vec<_>>());
    used.into_iter().zip(names).collect()
}

type Described<'d, 'n> = (&'d Imports<'n>, &'d String);

/// The operations of each path, in the order of the document.
fn by_path<'d, 'n>(
    operations: &[Described<'d, 'n>],
    path: impl Fn(&Request<'n>) -> String,
) -> Vec<(String, Vec<Described<'d, 'n>>)> {
    let mut paths: Vec<(String, Vec<Described<'_, '_>>)> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for described in operations {
        let own = path(&described.0.request);
        let index = *known.entry(own.clone()).or_insert(paths.len());
        match paths.get_mut(index) {
            Some((_, group)) => group.push(*described),
            None => paths.push((own, vec![*described])),
        }
    }
    paths
}

/// The lines of an operation's response.
fn response(operation: &Operation<'_>) -> Vec<String> {
    let media_type = operation.response_type.as_deref();
    let Some(media_type) = media_type.filter(|it| !is_json(it) && (*it != "*/*" || operation.response_is_binary))
    else {
        return vec!["outputRawFormat: json".to_owned()];
    };
    let format = format_of(media_type);
    let mut lines = vec![format!("outputRawFormat: {format}")];
    let essence = essence(media_type);
    if format == "binary" && !essence.contains('*') {
        lines.push(format!("outputMediaType: {}", quoted(&essence)));
    }
    lines
}

/// The header fields that say the media types of an operation's bodies, where these are not plain JSON.
fn media_types<'o>(operation: &'o Operation<'_>) -> Vec<(&'static str, &'o str)> {
    let is_usual = |media_type: &str| {
        let parameters = media_type.split(';').skip(1).map(str::trim);
        let has_usual = parameters.into_iter().all(|it| it.to_ascii_lowercase().starts_with("charset"));
        media_type.starts_with("*/*") || essence(media_type) == "application/json" && has_usual
    };
    let types = [("Content-Type", operation.request_type.as_deref()), ("Accept", operation.response_type.as_deref())];
    types.into_iter().filter_map(|(name, media_type)| Some((name, media_type.filter(|it| !is_usual(it))?))).collect()
}

/// The lines of an operation's inputs and of its body, each with its indentation.
fn inputs(request: &Request<'_>) -> Vec<(usize, String)> {
    let Request { operation, body, undeclared, .. } = request;
    let mut lines = Vec::new();
    for (name, value) in media_types(operation) {
        lines.push((0, format!("- name: {name}")));
        lines.push((2, "in: header".to_owned()));
        lines.push((2, format!("value: {}", quoted(value))));
    }
    for parameter in &operation.parameters {
        lines.push((0, format!("- name: {}", quoted(&parameter.name))));
        lines.push((2, format!("in: {}", parameter.location.as_str())));
        lines.push((2, format!("required: {}", is_required(parameter))));
    }
    for name in undeclared {
        lines.push((0, format!("- name: {}", quoted(name))));
        lines.extend(["in: path", "type: string", "required: true"].map(|words| (2, words.to_owned())));
    }
    let whole = whole_name(request);
    if operation.request_type.is_some() {
        lines.push((0, format!("- name: {whole}")));
        lines.push((2, "in: body".to_owned()));
        lines.push((2, format!("required: {}", operation.needs_body)));
    }
    lines.extend(body.iter().flat_map(|body| body.inputs(whole, operation.needs_body)));
    if !lines.is_empty() {
        lines.insert(0, (0, "inputParameters:".to_owned()));
    }
    lines.extend(body.iter().flat_map(|body| body.template(whole)));
    lines
}

/// The name of the parameter that is the whole body: one that no other parameter has.
fn whole_name(request: &Request<'_>) -> &'static str {
    let declared = request.operation.parameters.iter().map(|parameter| &parameter.name);
    let names: Vec<&String> = declared.chain(&request.undeclared).collect();
    let is_free = |name: &&str| !names.iter().any(|known| known.eq_ignore_ascii_case(name));
    ["body", "payload", "data"].into_iter().find(is_free).unwrap_or("requestBody")
}

/// The summary, or the first sentence of the description, or the name.
fn summary(operation: &Operation<'_>, name: &str) -> String {
    let node = &operation.entry.value;
    let text =
        ["summary", "description"].iter().find_map(|key| scalar(node, &[key]).filter(|text| !text.trim().is_empty()));
    let text = text.unwrap_or_else(|| name.replace('-', " "));
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    first_sentence(&line).chars().take(200).collect()
}
