//! Rules for namespaces, imports and names of functions.

use std::collections::BTreeMap;

use super::tree::{self, Member, Name};
use crate::codes::Code;
use crate::diagnostic::{FIRST, Sink};
use crate::read::SECTIONS;
use crate::read::yaml::Node;

pub(super) fn check(root: &Node, sink: &mut Sink) {
    check_reuse(root, sink);
    for section in SECTIONS {
        for entry in tree::section(root, section).iter().filter(|entry| tree::is_import(entry.node, section)) {
            check_import(root, section, entry, sink);
        }
    }
    for adapter in tree::own(root, "exposes") {
        // Control adapters have no namespace, because nothing refers to them.
        if adapter.name.is_none() && tree::adapter_kind(adapter.node) != Some("control") {
            let help = "add `namespace:`";
            let message = "`namespace` is missing in this adapter, so other files cannot import it";
            sink.report(Code::AdapterNamespace, adapter.node.span, message).help(help);
        }
    }
    for aggregate in tree::own(root, "aggregates") {
        if aggregate.name.is_none() {
            let message = "`namespace` is missing in this aggregate, so nothing can refer to its functions";
            sink.report(Code::AggregateNamespace, aggregate.node.span, message).help("add `namespace:`");
        }
        check_functions(&aggregate, sink);
    }
}

/// The namespace that an entry has in this file.
fn effective<'n>(entry: &Member<'n>, section: &str) -> Option<Name<'n>> {
    if tree::is_import(entry.node, section) { tree::first_text(entry.node, &["as", "import"]) } else { entry.name }
}

/// A namespace, and where it is used.
struct Use<'n> {
    name: Name<'n>,
    section: &'static str,
    imported: bool,
}

/// Consumed APIs, adapters and binds share their namespaces; those of aggregates are separate.
fn check_reuse(root: &Node, sink: &mut Sink) {
    let mut known: BTreeMap<(bool, &str), Use<'_>> = BTreeMap::new();
    for section in SECTIONS {
        for entry in tree::section(root, section) {
            let Some(name) = effective(&entry, section) else { continue };
            let imported = tree::is_import(entry.node, section);
            let this = Use { name, section, imported };
            match known.get(&(section == "aggregates", name.text)) {
                Some(first) => check_pair(first, &this, sink),
                None => drop(known.insert((section == "aggregates", name.text), this)),
            }
        }
    }
}

fn check_pair(first: &Use<'_>, second: &Use<'_>, sink: &mut Sink) {
    let (name, section) = (second.name, second.section);
    match section == first.section {
        // The compiler reports these.
        true if section == "consumes" => {}
        true if first.imported || second.imported => {
            let message = format!("the imported namespace `{}` is already used in `{section}`", name.text);
            let report = sink.report(Code::ImportAlias, name.span, message);
            report.label(first.name.span, FIRST).help("give the import another name with `as:`");
        }
        // Aggregates can share a namespace if their functions differ.
        true if section == "aggregates" => {}
        true => {
            let message = format!("duplicate namespace `{}` in `{section}`", name.text);
            let report = sink.report(Code::ReusedNamespace, name.span, message);
            report.label(first.name.span, FIRST).help("rename one of the two");
        }
        false => {
            let message = format!("the namespace `{}` is used in `{section}` and in `{}`", name.text, first.section);
            let report = sink.report(Code::ReusedNamespace, name.span, message);
            report.label(first.name.span, "also used here").help("rename one of the two");
        }
    }
}

fn check_import(root: &Node, section: &str, entry: &Member<'_>, sink: &mut Sink) {
    let span = entry.span();
    if tree::first_text(entry.node, tree::source_keys(section)).is_none() {
        let message = format!("`from` is missing in an import into `{section}`");
        sink.report(Code::ImportSource, span, message).help("add `from:` with the path of the imported file");
    }
    if tree::is_empty(entry.node, "import") {
        let message = format!("`import` is missing in an import into `{section}`");
        sink.report(Code::ImportName, span, message).help("add `import:` with the namespace in the imported file");
    }
    if tree::get(root, "capability").is_none() {
        let message = format!("this shared file imports `{section}` from another file");
        sink.report(Code::ChainedImport, span, message).help("import the other file from the capability instead");
    }
}

fn check_functions(aggregate: &Member<'_>, sink: &mut Sink) {
    let mut known: BTreeMap<&str, Name<'_>> = BTreeMap::new();
    for name in tree::functions(aggregate.node).iter().filter_map(|function| function.name) {
        match known.get(name.text) {
            Some(first) => {
                let message = format!("duplicate function `{}` in the aggregate {}", name.text, aggregate.called());
                let report = sink.report(Code::FunctionName, name.span, message);
                report.label(first.span, FIRST).help("rename one of the two");
            }
            None => drop(known.insert(name.text, name)),
        }
    }
}
