//! What may be said about a call before it is sent, and in which forms its answer comes.

use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::list;
use super::options::Options;
use super::request::Request;
use super::retry::RetryPolicy;
use super::stream::ResultStream;
use crate::argument::Violation;
use crate::error::Error;
use crate::paging::Paging;
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
        async move { request.send().await }
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
        list::pages(self.parts().0)
    }

    /// The items of a list, of all its pages.
    fn items<T: DeserializeOwned + Send + 'static>(self) -> ResultStream<T> {
        list::items(self.parts().0)
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

impl Call for Request {
    fn parts(self) -> (Self, fn(Self) -> Self) {
        (self, |request| request)
    }
}
