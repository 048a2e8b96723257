//! The first stage: from text to a [`Document`]. What cannot be read is reported, and reading continues.

mod aggregates;
mod bytes;
mod characters;
mod consumes;
pub(crate) mod document;
mod exposes;
pub(crate) mod fields;
mod imports;
mod invocation;
mod lines;
pub(crate) mod orchestration;
mod rules;
mod scalar;
mod steps;
pub(crate) mod toml;
mod tree;
pub(crate) mod yaml;

use crate::Sources;
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};
use document::{Bind, Document, Info, Text};
use fields::Fields;
use imports::Imports;
pub(crate) use imports::relative;
use yaml::{Content, Node};

/// The versions of the format that this reader knows, under `naftiko` and under `ikanos`, the later name of the format.
const KNOWN_VERSIONS: [&str; 12] = [
    "0.3",
    "0.4",
    "0.5",
    "1.0.0-alpha1",
    "1.0.0-alpha2",
    "1.0.0-alpha3",
    "1.0.0-alpha4",
    "1.0.0-beta1",
    "1.0.0-beta2",
    "1.0.0-beta3",
    "1.0.0-beta4",
    "1.0.0-beta5",
];

/// The sections whose entries other files can import.
pub(crate) const SECTIONS: [&str; 4] = ["consumes", "exposes", "aggregates", "binds"];

/// Reads the capability at a path, with what it imports. `None` means that the file has no capability; the sink says why.
pub(crate) fn read(sources: &Sources, path: &str, sink: &mut Sink) -> Option<Document> {
    let text = sources.get(path).map_or("", String::as_str);
    let root = yaml::parse(text, 0, sink)?;
    let Content::Mapping(_) = root.content else {
        not_a_capability(root.span, &format!("the file must be a mapping, but it is {}", root.what()), sink);
        return None;
    };
    let mut fields = Fields::of(&root, "a capability file", sink);
    let version = version(&mut fields, sink);
    let Some(capability) = fields.get(&["capability"]) else {
        report_other_file(&mut fields, version, root.span, sink);
        return None;
    };
    check_version(version, root.span, sink);
    let is_exact = fields.has(&["ikanos"]);
    let mut imports = Imports::new(sources, path, is_exact);
    let info = fields.get(&["info"]).map(|entry| info(&entry.value, sink)).unwrap_or_default();
    let mut binds = imports.members(fields.members(&["binds", "externalRefs"], sink), "binds", bind, sink);
    fields.finish(sink);

    let mut fields = Fields::of(&capability.value, "`capability`", sink);
    let consumes = imports.members(fields.members(&["consumes"], sink), "consumes", consumes::consumes, sink);
    let adapters = imports.members(fields.members(&["exposes"], sink), "exposes", exposes::adapter, sink);
    binds.extend(imports.members(fields.members(&["binds"], sink), "binds", bind, sink));
    let mut aggregates =
        imports.members(fields.members(&["aggregates"], sink), "aggregates", aggregates::aggregate, sink);
    aggregates.extend(orchestration::flows(&mut fields, sink));
    fields.finish(sink);
    Some(Document {
        span: capability.span,
        is_exact,
        info,
        binds,
        consumes,
        aggregates,
        adapters,
        missing: imports.missing,
        replaced: imports.replaced,
    })
}

/// The version line. One early dialect writes a mapping.
fn version(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<Text> {
    let entry = fields.get(&["naftiko", "ikanos", "specVersion"])?;
    if let Content::Mapping(_) = entry.value.content {
        let mut fields = Fields::of(&entry.value, "the version line", sink);
        return fields.text(&["version"], sink);
    }
    fields::text(&entry.value, &entry.key, sink)
}

/// Reports what a file without `capability` is: parts for other files, YAML of another kind, or a mistake.
fn report_other_file(fields: &mut Fields<'_>, version: Option<Text>, root: Span, sink: &mut Sink) {
    let sections: Vec<_> = SECTIONS.into_iter().filter(|key| fields.has(&[key])).collect();
    match version {
        Some(version) if sections.is_empty() => {
            let help = "add `capability:`, or correct its spelling";
            sink.report(Code::NoCapability, version.span, "the file has a version but no `capability`").help(help);
        }
        Some(version) => {
            let message =
                format!("the file has no `capability`; it only shares `{}` with other files", sections.join("`, `"));
            sink.report(Code::SharedPart, version.span, message);
        }
        None => not_a_capability(root, "the file has no `capability` and no version line", sink),
    }
}

fn not_a_capability(span: Span, message: &str, sink: &mut Sink) {
    let help = "a capability has a version line (`naftiko: 1.0.0-alpha2`) and a `capability:` section";
    sink.report(Code::NotACapability, span, format!("{message}; it is skipped")).help(help);
}

fn check_version(version: Option<Text>, root: Span, sink: &mut Sink) {
    let known = format!("use one of {}", KNOWN_VERSIONS.join(", "));
    match version {
        None => {
            let message = "the file has no version line; it is read like the known versions";
            sink.report(Code::UnknownVersion, root, message).help(known);
        }
        Some(version) if !KNOWN_VERSIONS.contains(&version.value.as_str()) => {
            let message =
                format!("unknown version `{}` of the format; the file is read like the known ones", version.value);
            sink.report(Code::UnknownVersion, version.span, message).help(known);
        }
        Some(_) => {}
    }
}

fn info(node: &Node, sink: &mut Sink) -> Info {
    let mut fields = Fields::of(node, "`info`", sink);
    let title = fields.text(&["label", "display", "title", "name"], sink);
    let description = fields.text(&["description"], sink);
    fields.ignore(&["tags", "created", "modified", "version", "stakeholders"]);
    fields.finish(sink);
    Info { title, description }
}

/// Reports keys that the format gives a meaning, but that have no effect.
fn no_effect(fields: &mut Fields<'_>, keys: &[&'static str], help: &str, sink: &mut Sink) {
    for key in keys {
        if let Some(entry) = fields.get(&[*key]) {
            let message = format!("`{key}` has no effect");
            sink.report_once(Code::NoEffect, key, entry.span, message).help(help);
        }
    }
}

type Member<'n> = (Option<Text>, &'n Node);

fn read_all<T>(
    members: Vec<Member<'_>>,
    read: fn(Option<Text>, &Node, &mut Sink) -> Option<T>,
    sink: &mut Sink,
) -> Vec<T> {
    members.into_iter().filter_map(|(name, node)| read(name, node, sink)).collect()
}

/// Reads the members that are not left out, each a part of the capability that can be. Returns also the names of the others.
fn read_parts<T>(
    what: &'static str,
    members: Vec<Member<'_>>,
    read: fn(Option<Text>, &Node, &mut Sink) -> Option<T>,
    sink: &mut Sink,
) -> (Vec<T>, Vec<String>) {
    let (mut all, mut left_out) = (Vec::new(), Vec::new());
    for (key, node) in members {
        if sink.reads(what, span_of(key.as_ref(), node)) {
            all.extend(read(key, node, sink));
        } else {
            left_out.extend(names_of(key, node));
        }
    }
    (all, left_out)
}

/// The name of a part, or of the operations that it holds.
fn names_of(key: Option<Text>, node: &Node) -> Vec<String> {
    match node.get("operations").map(|operations| &operations.content) {
        Some(Content::Sequence(items)) => items.iter().flat_map(|item| names_of(None, item)).collect(),
        Some(Content::Mapping(entries)) => entries.iter().map(|entry| entry.key.clone()).collect(),
        _ => {
            let given = || ["name", "id", "operationId"].iter().find_map(|name| node.get(name)?.scalar_text());
            key.map(|key| key.value).or_else(given).into_iter().collect()
        }
    }
}

/// The span of a member, its key included.
fn span_of(key: Option<&Text>, node: &Node) -> Span {
    let key = key.filter(|key| key.span.file == node.span.file && key.span.start < node.span.start);
    Span { start: key.map_or(node.span.start, |key| key.span.start), ..node.span }
}

/// The name of a member: its key in a mapping, its `name` in a list.
fn name_of(key: Option<Text>, fields: &mut Fields<'_>, sink: &mut Sink) -> Option<Text> {
    let given = fields.text(&["name"], sink);
    key.or(given)
}

fn bind(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Bind> {
    let mut fields = Fields::of(node, "a bind", sink);
    let namespace = fields.text(&["namespace", "name"], sink).or(key);
    let location = fields.text(&["location", "uri"], sink);
    fields.ignore(&["description", "type", "resolution"]);
    let keys = fields.texts("keys", sink);
    fields.finish(sink);
    Some(Bind { location, namespace, keys })
}
