//! The text of an imported capability.

use std::fmt::Write as _;

use naftiko_schema::{Location, Method};

use super::body::Body;
use super::{Imports, scalar, slug, values};
use crate::companion::document::{Operation, entries};
use crate::lower::first_sentence;
use crate::read::yaml::{Node, quoted};

/// What a capability has besides its operations.
pub(super) struct Capability<'c> {
    pub(super) label: &'c str,
    pub(super) name: &'c str,
    pub(super) base_uri: Option<&'c str>,
    pub(super) credential: Option<&'c Credential>,
}

/// How requests are authenticated.
pub(super) struct Credential {
    /// The lines of `authentication`.
    lines: Vec<String>,
    variables: Vec<String>,
}

/// The credential of a document: the first scheme that a capability can have.
pub(super) fn credential(root: &Node, provider: &str, left_out: &mut Vec<String>) -> Option<Credential> {
    let start = slug(provider).replace('-', "_").to_ascii_uppercase();
    let variable = |end: &str| format!("{start}_{end}");
    let named = |name: &str| format!("'{{{{env.{name}}}}}'");
    let schemes = root.get("components").and_then(|components| components.get("securitySchemes"));
    let schemes = schemes.or_else(|| root.get("securityDefinitions")).map(entries).unwrap_or_default();
    let mut unknown = Vec::new();
    for scheme in schemes {
        let text = |key: &str| scalar(&scheme.value, &[key]).unwrap_or_default();
        let kind = text("type").to_ascii_lowercase();
        let http = text("scheme").to_ascii_lowercase();
        match (kind.as_str(), http.as_str(), text("in").as_str()) {
            ("apikey", _, place @ ("header" | "query" | "cookie")) => {
                let key = variable("API_KEY");
                let lines = vec![
                    "type: apikey".to_owned(),
                    format!("key: {}", quoted(&text("name"))),
                    format!("value: {}", named(&key)),
                    format!("placement: {place}"),
                ];
                return Some(Credential { lines, variables: vec![key] });
            }
            ("http", "bearer", _) => {
                let token = variable("TOKEN");
                let lines = vec!["type: bearer".to_owned(), format!("token: {}", named(&token))];
                return Some(Credential { lines, variables: vec![token] });
            }
            ("http", "basic" | "digest", _) | ("basic", ..) => {
                let (user, password) = (variable("USERNAME"), variable("PASSWORD"));
                let lines = vec![
                    format!("type: {}", if http == "digest" { "digest" } else { "basic" }),
                    format!("username: {}", named(&user)),
                    format!("password: {}", named(&password)),
                ];
                return Some(Credential { lines, variables: vec![user, password] });
            }
            // The token of any flow is a bearer token, which somebody has to get.
            ("oauth2" | "openidconnect", ..) => unknown.push(scheme.key.clone()),
            _ => left_out.push(format!("security scheme `{}`: its kind is not supported", scheme.key)),
        }
    }
    let first = unknown.first()?;
    left_out.push(format!("security scheme `{first}`: the token is not requested; set {}", variable("TOKEN")));
    let token = variable("TOKEN");
    let lines = vec!["type: bearer".to_owned(), format!("token: {}", named(&token))];
    Some(Credential { lines, variables: vec![token] })
}

/// The address of the first server, with the defaults of its variables.
pub(super) fn base_uri(root: &Node, left_out: &mut Vec<String>) -> Option<String> {
    let server = values(root, "servers").into_iter().next();
    let uri = match server {
        Some(server) => {
            let mut url = scalar(&server, &["url"])?;
            for variable in server.get("variables").map(entries).unwrap_or_default() {
                let default = scalar(&variable.value, &["default"]).unwrap_or_default();
                url = url.replace(&format!("{{{}}}", variable.key), &default);
            }
            url
        }
        None => {
            let scheme = values(root, "schemes").iter().filter_map(Node::scalar_text).next();
            let base = scalar(root, &["basePath"]).unwrap_or_default();
            format!("{}://{}{base}", scheme.unwrap_or_else(|| "https".to_owned()), scalar(root, &["host"])?)
        }
    };
    let uri = uri.trim_end_matches('/').to_owned();
    if uri.starts_with("http") && !uri.contains(['{', '}', '?', '#']) {
        return Some(uri);
    }
    left_out.push(format!("server {uri}: set the base URI with --base-uri"));
    None
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
    line(0, "capability:\n  consumes:\n  - type: http");
    line(4, &format!("namespace: {name}"));
    if let Some(uri) = capability.base_uri {
        line(4, &format!("baseUri: {}", quoted(uri)));
    }
    if let Some(credential) = capability.credential {
        line(4, "authentication:");
        credential.lines.iter().for_each(|words| line(6, words));
    }
    line(4, "resources:");
    let described: Vec<_> = operations.iter().zip(names).collect();
    for (path, group) in by_path(&described) {
        line(4, &format!("- name: {}", quoted(&slug(path))));
        line(6, &format!("path: {}", quoted(path)));
        line(6, "operations:");
        for (Imports { operation, body }, name) in group {
            line(6, &format!("- name: {}", quoted(name)));
            line(8, &format!("method: {}", operation.method.as_str()));
            line(8, &format!("description: {}", quoted(&summary(operation, name))));
            line(8, "outputRawFormat: json");
            inputs(operation, body.as_ref()).iter().for_each(|(indent, words)| line(8 + indent, words));
        }
    }
    line(2, "exposes:\n  - type: rest");
    line(4, &format!("namespace: {name}-rest"));
    line(4, "port: 8080\n    resources:");
    for (path, group) in by_path(&described) {
        line(4, &format!("- path: {}", quoted(path)));
        line(6, "operations:");
        for (Imports { operation, .. }, own) in group {
            line(6, &format!("- method: {}", operation.method.as_str()));
            line(8, &format!("name: {}", quoted(own)));
            line(8, &format!("call: {}", quoted(&format!("{name}.{own}"))));
        }
    }
    line(2, "- type: mcp");
    line(4, &format!("namespace: {name}-mcp"));
    line(4, "port: 9090\n    transport: http\n    tools:");
    for (Imports { operation, .. }, own) in &described {
        let method = operation.method;
        line(4, &format!("- name: {}", quoted(own)));
        line(6, &format!("description: {}", quoted(&summary(operation, own))));
        line(6, "hints:");
        line(8, &format!("readOnly: {}", method.is_safe()));
        line(8, &format!("destructive: {}", method == Method::Delete));
        line(8, &format!("idempotent: {}", method.is_idempotent()));
        line(6, &format!("call: {}", quoted(&format!("{name}.{own}"))));
    }
    text
}

type Described<'d, 'n> = (&'d Imports<'n>, &'d String);

/// The operations of each path, in the order of the document.
fn by_path<'d, 'n>(operations: &[Described<'d, 'n>]) -> Vec<(&'n str, Vec<Described<'d, 'n>>)> {
    let mut paths: Vec<(&str, Vec<Described<'_, '_>>)> = Vec::new();
    for described in operations {
        let own = described.0.operation.path;
        match paths.iter_mut().find(|(path, _)| *path == own) {
            Some((_, group)) => group.push(*described),
            None => paths.push((own, vec![*described])),
        }
    }
    paths
}

/// The lines of an operation's inputs and of its body, each with its indentation.
fn inputs(operation: &Operation<'_>, body: Option<&Body>) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    for parameter in &operation.parameters {
        let required =
            parameter.location == Location::Path || parameter.node.get("required").is_some_and(Node::is_true);
        lines.push((0, format!("- name: {}", quoted(&parameter.name))));
        lines.push((2, format!("in: {}", parameter.location.as_str())));
        lines.push((2, format!("required: {required}")));
    }
    if operation.request.is_some() {
        lines.extend(
            [(0, "- name: body"), (2, "in: body"), (2, "required: true")]
                .map(|(indent, words)| (indent, words.to_owned())),
        );
    }
    lines.extend(body.map(Body::inputs).unwrap_or_default());
    if !lines.is_empty() {
        lines.insert(0, (0, "inputParameters:".to_owned()));
    }
    lines.extend(body.map(Body::template).unwrap_or_default());
    lines
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
