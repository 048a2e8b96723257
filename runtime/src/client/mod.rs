//! The client side: configuration, and the execution of an operation.

mod builder;
mod config;
mod connection;

pub use builder::{ClientBuilder, ConfigError};
pub use connection::{Connection, Handle, Request};
