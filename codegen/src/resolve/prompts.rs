//! The prompts of MCP adapters, with the files that contain their text.

use std::collections::BTreeMap;

use super::{adapters, files};
use crate::Sources;
use naftiko_schema::{FileContent, Role};

use crate::codes::Code;
use crate::diagnostic::{FIRST, Sink, Span, nearest};
use crate::linked::{Files, Linked, Prompt, PromptText};
use crate::read::document::{self, AdapterKind, PromptContent, Text};
use crate::template::{Piece, split};

pub(super) fn prompts<'d>(linked: &Linked<'d>, sources: &Sources, sink: &mut Sink) -> Vec<Prompt<'d>> {
    let mut prompts = Vec::new();
    let mut known: BTreeMap<(usize, &str), Span> = BTreeMap::new();
    for (listener, adapter) in adapters(linked.document, &linked.listeners) {
        let AdapterKind::Mcp(mcp) = &adapter.kind else { continue };
        for source in &mcp.prompts {
            let name = &source.name;
            if let Some(first) = known.get(&(listener, name.value.as_str())) {
                let message = format!("duplicate prompt `{}`; this one is left out", name.value);
                let report = sink.report(Code::DuplicateName, name.span, message);
                report.label(*first, FIRST).help("rename one of the two");
                continue;
            }
            known.insert((listener, &name.value), name.span);
            unique_arguments(source, sink);
            let Some(text) = text(source, sources, sink) else { continue };
            if let PromptText::Messages(messages) = &text {
                for (_, text, span) in messages {
                    check_placeholders(source, text, *span, sink);
                }
            }
            prompts.push(Prompt { listener, declared: source, text });
        }
    }
    prompts
}

fn text(source: &document::Prompt, sources: &Sources, sink: &mut Sink) -> Option<PromptText> {
    let location = match &source.content {
        PromptContent::Messages(messages) => {
            let messages = messages.iter().map(|message| {
                let content = &message.content;
                (message.role, content.value.clone(), content.span)
            });
            return Some(PromptText::Messages(messages.collect()));
        }
        PromptContent::Location(location) => location,
    };
    match files::link(location, sources, sink)? {
        Files::ServerFile(path) => Some(PromptText::ServerFile(path)),
        Files::Embedded(files) => {
            let only = files.first().filter(|(below, ..)| below.is_empty()).map(|(.., content)| content);
            if let Some(FileContent::Text(text)) = only {
                return Some(PromptText::Messages(vec![(Role::User, text.to_string(), location.span)]));
            }
            let (what, help) = match only {
                Some(_) => ("is no text", "write the prompt in UTF-8"),
                None => ("is a folder, but a prompt needs one file", "name a file in that folder"),
            };
            let message = format!("the location `{}` {what}", location.value);
            sink.report(Code::BadLocation, location.span, message).help(help);
            None
        }
    }
}

fn unique_arguments(source: &document::Prompt, sink: &mut Sink) {
    let mut names: Vec<&Text> = Vec::new();
    for name in source.arguments.iter().map(|argument| &argument.name) {
        if let Some(first) = names.iter().find(|first| first.value == name.value) {
            let message = format!("duplicate argument `{}`; the first one is used", name.value);
            let report = sink.report(Code::DuplicateName, name.span, message);
            report.label(first.span, FIRST).help("remove one of the two");
        }
        names.push(name);
    }
}

/// Every placeholder should be an argument. Others stay in the text, and the model sees them.
fn check_placeholders(source: &document::Prompt, text: &str, span: Span, sink: &mut Sink) {
    for piece in split(text) {
        let Piece::Placeholder(name) = piece else { continue };
        let name = name.trim_start_matches('{');
        if !source.arguments.iter().any(|argument| argument.name.value == name) {
            let message = format!("unknown prompt argument `{{{{{name}}}}}`; the placeholder stays in the text");
            let known = source.arguments.iter().map(|argument| argument.name.value.as_str());
            let report = sink.report_once(Code::PromptPlaceholder, name, span, message);
            report.nearest(span, name, nearest(name, known), "declare it under `arguments`");
        }
    }
}
