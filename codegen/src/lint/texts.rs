//! Rules for texts that people and models read: descriptions, labels and tags.

use super::tree::{self, Member};
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};
use crate::read::yaml::{Content, Node};

/// The keys whose texts are shown to readers.
const SHOWN: [&str; 4] = ["description", "label", "display", "title"];

pub(super) fn check(root: &Node, sink: &mut Sink) {
    if let Some(info) = tree::get(root, "info").filter(|info| tree::is_empty(info, "tags")) {
        let help = "add `tags:` to `info`, so that it can be found by subject";
        sink.report(Code::MissingTags, info.span, "the capability has no tags").help(help);
    }
    for api in tree::own(root, "consumes") {
        described(Code::ApiDescription, "the consumed API", &api, sink);
    }
    for resource in tree::resources(root) {
        described(Code::ResourceDescription, "the exposed resource", &resource, sink);
    }
    // An operation with a `ref` has the description of its function.
    for operation in tree::routes(root).iter().filter(|operation| tree::get(operation.node, "ref").is_none()) {
        described(Code::OperationDescription, "the exposed operation", operation, sink);
    }
    for function in tree::own(root, "aggregates").iter().flat_map(|aggregate| tree::functions(aggregate.node)) {
        described(Code::FunctionDescription, "the function", &function, sink);
    }
    check_markup(root, sink);
}

fn described(code: Code, what: &str, member: &Member<'_>, sink: &mut Sink) {
    if tree::is_empty(member.node, "description") {
        let message = format!("{what} {} has no description", member.called());
        sink.report_once(code, "", member.span(), message).help("add `description:`");
    }
}

/// Descriptions are shown on web pages, where they must not run code.
fn check_markup(node: &Node, sink: &mut Sink) {
    match &node.content {
        Content::Sequence(items) => items.iter().for_each(|item| check_markup(item, sink)),
        Content::Mapping(entries) => {
            for entry in entries {
                match &entry.value.content {
                    Content::Text(text) if SHOWN.contains(&entry.key.as_str()) => {
                        check_text(&entry.key, text, entry.value.span, sink);
                    }
                    _ => check_markup(&entry.value, sink),
                }
            }
        }
        _ => {}
    }
}

fn check_text(key: &str, text: &str, span: Span, sink: &mut Sink) {
    if text.to_ascii_lowercase().contains("<script") {
        let message = format!("this `{key}` contains a script tag, which a web page may run");
        sink.report(Code::ScriptTag, span, message).help("describe it in words");
    }
    if calls_eval(text) {
        let message = format!("this `{key}` contains a call of `eval`, which a web page may run");
        sink.report(Code::EvalCall, span, message).help("describe it in words");
    }
}

/// Whether a text contains `eval(` as a word; `retrieval(s)` does not match.
fn calls_eval(text: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices("eval(").any(|(at, _)| !text.get(..at).is_some_and(|before| before.ends_with(word)))
}
