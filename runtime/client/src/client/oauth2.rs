//! Tokens of an authorization server, by the client credentials grant (RFC 6749 §4.4) or with a refresh token (§6).

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use naftiko_schema::{OAuth2, Template};
use secrecy::{ExposeSecret as _, SecretString};

use super::ConfigError;
use super::credential::render;
use super::single_flight::{Flight, Outcome};
use super::token::TokenProvider;
use super::token_endpoint::TokenEndpoint;
use crate::encoding::pair;
use crate::transport::{BoxError, BoxFuture};

/// Gets access tokens from an authorization server, and keeps each until shortly before it expires. Concurrent calls that
/// need a token share one request, and its failure. Cloning is cheap, and clones share the token.
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
    token: Mutex<Option<Flight<Failed>>>,
}

/// Why there is no token, for all calls that waited for it.
type Failed = Arc<dyn Error + Send + Sync>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        let endpoint = TokenEndpoint::new(endpoint, id.into(), secret.into())?;
        Ok(Self::with(endpoint, scope.into_iter().map(|scope| ("scope", scope)), None))
    }

    /// What a capability says, with the values of its variables.
    pub(super) fn of(source: &OAuth2, variables: &[SecretString]) -> Result<Self, ConfigError> {
        let value = |template: &Template| render(template, variables);
        let given = |template: &Template| (!template.parts.is_empty()).then(|| value(template));
        let (endpoint, id, secret) = (value(&source.endpoint), value(&source.client_id), value(&source.client_secret));
        let endpoint = TokenEndpoint::new(endpoint.expose_secret().trim(), id.expose_secret().to_owned(), secret)?;
        let about_token = [
            ("scope", given(&source.scope)),
            ("audience", source.audience.as_ref().map(value)),
            ("resource", source.resource.as_ref().map(value)),
        ];
        let about_token = about_token.iter().filter_map(|(name, value)| Some((*name, value.as_ref()?.expose_secret())));
        Ok(Self::with(endpoint, about_token, given(&source.refresh_token)))
    }

    /// With these pairs in the form.
    fn with<'p>(
        endpoint: TokenEndpoint,
        pairs: impl Iterator<Item = (&'p str, &'p str)>,
        refresh: Option<SecretString>,
    ) -> Self {
        let form = pairs.map(|(name, value)| format!("&{}", pair(name, value))).collect::<String>().into();
        let state = Arc::new(State { refresh: refresh.map(Mutex::new), token: Mutex::default() });
        Self { endpoint: Arc::new(endpoint), form, state }
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

    /// The token that is kept, or that of the request that is running, or of a new one.
    fn current(&self) -> Flight<Failed> {
        let mut known = lock(&self.state.token);
        match known.take().filter(Flight::is_usable) {
            Some(flight) => known.insert(flight).clone(),
            None => {
                let own = self.clone();
                known.insert(Flight::start(async move { own.grant().await })).clone()
            }
        }
    }

    async fn grant(&self) -> Outcome<Failed> {
        let refresh = self.state.refresh.as_ref();
        let grant = match refresh {
            Some(refresh) => {
                let token = pair("refresh_token", lock(refresh).expose_secret());
                format!("{}&{token}", pair("grant_type", "refresh_token"))
            }
            None => pair("grant_type", "client_credentials"),
        };
        let granted = self.endpoint.grant(format!("{grant}{}", self.form)).await?;
        if let (Some(refresh), Some(next)) = (refresh, granted.refresh) {
            *lock(refresh) = next;
        }
        Ok((granted.token, granted.until))
    }
}

impl TokenProvider for ClientCredentials {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        let flight = self.current();
        Box::pin(async move { Ok(flight.token().await?) })
    }

    fn refused<'a>(&'a self, token: &'a SecretString) -> BoxFuture<'a, bool> {
        // Another call may have replaced it already.
        lock(&self.state.token).take_if(|flight| flight.has_granted(token));
        Box::pin(async { true })
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("endpoint", &self.endpoint.shown())
            .field("id", &self.endpoint.id)
            .finish_non_exhaustive()
    }
}
