//! The characters of a body, by its byte order mark and the charset of its media type.

use std::borrow::Cow;

use http::HeaderMap;

use super::error::{FormatError, Place};
use crate::headers::content_type;

/// The charset that the media type of a body names (RFC 9110 §8.3.2).
fn declared(headers: &HeaderMap) -> Option<&str> {
    let parameters = content_type(headers)?.split(';').skip(1);
    parameters.filter_map(|parameter| parameter.split_once('=')).find_map(|(name, value)| {
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then_some(value)
    })
}

/// The body in UTF-8, and without a byte order mark. What says that it is UTF-8, or nothing, stays as it is.
///
/// # Errors
/// If its charset is unknown, or it has bytes that are none of it.
pub(crate) fn utf8<'b>(headers: &HeaderMap, body: &'b [u8]) -> Result<Cow<'b, [u8]>, FormatError> {
    decoded(declared(headers), body)
}

/// The body as text.
///
/// # Errors
/// As [`utf8`], and if it is not UTF-8 and says nothing else.
pub(crate) fn text<'b>(
    format: &'static str,
    charset: Option<&str>,
    headers: &HeaderMap,
    body: &'b [u8],
) -> Result<Cow<'b, str>, FormatError> {
    match decoded(declared(headers).or(charset), body)? {
        Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(error) => {
                let place = Some(Place::Byte(error.valid_up_to()));
                Err(FormatError::new(format, "this is not UTF-8", place))
            }
        },
        Cow::Owned(bytes) => Ok(Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())),
    }
}

fn decoded<'b>(charset: Option<&str>, body: &'b [u8]) -> Result<Cow<'b, [u8]>, FormatError> {
    // A mark is more certain than what a header says (RFC 7303 §3.3).
    match body {
        [0xef, 0xbb, 0xbf, rest @ ..] => return Ok(Cow::Borrowed(rest)),
        [0xff, 0xfe, rest @ ..] => return utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return utf16(rest, u16::from_be_bytes),
        _ => {}
    }
    let Some(charset) = charset else { return Ok(Cow::Borrowed(body)) };
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" | "ascii" => Ok(Cow::Borrowed(body)),
        // Without a mark, the order is that of the network (RFC 2781 §4.3).
        "utf-16" | "utf-16be" => utf16(body, u16::from_be_bytes),
        "utf-16le" => utf16(body, u16::from_le_bytes),
        "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" if body.is_ascii() => Ok(Cow::Borrowed(body)),
        "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" => {
            Ok(Cow::Owned(body.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes()))
        }
        other => by_label(other, body),
    }
}

/// Text in UTF-16 (RFC 2781).
fn utf16<'b>(body: &'b [u8], read: fn([u8; 2]) -> u16) -> Result<Cow<'b, [u8]>, FormatError> {
    let invalid = |unit: usize| FormatError::new("UTF-16", "this is not a character", Some(Place::Byte(2 * unit)));
    let (pairs, rest) = body.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(invalid(pairs.len()));
    }
    let mut text = String::with_capacity(pairs.len());
    let mut units = 0;
    for character in char::decode_utf16(pairs.iter().map(|pair| read(*pair))) {
        let character = character.map_err(|_| invalid(units))?;
        units += character.len_utf16();
        text.push(character);
    }
    Ok(Cow::Owned(text.into_bytes()))
}

/// Text in a charset of the Encoding Standard.
#[cfg(feature = "charsets")]
fn by_label<'b>(label: &str, body: &'b [u8]) -> Result<Cow<'b, [u8]>, FormatError> {
    let Some(encoding) = encoding_rs::Encoding::for_label(label.as_bytes()) else { return Err(unknown()) };
    let decoded = encoding.decode_without_bom_handling_and_without_replacement(body);
    let text = decoded.ok_or_else(|| FormatError::new("text", "it has bytes that its charset does not have", None))?;
    Ok(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    })
}

#[cfg(not(feature = "charsets"))]
fn by_label<'b>(_: &str, _: &'b [u8]) -> Result<Cow<'b, [u8]>, FormatError> {
    Err(unknown())
}

/// The name is not repeated, because it is a text of the upstream.
fn unknown() -> FormatError {
    FormatError::new("text", "its charset is not known here", None)
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;
    use proptest::prelude::*;

    use super::*;

    fn read(media_type: &str, body: &[u8]) -> Result<String, String> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, media_type.try_into().expect("a value"))]);
        text("text", None, &headers, body).map(Cow::into_owned).map_err(|error| error.to_string())
    }

    #[test]
    fn bodies_are_read_in_the_charset_that_they_name() {
        for (media_type, body) in [
            ("text/plain", &b"\xc3\xa9"[..]),
            ("text/plain", b"\xef\xbb\xbf\xc3\xa9"),
            ("text/plain; charset=iso-8859-1", b"\xe9"),
            ("text/plain; a=b; CharSet = \"ISO-8859-1\"", b"\xe9"),
            ("text/plain; charset=utf-8", b"\xc3\xa9"),
            ("text/plain", b"\xff\xfe\xe9\0"),
            ("text/plain", b"\xfe\xff\0\xe9"),
            ("text/plain; charset=utf-16le", b"\xe9\0"),
            ("text/plain; charset=utf-16", b"\0\xe9"),
            ("text/plain; charset=iso-8859-1", b"\xef\xbb\xbf\xc3\xa9"),
        ] {
            assert_eq!(read(media_type, body).as_deref(), Ok("é"), "{media_type} {body:?}");
        }
        assert_eq!(read("text/plain", b"a\xff").unwrap_err(), "invalid text at byte 1: this is not UTF-8");
        assert_eq!(
            read("text/plain; charset=utf-16", b"\0a\xd8\0").unwrap_err(),
            "invalid UTF-16 at byte 2: this is not a character"
        );
        let unknown = read("text/plain; charset=klingon", b"a").unwrap_err();
        assert_eq!(unknown, "invalid text: its charset is not known here");
    }

    #[cfg(feature = "charsets")]
    #[test]
    fn charsets_of_the_encoding_standard_are_known() {
        assert_eq!(read("text/plain; charset=windows-1252", b"\x80").as_deref(), Ok("€"));
        assert_eq!(read("text/plain; charset=Shift_JIS", b"\x93\xfa").as_deref(), Ok("日"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(charset in "utf-8|utf-16|utf-16le|latin1|shift_jis|gb18030|[a-z]{1,8}", body in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = read(&format!("text/plain; charset={charset}"), &body);
        }
    }
}
