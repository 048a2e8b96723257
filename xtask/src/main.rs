//! `cargo xtask`: generates crates from capabilities and tries them out.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{generation, interop, root, trial};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Generates crates from Naftiko capabilities and tries them out")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generate the crates of all capabilities under `spec/`, or of the named ones
    Gen {
        /// Crates to generate, such as `scaleway-secret-manager-secrets`
        names: Vec<String>,
        /// Write nothing; fail when a file is stale, missing or extra
        #[arg(long)]
        check: bool,
        /// Show what changes, line by line
        #[arg(long)]
        diff: bool,
    },
    /// Run a generated server against a simulator of its upstream: no account, no network
    Try {
        /// The crate, such as `scaleway-secret-manager-secrets`
        name: String,
        /// Run a short tour over REST and MCP, then stop
        #[arg(long)]
        once: bool,
    },
    /// Let official clients of a protocol talk to a generated server; they come from PyPI and npm
    Interop {
        /// The protocol
        protocol: interop::Protocol,
        /// Fail where a client cannot be installed, instead of skipping it
        #[arg(long)]
        require: bool,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Gen { names, check, diff } => generation::run(&root(), &names, check, diff),
        Command::Try { name, once } => trial::run(&root(), &name, once),
        Command::Interop { protocol, require } => interop::run(&root(), protocol, require),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
