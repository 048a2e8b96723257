//! A call: what may be said about it before it is sent, and in which forms its answer comes.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::connection::Connection;
use super::retry::RetryPolicy;
use super::stream::ResultStream;
use crate::argument::Violation;
use crate::arguments::{Argument, Arguments};
use crate::error::Error;
use crate::operation::Operation;
use crate::paging::Paging;
use crate::raw_body::IntoBody;
use crate::request::is_framing;
use crate::response::Response;

/// What every call of a generated client can do beside `send`.
///
/// The calls themselves have one setter for each optional argument of their operation; where such a setter has the name of
/// a method here, it is the setter that is meant. A call may be kept, cloned and sent again.
pub trait Call: Sized {
    /// The untyped call, and the way back.
    #[doc(hidden)]
    fn parts(self) -> (Request, fn(Request) -> Self);

    /// How long the call may take in all, instead of what the client says.
    #[must_use]
    fn timeout(self, timeout: Duration) -> Self {
        self.with(|options| options.timeout = Some(timeout))
    }

    /// How long one attempt may take, instead of what the client says.
    #[must_use]
    fn attempt_timeout(self, timeout: Duration) -> Self {
        self.with(|options| options.attempt_timeout = Some(timeout))
    }

    /// How the call is repeated, instead of what the client says.
    #[must_use]
    fn retry(self, policy: RetryPolicy) -> Self {
        self.with(|options| options.retry = Some(policy))
    }

    /// The largest answer to accept, in bytes after decompression, instead of what the client says. It holds for streams
    /// too.
    #[must_use]
    fn response_limit(self, bytes: usize) -> Self {
        self.with(|options| options.response_limit = Some(bytes))
    }

    /// Adds a header, or replaces one that an argument set. A credential stays what it is, and the fields that frame the
    /// message or name its target (RFC 9110 §7.6.1, §7.2) are refused when the call is sent.
    #[must_use]
    fn header(self, name: &str, value: &str) -> Self {
        let (mut request, back) = self.parts();
        match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) if !is_framing(&name) => drop(request.options.headers.insert(name, value)),
            _ => request.violations.push(Violation::new(name, "cannot be set to this value")),
        }
        back(request)
    }

    /// How the pages of a list follow each other, where that is not recognised.
    #[must_use]
    fn paging(self, paging: Paging) -> Self {
        self.with(|options| options.paging = paging)
    }

    /// Sends the request and decodes the answer, as the method of the same name of each call does.
    ///
    /// # Errors
    /// When an argument is refused, when the upstream cannot be reached, or when it answers with an error.
    fn send(self) -> impl Future<Output = Result<Response<Value>, Error>> + Send {
        let (request, _) = self.parts();
        async move { request.execute().await?.decode(request.operation.name, request.operation.json_output) }
    }

    /// Sends the request and decodes the answer into a type of yours. Members that it does not have are ignored; an answer
    /// without a body is null, which `()` and `Option` take.
    ///
    /// # Errors
    /// Those of `send`, and when the answer does not fit the type.
    fn send_as<T: DeserializeOwned + Send>(self) -> impl Future<Output = Result<Response<T>, Error>> + Send {
        let (request, _) = self.parts();
        async move { request.execute().await?.decoded(request.operation.name) }
    }

    /// Sends the request and gives the answer's body as it came.
    ///
    /// # Errors
    /// Those of `send`, but for decoding.
    fn send_bytes(self) -> impl Future<Output = Result<Response<Bytes>, Error>> + Send {
        let (request, _) = self.parts();
        async move { request.execute().await }
    }

    /// Sends the request and gives the answer's body as it comes, without keeping it in memory. The call's timeout is then
    /// how long the next piece may take.
    ///
    /// # Errors
    /// Those of `send`, but for decoding. What goes wrong later is in the stream.
    fn send_streaming(self) -> impl Future<Output = Result<Response<ResultStream<Bytes>>, Error>> + Send {
        let (request, _) = self.parts();
        async move {
            request.checked()?;
            request.connection.open(request.operation, &request.arguments, &request.options).await
        }
    }

    /// The pages of a list, one request each, from the one that the arguments ask for to the last.
    fn pages(self) -> ResultStream<Response<Value>> {
        super::list::pages(self.parts().0)
    }

    /// The items of a list, of all its pages.
    fn items<T: DeserializeOwned + Send + 'static>(self) -> ResultStream<T> {
        super::list::items(self.parts().0)
    }

    /// The same call for programs that do not use `async`.
    #[cfg(feature = "blocking")]
    fn blocking(self) -> super::Blocking {
        super::Blocking::new(self.parts().0)
    }

    #[doc(hidden)]
    #[must_use]
    fn with(self, change: impl FnOnce(&mut Options)) -> Self {
        let (mut request, back) = self.parts();
        change(&mut request.options);
        back(request)
    }
}

/// What is said about a single call.
#[doc(hidden)]
#[derive(Clone, Default)]
pub struct Options {
    pub(super) timeout: Option<Duration>,
    pub(super) attempt_timeout: Option<Duration>,
    pub(super) retry: Option<RetryPolicy>,
    pub(super) response_limit: Option<usize>,
    pub(super) headers: HeaderMap,
    /// Pairs of the query, in place of those with the same names.
    pub(super) query: Vec<(String, SecretString)>,
    pub(super) paging: Paging,
}

/// A call that is being put together: the machinery behind the typed calls of a generated client.
#[derive(Clone)]
#[must_use = "a call does nothing until it is sent"]
pub struct Request {
    pub(super) connection: Connection,
    pub(super) operation: &'static Operation,
    pub(super) arguments: Arguments,
    pub(super) options: Options,
    violations: Vec<Violation>,
}

impl Request {
    pub(super) fn new(connection: Connection, operation: &'static Operation) -> Self {
        let arguments = Arguments::new(operation);
        Self { connection, operation, arguments, options: Options::default(), violations: Vec::new() }
    }

    /// Sets the argument with this index. A value that is no JSON is reported when the call is sent.
    pub fn set(mut self, index: usize, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).map(Argument::Value).ok();
        self.put(index, value);
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

    /// Sets the body.
    pub fn body(mut self, index: usize, body: impl IntoBody) -> Self {
        let (body, secrets) = body.into_argument().unzip();
        self.arguments.add_secrets(secrets.unwrap_or_default());
        self.put(index, body);
        self
    }

    fn put(&mut self, index: usize, argument: Option<Argument>) {
        match argument {
            Some(argument) => self.arguments.set(index, argument),
            // What the serializer says may quote the value.
            None => {
                let name = self.operation.parameters.get(index).map_or("", |parameter| parameter.name);
                self.violations.push(Violation::new(name, "cannot be written as JSON"));
            }
        }
    }

    /// Sends the request and decodes the answer.
    pub async fn send(self) -> Result<Response<Value>, Error> {
        Call::send(self).await
    }

    async fn execute(&self) -> Result<Response<Bytes>, Error> {
        self.checked()?;
        self.connection.execute(self.operation, &self.arguments, &self.options).await
    }

    fn checked(&self) -> Result<(), Error> {
        if self.violations.is_empty() {
            Ok(())
        } else {
            Err(Error::arguments(self.operation.name, self.violations.clone()))
        }
    }
}

impl Call for Request {
    fn parts(self) -> (Self, fn(Self) -> Self) {
        (self, |request| request)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments stay out: they may be secrets.
        f.debug_struct("Request").field("operation", &self.operation.name).finish_non_exhaustive()
    }
}
