//! Tokens that change during the lifetime of a client.

use std::sync::Arc;

use secrecy::SecretString;

use crate::transport::{BoxError, BoxFuture};

/// Provides the token for every attempt, for example from a file, a vault or an authorization server.
///
/// It is called often, so it should cache the token until that expires.
#[diagnostic::on_unimplemented(
    note = "a function `Fn() -> Result<SecretString, BoxError>` is a provider; for asynchronous code, implement the trait"
)]
pub trait TokenProvider: Send + Sync + 'static {
    /// The current token.
    ///
    /// # Errors
    /// If no token is available. The call then fails with this error as its cause, and nothing is sent.
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>>;

    /// Called when the upstream rejects a token with a 401. Returns whether the call should be retried with a new token,
    /// which happens at most once per call.
    fn refused<'a>(&'a self, token: &'a SecretString) -> BoxFuture<'a, bool> {
        let _ = token;
        Box::pin(async { false })
    }
}

impl<T: TokenProvider + ?Sized> TokenProvider for Arc<T> {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        (**self).token()
    }

    fn refused<'a>(&'a self, token: &'a SecretString) -> BoxFuture<'a, bool> {
        (**self).refused(token)
    }
}

/// A function that returns a token is a provider.
impl<F> TokenProvider for F
where
    F: Fn() -> Result<SecretString, BoxError> + Send + Sync + 'static,
{
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        let token = self();
        Box::pin(async move { token })
    }
}
