//! Computing deadlines.

use std::time::Duration;

use tokio::time::Instant;

/// The time `wait` after `moment`. On overflow it is a year later, which is practically never.
pub(super) fn after(moment: Instant, wait: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);
    moment.checked_add(wait).unwrap_or_else(|| moment + YEAR)
}
