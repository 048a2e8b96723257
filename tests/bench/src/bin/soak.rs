//! `cargo xtask bench soak`: whether a server that ran for some minutes uses what it used before.

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use naftiko_bench::soak;

#[derive(Parser)]
struct Arguments {
    /// The binary of a generated crate
    server: PathBuf,
    /// How long it runs, about
    minutes: u64,
    /// Also attack the server all the while
    #[arg(long)]
    attacks: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { server, minutes, attacks } = Arguments::parse();
    soak::run(&server, minutes, attacks).await
}
