//! What of an upstream's body models may read.

use std::borrow::Cow;

use naftiko_adapter::numbers;
use naftiko_client::__private::is_json;
use naftiko_schema::Target;
use serde_json::Value;

use super::content::{self, Body};
use super::mask::{MASK, clean, cleaned, has_secrets, returns_secrets};

/// A text as models may read it.
pub(super) struct Shown {
    pub(super) text: String,
    /// The document that it is, if it is JSON.
    pub(super) document: Option<Value>,
    /// Whether secrets are masked in it.
    pub(super) masked: bool,
}

impl Shown {
    /// A body that is not shown.
    pub(super) fn hidden() -> Self {
        Self { text: MASK.to_owned(), document: None, masked: true }
    }

    /// A body that is text. A document without secrets stays as it was written.
    pub(super) fn text(target: &Target, reveals: bool, media_type: Option<&str>, text: Cow<'_, str>) -> Self {
        match numbers::read(text.as_bytes()) {
            Ok(mut document) => {
                let changes = clean(target, reveals, &mut document);
                // Of members with one name, the document has only the last, and the others were not looked at.
                let is_new = changes.any() || (!reveals && numbers::repeats_names(text.as_bytes(), &document));
                let text = if is_new { numbers::write(&document) } else { text.into_owned() };
                Self { text, document: Some(document), masked: changes.masked }
            }
            // JSON that is nested too deeply, or has what is no text, may contain secrets anywhere.
            Err(_) if !reveals && is_json(text.as_bytes()) => Self::hidden(),
            Err(_) => match cleaned(target, reveals, &text, content::is_structured(media_type)) {
                Some((text, changes)) => Self { text, document: None, masked: changes.masked },
                None => Self { text: text.into_owned(), document: None, masked: false },
            },
        }
    }
}

/// Whether a body that is passed on as bytes of this media type may be shown. Bytes that are text have no more in them than the
/// text may have.
pub(super) fn shows_bytes(target: &Target, reveals: bool, media_type: Option<&str>, body: &[u8]) -> bool {
    let is_masked = || match content::read(media_type, body) {
        Body::Text(text) => Shown::text(target, false, media_type, text).masked,
        // What says that it is text, and is not, may be text in a way that nothing here reads.
        Body::Unreadable => true,
        Body::Bytes(_) => false,
    };
    reveals || !(returns_secrets(target) || has_secrets(body) || is_masked())
}
