//! Generated crates in a workspace of their own, with the settings of this one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use naftiko_codegen::Files;

use crate::{inside, trial};

/// Writes these files, and what makes a workspace of them. Crates of an earlier run are removed.
///
/// # Errors
/// When files cannot be read or written.
pub fn write<'a>(root: &Path, folder: &Path, crates: impl IntoIterator<Item = &'a Files>) -> Result<()> {
    let generated = folder.join("generated");
    if generated.exists() {
        fs::remove_dir_all(&generated).with_context(|| format!("{} cannot be removed", generated.display()))?;
    }
    for (path, text) in crates.into_iter().flatten() {
        inside::write(folder, path, text)?;
    }
    write_manifest(root, folder)
}

/// Writes what makes a workspace of generated crates: other members, and the same versions and lints, with warnings as errors.
///
/// # Errors
/// When files cannot be read or written.
pub fn write_manifest(root: &Path, folder: &Path) -> Result<()> {
    let own = fs::read_to_string(root.join("Cargo.toml")).context("the workspace's manifest cannot be read")?;
    inside::write(folder, "Cargo.toml", &manifest(&own, root))?;
    let lock = fs::read_to_string(root.join("Cargo.lock")).context("the lock file cannot be read")?;
    inside::write(folder, "Cargo.lock", &lock)
}

/// Adds a member that builds nothing, and depends on the repository's own tests. In a build of the whole workspace,
/// dependencies then have the same features as in the repository's, and are not built again.
///
/// # Errors
/// When files cannot be written.
pub fn share_features(root: &Path, folder: &Path) -> Result<()> {
    const MEMBER: &str = "generated/same-features";
    let path = |folder: &str| format!("{:?}", root.join(folder).to_string_lossy());
    let manifest = format!(
        "[package]\nname = \"same-features\"\nedition = \"2024\"\n\n[[example]]\nname = \"same-features\"\npath = \
         \"example.rs\"\n\n[dependencies]\nnaftiko-tests.path = {}\nnaftiko-bench.path = {}\n",
        path("tests"),
        path("tests/bench"),
    );
    inside::write(folder, &format!("{MEMBER}/example.rs"), "fn main() {}\n")?;
    inside::write(folder, &format!("{MEMBER}/Cargo.toml"), &manifest)
}

/// Cargo in such a workspace. Everything that is built goes to the repository's own target folder.
pub fn cargo(root: &Path, folder: &Path) -> Command {
    let mut cargo = trial::cargo(root);
    cargo.current_dir(folder).env("CARGO_TARGET_DIR", trial::target(root));
    cargo.env("RUSTDOCFLAGS", "-D warnings").env("CARGO_INCREMENTAL", "0");
    cargo
}

/// All crates, with all features that need nothing but Rust.
pub const ALL: [&str; 4] = ["--workspace", "--keep-going", "--features", "blocking,server,test-util"];

/// Where the server of a crate is, once it is built.
pub fn program(root: &Path, name: &str) -> PathBuf {
    trial::program(root, "debug", name)
}

/// The repository's manifest for a workspace elsewhere: other members, and the same versions and lints.
fn manifest(own: &str, root: &Path) -> String {
    let mut text = String::new();
    let mut lines = own.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("members") || line.starts_with("default-members") {
            if line.starts_with("members") {
                text.push_str("members = [\"generated/*\"]\n");
            }
            let mut rest = line;
            while !rest.contains(']') {
                let Some(line) = lines.next() else { break };
                rest = line;
            }
        } else if let Some((before, (path, after))) =
            line.split_once(" path = \"").and_then(|(before, rest)| Some((before, rest.split_once('"')?)))
        {
            text.push_str(&format!("{before} path = {:?}{after}\n", root.join(path).to_string_lossy()));
        } else {
            text.push_str(&format!("{line}\n"));
            if line == "[workspace.lints.rust]" {
                text.push_str("warnings = \"deny\"\n");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_elsewhere_has_other_members_and_finds_the_same_folders() {
        let own = "[workspace]\nmembers = [\n  \"a\",\n]\ndefault-members = [\"a\"]\n[workspace.dependencies]\na = { path = \"x/a\", version = \"1\" }\nof_path = \"1\"\n";
        let (root, start) = (Path::new("/r"), "[workspace]\nmembers = [\"generated/*\"]\n[workspace.dependencies]\n");
        let path = root.join("x/a");
        assert_eq!(
            manifest(own, root),
            format!("{start}a = {{ path = {path:?}, version = \"1\" }}\nof_path = \"1\"\n")
        );
    }
}
