//! Names of secrets in text of any format, where it is not known where their values are.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::MASK;
use super::names::{Meaning, meaning};

/// Whether a name of a secret stands where documents have names: beside a quote, a bracket, a tag or a sign.
pub(super) fn names_secrets(text: &str, is_document: bool) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let (mut start, mut before) = (None, '\n');
    let is_around = |c: char| {
        matches!(
            c,
            '"' | '\''
                | '='
                | ':'
                | '<'
                | '>'
                | '/'
                | '|'
                | ','
                | ';'
                | '['
                | ']'
                | '{'
                | '}'
                | '('
                | ')'
                | '\t'
                | '&'
                | '?'
                | '\n'
        )
    };
    for (at, character) in text.char_indices().chain([(text.len(), '\n')]) {
        match start {
            None if is_part(character) => start = Some((at, before)),
            Some((from, previous)) if !is_part(character) => {
                start = None;
                let after = text.get(at..).unwrap_or_default().trim_start_matches([' ', '\t']);
                let next =
                    after.chars().next().filter(|next| matches!(next, ':' | '=' | '|' | ',')).unwrap_or(character);
                let is_structural = if is_document {
                    is_around(previous) || is_around(next)
                } else {
                    is_around(previous) && is_around(next)
                };
                let name = text.get(from..at).unwrap_or_default().trim_matches('-');
                if is_structural
                    && matches!(meaning(name), Meaning::Secret | Meaning::Secrets)
                    && !is_masked_after(after)
                {
                    return true;
                }
            }
            _ => {}
        }
        // Blanks do not separate a name from the sign before it, nor from the start of its line.
        if !matches!((character, before), (' ' | '\r', ':' | '=' | '\n' | '|' | ',')) {
            before = character;
        }
    }
    false
}

/// Whether only a mask follows a name.
fn is_masked_after(after: &str) -> bool {
    let value = after.trim_start_matches(['"', '\'', ' ', '\t', ':', '=', '>', '\\']);
    let start = after.len() - value.len();
    start > 0 && value.strip_prefix(MASK).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
}

/// The text without escapes of percent-encoding, JSON, XML and programming languages.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '\\', '&']) {
        return text.into();
    }
    let plain = percent_decode_str(text).decode_utf8_lossy();
    let mut decoded = String::with_capacity(plain.len());
    let mut rest = &*plain;
    while let Some(at) = rest.find(['\\', '&']) {
        decoded.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let found = escape(rest);
        decoded.push(found.map_or_else(|| rest.chars().next().unwrap_or_default(), |(character, _)| character));
        rest = rest.get(found.map_or(1, |(_, length)| length)..).unwrap_or_default();
    }
    decoded.push_str(rest);
    decoded.into()
}

/// The character of the escape that a text starts with, and the length of the escape.
fn escape(text: &str) -> Option<(char, usize)> {
    let number = |start: &str, radix: u32, digits: Range<usize>, close: &str| {
        let rest = text.strip_prefix(start)?;
        let length = rest.bytes().take(digits.end).take_while(|byte| char::from(*byte).is_digit(radix)).count();
        let (number, rest) = rest.split_at_checked(length).filter(|_| length >= digits.start)?;
        let character = char::from_u32(u32::from_str_radix(number, radix).ok()?)?;
        rest.starts_with(close).then_some((character, start.len() + length + close.len()))
    };
    number("\\u", 16, 4..4, "")
        .or_else(|| number("\\x", 16, 2..2, ""))
        .or_else(|| number("\\u{", 16, 1..6, "}"))
        .or_else(|| number("&#x", 16, 1..6, ";"))
        .or_else(|| number("&#", 10, 1..7, ";"))
}
