//! Where something is in a source.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::Sources;

/// A byte range in one source. It may cover several lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The offset of the first byte.
    pub start: usize,
    /// The offset after the last byte.
    pub end: usize,
    /// Which of the files that were read, in order; the first is the capability itself.
    pub(crate) file: usize,
}

impl Span {
    /// A span in a file that is a capability itself.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end, file: 0 }
    }

    /// The start of a file.
    pub(crate) fn start_of(file: usize) -> Self {
        Self { start: 0, end: 0, file }
    }

    /// Lines and columns, computed from the text of the source.
    pub fn location(self, text: &str) -> Location {
        Lines::new(text).location(self)
    }
}

/// A position in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

/// The positions at which a span starts and ends; the end is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The position of the first character.
    pub start: Position,
    /// The position after the last character.
    pub end: Position,
}

/// A text with the offsets of its lines, for several look-ups.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: [0].into_iter().chain(starts).collect() }
    }

    /// The text itself.
    pub(crate) fn text(&self) -> &'t str {
        self.text
    }

    /// The offset at which a line starts, counted from 1. A byte order mark is no part of the first line.
    pub(crate) fn start(&self, line: usize) -> usize {
        match self.starts.get(line.saturating_sub(1)) {
            Some(0) if self.text.starts_with('\u{feff}') => '\u{feff}'.len_utf8(),
            Some(start) => *start,
            None => self.text.len(),
        }
    }

    pub(crate) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    pub(crate) fn position(&self, offset: usize) -> Position {
        let line = self.line(offset);
        let before = self.text.get(self.start(line)..offset.min(self.text.len())).unwrap_or_default();
        Position { line, column: before.chars().count() + 1 }
    }

    pub(crate) fn location(&self, span: Span) -> Location {
        Location { start: self.position(span.start), end: self.position(span.end.max(span.start)) }
    }
}

/// The lines and columns of many spans: the lines of a text are found once.
pub struct Locations<'s> {
    sources: &'s Sources,
    lines: RefCell<BTreeMap<&'s str, Lines<'s>>>,
}

impl<'s> Locations<'s> {
    /// The lines and columns of spans in these texts.
    pub fn new(sources: &'s Sources) -> Self {
        Self { sources, lines: RefCell::default() }
    }

    /// Where a span of a file is. Where the text is not given, it is the first character.
    pub fn of(&self, file: &str, span: Span) -> Location {
        let Some((name, text)) = self.sources.get_key_value(file) else { return span.location("") };
        self.lines.borrow_mut().entry(name).or_insert_with(|| Lines::new(text)).location(span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_of_many_spans_are_those_of_each_and_find_the_lines_of_a_text_once() {
        let text = "one\ntwo: ö\n".repeat(500);
        let sources = Sources::from([("a.yaml".to_owned(), text.clone()), ("b.yaml".to_owned(), String::new())]);
        let locations = Locations::new(&sources);
        for start in 0..text.len() {
            let span = Span::new(start, start + 3);
            assert_eq!(locations.of("a.yaml", span), span.location(&text));
        }
        assert_eq!(locations.of("c.yaml", Span::new(7, 9)), Span::new(7, 9).location(""));
        assert_eq!(locations.lines.borrow().len(), 1);
    }

    #[test]
    fn positions_count_characters_and_skip_a_byte_order_mark() {
        let text = "\u{feff}äb: c\r\n  d: é!\n";
        let location = |from: &str, to: &str| {
            let span = Span::new(text.find(from).unwrap(), text.find(to).unwrap() + to.len());
            let Location { start, end } = span.location(text);
            (start.line, start.column, end.line, end.column)
        };
        assert_eq!(location("äb", "äb"), (1, 1, 1, 3));
        assert_eq!(location("c", "é"), (1, 5, 2, 7));
        let end = Span::new(text.len(), text.len() + 9).location(text);
        assert_eq!((end.start.line, end.start.column), (3, 1));
    }
}
