//! What interceptors, signers and transports learn about an attempt.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
#[cfg(feature = "test-util")]
use naftiko_schema::Location;
use naftiko_schema::{Capability, Operation, RetrySafety};
use secrecy::SecretString;

use super::credential::Prepared;
use super::keys::Keys;
use super::progress::{Progress, TrackedBody};
use crate::error::Error;
#[cfg(feature = "test-util")]
use crate::text::REDACTED;

/// One attempt of a call.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    pub(super) capability: &'static Capability,
    pub(super) operation: &'static Operation,
    pub(super) number: u32,
    pub(super) keys: Option<&'a Keys>,
    pub(super) progress: Option<&'a Progress>,
}

impl Attempt<'_> {
    /// The name of the generated crate, such as `my-api`.
    pub fn capability(&self) -> &'static str {
        &self.capability.name
    }

    /// The operation's name in the capability.
    pub fn operation(&self) -> &'static str {
        &self.operation.name
    }

    /// The consumed namespace that the operation belongs to.
    pub fn namespace(&self) -> &'static str {
        self.capability.api(self.operation.api).map_or("", |api| &api.namespace)
    }

    /// The HTTP method.
    pub fn method(&self) -> &'static str {
        self.operation.method.as_str()
    }

    /// The path as the specification writes it, such as `/secrets/{secret_id}`. Unlike the path itself it is suitable as a
    /// metric label.
    pub fn path_template(&self) -> String {
        self.operation.path_template()
    }

    /// Whether repeating the operation has the same effect as one call (RFC 9110 §9.2.2).
    pub fn is_idempotent(&self) -> bool {
        self.operation.retry_safety == RetrySafety::Idempotent
    }

    /// The value of a key under `authentication` of the API, such as `apiKey`, if the capability leaves the signature to a
    /// [`Signer`](crate::Signer): `None` for other kinds, and where the capability has no such key.
    pub fn credential(&self, key: &str) -> Option<&SecretString> {
        let members = self.keys?.credentials.iter().find_map(|credential| match credential {
            Prepared::OfSigner(members) => Some(members),
            _ => None,
        })?;
        members.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// The number of the attempt within its call, counted from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The body of the request, so that an attempt that fails before it is sent counts as one that sent nothing.
    #[doc(hidden)]
    pub fn track(&self, body: reqwest::Body) -> TrackedBody {
        self.progress.cloned().unwrap_or_default().track(body)
    }

    /// The text with the client's secrets redacted, for logs and recordings.
    pub fn redact(&self, text: &str) -> String {
        self.keys.map_or_else(|| text.to_owned(), |keys| keys.redact_text(text))
    }

    /// Path and query of a URI, with all query values redacted that may be secrets.
    #[cfg(feature = "test-util")]
    pub(crate) fn target(&self, uri: &url::Url) -> String {
        let secret = |pair: &str| {
            let name = pair.split('=').next().unwrap_or_default();
            let name = naftiko_schema::http::percent_decode(name);
            let fixed = self.operation.fixed.iter().filter(|constant| constant.location == Location::Query);
            let held = self.keys.into_iter().flat_map(|keys| keys.credentials.iter());
            fixed.clone().any(|constant| constant.name == name && constant.value.has_variable())
                || held.filter_map(Prepared::query_name).any(|known| known == name)
        };
        let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| match pair.split_once('=') {
            Some((name, _)) if secret(pair) => format!("{name}={REDACTED}"),
            _ => pair.to_owned(),
        });
        let query = pairs.collect::<Vec<_>>().join("&");
        self.redact(&if query.is_empty() { uri.path().to_owned() } else { format!("{}?{query}", uri.path()) })
    }
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("operation", &self.operation.name)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// The outcome of an attempt. Later steps, such as decoding the response, are not part of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome<'a> {
    /// The status of the response, if there is one.
    pub status: Option<StatusCode>,
    /// The headers of the response, if there is one.
    pub headers: Option<&'a HeaderMap>,
    /// The error, if the attempt failed.
    pub error: Option<&'a Error>,
    /// The duration of the attempt.
    pub elapsed: Duration,
}

/// An interceptor that runs before every attempt. It may add headers; credentials are added after it.
pub(super) type Before = Box<dyn Fn(&Attempt<'_>, &mut HeaderMap) + Send + Sync>;

/// An interceptor that runs after every attempt.
pub(super) type After = Box<dyn Fn(&Attempt<'_>, &Outcome<'_>) + Send + Sync>;
