//! `cargo xtask bench`: how fast a generated server is, compared with a minimal hand-written one, and whether it still uses
//! after some minutes what it used before.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::trial;

pub(crate) const SERVER: &str = "scaleway-secret-manager-secrets";
const BENCH: &str = "naftiko-bench";
const SOAK: &str = "bench-soak";
const SHAPE: &str = "bench-shape";
const FLOW: &str = "bench-flow";

/// What to measure.
#[derive(Debug, clap::Subcommand)]
pub enum Subject {
    /// The speed of the REST adapter, compared with a hand-written proxy
    Rest(Options),
    /// The speed of the MCP server, compared with a hand-written one
    Mcp(Options),
    /// The cost of a projection of a long response, compared with a handwritten pass-through that parses it
    Shape,
    /// The cost of a flow of three calls, compared with the same calls by hand
    Flow,
    /// What a server uses after mixed load, slow readers, callers that leave, and failures of the upstream
    Soak {
        /// How long it runs, about
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
        minutes: u64,
        /// Build with optimisations, for more load in the same time
        #[arg(long)]
        release: bool,
        /// Also attack the server all the while
        #[arg(long)]
        attacks: bool,
    },
}

/// How to measure speed.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Run one short round, to check that everything works; its figures mean little
    #[arg(long)]
    quick: bool,
    /// Write the figures of all rounds to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Runs the command: measuring is a program of the tests, this only builds what it needs and starts it.
///
/// # Errors
/// When something cannot be built or started.
pub fn run(root: &Path, subject: &Subject) -> Result<bool> {
    let (surface, options) = match subject {
        Subject::Rest(options) => ("rest", options),
        Subject::Mcp(options) => ("mcp", options),
        Subject::Shape => return alone(root, SHAPE),
        Subject::Flow => return alone(root, FLOW),
        Subject::Soak { minutes, release, attacks } => return soak(root, *minutes, *release, *attacks),
    };
    // Built together, so that the server and the floor have the same HTTP libraries with the same features.
    build(root, &["--release", "--package", SERVER, "--package", BENCH, "--features", &format!("{SERVER}/server")])?;
    let mut bench = Command::new(trial::program(root, "release", "bench"));
    bench.arg(surface).arg(trial::program(root, "release", SERVER));
    if options.quick {
        bench.arg("--quick");
    }
    if let Some(file) = &options.json {
        bench.arg("--json").arg(env::current_dir()?.join(file));
    }
    start(&mut bench)
}

/// Builds and starts a program that measures by itself.
fn alone(root: &Path, program: &str) -> Result<bool> {
    build(root, &["--release", "--package", BENCH, "--bin", program])?;
    start(&mut Command::new(trial::program(root, "release", program)))
}

/// What a server holds on to does not depend on how it was optimised, so this takes the build of the tests, unless asked.
fn soak(root: &Path, minutes: u64, release: bool, attacks: bool) -> Result<bool> {
    let mut arguments = vec!["--workspace", "--bin", SERVER, "--bin", SOAK];
    arguments.extend(release.then_some("--release"));
    build(root, &arguments)?;
    let profile = if release { "release" } else { "debug" };
    let mut soak = Command::new(trial::program(root, profile, SOAK));
    soak.arg(trial::program(root, profile, SERVER)).arg(minutes.to_string());
    start(soak.args(attacks.then_some("--attacks")))
}

/// Builds with these arguments of `cargo build`.
pub(crate) fn build(root: &Path, arguments: &[&str]) -> Result<()> {
    let status = trial::cargo(root).args(["build", "--quiet"]).args(arguments).status();
    if !status.context("cargo cannot be started")?.success() {
        bail!("the server and the bench cannot be built");
    }
    Ok(())
}

/// Runs a program of the tests, and returns whether it succeeded.
pub(crate) fn start(program: &mut Command) -> Result<bool> {
    Ok(program.status().context("the bench cannot be started")?.success())
}
