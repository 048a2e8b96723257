//! The commands of `cargo xtask`, for the binary and for the tests that run them.

pub mod corpus;
pub mod explain;
pub mod finding;
pub mod generation;
pub mod interop;
pub mod lint;
pub mod report;
pub mod sources;
pub mod starter;
pub mod trial;
pub mod variants;
pub mod watch;

use std::io::Write as _;
use std::path::PathBuf;

/// The root of the repository.
pub fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map(PathBuf::from).unwrap_or(manifest)
}

/// Prints a text to standard output. A reader that leaves early, such as `head`, is no failure.
fn print(text: &str) {
    let _ = writeln!(anstream::stdout(), "{text}");
}
