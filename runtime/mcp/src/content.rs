//! The MCP content of a response: text, image, audio, or an embedded binary resource.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use naftiko_client::__private::{content_type, is_json};
use naftiko_schema::http::percent_encode;
use rmcp::model::{ContentBlock, ResourceContents};

/// The content block of a binary response; `None` if it is text.
pub(super) fn block(operation: &str, headers: &HeaderMap, body: &[u8]) -> Option<ContentBlock> {
    let media_type = media_type(headers);
    if !is_binary(media_type.as_deref(), body) {
        return None;
    }
    let data = STANDARD.encode(body);
    Some(match media_type {
        Some(media_type) if media_type.starts_with("image/") => ContentBlock::image(data, media_type),
        Some(media_type) if media_type.starts_with("audio/") => ContentBlock::audio(data, media_type),
        media_type => {
            // The URI only identifies the response of this call. It cannot be read.
            let uri = format!("naftiko://answers/{}", percent_encode(operation));
            let media_type = media_type.unwrap_or_else(|| "application/octet-stream".to_owned());
            ContentBlock::resource(ResourceContents::blob(data, uri).with_mime_type(media_type))
        }
    })
}

/// The content of a resource: text if possible. Without a media type it gets a default one.
pub(super) fn contents(uri: &str, media_type: Option<String>, binary: bool, body: Vec<u8>) -> ResourceContents {
    let binary = binary || is_binary(media_type.as_deref(), &body);
    match String::from_utf8(body) {
        Ok(text) if !binary => {
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
    (!text.is_empty()).then_some(text)
}

/// Whether a body is binary, by its media type (RFC 6838) and its content.
fn is_binary(media_type: Option<&str>, body: &[u8]) -> bool {
    if std::str::from_utf8(body).is_err() {
        return true;
    }
    let media_type = media_type.unwrap_or_default();
    let kind = media_type.split('/').next().unwrap_or_default();
    match kind {
        // Some of these are text, such as SVG.
        "image" | "audio" | "video" | "font" => !media_type.ends_with("+xml") && !media_type.ends_with("+json"),
        // Some servers use this type for everything.
        _ if media_type == "application/octet-stream" => !is_json(body),
        _ => ["application/pdf", "application/zip", "application/gzip", "application/x-tar"].contains(&media_type),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_content_is_recognised_by_media_type_and_bytes() {
        for (media_type, body, binary) in [
            (Some("image/png"), &b"text"[..], true),
            (Some("image/svg+xml"), b"<svg/>", false),
            (Some("text/plain"), b"\xff", true),
            (Some("application/json"), b"{}", false),
            (Some("application/octet-stream"), b"{\"a\": 1}", false),
            (Some("application/octet-stream"), b"plain", true),
            (Some("application/pdf"), b"%PDF", true),
            (None, b"plain", false),
            (None, b"\x00\xfe", true),
        ] {
            assert_eq!(is_binary(media_type, body), binary, "{media_type:?} {body:?}");
        }
    }
}
