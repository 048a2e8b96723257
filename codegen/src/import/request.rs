//! What a capability has of an operation: its path, its parameters and its body, as far as requests can have them.

use std::collections::BTreeSet;

use naftiko_schema::Location;

use super::body::Body;
use crate::companion::document::{Document, Operation, Parameter, Unread};
use crate::names::fold;
use crate::read::yaml::Node;
use crate::template::{Piece, cut, is_sent, split_path};
use crate::vocabulary::{is_reserved_header, is_token};

/// The start of names that mean environment variables, which no document chooses.
const ENVIRONMENT: &str = "env.";

/// The requests of an operation.
pub(super) struct Request<'n> {
    /// The operation, with the parameters that are imported.
    pub(super) operation: Operation<'n>,
    /// Its body, if it is not JSON.
    pub(super) body: Option<Body>,
    /// The path of its route.
    pub(super) route: String,
    /// What follows the path in the document: a query and a fragment, which tell operations with the same path apart.
    pub(super) rest: String,
    /// The placeholders that the document does not declare as parameters.
    pub(super) undeclared: Vec<String>,
    /// What of the operation is left out.
    pub(super) notes: Vec<String>,
}

impl<'n> Request<'n> {
    /// The requests of an operation.
    ///
    /// # Errors
    /// If a capability cannot send them: why.
    pub(super) fn of(document: &Document<'n>, mut operation: Operation<'n>) -> Result<Self, String> {
        let has_other = operation.request_type.is_none() && document.has_body(&operation.entry.value);
        let mut body = if has_other && !operation.method.is_safe() { Body::of(document, &operation)? } else { None };
        let (path, query, fragment) = cut(operation.path);
        let pieces = split_path(&path).map_err(|problem| format!("its path cannot be read: {problem}"))?;
        check_path(&path, query.as_deref(), &pieces)?;
        let mut notes = Vec::new();
        let fixed: Vec<&str> = query.iter().flat_map(|query| query.split('&')).map(before_value).collect();
        parameters(&mut operation, &pieces, &fixed, &mut notes)?;
        let placeholders: BTreeSet<&str> = pieces.iter().filter_map(Piece::name).collect();
        let is_declared = |name: &str| operation.parameters.iter().any(|parameter| is_placeholder(parameter, name));
        let undeclared: Vec<String> =
            placeholders.into_iter().filter(|name| !is_declared(name)).map(str::to_owned).collect();
        if let Some(body) = &mut body {
            let names = operation.parameters.iter().map(|parameter| &parameter.name).chain(&undeclared);
            body.name_inputs(names.cloned().collect());
        }
        notes.extend(of_body(document, &operation, body.as_ref()));
        let with = |sign: char, part: Option<String>| part.map(|part| format!("{sign}{part}")).unwrap_or_default();
        let rest = with('?', query) + &with('#', fragment);
        Ok(Self { operation, body, route: written(&pieces), rest, undeclared, notes })
    }

    /// The method and the path of its route, with one name for all placeholders.
    pub(super) fn route_key(&self) -> String {
        let parts = self.route.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
        format!("{} {}", self.operation.method.as_str(), parts.collect::<Vec<_>>().join("{}"))
    }
}

/// A path with one spelling for all placeholders, so that each of them is an argument and none a variable.
fn written(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Placeholder(name) => format!("{{{name}}}"),
        Piece::Segments(name) => format!("{{{name}+}}"),
    };
    let path: String = pieces.iter().map(piece).collect();
    if path.starts_with('/') { path } else { format!("/{path}") }
}

fn check_path(path: &str, query: Option<&str>, pieces: &[Piece]) -> Result<(), String> {
    if query.is_some_and(|query| query.contains(['{', '}'])) {
        return Err("the query in its path has placeholders".to_owned());
    }
    if path.contains("://") {
        return Err("its path is a URL".to_owned());
    }
    if !is_sent(pieces) {
        return Err("its path has segments or characters that are not sent as they are".to_owned());
    }
    match pieces.iter().filter_map(Piece::name).find(|name| name.starts_with(ENVIRONMENT)) {
        Some(name) => Err(format!("`{{{name}}}` in its path means an environment variable")),
        None => Ok(()),
    }
}

fn before_value(pair: &str) -> &str {
    pair.split('=').next().unwrap_or(pair)
}

/// Leaves out the parameters that requests cannot have, if they are optional.
fn parameters(
    operation: &mut Operation<'_>,
    pieces: &[Piece],
    fixed: &[&str],
    notes: &mut Vec<String>,
) -> Result<(), String> {
    for Unread { name, why, is_required } in &operation.unread {
        let name = name.escape_debug();
        if *is_required {
            return Err(format!("its parameter `{name}` is required, but {why}"));
        }
        notes.push(format!("its parameter `{name}` is left out: {why}"));
    }
    let all = std::mem::take(&mut operation.parameters);
    let (required, optional): (Vec<_>, Vec<_>) = all.into_iter().partition(is_required);
    let mut names: BTreeSet<String> = BTreeSet::new();
    // A route knows its placeholders however they are spelled.
    let in_path: BTreeSet<String> = pieces.iter().filter_map(Piece::name).map(fold).collect();
    for mut parameter in required.into_iter().chain(optional) {
        let (name, location) = (parameter.name.clone(), parameter.location);
        if location == Location::Query && fixed.contains(&name.as_str()) {
            continue;
        }
        if location == Location::Path {
            // The marks of a placeholder are no part of its name.
            parameter.name = name.trim_matches(['+', '*']).to_owned();
            if !pieces.iter().filter_map(Piece::name).any(|name| is_placeholder(&parameter, name)) {
                return Err(format!("its path has no `{{{name}}}`"));
            }
        }
        let in_fields = matches!(location, Location::Header | Location::Cookie);
        let problem = if in_fields && !is_token(&name) {
            format!("no {} can be called `{}`", location.as_str(), name.escape_debug())
        } else if location == Location::Header && is_reserved_header(&name) {
            notes.push(format!("its header `{name}` is left out: the client sets it"));
            continue;
        } else if location != Location::Path && in_path.contains(&fold(&name)) {
            format!("`{name}` is in its path")
        } else if names.insert(parameter.name.clone()) {
            operation.parameters.push(parameter);
            continue;
        } else {
            format!("two of its parameters are called `{name}`")
        };
        if is_required(&parameter) {
            return Err(problem);
        }
        notes.push(format!("its {} parameter `{}` is left out: {problem}", location.as_str(), name.escape_debug()));
    }
    operation.parameters.sort_by(|one, other| (&one.name, one.location).cmp(&(&other.name, other.location)));
    Ok(())
}

/// Whether a parameter is required.
pub(super) fn is_required(parameter: &Parameter<'_>) -> bool {
    parameter.location == Location::Path || parameter.node.get("required").is_some_and(Node::is_true)
}

/// Whether a parameter is the value of a placeholder: case and separators make no difference.
fn is_placeholder(parameter: &Parameter<'_>, name: &str) -> bool {
    parameter.location == Location::Path && (parameter.name == name || fold(&parameter.name) == fold(name))
}

/// What of the body, and of how parameters are written, is left out.
fn of_body(document: &Document<'_>, operation: &Operation<'_>, body: Option<&Body>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(Body::Form { left_out, .. }) = body {
        notes.extend(left_out.iter().map(|(name, why)| format!("its field `{}` {why}", name.escape_debug())));
    }
    for parameter in &operation.parameters {
        if let Some(style) = &parameter.styles.unknown {
            let name = &parameter.name;
            notes.push(format!("its parameter `{name}` has the style `{style}`, which is not supported"));
        }
    }
    let has_body = operation.request_type.is_some() || body.is_some();
    let has_none = |operation| matches!(Body::of(document, operation), Ok(None));
    if operation.method.is_safe() && !has_body && document.has_body(&operation.entry.value) && !has_none(operation) {
        notes.push("its body is left out: requests with its method have none".to_owned());
    }
    notes
}
