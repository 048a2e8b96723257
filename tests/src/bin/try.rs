//! `cargo xtask try`: a generated server in front of the simulator, to paste requests to or to take a tour of.

use std::env;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use naftiko_tests::process::Server;
use naftiko_tests::tour::Tour;
use scaleway_simulator::Simulator;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [name, server, options @ ..] = arguments.as_slice() else { bail!("usage: try NAME SERVER [--once]") };
    let Some(tour) = Tour::of(name) else {
        let known = Tour::ALL.map(|(name, _)| name).join(" and ");
        bail!("there is no simulator for `{name}`; there is one for {known}");
    };
    let simulator = Simulator::start().await.context("the simulator does not start")?;
    let server = Server::start(Path::new(server), &simulator.base_uri(), &[], "info").await?;
    println!("simulator  {}", simulator.base_uri());
    println!("REST       {}", server.rest);
    println!("MCP        {}", server.mcp);
    if options.iter().any(|option| option == "--once") {
        tour.take(&simulator.base_uri(), &server.rest, &server.mcp).await?;
        println!("\n{} requests reached the simulator; all steps ended as they should.", simulator.requests().len());
        return Ok(());
    }
    println!("\nPaste into another terminal, and stop here with Ctrl-C.\n");
    println!("{}", tour.examples(&simulator.base_uri(), &server.rest, &server.mcp).await?);
    wait_for_signal().await.context("signals cannot be waited for")
}

/// Waits until the program is asked to stop, so that it takes the server with it.
async fn wait_for_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            done = tokio::signal::ctrl_c() => done,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
