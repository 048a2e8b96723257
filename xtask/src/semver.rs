//! `cargo xtask semver`: whether the public API of the runtime and of generated crates has breaking changes.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::{generated, trial};

const TOOL: &str = "cargo-semver-checks";
const VERSION: &str = "0.51.0";
/// What users may depend on in a generated crate.
const FEATURES: &str = "blocking,ring,server,test-util";
/// The runtime crates whose types users meet, and what they may depend on in them.
const RUNTIME: [(&str, &str); 3] =
    [("naftiko-client", "blocking,ring,test-util"), ("naftiko-mcp", ""), ("naftiko-rest", "")];

/// Runs the command: compares with a revision of the repository. The tool is built on first use, into the target folder.
///
/// # Errors
/// When the tool cannot be built, or the baseline is not a revision.
pub fn run(root: &Path, baseline: &str) -> Result<bool> {
    let tool = install(root)?;
    let mut good = true;
    let runtime = RUNTIME.map(|(package, features)| (package.to_owned(), features));
    for (package, features) in runtime.into_iter().chain(generated(root)?.into_iter().map(|name| (name, FEATURES))) {
        let mut check = Command::new(&tool);
        check.current_dir(root).args(["semver-checks", "check-release", "--package", &package]);
        check.args(["--baseline-rev", baseline, "--only-explicit-features"]);
        if !features.is_empty() {
            check.args(["--features", features]);
        }
        good &= check.status().with_context(|| format!("{TOOL} cannot be started"))?.success();
    }
    Ok(good)
}

fn install(root: &Path) -> Result<std::path::PathBuf> {
    let folder = root.join("target/tools");
    let tool = folder.join("bin").join(format!("{TOOL}{}", env::consts::EXE_SUFFIX));
    let installed = Command::new(&tool).args(["semver-checks", "--version"]).stderr(Stdio::null()).output();
    if installed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(VERSION)) {
        return Ok(tool);
    }
    eprintln!("building {TOOL} {VERSION}; this takes some minutes, but only once");
    let mut cargo = trial::cargo(root);
    cargo.args(["install", "--quiet", "--locked", TOOL, "--version", VERSION, "--root"]).arg(&folder);
    if !cargo.status().context("cargo cannot be started")?.success() {
        bail!("{TOOL} {VERSION} cannot be installed");
    }
    Ok(tool)
}
