//! Rules for the names by which sections, files and references find each other.

use std::collections::BTreeMap;

use super::tree::{self, Member, Name, SECTIONS};
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::yaml::Node;

pub(super) fn check(root: &Node, sink: &mut Sink) {
    check_reuse(root, sink);
    for section in SECTIONS {
        for entry in tree::section(root, section).iter().filter(|entry| tree::is_import(entry.node, section)) {
            check_import(root, section, entry, sink);
        }
    }
    for adapter in tree::own(root, "exposes") {
        // Nothing refers to a control adapter, and the format gives it no namespace.
        if adapter.name.is_none() && tree::adapter_kind(adapter.node) != Some("control") {
            let help = "add `namespace:`";
            let message = "this adapter has no namespace, so no other file can import it";
            sink.report(Code::AdapterNamespace, adapter.node.place, message, help);
        }
    }
    for aggregate in tree::own(root, "aggregates") {
        if aggregate.name.is_none() {
            let message = "this aggregate has no namespace, so nothing can refer to its functions";
            sink.report(Code::AggregateNamespace, aggregate.node.place, message, "add `namespace:`");
        }
        check_functions(&aggregate, sink);
    }
}

/// The namespace that an entry has in this file.
fn effective<'n>(entry: &Member<'n>, section: &str) -> Option<Name<'n>> {
    if tree::is_import(entry.node, section) { tree::first_text(entry.node, &["as", "import"]) } else { entry.name }
}

/// A namespace, and what has it.
struct Use<'n> {
    name: Name<'n>,
    section: &'static str,
    imported: bool,
}

/// Consumed APIs, adapters and binds share one space of names; aggregates have one of their own.
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
    let help = format!("the other one is on line {}; ", first.name.place.line);
    match section == first.section {
        // The compiler reports these itself.
        true if section == "consumes" => {}
        true if first.imported || second.imported => {
            let message = format!("the namespace `{}` is imported into `{section}`, which has it already", name.text);
            sink.report(Code::ImportAlias, name.place, message, help + "give the import another name with `as:`");
        }
        // Aggregates may share a namespace, as long as their functions differ.
        true if section == "aggregates" => {}
        true => {
            let message = format!("two entries of `{section}` have the namespace `{}`", name.text);
            sink.report(Code::ReusedNamespace, name.place, message, help + "rename one of the two");
        }
        false => {
            let message = format!("the namespace `{}` of `{section}` is also one of `{}`", name.text, first.section);
            sink.report(Code::ReusedNamespace, name.place, message, help + "rename one of the two");
        }
    }
}

fn check_import(root: &Node, section: &str, entry: &Member<'_>, sink: &mut Sink) {
    let place = entry.place();
    if tree::first_text(entry.node, tree::source_keys(section)).is_none() {
        let message = format!("an import into `{section}` does not say from which file");
        sink.report(Code::ImportSource, place, message, "add `from:` with the path of that file");
    }
    if tree::is_empty(entry.node, "import") {
        let message = format!("an import into `{section}` does not say which namespace it takes");
        sink.report(Code::ImportName, place, message, "add `import:` with the namespace in that file");
    }
    if tree::get(root, "capability").is_none() {
        let message = format!("this file is there to be imported, and its `{section}` import from yet another file");
        sink.report(Code::ChainedImport, place, message, "import that file from the capability instead");
    }
}

fn check_functions(aggregate: &Member<'_>, sink: &mut Sink) {
    let mut known: BTreeMap<&str, Name<'_>> = BTreeMap::new();
    for name in tree::functions(aggregate.node).iter().filter_map(|function| function.name) {
        match known.get(name.text) {
            Some(first) => {
                let message = format!("the aggregate {} has two functions `{}`", aggregate.called(), name.text);
                let help = format!("the other one is on line {}; rename one of the two", first.place.line);
                sink.report(Code::FunctionName, name.place, message, help);
            }
            None => drop(known.insert(name.text, name)),
        }
    }
}
