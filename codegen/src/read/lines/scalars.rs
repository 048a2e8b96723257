//! The scalars of lines: without quotes, in quotes, literal and folded.

use std::iter::repeat_n;

use super::Lines;
use crate::diagnostic::Span;
use crate::read::scalar;
use crate::read::yaml::{Content, Node};

impl<'t> Lines<'t> {
    /// A scalar without quotes, with the lines on which it goes on.
    pub(super) fn plain_value(&mut self) -> Option<Node> {
        let start = self.at;
        let (first, mut ends) = self.plain(|byte| byte == b'\n')?;
        let mut text = first.to_owned();
        let mut end = self.at;
        while ends == b'\n'
            && let Some(breaks) = self.go_on()
            && self.byte(0) != Some(b'#')
        {
            fold(&mut text, breaks);
            let (more, next) = self.plain(|byte| byte == b'\n')?;
            text.push_str(more);
            (end, ends) = (self.at, next);
        }
        self.at = end;
        (ends != b':').then(|| Node { content: scalar::plain(text), span: self.span(start) })
    }

    /// Passes the ends of lines up to a line that belongs to the value, and says how many they were. `None` if there is no such line.
    pub(super) fn go_on(&mut self) -> Option<usize> {
        let (mut breaks, mut start) = (0, self.at);
        loop {
            self.blanks();
            if self.byte(0)? != b'\n' {
                return (breaks > 0 && self.at - start > self.indent).then_some(breaks);
            }
            self.at += 1;
            (breaks, start) = (breaks + 1, self.at);
        }
    }

    /// A literal or folded scalar, whose line ends are clipped or stripped.
    pub(super) fn block_scalar(&mut self) -> Option<Node> {
        let is_folded = self.byte(0) == Some(b'>');
        let is_stripped = self.byte(1) == Some(b'-');
        self.at += 1 + usize::from(is_stripped);
        let breaks = self.go_on()?;
        let start = self.at;
        let line = self.text.get(..start)?.rfind('\n')? + 1;
        let column = start - line;
        let mut text = "\n".repeat(breaks - 1);
        // Blank lines before it that are longer than its indentation are an error.
        let before = self.text.get(..line)?.trim_end_matches([' ', '\n']);
        if self.text.get(before.len()..line)?.split('\n').any(|blank| blank.len() > column) {
            return None;
        }
        let mut end;
        loop {
            let rest = self.text.get(self.at..)?;
            let line = rest.split('\n').next()?;
            if is_folded && line.starts_with(' ') {
                return None;
            }
            text.push_str(line);
            self.at += line.len();
            end = self.at;
            let (mut breaks, mut start) = (0, self.at);
            while self.byte(0) == Some(b'\n') {
                self.at += 1;
                (breaks, start) = (breaks + 1, self.at);
                while self.byte(0) == Some(b' ') && self.at - start < column {
                    self.at += 1;
                }
            }
            if breaks == 0 || self.at - start < column || self.byte(0).is_none() {
                // What follows begins at the start of a line.
                self.at = start;
                break;
            }
            if is_folded {
                fold(&mut text, breaks);
            } else {
                text.extend(repeat_n('\n', breaks));
            }
        }
        let is_whole = !text.trim_end_matches(' ').ends_with('\n') && self.at > end;
        if !is_stripped {
            text.push('\n');
        }
        self.next_line();
        let end = start + self.text.get(start..end)?.trim_end_matches([' ', '\n']).len();
        is_whole.then_some(Node { content: Content::Text(text), span: Span { start, end, file: self.file } })
    }

    /// A scalar without quotes, and what ends it: a colon, a sign of a comment, or one of the bytes that a function says, of which the end
    /// of a line is one.
    pub(super) fn plain(&mut self, ends: impl Fn(u8) -> bool) -> Option<(&'t str, u8)> {
        let is_first = match self.byte(0)? {
            b'-' => self.byte(1).is_some_and(|next| next.is_ascii_alphanumeric()),
            b'.' => self.byte(1) != Some(b'.'),
            b'?' | b':' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"'
            | b'%' | b'@' | b'`' | b'\n' => false,
            _ => true,
        };
        let rest = self.text.get(self.at..).filter(|_| is_first)?;
        let bytes = rest.as_bytes();
        let is_blank = |at: usize| matches!(bytes.get(at), None | Some(b' ' | b'\n'));
        let is_end = |at: usize, byte: u8| match byte {
            b':' => is_blank(at + 1),
            b'#' => is_blank(at.wrapping_sub(1)),
            _ => ends(byte),
        };
        let end = bytes.iter().enumerate().find(|(at, byte)| is_end(*at, **byte)).map_or(bytes.len(), |(at, _)| at);
        let text = rest.get(..end)?.trim_end_matches(' ');
        self.at += text.len();
        Some((text, bytes.get(end).copied().unwrap_or(b'\n')))
    }

    pub(super) fn quoted_value(&mut self) -> Option<Node> {
        let start = self.at;
        let content = Content::Text(self.quoted()?);
        Some(Node { content, span: self.span(start) })
    }

    /// A scalar in quotes.
    pub(super) fn quoted(&mut self) -> Option<String> {
        let quote = self.byte(0)?;
        let mut text = String::new();
        self.at += 1;
        loop {
            let rest = self.text.get(self.at..)?;
            let is_end = |byte: u8| byte == quote || matches!(byte, b'\n' | b'\\');
            let end = rest.bytes().position(is_end)?;
            text.push_str(rest.get(..end)?);
            self.at += end;
            match (self.byte(0)?, self.byte(1)) {
                (b'\n', _) => {
                    text.truncate(text.trim_end_matches(' ').len());
                    fold(&mut text, self.go_on()?);
                    continue;
                }
                (b'\\', Some(_)) if quote == b'\'' => {
                    text.push('\\');
                    self.at += 1;
                    continue;
                }
                (b'\\', Some(b'u')) => {
                    let digits = rest.get(end + 2..end + 6).filter(|it| it.bytes().all(|it| it.is_ascii_hexdigit()))?;
                    let escaped = char::from_u32(u32::from_str_radix(digits, 16).ok()?);
                    // Blanks at the end of a line are cut off, unless they are escaped.
                    text.push(escaped.filter(|c| *c != ' ')?);
                    self.at += 4;
                }
                (b'\\', Some(b'n')) => text.push('\n'),
                (b'\\', Some(same @ (b'"' | b'\\'))) => text.push(char::from(same)),
                (b'\'', Some(b'\'')) if quote == b'\'' => text.push('\''),
                (found, _) if found == quote => {
                    self.at += 1;
                    return Some(text);
                }
                _ => return None,
            }
            self.at += 2;
        }
    }
}

/// Ends a line of a scalar that goes on after so many line ends (YAML 1.2.2 §6.5).
fn fold(text: &mut String, breaks: usize) {
    if breaks == 1 {
        text.push(' ');
    } else {
        text.extend(repeat_n('\n', breaks - 1));
    }
}
