//! What hooks and transports learn of a request that is about to be sent, or was.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::keys::Keys;
use crate::error::Error;
use crate::operation::{Capability, Operation, Repeat};

/// One attempt of a call: what is called, and for which time.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    pub(super) capability: &'static Capability,
    pub(super) operation: &'static Operation,
    pub(super) number: u32,
    pub(super) keys: &'a Keys,
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
        self.keys.redact_text(text)
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

/// How an attempt ended.
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
