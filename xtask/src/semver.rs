//! `cargo xtask semver`: whether the public part of the runtime and of generated crates changed in a way that its users
//! would notice.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, iter};

use anyhow::{Context as _, Result, bail};

use crate::{generated, trial};

const TOOL: &str = "cargo-semver-checks";
const VERSION: &str = "0.51.0";
/// What users may depend on.
const FEATURES: &str = "blocking,ring,server,test-util";

/// Runs the command: compares with a revision of the repository. The tool is built on first use, into the target folder.
///
/// # Errors
/// When the tool cannot be built, or the baseline is no revision.
pub fn run(root: &Path, baseline: &str) -> Result<bool> {
    let tool = install(root)?;
    let mut good = true;
    for package in iter::once("naftiko-runtime".to_owned()).chain(generated(root)?) {
        let mut check = Command::new(&tool);
        check.current_dir(root).args(["semver-checks", "check-release", "--package", &package]);
        check.args(["--baseline-rev", baseline, "--only-explicit-features", "--features", FEATURES]);
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
    eprintln!("building {TOOL} {VERSION}; this takes some minutes, once");
    let mut cargo = trial::cargo(root);
    cargo.args(["install", "--quiet", "--locked", TOOL, "--version", VERSION, "--root"]).arg(&folder);
    if !cargo.status().context("cargo cannot be started")?.success() {
        bail!("{TOOL} {VERSION} cannot be installed");
    }
    Ok(tool)
}
