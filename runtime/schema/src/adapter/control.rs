//! The control adapter.

use crate::InboundAuth;
use crate::table::table;

table! {
    /// The control adapter: a separate port for operators.
    pub struct Control {
        /// The port that the capability names.
        port: u16,
    } with {
        /// How callers authenticate. Probes need no authentication.
        auth: InboundAuth,
        /// It responses probes: `/health/live` and `/health/ready`.
        health: flag,
        /// It reports what is running: `/status`.
        info: flag,
        /// It serves metrics: `/metrics`.
        metrics: flag,
    }
}
