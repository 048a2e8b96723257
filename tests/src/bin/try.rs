//! `cargo xtask try`: a generated server in front of the simulator, to paste requests to or to take a tour of.

use std::env;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use naftiko_tests::process::Server;
use naftiko_tests::tour;
use scaleway_simulator::{PROJECT_ID, Simulator};

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
    if name != "scaleway-secret-manager-secrets" {
        bail!("there is no simulator for `{name}`; there is one for scaleway-secret-manager-secrets");
    }
    let simulator = Simulator::start().await.context("the simulator does not start")?;
    let server = Server::start(Path::new(server), &simulator.base_uri(), &[], "info").await?;
    println!("simulator  {}", simulator.base_uri());
    println!("REST       {}", server.rest);
    println!("MCP        {}", server.mcp);
    if options.iter().any(|option| option == "--once") {
        tour::take(&server.rest, &server.mcp).await?;
        println!("\n{} requests reached the simulator; all steps ended as they should.", simulator.requests().len());
        return Ok(());
    }
    print_examples(&server);
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

fn print_examples(server: &Server) {
    let secrets = format!("{}{}", server.rest, tour::SECRETS);
    let mcp = &server.mcp;
    println!(
        "
Paste into another terminal, and stop here with Ctrl-C.

# Create a secret, and list what there is.
curl -s {secrets} -H 'content-type: application/json' -d '{{\"project_id\":\"{PROJECT_ID}\",\"name\":\"first\"}}'
curl -s '{secrets}?project_id={PROJECT_ID}&scheduled_for_deletion=false'

# The same list as a tool.
curl -s {mcp} -H 'content-type: application/json' -H 'accept: application/json, text/event-stream' -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"list-secrets\",\"arguments\":{{\"region\":\"fr-par\",\"project_id\":\"{PROJECT_ID}\",\"scheduled_for_deletion\":false}}}}}}'

# MCP clients.
claude mcp add --transport http secrets {mcp}
npx @modelcontextprotocol/inspector --cli {mcp} --transport http --method tools/list
"
    );
}
