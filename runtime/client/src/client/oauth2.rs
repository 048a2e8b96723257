//! Tokens of an authorization server, by the client credentials grant (RFC 6749 §4.4) or with a refresh token (§6).

use std::fmt;
use std::sync::Arc;

use naftiko_schema::{OAuth2, Template};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::ConfigError;
use super::credential::render;
use super::token::TokenProvider;
use super::token_endpoint::TokenEndpoint;
use crate::encoding::pair;
use crate::transport::{BoxError, BoxFuture};

/// Gets access tokens from an authorization server, and keeps each until shortly before it expires. Concurrent calls that
/// need a token share one request. Cloning is cheap, and clones share the token.
#[derive(Clone)]
#[must_use]
pub struct ClientCredentials {
    endpoint: Arc<TokenEndpoint>,
    /// The pairs of the form after the grant, each after `&`.
    form: Arc<str>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// The latest refresh token, which the server may replace.
    refresh: Option<Mutex<SecretString>>,
    token: Mutex<Option<(SecretString, Instant)>>,
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
        let endpoint = Arc::new(TokenEndpoint::new(endpoint, id, secret)?);
        let form = scope.map(|scope| format!("&{}", pair("scope", scope))).unwrap_or_default().into();
        let state = Arc::new(State { refresh: refresh.map(Mutex::new), token: Mutex::default() });
        Ok(Self { endpoint, form, state })
    }

    /// Asks for tokens for this audience, in addition to others: a name that the authorization server knows.
    pub fn audience(self, audience: &str) -> Self {
        self.asking("audience", audience)
    }

    /// Asks for tokens for this resource, in addition to others: an absolute URI (RFC 8707 §2).
    pub fn resource(self, resource: &str) -> Self {
        self.asking("resource", resource)
    }

    /// The same with another pair in its form, for which there is no token yet.
    fn asking(self, name: &str, value: &str) -> Self {
        Self { form: format!("{}&{}", self.form, pair(name, value)).into(), state: Arc::default(), ..self }
    }

    async fn current(&self) -> Result<SecretString, BoxError> {
        let mut known = self.state.token.lock().await;
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
        let refresh = self.state.refresh.as_ref();
        let grant = match refresh {
            Some(refresh) => {
                let token = pair("refresh_token", refresh.lock().await.expose_secret());
                format!("{}&{token}", pair("grant_type", "refresh_token"))
            }
            None => pair("grant_type", "client_credentials"),
        };
        let form = format!("{grant}{}", self.form);
        let granted = self.endpoint.grant(form).await?;
        if let (Some(refresh), Some(next)) = (refresh, granted.refresh) {
            *refresh.lock().await = next;
        }
        Ok((granted.token, granted.until))
    }
}

impl TokenProvider for ClientCredentials {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        // Other calls wait for this request too, so it continues if this call is cancelled.
        let own = self.clone();
        Box::pin(async move { tokio::spawn(async move { own.current().await }).await? })
    }

    fn refused<'a>(&'a self, token: &'a SecretString) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let mut known = self.state.token.lock().await;
            // Another call may have replaced it already.
            known.take_if(|(kept, _)| kept.expose_secret() == token.expose_secret());
            true
        })
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("endpoint", &self.endpoint.url.as_str())
            .field("id", &self.endpoint.id)
            .finish_non_exhaustive()
    }
}
