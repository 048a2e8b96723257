//! A key in a header, the query or a cookie.

use http::header::HeaderName;
use naftiko_schema::{ApiKey, Location};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Prepared, header, render};

pub(super) fn prepare(key: &'static ApiKey, variables: &[SecretString]) -> Option<Prepared> {
    let value = render(&key.value, variables);
    match key.location {
        Location::Query => Some(Prepared::Query(&key.name, value)),
        Location::Cookie => {
            // The name of a cookie and the name of a header are the same kind of token (RFC 6265 §4.1.1). Servers differ in
            // whether they decode cookies, so a value that would need encoding is rejected.
            HeaderName::try_from(&*key.name).ok()?;
            value.expose_secret().bytes().all(is_cookie_octet).then_some(Prepared::Cookie(&key.name, value))
        }
        _ => Some(Prepared::Header(HeaderName::try_from(&*key.name).ok()?, header(value.expose_secret())?)),
    }
}

/// Whether a byte is valid in the value of a cookie (RFC 6265 §4.1.1).
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}
