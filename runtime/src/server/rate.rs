//! How many requests each caller may send in a second.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};

use crate::rest::Problem;

/// How many requests may pass before callers that have been quiet are forgotten. With it, callers that are known are at most
/// this many and those of the last second.
const SWEEP: u32 = 4096;

/// Requests that callers sent lately. Clones share them.
#[derive(Clone)]
pub(super) struct RateLimit(Arc<Inner>);

struct Inner {
    limiter: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>,
    clock: DefaultClock,
    passed: AtomicU32,
}

impl RateLimit {
    /// So many requests in a second, and as many at once.
    pub(super) fn new(per_second: NonZeroU32) -> Self {
        let clock = DefaultClock::default();
        let limiter = RateLimiter::new(Quota::per_second(per_second), HashMapStateStore::default(), clock.clone());
        Self(Arc::new(Inner { limiter, clock, passed: AtomicU32::new(0) }))
    }

    /// Refuses a request of a caller who sent too many (RFC 6585 §4).
    pub(super) fn check(&self, caller: IpAddr) -> Result<(), Problem> {
        let Inner { limiter, clock, passed } = &*self.0;
        if passed.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        limiter.check_key(&one(caller)).map_err(|until| {
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "this address sent too many requests");
            problem.header(RETRY_AFTER, HeaderValue::from(seconds(until.wait_time_from(clock.now()))))
        })
    }
}

/// The address that stands for a caller. In IPv6 that is a network: a caller has all the addresses of one, and could take
/// another for each request.
fn one(caller: IpAddr) -> IpAddr {
    const NETWORK: u128 = !0 << 64;
    match caller.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & NETWORK).into()),
        address => address,
    }
}

/// Whole seconds, rounded up.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_caller_is_an_address_or_a_network_of_ipv6() {
        for (one_address, other, same) in [
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("2001:db8::1", "2001:db8::ffff:1", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            assert_eq!(one(address(one_address)) == one(address(other)), same, "{one_address} {other}");
        }
    }

    #[test]
    fn quiet_callers_are_forgotten() {
        // Each is quiet a hundredth of a millisecond after its request.
        let limit = RateLimit::new(NonZeroU32::new(100_000).expect("a number"));
        for number in 0..20 * SWEEP {
            assert!(limit.check(IpAddr::V4(number.into())).is_ok());
        }
        assert!(limit.0.limiter.len() <= 2 * SWEEP as usize, "{}", limit.0.limiter.len());
    }

    #[test]
    fn pauses_are_rounded_up() {
        assert_eq!([0, 1, 1000, 1001].map(|millis| seconds(Duration::from_millis(millis))), [0, 1, 1, 2]);
    }
}
