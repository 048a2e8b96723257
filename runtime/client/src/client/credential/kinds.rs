//! The kinds of credential: how the value of each is computed.

use base64::Engine as _;
use http::header::{AUTHORIZATION, HeaderName};
use naftiko_schema::{ApiKey, Credential, Location, Template};
use secrecy::{ExposeSecret as _, SecretString};

#[cfg(feature = "digest")]
use super::digest::Login;
#[cfg(feature = "sigv4")]
use super::sigv4::Signing;
use super::{Prepared, header};
use crate::text::REDACTED;

/// The text of a template, with the values of a moment.
pub(super) type Fill<'f> = &'f dyn Fn(&Template) -> SecretString;

/// The credential with its current value; `None` if the value is not valid in its location, or this build has not the feature of
/// the kind.
pub(super) fn prepare(
    credential: &'static Credential,
    fill: Fill<'_>,
    token: Option<&SecretString>,
) -> Option<Prepared> {
    match credential {
        Credential::ApiKey(key) => api_key(key, fill),
        Credential::Bearer(bearer) => authorization(&format!("Bearer {}", fill(&bearer.token).expose_secret())),
        Credential::Basic(credential) => {
            let (username, password) = (fill(&credential.username), fill(&credential.password));
            authorization(&basic(username.expose_secret(), password.expose_secret()))
        }
        Credential::OAuth2(_) => authorization(&format!("Bearer {}", token.map_or(REDACTED, |it| it.expose_secret()))),
        #[cfg(feature = "digest")]
        Credential::Digest(source) => {
            let login = Login { username: fill(&source.username), password: fill(&source.password) };
            login.is_valid().then_some(Prepared::Digest(login))
        }
        #[cfg(feature = "sigv4")]
        Credential::SigV4(source) => {
            let text = |template| fill(template).expose_secret().trim().to_owned();
            let has_token = !source.session_token.parts.is_empty();
            let signing = Signing {
                access_key: text(&source.access_key),
                secret_key: fill(&source.secret_key),
                session_token: has_token.then(|| fill(&source.session_token)),
                region: text(&source.region),
                service: text(&source.service),
            };
            signing.is_valid().then_some(Prepared::Signing(signing))
        }
        Credential::Signed(source) => {
            let members = source.members.iter().map(|member| (&*member.name, fill(&member.value)));
            Some(Prepared::OfSigner(members.collect()))
        }
        #[cfg(not(all(feature = "digest", feature = "sigv4")))]
        _ => None,
    }
}

fn authorization(value: &str) -> Option<Prepared> {
    Some(Prepared::Header(AUTHORIZATION, header(value)?))
}

fn api_key(key: &'static ApiKey, fill: Fill<'_>) -> Option<Prepared> {
    let value = fill(&key.value);
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
