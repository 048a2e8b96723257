//! The simulator of the Secrets, with some secrets for which every request fails: one for each error that Scaleway's SDKs
//! have types for, since most of them are not what a simulator can be brought to.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use scaleway_simulator::{Fault, Simulator};
use serde_json::Value;

/// Which secrets, and the status and body for each; the SDKs' scripts read the same file.
pub const ERRORS: &str = include_str!("../sdk/errors.json");

/// Starts it at this address.
///
/// # Errors
/// When the port cannot be opened.
pub async fn start(address: SocketAddr) -> Result<Simulator> {
    let simulator = Simulator::start_on(address).await.context("the simulator cannot be started")?;
    let errors: Vec<Value> = serde_json::from_str(ERRORS).context("errors.json is not a list")?;
    for error in &errors {
        let status = error["status"].as_u64().and_then(|status| status.try_into().ok()).context("no status")?;
        let secret_id = error["secret_id"].as_str().context("no secret")?;
        simulator.fault(Fault::status(status).json(error["body"].clone()).on("", secret_id).times(u32::MAX));
    }
    Ok(simulator)
}
