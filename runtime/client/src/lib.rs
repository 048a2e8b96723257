//! The client of a capability: configuration, calls and their execution, errors, pagination, and test doubles.
//!
//! The public part is for users of generated crates: [`ClientBuilder`], [`Call`], [`Response`], [`Error`]. The module
//! `__private` is only for generated code and for the other runtime crates, and is not stable.

mod argument;
mod body;
mod check;
mod client;
mod compression;
mod defaults;
#[cfg(feature = "digest")]
mod digest;
mod encoding;
mod error;
mod format;
pub mod guide;
mod headers;
mod into_body;
mod json_error;
mod models;
mod paging;
mod raw_body;
mod request;
mod response;
mod rules;
mod script;
mod secrets;
mod style;
mod template;
#[cfg(feature = "test-util")]
pub mod testing;
mod text;
mod transport;

pub use argument::Violation;
pub use client::{
    Attempt, Call, ClientBuilder, ClientCredentials, ConfigError, GroupBuilder, Outcome, ResultStream, RetryPolicy,
    ScriptRunners, Signer, TokenExchange, TokenProvider, Transport, install_crypto_provider,
};
#[cfg(feature = "blocking")]
pub use client::{Blocking, BlockingResults};
#[cfg(feature = "cache")]
pub use client::{CacheEvent, ResponseCache};
pub use defaults::{Choice, Configured};
pub use error::{ApiError, Error, ErrorKind, Phase};
pub use into_body::{IntoBody, SecretBody};
pub use json_error::JsonError;
pub use models::{Base64, InvalidBase64, Patch, Redacted, UnknownValue};
pub use paging::Paging;
pub use raw_body::RawBody;
pub use response::Response;
pub use script::{ScriptCall, ScriptError, ScriptRunner, Transform, TransformCall};
pub use transport::{BoxError, BoxFuture, TransportError};

/// The tables that generated code consists of.
#[doc(hidden)]
pub use naftiko_schema as schema;

/// The crates whose types are part of this crate's API.
pub use {bytes, futures_core, http, reqwest, secrecy, serde_json};

#[doc(hidden)]
pub mod __private {
    pub use naftiko_schema::ParameterId;
    pub use serde::{self, Deserialize, Serialize};
    pub use serde_json::Value;

    pub use crate::argument::{Argument, Arguments, Renewal, Schema, Violations, from_json_text, from_texts};
    pub use crate::check::{check_body_once, check_once};
    pub use crate::client::{
        CONNECT_TIMEOUT, Clients, Connection, Environment, Handle, MAX_FIELDS, MAX_HEAD, OnBehalf, Options, Passed,
        Preview, Reading, Request, ResponseBody, Room, SPAN, TARGET, TrackedBody, VariableValues, authority, basic,
        parse_base_uri, render,
    };
    pub use crate::compression::{accept_compressed, decompressed};
    pub use crate::defaults::Defaults;
    #[cfg(feature = "digest")]
    pub use crate::digest::{Algorithm, Exchange, Parameters};
    #[cfg(any(feature = "digest", feature = "sigv4"))]
    pub use crate::encoding::hex;
    pub use crate::encoding::pointer_token;
    pub use crate::error::causes;
    pub use crate::format::{is_json, is_plain_text, without_byte_order_mark};
    pub use crate::headers::content_type;
    pub use crate::models::{
        Always, Fill, List, Look, Map, Object, OrEmpty, Outline, Pattern, Received, are_equal, best, held, held_list,
        held_map, of_text, read, read_text, show, write,
    };
    pub use crate::paging::{FieldLink, links, pages, rank};
    pub use crate::request::{announce_no_content, http_method};
    pub use crate::secrets::{path_has_vault, path_returns_secrets};
    pub use crate::text::{REDACTED, listed, shortened, visible, without_keys};
    pub use crate::transport::on_heap;
}
