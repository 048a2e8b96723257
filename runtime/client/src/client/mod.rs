//! The client side: configuration, calls, and their execution.

mod address;
mod attempt;
pub mod authority;
mod bind_file;
#[cfg(feature = "blocking")]
mod blocking;
mod builder;
#[cfg(feature = "cache")]
mod cache;
mod call;
mod config_error;
mod connection;
mod credential;
mod deadline;
mod environment;
mod exchange;
mod execution;
mod group;
mod keys;
mod list;
mod needs;
mod oauth2;
mod on_behalf;
mod options;
mod pairs;
mod preview;
mod progress;
mod reading;
mod recent;
mod redirect;
mod registered;
mod request;
mod response_body;
mod retry;
mod room;
mod signer;
mod single_flight;
mod stream;
mod tls;
mod token;
mod token_endpoint;
mod transport;
mod variable_values;

pub use address::parse_base_uri;
pub use attempt::{Attempt, Outcome};
#[cfg(feature = "blocking")]
pub use blocking::{Blocking, BlockingResults};
pub use builder::CONNECT_TIMEOUT;
pub use builder::ClientBuilder;
#[cfg(feature = "cache")]
pub use cache::{CacheEvent, ResponseCache};
pub use call::Call;
pub use config_error::ConfigError;
pub use connection::{Connection, Handle};
pub use credential::{basic, render};
pub use environment::Environment;
pub use exchange::TokenExchange;
pub use execution::{SPAN, TARGET};
pub use group::{Clients, GroupBuilder};
pub use oauth2::ClientCredentials;
pub use on_behalf::OnBehalf;
pub use options::{Options, Passed};
pub use preview::Preview;
pub use progress::TrackedBody;
pub use reading::Reading;
pub use registered::ScriptRunners;
pub use request::Request;
pub use response_body::ResponseBody;
pub use retry::RetryPolicy;
pub use room::Room;
pub use signer::Signer;
pub use stream::ResultStream;
pub use tls::install_crypto_provider;
pub use token::TokenProvider;
#[cfg(feature = "test-util")]
pub(crate) use transport::settings;
pub use transport::{MAX_FIELDS, MAX_HEAD, Transport};
pub use variable_values::VariableValues;
