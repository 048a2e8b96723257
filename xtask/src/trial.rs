//! `cargo xtask try`: a generated server against a simulator of its upstream, or a specification against an echo of it; and
//! `cargo xtask serve` and `conform`, which are programs of their own.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use naftiko_codegen::is_specification;

use crate::{allow, lint, sources};

/// Runs the command. The tour is a program of the tests; this builds the server and starts the tour.
///
/// # Errors
/// When the server or the tour cannot be built or started.
pub fn run(root: &Path, name: &str, once: bool) -> Result<bool> {
    // `examples/garden` is the crate of `spec/examples/garden.yaml`.
    let name = &name.replace('/', "-");
    let server = build(root, name)?;
    let mut tour = cargo(root);
    tour.args(["run", "--quiet", "--package", "naftiko-tests", "--bin", "try", "--", name]).arg(server);
    if once {
        tour.arg("--once");
    }
    Ok(tour.status().context("cargo cannot be started")?.success())
}

/// Serves a specification without generating a crate. The arguments are those of the server, and `--watch`.
///
/// # Errors
/// When the server cannot be built or started.
pub fn serve(
    root: &Path,
    file: &Path,
    echo: bool,
    max_file_size: u64,
    codes: &[String],
    arguments: &[String],
) -> Result<bool> {
    let folder = env::current_dir().context("there is no current folder")?;
    let mut serve = cargo(root);
    // The specification may be named relative to where the command is run.
    // The flag may also be among those that follow the specification.
    let limit = size_flag(arguments).unwrap_or(max_file_size);
    sources::limit(limit);
    let given = values_of(allow::FLAG, arguments).flat_map(|value| value.split(',')).map(str::to_owned);
    allow::set(&codes.iter().cloned().chain(given).collect::<Vec<_>>())?;
    serve.args(["run", "--quiet", "--package", "naftiko-serve", "--", "serve"]).arg(folder.join(file));
    if size_flag(arguments).is_none() {
        serve.args([SIZE_FLAG, &limit.to_string()]);
    }
    serve.args(codes.iter().flat_map(|code| [allow::FLAG, code])).args(arguments);
    if echo {
        serve.arg("--echo").envs(placeholders(&folder, file)?);
    }
    Ok(serve.status().context("cargo cannot be started")?.success())
}

/// Runs the cases of a folder, with the flags of the command.
///
/// # Errors
/// When the program that runs them cannot be built or started.
pub fn conform(root: &Path, cases: &Path, codes: &[String], flags: &[String]) -> Result<bool> {
    let folder = env::current_dir().context("there is no current folder")?;
    let mut run = cargo(root);
    run.args(["run", "--quiet", "--package", "naftiko-serve", "--", "conform"]).arg(folder.join(cases)).args(flags);
    run.args(codes.iter().flat_map(|code| [allow::FLAG, code]));
    Ok(run.status().context("cargo cannot be started")?.success())
}

/// The flag for the size of files.
const SIZE_FLAG: &str = "--max-file-size";

/// Its value among flags of the server; one that is no number is reported by the server.
fn size_flag(arguments: &[String]) -> Option<u64> {
    values_of(SIZE_FLAG, arguments).next()?.parse().ok()
}

/// The values of a flag among others.
fn values_of<'a>(flag: &'a str, arguments: &'a [String]) -> impl Iterator<Item = &'a str> {
    arguments.iter().enumerate().filter_map(move |(at, argument)| match argument.strip_prefix(flag)? {
        "" => arguments.get(at + 1).map(String::as_str),
        rest => rest.strip_prefix('='),
    })
}

/// Values for the environment variables that a specification needs and the environment lacks. An echo checks no credential.
fn placeholders(folder: &Path, file: &Path) -> Result<Vec<(String, &'static str)>> {
    let (sources, path) = lint::read_one(folder, file)?;
    let Ok((tables, _)) = allow::compiler().compile_tables(&sources, &path, "") else { return Ok(Vec::new()) };
    let names = tables.capability.variables.iter().map(|variable| variable.name.to_string());
    let missing = names.filter(|name| env::var_os(name).is_none_or(|value| value.is_empty()));
    Ok(missing.map(|name| (name, "a-placeholder")).collect())
}

/// Whether a name is that of a specification rather than of a crate.
pub fn is_file(name: &str) -> bool {
    is_specification(name)
}

/// Builds the binary of a generated crate and returns its path.
///
/// # Errors
/// When it cannot be built, or the crate does not exist.
pub fn build(root: &Path, name: &str) -> Result<PathBuf> {
    if !root.join("generated").join(name).join("src/main.rs").is_file() {
        bail!("generated/ has no server `{name}`");
    }
    // With the whole workspace, features and therefore built dependencies are the same as for the tests.
    let status = cargo(root).args(["build", "--quiet", "--workspace", "--bin", name]).status();
    if !status.context("cargo cannot be started")?.success() {
        bail!("`{name}` cannot be built");
    }
    Ok(program(root, "debug", name))
}

/// Where cargo puts a program that it builds.
pub(crate) fn program(root: &Path, profile: &str, name: &str) -> PathBuf {
    target(root).join(profile).join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// The repository's target folder.
pub(crate) fn target(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// Cargo at the root, in the environment that it has when it is called by hand.
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    // Cargo sets these variables for xtask. Build scripts that depend on them would run again.
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    command
}
