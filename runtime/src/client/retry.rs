//! When a failed call is repeated, and after which pause.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::error::{Error, ErrorKind};
use crate::operation::Repeat;

/// How a call is repeated when it fails for a reason that may pass: no connection, no answer in time, a broken
/// connection, or one of the statuses 408, 429, 502, 503 and 504.
///
/// Operations that are not idempotent are repeated only where the upstream cannot have acted: when it was never reached,
/// and after a 429. The pause before attempt *n* is random between nothing and `base_delay * 2^(n-2)`, `max_delay` at most;
/// where the answer says `Retry-After`, at least that. A pause that would outlast the call's timeout is not begun.
///
/// An attempt that hangs takes all of the call's time, unless there is an `attempt_timeout`. A DELETE that is repeated
/// after its answer was lost may find nothing left to delete: see [`Error::may_have_acted`].
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
    /// One attempt only.
    pub fn none() -> Self {
        Self::default().attempts(1)
    }

    /// How many attempts there are in all, the first one included.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The longest first pause.
    pub fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// The longest pause, unless the upstream asks for a longer one.
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Says that what is called is idempotent, or is not, whatever the capability says. Only the policy of a single call can
    /// say so of a GET that changes something.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// When a call may be repeated for which this policy was made.
    pub(super) fn repeat_of_call(&self, repeat: Repeat) -> Repeat {
        match (self.idempotent, repeat) {
            (None, _) | (Some(false), Repeat::Never) => repeat,
            (Some(true), _) => Repeat::Always,
            (Some(false), Repeat::Always | Repeat::Unacted) => Repeat::Unacted,
        }
    }

    /// When a call may be repeated under this policy for all: it does not make a harmful repetition harmless.
    pub(super) fn repeat_of_all(&self, repeat: Repeat) -> Repeat {
        if repeat == Repeat::Never { repeat } else { self.repeat_of_call(repeat) }
    }

    /// The pause before the next attempt; none where there must not be one.
    pub(super) fn delay(&self, error: &Error, repeat: Repeat, number: u32) -> Option<Duration> {
        let allowed = match repeat {
            Repeat::Always => error.is_transient(),
            Repeat::Unacted => {
                matches!(error.kind(), ErrorKind::Connect | ErrorKind::Status(StatusCode::TOO_MANY_REQUESTS))
            }
            Repeat::Never => false,
        };
        if !allowed || number >= self.attempts {
            return None;
        }
        let longest = self.base_delay.saturating_mul(1 << (number - 1).min(16)).min(self.max_delay);
        Some(match error.retry_after() {
            // All who were told the same time would come back at once.
            Some(wanted) => wanted.saturating_add(random(self.base_delay)),
            None => random(longest),
        })
    }
}

fn random(longest: Duration) -> Duration {
    longest.mul_f64(fastrand::f64())
}

/// How long the upstream asks to wait: seconds, or a date (RFC 9110 §10.2.3). A date is seen from the answer's own date,
/// where it has one: clocks differ.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    let wanted = date(text)?;
    let now = headers.get(DATE).and_then(|value| date(value.to_str().ok()?)).unwrap_or_else(SystemTime::now);
    // What has passed already needs no waiting.
    Some(wanted.duration_since(now).unwrap_or_default())
}

/// How many retries a client can afford: a reserve, refilled by one for every ten calls that succeed. When much fails,
/// retries would only add to the load that makes it fail.
pub(super) struct Budget {
    tenths: AtomicU32,
    full: u32,
}

impl Budget {
    pub(super) fn new(retries: u32) -> Self {
        let full = retries.saturating_mul(10);
        Self { tenths: AtomicU32::new(full), full }
    }

    /// Takes one retry out, if there is one.
    pub(super) fn withdraw(&self) -> bool {
        let taken = self.tenths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tenths| tenths.checked_sub(10));
        taken.is_ok()
    }

    /// A call succeeded.
    pub(super) fn deposit(&self) {
        let _ = self
            .tenths
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tenths| (tenths < self.full).then_some(tenths + 1));
    }
}
