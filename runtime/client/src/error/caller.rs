//! What providers say about callers.

use crate::transport::BoxError;

/// Why there is no token for a caller, as a provider says it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotForCaller {
    /// What the caller sent is not accepted.
    #[error("{0}")]
    Unauthorized(String),
    /// The caller may not have one.
    #[error("{0}")]
    Forbidden(String),
}

impl NotForCaller {
    /// The reason among these errors, if it is about the caller.
    pub(super) fn of(error: &BoxError) -> Option<&Self> {
        error.downcast_ref()
    }
}
