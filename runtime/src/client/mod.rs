//! The client side: configuration, calls, and their execution.

mod attempt;
pub(crate) mod authority;
#[cfg(feature = "blocking")]
mod blocking;
mod builder;
mod call;
mod config_error;
mod connection;
mod credential;
mod deadline;
mod execution;
mod flow;
mod keys;
mod list;
mod oauth2;
mod options;
#[cfg(feature = "mcp")]
mod preview;
mod reading;
mod request;
mod retry;
mod stream;
mod tls;
mod token;
mod transport;

pub use attempt::{Attempt, Outcome};
#[cfg(feature = "blocking")]
pub use blocking::{Blocking, BlockingResults};
#[cfg(feature = "server")]
pub(crate) use builder::CONNECT_TIMEOUT;
pub use builder::ClientBuilder;
pub use call::Call;
pub use config_error::ConfigError;
pub use connection::{Connection, Handle};
#[cfg(feature = "server")]
pub(crate) use credential::{basic, parse_base_uri, render};
#[cfg(feature = "otlp")]
pub(crate) use execution::SPAN;
#[cfg(feature = "rest")]
pub(crate) use flow::Flow;
#[cfg(feature = "test-util")]
pub(crate) use keys::BLOT;
pub use oauth2::ClientCredentials;
#[cfg(any(feature = "rest", feature = "mcp"))]
pub(crate) use options::Options;
#[cfg(feature = "mcp")]
pub(crate) use preview::Preview;
pub use request::Request;
pub use retry::RetryPolicy;
pub(crate) use retry::retry_after;
pub use stream::ResultStream;
pub use tls::install_crypto_provider;
pub use token::TokenProvider;
pub(crate) use transport::Failure;
pub use transport::{BoxError, BoxFuture, Transport, TransportError};
