//! The commands of `cargo xtask`, for the binary and for the tests that run them.

pub mod generation;
pub mod interop;
pub mod trial;

use std::path::PathBuf;

/// The root of the repository.
pub fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map(PathBuf::from).unwrap_or(manifest)
}
