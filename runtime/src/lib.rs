//! What every generated capability crate shares: request execution, the REST adapter, the MCP server and the command
//! line. Generated crates declare static tables and name things; the behaviour lives here, once, with its tests.
//!
//! Users of a generated crate meet the public part: [`ClientBuilder`], [`Call`], [`Response`], [`Error`]. The module
//! `__private` is for generated code only and promises nothing.

mod argument;
mod arguments;
mod body;
mod client;
mod encoding;
mod error;
mod headers;
mod into_body;
mod operation;
#[cfg(feature = "mcp")]
mod origin;
mod paging;
mod raw_body;
mod request;
mod response;
mod rules;
#[cfg(feature = "mcp")]
mod trace;

#[cfg(any(feature = "rest", feature = "mcp"))]
mod exposure;
#[cfg(any(feature = "rest", feature = "mcp"))]
mod output;

#[cfg(feature = "mcp")]
pub mod mcp;
#[cfg(feature = "rest")]
pub mod rest;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "test-util")]
pub mod testing;

pub use argument::Violation;
pub use client::{
    Attempt, BoxError, BoxFuture, Call, ClientBuilder, ClientCredentials, ConfigError, Outcome, ResultStream,
    RetryPolicy, TokenProvider, Transport, TransportError, install_crypto_provider,
};
#[cfg(feature = "blocking")]
pub use client::{Blocking, BlockingResults};
pub use error::{Error, ErrorKind, Phase, Refusal};
pub use into_body::{IntoBody, SecretBody};
pub use paging::Paging;
pub use raw_body::RawBody;
pub use response::{JsonError, Response};

/// The crates whose types are part of this one's.
pub use {bytes, futures_core, http, reqwest, secrecy, serde_json};

#[doc(hidden)]
pub mod __private {
    pub use crate::client::{Connection, Handle, Request};
    #[cfg(any(feature = "rest", feature = "mcp"))]
    pub use crate::exposure::{AccessToken, Callers, Exposure, Proof, Source, TextPart, Wiring};
    #[cfg(feature = "mcp")]
    pub use crate::mcp::{
        Caching, Hints, McpAdapter, Message, Prompt, PromptArgument, PromptSource, Resource, ResourceSource, Role, Tool,
    };
    pub use crate::operation::{
        Api, Authentication, Body, BodyPart, Capability, Constant, Content, Kind, Location, Method, Node, Operation,
        Parameter, PathPart, Repeat, TemplatePart, Variable,
    };
    #[cfg(any(feature = "rest", feature = "mcp"))]
    pub use crate::output::{Output, PathStep, Projection};
    #[cfg(feature = "rest")]
    pub use crate::rest::{RestAdapter, Route};
    #[cfg(feature = "server")]
    pub use crate::server::{Control, Program, run};
    #[cfg(any(feature = "rest", feature = "mcp"))]
    pub use axum::Router;
    pub use serde::Serialize;
    pub use serde_json::Value;
}
