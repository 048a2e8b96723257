//! `cargo xtask`: generates crates from capabilities and tries them out.

use std::env;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{bench, corpus, explain, generation, interop, lint, root, semver, starter, trial, variants, watch};

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
        /// Generate again whenever a specification changes, until Ctrl-C
        #[arg(long, conflicts_with = "check")]
        watch: bool,
    },
    /// Start a new specification under `spec/`
    New {
        /// What to call it: `provider/capability`
        name: String,
    },
    /// Print all findings about files and folders
    Lint(lint::Options),
    /// Say what a code of a finding means, or list all codes
    Explain {
        /// The code, such as `NK0201`
        code: Option<String>,
    },
    /// Say how the compiler fares with a folder of specifications
    Corpus(corpus::Options),
    /// Run a generated server against a simulator of its upstream: no account, no network
    Try {
        /// The crate, such as `scaleway-secret-manager-secrets`
        name: String,
        /// Run a short tour over REST and MCP, then stop
        #[arg(long)]
        once: bool,
    },
    /// Measure a generated server beside the least that a server of its kind has to do
    Bench(bench::Options),
    /// Compare the public part of the runtime and of generated crates with that of an earlier revision
    Semver {
        /// The revision, such as the tag of the last release
        baseline: String,
    },
    /// Check that generated crates build with the oldest Rust that is promised, and with every kind of TLS
    Variants {
        /// Fail where something is not installed, instead of skipping it
        #[arg(long)]
        require: bool,
    },
    /// Let programs of others look at a generated server; they come from PyPI and npm
    Interop {
        /// What they look at
        surface: interop::Surface,
        /// Fail where one of them cannot be installed, instead of skipping it
        #[arg(long)]
        require: bool,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Gen { names, diff, watch: true, .. } => watch::run(&root(), &names, diff),
        Command::Gen { names, check, diff, .. } => generation::run(&root(), &names, check, diff),
        Command::Try { name, once } => trial::run(&root(), &name, once),
        Command::Interop { surface, require } => interop::run(&root(), surface, require),
        Command::Bench(options) => bench::run(&root(), &options),
        Command::Semver { baseline } => semver::run(&root(), &baseline),
        Command::Variants { require } => variants::run(&root(), require),
        Command::New { name } => starter::run(&root(), &name),
        Command::Lint(options) => {
            env::current_dir().map_err(Into::into).and_then(|folder| lint::run(&folder, &options))
        }
        Command::Explain { code } => explain::run(code.as_deref()),
        Command::Corpus(options) => corpus::run(&root(), &options),
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
