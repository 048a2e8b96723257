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
    pub(super) credential: Credential,
}

pub(super) enum Credential {
    None,
    Header(HeaderName, HeaderValue),
    Query(&'static str, SecretString),
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
        let text = |template| render(template, variables);
        let credential = match api.authentication {
            Authentication::None => Credential::None,
            Authentication::Query { name, value } => Credential::Query(name, text(value)),
            Authentication::Header { name, value } => {
                let name =
                    HeaderName::try_from(name).map_err(|_| ConfigError::Credential { capability: capability.name })?;
                Credential::Header(name, header(capability, text(value).expose_secret())?)
            }
            Authentication::Bearer { token } => {
                let value = format!("Bearer {}", text(token).expose_secret());
                Credential::Header(AUTHORIZATION, header(capability, &value)?)
            }
            Authentication::Basic { username, password } => {
                let pair = format!("{}:{}", text(username).expose_secret(), text(password).expose_secret());
                let value = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
                Credential::Header(AUTHORIZATION, header(capability, &value)?)
            }
        };
        Ok(Self { base_uri, credential })
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

fn header(capability: &Capability, value: &str) -> Result<HeaderValue, ConfigError> {
    let mut value =
        HeaderValue::from_str(value).map_err(|_| ConfigError::Credential { capability: capability.name })?;
    value.set_sensitive(true);
    Ok(value)
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
