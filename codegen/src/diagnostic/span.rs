//! Where something is in a source.

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

#[cfg(test)]
mod tests {
    use super::*;

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
