//! `cargo xtask lint`: all findings about files and folders, without generating anything.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use naftiko_codegen::{Severity, Sources, is_specification, lint};

use crate::finding::Finding;
use crate::sources::{self, Tree};
use crate::{print, report};

/// What to check and how to say it.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Files, or folders with YAML files in them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How findings are printed
    #[arg(long, value_enum, default_value = "human")]
    pub format: Format,
    /// Fail on warnings too
    #[arg(long)]
    pub deny_warnings: bool,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// With a snippet of the file
    Human,
    /// One JSON document
    Json,
    /// A SARIF 2.1.0 log, for code scanning
    Sarif,
}

/// What a run found.
#[derive(Debug)]
pub struct Linted {
    /// How many files were checked.
    pub files: usize,
    /// All findings, in order of file and place.
    pub findings: Vec<Finding>,
    /// The texts that were read.
    pub sources: Sources,
}

/// Runs the command. `Ok(false)` means that there is an error, or a warning where none is allowed.
///
/// # Errors
/// When `base` is no folder, or when there is no file to check.
pub fn run(base: &Path, options: &Options) -> Result<bool> {
    let linted = check(base, &options.paths)?;
    match options.format {
        Format::Json => print(&format!("{:#}", report::json(linted.files, &linted.findings))),
        Format::Sarif => print(&format!("{:#}", report::sarif(&linted.findings))),
        Format::Human => {
            for finding in &linted.findings {
                print(&(finding.render(&linted.sources, io::stdout().is_terminal()) + "\n"));
            }
        }
    }
    let [errors, warnings, notes] = [Severity::Error, Severity::Warning, Severity::Note].map(|it| linted.count(it));
    anstream::eprintln!("{} files: {errors} errors, {warnings} warnings, {notes} notes", linted.files);
    Ok(linted.passes(options.deny_warnings))
}

impl Linted {
    /// Whether there is no error, and no warning where none is allowed.
    pub fn passes(&self, deny_warnings: bool) -> bool {
        self.count(Severity::Error) == 0 && (!deny_warnings || self.count(Severity::Warning) == 0)
    }

    fn count(&self, severity: Severity) -> usize {
        report::count(&self.findings, severity)
    }
}

/// Checks files and folders. Paths are relative to `base`, and are shown so where they lie below it.
///
/// # Errors
/// When `base` is no folder, or when there is no file to check.
pub fn check(base: &Path, paths: &[PathBuf]) -> Result<Linted> {
    let base = base.canonicalize().with_context(|| format!("{} is no folder", base.display()))?;
    let mut sources = Sources::new();
    let mut findings = Vec::new();
    let mut wanted = BTreeSet::new();
    for path in paths {
        let (tree, chosen) = read(&base, path);
        sources.extend(tree.sources);
        findings.extend(tree.findings);
        wanted.extend(chosen);
    }
    if wanted.is_empty() && findings.is_empty() {
        bail!("there is no YAML file to check");
    }
    let files: BTreeSet<_> = wanted.iter().chain(findings.iter().map(|finding| &finding.file)).collect();
    let files = files.len();
    for path in &wanted {
        findings.extend(lint(&sources, path).iter().map(Finding::from));
    }
    findings.sort_by(|a, b| (&a.file, a.place, a.rule, &a.message).cmp(&(&b.file, b.place, b.rule, &b.message)));
    findings.dedup();
    Ok(Linted { files, findings, sources })
}

/// Reads what is at a path, and says which of the texts are to be checked; the others are there to be imported.
fn read(base: &Path, path: &Path) -> (Tree, Vec<String>) {
    let path = base.join(path);
    if path.is_dir() {
        let folder = path.canonicalize().unwrap_or(path);
        let tree = sources::read(&folder, base);
        let chosen = tree.specifications().cloned().collect();
        return (tree, chosen);
    }
    // Only the folder is resolved: a link in place of the file is to be seen as one.
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    let file = folder.as_ref().zip(path.file_name()).map_or(path.clone(), |(folder, name)| folder.join(name));
    let mut tree = Tree::default();
    tree.read_file(&file, base);
    let chosen: Vec<_> = tree.sources.keys().cloned().collect();
    // The folder may be somebody's home. It is searched only for a file that can import something.
    if let Some(folder) = folder.filter(|_| tree.sources.values().any(|text| names_yaml(text))) {
        tree.sources.extend(sources::read(&folder, base).sources);
    }
    tree.add_named(base, base);
    (tree, chosen)
}

fn names_yaml(text: &str) -> bool {
    text.lines().any(|line| line.split(['"', '\'', ' ', '\t', '\r', ',', '}', '#']).any(is_specification))
}
