//! Runs the simulator until it is interrupted.

use std::process::ExitCode;

use scaleway_simulator::{Simulator, TOKEN};

const DEFAULT_ADDRESS: &str = "127.0.0.1:8090";

#[tokio::main]
async fn main() -> ExitCode {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or(DEFAULT_ADDRESS);
    match run(address).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("scaleway-simulator: {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(address: &str) -> Result<(), Box<dyn std::error::Error>> {
    let simulator = Simulator::start_on(address.parse()?).await?;
    println!("{} token {TOKEN}", simulator.base_uri());
    tokio::signal::ctrl_c().await?;
    Ok(())
}
