//! The shared state of a client, and the requests that it makes of calls.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, COOKIE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::attempt::{After, Attempt, Before};
use super::call::{Options, Request};
use super::credential::{Credential, render};
use super::keys::{Keyring, Keys};
use super::retry::{Budget, RetryPolicy};
use super::transport::Transport;
use crate::argument::Violation;
use crate::arguments::Arguments;
use crate::encoding::pair;
use crate::operation::{Capability, Constant, Location, Operation};
use crate::request::{Parts, build};

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
    pub(super) transport: Arc<dyn Transport>,
    /// The base URI of each API.
    pub(super) base_uris: Vec<Url>,
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

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("capability", &self.0.capability.name).finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.0
    }

    /// A call of `operation` without arguments yet.
    pub fn request(&self, operation: &'static Operation) -> Request {
        Request::new(self.clone(), operation)
    }
}

impl Shared {
    /// Makes the request of an attempt.
    pub(super) fn build(
        &self,
        operation: &'static Operation,
        arguments: &Arguments,
        options: &Options,
        attempt: &Attempt<'_>,
    ) -> Result<reqwest::Request, Vec<Violation>> {
        let keys: &Keys = attempt.keys;
        let one = |violation| vec![violation];
        // A table that names an API which does not exist cannot be generated; it is still no reason to panic.
        let (Some(base_uri), Some(credentials)) =
            (self.base_uris.get(operation.api), keys.credentials.get(operation.api))
        else {
            return Err(Vec::new());
        };
        let Parts { mut url, mut headers, body } = build(base_uri, operation, arguments, &keys.variables)?;
        // A link in an answer may carry any name; what the capability fixes is not for it to change.
        let fixed = |name: &str| operation.constants.iter().any(|c| c.location == Location::Query && c.name == name);
        let pairs = || options.query.iter().filter(|(name, _)| !fixed(name));
        pairs().for_each(|(name, _)| remove_query(&mut url, name));
        for (name, value) in pairs() {
            append_query(&mut url, name, value);
        }
        for constant in operation.constants {
            let value = render(constant.value, &keys.variables);
            match constant.location {
                Location::Query => append_query(&mut url, constant.name, &value),
                Location::Header | Location::Cookie => {
                    add_header(&mut headers, constant, value.expose_secret()).map_err(one)?;
                }
                Location::Path | Location::Segments | Location::Body | Location::Field => {}
            }
        }
        if operation.json_output {
            headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        }
        headers.entry(USER_AGENT).or_insert_with(|| self.user_agent.clone());
        headers.extend(options.headers.clone());
        for hook in &self.before {
            hook(attempt, &mut headers);
        }
        // Credentials come last, so that nothing can take their place.
        for credential in credentials {
            prove(credential, &mut url, &mut headers).map_err(one)?;
        }
        let mut request = reqwest::Request::new(operation.method.to_http(), url);
        *request.headers_mut() = headers;
        *request.body_mut() = body;
        Ok(request)
    }
}

fn append_query(url: &mut Url, name: &str, value: &SecretString) {
    let pair = pair(name, value.expose_secret());
    let query = url.query().map_or_else(|| pair.clone(), |query| format!("{query}&{pair}"));
    url.set_query(Some(&query));
}

fn remove_query(url: &mut Url, name: &str) {
    let others = url.query().map(|query| without(name, query, "&"));
    url.set_query(others.as_deref().filter(|others| !others.is_empty()));
}

/// Adds a credential in place of whatever has its name.
fn prove(credential: &Credential, url: &mut Url, headers: &mut HeaderMap) -> Result<(), Violation> {
    match credential {
        Credential::Header(name, value) => drop(headers.insert(name.clone(), value.clone())),
        Credential::Query(name, value) => {
            remove_query(url, name);
            append_query(url, name, value);
        }
        Credential::Cookie(name, value) => {
            let others =
                headers.get(COOKIE).map(|value| without(name, &String::from_utf8_lossy(value.as_bytes()), "; "));
            let own = format!("{name}={}", value.expose_secret());
            let all =
                others.filter(|others| !others.is_empty()).map_or(own.clone(), |others| format!("{others}; {own}"));
            let mut value =
                HeaderValue::from_str(&all).map_err(|_| Violation::new("cookie", "must be a valid header value"))?;
            value.set_sensitive(true);
            headers.insert(COOKIE, value);
        }
    }
    Ok(())
}

/// The pairs of a query or a cookie that have another name.
fn without(name: &str, pairs: &str, separator: &str) -> String {
    let other = |pair: &&str| {
        let found = pair.split_once('=').map_or(*pair, |(found, _)| found);
        percent_decode_str(found).decode_utf8_lossy() != name
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
