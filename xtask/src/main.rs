//! `cargo xtask`: generates crates from capabilities and runs them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{bench, corpus, docs, explain, generation, interop, lint, root, semver, starter, trial, variants, watch};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Generates crates from Naftiko capabilities and runs them")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generate the crates of all capabilities under `spec/`, or the named ones
    Gen {
        /// Crates to generate, such as `scaleway-secret-manager-secrets`
        names: Vec<String>,
        /// Write nothing; fail if a file is stale, missing or extra
        #[arg(long)]
        check: bool,
        /// Show the changes line by line
        #[arg(long)]
        diff: bool,
        /// Generate again whenever a specification changes, until Ctrl-C
        #[arg(long, conflicts_with = "check")]
        watch: bool,
    },
    /// Start a new specification under `spec/`
    New {
        /// Its name: `provider/capability`
        name: String,
    },
    /// Check files and folders, and print all diagnostics
    Lint(lint::Options),
    /// Explain the code of a diagnostic, or list all codes
    Explain {
        /// The code, such as `NK0201`
        code: Option<String>,
    },
    /// Write the pages of `docs/` that are generated from the source
    Docs {
        /// Write nothing; fail if a page is out of date
        #[arg(long)]
        check: bool,
    },
    /// Compile a folder of specifications and count the results
    Corpus(corpus::Options),
    /// Serve a specification without generating a crate: it is compiled in memory
    Serve {
        /// The specification
        file: PathBuf,
        /// Reload when the specification changes, without dropping running requests
        #[arg(long)]
        watch: bool,
        /// The base URI of the upstream; NAMESPACE=URI if the capability consumes several APIs (repeatable)
        #[arg(long, value_name = "URI")]
        base_uri: Vec<String>,
        /// More flags of the server, such as `-- --rest-port 0`
        #[arg(last = true)]
        flags: Vec<String>,
    },
    /// Try out a generated server against a simulator of its upstream, or a specification against an echo: no account, no
    /// network
    Try {
        /// The crate, such as `scaleway-secret-manager-secrets`, or a specification
        name: String,
        /// Run a short tour over REST and MCP, then stop; only for a crate
        #[arg(long)]
        once: bool,
        /// The upstream of a specification, in place of the echo (repeatable)
        #[arg(long, value_name = "URI", conflicts_with = "once")]
        base_uri: Vec<String>,
        /// More flags of the server of a specification, such as `-- --rest-port 0`
        #[arg(last = true)]
        flags: Vec<String>,
    },
    /// Measure a generated server in comparison with a minimal hand-written one
    Bench(bench::Options),
    /// Compare the public API of the runtime and of generated crates with an earlier revision
    Semver {
        /// The revision, such as the tag of the last release
        baseline: String,
    },
    /// Check that generated crates build with the oldest supported Rust, and with every TLS option
    Variants {
        /// Fail if a tool is not installed, instead of skipping the check
        #[arg(long)]
        require: bool,
    },
    /// Run third-party conformance tools, from PyPI and npm, against a generated server
    Interop {
        /// The surface to check
        surface: interop::Surface,
        /// Fail if a tool cannot be installed, instead of skipping it
        #[arg(long)]
        require: bool,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Gen { names, diff, watch: true, .. } => watch::run(&root(), &names, diff),
        Command::Gen { names, check, diff, .. } => generation::run(&root(), &names, check, diff),
        Command::Serve { file, watch, base_uri, flags } => {
            let watch = watch.then(|| "--watch".to_owned());
            trial::serve(&root(), &file, false, &server_flags(watch, &base_uri, flags))
        }
        Command::Try { name, base_uri, flags, .. } if trial::is_file(&name) => {
            trial::serve(&root(), Path::new(&name), base_uri.is_empty(), &server_flags(None, &base_uri, flags))
        }
        Command::Try { name, once, .. } => trial::run(&root(), &name, once),
        Command::Interop { surface, require } => interop::run(&root(), surface, require),
        Command::Bench(options) => bench::run(&root(), &options),
        Command::Semver { baseline } => semver::run(&root(), &baseline),
        Command::Variants { require } => variants::run(&root(), require),
        Command::New { name } => starter::run(&root(), &name),
        Command::Lint(options) => {
            env::current_dir().map_err(Into::into).and_then(|folder| lint::run(&folder, &options))
        }
        Command::Explain { code } => explain::run(code.as_deref()),
        Command::Docs { check } => docs::run(&root(), check),
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

/// The flags of a server, as the command line of `naftiko-serve` takes them.
fn server_flags(watch: Option<String>, base_uris: &[String], flags: Vec<String>) -> Vec<String> {
    let base_uris = base_uris.iter().map(|uri| format!("--base-uri={uri}"));
    watch.into_iter().chain(base_uris).chain(flags).collect()
}
