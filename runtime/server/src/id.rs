//! Request ids.

use std::time::{SystemTime, UNIX_EPOCH};

use http::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::{Builder, Uuid};

/// The header with the id of a request, in requests and responses.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is accepted from a client, in bytes.
const ID_LIMIT: usize = 128;

/// The client's id, if it is safe to repeat, or else a new one.
pub(super) fn request_id(headers: &HeaderMap) -> HeaderValue {
    let fits = |id: &&HeaderValue| {
        (1..=ID_LIMIT).contains(&id.len()) && id.as_bytes().iter().all(|byte| byte.is_ascii_graphic())
    };
    if let Some(id) = headers.get(REQUEST_ID).filter(fits) {
        return id.clone();
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // It must be unique, but need not be hard to guess.
    let [random @ .., _, _, _, _, _, _] = fastrand::u128(..).to_ne_bytes();
    let id = Builder::from_unix_timestamp_millis(u64::try_from(now.as_millis()).unwrap_or_default(), &random);
    let mut text = Uuid::encode_buffer();
    let text = id.into_uuid().hyphenated().encode_lower(&mut text);
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}
