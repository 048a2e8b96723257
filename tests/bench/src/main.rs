//! `cargo xtask bench`: a generated server, the floor, and for REST the upstream itself under the same load, in turns.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser;
use naftiko_bench::cell;
use naftiko_bench::process::{Process, Server};
use naftiko_bench::question::Surface;
use naftiko_bench::report::{Report, Start};

#[derive(Parser)]
struct Arguments {
    /// What of it is measured
    surface: Surface,
    /// The binary of a generated crate
    server: PathBuf,
    /// One short round: whether everything works, and no figures to speak of
    #[arg(long)]
    quick: bool,
    /// Write all figures of all rounds to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

// One thread is more than enough for this load, and leaves the other processors to the servers.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let Arguments { surface, server, quick, json } = Arguments::parse();
    let (starts, rounds, time) =
        if quick { (1, 1, Duration::from_millis(100)) } else { (10, 10, Duration::from_secs(1)) };
    let upstream = Process::upstream().await?;
    let (generated, own) = started("generated", &Server::Generated(server), surface, &upstream, starts).await?;
    let (floor, least) = started("floor", &Server::Floor, surface, &upstream, starts).await?;
    let mut servers = vec![("generated", &generated), ("floor", &floor)];
    if surface == Surface::Rest {
        servers.push(("direct", &upstream));
    }
    let cells = cell::measure(&servers, surface, rounds, time).await?;
    let starts = vec![Start { loaded: generated.memory(), ..own }, Start { loaded: floor.memory(), ..least }];
    let report = Report { starts, cells };
    println!("{}", report.tables());
    if let Some(file) = json {
        fs::write(&file, format!("{:#}\n", report.json()))
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

/// Starts a server some times; the last one stays.
async fn started(
    name: &'static str,
    server: &Server,
    surface: Surface,
    upstream: &Process,
    times: usize,
) -> Result<(Process, Start)> {
    let mut ready = Vec::new();
    loop {
        let (process, took) = Process::start(server, surface, upstream).await.context(name)?;
        ready.push(took);
        if ready.len() >= times {
            let idle = process.memory();
            return Ok((process, Start { name, ready, idle, loaded: None }));
        }
    }
}
