//! Credentials, and the addresses that they may be sent to.

use base64::Engine as _;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::ConfigError;
use crate::operation::{Authentication, Template, TemplatePart};

pub(super) enum Credential {
    Header(HeaderName, HeaderValue),
    Query(&'static str, SecretString),
    Cookie(&'static str, SecretString),
}

impl Credential {
    /// The credential, unless its place in a request cannot hold it.
    pub(super) fn new(authentication: &Authentication, variables: &[SecretString]) -> Option<Self> {
        let text = |template| render(template, variables);
        Some(match *authentication {
            Authentication::Query { name, value } => Self::Query(name, text(value)),
            Authentication::Cookie { name, value } => {
                // Servers differ in whether they decode cookies, so this one is sent as it is or not at all.
                let value = Some(text(value)).filter(|value| value.expose_secret().bytes().all(is_cookie_octet))?;
                // The name of a cookie and the name of a header are the same kind of token (RFC 6265 §4.1.1).
                HeaderName::try_from(name).ok()?;
                Self::Cookie(name, value)
            }
            Authentication::Header { name, value } => {
                Self::Header(HeaderName::try_from(name).ok()?, header(text(value).expose_secret())?)
            }
            Authentication::Bearer { token } => {
                Self::Header(AUTHORIZATION, header(&format!("Bearer {}", text(token).expose_secret()))?)
            }
            Authentication::Basic { username, password } => {
                let value = basic(text(username).expose_secret(), text(password).expose_secret());
                Self::Header(AUTHORIZATION, header(&value)?)
            }
        })
    }

    /// The name of the query parameter that it is.
    #[cfg(feature = "test-util")]
    pub(super) fn query_name(&self) -> Option<&'static str> {
        match self {
            Self::Query(name, _) => Some(name),
            Self::Header(..) | Self::Cookie(..) => None,
        }
    }

    /// What proves who we are, as it stands on the wire, without the name of its scheme.
    pub(super) fn telling(&self) -> Option<&str> {
        match self {
            Self::Header(_, value) => value.to_str().ok()?.rsplit(' ').next(),
            Self::Query(_, value) | Self::Cookie(_, value) => Some(value.expose_secret()),
        }
    }
}

/// The value of `Authorization` for a user name and a password (RFC 7617 §2).
pub(crate) fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}")))
}

pub(crate) fn render(template: Template, variables: &[SecretString]) -> SecretString {
    let mut text = String::new();
    for part in template {
        match part {
            TemplatePart::Literal(literal) => text.push_str(literal),
            TemplatePart::Variable(index) => {
                text.push_str(variables.get(*index).map_or("", |variable| variable.expose_secret()));
            }
        }
    }
    text.into()
}

fn header(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// What the value of a cookie may hold (RFC 6265 §4.1.1).
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

/// Reads a base URI. A credential must not travel in clear text, so plain `http` is for this machine only, or for whoever
/// asks for it.
pub(crate) fn parse_base_uri(text: &str, allow_plain_http: bool) -> Result<Url, ConfigError> {
    let url = parse_endpoint(text, allow_plain_http)?;
    if url.query().is_some() { Err(ConfigError::BaseUri) } else { Ok(url) }
}

/// Reads a URI that credentials are sent to, which may have a query.
pub(super) fn parse_endpoint(text: &str, allow_plain_http: bool) -> Result<Url, ConfigError> {
    let url = Url::parse(text).map_err(|_| ConfigError::BaseUri)?;
    if !matches!(url.scheme(), "http" | "https")
        || url.host().is_none()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(ConfigError::BaseUri);
    }
    if url.scheme() == "http" && !is_local(&url) && !allow_plain_http {
        return Err(ConfigError::PlainHttp);
    }
    Ok(url)
}

/// Whether requests to a URI stay on this machine, in clear text.
pub(super) fn is_local(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "http" && loopback
}
