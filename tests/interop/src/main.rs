//! The parts of `cargo xtask interop` that are programs: see `--help`.

use std::future::pending;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Parser;
use naftiko_interop::{balance, drift, probe, record, simulator, upstream};
use scaleway_simulator::TOKEN;
use tokio::net::TcpListener;
use tokio::process::Command;

#[derive(Parser)]
#[command(name = "naftiko-interop", about = "What third-party programs need around a generated server")]
enum Arguments {
    /// Be the upstream of the conformance fixture
    Upstream {
        /// Where to listen
        address: SocketAddr,
    },
    /// Be the simulator of the Secrets, with a secret for each error of Scaleway's SDKs
    Simulator {
        /// Where to listen
        address: SocketAddr,
    },
    /// Be an upstream whose responses are set by requests, and that lists all that tools may get
    Drift {
        /// Where to listen
        address: SocketAddr,
    },
    /// Give each request to the next of several servers, and record what they answer
    Balance {
        /// The file of the record
        record: PathBuf,
        /// Where the servers are, such as `http://127.0.0.1:9090`
        #[arg(required = true)]
        servers: Vec<String>,
    },
    /// Run a program whose standard output passes, and record it with standard error, which does not
    Record {
        /// The file of the record; it is appended to
        record: PathBuf,
        /// The program and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// Measure how soon a server on standard input and output lists its tools, and check what it prints
    Probe {
        /// The program and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments {
        Arguments::Upstream { address } => {
            let listener = TcpListener::bind(address).await?;
            println!("http://{} token {}", listener.local_addr()?, upstream::TOKEN);
            axum::serve(listener, upstream::router()).await?;
        }
        Arguments::Simulator { address } => {
            let simulator = simulator::start(address).await?;
            println!("{} token {TOKEN}", simulator.base_uri());
            pending::<()>().await;
        }
        Arguments::Drift { address } => {
            let listener = TcpListener::bind(address).await?;
            println!("http://{} token {TOKEN}", listener.local_addr()?);
            axum::serve(listener, drift::router(&Arc::default())).await?;
        }
        Arguments::Balance { record, servers } => {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            println!("balancing on http://{}", listener.local_addr()?);
            axum::serve(listener, balance::router(servers, &record)?).await?;
        }
        Arguments::Record { record, command } => return record::run(&record, &command),
        Arguments::Probe { command } => {
            let (program, arguments) = command.split_first().context("there is no program")?;
            let start = || {
                let mut start = Command::new(program);
                start.args(arguments);
                start
            };
            println!("{}", probe::measure(start).await?);
        }
    }
    Ok(ExitCode::SUCCESS)
}
