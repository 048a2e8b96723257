//! Caches between this server and authenticated callers.

use http::header::{CACHE_CONTROL, HeaderMap, HeaderValue};

/// What a shared cache would take as a permission to give a response to other callers (RFC 9111 §3.5, §5.2.2).
const SHARED: [&str; 3] = ["public", "s-maxage", "proxy-revalidate"];

/// Keeps a response for an authenticated caller out of shared caches: they know neither API keys nor who may get it.
pub(super) fn keep_private(fields: &mut HeaderMap) {
    let mut values = fields.get_all(CACHE_CONTROL).iter();
    let (first, more) = (values.next(), values.next());
    if more.is_none() && first.is_some_and(|value| value == "no-store") {
        return;
    }
    let values = fields.get_all(CACHE_CONTROL).iter().map(|value| value.to_str().unwrap_or("no-store"));
    let directives: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let is = |directive: &str, names: &[&str]| {
        let name = directive.split('=').next().unwrap_or_default().trim();
        names.iter().any(|other| name.eq_ignore_ascii_case(other))
    };
    // A list in quotes, as of `private="x"`, is not read any further.
    let is_plain = !directives.iter().any(|directive| directive.contains('"'));
    let kept = directives.iter().filter(|directive| !directive.is_empty() && !is(directive, &SHARED));
    let kept = kept.filter(|directive| !is(directive, &["private"]));
    let kept: Vec<&str> =
        if is_plain { ["private"].into_iter().chain(kept.copied()).collect() } else { vec!["no-store"] };
    fields
        .insert(CACHE_CONTROL, HeaderValue::try_from(kept.join(", ")).unwrap_or(HeaderValue::from_static("no-store")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_for_authenticated_callers_are_private() {
        for (values, expected) in [
            (&["no-store"][..], "no-store"),
            (&[], "private"),
            (&["public, max-age=60"], "private, max-age=60"),
            (&["PUBLIC", "S-MaxAge=9, no-transform"], "private, no-transform"),
            (&["max-age=60"], "private, max-age=60"),
            (&["private, max-age=1"], "private, max-age=1"),
            (&["no-cache"], "private, no-cache"),
            (&["public=x , immutable"], "private, immutable"),
            (&["private=\"a, public\", max-age=9"], "no-store"),
        ] {
            let fields = values.iter().map(|value| (CACHE_CONTROL, HeaderValue::from_static(value)));
            let mut fields: HeaderMap = fields.collect();
            keep_private(&mut fields);
            let all: Vec<_> = fields.get_all(CACHE_CONTROL).iter().collect();
            assert_eq!(all, [expected], "{values:?}");
        }
    }
}
