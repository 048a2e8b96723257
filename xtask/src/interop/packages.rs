//! Packages of pinned versions from PyPI and npm, each set of them in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use anyhow::{Context as _, Result, bail};

const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// A virtual environment with these requirements. Returns the folder of its programs.
pub(super) fn python(folder: &Path, requirements: &Path) -> Result<PathBuf> {
    let programs = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let pins = version(PYTHON)? + &read(requirements)?;
    install(folder, &pins, || {
        succeed("python3 -m venv", Command::new(PYTHON).args(["-m", "venv"]).arg(folder))?;
        let mut pip = Command::new(programs.join("python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"]);
        succeed("pip install", pip.args(["--timeout", "20", "--requirement"]).arg(requirements))
    })?;
    Ok(programs)
}

/// The packages of the manifest in this folder of sources. Scripts are copied to where they are installed, because Node
/// looks for packages next to the script.
pub(super) fn node(folder: &Path, sources: &Path, scripts: &[&str]) -> Result<()> {
    let copy = |name: &str| {
        let copied = fs::copy(sources.join(name), folder.join(name));
        copied.map(drop).with_context(|| format!("{name} cannot be copied"))
    };
    let (package, lock) = ("package.json", "package-lock.json");
    let pins = version("node")? + &read(&sources.join(package))? + &read(&sources.join(lock))?;
    install(folder, &pins, || {
        copy(package)?;
        copy(lock)?;
        let mut npm = Command::new(NPM);
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--engine-strict"]).current_dir(folder);
        succeed("npm ci", npm.args(["--fetch-retries=1", "--fetch-timeout=20000"]))
    })?;
    scripts.iter().try_for_each(|name| copy(name))
}

/// Fills a folder, unless that was done before for the same pins.
fn install(folder: &Path, pins: &str, fill: impl FnOnce() -> Result<()>) -> Result<()> {
    let marker = folder.join("installed.txt");
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == pins) {
        return Ok(());
    }
    anstream::println!("installing into {}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("{} cannot be emptied", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    fill()?;
    fs::write(&marker, pins).with_context(|| format!("{} cannot be written", marker.display()))
}

pub(super) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn version(program: &str) -> Result<String> {
    let output = Command::new(program).arg("--version").output();
    let output = output.with_context(|| format!("`{program}` cannot be started"))?;
    if !output.status.success() {
        bail!("`{program} --version` failed ({})", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

pub(super) fn succeed(what: &str, command: &mut Command) -> Result<()> {
    let status = command.stdout(io::stderr()).status().with_context(|| format!("`{what}` cannot be started"))?;
    if !status.success() {
        bail!("`{what}` failed ({status}), for the reason that it printed above");
    }
    Ok(())
}
