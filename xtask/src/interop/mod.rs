//! `cargo xtask interop`: third-party tools that check a generated server in front of the simulator.

mod attack;
mod docs;
mod fixture;
mod mcp;
mod packages;
mod rest;
mod running;
mod sdk;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

/// What to check.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Surface {
    /// The Model Context Protocol, with the official clients, conformance suite and inspector, and a security scanner
    Mcp,
    /// REST and its OpenAPI document, with Schemathesis, openapi-spec-validator and Spectral
    Rest,
    /// The page that shows the OpenAPI document, with Chromium
    Docs,
    /// The routes of a group, with Scaleway's own SDKs for Go, JavaScript and Python
    Sdk,
    /// Both ports, with hostile callers and a hostile upstream
    Attack,
    /// Nothing yet: only install what the others need, so that they find it
    Packages,
}

/// How to check.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {
    /// Fail if a tool cannot be installed, instead of skipping it
    #[arg(long)]
    require: bool,
    /// Leave out what takes long and is much like the rest: scanner, inspector and older revision in search mode, and Scaleway's
    /// command line, whose build takes minutes and downloads a gigabyte
    #[arg(long)]
    quick: bool,
    /// How long to attack, about; everything is tried at least once
    #[arg(long, value_name = "N", default_value_t = 2)]
    minutes: u64,
    /// Attack the build of the tests, whose probes may take longer
    #[arg(long)]
    unoptimised: bool,
}

/// Runs the command. Tools that cannot be installed are skipped, unless they are required.
///
/// # Errors
/// When the server or the simulator cannot be built or started.
pub fn run(root: &Path, surface: Surface, options: Options) -> Result<bool> {
    let Options { require, quick, minutes, unoptimised } = options;
    match surface {
        Surface::Mcp => mcp::run(root, require, quick),
        Surface::Rest => rest::run(root, require),
        Surface::Docs => docs::run(root, require),
        Surface::Sdk => sdk::run(root, require, quick),
        Surface::Attack => attack::run(root, minutes, unoptimised),
        Surface::Packages => Ok(install(root) || !require),
    }
}

/// Installs what the surfaces need, and says what cannot be installed. Each of them does the same for itself.
fn install(root: &Path) -> bool {
    let cache = running::cache(root);
    let installed = [
        mcp::install(root, &cache),
        rest::install(root, &cache),
        docs::install(root, &cache),
        sdk::install(root, &cache),
    ];
    let failed: Vec<_> = installed.into_iter().flatten().filter_map(Result::err).collect();
    for reason in &failed {
        anstream::println!("not installed: {reason:#}");
    }
    failed.is_empty()
}

/// A program that checks the server; its exit status is the result.
struct Inspector {
    name: &'static str,
    /// A part of the line of its output that says how much it checked.
    summary: &'static str,
    /// The program, or why it cannot be installed.
    command: Result<Command>,
}

fn inspect(inspectors: Vec<Inspector>, require: bool) -> Result<bool> {
    let mut good = true;
    let mut rows = vec![format!("{:<23} {:>8}  result", "program", "time")];
    for Inspector { name, summary, command } in inspectors {
        let start = Instant::now();
        let result = match command {
            Ok(mut command) => {
                let (lines, status) = running::listen(name, &mut command, |line| line.contains(summary))?;
                good &= status.success();
                let outcome = if status.success() { "ok".to_owned() } else { format!("FAILED ({status})") };
                let summary = lines.last().map(|line| format!(": {}", line.trim()));
                outcome + &summary.unwrap_or_default()
            }
            Err(reason) => {
                good &= !require;
                missing(&reason, require)
            }
        };
        rows.push(format!("{name:<23} {:>6.2} s  {result}", start.elapsed().as_secs_f64()));
    }
    anstream::println!("\n{}", rows.join("\n"));
    Ok(good)
}

/// The result for a program that cannot be installed.
fn missing(reason: &anyhow::Error, require: bool) -> String {
    format!("{}: {reason:#}", if require { "FAILED" } else { "skipped" })
}
