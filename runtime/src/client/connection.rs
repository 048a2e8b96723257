//! Execution of an operation: one non-generic path from arguments to an answer.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, COOKIE, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::config::{ConfiguredApi, Credential, render};
use crate::argument::Violation;
use crate::arguments::{Argument, Arguments};
use crate::encoding::pair;
use crate::error::{Answer, Error, ErrorKind};
use crate::operation::{Capability, Constant, Location, Operation};
use crate::request::{Parts, build};
use crate::response::Response;

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
    pub(super) http: reqwest::Client,
    pub(super) apis: Vec<ConfiguredApi>,
    pub(super) variables: Vec<SecretString>,
    pub(super) response_limit: usize,
}

/// Shorter values, such as user names, stand in many a text by chance. In bytes.
const TELLING: usize = 8;

impl Shared {
    /// Blots out the secrets in a refusal: some servers repeat the request that they refuse.
    fn redact(&self, body: Bytes) -> Bytes {
        let secrets =
            self.variables.iter().map(|secret| secret.expose_secret()).filter(|secret| secret.len() >= TELLING);
        let leaked: Vec<_> = secrets.filter(|secret| contains(&body, secret.as_bytes())).collect();
        if leaked.is_empty() {
            return body;
        }
        let text = String::from_utf8_lossy(&body).into_owned();
        leaked.into_iter().fold(text, |text, secret| text.replace(secret, "[redacted]")).into()
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|window| window == part)
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("capability", &self.0.capability.name).finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// A call of `operation` without arguments yet.
    pub fn request(&self, operation: &'static Operation) -> Request {
        Request { connection: self.clone(), operation, arguments: Arguments::new(operation), violations: Vec::new() }
    }

    /// Checks the arguments, sends the request and reads the whole answer. A status that is no success is an error.
    pub(crate) async fn execute(
        &self,
        operation: &'static Operation,
        arguments: &Arguments,
    ) -> Result<Response<Bytes>, Error> {
        let violations = arguments.check(operation);
        if !violations.is_empty() {
            return Err(Error::arguments(operation.name, violations));
        }
        let request = self.build(operation, arguments)?;
        let answer = self.0.http.execute(request).await.map_err(|error| Error::transport(operation.name, error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = self
            .read(operation, answer)
            .await
            .map_err(|error| error.answered(Answer { status, headers: headers.clone(), body: Bytes::new() }))?;
        if status.is_success() {
            Ok(Response::new(status, headers, body))
        } else {
            let body = self.0.redact(body);
            Err(Error::new(operation.name, ErrorKind::Status(status)).answered(Answer { status, headers, body }))
        }
    }

    fn build(&self, operation: &'static Operation, arguments: &Arguments) -> Result<reqwest::Request, Error> {
        // A table that names an API which does not exist cannot be generated; it is still no reason to panic.
        let api = self.0.apis.get(operation.api).ok_or_else(|| Error::arguments(operation.name, Vec::new()))?;
        let Parts { mut url, mut headers, body } = build(&api.base_uri, operation, arguments, &self.0.variables)
            .map_err(|violations| Error::arguments(operation.name, violations))?;
        for constant in operation.constants {
            let value = render(constant.value, &self.0.variables);
            match constant.location {
                Location::Query => append_query(&mut url, constant.name, &value),
                Location::Header | Location::Cookie => add_header(&mut headers, constant, value.expose_secret())
                    .map_err(|violation| Error::arguments(operation.name, vec![violation]))?,
                Location::Path | Location::Segments | Location::Body | Location::Field => {}
            }
        }
        if operation.json_output {
            headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        }
        // Credentials come last, so that no argument can take their place.
        for credential in &api.credentials {
            prove(credential, &mut url, &mut headers)
                .map_err(|violation| Error::arguments(operation.name, vec![violation]))?;
        }
        let mut request = reqwest::Request::new(operation.method.to_http(), url);
        *request.headers_mut() = headers;
        *request.body_mut() = body.map(reqwest::Body::from);
        Ok(request)
    }

    async fn read(&self, operation: &'static Operation, mut answer: reqwest::Response) -> Result<Bytes, Error> {
        let limit = self.0.response_limit;
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| Error::transport(operation.name, error))? {
            let room = limit - body.len();
            if chunk.len() <= room {
                body.extend_from_slice(&chunk);
            } else if answer.status().is_success() {
                return Err(Error::new(operation.name, ErrorKind::TooLarge { limit }));
            } else {
                // What a refusal says at its beginning is worth more than its length.
                body.extend_from_slice(chunk.get(..room).unwrap_or_default());
                break;
            }
        }
        Ok(body.freeze())
    }
}

fn append_query(url: &mut Url, name: &str, value: &SecretString) {
    let pair = pair(name, value.expose_secret());
    let query = url.query().map_or_else(|| pair.clone(), |query| format!("{query}&{pair}"));
    url.set_query(Some(&query));
}

/// Adds a credential in place of whatever has its name.
fn prove(credential: &Credential, url: &mut Url, headers: &mut HeaderMap) -> Result<(), Violation> {
    match credential {
        Credential::Header(name, value) => drop(headers.insert(name.clone(), value.clone())),
        Credential::Query(name, value) => {
            let others = url.query().map(|query| without(name, query, "&"));
            url.set_query(others.as_deref().filter(|others| !others.is_empty()));
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

/// A call that is being put together: the machinery behind the typed builders of a generated client.
#[must_use = "a call does nothing until it is sent"]
pub struct Request {
    connection: Connection,
    operation: &'static Operation,
    arguments: Arguments,
    violations: Vec<Violation>,
}

impl Request {
    /// Sets the argument with this index. A value that is no JSON is reported when the call is sent.
    pub fn set(mut self, index: usize, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => self.arguments.set(index, Argument::Value(value)),
            // What the serializer says may quote the value.
            Err(_) => {
                let name = self.operation.parameters.get(index).map_or("", |parameter| parameter.name);
                self.violations.push(Violation::new(name, "cannot be written as JSON"));
            }
        }
        self
    }

    /// Sets a text argument.
    pub fn text(self, index: usize, text: impl Into<String>) -> Self {
        self.set(index, text.into())
    }

    /// Sets an argument of several texts.
    pub fn texts(self, index: usize, texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.set(index, texts.into_iter().map(Into::into).collect::<Vec<String>>())
    }

    /// Sends the request and decodes the answer.
    pub async fn send(self) -> Result<Response<Value>, Error> {
        if !self.violations.is_empty() {
            return Err(Error::arguments(self.operation.name, self.violations));
        }
        let response = self.connection.execute(self.operation, &self.arguments).await?;
        response.decode(self.operation.name, self.operation.json_output)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments stay out: they may be secrets.
        f.debug_struct("Request").field("operation", &self.operation.name).finish_non_exhaustive()
    }
}
