//! Tokens of an authorization server, by the client credentials grant (RFC 6749 §4.4) or with a refresh token (§6).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use naftiko_schema::http::percent_encode;
use naftiko_schema::{OAuth2, Template};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::address::parse_endpoint;
use super::credential::{basic, render};
use super::token::TokenProvider;
use super::{ConfigError, authority};
use crate::encoding::pair;
use crate::transport::{BoxError, BoxFuture};

/// A token is replaced this long before it expires, because requests take time to arrive.
const MARGIN: Duration = Duration::from_secs(30);
/// The lifetime of a token if the server does not return one (it is optional in RFC 6749 §5.1).
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);
/// The largest response, in bytes.
const LIMIT: usize = 64 << 10;

/// Gets access tokens from an authorization server, and keeps each until shortly before it expires. Concurrent calls that
/// need a token share one request. Cloning is cheap, and clones share the token.
#[derive(Clone)]
#[must_use]
pub struct ClientCredentials(Arc<Inner>);

struct Inner {
    endpoint: Url,
    id: String,
    secret: SecretString,
    scope: Option<String>,
    /// The latest refresh token, which the server may replace.
    refresh: Option<Mutex<SecretString>>,
    http: reqwest::Client,
    token: Mutex<Option<(SecretString, Instant)>>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<Value>,
    refresh_token: Option<String>,
}

impl ClientCredentials {
    /// A provider for this token endpoint and this client. `scope` may have several scopes, separated by spaces (RFC 6749
    /// §3.3).
    ///
    /// # Errors
    /// If the endpoint is not an absolute https URI (plain http is allowed for this machine only), or TLS cannot be set up.
    pub fn new(
        endpoint: &str,
        id: impl Into<String>,
        secret: impl Into<SecretString>,
        scope: Option<&str>,
    ) -> Result<Self, ConfigError> {
        Self::with(endpoint, id.into(), secret.into(), scope, None)
    }

    /// What a capability says, with the values of its variables.
    pub(super) fn of(source: &OAuth2, variables: &[SecretString]) -> Result<Self, ConfigError> {
        let value = |template: &Template| render(template, variables);
        let given = |template: &Template| (!template.parts.is_empty()).then(|| value(template));
        let (endpoint, id, scope) = (value(&source.endpoint), value(&source.client_id), given(&source.scope));
        let scope = scope.as_ref().map(|scope| scope.expose_secret());
        let refresh = given(&source.refresh_token);
        Self::with(
            endpoint.expose_secret().trim(),
            id.expose_secret().to_owned(),
            value(&source.client_secret),
            scope,
            refresh,
        )
    }

    fn with(
        endpoint: &str,
        id: String,
        secret: SecretString,
        scope: Option<&str>,
        refresh: Option<SecretString>,
    ) -> Result<Self, ConfigError> {
        let endpoint = parse_endpoint(endpoint, false)?;
        let http = authority::client(&endpoint, Duration::from_secs(30))?;
        let (scope, refresh) = (scope.map(str::to_owned), refresh.map(Mutex::new));
        Ok(Self(Arc::new(Inner { endpoint, id, secret, scope, refresh, http, token: Mutex::new(None) })))
    }

    async fn current(&self) -> Result<SecretString, BoxError> {
        let mut known = self.0.token.lock().await;
        if let Some((token, until)) = &*known
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        let granted = self.grant().await?;
        let token = granted.0.clone();
        *known = Some(granted);
        Ok(token)
    }

    async fn grant(&self) -> Result<(SecretString, Instant), BoxError> {
        let Inner { endpoint, id, secret, scope, refresh, http, .. } = &*self.0;
        // RFC 6749 §2.3.1 requires both to be encoded before they are joined.
        let credential = basic(&percent_encode(id), &percent_encode(secret.expose_secret()));
        let mut credential = HeaderValue::try_from(credential)?;
        credential.set_sensitive(true);
        let mut form = match refresh {
            Some(refresh) => {
                let token = pair("refresh_token", refresh.lock().await.expose_secret());
                format!("{}&{token}", pair("grant_type", "refresh_token"))
            }
            None => pair("grant_type", "client_credentials"),
        };
        if let Some(scope) = scope {
            form.push_str(&format!("&{}", pair("scope", scope)));
        }
        let requested_at = Instant::now();
        let request = http
            .post(endpoint.clone())
            .header(AUTHORIZATION, credential)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let (status, body) = authority::send(request, LIMIT).await?;
        if !status.is_success() {
            // Only the error code is repeated, because descriptions may quote the request.
            let document: Value = serde_json::from_slice(&body).unwrap_or_default();
            let code = document.get("error").and_then(Value::as_str).unwrap_or("no error code");
            let code: String = code.chars().filter(char::is_ascii_graphic).take(64).collect();
            return Err(format!("the authorization server responded with {status}: {code}").into());
        }
        // The message of serde might quote the token.
        let granted: Granted = serde_json::from_slice(&body)
            .map_err(|_| "the authorization server's response contains no access token")?;
        if let (Some(refresh), Some(next)) = (refresh, granted.refresh_token) {
            *refresh.lock().await = next.into();
        }
        let lifetime = granted.expires_in.as_ref().and_then(seconds).unwrap_or(DEFAULT_LIFETIME).saturating_sub(MARGIN);
        Ok((granted.access_token.into(), requested_at.checked_add(lifetime).unwrap_or(requested_at)))
    }
}

/// Seconds, as a number, or as text from some servers.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    Duration::try_from_secs_f64(seconds).ok()
}

impl TokenProvider for ClientCredentials {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        // Other calls wait for this request too, so it continues if this call is cancelled.
        let own = self.clone();
        Box::pin(async move { tokio::spawn(async move { own.current().await }).await? })
    }

    fn refused<'a>(&'a self, token: &'a SecretString) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let mut known = self.0.token.lock().await;
            // Another call may have replaced it already.
            known.take_if(|(kept, _)| kept.expose_secret() == token.expose_secret());
            true
        })
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("endpoint", &self.0.endpoint.as_str())
            .field("id", &self.0.id)
            .finish_non_exhaustive()
    }
}
