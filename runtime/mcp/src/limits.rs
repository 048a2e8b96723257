//! How often each principal may call tools.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher as _;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use wildmatch::WildMatch;

/// How many principals are counted apart. Beyond them, principals share buckets until some are idle.
const PRINCIPALS: usize = 65_536;
/// How many buckets they share.
const SHARED: u64 = 4096;
/// Idle principals are removed after each this many calls.
const SWEEP: u32 = 4096;

/// A limit that a call exceeds.
#[derive(Debug)]
pub struct Limited {
    /// Which limit, as the end of a sentence.
    pub reason: Cow<'static, str>,
    /// When to retry, in seconds.
    pub retry_after: u64,
}

/// How many calls there may be in a second, a minute or an hour, all of which may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    count: NonZeroU32,
    period: Period,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Period {
    Second,
    Minute,
    Hour,
}

/// A text is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no rate, such as 10/s, 100/min or 1000/h")]
pub struct NoRate;

impl Rate {
    fn quota(self) -> Quota {
        match self.period {
            Period::Second => Quota::per_second(self.count),
            Period::Minute => Quota::per_minute(self.count),
            Period::Hour => Quota::per_hour(self.count),
        }
    }
}

impl FromStr for Rate {
    type Err = NoRate;

    fn from_str(text: &str) -> Result<Self, NoRate> {
        let (count, period) = text.split_once('/').ok_or(NoRate)?;
        let period = match period.trim() {
            "s" => Period::Second,
            "min" => Period::Minute,
            "h" => Period::Hour,
            _ => return Err(NoRate),
        };
        Ok(Self { count: count.trim().parse().map_err(|_| NoRate)?, period })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = match self.period {
            Period::Second => "s",
            Period::Minute => "min",
            Period::Hour => "h",
        };
        write!(f, "{}/{period}", self.count)
    }
}

/// The recent calls of each principal. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Limits {
    all: Option<Arc<Counted>>,
    /// For the tools that match a pattern, together.
    tools: Vec<(WildMatch, Arc<Counted>)>,
}

impl Limits {
    /// Limits all calls of each principal.
    pub(super) fn limit(&mut self, rate: Rate) {
        self.all = Some(Arc::new(Counted::new(rate)));
    }

    /// Limits the calls of each principal of tools that match a pattern.
    pub(super) fn limit_tools(&mut self, pattern: &str, rate: Rate) {
        self.tools.push((WildMatch::new(pattern.trim()), Arc::new(Counted::new(rate))));
    }

    /// Whether there are any.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_none() && self.tools.is_empty()
    }

    /// Whether some are for certain tools.
    pub(super) fn name_tools(&self) -> bool {
        !self.tools.is_empty()
    }

    /// The patterns of tools.
    pub(super) fn patterns(&self) -> impl Iterator<Item = String> {
        self.tools.iter().map(|(pattern, _)| pattern.to_string())
    }

    /// Counts a call of a principal, which does what these tools do.
    ///
    /// # Errors
    /// If there were too many.
    pub(super) fn check(&self, principal: &str, tools: &[&str]) -> Result<(), Limited> {
        let all = self.all.iter().map(|counted| (None, counted));
        let matching = self.tools.iter().filter(|(pattern, _)| tools.iter().any(|tool| pattern.matches(tool)));
        for (pattern, counted) in all.chain(matching.map(|(pattern, counted)| (Some(pattern), counted))) {
            counted.check(principal).map_err(|retry_after| {
                let reason = match pattern {
                    None => "this caller made too many calls".into(),
                    Some(pattern) => format!("this caller made too many calls of `{pattern}`").into(),
                };
                Limited { reason, retry_after }
            })?;
        }
        Ok(())
    }
}

/// Calls, by principal.
struct Counted {
    limiter: RateLimiter<u64, HashMapStateStore<u64>, DefaultClock>,
    clock: DefaultClock,
    hasher: RandomState,
    passed: AtomicU32,
}

impl Counted {
    fn new(rate: Rate) -> Self {
        let clock = DefaultClock::default();
        let limiter = RateLimiter::new(rate.quota(), HashMapStateStore::default(), clock.clone());
        Self { limiter, clock, hasher: RandomState::new(), passed: AtomicU32::new(0) }
    }

    /// Counts a call, or says in how many seconds the next one is allowed.
    fn check(&self, principal: &str) -> Result<(), u64> {
        if self.passed.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let hash = self.hasher.hash_one(principal);
        let key = if self.limiter.len() < PRINCIPALS { hash } else { hash % SHARED };
        self.limiter.check_key(&key).map_err(|until| until.wait_time_from(self.clock.now()).as_secs() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().expect("a rate")
    }

    #[test]
    fn rates_are_counts_with_a_period() {
        for text in ["10/s", "1/min", "1000/h"] {
            assert_eq!(rate(text).to_string(), text);
        }
        assert_eq!(rate(" 5 / min ").to_string(), "5/min");
        for text in ["", "10", "0/s", "-1/s", "1.5/s", "10/d", "10/s/s", "/s", "99999999999/s"] {
            assert_eq!(text.parse::<Rate>(), Err(NoRate), "{text}");
        }
    }

    #[test]
    fn each_principal_has_the_limit_of_its_calls_and_of_matching_tools() {
        let mut limits = Limits::default();
        limits.limit(rate("4/h"));
        limits.limit_tools("delete-*", rate("1/h"));
        assert!(limits.check("ada", &["delete-x"]).is_ok());
        let refused = limits.check("ada", &["delete-y"]).expect_err("one an hour");
        assert!(refused.reason.contains("`delete-*`") && (3590..=3601).contains(&refused.retry_after), "{refused:?}");
        assert!(limits.check("ada", &["list-x"]).is_ok() && limits.check("ada", &[]).is_ok());
        assert!(limits.clone().check("ada", &["list-x"]).is_err(), "clones share the counts");
        assert!(limits.check("bob", &["delete-x"]).is_ok());
    }

    #[test]
    fn many_principals_are_counted_in_bounded_memory() {
        let counted = Counted::new(rate("1/h"));
        for number in 0..PRINCIPALS + 20_000 {
            let _ = counted.check(&number.to_string());
        }
        assert!(counted.limiter.len() <= PRINCIPALS + SHARED as usize, "{}", counted.limiter.len());
        // Then some share a bucket, so that new names are no way around the limit.
        assert!((0..20_000).filter(|number| counted.check(&format!("new {number}")).is_ok()).count() < SHARED as usize);
    }
}
