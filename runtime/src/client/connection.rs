//! The shared state of a client, and the requests that it makes of calls.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, COOKIE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::attempt::{After, Before};
use super::credential::{Credential, render};
use super::keys::{Keyring, Keys};
use super::options::Options;
use super::retry::{Budget, RetryPolicy};
use super::transport::Transport;
use crate::argument::Violation;
use crate::arguments::Arguments;
use crate::encoding::pair;
use crate::operation::{Capability, Constant, Location, Operation};
use crate::request::{Parts, build, remove_framing};

/// The shared, configured state behind every handle of a client. Cloning is cheap.
#[derive(Clone)]
pub struct Connection(Arc<Shared>);

/// What a [`ClientBuilder`](super::ClientBuilder) builds: the typed client of a generated crate.
pub trait Handle {
    /// The client over a connection.
    fn over(connection: Connection) -> Self;
}

impl Handle for Connection {
    fn over(connection: Self) -> Self {
        connection
    }
}

pub(super) struct Shared {
    pub(super) capability: &'static Capability,
    /// Where each API is.
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) keyring: Keyring,
    pub(super) user_agent: HeaderValue,
    pub(super) timeout: Duration,
    pub(super) attempt_timeout: Option<Duration>,
    pub(super) response_limit: usize,
    pub(super) retry: RetryPolicy,
    pub(super) budget: Budget,
    pub(super) before: Vec<Before>,
    pub(super) after: Vec<After>,
}

/// Where an API is, and what goes there.
pub(super) struct Endpoint {
    pub(super) base_uri: Url,
    pub(super) transport: Arc<dyn Transport>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("capability", &self.0.capability.name).finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// Where the API of an operation is.
    #[cfg(feature = "rest")]
    pub(crate) fn base_uri(&self, operation: &Operation) -> Option<&Url> {
        self.0.endpoint(operation).map(|endpoint| &endpoint.base_uri)
    }

    /// The largest answer that is taken in, in bytes.
    #[cfg(feature = "rest")]
    pub(crate) fn response_limit(&self) -> usize {
        self.0.response_limit
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.0
    }
}

impl Shared {
    pub(super) fn endpoint(&self, operation: &Operation) -> Option<&Endpoint> {
        self.endpoints.get(operation.api)
    }

    /// Makes a request of all that callers have a say in.
    pub(super) fn compose(
        &self,
        base_uri: &Url,
        operation: &'static Operation,
        arguments: &Arguments,
        options: &Options,
        keys: &Keys,
    ) -> Result<reqwest::Request, Vec<Violation>> {
        let Parts { mut url, mut headers, body } = build(base_uri, operation, arguments, &keys.variables)?;
        if !options.query.is_empty() {
            replace_query(&mut url, &options.query);
        }
        if operation.json_output {
            headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        }
        headers.entry(USER_AGENT).or_insert_with(|| self.user_agent.clone());
        // As `extend` would do it, but for the copy of the whole map that it takes.
        for name in options.headers.keys() {
            let mut values = options.headers.get_all(name).iter().cloned();
            if let Some(value) = values.next() {
                headers.insert(name, value);
            }
            for value in values {
                headers.append(name, value);
            }
        }
        let mut request = reqwest::Request::new(operation.method.to_http(), url);
        *request.headers_mut() = headers;
        *request.body_mut() = body;
        Ok(request)
    }

    /// Adds what no caller has a say in. It comes last, so that nothing can take its place.
    pub(super) fn seal(
        &self,
        request: &mut reqwest::Request,
        operation: &'static Operation,
        keys: &Keys,
    ) -> Result<(), Vec<Violation>> {
        let one = |violation| vec![violation];
        remove_framing(request.headers_mut());
        let fixed = |location| operation.constants.iter().filter(move |constant| constant.location == location);
        // A link in an answer may carry any name.
        let names: Vec<_> = fixed(Location::Query).map(|constant| constant.name).collect();
        remove_query(request.url_mut(), &names);
        for constant in fixed(Location::Query) {
            append_query(request.url_mut(), constant.name, &render(constant.value, &keys.variables));
        }
        for constant in fixed(Location::Header).chain(fixed(Location::Cookie)) {
            let value = render(constant.value, &keys.variables);
            add_header(request.headers_mut(), constant, value.expose_secret()).map_err(one)?;
        }
        for credential in keys.credentials.get(operation.api).into_iter().flatten() {
            prove(credential, request).map_err(one)?;
        }
        Ok(())
    }
}

fn append_query(url: &mut Url, name: &str, value: &SecretString) {
    let pair = pair(name, value.expose_secret());
    let query = url.query().map_or_else(|| pair.clone(), |query| format!("{query}&{pair}"));
    url.set_query(Some(&query));
}

fn remove_query(url: &mut Url, names: &[&str]) {
    if !names.is_empty() {
        let others = url.query().map(|query| without(|name| names.contains(&name), query, "&"));
        url.set_query(others.as_deref().filter(|others| !others.is_empty()));
    }
}

/// Puts pairs in the place of all that have their names.
fn replace_query(url: &mut Url, pairs: &[(String, SecretString)]) {
    let names: HashSet<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    let mut query = without(|name| names.contains(name), url.query().unwrap_or_default(), "&");
    for (name, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(&pair(name, value.expose_secret()));
    }
    url.set_query(Some(&query).filter(|query| !query.is_empty()).map(String::as_str));
}

/// Adds a credential in place of whatever has its name.
fn prove(credential: &Credential, request: &mut reqwest::Request) -> Result<(), Violation> {
    match credential {
        Credential::Header(name, value) => drop(request.headers_mut().insert(name.clone(), value.clone())),
        Credential::Query(name, value) => {
            remove_query(request.url_mut(), &[name]);
            append_query(request.url_mut(), name, value);
        }
        Credential::Cookie(name, value) => {
            let others = request.headers().get(COOKIE).map(|value| String::from_utf8_lossy(value.as_bytes()));
            let others = others.map(|others| without(|other| other == *name, &others, "; "));
            let own = format!("{name}={}", value.expose_secret());
            let all =
                others.filter(|others| !others.is_empty()).map_or(own.clone(), |others| format!("{others}; {own}"));
            let mut value =
                HeaderValue::from_str(&all).map_err(|_| Violation::new("cookie", "must be a valid header value"))?;
            value.set_sensitive(true);
            request.headers_mut().insert(COOKIE, value);
        }
    }
    Ok(())
}

/// The pairs of a query or a cookie whose names are not those.
fn without(those: impl Fn(&str) -> bool, pairs: &str, separator: &str) -> String {
    let other = |pair: &&str| {
        let found = pair.split_once('=').map_or(*pair, |(found, _)| found);
        !those(&percent_decode_str(found).decode_utf8_lossy())
    };
    let pairs = pairs.split(separator.trim_end()).map(str::trim).filter(|pair| !pair.is_empty());
    pairs.filter(other).collect::<Vec<_>>().join(separator)
}

/// Adds a fixed header, or a fixed pair to the cookies that are there.
fn add_header(headers: &mut HeaderMap, constant: &Constant, value: &str) -> Result<(), Violation> {
    let invalid = || Violation::new(constant.name, "has a fixed value that no header may have");
    let (name, value) = if constant.location == Location::Cookie {
        let others = headers.get(COOKIE).and_then(|value| value.to_str().ok()).map(|text| format!("{text}; "));
        (COOKIE, format!("{}{}", others.unwrap_or_default(), pair(constant.name, value)))
    } else {
        (HeaderName::try_from(constant.name).map_err(|_| invalid())?, value.to_owned())
    };
    let mut value = HeaderValue::from_str(&value).map_err(|_| invalid())?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}
