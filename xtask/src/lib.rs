//! The commands of `cargo xtask`, for the binary and for the tests that run them.

pub mod allow;
pub mod bench;
pub mod companions;
pub mod corpus;
pub mod deny;
pub mod docs;
pub mod drift;
pub mod explain;
pub mod export;
pub mod fix;
pub mod generation;
pub mod import;
pub mod inside;
pub mod interop;
pub mod lint;
pub mod members;
pub mod report;
pub mod semver;
pub mod sources;
pub mod starter;
pub mod synth;
pub mod trial;
pub mod variants;
pub mod watch;
pub mod workspace;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The root of the repository.
pub fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map(PathBuf::from).unwrap_or(manifest)
}

/// The names of the generated crates, sorted.
fn generated(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("generated")).context("generated/ cannot be read")? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Prints a text to standard output. A reader that closes the pipe early, such as `head`, is not an error.
fn print(text: &str) {
    let _ = writeln!(anstream::stdout(), "{text}");
}
