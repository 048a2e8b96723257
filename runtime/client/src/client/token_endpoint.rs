//! Requests to a token endpoint (RFC 6749 §3.2), and what it grants.

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use naftiko_schema::http::percent_encode;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::address::parse_endpoint;
use super::credential::basic;
use super::{ConfigError, authority};
use crate::format::from_json;
use crate::text::without_keys;
use crate::transport::BoxError;

/// A token is replaced this long before it expires, because requests take time to arrive; after half of its lifetime, if that is
/// later.
const MARGIN: Duration = Duration::from_secs(30);
/// The lifetime of a token if the server does not return one (it is optional in RFC 6749 §5.1).
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);
/// The longest error code, in bytes.
const CODE_LIMIT: usize = 64;
/// The largest response, in bytes.
const LIMIT: usize = 64 << 10;

/// A token endpoint, and the client that it knows.
pub(super) struct TokenEndpoint {
    url: Url,
    pub(super) id: String,
    secret: SecretString,
    http: reqwest::Client,
}

/// What the endpoint granted.
pub(super) struct Granted {
    pub(super) token: SecretString,
    /// When the token should be replaced.
    pub(super) until: Instant,
    pub(super) refresh: Option<SecretString>,
    /// What kind of token it is, in lower case; empty if the endpoint does not say.
    pub(super) kind: String,
}

/// The endpoint refused a request (RFC 6749 §5.2). Only the code is kept, because descriptions may quote the request.
#[derive(Debug, thiserror::Error)]
#[error("the authorization server responded with {status}: {code}")]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) code: String,
}

#[derive(Deserialize)]
struct Document {
    access_token: String,
    token_type: Option<String>,
    expires_in: Option<Value>,
    refresh_token: Option<String>,
}

impl TokenEndpoint {
    pub(super) fn new(endpoint: &str, id: String, secret: SecretString) -> Result<Self, ConfigError> {
        let url = parse_endpoint(endpoint, false).map_err(|_| ConfigError::TokenEndpoint)?;
        let http = authority::client(&url, Duration::from_secs(30))?;
        Ok(Self { url, id, secret, http })
    }

    /// Its URI without the query, which may hold a key.
    pub(super) fn shown(&self) -> Cow<'_, str> {
        without_keys(self.url.as_str())
    }

    /// An error code as messages have it. One that repeats a secret of the request is not shown, and what is longer than any code
    /// may be a token.
    fn shown_code(&self, code: &str, form: &str) -> String {
        let is_secret = |name: &str| name.ends_with("_token") || name.ends_with("_secret") || name == "assertion";
        let of_form =
            url::form_urlencoded::parse(form.as_bytes()).filter(|(name, _)| is_secret(name)).map(|(_, text)| text);
        let mut secrets = of_form.chain([self.secret.expose_secret().into()]).filter(|secret| !secret.is_empty());
        if code.len() > CODE_LIMIT || secrets.any(|secret| code.contains(&*secret)) {
            return "an error code that cannot be shown".to_owned();
        }
        code.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect()
    }

    /// Sends a form.
    pub(super) async fn grant(&self, form: String) -> Result<Granted, BoxError> {
        // RFC 6749 §2.3.1 requires both to be encoded before they are joined.
        let credential = basic(&percent_encode(&self.id), &percent_encode(self.secret.expose_secret()));
        let mut credential = HeaderValue::try_from(credential)?;
        credential.set_sensitive(true);
        let requested_at = Instant::now();
        let request = self
            .http
            .post(self.url.clone())
            .header(AUTHORIZATION, credential)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.clone());
        let (status, body) = authority::send(request, LIMIT).await?;
        if !status.is_success() {
            let document: Value = from_json(&body).unwrap_or_default();
            let code = document.get("error").and_then(Value::as_str).unwrap_or("no error code");
            return Err(Refused { status, code: self.shown_code(code, &form) }.into());
        }
        // The message of serde might quote the token.
        let document = from_json::<Document>(&body).ok().filter(|document| !document.access_token.trim().is_empty());
        let document = document.ok_or("the authorization server's response contains no access token")?;
        let lifetime = usable(document.expires_in.as_ref().and_then(seconds).unwrap_or(DEFAULT_LIFETIME));
        Ok(Granted {
            token: document.access_token.into(),
            until: requested_at.checked_add(lifetime).unwrap_or(requested_at),
            refresh: document.refresh_token.map(SecretString::from),
            kind: document.token_type.unwrap_or_default().to_ascii_lowercase(),
        })
    }
}

/// For how long a token with this lifetime is used.
fn usable(lifetime: Duration) -> Duration {
    lifetime.saturating_sub(MARGIN.min(lifetime / 2))
}

/// Seconds, as a number, or as text from some servers. What is over already is no time.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    if seconds < 0.0 { Some(Duration::ZERO) } else { Duration::try_from_secs_f64(seconds).ok() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn error_codes_are_shown_without_secrets_and_control_characters() {
        let endpoint = TokenEndpoint::new("https://as.test/token", "me".to_owned(), "client-secret".into());
        let endpoint = endpoint.expect("it is set up");
        let form = "grant_type=x&subject_token=of%20ada&subject_token_type=invalid_grant";
        let hidden = "an error code that cannot be shown";
        for (code, shown) in [
            ("invalid_grant", "invalid_grant"),
            ("a\u{1b}[31m\nb", "a[31mb"),
            ("is client-secret right?", hidden),
            ("of ada", hidden),
            (&"x".repeat(65), hidden),
        ] {
            assert_eq!(endpoint.shown_code(code, form), shown);
        }
    }

    #[test]
    fn lifetimes_are_numbers_or_texts_and_never_negative() {
        for (value, expected) in [
            (json!(3600), Some(3570)),
            (json!("3600"), Some(3570)),
            (json!(60), Some(30)),
            (json!(30), Some(15)),
            (json!(0), Some(0)),
            (json!(-1), Some(0)),
            (json!("-5"), Some(0)),
            (json!(-1e300), Some(0)),
            (json!(1e300), None),
            (json!("NaN"), None),
            (json!("soon"), None),
            (json!(null), None),
        ] {
            assert_eq!(seconds(&value).map(|lifetime| usable(lifetime).as_secs()), expected, "{value}");
        }
    }
}
