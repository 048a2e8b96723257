//! Adapters that are served, as probes and the status document show them.

use std::net::SocketAddr;

use serde_json::{Value, json};

/// An adapter that is served.
#[derive(Clone, Copy)]
pub(super) struct Listening {
    pub(super) name: &'static str,
    pub(super) address: SocketAddr,
}

impl Listening {
    /// The adapter as status documents show it.
    pub(super) fn status(self, state: &str) -> Value {
        json!({"type": self.name, "port": self.address.port(), "state": state})
    }
}
