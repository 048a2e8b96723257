//! The secrets of a client and the credentials made of them.

use base64::Engine as _;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::ConfigError;
use crate::operation::{Api, Authentication, Capability, Template, TemplatePart};

/// A consumed API, configured: where it is and what proves who we are. It has no `Debug`.
pub(super) struct ConfiguredApi {
    pub(super) base_uri: Url,
    pub(super) credentials: Vec<Credential>,
}

pub(super) enum Credential {
    Header(HeaderName, HeaderValue),
    Query(&'static str, SecretString),
    Cookie(&'static str, SecretString),
}

impl ConfiguredApi {
    pub(super) fn new(
        capability: &Capability,
        api: &Api,
        base_uri: Option<&str>,
        allow_plain_http: bool,
        variables: &[SecretString],
    ) -> Result<Self, ConfigError> {
        let uri = base_uri.or(api.base_uri).ok_or(ConfigError::NoBaseUri { namespace: api.namespace })?;
        let base_uri = parse_base_uri(uri, allow_plain_http)?;
        let credentials = api.authentication.iter().map(|authentication| {
            Credential::new(authentication, variables).ok_or(ConfigError::Credential { capability: capability.name })
        });
        Ok(Self { base_uri, credentials: credentials.collect::<Result<_, _>>()? })
    }
}

impl Credential {
    /// The credential, unless its place in a request cannot hold it.
    fn new(authentication: &Authentication, variables: &[SecretString]) -> Option<Self> {
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
                let pair = format!("{}:{}", text(username).expose_secret(), text(password).expose_secret());
                let value = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
                Self::Header(AUTHORIZATION, header(&value)?)
            }
        })
    }
}

pub(super) fn render(template: Template, variables: &[SecretString]) -> SecretString {
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

/// A credential must not travel in clear text, so plain `http` is for this machine only, or for whoever asks for it.
fn parse_base_uri(text: &str, allow_plain_http: bool) -> Result<Url, ConfigError> {
    let url = Url::parse(text).map_err(|_| ConfigError::BaseUri)?;
    if !matches!(url.scheme(), "http" | "https")
        || url.host().is_none()
        || url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(ConfigError::BaseUri);
    }
    let loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if url.scheme() == "http" && !loopback && !allow_plain_http {
        return Err(ConfigError::PlainHttp);
    }
    Ok(url)
}
