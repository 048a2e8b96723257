//! The tree of YAML values, from the events of a parser. An alias becomes the value that it names, and `<<` the entries
//! that it merges.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::characters::Characters;
use super::yaml::{Content, Entry, Node, UNQUOTED};
use super::{lines, scalar};
use crate::codes::Code;
use crate::diagnostic::{FIRST, Sink, Span};

/// Values nested deeper than this are refused; real capabilities have about a dozen levels.
const MAX_DEPTH: usize = 100;

/// More values than this are refused; the largest real capabilities have a tenth of it. Long texts count several times.
const MAX_VALUES: usize = 1_000_000;

/// How many bytes of a text count as one value.
const BYTES_OF_VALUE: usize = 64;

/// Tabs between keys and values are read up to this number, because the text is parsed once for each.
const MAX_TABS: usize = 64;

/// Longer texts are refused, in bytes; the longest descriptions have a hundredth of it.
const MAX_SCALAR: usize = 1 << 20;

/// A text whose characters the parser counts, and whose bytes spans count.
pub(super) struct Source<'t> {
    pub(super) text: &'t str,
    /// What the parser reads.
    parsed: Cow<'t, str>,
    file: usize,
    /// The length of a byte order mark, which editors on Windows put before the text and the parser does not see.
    mark: usize,
    /// The offset of each character; empty if each is one byte.
    offsets: Vec<usize>,
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &'t str, file: usize) -> Self {
        let plain = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mark = text.len() - plain.len();
        if let Some((parsed, offsets)) = joined(plain) {
            return Self { text: plain, parsed: parsed.into(), file, mark, offsets };
        }
        let offsets = if plain.is_ascii() { Vec::new() } else { plain.char_indices().map(|(at, _)| at).collect() };
        Self { text: plain, parsed: plain.into(), file, mark, offsets }
    }

    /// Makes tabs blanks that separate keys from values, which YAML allows (YAML 1.2.2 §6.2) and the parser refuses.
    fn without_tabs(mut self) -> Self {
        if !self.text.contains(":\t") {
            return self;
        }
        for _ in 0..MAX_TABS {
            let error = parser(&self.parsed).find_map(Result::err);
            let error = error.filter(|error| error.info().starts_with("':' must be followed by"));
            let before = error.and_then(|error| error.marker().index().checked_sub(1));
            let tab = before.and_then(|index| self.parsed.char_indices().nth(index)).filter(|(_, c)| *c == '\t');
            let Some((at, _)) = tab else { break };
            self.parsed.to_mut().replace_range(at..=at, " ");
        }
        self
    }

    fn offset(&self, marker: Marker) -> usize {
        let offset = match self.offsets.get(marker.index()) {
            Some(offset) => *offset,
            None if self.offsets.is_empty() => marker.index().min(self.text.len()),
            None => self.text.len(),
        };
        self.mark + offset
    }

    /// The span of an event, without the blanks and comments that follow it and that the parser includes.
    fn span(&self, event: &Event<'_>, span: saphyr_parser::Span) -> Span {
        let (start, end) = (self.offset(span.start), self.offset(span.end));
        let text = self.text.get(start - self.mark..end.saturating_sub(self.mark)).unwrap_or_default();
        let text = match event {
            Event::Scalar(_, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted, ..) => quoted(text),
            Event::Scalar(_, ScalarStyle::Plain, ..) if text.contains('#') => {
                let comment =
                    [" #", "\t#", "\n#"].iter().filter_map(|sign| text.split_once(sign)).map(|(before, _)| before);
                comment.min_by_key(|before| before.len()).unwrap_or(text)
            }
            // Brackets are one character.
            Event::SequenceEnd | Event::MappingEnd if text.starts_with([']', '}']) => text.get(..1).unwrap_or(text),
            _ => text,
        };
        Span { start, end: start + text.trim_end_matches([' ', '\t', '\r', '\n']).len(), file: self.file }
    }
}

/// JSON with its pairs of surrogates made one character each, which YAML has no escapes for, and where each character was; `None` if
/// there are none.
fn joined(text: &str) -> Option<(String, Vec<usize>)> {
    if !text.trim_start().starts_with(['{', '[']) || !text.contains("\\u") {
        return None;
    }
    let escape = |at: usize| {
        let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut joined, mut offsets) = (String::with_capacity(text.len()), Vec::new());
    let mut found = false;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        joined.push(c);
        offsets.push(at);
        if c != '\\' {
            continue;
        }
        let pair =
            escape(at).zip(escape(at + 6)).map(|(high, low)| char::decode_utf16([high, low]).collect::<Vec<_>>());
        if let Some([Ok(both)]) = pair.as_deref() {
            found = true;
            joined.pop();
            joined.push(*both);
            while characters.next_if(|(next, _)| *next < at + 12).is_some() {}
        } else if let Some((next, escaped)) = characters.next() {
            // A backslash that is escaped escapes nothing.
            joined.push(escaped);
            offsets.push(next);
        }
    }
    found.then_some((joined, offsets))
}

/// The start of a text up to its closing quote.
fn quoted(text: &str) -> &str {
    let mut characters = text.char_indices();
    let Some((_, quote)) = characters.next() else { return text };
    while let Some((at, c)) = characters.next() {
        if c == '\\' && quote == '"' {
            characters.next();
        } else if c == quote {
            let end = at + quote.len_utf8();
            // Two single quotes are one in the value.
            if quote == '"' || !text.get(end..).is_some_and(|rest| rest.starts_with(quote)) {
                return text.get(..end).unwrap_or(text);
            }
            characters.next();
        }
    }
    text
}

/// A value that is complete: how many values it is with those inside it, and how many levels.
#[derive(Clone)]
struct Closed {
    node: Node,
    size: usize,
    depth: usize,
}

/// A list or mapping that is being read.
struct Open {
    start: Span,
    anchor: usize,
    size: usize,
    depth: usize,
    members: Members,
}

enum Members {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, keys: Keys, key: Option<Node> },
}

/// The keys of a long mapping. In a short one, its entries are looked through.
#[derive(Default)]
struct Keys(BTreeMap<String, Span>);

impl Keys {
    /// How many entries are looked through.
    const FEW: usize = 16;

    /// Adds a key to those of these entries; where it was before, if it is one of them.
    fn insert(&mut self, name: &str, span: Span, entries: &[Entry]) -> Option<Span> {
        if entries.len() < Self::FEW {
            return entries.iter().rev().find(|entry| entry.key == name).map(|entry| entry.span);
        }
        if self.0.is_empty() {
            self.0.extend(entries.iter().map(|entry| (entry.key.clone(), entry.span)));
        }
        self.0.insert(name.to_owned(), span)
    }
}

struct Reader<'t, 's> {
    source: Source<'t>,
    open: Vec<Open>,
    /// The complete values with an anchor.
    anchors: BTreeMap<usize, Closed>,
    /// How many values there are so far.
    size: usize,
    sink: &'s mut Sink,
}

fn parser(text: &str) -> Parser<'_, Characters<'_>> {
    Parser::new(Characters::new(text))
}

/// Whether YAML may contain a character (YAML 1.2.2 §5.1), which the parser does not check.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

/// The first character of a text that YAML must not contain, and its offset.
pub(super) fn unprintable(text: &str) -> Option<(usize, char)> {
    // Most texts have plain bytes only. That is seen for many of them at once, and then no character has to be looked at.
    let is_plain = text.bytes().fold(true, |is_plain, byte| is_plain & matches!(byte, b' '..=b'~' | b'\n'));
    if is_plain { None } else { text.char_indices().find(|(_, c)| !is_printable(*c)) }
}

/// Reads a text. Every problem is reported; `None` means that reading cannot continue.
pub(super) fn read(text: &str, file: usize, sink: &mut Sink) -> Option<Node> {
    if let Some((at, c)) = unprintable(text) {
        let span = Span { start: at, end: at + c.len_utf8(), file };
        invalid(text, span, &format!("the control character U+{:04X} is not allowed", u32::from(c)), sink);
        return None;
    }
    lines::read(text, file).or_else(|| parsed(text, file, sink))
}

/// Reads a text without control characters by the parser.
pub(super) fn parsed(text: &str, file: usize, sink: &mut Sink) -> Option<Node> {
    let source = Source::new(text, file).without_tabs();
    let parsed = source.parsed.clone();
    let mut reader = Reader { source, open: Vec::new(), anchors: BTreeMap::new(), size: 0, sink };
    let (mut root, mut documents) = (None, 0);
    for event in parser(&parsed) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let start = reader.source.offset(*error.marker());
                let span = Span { start, end: start, file };
                if error.info().contains("recursion limit") {
                    reader.too_deep(span);
                } else {
                    reader.invalid(span, error.info());
                }
                return None;
            }
        };
        let span = reader.source.span(&event, span);
        if let Event::DocumentStart(_) = event {
            documents += 1;
            if documents == 2 {
                let help = "put each capability into a file of its own";
                reader.sink.report(Code::SeveralDocuments, span, "a second YAML document starts here").help(help);
            }
        }
        let closed = reader.event(event, span)?;
        if let Some(node) = closed.and_then(|closed| reader.enter(closed)) {
            root.get_or_insert(node);
        }
    }
    if root.is_none() {
        let span = Span::start_of(file);
        reader
            .sink
            .report(Code::NoCapability, span, "the file is empty")
            .help("write a capability, or remove the file");
    }
    root
}

fn invalid(text: &str, span: Span, problem: &str, sink: &mut Sink) {
    // JSON is YAML as well, and read by the same parser.
    let format = if text.trim_start().starts_with(['{', '[']) { "JSON" } else { "YAML" };
    sink.report(Code::Syntax, span, format!("invalid {format}: {problem}"));
}

impl Reader<'_, '_> {
    /// Takes an event. The value that it completes, if it does; `None` means that reading cannot continue.
    fn event(&mut self, event: Event<'_>, span: Span) -> Option<Option<Closed>> {
        let node = |content| Node { content, span };
        let (closed, anchor) = match event {
            Event::SequenceStart(anchor, _) => {
                self.begin(span, anchor, Members::Sequence(Vec::new()))?;
                return Some(None);
            }
            Event::MappingStart(anchor, _) => {
                let members = Members::Mapping { entries: Vec::new(), keys: Keys::default(), key: None };
                self.begin(span, anchor, members)?;
                return Some(None);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let open = self.open.pop()?;
                let (anchor, size, depth) = (open.anchor, open.size, open.depth);
                (Closed { node: self.close(open, span)?, size, depth }, anchor)
            }
            Event::Scalar(value, ..) if value.len() > MAX_SCALAR => {
                let message = format!("this text is longer than {} KiB", MAX_SCALAR >> 10);
                self.sink.report(Code::TooLarge, span, message).help("shorten it");
                return None;
            }
            Event::Scalar(value, style, anchor, tag) => {
                let size = 1 + value.len() / BYTES_OF_VALUE;
                self.count(size, span)?;
                let content = self.scalar(value, style, tag.as_deref(), span)?;
                (Closed { node: node(content), size, depth: 0 }, anchor)
            }
            Event::Alias(anchor) => {
                let Some((size, depth)) = self.anchors.get(&anchor).map(|named| (named.size, named.depth)) else {
                    self.invalid(span, "an alias is part of the value that it names");
                    return None;
                };
                self.count(size, span)?;
                self.check_depth(depth, span)?;
                let mut node = self.anchors.get(&anchor)?.node.clone();
                set_span(&mut node, span);
                return Some(Some(Closed { node, size, depth }));
            }
            _ => return Some(None),
        };
        if anchor > 0 {
            // The copy counts as well.
            self.count(closed.size, span)?;
            self.anchors.insert(anchor, closed.clone());
        }
        Some(Some(closed))
    }

    fn count(&mut self, size: usize, span: Span) -> Option<()> {
        self.size += size;
        if self.size > MAX_VALUES {
            let message = format!("this text has more than {MAX_VALUES} values once its aliases are expanded");
            self.sink.report(Code::TooLarge, span, message).help("remove some of the aliases");
            return None;
        }
        Some(())
    }

    /// Checks that a value with so many levels may be where reading is.
    fn check_depth(&mut self, depth: usize, span: Span) -> Option<()> {
        if self.open.len() + depth > MAX_DEPTH {
            self.too_deep(span);
            return None;
        }
        Some(())
    }

    fn begin(&mut self, start: Span, anchor: usize, members: Members) -> Option<()> {
        self.count(1, start)?;
        self.open.push(Open { start, anchor, size: 1, depth: 1, members });
        self.check_depth(0, start)
    }

    fn scalar(&mut self, text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Option<Content> {
        match tag.filter(|tag| tag.is_yaml_core_schema()) {
            Some(tag) => scalar::tagged(&tag.suffix, &text)
                .map_err(|wanted| self.invalid(span, &format!("`{text}` is not {wanted}")))
                .ok(),
            None if style == ScalarStyle::Plain => Some(scalar::plain(text.into_owned())),
            None => Some(Content::Text(text.into_owned())),
        }
    }

    /// Completes a list or mapping. Its span goes to a closing bracket, or else to the end of its last value.
    fn close(&mut self, open: Open, end: Span) -> Option<Node> {
        let (content, last) = match open.members {
            Members::Sequence(items) => {
                let last = items.last().map(|item| item.span);
                (Content::Sequence(items), last)
            }
            Members::Mapping { entries, .. } => {
                let last = entries.last().map(|entry| entry.span.max(entry.value.span));
                (Content::Mapping(self.merged(entries)?), last)
            }
        };
        let end = if end.end > end.start { end.end } else { last.map_or(open.start.end, |last| last.end) };
        Some(Node { content, span: Span { end: open.start.end.max(end), ..open.start } })
    }

    /// The entries of a mapping with those that `<<` adds; its own count, then those of the first.
    fn merged(&mut self, mut entries: Vec<Entry>) -> Option<Vec<Entry>> {
        let Some(at) = entries.iter().position(|entry| entry.key == "<<") else { return Some(entries) };
        let merge = entries.remove(at);
        let others = match merge.value.content {
            Content::Sequence(items) => items,
            _ => vec![merge.value],
        };
        let mut known: BTreeSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
        for other in others {
            let Content::Mapping(added) = other.content else {
                self.invalid(other.span, "`<<` takes a mapping, or a list of mappings");
                return None;
            };
            entries.extend(added.into_iter().filter(|entry| known.insert(entry.key.clone())));
        }
        Some(entries)
    }

    /// Enters a value into the list or mapping that it is in; returns it if it is the root.
    fn enter(&mut self, closed: Closed) -> Option<Node> {
        let Closed { node, size, depth } = closed;
        let Some(parent) = self.open.last_mut() else { return Some(node) };
        parent.size += size;
        parent.depth = parent.depth.max(depth + 1);
        match &mut parent.members {
            Members::Sequence(items) => items.push(node),
            Members::Mapping { entries, keys, key } => match key.take() {
                None => *key = Some(node),
                Some(key) => {
                    let span = key.span;
                    let name = key_text(key);
                    if let Some(name) = &name
                        && let Some(first) = keys.insert(name, span, entries)
                    {
                        let message = format!("duplicate key `{name}` in this mapping");
                        let report = self.sink.report(Code::DuplicateKey, span, message);
                        report.label(first, FIRST).help("remove one of the two, or merge them");
                    }
                    let text = name.unwrap_or_else(|| UNQUOTED.to_owned());
                    entries.push(Entry { key: text, span, value: node });
                }
            },
        }
        None
    }

    fn invalid(&mut self, span: Span, problem: &str) {
        invalid(self.source.text, span, problem, self.sink);
    }

    fn too_deep(&mut self, span: Span) {
        let message = format!("values are nested more than {MAX_DEPTH} levels deep");
        self.sink.report(Code::TooDeep, span, message).help("write the structure with fewer levels");
    }
}

/// Gives a value, and all in it, one span. What an alias names is where the alias is: in diagnostics, and so that no text elsewhere is
/// corrected.
pub(super) fn set_span(node: &mut Node, span: Span) {
    node.span = span;
    match &mut node.content {
        Content::Sequence(items) => items.iter_mut().for_each(|item| set_span(item, span)),
        Content::Mapping(entries) => entries.iter_mut().for_each(|entry| {
            entry.span = span;
            set_span(&mut entry.value, span);
        }),
        _ => {}
    }
}

/// A key as it is written.
fn key_text(key: Node) -> Option<String> {
    match key.content {
        Content::Null(text) | Content::Bool(_, text) | Content::Number(_, text) | Content::Text(text) => Some(text),
        Content::Sequence(_) | Content::Mapping(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sources;

    #[test]
    fn errors_name_the_format_that_the_text_has() {
        for (text, format) in [("{\"a\": [1, 2}", "JSON"), ("[1", "JSON"), ("a: 'b", "YAML")] {
            let mut sink = Sink::new("a.yaml");
            assert!(read(text, 0, &mut sink).is_none());
            let sources = Sources::from([("a.yaml".to_owned(), text.to_owned())]);
            let found = sink.finish(&sources).into_iter().next().expect("it is reported").message.clone();
            assert!(found.starts_with(&format!("invalid {format}: ")), "{found}");
        }
    }
}
