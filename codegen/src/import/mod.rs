//! `import openapi`: from an OpenAPI document to capabilities, one for each tag, with the document as their companion.

mod body;
mod credential;
mod request;
mod server;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use self::request::Request;
use self::server::Server;
use crate::companion::document::{Document, Operation, entries};
use crate::companion::overlay;
use crate::diagnostic::{Diagnostics, Sink};
use crate::names::distinct;
use crate::read::yaml::{self, Content, Node};
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
    request: Request<'n>,
    /// Its server, among those of the document.
    server: usize,
    /// Whether it has a route of its own: of several with the same method and path the first has.
    has_route: bool,
}

/// The longest name of a tool or a file, in characters.
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
        let message = "this is no OpenAPI document of version 2.0 or 3";
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
    let mut routes: BTreeSet<(String, String)> = BTreeSet::new();
    let mut servers = vec![Server::of_document(root, &mut left_out)];
    for operation in all {
        let tag = tag(&operation).unwrap_or_else(|| "default".to_owned());
        if options.tag.is_some_and(|wanted| wanted != tag) {
            continue;
        }
        let server = operation.servers;
        let name = format!("{} {}", operation.method.as_str(), operation.path.escape_debug());
        match Request::of(&document, operation) {
            Ok(request) => {
                left_out.extend(request.notes.iter().map(|note| format!("{name}: {note}")));
                let server = server_of(server, &mut servers, &mut left_out);
                let group_name = if options.whole { String::new() } else { tag };
                let group = groups.entry(group_name.clone()).or_default();
                let has_route = routes.insert((group_name, request.route_key()));
                if !has_route {
                    left_out.push(format!("{name}: it has no route, since another operation has its method and path"));
                }
                group.push(Imports { request, server, has_route });
            }
            Err(why) => left_out.push(format!("{name}: {why}")),
        }
    }
    let title = scalar(root, &["info", "title"]).unwrap_or_else(|| options.provider.to_owned());
    let provider = provider(options.provider);
    let start = provider.replace('-', "_").to_ascii_uppercase();
    let operations: Vec<_> = groups.values().flatten().map(|imports| &imports.request.operation).collect();
    let credential = credential::credential(root, &operations, &start, &mut left_out);
    let folder = format!("spec/{provider}");
    let shared = shared(path, "openapi");
    let overlay = options.overlay.map(|(path, text)| (self::shared(path, "overlay"), text));
    let mut files = Files::new();
    let mut imported = 0;
    let tags: Vec<&String> = groups.keys().collect();
    let start = shortened(&stem_of(&short_title(&title), path));
    let stem = |(index, tag): (usize, &&String)| match shortened(&slug(tag)) {
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

/// The index of an operation's server among those that are known so far, or a new one.
fn server_of(own: Option<&Node>, servers: &mut Vec<Server>, left_out: &mut Vec<String>) -> usize {
    let of_document = servers.first().cloned().unwrap_or_default();
    let mut notes = Vec::new();
    let own = own.and_then(|own| Server::of_operation(own, &of_document, &mut notes));
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
    match shortened(&slug(name)) {
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
    let name = |Imports { request: Request { operation, .. }, .. }: &Imports<'_>| {
        let id = scalar(&operation.entry.value, &["operationId"]).map(|id| slug(&id)).filter(|id| !id.is_empty());
        id.unwrap_or_else(|| slug(&format!("{} {}", operation.method.as_str(), operation.path)))
    };
    let names: Vec<String> = operations.iter().map(name).collect();
    let short: Vec<String> = names.iter().map(|name| shortened(name)).collect();
    distinct(&short.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The start of a name, so long that a number may follow it.
fn shortened(name: &str) -> String {
    name.chars().take(NAME - 4).collect::<String>().trim_end_matches('-').to_owned()
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
