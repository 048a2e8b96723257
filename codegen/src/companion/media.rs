//! Media types of bodies: which of them is JSON, and which is best.

use std::cmp::Reverse;

use super::document::{sorted, text};
use crate::read::yaml::Node;
use crate::vocabulary::{is_printed, is_token};

pub(super) const JSON: &str = "application/json";
/// The media types of forms.
pub(crate) const FORMS: [&str; 2] = ["multipart/form-data", "application/x-www-form-urlencoded"];

/// A media type of a body.
pub(crate) struct Media<'n> {
    /// As the document writes it.
    pub(crate) name: String,
    pub(crate) schema: Option<&'n Node>,
    pub(crate) encoding: Option<&'n Node>,
}

impl<'n> Media<'n> {
    /// The media types of a body or a response of version 3, in the order of their names.
    pub(super) fn of_content(body: &'n Node) -> Vec<Self> {
        body.get("content").map(Self::of_entries).unwrap_or_default()
    }

    pub(super) fn of_entries(content: &'n Node) -> Vec<Self> {
        let media = |entry: &'n crate::read::yaml::Entry| Self {
            name: entry.key.clone(),
            schema: entry.value.get("schema"),
            encoding: entry.value.get("encoding"),
        };
        sorted(content).into_iter().filter(|entry| is_media_type(&entry.key)).map(media).collect()
    }

    /// Whether its schema says that it is bytes.
    pub(crate) fn is_binary(&self) -> bool {
        self.schema.is_some_and(is_binary)
    }
}

/// Whether a schema is of bytes (OpenAPI 3.1, "Considerations for File Uploads").
pub(crate) fn is_binary(schema: &Node) -> bool {
    text(schema, "type").as_deref() == Some("file")
        || text(schema, "format").as_deref() == Some("binary")
        || (schema.get("contentMediaType").is_some() && schema.get("contentEncoding").is_none())
}

/// Whether a text can be a media type or a range of these (RFC 9110 §8.3.1). Placeholders would make it a template.
pub(crate) fn is_media_type(text: &str) -> bool {
    let essence = essence(text);
    let is_one = essence.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    is_one && is_printed(text) && !text.contains("{{")
}

/// A media type without its parameters, in lower case.
pub(crate) fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether a body of this media type is JSON, by its name.
pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence.ends_with("/json") || essence.ends_with("+json")
}

/// The best media type of JSON: `application/json`, or else the newest version, or else what may be anything and is no bytes.
pub(super) fn best_json(media: Vec<Media<'_>>) -> Option<Media<'_>> {
    let rank = |media: &Media<'_>| match essence(&media.name).as_str() {
        JSON => Some(0),
        _ if is_json(&media.name) => Some(1),
        "*/*" if !media.is_binary() => Some(2),
        _ => None,
    };
    let ranked = media.into_iter().filter_map(|media| Some((rank(&media)?, media)));
    // Of equal ones the first counts.
    ranked.min_by_key(|(rank, media)| (*rank, Reverse(numbers(&media.name)))).map(|(_, media)| media)
}

/// The best media type that is no JSON: what can be read as a document, or else text, or else any.
pub(super) fn best_other<'m, 'n>(media: &'m [Media<'n>]) -> Option<&'m Media<'n>> {
    let rank = |media: &&Media<'_>| match essence(&media.name) {
        _ if format(&media.name) != "binary" => 0,
        other if other.starts_with("text/") => 1,
        other if other.contains('*') => 3,
        _ => 2,
    };
    media.iter().min_by_key(|media| (rank(media), Reverse(numbers(&media.name))))
}

/// The format of a response of this media type, as a capability says it.
pub(crate) fn format(media_type: &str) -> &'static str {
    match essence(media_type).as_str() {
        "text/csv" => "csv",
        "text/tab-separated-values" => "tsv",
        "application/yaml" | "application/x-yaml" | "text/yaml" | "text/x-yaml" => "yaml",
        "application/xml" | "text/xml" => "xml",
        // Pictures and pages in XML are no documents with values.
        other if other.ends_with("+xml") && !other.starts_with("image/") && !other.contains("xhtml") => "xml",
        _ => "binary",
    }
}

/// The numbers in a media type, such as those of its version: `vnd.x.v10+json` is newer than `vnd.x.v9+json`.
fn numbers(media_type: &str) -> Vec<u64> {
    media_type.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}
