//! What lists of tools say of inputs: one sentence, if it says more than their names do.

use std::borrow::Cow;

use super::words::{in_list, words};

/// The longest description, in characters.
const LONGEST: usize = 200;
/// Texts of so many characters are shown whatever they say: leaving them out would save hardly more than it costs.
const SHORT: usize = 8;
/// Words that say nothing of an input.
const IDLE: &str = "a an the of to for id uuid";
/// Words that say nothing together.
const PHRASES: [&str; 3] = ["you want to target", "Request body (JSON)", "(UUID format)"];

/// What a text says of an input that the words of some names do not: its first sentence, or nothing.
pub(super) fn about(text: &str, names: &[&str]) -> Option<String> {
    let sentence = first_sentence(text);
    let is_known = |word: &&str| in_list(word, IDLE) || names.iter().any(|name| has(name, word));
    let text = PHRASES.iter().fold(Cow::Borrowed(&*sentence), |text, phrase| {
        if text.contains(phrase) { Cow::Owned(text.replace(phrase, "")) } else { text }
    });
    let says_more = text.split_whitespace().any(|part| !words(part).as_slice().iter().all(is_known));
    let is_short = !sentence.is_empty() && sentence.chars().count() <= SHORT;
    (says_more || is_short).then_some(sentence)
}

fn has(name: &str, word: &str) -> bool {
    words(name).as_slice().iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// The first sentence of a text, or the start of it.
pub(super) fn first_sentence(text: &str) -> String {
    let text = text.trim();
    let end = text.char_indices().find_map(|(at, character)| {
        let rest = text.get(at + character.len_utf8()..).unwrap_or_default();
        let ends = matches!(character, '.' | '!' | '?') && rest.starts_with(char::is_whitespace);
        // Not after `e.g.` and the like.
        let is_word = text.get(..at).is_some_and(|before| !before.ends_with("e.g") && !before.ends_with("i.e"));
        (ends && is_word).then_some(at + character.len_utf8()).or_else(|| (character == '\n').then_some(at))
    });
    let sentence = text.get(..end.unwrap_or(text.len())).unwrap_or(text).trim();
    naftiko_client::__private::shortened(sentence, LONGEST).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_cut_after_their_first_sentence() {
        for (text, sentence) in [
            ("One. Two.", "One."),
            ("See e.g. this one! Or that.", "See e.g. this one!"),
            ("Version 1.2 of it", "Version 1.2 of it"),
            (" Line\nline", "Line"),
            ("", ""),
        ] {
            assert_eq!(first_sentence(text), sentence);
        }
        assert_eq!(first_sentence(&"é".repeat(300)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn texts_that_say_only_what_names_say_are_left_out() {
        let names = ["secret_id", "enable-secret-protection"];
        for text in [
            "ID of the secret. (UUID format)",
            "ID of the secret to enable protection for",
            "",
            "The secret you want to target",
            "Request body (JSON).",
        ] {
            assert_eq!(about(text, &names), None, "{text}");
        }
        for text in ["ID of a secret or its path", "The old secret", "The target secret", "The id"] {
            assert_eq!(about(text, &names).as_deref(), Some(text));
        }
    }
}
