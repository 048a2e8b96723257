//! The prompts of MCP adapters, with the files that hold their text.

use std::collections::BTreeMap;

use super::{adapters, files};
use crate::Sources;
use crate::codes::Code;
use crate::diagnostic::{Place, Sink};
use crate::linked::{Files, Linked, Prompt, PromptText};
use crate::read::document::{self, AdapterKind, PromptContent, Role};
use crate::template::{Piece, split};

pub(super) fn prompts<'d>(linked: &Linked<'d>, sources: &Sources, sink: &mut Sink) -> Vec<Prompt<'d>> {
    let mut prompts = Vec::new();
    let mut known: BTreeMap<&str, Place> = BTreeMap::new();
    for (_, kind) in adapters(linked.document) {
        let AdapterKind::Mcp(mcp) = kind else { continue };
        for source in &mcp.prompts {
            let name = &source.name;
            if let Some(first) = known.get(name.value.as_str()) {
                let message = format!("the prompt `{}` is defined twice; the later one is left out", name.value);
                let help =
                    format!("the first one is on {}; give one of the two another name", sink.line(*first, name.place));
                sink.report(Code::DuplicateName, name.place, message, help);
                continue;
            }
            known.insert(&name.value, name.place);
            unique_arguments(source, sink);
            let Some(text) = text(source, sources, sink) else { continue };
            if let PromptText::Messages(messages) = &text {
                for (_, text, place) in messages {
                    check_placeholders(source, text, *place, sink);
                }
            }
            prompts.push(Prompt { declared: source, text });
        }
    }
    prompts
}

fn text(source: &document::Prompt, sources: &Sources, sink: &mut Sink) -> Option<PromptText> {
    let location = match &source.content {
        PromptContent::Messages(messages) => {
            let messages = messages.iter().map(|message| {
                let content = &message.content;
                (message.role, content.value.clone(), content.place)
            });
            return Some(PromptText::Messages(messages.collect()));
        }
        PromptContent::Location(location) => location,
    };
    match files::link(location, sources, sink)? {
        Files::OfTheServer(path) => Some(PromptText::OfTheServer(path)),
        Files::Embedded(files) => {
            if let [(below, _, text)] = files.as_slice()
                && below.is_empty()
            {
                return Some(PromptText::Messages(vec![(Role::User, text.clone(), location.place)]));
            }
            let message = format!("the location `{}` is a folder, and a prompt is one text", location.value);
            sink.report(Code::BadLocation, location.place, message, "name a file in it");
            None
        }
    }
}

fn unique_arguments(source: &document::Prompt, sink: &mut Sink) {
    let mut names: Vec<&str> = Vec::new();
    for name in source.arguments.iter().map(|argument| &argument.name) {
        if names.contains(&name.value.as_str()) {
            let message = format!("the argument `{}` is declared twice; the first one counts", name.value);
            sink.report(Code::DuplicateName, name.place, message, "remove one of the two");
        }
        names.push(&name.value);
    }
}

/// What a placeholder stands for is an argument. Others stay as they are, and the model gets to see them.
fn check_placeholders(source: &document::Prompt, text: &str, place: Place, sink: &mut Sink) {
    for piece in split(text) {
        let Piece::Placeholder(name) = piece else { continue };
        let name = name.trim_start_matches('{');
        if !source.arguments.iter().any(|argument| argument.name.value == name) {
            let message = format!("`{{{{{name}}}}}` is no argument of the prompt; it stays as it stands");
            sink.report_once(Code::PromptPlaceholder, name, place, message, "declare it under `arguments`");
        }
    }
}
