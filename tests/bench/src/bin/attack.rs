//! `cargo xtask interop attack`: whether a server withstands hostile callers and a hostile upstream.

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use naftiko_bench::attack;

#[derive(Parser)]
struct Arguments {
    /// The binary of a generated crate
    server: PathBuf,
    /// How long it runs, about
    minutes: u64,
    /// The server was built without optimisations, so its probes may take longer
    #[arg(long)]
    unoptimised: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { server, minutes, unoptimised } = Arguments::parse();
    attack::run(&server, minutes, !unoptimised).await
}
