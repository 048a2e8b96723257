//! `cargo xtask bench`: how fast a generated server is, compared with a minimal hand-written one.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::trial;

const SERVER: &str = "scaleway-secret-manager-secrets";
const BENCH: &str = "naftiko-bench";

/// A surface that is measured.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Surface {
    /// The REST adapter, compared with a hand-written proxy
    Rest,
    /// The MCP server, compared with a hand-written one
    Mcp,
}

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The surface
    surface: Surface,
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
pub fn run(root: &Path, options: &Options) -> Result<bool> {
    // Built together, so that the server and the floor have the same HTTP libraries with the same features.
    let features = format!("{SERVER}/server");
    let mut build = trial::cargo(root);
    build.args(["build", "--quiet", "--release", "--package", SERVER, "--package", BENCH, "--features", &features]);
    if !build.status().context("cargo cannot be started")?.success() {
        bail!("the server and the bench cannot be built");
    }
    let mut bench = std::process::Command::new(trial::program(root, "release", "bench"));
    bench.arg(match options.surface {
        Surface::Rest => "rest",
        Surface::Mcp => "mcp",
    });
    bench.arg(trial::program(root, "release", SERVER));
    if options.quick {
        bench.arg("--quick");
    }
    if let Some(file) = &options.json {
        bench.arg("--json").arg(env::current_dir()?.join(file));
    }
    Ok(bench.status().context("the bench cannot be started")?.success())
}
