//! Adapters that are served, as probes and the status document show them.

use std::net::SocketAddr;

use serde::Serialize;

/// An adapter that is served.
#[derive(Clone, Copy)]
pub(super) struct Listening {
    pub(super) name: &'static str,
    /// What the capability calls it; empty if it does not say.
    pub(super) namespace: &'static str,
    /// The port that the capability names.
    pub(super) declared: u16,
    pub(super) address: SocketAddr,
}

impl Listening {
    /// The adapter as status documents show it.
    pub(super) fn status(self, state: &'static str) -> Status {
        Status { kind: self.name, namespace: self.namespace, port: self.address.port(), state }
    }
}

/// An adapter in a status document.
#[derive(Serialize)]
pub(super) struct Status {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'static str,
    port: u16,
    state: &'static str,
}
