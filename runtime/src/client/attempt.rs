//! What hooks and transports learn of a request that is about to be sent, or was.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

#[cfg(feature = "test-util")]
use super::credential::Credential;
#[cfg(feature = "test-util")]
use super::keys::BLOT;
use super::keys::Keys;
use crate::error::Error;
#[cfg(feature = "test-util")]
use crate::operation::Location;
use crate::operation::{Capability, Operation, Repeat};

/// One attempt of a call: what is called, and for which time.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    pub(super) capability: &'static Capability,
    pub(super) operation: &'static Operation,
    pub(super) number: u32,
    pub(super) keys: Option<&'a Keys>,
}

impl Attempt<'_> {
    /// The name of the generated crate.
    pub fn capability(&self) -> &'static str {
        self.capability.name
    }

    /// The operation's name in the capability.
    pub fn operation(&self) -> &'static str {
        self.operation.name
    }

    /// The consumed namespace that the operation belongs to.
    pub fn namespace(&self) -> &'static str {
        self.capability.apis.get(self.operation.api).map_or("", |api| api.namespace)
    }

    /// The HTTP method.
    pub fn method(&self) -> &'static str {
        self.operation.method.as_str()
    }

    /// The path as the specification has it, `/secrets/{secret_id}`: good for the label of a metric, unlike the path itself.
    pub fn path_template(&self) -> String {
        self.operation.path_template()
    }

    /// Whether repeating the operation does what doing it once does.
    pub fn is_idempotent(&self) -> bool {
        self.operation.repeat == Repeat::Always
    }

    /// Which attempt of its call this is, counted from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The text with the client's secrets blotted out: for logs and recordings.
    pub fn redact(&self, text: &str) -> String {
        self.keys.map_or_else(|| text.to_owned(), |keys| keys.redact_text(text))
    }

    /// Path and query of a URI, with every value of the query blotted out that may be a secret.
    #[cfg(feature = "test-util")]
    pub(crate) fn target(&self, uri: &url::Url) -> String {
        let secret = |pair: &str| {
            let name = pair.split('=').next().unwrap_or_default();
            let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
            let fixed = self.operation.constants.iter().filter(|constant| constant.location == Location::Query);
            let held = self.keys.and_then(|keys| keys.credentials.get(self.operation.api)).into_iter().flatten();
            fixed.clone().any(|constant| constant.name == name && constant.has_variable())
                || held.filter_map(Credential::query_name).any(|known| known == name)
        };
        let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| match pair.split_once('=') {
            Some((name, _)) if secret(pair) => format!("{name}={BLOT}"),
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

/// How an attempt ended. What becomes of its answer later, decoding say, is no part of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome<'a> {
    /// The status of the answer, where there is one.
    pub status: Option<StatusCode>,
    /// The headers of the answer, where there is one.
    pub headers: Option<&'a HeaderMap>,
    /// Why it failed, where it did.
    pub error: Option<&'a Error>,
    /// How long it took.
    pub elapsed: Duration,
}

/// A hook that runs before every attempt. It may add headers; credentials are added after it.
pub(super) type Before = Box<dyn Fn(&Attempt<'_>, &mut HeaderMap) + Send + Sync>;

/// A hook that runs after every attempt.
pub(super) type After = Box<dyn Fn(&Attempt<'_>, &Outcome<'_>) + Send + Sync>;
