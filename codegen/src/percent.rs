//! Percent-encoding of text that may be encoded already.

use naftiko_schema::http::percent_encode;

/// Encodes the characters that are not `kept`, and every `%` that begins no encoded byte (RFC 3986 §2.1).
pub(crate) fn encode_rest(text: &str, kept: impl Fn(char) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let hex = || text.as_bytes().get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        if if c == '%' { hex() } else { kept(c) } {
            encoded.push(c);
        } else {
            encoded.push_str(&percent_encode(c.encode_utf8(&mut [0; 4])));
        }
    }
    encoded
}

/// Whether a path may hold a character as it is (RFC 3986 §3.3).
pub(crate) fn is_in_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/-._~!$&'()*+,;=:@".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_bytes_stay_and_other_percent_signs_are_encoded() {
        assert_eq!(encode_rest("/a b/100%/%2F%4/é", |_| true), "/a b/100%25/%2F%254/é");
        assert_eq!(encode_rest("/a b/100%/%2F%4/é", is_in_path), "/a%20b/100%25/%2F%254/%C3%A9");
    }
}
