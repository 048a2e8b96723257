//! Credentials that depend on the finished request, such as a signature over its body.

use super::Attempt;
use crate::transport::{BoxError, BoxFuture};

/// Signs requests: the last step before a request is sent, after the body, the interceptors and all other credentials. It
/// runs for each attempt, so that a signature is never older than its attempt.
///
/// For an API whose `authentication` says what there is, but not how requests are signed, such as `hmac` or `oauth1`, it is
/// registered under the namespace of the API ([`ClientBuilder::signer_of`](crate::ClientBuilder::signer_of), or
/// [`ScriptRunners::with_signer`](crate::ScriptRunners::with_signer) for a server), and gets the values from
/// [`Attempt::credential`].
///
/// A signature should be a header, marked as sensitive (`HeaderValue::set_sensitive`) to keep it out of `Debug`.
pub trait Signer: Send + Sync + 'static {
    /// Signs a request. Its `body()` is `None` without a body, and `as_bytes()` of the body is `None` if it is a stream.
    ///
    /// # Errors
    /// If the request cannot be signed. It is then not sent, and the call fails with [`ErrorKind::Token`](crate::ErrorKind).
    fn sign<'s>(
        &'s self,
        request: &'s mut reqwest::Request,
        attempt: &'s Attempt<'_>,
    ) -> BoxFuture<'s, Result<(), BoxError>>;
}
