//! Builds generated crates in batches, in a workspace with the settings of this one.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use naftiko_codegen::Crate;
use serde_json::Value;

use super::{Build, Options, Record, progress, smoke};
use crate::{inside, trial, workspace};

/// The file that marks a folder that this command may clear.
const MARKER: &str = ".corpus";
/// How much of an error of cargo is kept if it is not about a crate.
const EXCERPT: usize = 600;

/// Why crates failed, by name.
type Failures = BTreeMap<String, String>;

/// The result of checking a workspace.
enum Checked {
    /// Cargo checked the crates; these failed.
    Failures(Failures),
    /// Cargo rejected the workspace.
    Rejected(String),
}

/// Where crates are built.
struct Scratch<'a> {
    root: &'a Path,
    folder: PathBuf,
}

/// Builds the crates of all records, and records whether each one builds.
///
/// # Errors
/// When files cannot be written, or cargo not be started.
pub(super) fn build(root: &Path, options: &Options, records: &mut [Record]) -> Result<()> {
    let scratch = Scratch::new(root, options.scratch.as_deref())?;
    let mut waiting: Vec<_> = records.iter_mut().filter(|record| record.made.is_some()).collect();
    let bar = progress(waiting.len(), "building");
    for (number, batch) in waiting.chunks_mut(options.batch.get()).enumerate() {
        let made: Vec<_> = batch.iter_mut().filter_map(|record| record.made.take()).collect();
        let mut failures = scratch.try_batch(number, &made.iter().collect::<Vec<_>>())?;
        for record in batch {
            record.build = failures.remove(&record.crate_name).map_or(Build::Fine, Build::Failed);
            if let Build::Failed(reason) = &record.build {
                bar.suspend(|| anstream::eprintln!("failed: {} ({}): {reason}", record.path, record.crate_name));
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

impl<'a> Scratch<'a> {
    fn new(root: &'a Path, folder: Option<&Path>) -> Result<Self> {
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |target| root.join(target));
        let folder = folder.map_or_else(|| target.join("corpus"), Path::to_owned);
        let foreign = fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
        if foreign && !folder.join(MARKER).is_file() {
            bail!("{} contains other files; choose another folder with --scratch", folder.display());
        }
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
        inside::write(&folder, MARKER, "Written by `cargo xtask corpus`; may be removed.\n")?;
        let folder = folder.canonicalize()?;
        // Workspaces of an earlier run are kept if they have failures.
        for entry in fs::read_dir(&folder)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with("workspace-") {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(Self { root, folder })
    }

    /// Builds crates and returns the failures. The workspace is kept if there are any.
    fn try_batch(&self, number: usize, crates: &[&Crate]) -> Result<Failures> {
        let workspace = self.folder.join(format!("workspace-{number}"));
        workspace::write(self.root, &workspace, crates.iter().map(|made| &made.files))?;
        let mut failures = match self.check(&workspace, crates)? {
            Checked::Failures(failures) => failures,
            Checked::Rejected(reason) => match crates {
                [only] => Failures::from([(only.name.clone(), reason)]),
                // One crate breaks the workspace for all, so each is built alone.
                _ => return crates.iter().map(|made| self.try_batch(number, &[made])).try_fold(Failures::new(), merge),
            },
        };
        let served: Vec<_> =
            crates.iter().copied().filter(|made| made.routes > 0 && !failures.contains_key(&made.name)).collect();
        if !served.is_empty() {
            failures.extend(self.smoke(&workspace, &served)?);
        }
        let mut clean = self.cargo(&workspace, "clean");
        for made in crates {
            clean.args(["--package", &made.name]);
        }
        // If this fails, it only costs disk space.
        let _ = clean.arg("--quiet").output();
        if failures.is_empty() {
            let _ = fs::remove_dir_all(&workspace);
        }
        Ok(failures)
    }

    /// Cargo runs at the root, for its toolchain, and without a network: the lock file names nothing new.
    fn cargo(&self, workspace: &Path, command: &str) -> Command {
        let mut cargo = trial::cargo(self.root);
        cargo.arg(command).arg("--offline").arg("--manifest-path").arg(workspace.join("Cargo.toml"));
        cargo.env("CARGO_TARGET_DIR", self.folder.join("target")).env("RUSTFLAGS", "-D warnings");
        cargo.env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("CARGO_BUILD_TARGET");
        // Nothing here is built twice or debugged.
        cargo.env("CARGO_INCREMENTAL", "0").env("CARGO_PROFILE_DEV_DEBUG", "0");
        cargo
    }

    fn check(&self, workspace: &Path, crates: &[&Crate]) -> Result<Checked> {
        let mut cargo = self.cargo(workspace, "check");
        let server = crates.iter().any(|made| made.files.keys().any(|path| path.ends_with("/src/main.rs")));
        let features = if server { "blocking,test-util,server" } else { "blocking,test-util" };
        cargo.args(["--workspace", "--features", features, "--all-targets", "--keep-going", "--quiet"]);
        let output = cargo.args(["--message-format", "json"]).output().context("cargo cannot be started")?;
        let mut failures = Failures::new();
        for (owner, error) in errors(&String::from_utf8_lossy(&output.stdout)) {
            if !crates.iter().any(|made| made.name == owner) {
                bail!("{owner}, a dependency of the generated crates, does not build: {error}");
            }
            failures.entry(owner).or_insert(error);
        }
        if !output.status.success() && failures.is_empty() {
            return Ok(Checked::Rejected(format!("cargo rejected it: {}", excerpt(&output.stderr))));
        }
        Ok(Checked::Failures(failures))
    }

    fn smoke(&self, workspace: &Path, crates: &[&Crate]) -> Result<Failures> {
        let folder = workspace.join("generated").join(smoke::NAME);
        inside::write(&folder, "Cargo.toml", &smoke::manifest(crates))?;
        inside::write(&folder, "src/main.rs", &smoke::program(crates))?;
        let mut cargo = self.cargo(workspace, "run");
        let output = cargo.args(["--quiet", "--package", smoke::NAME]).output().context("cargo cannot be started")?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let mut failures: Failures = smoke::failures(&printed).collect();
        if !output.status.success() && failures.is_empty() {
            let reason = format!("the program that sets up the routers failed: {}", excerpt(&output.stderr));
            failures.extend(crates.iter().map(|made| (made.name.clone(), reason.clone())));
        }
        Ok(failures)
    }
}

fn merge(mut all: Failures, more: Result<Failures>) -> Result<Failures> {
    all.extend(more?);
    Ok(all)
}

/// The errors among cargo's messages, each with the folder of its package.
fn errors(messages: &str) -> impl Iterator<Item = (String, String)> {
    messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let body = message.get("message").filter(|body| body.get("level").is_some_and(|level| level == "error"))?;
        let manifest = message.get("manifest_path")?.as_str()?;
        let owner = Path::new(manifest).parent()?.file_name()?.to_str()?.to_owned();
        let span = body.get("spans").and_then(Value::as_array).and_then(|spans| spans.first());
        let place = span.and_then(|span| {
            Some(format!(" at {}:{}", span.get("file_name")?.as_str()?, span.get("line_start")?.as_u64()?))
        });
        Some((owner, format!("{}{}", body.get("message")?.as_str()?, place.unwrap_or_default())))
    })
}

fn excerpt(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(EXCERPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_their_crate_and_location() {
        let messages = r#"{"reason":"compiler-artifact"}
{"reason":"compiler-message","manifest_path":"/s/generated/c00001-a/Cargo.toml","message":{"level":"error","message":"no","spans":[{"file_name":"src/lib.rs","line_start":3}]}}
{"reason":"compiler-message","manifest_path":"/s/generated/c00002-b/Cargo.toml","message":{"level":"warning","message":"hm","spans":[]}}"#;
        let found: Vec<_> = errors(messages).collect();
        assert_eq!(found, [("c00001-a".to_owned(), "no at src/lib.rs:3".to_owned())]);
    }
}
