//! How often each principal may call tools.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher as _;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use governor::clock::{Clock as _, DefaultClock};
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;
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

    /// Counts a call of a principal, which does what these tools do, in all of these limits.
    ///
    /// # Errors
    /// If there were too many.
    pub(super) fn check(all: &[&Self], principal: &str, tools: &[&str]) -> Result<(), Limited> {
        let matching = all.iter().flat_map(|limits| &limits.tools);
        let matching = matching.filter(|(pattern, _)| tools.iter().any(|tool| pattern.matches(tool)));
        // Those of all calls come last, so that calls that are refused for their tools leave the others.
        let matching = matching.map(|(pattern, counted)| (Some(pattern), counted));
        let of_all = all.iter().filter_map(|limits| Some((None, limits.all.as_ref()?)));
        for (pattern, counted) in matching.chain(of_all) {
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
    limiter: RateLimiter<u64, Buckets, DefaultClock>,
    clock: DefaultClock,
    hasher: RandomState,
    passed: AtomicU32,
}

/// When the buckets of principals are empty again. A principal that has one of its own keeps it.
#[derive(Default)]
struct Buckets(Mutex<HashMap<u64, Nanos>>);

impl Buckets {
    fn all(&self) -> MutexGuard<'_, HashMap<u64, Nanos>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for Buckets {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut all = self.all();
        let key = if all.len() < PRINCIPALS || all.contains_key(key) { *key } else { *key % SHARED };
        let (measured, empty_at) = measure(all.get(&key).copied())?;
        all.insert(key, empty_at);
        Ok(measured)
    }
}

impl ShrinkableKeyedStateStore<u64> for Buckets {
    fn retain_recent(&self, drop_below: Nanos) {
        self.all().retain(|_, empty_at| *empty_at > drop_below);
    }

    fn shrink_to_fit(&self) {
        self.all().shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.all().len()
    }

    fn is_empty(&self) -> bool {
        self.all().is_empty()
    }
}

impl Counted {
    fn new(rate: Rate) -> Self {
        let clock = DefaultClock::default();
        let limiter = RateLimiter::new(rate.quota(), Buckets::default(), clock.clone());
        Self { limiter, clock, hasher: RandomState::new(), passed: AtomicU32::new(0) }
    }

    /// Counts a call, or says in how many seconds the next one is allowed.
    fn check(&self, principal: &str) -> Result<(), u64> {
        if self.passed.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let key = self.hasher.hash_one(principal);
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
        let check = |limits: &Limits, principal, tools: &[&str]| Limits::check(&[limits], principal, tools);
        assert!(check(&limits, "ada", &["delete-x"]).is_ok());
        for _ in 0..9 {
            let refused = check(&limits, "ada", &["delete-y"]).expect_err("one an hour");
            assert!(
                refused.reason.contains("`delete-*`") && (3590..=3601).contains(&refused.retry_after),
                "{refused:?}"
            );
        }
        // Those that were refused for their tools are not counted.
        assert!((0..3).all(|_| check(&limits, "ada", &["list-x"]).is_ok()));
        assert!(check(&limits.clone(), "ada", &[]).is_err(), "clones share the counts");
        assert!(check(&limits, "bob", &["delete-x"]).is_ok());
    }

    #[test]
    fn limits_of_tools_count_before_those_of_all_calls() {
        let (mut one, mut other) = (Limits::default(), Limits::default());
        one.limit(rate("1/h"));
        other.limit_tools("delete-*", rate("1/h"));
        assert!(Limits::check(&[&other], "ada", &["delete-x"]).is_ok());
        assert!(Limits::check(&[&one, &other], "ada", &["delete-x"]).is_err());
        assert!(Limits::check(&[&one, &other], "ada", &["list-x"]).is_ok());
    }

    #[test]
    fn many_principals_are_counted_in_bounded_memory() {
        let counted = Counted::new(rate("2/h"));
        assert!(counted.check("first").is_ok());
        for number in 0..PRINCIPALS + 20_000 {
            let _ = counted.check(&number.to_string());
        }
        assert!(counted.limiter.len() <= PRINCIPALS + SHARED as usize, "{}", counted.limiter.len());
        assert!(counted.check("first").is_ok() && counted.check("first").is_err(), "its own bucket stays");
        // Then some share a bucket, so that new names are no way around the limit.
        assert!(
            (0..20_000).filter(|number| counted.check(&format!("new {number}")).is_ok()).count() < 2 * SHARED as usize
        );
    }
}
