//! The words of a text, as far as a search can use them.

use rust_stemmers::{Algorithm, Stemmer};

/// Words that are in every question, and say nothing about what is looked for, in their order.
const COMMON: [&str; 62] = [
    "a", "about", "all", "am", "an", "and", "any", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from",
    "has", "have", "how", "i", "id", "if", "in", "into", "is", "it", "its", "let", "me", "my", "need", "of", "on",
    "one", "or", "our", "own", "please", "so", "some", "that", "the", "their", "them", "then", "there", "these",
    "this", "those", "to", "tool", "us", "want", "was", "we", "which", "with", "without", "would", "you", "your",
];

/// What people say for what tools do, and the words that names of tools have for it.
const VERBS: [(&[&str], &[&str]); 12] = [
    (&["remove", "destroy", "erase", "drop", "trash", "terminate", "purge", "rid", "kill"], &["delete"]),
    (
        &["make", "add", "new", "provision", "launch", "order", "rent", "register", "issue", "generate", "setup"],
        &["create"],
    ),
    (&["store", "save", "upload", "write"], &["create", "update"]),
    (&["put", "invite"], &["add", "create"]),
    (&["change", "edit", "modify", "rename", "adjust", "alter", "patch", "configure", "set"], &["update"]),
    (&["show", "view", "see", "display", "find", "what", "many", "enumerate", "overview"], &["list"]),
    (&["show", "view", "see", "display", "read", "fetch", "describe", "details", "inspect", "look"], &["get"]),
    (&["start", "boot", "launch", "activate", "turn"], &["start", "power", "boot", "enable"]),
    (&["stop", "halt", "turn", "deactivate", "shutdown"], &["stop", "power", "shut", "disable"]),
    (&["restart", "reboot"], &["restart", "reboot"]),
    (&["connect", "mount", "plug", "link", "join"], &["attach", "connect"]),
    (&["disconnect", "unmount", "unplug"], &["detach", "disconnect", "disable"]),
];

/// The words of a text, in lower case. Names in any style are split.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    each_word(text, |word| words.push(word.to_owned()));
    words
}

/// Shows the words of a text, as [`words`] has them.
pub(super) fn each_word(text: &str, mut see: impl FnMut(&str)) {
    let mut see = |word: &str| {
        if !word.is_empty() && COMMON.binary_search(&word).is_err() {
            see(word);
        }
    };
    let mut word = String::new();
    let mut previous = ' ';
    for letter in text.chars() {
        let begins = letter.is_uppercase() && previous.is_lowercase();
        if !letter.is_alphanumeric() || begins {
            see(&word);
            word.clear();
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        previous = letter;
    }
    see(&word);
}

/// The stem of an English word: `running` and `runs` have the same.
pub(super) fn stem(word: &str) -> String {
    Stemmer::create(Algorithm::English).stem(word).into_owned()
}

/// The verbs that names of tools have for what a word says.
pub(super) fn verbs(word: &str) -> impl Iterator<Item = &'static str> {
    VERBS.iter().filter(move |(said, _)| said.contains(&word)).flat_map(|(_, verbs)| verbs.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_style_are_split_and_common_words_are_left_out() {
        for text in ["list-secret_versions", "listSecretVersions", "List the secret versions!"] {
            assert_eq!(words(text), ["list", "secret", "versions"], "{text}");
        }
        assert!(COMMON.is_sorted());
        assert_eq!((stem("versions"), stem("running")), ("version".to_owned(), "run".to_owned()));
        assert_eq!(verbs("show").collect::<Vec<_>>(), ["list", "get"]);
    }
}
