//! Heads of requests as they are read, of which the HTTP library drops a `Content-Length` beside a `Transfer-Encoding`, or
//! beside another one of the same value.

use memchr::memchr;

const CONTENT_LENGTH: &[u8] = b"content-length";

/// How many lengths a head has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Lengths {
    /// The head was not seen whole, because it came before the response to the request before it.
    #[default]
    Unknown,
    None,
    One,
    Several,
}

/// Looks for lengths in the head of a request.
#[derive(Default)]
pub(super) struct Heads {
    /// The beginning of a line that has not come whole.
    start: Vec<u8>,
    /// Whether a line of this head has come.
    has_begun: bool,
    lengths: usize,
    /// Whether something came that is not of this head.
    is_over: bool,
}

impl Heads {
    /// Begins a head.
    pub(super) fn begin(&mut self) {
        self.start.clear();
        (self.has_begun, self.lengths, self.is_over) = (false, 0, false);
    }

    /// Takes the next bytes. Returns how many lengths the head has, once it is whole.
    pub(super) fn lengths(&mut self, bytes: &[u8]) -> Option<Lengths> {
        let mut rest = bytes;
        while !self.is_over {
            let Some((line, after)) = memchr(b'\n', rest).and_then(|end| rest.split_at_checked(end + 1)) else {
                let missing = (CONTENT_LENGTH.len() + 1).saturating_sub(self.start.len());
                self.start.extend_from_slice(rest.get(..missing).unwrap_or(rest));
                return None;
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
                return Some(match self.lengths {
                    0 => Lengths::None,
                    1 => Lengths::One,
                    _ => Lengths::Several,
                });
            }
        }
        None
    }

    fn end_line(&mut self, line: &[u8]) {
        if matches!(line, b"\n" | b"\r\n") {
            // Empty lines may come before a head (RFC 9112 §2.2).
            self.is_over = self.has_begun;
            return;
        }
        self.has_begun = true;
        let is_length = line.get(..CONTENT_LENGTH.len()).is_some_and(|name| name.eq_ignore_ascii_case(CONTENT_LENGTH));
        self.lengths += usize::from(is_length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "\r\nPOST /content-length HTTP/1.1\r\nHost: localhost\r\nX-A: content-length\r\n";

    #[test]
    fn lengths_are_found_however_the_head_is_cut() {
        for (fields, expected) in [
            ("\r\n", Lengths::None),
            ("Transfer-Encoding: chunked\r\n\r\n", Lengths::None),
            ("Content-Length: 2\r\n\r\n", Lengths::One),
            ("X: y\r\ncontent-LENGTH:2\r\nZ: a\r\n\r\n", Lengths::One),
            ("Content-Length: 2\n\n", Lengths::One),
            ("Content-Length: 2\r\ncontent-length: 2\r\n\r\n", Lengths::Several),
            ("Content-Lengt: 2\r\n\r\n", Lengths::None),
        ] {
            let head = format!("{HEAD}{fields}");
            for cut in 0..head.len() {
                let mut heads = Heads::default();
                heads.begin();
                let (one, other) = head.as_bytes().split_at(cut);
                assert_eq!(heads.lengths(one), None, "{head}");
                assert_eq!(heads.lengths(other), Some(expected), "{head} {cut}");
                assert_eq!(heads.lengths(b"GET / HTTP/1.1\r\n\r\n"), None, "it is over");
                heads.begin();
                assert_eq!(heads.lengths(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nmore"), Some(Lengths::None));
            }
            let mut heads = Heads::default();
            let verdicts: Vec<_> = head.as_bytes().iter().filter_map(|byte| heads.lengths(&[*byte])).collect();
            assert_eq!(verdicts, [expected]);
        }
    }
}
