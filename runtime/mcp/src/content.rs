//! What a body is, by its media type and its bytes, and its MCP content: text, image, audio, or an embedded binary resource.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use naftiko_client::__private::{content_type, without_byte_order_mark};
use naftiko_client::Response;
use naftiko_schema::http::percent_encode;
use naftiko_schema::{Format, Target};
use rmcp::model::{ContentBlock, ResourceContents};

/// A body, as far as it can be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body<'b> {
    /// Text, without a byte order mark. Bytes that are not UTF-8 are replaced.
    Text(Cow<'b, str>),
    /// Bytes of this media type.
    Bytes(Option<String>),
    /// It says that it is text, and is not.
    Unreadable,
}

/// The longest media type that counts, in bytes.
const TYPE_LIMIT: usize = 127;

/// How formats begin that are not text, after a number of bytes (WHATWG MIME Sniffing §6).
const SIGNATURES: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"\0\0\x01\0", "image/vnd.microsoft.icon"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftyphei", "image/heic"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (8, b"WAVE", "audio/wav"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"OTTO", "font/otf"),
    (0, b"%PDF", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (257, b"ustar", "application/x-tar"),
];

/// A response whose text is in UTF-8, if it is text in another charset.
pub(super) fn in_utf8(target: &Target, media_type: Option<&str>, response: Response<Bytes>) -> Response<Bytes> {
    let is_text = *target.format() != Format::Binary && is_textual(media_type.unwrap_or_default());
    if is_text { response.in_utf8() } else { response }
}

/// What a response of this target is. Where the capability says the media type, that is what it is; where it says that the
/// response is bytes, that of the upstream.
pub(super) fn of<'b>(target: &Target, media_type: Option<&str>, body: &'b [u8]) -> Body<'b> {
    match target.responding().and_then(|operation| operation.media_type.as_ref()) {
        Some(declared) => Body::Bytes(Some(declared.to_string())),
        None if *target.format() == Format::Binary => Body::Bytes(media_type.map(str::to_owned)),
        None => read(media_type, body),
    }
}

/// What a body is. Its media type decides only where the bytes agree with it: what can be read as text is text.
pub(super) fn read<'b>(media_type: Option<&str>, body: &'b [u8]) -> Body<'b> {
    let declared = media_type.unwrap_or_default();
    // Letters of UTF-16 are also letters of UTF-8, with zeros between them.
    let is_text = std::str::from_utf8(body).ok().filter(|text| !text.contains('\0'));
    let begins = |(at, start, _): &&(usize, &[u8], &str)| body.get(*at..).is_some_and(|rest| rest.starts_with(start));
    let own = SIGNATURES.iter().find(begins).map(|(_, _, media_type)| *media_type);
    let agrees = |own: &str| declared.split('/').next() == own.split('/').next() && !is_textual(declared);
    match (own, is_text) {
        (Some(own), _) if agrees(own) => Body::Bytes(media_type.map(str::to_owned)),
        (_, Some(text)) => Body::Text(text.strip_prefix('\u{feff}').unwrap_or(text).into()),
        (Some(own), None) => {
            Body::Bytes(Some(if declared.is_empty() { "application/octet-stream" } else { own }.to_owned()))
        }
        (None, None) => match utf16(body) {
            Some(text) => Body::Text(text.into()),
            None if is_textual(declared) && body.contains(&0) => Body::Unreadable,
            None if is_textual(declared) => {
                Body::Text(String::from_utf8_lossy(without_byte_order_mark(body)).into_owned().into())
            }
            // What is called a picture, and is not one, is not shown as one.
            None if is_medium(declared) => Body::Bytes(Some("application/octet-stream".to_owned())),
            None => Body::Bytes(media_type.map(str::to_owned)),
        },
    }
}

/// Text in UTF-16 with a byte order mark (RFC 2781 §3.2).
fn utf16(body: &[u8]) -> Option<String> {
    let read: fn([u8; 2]) -> u16 = match body {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let units = body.get(2..)?.chunks(2).filter_map(|pair| Some(read(pair.try_into().ok()?)));
    Some(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// Whether a media type is that of pictures, sound and the like.
fn is_medium(media_type: &str) -> bool {
    ["image", "audio", "video", "font"].contains(&media_type.split('/').next().unwrap_or_default())
}

/// Whether a media type is text (RFC 6838 §4.2.1, §4.2.8). A body without one should be.
fn is_textual(media_type: &str) -> bool {
    media_type.is_empty() || media_type.starts_with("text/") || is_structured(Some(media_type))
}

/// Whether a media type is text with names and values.
pub(super) fn is_structured(media_type: Option<&str>) -> bool {
    let media_type = media_type.unwrap_or_default();
    let (kind, subtype) = media_type.split_once('/').unwrap_or_default();
    let is_format = |format: &str| {
        subtype.strip_suffix(format).is_some_and(|before| before.is_empty() || before.ends_with(['+', '-', '.']))
    };
    [
        "json",
        "xml",
        "yaml",
        "csv",
        "html",
        "jsonl",
        "ndjson",
        "toml",
        "properties",
        "env",
        "tab-separated-values",
        "javascript",
    ]
    .iter()
    .any(|format| is_format(format))
        || ["x-www-form-urlencoded", "json-seq", "form-data", "graphql", "xhtml+xml"].contains(&subtype)
        || ["message", "multipart"].contains(&kind)
}

/// The length of a body in base64.
pub(super) fn encoded_length(body: &[u8]) -> usize {
    body.len().div_ceil(3) * 4
}

/// The content block of a response that is no text.
pub(super) fn block(operation: &str, media_type: Option<String>, body: &[u8]) -> ContentBlock {
    let data = STANDARD.encode(body);
    match media_type {
        Some(media_type) if media_type.starts_with("image/") => ContentBlock::image(data, media_type),
        Some(media_type) if media_type.starts_with("audio/") => ContentBlock::audio(data, media_type),
        media_type => {
            // The URI only identifies the response of this call. It cannot be read.
            let uri = format!("naftiko://answers/{}", percent_encode(operation));
            let media_type = media_type.unwrap_or_else(|| "application/octet-stream".to_owned());
            ContentBlock::resource(ResourceContents::blob(data, uri).with_mime_type(media_type))
        }
    }
}

/// The content of a resource: text if possible. Without a media type it gets a default one.
pub(super) fn contents(uri: &str, media_type: Option<String>, binary: bool, body: Vec<u8>) -> ResourceContents {
    let is_text = !binary && matches!(read(media_type.as_deref(), &body), Body::Text(_));
    match String::from_utf8(body) {
        Ok(text) if is_text => {
            ResourceContents::text(text, uri).with_mime_type(media_type.unwrap_or_else(|| "text/plain".to_owned()))
        }
        other => {
            let body = other.map_or_else(|error| error.into_bytes(), String::into_bytes);
            let media_type = media_type.unwrap_or_else(|| "application/octet-stream".to_owned());
            ResourceContents::blob(STANDARD.encode(body), uri).with_mime_type(media_type)
        }
    }
}

/// The media type of a response, in lower case and without parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let text = content_type(headers)?.split(';').next()?.trim().to_ascii_lowercase();
    // Results repeat it, so it must be one (RFC 6838 §4.2).
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&^_.+-/".contains(&byte);
    (!text.is_empty() && text.len() <= TYPE_LIMIT && text.bytes().all(is_name)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_decide_what_a_body_is() {
        let text = |text: &'static str| Body::Text(text.into());
        let bytes = |media_type: &str| Body::Bytes(Some(media_type.to_owned()));
        for (media_type, body, expected) in [
            (Some("image/png"), &b"text"[..], text("text")),
            (Some("image/png"), b"{\"a\": 1}", text("{\"a\": 1}")),
            (Some("image/png"), b"\x89PNG\r\n\x1a\n\xff", bytes("image/png")),
            (Some("image/png"), b"GIF8\xff", bytes("image/png")),
            (Some("image/png"), b"\xfftext", bytes("application/octet-stream")),
            (Some("image/svg+xml"), b"<svg/>", text("<svg/>")),
            (Some("text/plain"), b"a\xff", text("a\u{fffd}")),
            (Some("text/plain"), b"a\0\xff", Body::Unreadable),
            (Some("application/json"), b"\x89PNG\r\n\x1a\n\xff", bytes("image/png")),
            (Some("application/json"), b"\xef\xbb\xbf{}", text("{}")),
            (Some("application/json"), b"\xff\xfe{\0}\0", text("{}")),
            (Some("application/json"), b"{\0}\0", Body::Unreadable),
            (Some("application/vnd.a+json"), b"\xff", text("\u{fffd}")),
            (Some("application/octet-stream"), b"plain", text("plain")),
            (Some("application/octet-stream"), b"\xff", bytes("application/octet-stream")),
            (Some("application/pdf"), b"%PDF", bytes("application/pdf")),
            (Some("application/x-raw"), b"\0\xff", bytes("application/x-raw")),
            (Some("audio/mpeg"), b"ID3", bytes("audio/mpeg")),
            (None, b"plain", text("plain")),
            (None, b"\x00\xfe", Body::Unreadable),
        ] {
            assert_eq!(read(media_type, body), expected, "{media_type:?} {body:?}");
        }
    }
}
