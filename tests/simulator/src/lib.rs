//! An in-memory Scaleway Secret Manager that speaks real HTTP.
//!
//! Tests and demonstrations start a [`Simulator`], point a client at [`Simulator::base_uri`] and
//! authenticate with [`TOKEN`]. The simulator then behaves like version v1beta1 of the API: it
//! stores secrets and their versions per region, deletes them softly, refuses what the API
//! refuses, and answers with the same shapes, headers and statuses. It also does what a real
//! service cannot be asked for: it remembers every request ([`Simulator::requests`]), fails on
//! command ([`Fault`]) and lets time pass ([`Simulator::advance`]).
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use scaleway_simulator::{Fault, Simulator};
//!
//! let simulator = Simulator::start().await?;
//! simulator.fault(Fault::rate_limited().on("GET", "/secrets").times(2));
//! // Let a client talk to simulator.base_uri() here.
//! assert!(simulator.requests().iter().all(|request| request.known_route));
//! # Ok(())
//! # }
//! ```
//!
//! A request passes through the modules in this order: `http` reads and records it and lets a
//! `fault` strike; `service` checks the token and asks `routes` for the operation; `operations`
//! carries it out on the records of `store`, using `arguments` to read what was sent; `answers`
//! and `frame` turn the outcome into a response.

#![forbid(unsafe_code)]

mod answers;
mod arguments;
mod clock;
mod fault;
mod frame;
mod http;
mod operations;
mod payload;
mod policy;
mod recorder;
mod rendering;
mod routes;
mod secret;
mod service;
mod store;
mod version;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::secret::Secret;
use crate::service::Service;

pub use crate::fault::Fault;
pub use crate::recorder::Recorded;
pub use crate::rendering::Rendering;

/// The token that is accepted. It may do everything in [`PROJECT_ID`] and nothing elsewhere.
pub const TOKEN: &str = "7e57ab1e-0000-4000-8000-000000000001";
/// A token that was accepted once.
pub const EXPIRED_TOKEN: &str = "7e57ab1e-0000-4000-8000-000000000002";
/// The organization of the token.
pub const ORGANIZATION_ID: &str = "7e57ab1e-0000-4000-8000-0000000000aa";
/// The project of the token.
pub const PROJECT_ID: &str = "7e57ab1e-0000-4000-8000-0000000000bb";
/// A project in which the token may do nothing.
pub const OTHER_PROJECT_ID: &str = "7e57ab1e-0000-4000-8000-0000000000cc";

/// A running simulator; dropping it closes its port and all its connections.
pub struct Simulator {
    address: SocketAddr,
    service: Arc<Service>,
    server: AbortHandle,
}

impl Simulator {
    /// Starts on a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// Fails when the port cannot be opened.
    pub async fn start() -> io::Result<Simulator> {
        Simulator::start_on((Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// Starts on this address; port 0 means a free one.
    ///
    /// # Errors
    ///
    /// Fails when the port cannot be opened.
    pub async fn start_on(address: SocketAddr) -> io::Result<Simulator> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let service = Arc::new(Service::new());
        let server = tokio::spawn(http::serve(listener, Arc::clone(&service)));
        Ok(Simulator { address, service, server: server.abort_handle() })
    }

    /// The root of the API, without a slash at the end.
    pub fn base_uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far, in the order of their arrival.
    pub fn requests(&self) -> Vec<Recorded> {
        self.service.recorder.all()
    }

    /// All requests so far, which are then forgotten.
    pub fn take_requests(&self) -> Vec<Recorded> {
        self.service.recorder.take()
    }

    /// How many callers left before a slow answer came, since the last look.
    pub fn given_up(&self) -> usize {
        self.service.recorder.given_up()
    }

    /// Adds a fault; the first one that fits a request meets it.
    pub fn fault(&self, fault: Fault) {
        self.service.faults.push(fault);
    }

    /// Removes the faults that are not used up.
    pub fn clear_faults(&self) {
        self.service.faults.clear();
    }

    /// Moves the clock of the simulator forward.
    ///
    /// Deleted secrets and versions cannot be restored after seven days.
    pub fn advance(&self, by: Duration) {
        self.service.clock.advance(by);
    }

    /// Chooses how JSON answers are written from now on.
    pub fn set_rendering(&self, rendering: Rendering) {
        self.service.change_settings(|settings| settings.rendering = rendering);
    }

    /// Adds an unknown key to JSON answers and to the entries of their lists, or stops doing so.
    ///
    /// For an unknown value of a known key see [`Simulator::override_field`].
    pub fn add_unknown_field(&self, on: bool) {
        self.service.change_settings(|settings| settings.unknown_field = on);
    }

    /// Lets the first reads of secrets that are created from now on answer 404.
    pub fn set_read_lag(&self, reads: u32) {
        self.service.change_settings(|settings| settings.read_lag = reads);
    }

    /// Locks a secret, which only Scaleway can do; an unknown one is ignored.
    pub fn lock_secret(&self, region: &str, id: &str) {
        self.change_secret(region, id, |secret| secret.locked = true);
    }

    /// Shows a value of the test's choice in a field of a secret; an unknown secret is ignored.
    ///
    /// Only answers change, not behaviour. This is the way to a status or a type that no client
    /// knows.
    pub fn override_field(&self, region: &str, id: &str, field: &str, value: Value) {
        self.change_secret(region, id, |secret| {
            secret.overrides.insert(field.to_owned(), value);
        });
    }

    fn change_secret(&self, region: &str, id: &str, change: impl FnOnce(&mut Secret)) {
        if let Ok(secret) = self.service.store().find(region, id) {
            change(secret);
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}
