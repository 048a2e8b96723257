//! Options of a call before it is sent, and the forms of its response.

use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use naftiko_schema::http::is_framing;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::list;
use super::on_behalf::OnBehalf;
use super::options::Options;
use super::reading::Reading;
use super::request::Request;
use super::retry::RetryPolicy;
use super::stream::ResultStream;
use super::token::TokenProvider;
use crate::argument::Violation;
use crate::error::Error;
use crate::paging::Paging;
use crate::response::Response;

/// What every call of a generated client can do besides `send`.
///
/// A call has one setter for each optional argument of its operation. If such a setter has the name of a method here, the
/// setter takes precedence. A call can be kept, cloned and sent again.
pub trait Call: Sized {
    /// What `send` makes of the body of the response: a model if a companion describes it, else a JSON value.
    type Output: DeserializeOwned + Send + 'static;

    /// What an item of a list is.
    type Item: DeserializeOwned + Send + 'static;

    /// The untyped call, and the function that wraps it again.
    #[doc(hidden)]
    fn parts(self) -> (Request, fn(Request) -> Self);

    /// The time limit of the call, instead of the client's.
    #[must_use]
    fn timeout(self, timeout: Duration) -> Self {
        self.with(|options| options.timeout = Some(timeout))
    }

    /// The time limit of one attempt, instead of the client's.
    #[must_use]
    fn attempt_timeout(self, timeout: Duration) -> Self {
        self.with(|options| options.attempt_timeout = Some(timeout))
    }

    /// The retry policy of the call, instead of the client's.
    #[must_use]
    fn retry(self, policy: RetryPolicy) -> Self {
        self.with(|options| options.retry = Some(policy))
    }

    /// The largest response to accept, in bytes after decompression, instead of the client's limit. It applies to streams too.
    #[must_use]
    fn response_limit(self, bytes: usize) -> Self {
        self.with(|options| options.response_limit = Some(bytes))
    }

    /// Adds a header, or replaces one that an argument set. It cannot replace a credential. Fields that frame the message or
    /// name its target (RFC 9110 §7.6.1, §7.2) are rejected when the call is sent.
    #[must_use]
    fn header(self, name: &str, value: &str) -> Self {
        let (mut request, back) = self.parts();
        match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) if !is_framing(name.as_str()) => drop(request.options.headers.insert(name, value)),
            _ => request.violations.push(Violation::new(name, "cannot be set to this value")),
        }
        back(request)
    }

    /// Sends this in place of the client's credential: what the variable of the API's credential would be, such as a token or a
    /// key of one user among many. It is redacted in errors like the client's own.
    ///
    /// A call whose API has no credential with exactly one variable, and none with a token of an authorization server, fails.
    #[must_use]
    fn credential(self, secret: impl Into<SecretString>) -> Self {
        let secret = secret.into();
        self.with(|options| options.on_behalf = OnBehalf::default().secret(None, secret))
    }

    /// Gets the same from a provider before every attempt, such as a [`TokenExchange`](crate::TokenExchange).
    #[must_use]
    fn credential_provider(self, provider: impl TokenProvider) -> Self {
        self.with(|options| options.on_behalf = OnBehalf::default().provider(None, provider))
    }

    /// Sends the body even if it is not what the operation is known to take, for the day on which the upstream takes more:
    /// another member, or another value of a member. Everything else is still checked.
    #[must_use]
    fn unchecked(self) -> Self {
        self.with(|options| options.unchecked = true)
    }

    /// How the pages of a list follow each other, if that is not recognised.
    #[must_use]
    fn paging(self, paging: Paging) -> Self {
        self.with(|options| options.paging = paging)
    }

    /// Sends the request and decodes the response, as the method of the same name of each call does.
    ///
    /// # Errors
    /// If an argument is invalid, the upstream cannot be reached, or it responds with an error.
    fn send(self) -> impl Future<Output = Result<Response<Self::Output>, Error>> + Send {
        let (request, _) = self.parts();
        async move { request.receive().await }
    }

    /// Sends the request and decodes the response into your own type, from the document that `send` returns: JSON, or the format
    /// that the capability declares, such as XML. Members that the type does not have are ignored. A
    /// response without a body is null, which decodes to `()` and `Option`.
    ///
    /// # Errors
    /// Those of `send`, and if the response does not match the type.
    fn send_as<T: DeserializeOwned + Send>(self) -> impl Future<Output = Result<Response<T>, Error>> + Send {
        let (request, _) = self.parts();
        async move { request.execute(Reading::Document).await?.decoded(request.operation) }
    }

    /// Sends the request and returns the raw body of the response.
    ///
    /// # Errors
    /// Those of `send`, except for decoding.
    fn send_bytes(self) -> impl Future<Output = Result<Response<Bytes>, Error>> + Send {
        let (request, _) = self.parts();
        async move { request.execute(Reading::Whole).await }
    }

    /// Sends the request and returns the body of the response as a stream, without keeping it in memory. The call's timeout
    /// then limits the wait for each chunk.
    ///
    /// # Errors
    /// Those of `send`, except for decoding. Later errors are items of the stream.
    fn send_streaming(self) -> impl Future<Output = Result<Response<ResultStream<Bytes>>, Error>> + Send {
        let (request, _) = self.parts();
        async move {
            let response = request.open(Reading::Head).await?;
            Ok(response.map(|body| ResultStream::of(body.pass_through(request.options.response_limit))))
        }
    }

    /// The pages of a list, with one request each, from the page that the arguments select to the last.
    fn pages(self) -> ResultStream<Response<Self::Output>> {
        list::pages(self.parts().0)
    }

    /// The items of all pages of a list.
    fn items(self) -> ResultStream<Self::Item> {
        self.items_as()
    }

    /// The items of all pages of a list, decoded into your own type.
    fn items_as<T: DeserializeOwned + Send + 'static>(self) -> ResultStream<T> {
        list::items(self.parts().0)
    }

    /// The same call for programs that do not use `async`.
    #[cfg(feature = "blocking")]
    fn blocking(self) -> super::Blocking<Self> {
        super::Blocking::new(self)
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
    type Output = Value;
    type Item = Value;

    fn parts(self) -> (Self, fn(Self) -> Self) {
        (self, |request| request)
    }
}

/// Declares the type of a call in a generated client, with the types of its response and of the items in it.
#[doc(hidden)]
#[macro_export]
macro_rules! call {
    ($name:ident, $docs:literal $(,)?) => {
        $crate::call!($name, $docs, $crate::serde_json::Value);
    };
    ($name:ident, $docs:literal, $output:ty $(,)?) => {
        $crate::call!($name, $docs, $output, $crate::serde_json::Value);
    };
    ($name:ident, $docs:literal, $output:ty, $item:ty $(,)?) => {
        #[doc = $docs]
        #[derive(Clone, Debug)]
        #[must_use = "a call does nothing until it is sent"]
        pub struct $name($crate::__private::Request);

        impl $name {
            /// Sends the request.
            ///
            /// # Errors
            /// If an argument is invalid, the upstream cannot be reached, or it responds with an error.
            pub async fn send(self) -> Result<$crate::Response<$output>, $crate::Error> {
                self.0.receive().await
            }
        }

        impl $crate::Call for $name {
            type Output = $output;
            type Item = $item;

            fn parts(self) -> ($crate::__private::Request, fn($crate::__private::Request) -> Self) {
                (self.0, Self)
            }
        }
    };
}
