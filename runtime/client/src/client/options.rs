//! Options of a single call.

use std::time::Duration;

use http::HeaderMap;
use secrecy::SecretString;

use super::retry::RetryPolicy;
use crate::paging::Paging;

/// Options of a single call.
#[doc(hidden)]
#[derive(Clone, Default)]
pub struct Options {
    pub(in crate::client) timeout: Option<Duration>,
    pub(in crate::client) attempt_timeout: Option<Duration>,
    pub(in crate::client) retry: Option<RetryPolicy>,
    pub(in crate::client) response_limit: Option<usize>,
    pub(in crate::client) headers: HeaderMap,
    /// Query pairs that replace those with the same names.
    pub(in crate::client) query: Vec<(String, SecretString)>,
    pub(in crate::client) paging: Paging,
    /// The body is sent even if it is not what the schema of the operation says.
    pub(in crate::client) unchecked: bool,
}

impl Options {
    /// Options with only these header fields.
    pub fn forwarding(headers: HeaderMap) -> Self {
        Self { headers, ..Self::default() }
    }

    /// The same options with a time limit for the call with all of its attempts.
    #[must_use]
    pub fn within(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// The same options with the longest response, in bytes.
    #[must_use]
    pub fn limited(self, response_limit: Option<usize>) -> Self {
        Self { response_limit: response_limit.or(self.response_limit), ..self }
    }
}
