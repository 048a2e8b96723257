//! Facts of HTTP on which the compiler and the runtime must agree: percent-encoding, dot segments and framing fields.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986 §2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The fields that frame the message, are about the connection, or name the target (RFC 9110 §7.2, §7.6.1). No
/// parameter, fixed value or caller can set them.
const FRAMING_HEADERS: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A text, percent-encoded except for unreserved characters (RFC 3986 §2.1).
pub fn percent_encode(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, RESERVED).into()
}

/// A text without its percent-encoding. Bytes that are not UTF-8 become U+FFFD.
pub fn percent_decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// Whether URL parsers treat a segment as `.` or `..`, which they do even where the dots are encoded (RFC 3986 §5.2.4; WHATWG
/// URL, "double-dot path segment").
pub fn is_dots(segment: &str) -> bool {
    let mut dots = 0;
    let mut rest = segment.as_bytes();
    while let [b'.', after @ ..] | [b'%', b'2', b'e' | b'E', after @ ..] = rest {
        dots += 1;
        rest = after;
    }
    rest.is_empty() && matches!(dots, 1 | 2)
}

/// Whether the HTTP client or server sets a field itself. `name` is compared without regard to case.
pub fn is_framing(name: &str) -> bool {
    FRAMING_HEADERS.iter().any(|framing| framing.eq_ignore_ascii_case(name))
}
