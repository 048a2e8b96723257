//! The characters of a text as the parser asks for them. It looks at each of them several times, so those of one byte, which
//! nearly all are, are not decoded.

use saphyr_parser::input::{Input, is_blank_or_breakz, is_breakz, is_flow};

/// How many characters the parser takes for buffered, and makes room for in each scalar.
const BUFFERED: usize = 8;

/// What is left of a text.
pub(super) struct Characters<'t> {
    text: &'t str,
    /// The offset of the next character.
    at: usize,
}

impl<'t> Characters<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    fn byte(&self, n: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + n).copied()
    }

    /// A character after some, of which not all are one byte.
    #[cold]
    fn decoded(&self, n: usize) -> Option<char> {
        self.text.get(self.at..)?.chars().nth(n)
    }
}

impl Input for Characters<'_> {
    fn lookahead(&mut self, _: usize) {}

    fn buflen(&self) -> usize {
        BUFFERED
    }

    fn bufmaxlen(&self) -> usize {
        BUFFERED
    }

    fn raw_read_ch(&mut self) -> char {
        let next = self.peek();
        self.skip();
        next
    }

    fn raw_read_non_breakz_ch(&mut self) -> Option<char> {
        let next = self.peek_opt().filter(|c| !is_breakz(*c) && *c != '\u{feff}')?;
        self.skip();
        Some(next)
    }

    #[inline]
    fn skip(&mut self) {
        self.at += match self.byte(0) {
            Some(byte) if byte.is_ascii() => 1,
            _ => self.decoded(0).map_or(0, char::len_utf8),
        };
    }

    fn skip_n(&mut self, count: usize) {
        for _ in 0..count {
            self.skip();
        }
    }

    #[inline]
    fn peek(&self) -> char {
        self.peek_opt().unwrap_or('\0')
    }

    #[inline]
    fn next_is_blank(&self) -> bool {
        matches!(self.byte(0), Some(b' ' | b'\t'))
    }

    #[inline]
    fn next_is_break(&self) -> bool {
        matches!(self.byte(0), Some(b'\n' | b'\r'))
    }

    #[inline]
    fn next_is_blank_or_break(&self) -> bool {
        self.next_is_blank() || self.next_is_break()
    }

    #[inline]
    fn next_is_breakz(&self) -> bool {
        matches!(self.byte(0), None | Some(b'\n' | b'\r' | b'\0'))
    }

    #[inline]
    fn next_is_blank_or_breakz(&self) -> bool {
        self.next_is_blank() || self.next_is_breakz()
    }

    #[inline]
    fn peek_nth(&self, n: usize) -> char {
        let next = match self.text.as_bytes().get(self.at..=self.at + n) {
            Some(bytes) if bytes.iter().all(u8::is_ascii) => bytes.last().copied().map(char::from),
            _ => self.decoded(n),
        };
        next.unwrap_or('\0')
    }

    #[inline]
    fn peek_opt(&self) -> Option<char> {
        match self.byte(0)? {
            byte if byte.is_ascii() => Some(char::from(byte)),
            _ => self.decoded(0),
        }
    }

    #[inline]
    fn next_can_be_plain_scalar(&self, in_flow: bool) -> bool {
        match self.byte(0) {
            Some(b':') => {
                let after = self.peek_nth(1);
                !(is_blank_or_breakz(after) || in_flow && is_flow(after))
            }
            Some(byte) if byte.is_ascii() => !(in_flow && is_flow(char::from(byte))),
            _ => self.decoded(0) != Some('\u{feff}'),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use saphyr_parser::Parser;

    use super::*;

    proptest! {
        #[test]
        fn the_parser_reads_the_same_as_from_its_own_input(
            text in "([a-c]|[-:,#'\"|>?&*!\\\\\\[\\]{}]|[ \t\r\n]|é|😀|\u{feff}|\u{85}|: |- |\n {1,12}){0,60}"
        ) {
            let own: Result<Vec<_>, _> = Parser::new(Characters::new(&text)).collect();
            let other: Result<Vec<_>, _> = Parser::new_from_str(&text).collect();
            prop_assert_eq!(own, other);
        }
    }
}
