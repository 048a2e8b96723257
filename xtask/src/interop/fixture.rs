//! The server of the capability with the names that the conformance suite requires.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use naftiko_codegen::{Sources, generate};

use super::packages::{read, succeed};
use crate::workspace;

const SPECIFICATION: &str = "tests/cases/ok/mcp-conformance.yaml";
const SERVER: &str = "cases-mcp-conformance";

/// Generates the crate and builds its server, with what the tests have built for other cases.
pub(super) fn build(root: &Path) -> Result<PathBuf> {
    let sources = Sources::from([("spec/cases/mcp-conformance.yaml".to_owned(), read(&root.join(SPECIFICATION))?)]);
    let made = generate(&sources).map_err(|diagnostics| anyhow!("{}", diagnostics.render(&sources, false)))?;
    let folder = root.join("target/interop/fixture");
    workspace::write(root, &folder, [&made.files])?;
    let mut cargo = workspace::cargo(root, &folder);
    succeed("cargo build", cargo.args(["build", "--quiet", "--offline", "--bin", SERVER]).args(workspace::ALL))?;
    Ok(workspace::program(root, SERVER))
}
