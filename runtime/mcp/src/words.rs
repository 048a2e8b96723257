//! The words of names: `newPassword`, `new_password` and `X-New-Password` have the same.

/// The most words of a name that count, from its end.
const WORDS: usize = 16;

/// The last words of a name. They end where the case rises, and at everything that is neither a letter nor a digit.
pub(super) fn words(name: &str) -> Words<'_> {
    let mut words = Words { list: [""; WORDS], count: 0 };
    let mut start = None;
    let mut before = ' ';
    let mut characters = name.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let after = characters.peek().map(|(_, after)| *after);
        let is_word = character.is_alphanumeric();
        let rises = character.is_uppercase()
            && (before.is_lowercase()
                || before.is_ascii_digit()
                || after.is_some_and(|after| after.is_lowercase() && before.is_uppercase()));
        if let Some(from) = start.filter(|_| !is_word || rises) {
            words.push(name.get(from..at).unwrap_or_default());
            start = None;
        }
        if is_word && start.is_none() {
            start = Some(at);
        }
        before = character;
    }
    if let Some(from) = start {
        words.push(name.get(from..).unwrap_or_default());
    }
    words
}

pub(super) struct Words<'n> {
    list: [&'n str; WORDS],
    count: usize,
}

impl<'n> Words<'n> {
    fn push(&mut self, word: &'n str) {
        if self.count == WORDS {
            self.list.rotate_left(1);
            self.count -= 1;
        }
        if let Some(slot) = self.list.get_mut(self.count) {
            *slot = word;
            self.count += 1;
        }
    }

    pub(super) fn as_slice(&self) -> &[&'n str] {
        self.list.get(..self.count).unwrap_or_default()
    }
}

/// Whether a word is in a list of words.
pub(super) fn in_list(word: &str, list: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_names_end_where_the_case_rises_or_at_signs() {
        for (name, expected) in [
            ("newPassword", "new Password"),
            ("AWSSecretAccessKey", "AWS Secret Access Key"),
            ("x-api-key", "x api key"),
            ("user[password]", "user password"),
            ("DB_PASSWORD", "DB PASSWORD"),
            ("$.a.b/c", "a b c"),
            ("", ""),
        ] {
            assert_eq!(words(name).as_slice().join(" "), expected, "{name}");
        }
    }
}
