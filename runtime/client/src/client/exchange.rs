//! Tokens for callers, by exchanging the tokens that they sent (RFC 8693).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};

use super::ConfigError;
use super::recent::Recent;
use super::single_flight::{Flight, Outcome};
use super::token::TokenProvider;
use super::token_endpoint::{Granted, Refused, TokenEndpoint};
use crate::encoding::pair;
use crate::error::NotForCaller;
use crate::transport::{BoxError, BoxFuture};

/// How many tokens are kept unless set.
const CAPACITY: usize = 1024;
/// The type of the tokens that are exchanged, and of those that are asked for (RFC 8693 §3).
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// Exchanges access tokens of callers for tokens that the upstream accepts, at the token endpoint of an authorization server
/// (RFC 8693). Each token is kept until shortly before it expires, for its principal and the token that it was exchanged for.
/// Concurrent calls of one caller share one request, and no caller gets the token of another. Cloning is cheap, and clones share
/// the tokens.
#[derive(Clone)]
#[must_use]
pub struct TokenExchange {
    endpoint: Arc<TokenEndpoint>,
    /// The pairs of the form that are the same for all callers.
    form: Arc<str>,
    capacity: usize,
    known: Arc<Mutex<Recent<Arc<Caller>, Flight<Failed>>>>,
}

/// Who a token is for.
struct Caller {
    principal: String,
    token: SecretString,
}

impl PartialEq for Caller {
    fn eq(&self, other: &Self) -> bool {
        self.principal == other.principal && self.token.expose_secret() == other.token.expose_secret()
    }
}

impl Eq for Caller {}

impl Hash for Caller {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.principal.hash(state);
        self.token.expose_secret().hash(state);
    }
}

/// Why an exchange failed. All calls that waited for it fail for the same reason.
#[derive(Clone)]
enum Failed {
    Unauthorized(String),
    Forbidden(String),
    Other(Arc<str>),
}

impl From<BoxError> for Failed {
    /// RFC 6749 §5.2 and RFC 8693 §2.2.2: what is not about the caller's token or rights is about this client.
    fn from(error: BoxError) -> Self {
        let Some(Refused { status, code }) = error.downcast_ref() else {
            return Self::Other(format!("the token of the caller cannot be exchanged: {error}").into());
        };
        match &**code {
            "invalid_grant" => Self::Unauthorized(format!(
                "the authorization server of the upstream does not accept the caller's token: {code}"
            )),
            "invalid_client" | "unauthorized_client" => Self::Other(error.to_string().into()),
            "access_denied" | "insufficient_scope" => Self::forbidden(code),
            _ if *status == StatusCode::FORBIDDEN => Self::forbidden(code),
            _ => Self::Other(error.to_string().into()),
        }
    }
}

impl Failed {
    fn forbidden(code: &str) -> Self {
        Self::Forbidden(format!("the authorization server of the upstream gives this caller no token: {code}"))
    }

    fn into_error(self) -> BoxError {
        match self {
            Self::Unauthorized(reason) => NotForCaller::Unauthorized(reason).into(),
            Self::Forbidden(reason) => NotForCaller::Forbidden(reason).into(),
            Self::Other(reason) => (*reason).into(),
        }
    }
}

impl TokenExchange {
    /// Exchanges tokens at this token endpoint, as this client.
    ///
    /// # Errors
    /// If the endpoint is not an absolute https URI (plain http is allowed for this machine only), or TLS cannot be set up.
    pub fn new(endpoint: &str, id: impl Into<String>, secret: impl Into<SecretString>) -> Result<Self, ConfigError> {
        let endpoint = TokenEndpoint::new(endpoint, id.into(), secret.into())?;
        let form = [
            pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            pair("subject_token_type", ACCESS_TOKEN),
            pair("requested_token_type", ACCESS_TOKEN),
        ];
        Ok(Self {
            endpoint: Arc::new(endpoint),
            form: form.join("&").into(),
            capacity: CAPACITY,
            known: Arc::default(),
        })
    }

    /// Asks for tokens for this audience, in addition to others (RFC 8693 §2.1): a name that the authorization server knows.
    pub fn audience(self, audience: &str) -> Self {
        self.with("audience", audience)
    }

    /// Asks for tokens for this resource, in addition to others: an absolute URI (RFC 8707 §2).
    pub fn resource(self, resource: &str) -> Self {
        self.with("resource", resource)
    }

    /// Asks for these scopes, separated by spaces (RFC 6749 §3.3).
    pub fn scope(self, scope: &str) -> Self {
        self.with("scope", scope)
    }

    /// Keeps at most this many tokens, and one at least; 1024 unless set. The one that was not used for the longest time is
    /// dropped.
    pub fn capacity(self, tokens: usize) -> Self {
        Self { capacity: tokens.max(1), ..self }
    }

    /// The same exchange with another pair in its form, for which there are no tokens yet.
    fn with(self, name: &str, value: &str) -> Self {
        Self { form: format!("{}&{}", self.form, pair(name, value)).into(), known: Arc::default(), ..self }
    }

    /// A provider of the token of one caller, for [`Call::credential_provider`](crate::Call::credential_provider). The application
    /// must have verified the caller's token. Principals that differ never share a token.
    pub fn for_caller(&self, principal: &str, token: SecretString) -> impl TokenProvider + use<> {
        OfCaller { exchange: self.clone(), caller: Arc::new(Caller { principal: principal.to_owned(), token }) }
    }

    /// The token of a caller: the one that is kept, or the outcome of the exchange that is running, or of a new one.
    fn exchange(&self, caller: &Arc<Caller>) -> Flight<Failed> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(exchange) = known.get(caller).filter(|exchange| exchange.is_usable()) {
            return exchange.clone();
        }
        let (endpoint, form, token) = (Arc::clone(&self.endpoint), Arc::clone(&self.form), caller.token.clone());
        let exchange = Flight::start(async move { request(&endpoint, &form, &token).await });
        known.insert(Arc::clone(caller), exchange.clone());
        if known.len() > self.capacity {
            known.remove_oldest();
        }
        exchange
    }
}

async fn request(endpoint: &TokenEndpoint, form: &str, token: &SecretString) -> Outcome<Failed> {
    let form = format!("{form}&{}", pair("subject_token", token.expose_secret()));
    let Granted { token, until, kind, .. } = endpoint.grant(form).await?;
    // The client cannot prove the possession of a key, and other types are no access tokens (RFC 8693 §2.2.1).
    if matches!(&*kind, "" | "bearer") {
        Ok((token, until))
    } else {
        Err(Failed::Other("the authorization server returned a token that is no bearer token".into()))
    }
}

/// The provider of the token of one caller.
struct OfCaller {
    exchange: TokenExchange,
    caller: Arc<Caller>,
}

impl TokenProvider for OfCaller {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        let exchange = self.exchange.exchange(&self.caller);
        Box::pin(async move { exchange.token().await.map_err(Failed::into_error) })
    }

    fn refused<'a>(&'a self, token: &'a SecretString) -> BoxFuture<'a, bool> {
        let mut known = self.exchange.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Another call may have replaced it already.
        if known.peek(&self.caller).is_some_and(|exchange| exchange.has_granted(token)) {
            known.remove(&self.caller);
        }
        Box::pin(async { true })
    }
}

impl fmt::Debug for TokenExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchange")
            .field("endpoint", &self.endpoint.shown())
            .field("id", &self.endpoint.id)
            .finish_non_exhaustive()
    }
}
