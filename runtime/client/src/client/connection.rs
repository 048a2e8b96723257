//! The shared state of a client, and building requests from calls.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, COOKIE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use naftiko_schema::{ApiId, Capability, FixedParameter, Location, Operation, TemplatePart};
use secrecy::SecretString;
use url::Url;

use super::attempt::{After, Before};
use super::credential::{Challenges, of_call};
use super::keys::{Keyring, Keys, Source};
use super::on_behalf::{Demanded, OnBehalf};
use super::options::Options;
use super::pairs::{append_query, remove_query, replace_query};
use super::registered::ScriptRunners;
use super::retry::{Budget, RetryPolicy};
use super::room::Room;
use super::signer::Signer;
use super::transport::Transport;
use crate::argument::Arguments;
use crate::argument::Violation;
use crate::defaults::Defaults;
use crate::encoding::pair;
use crate::error::{Error, ErrorKind, Phase};
use crate::request::{Parts, build, http_method, remove_framing};
use crate::template::Values;

/// The shared, configured state behind every handle of a client. Cloning is cheap.
#[derive(Clone)]
pub struct Connection(Arc<Shared>);

/// What a [`ClientBuilder`](super::ClientBuilder) builds: the typed client of a generated crate.
pub trait Handle {
    /// Wraps a connection.
    fn over(connection: Connection) -> Self;
}

impl Handle for Connection {
    fn over(connection: Self) -> Self {
        connection
    }
}

pub(super) struct Shared {
    pub(super) capability: &'static Capability,
    /// One endpoint per API.
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) keyring: Keyring,
    /// Which calls must bring credentials of their own.
    pub(super) demanded: Vec<Demanded>,
    pub(super) challenges: Challenges,
    pub(super) defaults: Defaults,
    pub(super) user_agent: HeaderValue,
    pub(super) timeout: Duration,
    pub(super) attempt_timeout: Option<Duration>,
    pub(super) response_limit: usize,
    pub(super) allow_dot_segments: bool,
    pub(super) room: Option<Room>,
    pub(super) retry: RetryPolicy,
    pub(super) budget: Budget,
    pub(super) before: Vec<Before>,
    pub(super) after: Vec<After>,
    /// The signers, in order, each with its API if it has one. They run when nothing else changes the request.
    pub(super) signers: Vec<(Option<ApiId>, Arc<dyn Signer>)>,
    pub(super) scripts: ScriptRunners,
}

/// The base URI of an API, and the transport to it.
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

    /// The capability that the client belongs to.
    #[doc(hidden)]
    pub fn capability(&self) -> &'static Capability {
        self.0.capability
    }

    /// The base URI of an operation's API.
    #[doc(hidden)]
    pub fn base_uri(&self, operation: &Operation) -> Option<&Url> {
        self.0.endpoint(operation).map(|endpoint| &endpoint.base_uri)
    }

    /// The values for what callers leave out.
    #[doc(hidden)]
    pub fn defaults(&self) -> &Defaults {
        &self.0.defaults
    }

    /// How long a call may take with all of its attempts.
    #[doc(hidden)]
    pub fn timeout(&self) -> Duration {
        self.0.timeout
    }

    /// The largest response to accept, in bytes.
    #[doc(hidden)]
    pub fn response_limit(&self) -> usize {
        self.0.response_limit
    }

    /// What runs the scripts of flows.
    #[doc(hidden)]
    pub fn scripts(&self) -> &ScriptRunners {
        &self.0.scripts
    }

    /// The secrets of the client that are known now, so that records do not repeat them.
    #[doc(hidden)]
    pub fn secrets(&self) -> Vec<SecretString> {
        self.0.keyring.known()
    }

    /// Whether a call of an operation that brings these credentials has the one that it must bring.
    ///
    /// # Errors
    /// What the caller does to bring it.
    #[doc(hidden)]
    pub fn check_credential(&self, operation: &'static Operation, on_behalf: &OnBehalf) -> Result<(), Error> {
        self.0.credential(operation, on_behalf).map(|_| ())
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.0
    }
}

impl Shared {
    /// The credential that a call of an operation brings.
    pub(super) fn credential<'b>(
        &self,
        operation: &'static Operation,
        on_behalf: &'b OnBehalf,
    ) -> Result<Option<&'b Source>, Error> {
        let Some(api) = self.capability.api(operation.api) else { return Ok(None) };
        let own = on_behalf.of(api);
        match self.demanded.iter().find(|demanded| own.is_none() && demanded.is_of(api)) {
            Some(demanded) => Err(Error::new(
                &operation.name,
                ErrorKind::Unauthorized(format!("the call needs a credential of its own; {}", demanded.how)),
                Phase::Prepare,
            )),
            None => Ok(own),
        }
    }

    pub(super) fn endpoint(&self, operation: &Operation) -> Option<&Endpoint> {
        self.endpoints.get(operation.api.index())
    }

    /// Builds the part of a request that the caller controls.
    pub(super) fn build_request(
        &self,
        base_uri: &Url,
        operation: &'static Operation,
        arguments: &Arguments,
        options: &Options,
        keys: &Keys,
    ) -> Result<reqwest::Request, Vec<Violation>> {
        let Parts { mut url, mut headers, body } =
            build(base_uri, operation, arguments, &keys.variables, self.allow_dot_segments)?;
        if let Some(passed) = &options.passed {
            passed.apply(&mut url).map_err(|violation| vec![violation])?;
        }
        if !options.query.is_empty() {
            replace_query(&mut url, &options.query);
        }
        if operation.format.is_json() {
            headers.entry(ACCEPT).or_insert(const { HeaderValue::from_static("application/json") });
        }
        headers.entry(USER_AGENT).or_insert_with(|| self.user_agent.clone());
        // Same as `extend`, which would need a copy of the whole map.
        for name in options.headers.keys() {
            let mut values = options.headers.get_all(name).iter().cloned();
            if let Some(value) = values.next() {
                headers.insert(name, value);
            }
            for value in values {
                headers.append(name, value);
            }
        }
        let mut request = reqwest::Request::new(http_method(operation.method), url);
        *request.headers_mut() = headers;
        *request.body_mut() = body;
        Ok(request)
    }

    /// Adds fixed parameters. This comes after what callers send, so that they cannot replace them.
    pub(super) fn add_fixed(
        &self,
        request: &mut reqwest::Request,
        operation: &'static Operation,
        arguments: &Arguments,
        keys: &Keys,
    ) -> Result<(), Vec<Violation>> {
        let values = Values { operation, arguments, variables: &keys.variables };
        let single = |violation| vec![violation];
        remove_framing(request.headers_mut());
        let fixed = |location| operation.fixed.iter().filter(move |parameter| parameter.location == location);
        // The query of a paging link may contain any name.
        let names: Vec<&str> = fixed(Location::Query).map(|parameter| &*parameter.name).collect();
        remove_query(request.url_mut(), &names);
        for parameter in fixed(Location::Query) {
            if let Some(value) = values.fill(&parameter.value) {
                append_query(request.url_mut(), &parameter.name, &value.into());
            }
        }
        let has_body = operation.body.is_some() || operation.parameters.iter().any(|known| known.location.is_body());
        let lacks_body = has_body && request.body().is_none();
        let is_sent =
            |parameter: &&FixedParameter| !(lacks_body && parameter.name.eq_ignore_ascii_case("content-type"));
        for parameter in fixed(Location::Header).filter(is_sent).chain(fixed(Location::Cookie)) {
            if let Some(value) = values.fill(&parameter.value) {
                add_header(request.headers_mut(), parameter, &value).map_err(|problem| {
                    let argument = parameter.value.parts.iter().find_map(|part| match part {
                        TemplatePart::Parameter(id) => Some(values.name(*id)),
                        TemplatePart::Literal(_) | TemplatePart::Variable(_) => None,
                    });
                    single(Violation::new(argument.unwrap_or(&parameter.name), problem))
                })?;
            }
        }
        Ok(())
    }

    /// Adds credentials, in place of those that the request has. This comes last, because some sign what is sent.
    pub(super) fn add_credentials(
        &self,
        request: &mut reqwest::Request,
        operation: &'static Operation,
        arguments: &Arguments,
        keys: &Keys,
    ) -> Result<(), Vec<Violation>> {
        let values = Values { operation, arguments, variables: &keys.variables };
        let single = |violation| vec![violation];
        let own = of_call(operation, &values).map_err(single)?;
        let of_api = keys.credentials.iter().filter(|_| operation.credentials.is_empty());
        for credential in own.iter().chain(of_api) {
            credential.apply(request, operation.api, &self.challenges).map_err(single)?;
        }
        Ok(())
    }
}

/// Adds a fixed header, or appends fixed cookies to those that are there.
fn add_header(headers: &mut HeaderMap, parameter: &FixedParameter, value: &str) -> Result<(), &'static str> {
    let invalid = || "has a value that is not a valid header value";
    let (name, value) = match parameter.location {
        Location::Cookie => (COOKIE, Cow::Owned(pair(&parameter.name, value))),
        _ => (HeaderName::try_from(&*parameter.name).map_err(|_| invalid())?, Cow::Borrowed(value)),
    };
    let others = headers.get(&name).filter(|_| name == COOKIE).and_then(|value| value.to_str().ok());
    let value = others.map_or(value.clone(), |others| format!("{others}; {value}").into());
    let mut value = HeaderValue::from_str(&value).map_err(|_| invalid())?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}
