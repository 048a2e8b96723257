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
    pub(crate) fn after(self, by: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(micros(by)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1_000_000;
        let (year, month, day) = civil_date(seconds / 86_400);
        let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
        let fraction = self.0 % 1_000_000;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
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

/// Year, month and day of a day counted from 1970-01-01.
///
/// Years are counted from March, which puts the leap day at the end, and grouped in eras of 400
/// years, which all have the same number of days.
fn civil_date(days_since_epoch: u64) -> (u64, u64, u64) {
    const DAYS_PER_ERA: u64 = 146_097;
    const DAYS_FROM_YEAR_ZERO: u64 = 719_468;

    let days = days_since_epoch + DAYS_FROM_YEAR_ZERO;
    let era = days / DAYS_PER_ERA;
    let day_of_era = days % DAYS_PER_ERA;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_from_march + 2) / 5 + 1;
    let month = (months_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
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
