//! What values of names look like in a text.

/// The longest name that is looked at, in bytes.
pub(super) const NAME_LIMIT: usize = 80;

/// Whether a byte is a part of a word. It has no branches, so that several bytes are compared by one instruction.
pub(super) fn is_part_of_word(byte: u8) -> bool {
    ((byte | 0x20).wrapping_sub(b'a') < 26) | (byte.wrapping_sub(b'0') < 10) | (byte == b'_') | (byte >= 0x80)
}

/// How many bytes of a word there are at the start.
pub(super) fn length_of_word(bytes: &[u8]) -> usize {
    let end_of = |bytes: &[u8]| bytes.iter().position(|byte| !is_part_of_word(*byte));
    // Most words are short, and the text of a key or of a file is long.
    if let Some(end) = end_of(bytes.get(..16).unwrap_or(bytes)) {
        return end;
    }
    let (blocks, _) = bytes.as_chunks::<32>();
    let is_word = |block: &&[u8; 32]| block.iter().fold(true, |all, byte| all & is_part_of_word(*byte));
    let whole = 32 * blocks.iter().take_while(is_word).count();
    let rest = bytes.get(whole..).unwrap_or_default();
    whole + end_of(rest).unwrap_or(rest.len())
}

/// Whether a value of YAML continues on the next lines (YAML 1.2.2 §8.1), or has a tag or an anchor in front of them.
pub(super) fn is_block(value: &str) -> bool {
    value.starts_with(['|', '>', '!', '&'])
        && value.len() < 40
        && !value.contains(|c: char| c.is_whitespace() && c != ' ')
}

/// Whether a value has been masked.
pub(super) fn is_masked(value: &str) -> bool {
    value.bytes().all(|byte| byte == b'*')
}

/// Whether a value can be a secret: it is not empty, a mask, or a word that says that there is no secret.
pub(super) fn literal(value: &str) -> bool {
    let value = value.trim();
    !is_masked(value)
        && !["true", "false", "null", "none", "nil", "undefined", "yes", "no"]
            .iter()
            .any(|word| value.eq_ignore_ascii_case(word))
}

/// Where a text that follows an opening quote has the closing one.
pub(super) fn end_of_quoted(text: &str, quote: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find(quote)?;
        let slashes = text.get(..at)?.bytes().rev().take_while(|byte| *byte == b'\\').count();
        if quote == "\\\"" || slashes % 2 == 0 {
            return Some(at);
        }
        from = at + quote.len();
    }
}

/// Whether a text starts with a name and a sign for its value.
pub(super) fn is_assigned(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '"' | '[' | ']' | '%');
    let length = text.bytes().take(NAME_LIMIT).take_while(|byte| is_part(char::from(*byte))).count();
    length > 0 && text.get(length..).is_some_and(|rest| rest.starts_with(['=']) || rest.starts_with(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_all_lengths_end_before_each_byte_that_is_no_part_of_one() {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
        for byte in 0..=u8::MAX {
            assert_eq!(is_part_of_word(byte), is_part(byte), "{byte}");
        }
        for length in (0..70).chain([1000]) {
            let mut text = vec![b'x'; length];
            assert_eq!(length_of_word(&text), length);
            text.extend(b" x");
            assert_eq!(length_of_word(&text), length);
        }
    }
}
