//! Reading a mapping key by key. Wrong types, missing keys and unknown keys are reported, and reading continues.

use std::cell::Cell;

use super::document::Text;
use super::yaml::{Content, Entry, Node};
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};

/// How many names most mappings are asked for.
const ASKED: usize = 24;

/// A mapping that is being read.
pub(crate) struct Fields<'n> {
    /// What the mapping describes, for messages, such as `an operation`.
    what: &'static str,
    entries: &'n [Entry],
    seen: Vec<Cell<bool>>,
    asked: Vec<&'static str>,
    pub(crate) span: Span,
}

impl<'n> Fields<'n> {
    /// The fields of a mapping. A node that is not a mapping is reported and has no fields.
    pub(crate) fn of(node: &'n Node, what: &'static str, sink: &mut Sink) -> Self {
        let entries: &[Entry] = match &node.content {
            Content::Mapping(entries) => entries,
            other => {
                if !matches!(other, Content::Null(_)) {
                    expected(what, "a mapping", node, sink);
                }
                &[]
            }
        };
        let seen = entries.iter().map(|_| Cell::new(false)).collect();
        Self { what, entries, seen, asked: Vec::with_capacity(ASKED), span: node.span }
    }

    /// The entry under the first of these names that has a value. The names are older and newer spellings of one key.
    pub(crate) fn get(&mut self, names: &[&'static str]) -> Option<&'n Entry> {
        self.asked.extend(names);
        let mut found = None;
        for (entry, seen) in self.entries.iter().zip(&self.seen) {
            if is_one_of(&entry.key, names) {
                seen.set(true);
                if entry.value.is_null() {
                    continue;
                }
                let earlier = found.is_some_and(|found: &Entry| rank(names, &found.key) <= rank(names, &entry.key));
                found = if earlier { found } else { Some(entry) };
            }
        }
        found
    }

    /// The null of a key, which else counts as left out.
    pub(crate) fn null(&self, name: &str) -> Option<&'n Node> {
        self.entries.iter().find(|entry| entry.key == name && entry.value.is_null()).map(|entry| &entry.value)
    }

    /// The span of a key, if it is there.
    pub(crate) fn span_of(&mut self, name: &'static str) -> Option<Span> {
        self.get(&[name]).map(|entry| entry.span)
    }

    /// A text; numbers and booleans are taken as they are written.
    pub(crate) fn text(&mut self, names: &[&'static str], sink: &mut Sink) -> Option<Text> {
        let entry = self.get(names)?;
        text(&entry.value, &entry.key, sink)
    }

    /// A text that must be there.
    pub(crate) fn required_text(&mut self, names: &[&'static str], sink: &mut Sink) -> Option<Text> {
        let text = self.text(names, sink);
        if text.is_none() && self.get(names).is_none() {
            self.missing(names, sink);
        }
        text
    }

    pub(crate) fn missing(&self, names: &[&'static str], sink: &mut Sink) {
        let name = names.first().copied().unwrap_or_default();
        sink.report(Code::MissingKey, self.span, format!("`{name}` is missing in {}", self.what))
            .help(format!("add `{name}:`"));
    }

    pub(crate) fn flag(&mut self, name: &'static str, sink: &mut Sink) -> Option<bool> {
        let entry = self.get(&[name])?;
        match &entry.value.content {
            Content::Bool(flag, _) => Some(*flag),
            Content::Text(text) if text == "true" => Some(true),
            Content::Text(text) if text == "false" => Some(false),
            _ => {
                expected(&format!("`{name}`"), "`true` or `false`", &entry.value, sink);
                None
            }
        }
    }

    /// The members of a collection: a list, or a mapping whose keys are the members' names.
    pub(crate) fn members(&mut self, names: &[&'static str], sink: &mut Sink) -> Vec<(Option<Text>, &'n Node)> {
        let Some(entry) = self.get(names) else { return Vec::new() };
        match &entry.value.content {
            Content::Sequence(items) => items.iter().map(|item| (None, item)).collect(),
            Content::Mapping(entries) => {
                let name = |entry: &Entry| Text { value: entry.key.clone(), span: entry.span };
                entries.iter().map(|entry| (Some(name(entry)), &entry.value)).collect()
            }
            _ => {
                expected(&format!("`{}`", entry.key), "a list", &entry.value, sink);
                Vec::new()
            }
        }
    }

    /// The texts of a list.
    pub(crate) fn list(&mut self, name: &'static str, sink: &mut Sink) -> Vec<Text> {
        let Some(entry) = self.get(&[name]) else { return Vec::new() };
        let Content::Sequence(items) = &entry.value.content else {
            expected(&format!("`{name}`"), "a list", &entry.value, sink);
            return Vec::new();
        };
        items.iter().filter_map(|item| text(item, name, sink)).collect()
    }

    /// The pairs of a mapping with arbitrary keys.
    pub(crate) fn pairs(&mut self, name: &'static str, sink: &mut Sink) -> Option<Vec<(Text, &'n Node)>> {
        let entry = self.get(&[name])?;
        let Content::Mapping(entries) = &entry.value.content else {
            expected(&format!("`{name}`"), "a mapping", &entry.value, sink);
            return None;
        };
        Some(entries.iter().map(|e| (Text { value: e.key.clone(), span: e.span }, &e.value)).collect())
    }

    /// The pairs of a mapping with arbitrary keys whose values are texts.
    pub(crate) fn texts(&mut self, name: &'static str, sink: &mut Sink) -> Vec<(Text, Text)> {
        let pairs = self.pairs(name, sink).unwrap_or_default();
        pairs.into_iter().filter_map(|(name, node)| Some((name.clone(), text(node, &name.value, sink)?))).collect()
    }

    /// Whether one of the keys is there, with or without a value.
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        self.entries.iter().any(|entry| is_one_of(&entry.key, names))
    }

    /// Marks keys as known that have no effect on generated code.
    pub(crate) fn ignore(&mut self, names: &[&'static str]) {
        for name in names {
            self.get(&[name]);
        }
    }

    /// Reports the keys that were not asked for.
    pub(crate) fn finish(self, sink: &mut Sink) {
        for (entry, _) in self.entries.iter().zip(&self.seen).filter(|(_, seen)| !seen.get()) {
            // A key that is there already is not what another one was meant to be.
            let candidates = self.asked.iter().copied().filter(|name| !self.has(&[name]));
            let message = format!("unknown key `{}` in {}; it is ignored", entry.key, self.what);
            let kind = format!("{} {}", self.what, entry.key);
            let meant = sink.nearest(Code::UnknownKey, &entry.key, candidates);
            sink.report_once(Code::UnknownKey, &kind, entry.span, message).nearest(entry.span, &entry.key, meant, "");
        }
    }
}

/// Whether a key is one of these names. Most are not, which their lengths and first characters show.
fn is_one_of(key: &str, names: &[&str]) -> bool {
    let first = key.as_bytes().first();
    names.iter().any(|name| name.len() == key.len() && name.as_bytes().first() == first && *name == key)
}

fn rank(names: &[&str], key: &str) -> usize {
    names.iter().position(|name| *name == key).unwrap_or(usize::MAX)
}

/// A node as text.
pub(crate) fn text(node: &Node, key: &str, sink: &mut Sink) -> Option<Text> {
    if matches!(node.content, Content::Mapping(_) | Content::Sequence(_)) {
        expected(&format!("`{key}`"), "text", node, sink);
    }
    node.scalar_text().map(|value| Text { value, span: node.span })
}

fn expected(what: &str, wanted: &str, node: &Node, sink: &mut Sink) {
    let report = sink.report(Code::WrongType, node.span, format!("{what} must be {wanted}, but it is {}", node.what()));
    if node.is_unquoted() {
        report.quote(node.span);
    }
}
