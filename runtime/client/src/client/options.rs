//! Options of a single call.

use std::time::Duration;

use http::HeaderMap;
use naftiko_schema::http::{holds_dots, is_dots};
use secrecy::SecretString;
use url::Url;

use super::on_behalf::OnBehalf;
use super::retry::RetryPolicy;
use crate::argument::Violation;
use crate::paging::Paging;

/// Options of a single call.
#[doc(hidden)]
#[derive(Clone, Default)]
pub struct Options {
    pub(in crate::client) timeout: Option<Duration>,
    pub(in crate::client) attempt_timeout: Option<Duration>,
    pub(in crate::client) retry: Option<RetryPolicy>,
    pub(in crate::client) response_limit: Option<usize>,
    pub(in crate::client) headers: HeaderMap,
    /// Query pairs that replace those with the same names.
    pub(in crate::client) query: Vec<(String, SecretString)>,
    pub(in crate::client) paging: Paging,
    /// What of a caller's request is passed on as it is.
    pub(in crate::client) passed: Option<Passed>,
    /// The body is sent even if it is not what the schema of the operation says.
    pub(in crate::client) unchecked: bool,
    /// Credentials in place of those of the client.
    pub(in crate::client) on_behalf: OnBehalf,
}

impl Options {
    /// Options with only these header fields.
    pub fn forwarding(headers: HeaderMap) -> Self {
        Self { headers, ..Self::default() }
    }

    /// The same options with credentials in place of those of the client.
    #[must_use]
    pub fn on_behalf(self, on_behalf: OnBehalf) -> Self {
        Self { on_behalf, ..self }
    }

    /// The same options with a path and a query that are passed on.
    #[must_use]
    pub fn passing(self, passed: Passed) -> Self {
        Self { passed: Some(passed), ..self }
    }

    /// The same options with a time limit for the call with all of its attempts.
    #[must_use]
    pub fn within(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// The same options with the longest response, in bytes.
    #[must_use]
    pub fn limited(self, response_limit: Option<usize>) -> Self {
        Self { response_limit: response_limit.or(self.response_limit), ..self }
    }
}

/// A path and a query that are sent as they came. Both are percent-encoded already.
#[derive(Clone, Debug)]
pub struct Passed {
    /// What follows the path of the operation; empty for that path itself.
    pub path: String,
    /// The query, without `?`.
    pub query: Option<String>,
}

impl Passed {
    /// Appends the path, and sets the query, unless the path leads out of the one before it.
    pub(in crate::client) fn apply(&self, url: &mut Url) -> Result<(), Violation> {
        if self.path.split(['/', '\\']).any(is_dots) || holds_dots(&self.path) {
            return Err(Violation::new("path", "must not hold `.` or `..` between slashes, also if they are encoded"));
        }
        let mut path = url.path().trim_end_matches('/').to_owned();
        if !self.path.is_empty() {
            path.extend(["/", &self.path]);
        }
        url.set_path(&path);
        url.set_query(self.query.as_deref().filter(|query| !query.is_empty()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_paths_stay_below_the_base_uri_and_as_they_are() {
        let base: Url = "https://api.test/v1/".parse().expect("a URL");
        let passed = |path: &str, query: Option<&str>| {
            let mut url = base.clone();
            let passed = Passed { path: path.to_owned(), query: query.map(str::to_owned) };
            passed.apply(&mut url).map(|()| url.to_string()).ok()
        };
        for (path, query, url) in [
            ("", None, "https://api.test/v1"),
            ("a/b", Some("q=1&r=a%20b"), "https://api.test/v1/a/b?q=1&r=a%20b"),
            ("a%2Fb/%C3%A9/", Some(""), "https://api.test/v1/a%2Fb/%C3%A9/"),
            ("/a//b", Some("a=?"), "https://api.test/v1//a//b?a=?"),
            ("https://other.test/", None, "https://api.test/v1/https://other.test/"),
        ] {
            assert_eq!(passed(path, query).as_deref(), Some(url), "{path}");
        }
        for path in ["..", "a/../b", "%2e%2E/x", "a/..%2Fb", "a/.%5C..", ".", "a/..;x/b", "a%2f%252e%252e"] {
            assert_eq!(passed(path, None), None, "{path}");
        }
    }
}
