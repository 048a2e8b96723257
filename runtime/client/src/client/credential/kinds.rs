//! The kinds of credential: how the value of each is computed.

use base64::Engine as _;
use http::header::{AUTHORIZATION, HeaderName};
use naftiko_schema::{ApiKey, Credential, Location};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Prepared, header, render};
use crate::text::REDACTED;

/// The credential with its current value; `None` if the value is not valid in its location.
pub(super) fn prepare(
    credential: &'static Credential,
    variables: &[SecretString],
    token: Option<&SecretString>,
) -> Option<Prepared> {
    match credential {
        Credential::ApiKey(key) => api_key(key, variables),
        Credential::Bearer(bearer) => {
            let token = render(&bearer.token, variables);
            authorization(&format!("Bearer {}", token.expose_secret()))
        }
        Credential::Basic(credential) => {
            let username = render(&credential.username, variables);
            let password = render(&credential.password, variables);
            authorization(&basic(username.expose_secret(), password.expose_secret()))
        }
        Credential::OAuth2(_) => authorization(&format!("Bearer {}", token.map_or(REDACTED, |it| it.expose_secret()))),
    }
}

fn authorization(value: &str) -> Option<Prepared> {
    Some(Prepared::Header(AUTHORIZATION, header(value)?))
}

fn api_key(key: &'static ApiKey, variables: &[SecretString]) -> Option<Prepared> {
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

/// The value of `Authorization` for a user name and a password (RFC 7617 §2).
pub fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}")))
}
