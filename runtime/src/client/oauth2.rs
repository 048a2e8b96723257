//! Tokens of an authorization server, by the client credentials grant (RFC 6749 §4.4).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::credential::{basic, parse_endpoint};
use super::token::TokenProvider;
use super::{BoxError, BoxFuture, ConfigError, authority};
use crate::encoding::{encode, pair};

/// A token is replaced this long before it expires: it may take a while to arrive.
const MARGIN: Duration = Duration::from_secs(30);
/// How long a token is kept whose server does not say (RFC 6749 §5.1 leaves it open).
const UNSAID: Duration = Duration::from_secs(300);
/// How much of an answer is read, in bytes.
const LIMIT: usize = 64 << 10;

/// Gets access tokens from an authorization server, and keeps each until shortly before it expires. Calls that need one
/// at the same time wait for one request. Cloning is cheap, and clones share the token.
#[derive(Clone)]
#[must_use]
pub struct ClientCredentials(Arc<Inner>);

struct Inner {
    endpoint: Url,
    id: String,
    secret: SecretString,
    scope: Option<String>,
    http: reqwest::Client,
    token: Mutex<Option<(SecretString, Instant)>>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<Value>,
}

impl ClientCredentials {
    /// Asks this token endpoint, as this client. `scope` may name several, with blanks between them (RFC 6749 §3.3).
    ///
    /// # Errors
    /// When the endpoint is no absolute https URI (plain http is for this machine only), or when TLS cannot be set up.
    pub fn new(
        endpoint: &str,
        id: impl Into<String>,
        secret: impl Into<SecretString>,
        scope: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let endpoint = parse_endpoint(endpoint, false)?;
        let http = authority::client(&endpoint, Duration::from_secs(30))?;
        let (id, secret, scope) = (id.into(), secret.into(), scope.map(str::to_owned));
        Ok(Self(Arc::new(Inner { endpoint, id, secret, scope, http, token: Mutex::new(None) })))
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
        let Inner { endpoint, id, secret, scope, http, .. } = &*self.0;
        // RFC 6749 §2.3.1 wants both encoded before they are joined.
        let proof = basic(&encode(id), &encode(secret.expose_secret()));
        let mut proof = HeaderValue::try_from(proof)?;
        proof.set_sensitive(true);
        let mut form = pair("grant_type", "client_credentials");
        if let Some(scope) = scope {
            form.push_str(&format!("&{}", pair("scope", scope)));
        }
        let asked = Instant::now();
        let request = http
            .post(endpoint.clone())
            .header(AUTHORIZATION, proof)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let (status, body) = authority::answer(request, LIMIT).await?;
        if !status.is_success() {
            // Only the word for programs is repeated: descriptions may quote the request.
            let document: Value = serde_json::from_slice(&body).unwrap_or_default();
            let code = document.get("error").and_then(Value::as_str).unwrap_or("no error code");
            let code: String = code.chars().filter(char::is_ascii_graphic).take(64).collect();
            return Err(format!("the authorization server answered {status}: {code}").into());
        }
        // What serde says might quote the token.
        let granted: Granted =
            serde_json::from_slice(&body).map_err(|_| "the authorization server's answer holds no access token")?;
        let lifetime = granted.expires_in.as_ref().and_then(seconds).unwrap_or(UNSAID).saturating_sub(MARGIN);
        Ok((granted.access_token.into(), asked.checked_add(lifetime).unwrap_or(asked)))
    }
}

/// Seconds, as a number or, as some servers have it, as text.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    Duration::try_from_secs_f64(seconds).ok()
}

impl TokenProvider for ClientCredentials {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        // What one call has begun others wait for, so it goes on when that call is given up.
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
