//! `cargo xtask import`: capabilities from OpenAPI documents.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use naftiko_codegen::{Import, Imported, Sources, import};

use crate::{generation, inside, sources};

/// What to import.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// What the documents are; only `openapi` is known
    #[arg(value_parser = ["openapi"])]
    pub format: String,
    /// An OpenAPI document, or a folder with documents
    pub path: PathBuf,
    /// The folder below `spec/`, and the start of the names of variables; by default, the name of the document
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,
    /// Only operations with this tag
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
    /// One capability for the whole document instead of one for each tag
    #[arg(long)]
    pub whole: bool,
    /// An OpenAPI Overlay that is applied to the document, and written beside its capabilities
    #[arg(long, value_name = "FILE")]
    pub overlay: Option<PathBuf>,
}

/// Runs the command: writes the files below `root`, and prints what was left out. `Ok(false)` means that a document cannot be
/// read.
///
/// # Errors
/// When there is no document, or a file exists that has another text, or cannot be written.
pub fn run(root: &Path, options: &Options) -> Result<bool> {
    let texts = sources::texts(&options.path, &["yaml", "yml", "json"]);
    if texts.is_empty() {
        bail!("no document at {}", options.path.display());
    }
    let overlay = match &options.overlay {
        Some(file) => match sources::texts(file, &["yaml", "yml", "json"]).pop_first() {
            Some(overlay) => Some(overlay),
            None => bail!("no overlay at {}", file.display()),
        },
        None => None,
    };
    let overlay = overlay.as_ref().map(|(path, text)| (path.as_str(), text.as_str()));
    let mut is_good = true;
    for (path, text) in &texts {
        let stem = path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or(path);
        let provider = options.provider.as_deref().unwrap_or(stem);
        let wanted = Import { provider, tag: options.tag.as_deref(), whole: options.whole, overlay };
        let mut sources = Sources::from([(path.clone(), text.clone())]);
        sources.extend(overlay.map(|(path, text)| (path.to_owned(), text.to_owned())));
        match import(path, text, &wanted) {
            Ok(imported) => {
                generation::print(&imported.warnings, &sources);
                write(root, path, &imported)?;
            }
            Err(diagnostics) => {
                is_good = false;
                generation::print(&diagnostics, &sources);
            }
        }
    }
    Ok(is_good)
}

/// Writes what is new. A file with another text may have been changed by hand, and is kept.
fn write(root: &Path, path: &str, imported: &Imported) -> Result<()> {
    let Imported { files, operations, imported, left_out, .. } = imported;
    let other = files.iter().find(|(file, text)| fs::read_to_string(root.join(file)).is_ok_and(|own| own != **text));
    if let Some((file, _)) = other {
        bail!("{file} exists and has another text; remove it to import {path} again");
    }
    for (file, text) in files.iter().filter(|(file, _)| !root.join(file).exists()) {
        inside::write(root, file, text).with_context(|| format!("{path} cannot be imported"))?;
        anstream::println!("wrote {file}");
    }
    anstream::println!("{path}: {operations} operations, {imported} imported, {} notes", left_out.len());
    left_out.iter().for_each(|why| anstream::println!("  {why}"));
    Ok(())
}
