//! Texts of callers and upstreams in messages: cut to a length, and without characters that no one sees.

use std::borrow::Cow;

/// The text in place of a secret.
pub const REDACTED: &str = "[redacted]";

/// The first characters of a text, with a mark if there are more.
pub fn shortened(text: &str, limit: usize) -> Cow<'_, str> {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}

/// Names in a list, as many as fit into a length in bytes, and how many more there are.
pub fn listed(names: impl IntoIterator<Item = impl AsRef<str>>, limit: usize) -> String {
    let (mut list, mut more) = (String::new(), 0_usize);
    for name in names {
        let name = name.as_ref();
        if more > 0 || list.len() + name.len() + 4 > limit {
            more += 1;
            continue;
        }
        let separator = if list.is_empty() { "" } else { ", " };
        list.extend([separator, "`", name, "`"]);
    }
    match more {
        0 => list,
        more if list.is_empty() => format!("{more} names"),
        more => format!("{list} and {more} more"),
    }
}

/// A URI for messages, without what may hold a key: user information, query and fragment.
pub fn without_keys(uri: &str) -> Cow<'_, str> {
    let uri = uri.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = uri.split_once("://") else { return uri.into() };
    let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or((rest, ""));
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{host}{path}").into(),
        None => uri.into(),
    }
}

/// The text with an escape such as `\u{202e}` in place of every character that no one sees, or that changes what others look
/// like: controls except tabs and line breaks, marks of direction, joiners and selectors outside of what they join, and tags
/// (Unicode 16, `Default_Ignorable_Code_Point`, `Bidi_Control`).
pub fn visible(text: &str) -> Cow<'_, str> {
    let Some(first) = hidden(text) else { return text.into() };
    let (start, rest) = text.split_at_checked(first).unwrap_or((text, ""));
    let mut shown = start.to_owned();
    let mut before = start.chars().next_back();
    for character in rest.chars() {
        if is_hidden(character, before) {
            shown.push_str(&format!("\\u{{{:x}}}", u32::from(character)));
        } else {
            shown.push(character);
        }
        before = Some(character);
    }
    shown.into()
}

/// How many bytes are looked at at once.
const CHUNK: usize = 128;

/// Where the first character is that is not shown.
fn hidden(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    // Without a decision in between, many bytes are looked at at once.
    let is_plain_chunk = |chunk: &[u8]| chunk.iter().fold(true, |all, byte| all & is_plain(byte));
    let start = bytes.chunks(CHUNK).position(|chunk| !is_plain_chunk(chunk))? * CHUNK;
    let start = start + bytes.get(start..)?.iter().position(|byte| !is_plain(byte))?;
    // Characters begin where no ASCII character has been left out.
    let (plain, rest) = text.split_at_checked(start)?;
    let mut before = plain.chars().next_back();
    rest.char_indices().find_map(|(at, character)| {
        let found = is_hidden(character, before).then_some(start + at);
        before = Some(character);
        found
    })
}

fn is_hidden(character: char, before: Option<char>) -> bool {
    match character {
        '\t' | '\n' | '\r' => false,
        // Emoji and some scripts need these after another character.
        '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' => {
            before.is_none_or(|before| u32::from(before) < 0xa9 || is_hidden(before, None))
        }
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' => true,
        '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0d}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_uris_have_no_part_that_may_hold_a_key() {
        for (uri, shown) in [
            ("https://login.test/token?key=a#b", "https://login.test/token"),
            ("api=https://login.test?next=https://c@d/", "api=https://login.test"),
            ("https://user:key@login.test:8443/a@b#c", "https://login.test:8443/a@b"),
            ("https://a@b@login.test", "https://login.test"),
            ("no uri", "no uri"),
            ("", ""),
        ] {
            assert_eq!(without_keys(uri), shown);
        }
    }

    #[test]
    fn characters_that_no_one_sees_are_escaped() {
        for (text, shown) in [
            ("plain\ttext\r\n", "plain\ttext\r\n"),
            ("Grüße, 你好, שלום, नमस्ते", "Grüße, 你好, שלום, नमस्ते"),
            ("👩\u{200d}🚒 ❤\u{fe0f}", "👩\u{200d}🚒 ❤\u{fe0f}"),
            ("\u{1b}[31mred\u{7}", "\\u{1b}[31mred\\u{7}"),
            ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
            ("x\u{e0041}\u{e007f}", "x\\u{e0041}\\u{e007f}"),
            ("pass\u{200b}word\u{ad}", "pass\\u{200b}word\\u{ad}"),
            ("a\u{200d}b\u{fe0f}", "a\\u{200d}b\\u{fe0f}"),
            ("😀\u{fe01}\u{fe0f}", "😀\\u{fe01}\\u{fe0f}"),
            ("\u{9b}\u{85}\u{0}", "\\u{9b}\\u{85}\\u{0}"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert!(matches!(visible("ordinary text, é"), Cow::Borrowed(_)));
    }

    #[test]
    fn lists_of_names_are_cut_between_names() {
        assert_eq!(listed(["a", "b"], 100), "`a`, `b`");
        assert_eq!(listed(["a", "b", "c"], 7), "`a` and 2 more");
        assert_eq!(listed(["aaaaaaaaaa"], 10), "1 names");
        assert_eq!(shortened("äöü", 2), "äö…");
        assert_eq!(shortened("äöü", 3), "äöü");
    }
}
