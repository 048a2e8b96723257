//! Facts of HTTP on which the compiler and the runtime must agree: percent-encoding, dot segments, framing fields, and
//! media types of files.

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

/// Media types of files, by the ends of their names.
const MEDIA_TYPES: [(&str, &str); 28] = [
    ("bmp", "image/bmp"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("gif", "image/gif"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("md", "text/markdown"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tsv", "text/tab-separated-values"),
    ("txt", "text/plain"),
    ("wav", "audio/wav"),
    ("webp", "image/webp"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("xml", "application/xml"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("zip", "application/zip"),
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

/// Whether a text holds `.` or `..` as a part of a path, for any server that decodes it once or several times, takes `\` for
/// `/`, or drops parameters after `;`, control characters and blanks. Parts are separated by slashes, encoded or not.
pub fn holds_dots(text: &str) -> bool {
    // Most texts contain nothing that could be a dot.
    if !text.bytes().any(|byte| matches!(byte, b'.' | b'%')) {
        return false;
    }
    let mut decoded: Vec<u8> = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        decoded.push(byte);
        // What was just decoded may be the end of another triplet.
        while let [.., b'%', high, low] = decoded.as_slice()
            && let Some(byte) = hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low)
        {
            decoded.truncate(decoded.len() - 3);
            decoded.push(byte);
        }
        for (overlong, plain) in OVERLONG {
            if decoded.ends_with(overlong) {
                decoded.truncate(decoded.len() - overlong.len());
                decoded.push(plain);
            }
        }
    }
    decoded.split(|byte| matches!(byte, b'/' | b'\\')).any(|part| {
        let name = part.split(|byte| *byte == b';').next().unwrap_or_default();
        let mut seen = name.iter().filter(|byte| **byte > b' ' && **byte != 0x7F);
        matches!((seen.next(), seen.next(), seen.next()), (Some(b'.'), None, _) | (Some(b'.'), Some(b'.'), None))
    })
}

/// Longer forms of `.`, `/` and `\` than UTF-8 allows, which some decoders take.
const OVERLONG: [(&[u8], u8); 8] = [
    (&[0xC0, 0xAE], b'.'),
    (&[0xE0, 0x80, 0xAE], b'.'),
    (&[0xF0, 0x80, 0x80, 0xAE], b'.'),
    (&[0xC0, 0xAF], b'/'),
    (&[0xE0, 0x80, 0xAF], b'/'),
    (&[0xF0, 0x80, 0x80, 0xAF], b'/'),
    (&[0xC1, 0x9C], b'\\'),
    (&[0xE0, 0x81, 0x9C], b'\\'),
];

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| digit.try_into().ok())
}

/// Whether the HTTP client or server sets a field itself. `name` is compared without regard to case.
pub fn is_framing(name: &str) -> bool {
    FRAMING_HEADERS.iter().any(|framing| framing.eq_ignore_ascii_case(name))
}

/// The media type of a file, by its name.
pub fn media_type(file: &str) -> Option<&'static str> {
    let (_, extension) = file.rsplit_once('.')?;
    let known = MEDIA_TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension));
    known.map(|(_, media_type)| *media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_are_dots_after_any_decoding_are_found() {
        for text in [
            ".",
            "..",
            "../admin",
            "a/..",
            "a/./b",
            "..\\admin",
            "a\\..",
            "%2e%2e/x",
            "..%2Fx",
            "%252e%252e%252fx",
            "..%5cx",
            "%2e%2e%5c",
            "..%255cx",
            "..;/x",
            "a/..;v=1/x",
            "%2e%2e;",
            "%%32e%%32e/x",
            "%25%32%65.%2Fx",
            "..%00/x",
            ". ./x",
            "a/%09../x",
            ".%0d%0a./x",
            "%c0%ae%c0%ae/x",
            "..%c0%afx",
            "a%2f%2e%2e",
            "/..",
            "../",
            "%2525252525252e",
        ] {
            assert!(holds_dots(text), "{text}");
        }
        for text in [
            "", "a", "...", "a/b", "a%2Fb", "a..b", "..a", "a../b", ".hidden", "v1.2.3", "a;..", "50%", "%zz", "%2",
            "a/.../b", "é.日", "%e9.x", "x.y_z~1", "a/.b/c.", "100%.x",
        ] {
            assert!(!holds_dots(text), "{text}");
        }
        let long = format!("%{}2e", "25".repeat(300_000));
        assert!(holds_dots(&long), "in linear time");
    }
}
