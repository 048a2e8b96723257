//! `cargo xtask lint`: all diagnostics of files and folders, without generating anything.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use naftiko_codegen::{Code, Diagnostic, Severity, Sources, bound_files, is_companion, is_specification, lint, render};
use serde_json::json;

use crate::fix::{Applied, fix};
use crate::sources::{self, Tree};
use crate::{print, report};

/// How many diagnostics of a code are printed for people. The last may say how many more there are in its file.
const SHOWN: usize = 101;

/// What to check, and how to print the result.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Files, or folders with YAML files
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How diagnostics are printed
    #[arg(long, value_enum, default_value = "human")]
    pub format: Format,
    /// Fail on warnings too
    #[arg(long)]
    pub deny_warnings: bool,
    /// Apply the suggestions that are certain to the files, and print what is left
    #[arg(long)]
    pub fix: bool,
}

/// How diagnostics are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// With a snippet of the file
    Human,
    /// One JSON document
    Json,
    /// A SARIF 2.1.0 log, for code scanning
    Sarif,
    /// Commands that annotate pull requests on GitHub
    Github,
}

/// The result of a run.
#[derive(Debug)]
pub struct Linted {
    /// How many files were checked.
    pub files: usize,
    /// The paths of the sources that were checked.
    pub checked: BTreeSet<String>,
    /// All diagnostics, in order of file and span.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that were read.
    pub sources: Sources,
}

/// Runs the command. `Ok(false)` means that there is an error, or a warning if warnings are denied.
///
/// # Errors
/// When `base` is not a folder, there is no file to check, or a file cannot be fixed.
pub fn run(base: &Path, options: &Options) -> Result<bool> {
    let (applied, linted) =
        if options.fix { fix(base, &options.paths)? } else { (Vec::new(), check(base, &options.paths)?) };
    let Linted { files, diagnostics, sources, .. } = &linted;
    match options.format {
        Format::Json => {
            let mut document = report::json(*files, diagnostics, sources);
            if options.fix {
                report::extend(&mut document, json!({ "fixed": applied.iter().map(applied_json).collect::<Vec<_>>() }));
            }
            print(&format!("{document:#}"));
        }
        Format::Sarif => print(&format!("{:#}", report::sarif(diagnostics, sources))),
        Format::Github => print(&report::github(diagnostics, sources)),
        Format::Human => {
            let mut counts: BTreeMap<Code, usize> = BTreeMap::new();
            let shown = diagnostics.iter().filter(|diagnostic| {
                let count = counts.entry(diagnostic.code).or_default();
                *count += 1;
                *count <= SHOWN
            });
            for text in render(shown, sources, io::stdout().is_terminal()) {
                print(&(text + "\n"));
            }
            for (code, count) in counts.into_iter().filter(|(_, count)| *count > SHOWN) {
                print(&format!("{} more {code} are not shown; `--format json` has all of them\n", count - SHOWN));
            }
        }
    }
    for Applied { file, line, code, before, after } in &applied {
        anstream::eprintln!("fixed {file}:{line}: {code}: `{before}` is now `{after}`");
    }
    let [errors, warnings, notes] = [Severity::Error, Severity::Warning, Severity::Note].map(|it| linted.count(it));
    let fixed = if options.fix { format!("{} fixed, ", applied.len()) } else { String::new() };
    anstream::eprintln!("{files} files: {fixed}{errors} errors, {warnings} warnings, {notes} notes");
    Ok(linted.passes(options.deny_warnings))
}

fn applied_json(applied: &Applied) -> serde_json::Value {
    let Applied { file, line, code, before, after } = applied;
    json!({ "file": file, "line": line, "code": code, "before": before, "after": after })
}

impl Linted {
    /// Whether there is no error, and no warning if warnings are denied.
    pub fn passes(&self, deny_warnings: bool) -> bool {
        self.count(Severity::Error) == 0 && (!deny_warnings || self.count(Severity::Warning) == 0)
    }

    fn count(&self, severity: Severity) -> usize {
        report::count(&self.diagnostics, severity)
    }
}

/// Checks files and folders. Paths are relative to `base`, and those below it are shown relative to it.
///
/// # Errors
/// When `base` is not a folder, or there is no file to check.
pub fn check(base: &Path, paths: &[PathBuf]) -> Result<Linted> {
    let base = base.canonicalize().with_context(|| format!("{} is not a folder", base.display()))?;
    let (mut sources, mut undecodable) = (Sources::new(), Sources::new());
    let mut diagnostics = Vec::new();
    let mut checked = BTreeSet::new();
    for path in paths {
        let (tree, chosen) = read(&base, path);
        sources.extend(tree.sources);
        undecodable.extend(tree.undecodable);
        diagnostics.extend(tree.diagnostics);
        checked.extend(chosen);
    }
    if checked.is_empty() && diagnostics.is_empty() {
        bail!("there is no YAML file to check");
    }
    let files: BTreeSet<_> = checked.iter().chain(diagnostics.iter().map(|it| &it.file)).collect();
    let files = files.len();
    for path in &checked {
        diagnostics.extend(lint(&sources, path));
    }
    sources.extend(undecodable);
    diagnostics.sort_by(Diagnostic::order);
    diagnostics.dedup();
    Ok(Linted { files, checked, diagnostics, sources })
}

/// Reads what is at a path. Returns also which of the texts are checked; the others can be imported.
fn read(base: &Path, path: &Path) -> (Tree, Vec<String>) {
    let path = base.join(path);
    if path.is_dir() {
        let folder = path.canonicalize().unwrap_or(path);
        let tree = sources::read(&folder, base);
        let chosen = tree.specifications().cloned().collect();
        return (tree, chosen);
    }
    // Only the folder is resolved, so that a link instead of a file is reported.
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    let file = folder.as_ref().zip(path.file_name()).map_or(path.clone(), |(folder, name)| folder.join(name));
    let mut tree = Tree::default();
    tree.read_file(&file, base);
    let chosen: Vec<_> = tree.sources.keys().cloned().collect();
    tree.add_companion(&file, base);
    // The folder may be large, such as a home folder, so it is read only if the file may import something.
    if let Some(folder) = folder.filter(|_| tree.sources.values().any(|text| names_yaml(text))) {
        let around = sources::read(&folder, base);
        // Of files that may not concern this one, only those are reported that it names.
        let named = |file: &str| {
            let name = file.rsplit('/').next().unwrap_or(file);
            tree.sources.values().any(|text| text.contains(name))
        };
        // A server reads the values of variables, also behind links.
        let bound: Vec<_> = tree.sources.iter().flat_map(|(path, text)| bound_files(path, text)).collect();
        let concerns = |it: &Diagnostic| named(&it.file) && !bound.contains(&it.file);
        let unreadable: Vec<_> = around.diagnostics.into_iter().filter(concerns).collect();
        tree.diagnostics.extend(unreadable);
        tree.sources.extend(around.sources);
    }
    tree.add_named(base, base);
    (tree, chosen)
}

/// Reads one specification, with the files that it may import, and says which of the texts it is.
///
/// # Errors
/// When the file cannot be read as a specification.
pub fn read_one(base: &Path, file: &Path) -> Result<(Sources, String)> {
    let base = base.canonicalize().with_context(|| format!("{} is not a folder", base.display()))?;
    let (tree, chosen) = read(&base, file);
    match chosen.into_iter().next() {
        Some(path) if chosen_is_file(&base, file) && tree.diagnostics.is_empty() => Ok((tree.sources, path)),
        _ => match tree.diagnostics.first() {
            Some(problem) => bail!("{}: {}", problem.file, problem.message),
            None => bail!("{}: it is not a file", file.display()),
        },
    }
}

fn chosen_is_file(base: &Path, file: &Path) -> bool {
    base.join(file).is_file()
}

fn names_yaml(text: &str) -> bool {
    text.lines().any(|line| {
        line.split(['"', '\'', ' ', '\t', '\r', ',', '}', '#']).any(|name| is_specification(name) || is_companion(name))
    })
}
