//! `import openapi`: from an OpenAPI document to capabilities, one for each tag, with the document as their companion.

mod body;
mod credential;
mod server;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::Location;

use self::body::Body;
use self::server::Server;
use crate::companion::document::{Document, Operation, entries};
use crate::companion::overlay;
use crate::diagnostic::{Diagnostics, Sink};
use crate::names::distinct;
use crate::read::yaml::{self, Content, Node};
use crate::template::split_path;
use crate::{Files, Sources};

/// What to import.
#[derive(Clone, Debug, Default)]
pub struct Import<'i> {
    /// The folder below `spec/`, and the start of the names of variables.
    pub provider: &'i str,
    /// Only the operations with this tag.
    pub tag: Option<&'i str>,
    /// One capability for the whole document instead of one for each tag.
    pub whole: bool,
    /// An overlay that is applied to the document: its path and its text.
    pub overlay: Option<(&'i str, &'i str)>,
}

/// What was imported.
#[derive(Debug)]
pub struct Imported {
    /// The capabilities, their companions and the document, by path.
    pub files: Files,
    /// How many operations the document has.
    pub operations: usize,
    /// How many of them were imported.
    pub imported: usize,
    /// What was left out, and why.
    pub left_out: Vec<String>,
    /// Warnings about the overlay.
    pub warnings: Diagnostics,
}

/// An operation that is imported.
struct Imports<'n> {
    operation: Operation<'n>,
    /// Its body, if it is not JSON.
    body: Option<Body>,
    /// Its server, among those of the document.
    server: usize,
}

/// The longest name of a tool, in characters.
const NAME: usize = 48;

/// Imports a document.
///
/// # Errors
/// If it cannot be read as an OpenAPI document.
pub fn import(path: &str, text: &str, options: &Import<'_>) -> Result<Imported, Diagnostics> {
    let mut sources = Sources::from([(path.to_owned(), text.to_owned())]);
    let mut sink = Sink::new(path);
    let mut root = yaml::parse(text, 0, &mut sink);
    if let Some((path, text)) = options.overlay {
        sources.insert(path.to_owned(), text.to_owned());
        let file = sink.enter(path);
        let overlay = yaml::parse(text, file, &mut sink);
        root = root.zip(overlay).map(|(root, overlay)| overlay::apply(root, &overlay, &mut sink));
        if sink.has_errors() {
            return Err(sink.finish(&sources));
        }
    }
    let Some((root, document)) = root.as_ref().and_then(|root| Some((root, Document::new(root)?))) else {
        let message = "this is no OpenAPI document of version 2.0, 3.0 or 3.1";
        if !sink.has_errors() {
            sink.report(crate::Code::CompanionVersion, crate::Span::start_of(0), message);
        }
        return Err(sink.finish(&sources));
    };
    let mut left_out = Vec::new();
    let mut groups: BTreeMap<String, Vec<Imports<'_>>> = BTreeMap::new();
    let all = document.operations();
    let unknown = document.left_out();
    let count = all.len() + unknown.operations;
    left_out.extend(unknown.notes);
    let mut servers = vec![Server::of_document(root, &mut left_out)];
    for operation in all {
        let tag = tag(&operation).unwrap_or_else(|| "default".to_owned());
        if options.tag.is_some_and(|wanted| wanted != tag) {
            continue;
        }
        match importable(&document, &operation) {
            Ok(body) => {
                let notes = notes(&document, &operation, body.as_ref()).into_iter();
                left_out.extend(notes.map(|note| format!("{} {}: {note}", operation.method.as_str(), operation.path)));
                let server = server_of(&operation, &mut servers, &mut left_out);
                let group = groups.entry(if options.whole { String::new() } else { tag }).or_default();
                group.push(Imports { operation, body, server });
            }
            Err(why) => left_out.push(format!("{} {}: {why}", operation.method.as_str(), operation.path)),
        }
    }
    let title = scalar(root, &["info", "title"]).unwrap_or_else(|| options.provider.to_owned());
    let provider = provider(options.provider);
    let start = provider.replace('-', "_").to_ascii_uppercase();
    let operations: Vec<_> = groups.values().flatten().map(|imports| &imports.operation).collect();
    let credential = credential::credential(root, &operations, &start, &mut left_out);
    let folder = format!("spec/{provider}");
    let shared = shared(path, "openapi");
    let overlay = options.overlay.map(|(path, text)| (self::shared(path, "overlay"), text));
    let mut files = Files::new();
    let mut imported = 0;
    let tags: Vec<&String> = groups.keys().collect();
    let start = stem_of(&short_title(&title), path);
    let stem = |(index, tag): (usize, &&String)| match slug(tag) {
        own if own.is_empty() && !tag.is_empty() => format!("{start}-tag-{}", index + 1),
        own => [start.as_str(), &own].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-"),
    };
    let stems: Vec<String> = tags.iter().enumerate().map(stem).collect();
    let stems = distinct(&stems.iter().map(String::as_str).collect::<Vec<_>>());
    for (stem, (tag, operations)) in stems.iter().zip(&groups) {
        imported += operations.len();
        let label = if tag.is_empty() { title.clone() } else { format!("{title} — {tag}") };
        let capability =
            text::Capability { label: &label, name: stem, servers: &servers, credential: credential.as_ref() };
        let names = operation_names(operations);
        files.insert(format!("{folder}/{stem}.yaml"), text::capability(&capability, operations, &names));
        files.insert(format!("{folder}/{stem}.openapi.yaml"), format!("$ref: ./{shared}\n"));
        if let Some((overlay, _)) = &overlay {
            files.insert(format!("{folder}/{stem}.overlay.yaml"), format!("$ref: ./{overlay}\n"));
        }
    }
    if let Some((overlay, text)) = overlay {
        files.insert(format!("{folder}/{overlay}"), text.to_owned());
    }
    files.insert(format!("{folder}/{shared}"), text.to_owned());
    Ok(Imported { files, operations: count, imported, left_out, warnings: sink.finish(&sources) })
}

/// The name of a file that the imported capabilities share.
fn shared(path: &str, kind: &str) -> String {
    let stem = slug(path.rsplit('/').next().unwrap_or(path).split('.').next().unwrap_or_default());
    let stem = if stem.is_empty() { "document".to_owned() } else { stem };
    format!("{stem}.{kind}.{}", if path.ends_with(".json") { "json" } else { "yaml" })
}

/// The body of the operation's requests, if it is not JSON.
///
/// # Errors
/// If a capability cannot send the requests: why.
fn importable(document: &Document<'_>, operation: &Operation<'_>) -> Result<Option<Body>, String> {
    let has_other = operation.request_type.is_none() && document.has_body(&operation.entry.value);
    let body = if has_other && !operation.method.is_safe() { Body::of(document, operation)? } else { None };
    let mut names: BTreeSet<&String> = body.iter().flat_map(Body::names).collect();
    let pieces = split_path(operation.path).map_err(|problem| format!("its path cannot be read: {problem}"))?;
    for parameter in &operation.parameters {
        if parameter.location == Location::Path && !pieces.iter().any(|piece| piece.name() == Some(&parameter.name)) {
            return Err(format!("its path has no `{{{}}}`", parameter.name));
        }
        if !names.insert(&parameter.name) {
            return Err(format!("two of its parameters are called `{}`", parameter.name));
        }
    }
    if operation.path.contains(['?', '#']) { Err("its path has a query or a fragment".to_owned()) } else { Ok(body) }
}

/// What of an operation is left out that is imported.
fn notes(document: &Document<'_>, operation: &Operation<'_>, body: Option<&Body>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(Body::Form { left_out, .. }) = body {
        notes.extend(left_out.iter().map(|name| format!("its field `{name}` is nested, and forms are not")));
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

/// The index of an operation's server among those that are known so far, or a new one.
fn server_of(operation: &Operation<'_>, servers: &mut Vec<Server>, left_out: &mut Vec<String>) -> usize {
    let of_document = servers.first().cloned().unwrap_or_default();
    let mut notes = Vec::new();
    let own = operation.servers.and_then(|own| Server::of_operation(own, &of_document, &mut notes));
    let Some(own) = own else { return 0 };
    if let Some(known) = servers.iter().position(|server| *server == own) {
        return known;
    }
    left_out.extend(notes);
    servers.push(own);
    servers.len() - 1
}

/// The folder of a provider, which is the start of names of crates and of variables: they begin with a letter.
fn provider(name: &str) -> String {
    match slug(name) {
        slug if slug.is_empty() => "api".to_owned(),
        slug if slug.starts_with(|c: char| c.is_ascii_digit()) => format!("n{slug}"),
        slug => slug,
    }
}

/// The start of the names of files: the title, or the name of the document if the title has no letters of ASCII.
fn stem_of(title: &str, path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path).split('.').next().unwrap_or_default();
    [title, file, "api"].into_iter().map(slug).find(|slug| !slug.is_empty()).unwrap_or_default()
}

/// A name for each operation: its id, or else its method and path.
fn operation_names(operations: &[Imports<'_>]) -> Vec<String> {
    let name = |Imports { operation, .. }: &Imports<'_>| {
        let id = scalar(&operation.entry.value, &["operationId"]).map(|id| slug(&id)).filter(|id| !id.is_empty());
        id.unwrap_or_else(|| slug(&format!("{} {}", operation.method.as_str(), operation.path)))
    };
    let names: Vec<String> = operations.iter().map(name).collect();
    let short: Vec<String> = names
        .iter()
        .map(|name| name.chars().take(NAME - 4).collect::<String>().trim_end_matches('-').to_owned())
        .collect();
    distinct(&short.iter().map(String::as_str).collect::<Vec<_>>())
}

fn tag(operation: &Operation<'_>) -> Option<String> {
    match &operation.entry.value.get("tags")?.content {
        Content::Sequence(tags) => tags.first()?.scalar_text(),
        _ => None,
    }
}

/// The title without the word API, which all of them have.
fn short_title(title: &str) -> String {
    title.split_whitespace().filter(|word| !word.eq_ignore_ascii_case("api")).collect::<Vec<_>>().join(" ")
}

fn scalar(node: &Node, path: &[&str]) -> Option<String> {
    path.iter().try_fold(node, |node, key| node.get(key))?.scalar_text()
}

/// Lower case words of ASCII with hyphens, `secret-versions`. Words begin at capitals too: `listSecrets` is `list-secrets`.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    let mut before = ' ';
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            let begins = character.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit());
            if (begins || !before.is_ascii_alphanumeric()) && !slug.is_empty() {
                slug.push('-');
            }
            slug.push(character.to_ascii_lowercase());
        }
        before = character;
    }
    slug
}

fn values(node: &Node, key: &str) -> Vec<Node> {
    node.get(key)
        .map(|node| match &node.content {
            Content::Sequence(items) => items.clone(),
            _ => entries(node).iter().map(|entry| entry.value.clone()).collect(),
        })
        .unwrap_or_default()
}
