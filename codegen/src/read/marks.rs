//! The spans of YAML values, from the events of a parser.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::yaml::UNQUOTED;
use crate::codes::Code;
use crate::diagnostic::{FIRST, Sink, Span};

/// Values nested deeper than this are refused; real capabilities have about a dozen levels.
const MAX_DEPTH: usize = 100;

/// More values than this are refused; the largest real capabilities have a tenth of it.
const MAX_VALUES: usize = 1_000_000;

/// Longer texts are refused, in bytes; the longest descriptions have a hundredth of it.
const MAX_SCALAR: usize = 1 << 20;

/// A text whose characters the parser counts, and whose bytes spans count.
pub(super) struct Source<'t> {
    pub(super) text: &'t str,
    file: usize,
    /// The length of a byte order mark, which editors on Windows put before the text and the parser does not see.
    mark: usize,
    /// The offset of each character; empty if each is one byte.
    offsets: Vec<usize>,
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &'t str, file: usize) -> Self {
        let plain = text.strip_prefix('\u{feff}').unwrap_or(text);
        let offsets = if plain.is_ascii() { Vec::new() } else { plain.char_indices().map(|(at, _)| at).collect() };
        Self { text: plain, file, mark: text.len() - plain.len(), offsets }
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
            Event::Scalar(_, ScalarStyle::Plain, ..) => {
                let comment =
                    [" #", "\t#", "\n#"].iter().filter_map(|sign| text.split_once(sign)).map(|(before, _)| before);
                comment.min_by_key(|before| before.len()).unwrap_or(text)
            }
            _ => text,
        };
        Span { start, end: start + text.trim_end().len(), file: self.file }
    }
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

/// The spans of a value, in the shape of the value. An alias has a span but no children.
pub(super) struct Marks {
    pub(super) span: Span,
    /// The text of a scalar.
    pub(super) text: Option<String>,
    /// How many values it is when every alias is replaced by its value.
    size: usize,
    anchor: usize,
    pub(super) items: Vec<Marks>,
    /// Key, its span and its value, in order.
    pub(super) entries: Vec<(String, Span, Marks)>,
    /// The keys that are text, with their indices in `entries`.
    pub(super) keys: BTreeMap<String, usize>,
}

impl Marks {
    fn new(span: Span, text: Option<String>, anchor: usize) -> Self {
        Self { span, text, size: 1, anchor, items: Vec::new(), entries: Vec::new(), keys: BTreeMap::new() }
    }

    /// Extends the span of a list or mapping to its end: a closing bracket, or else the end of its last value.
    fn close(mut self, end: Span) -> Self {
        let last = self.items.last().map(|item| item.span);
        let last = last.or(self.entries.last().map(|(_, key, value)| (*key).max(value.span)));
        let end = if end.end > end.start { end.end } else { last.map_or(self.span.end, |last| last.end) };
        self.span.end = self.span.end.max(end);
        self
    }
}

enum Open {
    Sequence(Marks),
    /// The mapping, and its key that waits for a value.
    Mapping(Marks, Option<Marks>),
}

/// Reads the spans. Every problem is reported; `None` means that reading cannot continue.
pub(super) fn index(source: &Source<'_>, sink: &mut Sink) -> Option<Marks> {
    let mut open: Vec<Open> = Vec::new();
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    let mut root = None;
    let mut documents = 0;
    for event in Parser::new_from_str(source.text) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let start = source.offset(*error.marker());
                let span = Span { start, end: start, file: source.file };
                if error.info().contains("recursion limit") {
                    too_deep(span, sink);
                } else {
                    sink.report(Code::Syntax, span, format!("invalid YAML: {}", error.info()));
                }
                return None;
            }
        };
        let span = source.span(&event, span);
        let closed = match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents == 2 {
                    let help = "put each capability into a file of its own";
                    sink.report(Code::SeveralDocuments, span, "a second YAML document starts here").help(help);
                }
                continue;
            }
            Event::SequenceStart(anchor, _) => {
                open.push(Open::Sequence(Marks::new(span, None, anchor)));
                None
            }
            Event::MappingStart(anchor, _) => {
                open.push(Open::Mapping(Marks::new(span, None, anchor), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|done| match done {
                Open::Sequence(marks) | Open::Mapping(marks, _) => marks.close(span),
            }),
            Event::Scalar(value, ..) if value.len() > MAX_SCALAR => {
                let message = format!("this text is longer than {} KiB", MAX_SCALAR >> 10);
                sink.report(Code::TooLarge, span, message).help("shorten it");
                return None;
            }
            Event::Scalar(value, _, anchor, _) => Some(Marks::new(span, Some(value.into_owned()), anchor)),
            Event::Alias(anchor) => {
                let mut alias = Marks::new(span, None, 0);
                alias.size = sizes.get(&anchor).copied().unwrap_or(1);
                Some(alias)
            }
            _ => continue,
        };
        if open.len() > MAX_DEPTH {
            too_deep(span, sink);
            return None;
        }
        let Some(closed) = closed else { continue };
        if closed.size > MAX_VALUES {
            let message = format!("this text has more than {MAX_VALUES} values once its aliases are expanded");
            sink.report(Code::TooLarge, closed.span, message).help("remove some of the aliases");
            return None;
        }
        if closed.anchor > 0 {
            sizes.insert(closed.anchor, closed.size);
        }
        match open.last_mut() {
            None => {
                root.get_or_insert(closed);
            }
            Some(Open::Sequence(parent)) => {
                parent.size = parent.size.saturating_add(closed.size);
                parent.items.push(closed);
            }
            Some(Open::Mapping(parent, key)) => {
                parent.size = parent.size.saturating_add(closed.size);
                match key.take() {
                    None => *key = Some(closed),
                    Some(key) => enter(parent, key, closed, sink),
                }
            }
        }
    }
    if root.is_none() {
        let span = Span::start_of(source.file);
        sink.report(Code::NoCapability, span, "the file is empty").help("write a capability, or remove the file");
    }
    root
}

/// Enters a value into a mapping.
fn enter(mapping: &mut Marks, key: Marks, value: Marks, sink: &mut Sink) {
    let index = mapping.entries.len();
    if let Some(name) = &key.text
        && let Some(first) = mapping.keys.insert(name.clone(), index).and_then(|first| mapping.entries.get(first))
    {
        let report = sink.report(Code::DuplicateKey, key.span, format!("duplicate key `{name}` in this mapping"));
        report.label(first.1, FIRST).help("remove one of the two, or merge them");
    }
    mapping.entries.push((key.text.unwrap_or_else(|| UNQUOTED.to_owned()), key.span, value));
}

fn too_deep(span: Span, sink: &mut Sink) {
    let message = format!("values are nested more than {MAX_DEPTH} levels deep");
    sink.report(Code::TooDeep, span, message).help("write the structure with fewer levels");
}
