//! Forms with files: `multipart/form-data` (RFC 7578).

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use naftiko_schema::BodyPart;

use super::{decoded, texts};
use crate::template::Values;

/// The boundary, and the body.
pub(super) fn parts(values: &Values<'_>, parts: &[BodyPart]) -> (String, Vec<u8>) {
    let mut written: Vec<(String, Vec<u8>)> = Vec::new();
    for part in parts {
        let head = head(values, part);
        for text in texts(values, &part.value) {
            written.push((head.clone(), if part.bytes { decoded(text) } else { text.into_bytes() }));
        }
    }
    let boundary = boundary(&written);
    let mut body = Vec::new();
    for (head, content) in &written {
        body.extend_from_slice(format!("--{boundary}\r\n{head}\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (boundary, body)
}

/// The header fields of a part, each with its line end.
fn head(values: &Values<'_>, part: &BodyPart) -> String {
    let mut head = format!("Content-Disposition: form-data; name=\"{}\"", escaped(&part.name));
    if let Some(name) = &part.file_name {
        let name = values.fill(name).unwrap_or_default();
        head.push_str(&format!("; filename=\"{}\"", escaped(&name)));
    }
    head.push_str("\r\n");
    if let Some(media_type) = &part.media_type {
        head.push_str(&format!("Content-Type: {media_type}\r\n"));
    }
    head
}

/// A name as browsers write it (WHATWG HTML, "multipart/form-data encoding algorithm").
fn escaped(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// A boundary that occurs in no part. It is made of the content, so that a retry sends the same bytes.
fn boundary(parts: &[(String, Vec<u8>)]) -> String {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    loop {
        let boundary = format!("part-{:016x}", hasher.finish());
        let occurs = |text: &[u8]| text.windows(boundary.len()).any(|window| window == boundary.as_bytes());
        if !parts.iter().any(|(head, content)| occurs(head.as_bytes()) || occurs(content)) {
            return boundary;
        }
        boundary.hash(&mut hasher);
    }
}
