//! YAML as nearly all capabilities are written, read line by line: block style, with scalars of each style and flow collections of
//! scalars in it. That takes a fifth of the time that the events of the parser take. Whatever else there is, and all that is wrong,
//! is left to the parser, which reads the whole text then: a tree from here is the one that it would have made, spans included.

mod scalars;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::scalar;
use super::yaml::{Content, Entry, Node};
use crate::diagnostic::Span;

/// Longer texts are left to the parser, which counts their values: each takes more than a byte. In bytes.
const MAX_TEXT: usize = 1 << 20;

/// Deeper values are left to the parser, which says that they are too deep.
const MAX_DEPTH: usize = 64;

/// Longer keys are left to the parser, which does not take all of them for keys (YAML 1.2.2 §7.4.2); in bytes.
const MAX_KEY: usize = 512;

/// Reads a text without control characters. `None` if the parser is to read it.
pub(super) fn read(text: &str, file: usize) -> Option<Node> {
    let is_odd = |c: char| matches!(c, '\t' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
    let has_odd = match text.is_ascii() {
        true => text.bytes().fold(false, |odd, byte| odd | matches!(byte, b'\t' | b'\r')),
        false => text.contains(is_odd),
    };
    if has_odd || text.len() > MAX_TEXT {
        return None;
    }
    let mut lines = Lines { text, at: 0, column: None, indent: 0, file };
    lines.next_line();
    if lines.column == Some(0) && text.get(lines.at..)?.starts_with("---\n") {
        lines.skip_line();
        lines.next_line();
    }
    let root = lines.block(0)?;
    lines.column.is_none().then_some(root)
}

/// What is left of a text.
struct Lines<'t> {
    text: &'t str,
    /// The offset of the next character.
    at: usize,
    /// Where the content of the line begins, once the line before it has been read; `None` at the end.
    column: Option<usize>,
    /// The column of the list or mapping that is read. Values of several lines go on to the right of it.
    indent: usize,
    file: usize,
}

impl<'t> Lines<'t> {
    fn byte(&self, n: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + n).copied()
    }

    fn span(&self, start: usize) -> Span {
        Span { start, end: self.at, file: self.file }
    }

    fn blanks(&mut self) {
        while self.byte(0) == Some(b' ') {
            self.at += 1;
        }
    }

    /// Goes to the content of the next line that has any, from the start of a line.
    fn next_line(&mut self) {
        loop {
            let start = self.at;
            self.blanks();
            match self.byte(0) {
                None => self.column = None,
                Some(b'\n') => {
                    self.at += 1;
                    continue;
                }
                Some(b'#') => {
                    self.skip_line();
                    continue;
                }
                Some(_) => self.column = Some(self.at - start),
            }
            return;
        }
    }

    fn skip_line(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
    }

    /// Whether nothing but a comment is left of the line, after blanks.
    fn is_end(&self) -> bool {
        let is_apart = || self.at.checked_sub(1).and_then(|before| self.text.as_bytes().get(before)) == Some(&b' ');
        match self.byte(0) {
            None | Some(b'\n') => true,
            Some(b'#') => is_apart(),
            Some(_) => false,
        }
    }

    /// Ends a line after its last value, and goes to the next.
    fn end_line(&mut self) -> Option<()> {
        self.blanks();
        if !self.is_end() {
            return None;
        }
        self.skip_line();
        self.next_line();
        Some(())
    }

    fn is_item(&self) -> bool {
        self.byte(0) == Some(b'-') && self.byte(1) == Some(b' ')
    }

    /// The list or mapping that begins here.
    fn block(&mut self, depth: usize) -> Option<Node> {
        let column = self.column.filter(|_| depth < MAX_DEPTH)?;
        if self.is_item() { self.list(column, depth) } else { self.mapping(column, depth) }
    }

    fn list(&mut self, column: usize, depth: usize) -> Option<Node> {
        let start = self.at;
        let mut items = Vec::new();
        while self.column == Some(column) && self.is_item() {
            let dash = self.at;
            self.at += 1;
            self.blanks();
            let inner = column + self.at - dash;
            let begin = self.at;
            let is_mapping = !matches!(self.byte(0)?, b'{' | b'[') && self.key(false).is_some();
            self.at = begin;
            let item = if is_mapping {
                self.column = Some(inner);
                self.mapping(inner, depth + 1)?
            } else {
                self.indent = column;
                self.last_value(depth + 1)?
            };
            items.push(item);
        }
        self.check_end(column)?;
        let end = items.last().map(|item| item.span.end)?;
        Some(Node { content: Content::Sequence(items), span: Span { start, end, file: self.file } })
    }

    fn mapping(&mut self, column: usize, depth: usize) -> Option<Node> {
        let mut entries: Vec<Entry> = Vec::new();
        let start = self.at;
        while self.column == Some(column) {
            let (key, span) = self.key(false)?;
            self.blanks();
            let value = if self.is_end() {
                self.skip_line();
                self.next_line();
                match self.column? {
                    inner if inner > column => self.block(depth + 1)?,
                    inner if inner == column && self.is_item() && depth < MAX_DEPTH => {
                        // To the parser, a list with no indentation of its own begins after its first dash.
                        let items = self.text.get(self.at + 1..)?.trim_start_matches(' ');
                        let start = self.text.len() - items.len();
                        let list = self.list(column, depth + 1)?;
                        Node { span: Span { start, ..list.span }, ..list }
                    }
                    _ => return None,
                }
            } else {
                self.indent = column;
                self.last_value(depth + 1)?
            };
            entries.push(Entry { key, span, value });
        }
        self.check_end(column)?;
        let end = entries.last().map(|entry| entry.value.span.end)?;
        Some(Node { content: mapping(entries)?, span: Span { start, end, file: self.file } })
    }

    /// Checks that what follows a list or mapping is outside of it.
    fn check_end(&self, column: usize) -> Option<()> {
        self.column.is_none_or(|next| next <= column).then_some(())
    }

    /// The value with which a line ends, or several lines.
    fn last_value(&mut self, depth: usize) -> Option<Node> {
        let value = match self.byte(0)? {
            b'|' | b'>' => return self.block_scalar(),
            b'{' | b'[' => self.flow(depth)?,
            b'\'' | b'"' => self.quoted_value()?,
            _ => self.plain_value()?,
        };
        self.end_line()?;
        Some(value)
    }

    /// A key and its colon.
    fn key(&mut self, in_flow: bool) -> Option<(String, Span)> {
        let start = self.at;
        let text = match self.byte(0)? {
            b'\'' | b'"' => self.quoted()?,
            _ if in_flow => self.flow_plain()?.0.to_owned(),
            _ => self.plain(|byte| byte == b'\n')?.0.to_owned(),
        };
        let span = self.span(start);
        self.colon()?;
        let is_key = span.end - span.start <= MAX_KEY && !self.text.get(span.start..span.end)?.contains('\n');
        is_key.then_some((text, span))
    }

    /// Passes the colon after a key.
    fn colon(&mut self) -> Option<()> {
        self.blanks();
        let is_colon = self.byte(0) == Some(b':') && matches!(self.byte(1), None | Some(b' ' | b'\n'));
        self.at += 1;
        is_colon.then_some(())
    }

    /// A list or mapping in brackets.
    fn flow(&mut self, depth: usize) -> Option<Node> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let start = self.at;
        let is_mapping = self.byte(0) == Some(b'{');
        let close = if is_mapping { b'}' } else { b']' };
        let (mut items, mut entries) = (Vec::new(), Vec::new());
        self.at += 1;
        self.flow_blanks()?;
        let mut is_closed = self.byte(0) == Some(close);
        while !is_closed {
            if is_mapping {
                let (key, span) = self.key(true)?;
                self.flow_blanks()?;
                entries.push(Entry { key, span, value: self.flow_value(depth + 1)? });
            } else {
                items.push(self.flow_value(depth + 1)?);
            }
            self.flow_blanks()?;
            is_closed = self.byte(0) == Some(close);
            if !is_closed {
                (self.byte(0) == Some(b',')).then_some(())?;
                self.at += 1;
                self.flow_blanks()?;
            }
        }
        self.at += 1;
        let content = if is_mapping { mapping(entries)? } else { Content::Sequence(items) };
        Some(Node { content, span: self.span(start) })
    }

    /// Passes blanks and ends of lines within brackets.
    fn flow_blanks(&mut self) -> Option<()> {
        self.blanks();
        if self.byte(0) == Some(b'\n') { self.go_on().map(|_| ()) } else { Some(()) }
    }

    fn flow_value(&mut self, depth: usize) -> Option<Node> {
        match self.byte(0)? {
            b'{' | b'[' => self.flow(depth),
            b'\'' | b'"' => self.quoted_value(),
            _ => {
                let start = self.at;
                let (text, ends) = self.flow_plain()?;
                let value = Node { content: scalar::plain(text.to_owned()), span: self.span(start) };
                matches!(ends, b',' | b'}' | b']' | b'\n').then_some(value)
            }
        }
    }

    fn flow_plain(&mut self) -> Option<(&'t str, u8)> {
        let found = self.plain(|byte| matches!(byte, b'\n' | b',' | b'[' | b']' | b'{' | b'}'))?;
        // A colon before a bracket or comma ends a key as well.
        (!found.0.ends_with(':')).then_some(found)
    }
}

/// A mapping of entries with keys of their own.
fn mapping(entries: Vec<Entry>) -> Option<Content> {
    const FEW: usize = 16;
    let is_single = if entries.len() <= FEW {
        entries.iter().enumerate().all(|(at, entry)| entries.iter().take(at).all(|other| other.key != entry.key))
    } else {
        entries.iter().map(|entry| &entry.key).collect::<BTreeSet<_>>().len() == entries.len()
    };
    (is_single && entries.iter().all(|entry| entry.key != "<<")).then_some(Content::Mapping(entries))
}
