//! The server program of capabilities: command line, listeners, middleware, signals.

// The printed configuration is one long `json!`.
#![recursion_limit = "256"]

mod access;
mod adapters;
mod audit;
mod caching;
mod cli;
mod command;
mod config;
mod confirm;
mod connections;
mod count;
mod daily;
#[cfg(feature = "digest")]
mod digest;
mod docs;
mod environment;
#[cfg(feature = "otlp")]
mod exporting;
mod failure;
mod forwarding;
mod framing;
mod frugal;
mod guard;
mod heads;
mod health;
mod id;
mod inbound;
mod lifetime;
mod lines;
mod list;
mod listener;
mod listening;
mod log;
mod logs;
mod memory;
mod metrics;
mod mounted;
mod named;
mod oauth;
mod observer;
mod on_behalf;
#[cfg(feature = "otlp")]
mod otlp;
mod patience;
mod peer;
mod pipeline;
mod policy;
mod ports;
mod program;
mod proxies;
mod queue;
mod rate;
mod replacing;
mod reply;
mod rules;
mod running;
mod secret;
mod serve;
mod signals;
mod socket;
mod stdio;
mod tls;
mod trail;
mod turns;
mod unreadable;
mod upstream;
mod workers;

pub use cli::Serve as ServeOptions;
pub use command::{run, run_with, serve};
pub use naftiko_schema::Adapter;
#[doc(hidden)]
pub mod __private {
    pub use super::mounted::{Mounted, stdio};
}
pub use program::{Program, Served};
