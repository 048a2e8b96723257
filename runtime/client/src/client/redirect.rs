//! Redirects of the upstream. They are followed as long as they change nothing and stay at its origin.

use http::Method;
use http::header::LOCATION;
use url::{Position, Url};

/// How many redirects of one attempt are followed.
pub(super) const LIMIT: usize = 5;
/// How long the URL may be to which a redirect leads, in bytes.
const URL_LIMIT: usize = 8 << 10;

/// Whether redirects of a request are followed: it reads (RFC 9110 §9.2.1), and has no body that would have to be sent again.
pub(super) fn may_follow(request: &reqwest::Request) -> bool {
    [Method::GET, Method::HEAD].contains(request.method()) && request.body().is_none()
}

/// Where a response redirects to; `None` if it does not, or not clearly.
pub(super) fn location(response: &reqwest::Response) -> Option<&str> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let mut locations = response.headers().get_all(LOCATION).iter();
    locations.next().filter(|_| locations.next().is_none())?.to_str().ok()
}

/// The URL to which a redirect of a request for another one leads, if it has the same origin.
pub(super) fn target(from: &Url, location: &str) -> Option<Url> {
    let mut url = from.join(location).ok()?;
    url.set_fragment(None);
    // This includes names and passwords, which would be sent as a credential.
    let same = url[..Position::BeforePath] == from[..Position::BeforePath];
    (same && url.as_str().len() <= URL_LIMIT).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_the_origin_of_the_request() {
        let from = Url::parse("https://api.test:8443/v1/things/1?q=a").expect("a URL");
        for (location, expected) in [
            ("/v2/things/1", Some("/v2/things/1")),
            ("2?x=%20#part", Some("/v1/things/2?x=%20")),
            ("?q=b", Some("/v1/things/1?q=b")),
            ("../../..", Some("/")),
            ("//api.test:8443/x", Some("/x")),
            ("HTTPS://API.test:8443/x", Some("/x")),
            ("", Some("/v1/things/1?q=a")),
            ("https://api.test/x", None),
            ("http://api.test:8443/x", None),
            ("https://api.test:8443@other.test/x", None),
            ("https://name:word@api.test:8443/x", None),
            ("https://name@api.test:8443/x", None),
            ("//other.test:8443/x", None),
            ("\\\\other.test/x", None),
            ("https://api.test.:8443/x", None),
            ("https://", None),
            ("data:text/plain,x", None),
            ("javascript:alert(1)", None),
        ] {
            let url = target(&from, location);
            let rest = url.as_ref().map(|url| &url[Position::BeforePath..]);
            assert_eq!(rest, expected, "{location}");
        }
        assert!(target(&from, &"x".repeat(URL_LIMIT)).is_none());
        let plain = Url::parse("http://api.test/x").expect("a URL");
        assert!(target(&plain, "http://api.test:80/y").is_some(), "the port of the scheme");
    }
}
