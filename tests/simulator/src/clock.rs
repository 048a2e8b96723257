//! The simulator's own time: real time since the start, plus what a test adds.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a soft deletion can be taken back.
pub(crate) const RECOVERY_WINDOW: Duration = Duration::from_secs(7 * 86_400);

/// Microseconds since the Unix epoch, the precision of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(u64);

impl Timestamp {
    /// Reads a time of RFC 3339, of any time zone.
    pub(crate) fn parse(text: &str) -> Option<Timestamp> {
        let time: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(time.as_microsecond()).ok().map(Timestamp)
    }

    pub(crate) fn after(self, by: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(micros(by)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = i64::try_from(self.0).unwrap_or(i64::MAX);
        let time = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{time:.6}")
    }
}

/// A clock that never shows the same time twice, so that orderings by time are definite.
pub(crate) struct Clock {
    started: Timestamp,
    running: Instant,
    hands: Mutex<Hands>,
}

struct Hands {
    advanced: Duration,
    last: Timestamp,
}

impl Clock {
    pub(crate) fn start() -> Clock {
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started = Timestamp(micros(started));
        Clock { started, running: Instant::now(), hands: Mutex::new(Hands { advanced: Duration::ZERO, last: started }) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        let running = self.started.after(self.running.elapsed());
        if running.after(hands.advanced) <= hands.last {
            // Two calls within a microsecond: the clock gains one.
            hands.advanced = hands.advanced.saturating_add(Duration::from_micros(1));
        }
        hands.last = running.after(hands.advanced);
        hands.last
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        hands.advanced = hands.advanced.saturating_add(by);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_civil() {
        let cases = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_709_164_799_123_456, "2024-02-28T23:59:59.123456Z"),
            (1_709_164_800_000_000, "2024-02-29T00:00:00.000000Z"),
            (1_735_689_599_000_001, "2024-12-31T23:59:59.000001Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
        ];
        for (micros, text) in cases {
            assert_eq!(Timestamp(micros).to_string(), text);
            assert_eq!(Timestamp::parse(text), Some(Timestamp(micros)));
        }
    }

    #[test]
    fn clock_runs_and_can_be_advanced() {
        let clock = Clock::start();
        let first = clock.now();
        assert!(clock.now() > first);
        clock.advance(RECOVERY_WINDOW);
        assert!(clock.now() > first.after(RECOVERY_WINDOW));
    }
}
