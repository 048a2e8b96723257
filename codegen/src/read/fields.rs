//! Reading a mapping field by field: wrong types, missing and unknown keys are reported, and reading goes on.

use std::cell::Cell;

use super::document::Text;
use super::yaml::{Content, Entry, Node, UNQUOTED};
use crate::codes::Code;
use crate::diagnostic::{Place, Sink, did_you_mean};

/// A mapping that is being read.
pub(super) struct Fields<'n> {
    /// What the mapping describes, for messages: `operation`, say.
    what: &'static str,
    entries: &'n [Entry],
    seen: Vec<Cell<bool>>,
    asked: Vec<&'static str>,
    pub(super) place: Place,
}

impl<'n> Fields<'n> {
    /// The fields of a mapping; of nothing, if the node is something else.
    pub(super) fn of(node: &'n Node, what: &'static str, sink: &mut Sink) -> Self {
        let entries: &[Entry] = match &node.content {
            Content::Mapping(entries) => entries,
            other => {
                if !matches!(other, Content::Null) {
                    let message = format!("{what} must be a mapping, and this is {}", node.what());
                    sink.report(Code::WrongType, node.place, message, "");
                }
                &[]
            }
        };
        let seen = entries.iter().map(|_| Cell::new(false)).collect();
        Self { what, entries, seen, asked: Vec::new(), place: node.place }
    }

    /// The value under the first of these names that has one; the others are its older or newer spellings.
    pub(super) fn get(&mut self, names: &[&'static str]) -> Option<&'n Entry> {
        self.asked.extend(names);
        let mut found = None;
        for (entry, seen) in self.entries.iter().zip(&self.seen) {
            if names.contains(&entry.key.as_str()) {
                seen.set(true);
                if matches!(entry.value.content, Content::Null) {
                    continue;
                }
                let earlier = found.is_some_and(|found: &Entry| rank(names, &found.key) <= rank(names, &entry.key));
                found = if earlier { found } else { Some(entry) };
            }
        }
        found
    }

    /// The place of a key, if it is there.
    pub(super) fn place_of(&mut self, name: &'static str) -> Option<Place> {
        self.get(&[name]).map(|entry| entry.place)
    }

    /// A text; numbers and booleans are taken as they are written.
    pub(super) fn text(&mut self, names: &[&'static str], sink: &mut Sink) -> Option<Text> {
        let entry = self.get(names)?;
        text(&entry.value, &entry.key, sink)
    }

    /// A text that must be there.
    pub(super) fn required_text(&mut self, names: &[&'static str], sink: &mut Sink) -> Option<Text> {
        let text = self.text(names, sink);
        if text.is_none() && self.get(names).is_none() {
            self.missing(names, sink);
        }
        text
    }

    pub(super) fn missing(&self, names: &[&'static str], sink: &mut Sink) {
        let name = names.first().copied().unwrap_or_default();
        sink.report(Code::MissingKey, self.place, format!("{} has no `{name}`", self.what), format!("add `{name}:`"));
    }

    pub(super) fn flag(&mut self, name: &'static str, sink: &mut Sink) -> Option<bool> {
        let entry = self.get(&[name])?;
        match &entry.value.content {
            Content::Bool(flag) => Some(*flag),
            Content::Text(text) if text == "true" => Some(true),
            Content::Text(text) if text == "false" => Some(false),
            _ => {
                let message = format!("`{name}` must be `true` or `false`, and this is {}", entry.value.what());
                sink.report(Code::WrongType, entry.value.place, message, "");
                None
            }
        }
    }

    /// The members of a collection: a list, or a mapping whose keys are the members' names.
    pub(super) fn members(&mut self, names: &[&'static str], sink: &mut Sink) -> Vec<(Option<Text>, &'n Node)> {
        let Some(entry) = self.get(names) else { return Vec::new() };
        match &entry.value.content {
            Content::Sequence(items) => items.iter().map(|item| (None, item)).collect(),
            Content::Mapping(entries) => {
                let name = |entry: &Entry| Text { value: entry.key.clone(), place: entry.place };
                entries.iter().map(|entry| (Some(name(entry)), &entry.value)).collect()
            }
            _ => {
                let message = format!("`{}` must be a list, and this is {}", entry.key, entry.value.what());
                sink.report(Code::WrongType, entry.value.place, message, "");
                Vec::new()
            }
        }
    }

    /// The texts of a list.
    pub(super) fn list(&mut self, name: &'static str, sink: &mut Sink) -> Vec<Text> {
        let Some(entry) = self.get(&[name]) else { return Vec::new() };
        let Content::Sequence(items) = &entry.value.content else {
            let message = format!("`{name}` must be a list, and this is {}", entry.value.what());
            sink.report(Code::WrongType, entry.value.place, message, "");
            return Vec::new();
        };
        items.iter().filter_map(|item| text(item, name, sink)).collect()
    }

    /// The pairs of a free mapping.
    pub(super) fn pairs(&mut self, name: &'static str, sink: &mut Sink) -> Option<Vec<(Text, &'n Node)>> {
        let entry = self.get(&[name])?;
        let Content::Mapping(entries) = &entry.value.content else {
            let message = format!("`{name}` must be a mapping, and this is {}", entry.value.what());
            sink.report(Code::WrongType, entry.value.place, message, "");
            return None;
        };
        Some(entries.iter().map(|e| (Text { value: e.key.clone(), place: e.place }, &e.value)).collect())
    }

    /// The texts of a free mapping whose values are texts.
    pub(super) fn texts(&mut self, name: &'static str, sink: &mut Sink) -> Vec<(Text, Text)> {
        let pairs = self.pairs(name, sink).unwrap_or_default();
        pairs.into_iter().filter_map(|(name, node)| Some((name.clone(), text(node, &name.value, sink)?))).collect()
    }

    /// Whether one of the keys is there, whatever stands under it.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.entries.iter().any(|entry| names.contains(&entry.key.as_str()))
    }

    /// Marks keys as known that carry no meaning for generated code.
    pub(super) fn ignore(&mut self, names: &[&'static str]) {
        for name in names {
            self.get(&[name]);
        }
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self, sink: &mut Sink) {
        for (entry, _) in self.entries.iter().zip(&self.seen).filter(|(_, seen)| !seen.get()) {
            let help = did_you_mean(&entry.key, self.asked.iter().copied())
                .map(|name| format!("did you mean `{name}`?"))
                .unwrap_or_default();
            let message = format!("{} knows no key `{}`; it is ignored", self.what, entry.key);
            let kind = format!("{} {}", self.what, entry.key);
            sink.report_once(Code::UnknownKey, &kind, entry.place, message, help);
        }
    }
}

fn rank(names: &[&str], key: &str) -> usize {
    names.iter().position(|name| *name == key).unwrap_or(usize::MAX)
}

/// A node as text.
pub(super) fn text(node: &Node, key: &str, sink: &mut Sink) -> Option<Text> {
    let help = match &node.content {
        Content::Mapping(entries) if entries.iter().any(|entry| entry.key == UNQUOTED) => {
            "put quotes around a template: '{{name}}'"
        }
        Content::Mapping(_) | Content::Sequence(_) => "",
        _ => return node.scalar_text().map(|value| Text { value, place: node.place }),
    };
    sink.report(Code::WrongType, node.place, format!("`{key}` must be text, and this is {}", node.what()), help);
    None
}
