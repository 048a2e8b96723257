//! `cargo xtask export`: what a capability consumes, as an OpenAPI document.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use naftiko_codegen::{Exported, export};

use crate::{generation, print};

/// What to export.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// What the document is; only `openapi` is known
    #[arg(value_parser = ["openapi"])]
    pub format: String,
    /// The crate, such as `scaleway-secret-manager-secrets`
    pub name: String,
    /// Write the document to this file, and not to the standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Runs the command. `Ok(false)` means that the specification has errors.
///
/// # Errors
/// When there is no such crate, or a file cannot be read or written.
pub fn run(root: &Path, options: &Options) -> Result<bool> {
    let sources = generation::read_sources(root)?;
    let path = generation::specification(&sources, &options.name)?;
    let Exported { text, left_out } = match export(&sources, &path, &options.name) {
        Ok((exported, warnings)) => {
            generation::print(&warnings, &sources);
            exported
        }
        Err(diagnostics) => {
            generation::print(&diagnostics, &sources);
            return Ok(false);
        }
    };
    left_out.iter().for_each(|what| anstream::eprintln!("left out: {what}"));
    match &options.out {
        Some(file) => fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))?,
        None => print(text.trim_end()),
    }
    Ok(true)
}
