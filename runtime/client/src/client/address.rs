//! The URIs that credentials may be sent to.

use url::Url;

use super::ConfigError;

/// Parses a base URI. Credentials must not travel in clear text, so plain `http` is accepted only for this machine, or if it
/// is explicitly allowed.
pub fn parse_base_uri(text: &str, allow_plain_http: bool) -> Result<Url, ConfigError> {
    let url = parse_endpoint(text, allow_plain_http)?;
    if url.query().is_some() { Err(ConfigError::BaseUri) } else { Ok(url) }
}

/// Parses a URI that credentials are sent to. It may have a query.
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

/// Whether a URI is plain http to this machine.
pub(super) fn is_local(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "http" && loopback
}
