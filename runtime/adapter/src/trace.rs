//! Distributed tracing (W3C Trace Context).

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// The header with the ids of the trace and of the span that a request belongs to.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The header with vendor-specific trace data.
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// The length of a `traceparent`, in bytes.
const LENGTH: usize = 55;
/// The number of fields that most calls forward: the trace, its state, the request's id.
const FIELDS: usize = 3;

/// The trace context of upstream requests: the caller's trace with a new span, or a new trace if the caller sent no valid
/// one (§3.2, §4.3).
pub fn context(headers: &HeaderMap) -> HeaderMap {
    let mut own = HeaderMap::with_capacity(FIELDS);
    let caller = single(headers, &TRACEPARENT).and_then(|value| parse(value.to_str().ok()?));
    let fresh = [hex(fastrand::u64(1..)), hex(fastrand::u64(..))];
    let (trace, flags) = caller.map_or((fresh.as_flattened(), "00"), |(trace, flags)| (trace.as_bytes(), flags));
    let mut parent = Vec::with_capacity(LENGTH);
    for part in [b"00-", trace, b"-", &hex(fastrand::u64(1..)), b"-", flags.as_bytes()] {
        parent.extend_from_slice(part);
    }
    if let Ok(parent) = HeaderValue::try_from(parent) {
        own.insert(TRACEPARENT, parent);
    }
    if caller.is_some() {
        for state in headers.get_all(TRACESTATE) {
            own.append(TRACESTATE, state.clone());
        }
    }
    own
}

/// A number as sixteen hexadecimal digits. It is much faster than `format!`, and every request needs three of them.
fn hex(number: u64) -> [u8; 16] {
    let nibbles = number.to_be_bytes().map(|byte| [byte >> 4, byte & 0xf]);
    let mut digits = [b'0'; 16];
    for (digit, nibble) in digits.iter_mut().zip(nibbles.as_flattened()) {
        *digit += if *nibble < 10 { *nibble } else { nibble + (b'a' - b'0' - 10) };
    }
    digits
}

/// The value of a header field, unless it occurs several times.
pub fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Whether a text is a `traceparent` (§3.2).
pub fn is_valid(traceparent: &str) -> bool {
    parse(traceparent).is_some()
}

/// The trace id and the flags of a `traceparent`.
fn parse(text: &str) -> Option<(&str, &str)> {
    let lower = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut parts = text.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let lengths = (version.len(), trace.len(), parent.len(), flags.len()) == (2, 32, 16, 2);
    let zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    // Later versions may have more fields at the end, version 00 may not.
    let whole = version != "00" || parts.next().is_none();
    let valid = lengths && whole && version != "ff" && [version, trace, parent, flags].into_iter().all(lower);
    (valid && !zero(trace) && !zero(parent)).then_some((trace, flags))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn forwarded(parent: &str) -> String {
        let headers = HeaderMap::from_iter([(TRACEPARENT, HeaderValue::try_from(parent).expect("a value"))]);
        context(&headers)[TRACEPARENT].to_str().expect("text").to_owned()
    }

    #[test]
    fn valid_trace_continues_with_a_new_span() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        for (parent, flags) in [("00", "01"), ("00", "00"), ("cc", "01")] {
            let rest = if parent == "cc" { "-more" } else { "" };
            let own = forwarded(&format!("{parent}-{trace}-b7ad6b7169203331-{flags}{rest}"));
            assert!(own.starts_with(&format!("00-{trace}-")) && own.ends_with(&format!("-{flags}")), "{own}");
            assert!(!own.contains("b7ad6b7169203331"), "{own}");
        }
    }

    #[test]
    fn invalid_trace_is_replaced_and_loses_its_state() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        for parent in [
            "".to_owned(),
            format!("ff-{trace}-b7ad6b7169203331-01"),
            format!("00-{trace}-b7ad6b7169203331-01-more"),
            format!("00-{}-b7ad6b7169203331-01", trace.to_uppercase()),
            format!("00-{trace}-0000000000000000-01"),
            format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)),
            format!("00-{trace}-b7ad6b716920333-01"),
        ] {
            let mut headers = HeaderMap::from_iter([(TRACEPARENT, HeaderValue::try_from(&parent).expect("a value"))]);
            headers.insert(TRACESTATE, HeaderValue::from_static("a=b"));
            let own = context(&headers);
            let parent = own[TRACEPARENT].to_str().expect("text");
            assert!(parse(parent).is_some_and(|(new, _)| new != trace), "{parent}: {parent}");
            assert!(!own.contains_key(TRACESTATE), "{parent}");
        }
        let twice = HeaderMap::from_iter([1, 2].map(|_| {
            (TRACEPARENT, HeaderValue::try_from(format!("00-{trace}-b7ad6b7169203331-01")).expect("a value"))
        }));
        assert!(!context(&twice)[TRACEPARENT].to_str().expect("text").contains("zz"));
    }

    proptest! {
        #[test]
        fn any_traceparent_gives_a_valid_context(parent in "\\PC{0,60}") {
            if let Ok(value) = HeaderValue::try_from(parent) {
                let own = context(&HeaderMap::from_iter([(TRACEPARENT, value)]));
                prop_assert!(parse(own[TRACEPARENT].to_str().expect("text")).is_some());
            }
        }
    }
}
