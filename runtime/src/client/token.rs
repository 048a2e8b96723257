//! Tokens that change while a client lives.

use std::sync::Arc;

use secrecy::SecretString;

use super::{BoxError, BoxFuture};

/// Gives the token for every attempt: from a file that is rotated, a vault, an authorization server.
///
/// It is asked often, so it should keep what it has until that expires.
#[diagnostic::on_unimplemented(
    note = "a function `Fn() -> Result<SecretString, BoxError>` is a provider; for asynchronous code, implement the trait"
)]
pub trait TokenProvider: Send + Sync + 'static {
    /// The token of now.
    ///
    /// # Errors
    /// When there is none. The call fails then, with this error as its cause and nothing sent.
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>>;

    /// Learns that the upstream refused a token with a 401, and says whether another one is worth a second try. The
    /// call is repeated at most once for that.
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

/// A function that gives a token is a provider.
impl<F> TokenProvider for F
where
    F: Fn() -> Result<SecretString, BoxError> + Send + Sync + 'static,
{
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        let token = self();
        Box::pin(async move { token })
    }
}
