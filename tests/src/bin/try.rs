//! `cargo xtask try`: a generated server in front of the upstream of its tour, to paste requests to or to take a tour of.

use std::env;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use naftiko_tests::process::Server;
use naftiko_tests::tour::Tour;

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
        bail!("there is no tour of `{name}`; there is one of {known}");
    };
    let upstream = tour.upstream().await.context("the upstream does not start")?;
    let server = Server::start(Path::new(server), &upstream.base_uri(), &[], "info").await?;
    println!("upstream   {}", upstream.base_uri());
    println!("REST       {}", server.rest);
    println!("MCP        {}", server.mcp);
    if options.iter().any(|option| option == "--once") {
        tour.take(&upstream.base_uri(), &server.rest, &server.mcp).await?;
        println!("\n{} requests reached the upstream; all steps ended as they should.", upstream.requests());
        return Ok(());
    }
    println!("\nPaste into another terminal, and stop here with Ctrl-C.\n");
    println!("{}", tour.examples(&upstream.base_uri(), &server.rest, &server.mcp).await?);
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
