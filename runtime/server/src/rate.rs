//! Limits the requests of each caller.

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
use naftiko_rest::__private::Problem;

/// Idle callers are removed after each this many requests. So at most this many callers are stored, plus those of the last
/// second.
const SWEEP: u32 = 4096;

/// The recent requests of each caller. Clones share them.
#[derive(Clone)]
pub(super) struct RateLimit(Arc<Inner>);

struct Inner {
    limiter: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>,
    clock: DefaultClock,
    passed: AtomicU32,
}

impl RateLimit {
    /// Allows this many requests per second, all of which may come at once.
    pub(super) fn new(per_second: NonZeroU32) -> Self {
        let clock = DefaultClock::default();
        let limiter = RateLimiter::new(Quota::per_second(per_second), HashMapStateStore::default(), clock.clone());
        Self(Arc::new(Inner { limiter, clock, passed: AtomicU32::new(0) }))
    }

    /// Rejects a request of a caller that sent too many (RFC 6585 §4).
    pub(super) fn check(&self, caller: IpAddr) -> Result<(), Problem> {
        let Inner { limiter, clock, passed } = &*self.0;
        if passed.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        limiter.check_key(&client_key(caller)).map_err(|until| {
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "this address sent too many requests");
            problem.header(RETRY_AFTER, HeaderValue::from(seconds(until.wait_time_from(clock.now()))))
        })
    }
}

/// The key of a caller. For IPv6 it is the /64 network, because a caller can use another address of it for each request.
pub(super) fn client_key(caller: IpAddr) -> IpAddr {
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
    fn callers_are_ipv4_addresses_or_ipv6_networks() {
        for (one_address, other, same) in [
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("2001:db8::1", "2001:db8::ffff:1", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            assert_eq!(client_key(address(one_address)) == client_key(address(other)), same, "{one_address} {other}");
        }
    }

    #[test]
    fn idle_callers_are_removed() {
        // Each is idle a hundredth of a millisecond after its request.
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
