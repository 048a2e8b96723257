//! Packages of pinned versions from PyPI, npm and the Go module proxy, each set of them in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io, iter};

use anyhow::{Context as _, Result, bail};

pub(super) const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };
/// What the inspector of MCP asks for.
const RECENT: (u32, u32) = (22, 19);
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

/// Node, with npm.
pub(super) struct Node {
    /// Where it is, unless it is that of this machine.
    folder: Option<PathBuf>,
}

impl Node {
    /// The one of this machine.
    pub(super) const HERE: Self = Self { folder: None };

    /// The one of this machine where it is recent enough for everything; else one from npm.
    pub(super) fn recent(root: &Path, cache: &Path) -> Result<Self> {
        if recent(&version("node")?) {
            return Ok(Self::HERE);
        }
        let folder = cache.join("node");
        Self::HERE.install(&folder, &root.join("tests/interop/node"), &[])?;
        let folder = folder.join("node_modules/.bin");
        if !folder.join("node").exists() {
            bail!("Node {}.{} or later is required, and npm has no package of it for this machine", RECENT.0, RECENT.1);
        }
        Ok(Self { folder: Some(folder) })
    }

    /// The command that runs a script with Node.
    pub(super) fn script(&self, path: &Path) -> Command {
        let program = self.folder.as_ref().map_or_else(|| PathBuf::from("node"), |folder| folder.join("node"));
        let mut command = Command::new(program);
        command.arg(path);
        command
    }

    /// The packages of the manifest in this folder of sources. Scripts are copied to where they are installed, because
    /// Node looks for packages next to the script.
    pub(super) fn install(&self, folder: &Path, sources: &Path, scripts: &[&str]) -> Result<()> {
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
            if let Some(first) = &self.folder {
                let rest = env::var_os("PATH").unwrap_or_default();
                npm.env("PATH", env::join_paths(iter::once(first.clone()).chain(env::split_paths(&rest)))?);
            }
            succeed("npm ci", npm.args(["--fetch-retries=1", "--fetch-timeout=20000"]))
        })?;
        scripts.iter().try_for_each(|name| copy(name))
    }
}

/// Go with the modules of the manifest in a folder of sources.
pub(super) struct Go<'f> {
    sources: &'f Path,
    folder: &'f Path,
}

impl<'f> Go<'f> {
    /// Downloads the modules into the folder.
    pub(super) fn install(folder: &'f Path, sources: &'f Path) -> Result<Self> {
        let go = Self { sources, folder };
        let pins =
            output(go.command().arg("version"))? + &read(&sources.join("go.mod"))? + &read(&sources.join("go.sum"))?;
        install(folder, &pins, || succeed("go mod download", go.command().args(["mod", "download"])))?;
        Ok(go)
    }

    /// The command that builds and runs a program of the folder of sources.
    pub(super) fn run(&self, program: &str) -> Command {
        let mut command = self.command();
        command.args(["run", program]);
        command
    }

    /// Builds a program of one of the modules, and returns where it is.
    pub(super) fn build(&self, package: &str, name: &str) -> Result<PathBuf> {
        let program = self.folder.join(name).with_extension(env::consts::EXE_EXTENSION);
        succeed("go build", self.command().arg("build").arg("-o").arg(&program).arg(package))?;
        Ok(program)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("go");
        // Neither another version of Go nor another one of a module is downloaded, and nothing is compiled as C.
        command.envs([("GOTOOLCHAIN", "local"), ("GOFLAGS", "-mod=readonly -modcacherw"), ("CGO_ENABLED", "0")]);
        command.current_dir(self.sources).env("GOMODCACHE", self.folder.join("modules"));
        command
    }
}

/// Whether it is a version that everything runs on, such as `v24.1.0`.
fn recent(version: &str) -> bool {
    let mut numbers = version.trim().trim_start_matches('v').split('.').map_while(|number| number.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= RECENT
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
    output(Command::new(program).arg("--version"))
}

fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().display().to_string();
    let output = command.output().with_context(|| format!("`{name}` cannot be started"))?;
    if !output.status.success() {
        bail!("`{name}` does not say its version ({})", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

pub(super) fn succeed(what: &str, command: &mut Command) -> Result<()> {
    let status = command.stdout(io::stderr()).status().with_context(|| format!("`{what}` cannot be started"))?;
    if !status.success() {
        bail!("`{what}` failed ({status}); its output is above");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::recent;

    #[test]
    fn versions_of_node_are_compared_by_number() {
        for (version, expected) in
            [("v22.19.0\n", true), ("v22.9.0", false), ("v24.0.1", true), ("v20.20.2", false), ("", false)]
        {
            assert_eq!(recent(version), expected, "{version}");
        }
    }
}
