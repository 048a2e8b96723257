//! `import openapi`: from an OpenAPI document to capabilities, one for each tag, with the document as their companion.

mod body;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::Location;

use self::body::Body;
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
    operation: Operation<'n>,
    /// Its body, if it is not JSON.
    body: Option<Body>,
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
    let count = all.len();
    for operation in all {
        let tag = tag(&operation).unwrap_or_else(|| "default".to_owned());
        if options.tag.is_some_and(|wanted| wanted != tag) {
            continue;
        }
        match importable(&document, &operation) {
            Ok(body) => {
                if let Some(Body::Form { left_out: fields, .. }) = &body {
                    let (method, path) = (operation.method.as_str(), operation.path);
                    let note = |name| format!("{method} {path}: its field `{name}` is nested, and forms are not");
                    left_out.extend(fields.iter().map(note));
                }
                let group = groups.entry(if options.whole { String::new() } else { tag }).or_default();
                group.push(Imports { operation, body });
            }
            Err(why) => left_out.push(format!("{} {}: {why}", operation.method.as_str(), operation.path)),
        }
    }
    let title = scalar(root, &["info", "title"]).unwrap_or_else(|| options.provider.to_owned());
    let credential = text::credential(root, options.provider, &mut left_out);
    let base_uri = text::base_uri(root, &mut left_out);
    let folder = format!("spec/{}", slug(options.provider));
    let shared = shared(path, "openapi");
    let overlay = options.overlay.map(|(path, text)| (self::shared(path, "overlay"), text));
    let mut files = Files::new();
    let mut imported = 0;
    let tags: Vec<&String> = groups.keys().collect();
    let stems: Vec<String> = tags.iter().map(|tag| slug(&format!("{} {tag}", short_title(&title)))).collect();
    let stems = distinct(&stems.iter().map(String::as_str).collect::<Vec<_>>());
    for (stem, (tag, operations)) in stems.iter().zip(&groups) {
        imported += operations.len();
        let label = if tag.is_empty() { title.clone() } else { format!("{title} — {tag}") };
        let capability = text::Capability {
            label: &label,
            name: stem,
            base_uri: base_uri.as_deref(),
            credential: credential.as_ref(),
        };
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
    let stem = path.rsplit('/').next().unwrap_or(path).split('.').next().unwrap_or("document");
    format!("{}.{kind}.{}", slug(stem), if path.ends_with(".json") { "json" } else { "yaml" })
}

/// The body of the operation's requests, if it is not JSON.
///
/// # Errors
/// If a capability cannot send the requests: why.
fn importable(document: &Document<'_>, operation: &Operation<'_>) -> Result<Option<Body>, String> {
    let has_other = operation.request.is_none() && !operation.method.is_safe();
    let has_other = has_other && document.has_body(&operation.entry.value);
    let body = if has_other { Some(Body::of(document, operation)?) } else { None };
    let mut names: BTreeSet<&String> = body.iter().flat_map(Body::names).collect();
    for parameter in &operation.parameters {
        if parameter.location == Location::Path && !operation.path.contains(&format!("{{{}}}", parameter.name)) {
            return Err(format!("its path has no `{{{}}}`", parameter.name));
        }
        if !names.insert(&parameter.name) {
            return Err(format!("two of its parameters are called `{}`", parameter.name));
        }
    }
    if operation.path.contains(['?', '#']) { Err("its path has a query or a fragment".to_owned()) } else { Ok(body) }
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
