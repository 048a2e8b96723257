//! What values of names look like in a text.

/// The longest name that is looked at, in bytes.
pub(super) const NAME_LIMIT: usize = 80;

/// The bytes of words. It is a table, because it is asked for each byte of all responses.
#[expect(clippy::indexing_slicing, reason = "it is evaluated by the compiler")]
static PARTS_OF_WORDS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'_' | 0x80..);
        byte += 1;
    }
    table
};

/// Whether a byte is a part of a word.
pub(super) fn is_part_of_word(byte: u8) -> bool {
    PARTS_OF_WORDS.get(usize::from(byte)).copied().unwrap_or_default()
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
