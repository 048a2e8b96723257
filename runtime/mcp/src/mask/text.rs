//! Secrets in text: in lines `name: value` and `name=value`, in URIs, and keys with a shape of their own.

use std::ops::Range;

use super::MASK;
use super::line::Line;
use super::names::{Meaning, meaning};
use super::shapes;
use super::structure::{decoded, names_secrets};
use super::values::{
    NAME_LIMIT, end_of_quoted, is_assigned, is_block, is_masked, is_part_of_word, length_of_word, literal,
};

/// A text as models may read it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// It has no secrets.
    Whole,
    /// The text without its secrets.
    Masked(String),
    /// It has secrets, and where they are is not certain.
    Hidden,
}

/// How to show a text. `is_structured` says that its media type has names and values.
pub(super) fn shown(text: &str, is_structured: bool) -> Shown {
    let start = text.trim_start();
    // Where values end is known in lines, and not in documents that are broken or of any format.
    if is_structured
        || start.starts_with(['{', '[', '<', '%'])
        || start.starts_with(")]}")
        || start.starts_with("---\n")
    {
        let decoded = decoded(text);
        if names_secrets(text, true)
            || (decoded != text && (names_secrets(&decoded, true) || redacted(&decoded).is_some()))
        {
            return Shown::Hidden;
        }
    }
    match redacted(text) {
        Some(rest) if has_lines(&rest) && names_secrets(&rest, false) => Shown::Hidden,
        None if has_lines(text) && names_secrets(text, false) => Shown::Hidden,
        Some(redacted) => Shown::Masked(redacted),
        None => Shown::Whole,
    }
}

fn has_lines(text: &str) -> bool {
    text.trim_end().contains('\n')
}

/// The text with its secrets masked; `None` if it has none.
pub(super) fn redacted(text: &str) -> Option<String> {
    let mut scanner = Scanner { text, line: Line::of(text, 0), found: Vec::new() };
    scanner.scan();
    if scanner.found.is_empty() {
        return None;
    }
    let (mut masked, mut copied) = (String::with_capacity(text.len()), 0);
    for Range { start, end } in scanner.found {
        masked.push_str(text.get(copied..start).unwrap_or_default());
        masked.push_str(MASK);
        copied = end;
    }
    masked.push_str(text.get(copied..).unwrap_or_default());
    Some(masked)
}

struct Scanner<'t> {
    text: &'t str,
    /// The line that is being read.
    line: Line,
    /// What is secret, in order and without overlaps.
    found: Vec<Range<usize>>,
}

impl Scanner<'_> {
    fn scan(&mut self) {
        let bytes = self.text.as_bytes();
        let (mut at, mut in_word) = (0, false);
        while let Some(byte) = bytes.get(at) {
            // Nothing begins inside of a word, and long texts are mostly words.
            if in_word && is_part_of_word(*byte) {
                at += length_of_word(bytes.get(at..).unwrap_or_default());
                continue;
            }
            if at >= self.line.break_end {
                self.line = Line::of(self.text, at);
            }
            let starts = !in_word;
            in_word = is_part_of_word(*byte);
            let secret = match byte {
                b'=' | b'\t' => self.value(at, true),
                b':' if is_time(bytes, at) => None,
                b':' => {
                    self.rest(at).and_then(|rest| offset(shapes::password(rest), at)).or_else(|| self.value(at, false))
                }
                b'-' if starts => self.dashes(at),
                byte if starts && byte.is_ascii_alphanumeric() => {
                    self.rest(at).and_then(|rest| offset(shapes::key(rest), at))
                }
                _ => None,
            };
            match secret {
                Some(secret) => {
                    at = secret.end.max(at + 1);
                    in_word = false;
                    if secret.start < secret.end && !is_masked(self.text.get(secret.clone()).unwrap_or_default()) {
                        self.found.push(secret);
                    }
                }
                None => at += 1,
            }
        }
    }

    fn rest(&self, at: usize) -> Option<&str> {
        self.text.get(at..)
    }

    /// An armoured block, or the value that follows an option: `--password hush`.
    fn dashes(&self, at: usize) -> Option<Range<usize>> {
        let rest = self.rest(at)?;
        if let Some(length) = shapes::armoured(rest) {
            return Some(at..at + length);
        }
        let option = rest.strip_prefix("--")?;
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let length = option.bytes().take(NAME_LIMIT).position(|byte| !is_part(byte))?;
        let (name, value) = option.split_at_checked(length)?;
        let value = value.strip_prefix(' ')?.trim_start_matches(' ');
        if value.starts_with('-') || meaning(name) != Meaning::Secret {
            return None;
        }
        let start = self.text.len() - value.len();
        Some(self.word(start, false))
    }

    /// The value after the sign at this position, if the name before it is that of a secret.
    fn value(&self, at: usize, is_equal: bool) -> Option<Range<usize>> {
        let (name_start, name) = self.name(at)?;
        let bytes = self.text.as_bytes();
        let after_mark = name_start > 0 && matches!(bytes.get(name_start - 1), Some(b'?' | b'&'));
        let signs = ["sig", "signature", "x-amz-signature", "x-goog-signature", "hmac", "auth"];
        let is_signed = is_equal && after_mark && signs.iter().any(|sign| sign.eq_ignore_ascii_case(name));
        let meaning = if is_signed { Meaning::Secret } else { meaning(name) };
        // A part of a name, such as `arn:aws:secretsmanager:eu:1:secret:db`, has no value.
        let is_part = !is_equal && name_start > 0 && matches!(bytes.get(name_start - 1), Some(b':' | b'/' | b'@'));
        if meaning == Meaning::Plain || is_part {
            return None;
        }
        let mut start = at + 1;
        while matches!(bytes.get(start), Some(b'=' | b'>' | b':' | b' ' | b'\t')) {
            start += 1;
        }
        let before = self.text.get(self.line.start..name_start)?;
        let first = self.text.get(self.line.text.start.min(name_start)..name_start)?;
        let begins_line =
            self.line.before_name >= name_start || first.starts_with("export ") || first.starts_with("set ");
        let rest = self.rest(start)?;
        let line = self.text.get(start..self.line.end).unwrap_or_default();
        let trimmed = self.text.get(start..self.line.text.end).unwrap_or_default().trim_start();
        if trimmed.is_empty() || is_block(trimmed) {
            return if begins_line { self.block(start + line.len()) } else { None };
        }
        if meaning == Meaning::Perhaps {
            let mut words = shapes::head(line).split([' ', ',', ';', '&', '"']);
            if !shapes::looks_random(words.find(|word| !word.is_empty())?, 12) {
                return None;
            }
        }
        for quote in ["\\\"", "\"", "'", "`"] {
            if let Some(quoted) = rest.strip_prefix(quote) {
                let from = start + quote.len();
                let line = self.text.get(from..self.line.end).unwrap_or_default();
                let end = end_of_quoted(quoted, quote).unwrap_or(line.len());
                // Other text after the quotes belongs to the value.
                let after = line.get(end + quote.len()..).unwrap_or_default().trim_start();
                let is_whole = !begins_line
                    || after.is_empty()
                    || after.starts_with([',', ';', '}', ']', ')', '#', '&'])
                    || is_assigned(after);
                let end = if is_whole { end } else { line.len() };
                return literal(quoted.get(..end)?).then_some(from..from + end);
            }
        }
        // The quotes around name and value: `-H 'X-Auth-Token: hush'`.
        if let Some(quote) = before.chars().next_back().filter(|c| matches!(c, '"' | '\'' | '`'))
            && let Some(end) = line.find(quote)
            && self.text.get(name_start + name.len()..).is_some_and(|after| !after.starts_with(quote))
        {
            return literal(line.get(..end)?).then_some(start..start + end);
        }
        let word = self.word(start, begins_line || line.starts_with(['(', '[', '{']));
        let value = self.text.get(word.clone())?;
        if !literal(value) {
            return None;
        }
        // In a sentence, what follows a colon may be words about the secret.
        let is_prose = !is_equal
            && !begins_line
            && trimmed.contains(' ')
            && value.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\''));
        (!is_prose).then_some(word)
    }

    /// The name before this position, without quotes.
    fn name(&self, at: usize) -> Option<(usize, &str)> {
        let before = self.text.get(..at)?;
        let limited = |is: fn(char) -> bool, to: usize| {
            let bytes = before.as_bytes().get(..to).unwrap_or_default();
            to - bytes.iter().rev().take(NAME_LIMIT).take_while(|byte| is(char::from(**byte))).count()
        };
        let end = limited(|c| matches!(c, ' ' | '\t'), at);
        let end = limited(|c| matches!(c, '"' | '\'' | '\\' | '`' | '*'), end);
        let is_part =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']' | 0x80..);
        let bytes = before.as_bytes().get(..end)?;
        let length = bytes.iter().rev().take(NAME_LIMIT).take_while(|byte| is_part(byte)).count();
        let mut start = end - length;
        while !before.is_char_boundary(start) {
            start += 1;
        }
        let name = before.get(start..end)?;
        (!name.is_empty()).then_some((start, name))
    }

    /// The value that starts here: a word, or the rest of the line up to what looks like the next name.
    fn word(&self, start: usize, whole_line: bool) -> Range<usize> {
        let line = self.text.get(start..self.line.end).unwrap_or_default();
        let ends = |(at, c): (usize, char)| {
            let after = line.get(at + c.len_utf8()..).unwrap_or_default();
            match c {
                '&' | ';' => is_assigned(after),
                ' ' | '\t' if whole_line && line.get(..at).unwrap_or_default().ends_with(c) => false,
                ',' | ' ' | '\t' if whole_line => is_assigned(after.trim_start()),
                ',' | ' ' | '\t' | '"' | '\'' | '<' | '>' | '`' | ')' | '}' | ']' => !whole_line,
                '\\' => after.starts_with(['n', 'r', '"']),
                '\r' => true,
                _ => false,
            }
        };
        let end = line.char_indices().find(|found| ends(*found)).map_or(line.len(), |(at, _)| at);
        start..start + line.get(..end).unwrap_or_default().trim_end().len()
    }

    /// The lines after this position that are indented more than its line, as blocks of YAML are.
    fn block(&self, at: usize) -> Option<Range<usize>> {
        let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let first = self.rest(self.line.start)?;
        let own = indent(first) + usize::from(first.trim_start().starts_with("- ")) * 2;
        let from = at + self.rest(at)?.find('\n')? + 1;
        let mut end = from;
        for line in self.rest(from)?.split_inclusive('\n') {
            let is_list = line.trim_start().starts_with("- ") && indent(line) == own;
            if !line.trim().is_empty() && indent(line) <= own && !is_list {
                break;
            }
            end += line.len();
        }
        let body = self.text.get(from..end)?;
        (!body.trim().is_empty()).then(|| from + indent(body)..from + body.trim_end().len())
    }
}

/// Whether a colon is between digits of a time.
fn is_time(bytes: &[u8], at: usize) -> bool {
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let before =
        at.checked_sub(3).and_then(|before| bytes.get(before)).is_none_or(|byte| matches!(byte, b'T' | b' ' | b':'));
    is_digit(at.checked_sub(2))
        && is_digit(at.checked_sub(1))
        && is_digit(Some(at + 1))
        && is_digit(Some(at + 2))
        && before
}

fn offset(range: Option<(usize, usize)>, at: usize) -> Option<Range<usize>> {
    range.map(|(from, to)| at + from..at + to)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_of_secrets_in_text_are_masked() {
        for (text, expected) in [
            ("DB_PASSWORD=hush", "DB_PASSWORD=***"),
            ("export API_KEY='hu sh'", "export API_KEY='***'"),
            ("password: hush hush", "password: ***"),
            ("a: 1\npassword: hush\nb: 2", "a: 1\npassword: ***\nb: 2"),
            ("password: |\n  hu\n  sh\nb: 2", "password: |\n  ***\nb: 2"),
            ("password:\n- hu\n- sh\nb: 2", "password:\n***\nb: 2"),
            ("Server=h;User Id=me;Password=hu;sh;Database=d", "Server=h;User Id=me;Password=***;Database=d"),
            ("a=1&password=hush&b=2", "a=1&password=***&b=2"),
            ("user[password]=hush", "user[password]=***"),
            ("https://h/?x-amz-signature=abc&a=b", "https://h/?x-amz-signature=***&a=b"),
            ("mysql -u me --password hush -h h", "mysql -u me --password *** -h h"),
            ("Authorization: Bearer abc", "Authorization: ***"),
            ("curl -H 'X-Auth-Token: hush' h", "curl -H 'X-Auth-Token: ***' h"),
            ("password = \"a\" + \"hush\"", "password = \"***"),
            ("password: ['hu', 'sh']\nb: 2", "password: ***\nb: 2"),
            ("redis://:hush@h:6379/0", "redis://:***@h:6379/0"),
            ("the password is wrong", "the password is wrong"),
            ("Invalid password: it is too short", "Invalid password: it is too short"),
            ("login failed, password: hunter2", "login failed, password: ***"),
            ("max_tokens=5, next_page_token=abc", "max_tokens=5, next_page_token=abc"),
            ("password: true", "password: true"),
            ("at 12:30:00, see https://h:80/a?b=c", "at 12:30:00, see https://h:80/a?b=c"),
            ("password=***", "password=***"),
            (
                "- user:\n    client-key-data: LS0abc\n    token: abc\n",
                "- user:\n    client-key-data: ***\n    token: ***\n",
            ),
            ("\"password\": \"hu\\\"sh\"", "\"password\": \"***\""),
        ] {
            assert_eq!(redacted(text).as_deref().unwrap_or(text), expected, "{text}");
        }
    }

    #[test]
    fn documents_with_secrets_in_uncertain_places_are_hidden() {
        for text in [
            "<a><password>hush</password></a>",
            "<a name=\"password\" value=\"hush\"/>",
            "{'password': ('hush'), }",
            "{\"p\\u0061ssword\": \"hush\",}",
            "<pass&#119;ord>hush",
            "user,password\nme,hush",
            "- name: API_KEY\n  value: hush",
            "---\npassword: hush",
            "{ password : \"a\" + \"hush\", }",
        ] {
            assert_eq!(shown(text, false), Shown::Hidden, "{text}");
        }
        assert_eq!(shown("pass%77ord=hush", true), Shown::Hidden);
        for text in [
            "<html>accepted</html>",
            "OK",
            "{\"id\": 1,}",
            "a: 1\nb: 2",
            "Your password\nis wrong.",
            "<p>Your password is old</p>",
        ] {
            assert_eq!(shown(text, false), Shown::Whole, "{text}");
        }
    }

    /// If the time grew with the square of the length, this test would take minutes.
    #[test]
    fn long_lines_are_read_in_proportion_to_their_length() {
        for unit in [
            "a:b ",
            "{a=",
            "password: ",
            "password=* ",
            "\"password=* ",
            "\"password\":\"x\",",
            "--password x ",
            "pin=1 ",
            "pin=",
            "://h",
            "://a:b/",
            "x password: (",
            "token\t",
            "\t",
            "--a",
            "sk-",
            "eyJ-",
            "ab/ab+",
            "'secret=none ",
            "-----BEGIN CERTIFICATE-----",
            "password=\"a\\\" ",
            "password: ( ",
            " ",
        ] {
            let text = format!("{}\nsecret=hush-hush", unit.repeat(200_000 / unit.len()));
            for text in [&text, &format!("password: ( {text}")] {
                assert!(!redacted(text).unwrap_or_default().contains("hush-hush"), "{unit}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_masked_without_panic(text in "(password|[:=\"'\n ]|--|-----BEGIN A-----|://|@|é|\u{200b}|x|\\\\|&#|%){0,20}") {
            drop(shown(&text, false));
            drop(shown(&text, true));
        }

        #[test]
        fn masked_text_has_nothing_more_to_mask(value in "[a-z0-9]{4,12}[0-9]") {
            let masked = redacted(&format!("a b DB_PASSWORD={value} c")).expect("it has a secret");
            prop_assert!(!masked.contains(&value));
            prop_assert_eq!(redacted(&masked), None);
        }
    }
}
