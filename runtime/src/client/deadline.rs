//! Moments in the future.

use std::time::Duration;

use tokio::time::Instant;

/// A moment after another. One that no clock can show is as good as never.
pub(super) fn after(moment: Instant, wait: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);
    moment.checked_add(wait).unwrap_or_else(|| moment + YEAR)
}
