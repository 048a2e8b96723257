//! Heads of requests as they are read, of which the HTTP library drops a `Content-Length` beside a `Transfer-Encoding`.

use memchr::memchr;

const CONTENT_LENGTH: &[u8] = b"content-length";

/// Looks for a length in the head of a request.
#[derive(Default)]
pub(super) struct Heads {
    /// The beginning of a line that has not come whole.
    start: Vec<u8>,
    /// Whether a line of this head has come.
    has_begun: bool,
    has_length: bool,
    /// Whether something came that is not of this head.
    is_over: bool,
}

impl Heads {
    /// Begins a head.
    pub(super) fn begin(&mut self) {
        self.start.clear();
        (self.has_begun, self.has_length, self.is_over) = (false, false, false);
    }

    /// Takes the next bytes. Returns whether the head is whole now, and has no length.
    pub(super) fn is_without_length(&mut self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        while !self.is_over {
            let Some((line, after)) = memchr(b'\n', rest).and_then(|end| rest.split_at_checked(end + 1)) else {
                let missing = (CONTENT_LENGTH.len() + 1).saturating_sub(self.start.len());
                self.start.extend_from_slice(rest.get(..missing).unwrap_or(rest));
                return false;
            };
            rest = after;
            if self.start.is_empty() {
                self.end_line(line);
            } else {
                let mut start = std::mem::take(&mut self.start);
                start.extend_from_slice(line);
                self.end_line(&start);
            }
            if self.is_over {
                return !self.has_length;
            }
        }
        false
    }

    fn end_line(&mut self, line: &[u8]) {
        if matches!(line, b"\n" | b"\r\n") {
            // Empty lines may come before a head (RFC 9112 §2.2).
            self.is_over = self.has_begun;
            return;
        }
        self.has_begun = true;
        self.has_length |=
            line.get(..CONTENT_LENGTH.len()).is_some_and(|name| name.eq_ignore_ascii_case(CONTENT_LENGTH));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "\r\nPOST /content-length HTTP/1.1\r\nHost: localhost\r\nX-A: content-length\r\n";

    #[test]
    fn a_length_is_found_however_the_head_is_cut() {
        for (fields, expected) in [
            ("\r\n", true),
            ("Transfer-Encoding: chunked\r\n\r\n", true),
            ("Content-Length: 2\r\n\r\n", false),
            ("X: y\r\ncontent-LENGTH:2\r\nZ: a\r\n\r\n", false),
            ("Content-Length: 2\n\n", false),
            ("Content-Lengt: 2\r\n\r\n", true),
        ] {
            let head = format!("{HEAD}{fields}");
            for cut in 0..head.len() {
                let mut heads = Heads::default();
                heads.begin();
                let (one, other) = head.as_bytes().split_at(cut);
                assert!(!heads.is_without_length(one), "{head}");
                assert_eq!(heads.is_without_length(other), expected, "{head} {cut}");
                assert!(!heads.is_without_length(b"GET / HTTP/1.1\r\n\r\n"), "it is over");
                heads.begin();
                assert!(heads.is_without_length(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nmore"));
            }
            let mut heads = Heads::default();
            let verdicts: Vec<_> = head.as_bytes().iter().map(|byte| heads.is_without_length(&[*byte])).collect();
            assert_eq!(verdicts.last(), Some(&expected));
        }
    }
}
