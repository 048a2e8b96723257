//! Whether a response may be kept, and for how long it is fresh (RFC 9111 §3, §4.2).

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{AGE, CACHE_CONTROL, CONTENT_RANGE, DATE, ETAG, EXPIRES, LAST_MODIFIED, PRAGMA, SET_COOKIE, VARY};

use crate::format::is_stream;
use crate::headers::seconds;

/// When a response was received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    pub(super) at: SystemTime,
    /// How long that was after its request was sent.
    pub(super) delay: Duration,
}

/// What a response says about being kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Freshness {
    /// How old the response was when it arrived.
    pub(super) age: Duration,
    /// How old it may become without being validated.
    pub(super) lifetime: Duration,
}

impl Freshness {
    /// That of a response with these fields; `None` if it must not be kept, or keeping it is of no use. A response that says nothing
    /// is fresh for `assumed`. The response may be for several callers, so that a private one is not kept. Fields of the request
    /// in `ignored` are not a part of its key, so that no response may depend on them.
    pub(super) fn of(fields: &HeaderMap, received: Received, assumed: Duration, ignored: &[&str]) -> Option<Self> {
        let directives = Directives::of(fields);
        if directives.has("no-store")
            || directives.has("private")
            || fields.contains_key(SET_COOKIE)
            || fields.contains_key(CONTENT_RANGE)
            || is_stream(fields)
            || varies(fields, ignored)
        {
            return None;
        }
        let lifetime = if directives.has("no-cache") {
            Duration::ZERO
        } else if let Some(lifetime) = directives.lifetime() {
            lifetime
        } else if fields.contains_key(EXPIRES) {
            until_expiry(fields, received.at)
        } else if directives.is_empty() && !fields.contains_key(PRAGMA) {
            assumed
        } else {
            Duration::ZERO
        };
        let age = age(fields, received);
        let can_be_validated = fields.contains_key(ETAG) || fields.contains_key(LAST_MODIFIED);
        (can_be_validated || lifetime > age).then_some(Self { age, lifetime })
    }
}

/// The directives of `Cache-Control`.
struct Directives(Vec<(String, Option<String>)>);

impl Directives {
    fn of(fields: &HeaderMap) -> Self {
        let values = fields.get_all(CACHE_CONTROL).iter();
        // What cannot be read may forbid anything.
        let values = values.map(|value| value.to_str().unwrap_or("no-store"));
        let one = |directive: &str| {
            let (name, value) = match directive.split_once('=') {
                Some((name, value)) => (name, Some(value.trim().trim_matches('"').to_owned())),
                None => (directive, None),
            };
            (name.trim().to_ascii_lowercase(), value)
        };
        // Commas in a quoted list part it. Its first name is enough: the directive counts whatever the list says.
        let all = values.flat_map(|value| value.split(',')).map(one);
        Self(all.filter(|(name, _)| !name.is_empty()).collect())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// The shortest of the lifetimes. One that cannot be read is zero (RFC 9111 §4.2.1).
    fn lifetime(&self) -> Option<Duration> {
        let own = self.0.iter().filter(|(name, _)| matches!(&**name, "max-age" | "s-maxage"));
        own.map(|(_, value)| value.as_deref().and_then(seconds).unwrap_or_default()).min()
    }
}

fn text<'f>(fields: &'f HeaderMap, name: &str) -> Option<&'f str> {
    fields.get(name)?.to_str().ok().map(str::trim)
}

fn date(fields: &HeaderMap, name: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text(fields, name)?).ok()
}

/// How old a response was when it was received (RFC 9111 §4.2.3): the time since its date, or what caches on its way say and the
/// time that it took, whichever is longer.
fn age(fields: &HeaderMap, received: Received) -> Duration {
    let apparent = date(fields, DATE.as_str()).and_then(|made| received.at.duration_since(made).ok());
    let said = text(fields, AGE.as_str()).and_then(seconds).unwrap_or_default();
    said.saturating_add(received.delay).max(apparent.unwrap_or_default())
}

/// From its date to its expiry; nothing if one of them cannot be read.
fn until_expiry(fields: &HeaderMap, received: SystemTime) -> Duration {
    let made = if fields.contains_key(DATE) { date(fields, DATE.as_str()) } else { Some(received) };
    let times = date(fields, EXPIRES.as_str()).zip(made);
    times.and_then(|(expiry, made)| expiry.duration_since(made).ok()).unwrap_or_default()
}

/// Whether it depends on more than its key.
fn varies(fields: &HeaderMap, ignored: &[&str]) -> bool {
    let names = fields.get_all(VARY).iter().map(|value| value.to_str().unwrap_or("*"));
    names
        .flat_map(|names| names.split(','))
        .map(str::trim)
        .any(|name| name == "*" || ignored.iter().any(|ignored| ignored.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn fields(list: &[(&str, &str)]) -> HeaderMap {
        let field = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"))
        };
        list.iter().map(field).collect()
    }

    const DATED: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");

    /// Received so many seconds after `DATED`, and so many after the request.
    fn received(since_date: u64, delay: u64) -> Received {
        let date = httpdate::parse_http_date(DATED.1).expect("a date");
        Received { at: date + Duration::from_secs(since_date), delay: Duration::from_secs(delay) }
    }

    fn lifetime(list: &[(&str, &str)]) -> Option<u64> {
        let fresh = Freshness::of(&fields(list), received(0, 0), Duration::ZERO, &["traceparent"]);
        fresh.map(|fresh| fresh.lifetime.as_secs())
    }

    #[test]
    fn age_counts_the_time_since_the_date_and_since_the_request() {
        for (list, since_date, delay, expected) in [
            (&[][..], 0, 0, 0),
            (&[], 0, 7, 7),
            (&[("age", "5")], 0, 7, 12),
            (&[DATED], 9, 7, 9),
            (&[DATED, ("age", "5")], 9, 7, 12),
            (&[("date", "yesterday")], 9, 7, 7),
            (&[("date", "Sun, 06 Nov 1994 08:59:37 GMT")], 9, 7, 7),
        ] {
            let list = [&[("cache-control", "max-age=60")], list].concat();
            let fresh = Freshness::of(&fields(&list), received(since_date, delay), Duration::ZERO, &[]);
            assert_eq!(fresh.map(|fresh| fresh.age.as_secs()), Some(expected), "{list:?}");
        }
        let old = Freshness::of(&fields(&[("cache-control", "max-age=60")]), received(0, 60), Duration::ZERO, &[]);
        assert_eq!(old, None);
    }

    #[test]
    fn lifetimes_are_those_of_the_strictest_directive() {
        let expiry = [DATED, ("expires", "Sun, 06 Nov 1994 08:50:37 GMT")];
        for (list, expected) in [
            (&[("cache-control", "max-age=60")][..], Some(60)),
            (&[("cache-control", "MAX-AGE=\"60\" , public")], Some(60)),
            (&[("cache-control", "s-maxage=5, max-age=60")], Some(5)),
            (&[("cache-control", "max-age=60"), ("cache-control", "max-age=7")], Some(7)),
            (&[("cache-control", "max-age=99999999999999999999")], Some(u64::from(u32::MAX))),
            (&[("cache-control", "max-age=60"), ("age", "59")], Some(60)),
            (&[("cache-control", "max-age=60"), ("age", "60")], None),
            (&[("cache-control", "max-age=60"), ("age", "60"), ("etag", "\"a\"")], Some(60)),
            (&[("cache-control", "max-age=-1")], None),
            (&[("cache-control", "max-age=1.5"), ("etag", "\"a\"")], Some(0)),
            (&[("cache-control", "no-cache, max-age=60"), ("etag", "\"a\"")], Some(0)),
            (&[("cache-control", "no-cache=\"a, b\", max-age=60"), ("etag", "\"a\"")], Some(0)),
            (&[("cache-control", "no-cache, max-age=60")], None),
            (&[("cache-control", "no-store, max-age=60"), ("etag", "\"a\"")], None),
            (&[("cache-control", "private=\"x\", max-age=60"), ("etag", "\"a\"")], None),
            (&[("cache-control", "max-age=60"), ("cache-control", "Private")], None),
            (&[("cache-control", "max-age=60"), ("set-cookie", "a=b")], None),
            (&[("cache-control", "max-age=60"), ("vary", "accept, authorization")], Some(60)),
            (&[("cache-control", "max-age=60"), ("vary", "accept, *")], None),
            (&[("cache-control", "max-age=60"), ("vary", "TraceParent")], None),
            (&[("cache-control", "max-age=60"), ("content-type", "text/event-stream")], None),
            (&expiry, Some(60)),
            (&[expiry[0], ("expires", "0"), ("etag", "\"a\"")], Some(0)),
            (&[expiry[0], expiry[1], ("cache-control", "max-age=1")], Some(1)),
            (&[("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")], Some(0)),
            (&[], None),
        ] {
            assert_eq!(lifetime(list), expected, "{list:?}");
        }
    }

    #[test]
    fn only_a_response_that_says_nothing_has_the_assumed_lifetime() {
        let of = |list: &[(&str, &str)]| {
            Freshness::of(&fields(list), received(0, 0), Duration::from_secs(9), &[])
                .map(|fresh| fresh.lifetime.as_secs())
        };
        assert_eq!(of(&[]), Some(9));
        assert_eq!(of(&[("etag", "\"a\"")]), Some(9));
        assert_eq!(of(&[("cache-control", "max-age=1")]), Some(1));
        for list in [&[("cache-control", "no-store")], &[("cache-control", "public")], &[("pragma", "no-cache")]] {
            assert_eq!(of(list), None, "{list:?}");
        }
    }

    proptest! {
        #[test]
        fn any_fields_can_be_read(
            values in prop::collection::vec(("(cache-control|age|expires|date|vary|etag|pragma)", "[ -~]{0,40}"), 0..6),
        ) {
            let list: Vec<_> = values.iter().map(|(name, value)| (&**name, &**value)).collect();
            Freshness::of(&fields(&list), received(1, 1), Duration::from_secs(1), &["traceparent"]);
        }
    }
}
