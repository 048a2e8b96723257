//! Which failed calls are retried, and after which pause.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use naftiko_schema::RetrySafety;

use crate::error::Error;

/// How a call is retried when it fails for a transient reason: no connection, no response in time, a broken connection, or
/// one of the statuses 408, 429, 502, 503 and 504.
///
/// Operations that are not idempotent are retried only if the upstream cannot have processed the request: when it was never
/// reached, when it refused the request (RFC 9113 §8.7), and after a 429. The pause before attempt *n* is random between 0 and `base_delay * 2^(n-2)`, limited to
/// `max_delay`, and at least `Retry-After` if the response has it. If the pause would exceed the call's timeout, the call
/// fails at once.
///
/// An attempt that hangs uses up the call's timeout, unless an `attempt_timeout` is set. A DELETE that is retried after its
/// response was lost may find nothing left to delete: see [`Error::may_have_acted`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct RetryPolicy {
    attempts: u32,
    base_delay: Duration,
    max_delay: Duration,
    idempotent: Option<bool>,
}

impl Default for RetryPolicy {
    /// Three attempts, pauses from 200 milliseconds to 10 seconds.
    fn default() -> Self {
        Self {
            attempts: 3,
            base_delay: Duration::from_millis(200),
            max_delay: Duration::from_secs(10),
            idempotent: None,
        }
    }
}

impl RetryPolicy {
    /// A single attempt, without retries.
    pub fn none() -> Self {
        Self::default().attempts(1)
    }

    /// The maximum number of attempts, including the first.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The upper limit of the first pause.
    pub fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// The longest pause, unless `Retry-After` is longer.
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Overrides whether operations are idempotent. A GET that changes something can only be declared idempotent by the
    /// policy of a single call.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// The retry safety under the policy of a single call.
    pub(super) fn retry_safety_of_call(&self, safety: RetrySafety) -> RetrySafety {
        match (self.idempotent, safety) {
            (None, _) | (Some(false), RetrySafety::Never) => safety,
            (Some(true), _) => RetrySafety::Idempotent,
            (Some(false), RetrySafety::Idempotent | RetrySafety::OnlyIfNotProcessed) => RetrySafety::OnlyIfNotProcessed,
        }
    }

    /// The retry safety under the policy of a client, which cannot override `Never`.
    pub(super) fn retry_safety_of_client(&self, safety: RetrySafety) -> RetrySafety {
        if safety == RetrySafety::Never { safety } else { self.retry_safety_of_call(safety) }
    }

    /// The pause before the next attempt; `None` if there must not be one.
    pub(super) fn delay(&self, error: &Error, safety: RetrySafety, number: u32) -> Option<Duration> {
        let allowed = match safety {
            RetrySafety::Idempotent => error.is_transient(),
            RetrySafety::OnlyIfNotProcessed => error.is_transient() && !error.may_have_taken_effect(),
            RetrySafety::Never => false,
        };
        if !allowed || number >= self.attempts {
            return None;
        }
        let longest = self.base_delay.saturating_mul(1 << (number - 1).min(16)).min(self.max_delay);
        Some(match error.retry_after() {
            // Without the random part, all clients with the same `Retry-After` would retry at once.
            Some(requested) => requested.saturating_add(random(self.base_delay)),
            None => random(longest),
        })
    }
}

fn random(longest: Duration) -> Duration {
    longest.mul_f64(fastrand::f64())
}

/// The retry budget of a client. Ten successful calls earn one retry. If many calls fail, retries would only add to the load
/// that causes the failures.
pub(super) struct Budget {
    tenths: AtomicU32,
    full: u32,
}

impl Budget {
    pub(super) fn new(retries: u32) -> Self {
        let full = retries.saturating_mul(10);
        Self { tenths: AtomicU32::new(full), full }
    }

    /// Uses one retry, if one is available.
    pub(super) fn withdraw(&self) -> bool {
        let taken = self.tenths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tenths| tenths.checked_sub(10));
        taken.is_ok()
    }

    /// Records a successful call.
    pub(super) fn deposit(&self) {
        let _ = self
            .tenths
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tenths| (tenths < self.full).then_some(tenths + 1));
    }
}
