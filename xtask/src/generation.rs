//! `cargo xtask gen`: plans the changes under `generated/`, and writes or reports them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use naftiko_codegen::{Diagnostic, Diagnostics, Locations, MARKER, Severity, Sources, is_specification};
use similar::TextDiff;

use crate::inside::{self, Inside};
use crate::sources::{self, Tree};
use crate::{allow, companions, members};

/// How a file has to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is missing.
    Create,
    /// Its text differs.
    Update,
    /// No specification generates it any more.
    Remove,
}

/// A file that has to change.
#[derive(Debug)]
pub struct Change {
    /// The path, relative to the repository.
    pub path: String,
    /// How it has to change.
    pub action: Action,
    before: String,
    after: String,
}

/// The difference between the specifications and the tree.
#[derive(Debug)]
pub struct Plan {
    /// Files that have to change.
    pub changes: Vec<Change>,
    /// How many files are up to date.
    pub unchanged: usize,
    /// Files under `generated/` that the generator did not write. They are never changed.
    pub foreign: Vec<String>,
    /// The crates of the specifications.
    pub crates: Vec<String>,
    /// What was left out for errors that are allowed, in words.
    pub left_out: Option<String>,
}

/// Runs the command. `Ok(false)` means that a file is not up to date, or that a specification has errors.
///
/// # Errors
/// When files cannot be read or written, or a crate name is unknown.
pub fn run(root: &Path, names: &[String], check: bool, diff: bool) -> Result<bool> {
    run_with(root, names, None, check, diff)
}

/// Runs the command with OpenAPI documents, of which each capability without a companion gets the one that describes it.
///
/// # Errors
/// As [`run`], and when there is no document.
pub fn run_with(root: &Path, names: &[String], openapi: Option<&Path>, check: bool, diff: bool) -> Result<bool> {
    let mut sources = read_sources(root)?;
    if let Some(path) = openapi {
        let chosen = select(&sources, names)?;
        let joined = companions::add(&mut sources, chosen.iter().map(String::as_str), path)?;
        anstream::println!("{joined}");
    }
    let Some(plan) = plan(root, &sources, names)? else { return Ok(false) };
    for file in &plan.foreign {
        anstream::eprintln!("warning: {file} was not written by the generator; move it out of generated/");
    }
    if diff {
        plan.changes.iter().for_each(print_diff);
    }
    let outcome = if check { Ok(report(&plan, names)) } else { write(root, &plan).map(|()| true) };
    if let Some(left_out) = &plan.left_out {
        anstream::println!("{left_out}");
    }
    outcome
}

/// Reads all specifications.
///
/// # Errors
/// When a file cannot be read or is not UTF-8; all of them are named.
pub fn read_sources(root: &Path) -> Result<Sources> {
    let Tree { sources, undecodable, diagnostics } = sources::read(&root.join("spec"), root);
    fail_on(&diagnostics, &undecodable)?;
    Ok(sources)
}

/// Without all files, the changes cannot be planned.
fn fail_on(diagnostics: &[Diagnostic], sources: &Sources) -> Result<()> {
    if diagnostics.is_empty() {
        return Ok(());
    }
    let help = |it: &Diagnostic| it.help_text().map(|help| format!("; {help}")).unwrap_or_default();
    let locations = Locations::new(sources);
    let lines: Vec<_> = diagnostics.iter().map(|it| it.one_line(&locations) + &help(it)).collect();
    bail!("{}", lines.join("\n"))
}

/// The path of the specification of a crate.
///
/// # Errors
/// When the crate is unknown, or is that of several specifications.
pub fn specification(sources: &Sources, name: &str) -> Result<String> {
    let mut chosen = select(sources, &[name.to_owned()])?.into_iter();
    match (chosen.next(), chosen.next()) {
        (Some(path), None) => Ok(path),
        (first, second) => {
            let both: Vec<_> = first.into_iter().chain(second).collect();
            bail!("several capabilities are meant by `{name}`: {}", both.join(" and "))
        }
    }
}

/// The paths of the specifications of the named crates, or of all crates.
fn select(sources: &Sources, names: &[String]) -> Result<BTreeSet<String>> {
    let paths = sources.keys().filter(|path| is_specification(path));
    if names.is_empty() {
        return Ok(paths.cloned().collect());
    }
    let mut crates: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for path in paths {
        if let Some(name) = naftiko_codegen::crate_name(path) {
            crates.entry(name).or_default().push(path);
        }
    }
    let groups = naftiko_codegen::groups(sources);
    let mut chosen = BTreeSet::new();
    for name in names {
        match (crates.get(name), groups.get(name)) {
            // If several specifications have the name, all are compiled, which reports it.
            (Some(paths), _) => chosen.extend(paths.iter().map(|path| (*path).clone())),
            (None, Some(members)) => chosen.extend(members.iter().cloned()),
            (None, None) => {
                let known: Vec<_> = crates.keys().map(String::as_str).collect();
                bail!("unknown crate `{name}`; the crates are {}", known.join(", "));
            }
        }
    }
    Ok(chosen)
}

/// Compares the files with what the sources generate. `None` means that a source has errors, which are printed.
///
/// # Errors
/// When files cannot be read, a foreign file has the path of a generated one, or a crate name is unknown.
pub fn plan(root: &Path, sources: &Sources, names: &[String]) -> Result<Option<Plan>> {
    let chosen = select(sources, names)?;
    let reserved = members::reserved_names(root)?;
    let generated = match allow::compiler().generate_only(sources, &reserved, |path| chosen.contains(path)) {
        Ok(generated) => generated,
        Err(diagnostics) => {
            print(&diagnostics, sources);
            anstream::eprintln!("\nNothing was written.");
            return Ok(None);
        }
    };
    print(&generated.warnings, sources);
    let left_out = allow::left_out(&generated.warnings);
    let (changes, foreign) = (Vec::new(), Vec::new());
    let mut plan = Plan { changes, unchanged: 0, foreign, crates: generated.crates, left_out };
    let mut diagnostics = Vec::new();
    let mut inside = Inside::of(root);
    inside.find("generated")?;
    let present = sources::walk(&root.join("generated"), root, &mut diagnostics);
    fail_on(&diagnostics, &Sources::new())?;
    let in_scope =
        |path: &str| names.is_empty() || names.iter().any(|name| path.starts_with(&format!("generated/{name}/")));
    let present = present.into_iter().filter(|entry| !entry.kind.is_dir() && in_scope(&entry.path));
    for entry in present.filter(|entry| !generated.files.contains_key(&entry.path)) {
        match read_present(root, &mut inside, &entry.path) {
            Ok(Present::Text(before)) if is_generated(&before) => {
                plan.changes.push(Change { path: entry.path, action: Action::Remove, before, after: String::new() });
            }
            _ => plan.foreign.push(entry.path),
        }
    }
    for (path, after) in generated.files {
        match read_present(root, &mut inside, &path)? {
            Present::Nothing => {
                plan.changes.push(Change { path, action: Action::Create, before: String::new(), after });
            }
            Present::Text(before) if before == after => plan.unchanged += 1,
            // A run that was stopped may have left an empty file.
            Present::Text(before) if before.is_empty() || is_generated(&before) => {
                plan.changes.push(Change { path, action: Action::Update, before, after });
            }
            _ => bail!("{path} exists and was not written by the generator; move it out of generated/"),
        }
    }
    plan.changes.sort_by(|a, b| a.path.cmp(&b.path));
    keeps_dependencies(root, &plan)?;
    Ok(Some(plan))
}

/// Cargo does not start where a manifest depends on a crate that is gone.
fn keeps_dependencies(root: &Path, plan: &Plan) -> Result<()> {
    for change in plan.changes.iter().filter(|change| change.action == Action::Remove) {
        let inside = change.path.strip_prefix("generated/").and_then(|path| path.strip_suffix("/Cargo.toml"));
        let Some(name) = inside.filter(|name| !name.contains('/')) else { continue };
        let dependents = members::dependents(root, name)?;
        if !dependents.is_empty() {
            bail!(
                "no specification has the crate `{name}` any more, but {} depends on it: remove the dependency first, or restore \
                 the specification",
                dependents.join(" and ")
            );
        }
    }
    Ok(())
}

/// What is at the path of a generated file.
enum Present {
    Nothing,
    Text(String),
    /// No file, such as a pipe, which might block.
    Other,
}

fn read_present(root: &Path, inside: &mut Inside<'_>, path: &str) -> Result<Present> {
    match inside.find(path)? {
        None => Ok(Present::Nothing),
        Some(found) if !found.is_file() => Ok(Present::Other),
        Some(_) => {
            fs::read_to_string(root.join(path)).map(Present::Text).with_context(|| format!("{path} cannot be read"))
        }
    }
}

/// Whether this generator wrote a text.
fn is_generated(text: &str) -> bool {
    text.lines().take(3).any(|line| line.contains(MARKER))
}

pub(crate) fn print(diagnostics: &Diagnostics, sources: &Sources) {
    // Notes, such as for shared files, are not printed.
    let diagnostics = diagnostics.at_least(Severity::Warning);
    if diagnostics.iter().next().is_some() {
        anstream::eprintln!("{}", diagnostics.render(sources, io::stderr().is_terminal()));
    }
}

fn print_diff(change: &Change) {
    let diff = TextDiff::from_lines(&change.before, &change.after);
    anstream::print!("{}", diff.unified_diff().header(&format!("a/{}", change.path), &format!("b/{}", change.path)));
}

fn report(plan: &Plan, names: &[String]) -> bool {
    for change in &plan.changes {
        let state = match change.action {
            Action::Create => "missing",
            Action::Update => "stale",
            Action::Remove => "extra",
        };
        anstream::eprintln!("{state}: {}", change.path);
    }
    for file in &plan.foreign {
        anstream::eprintln!("extra: {file}");
    }
    let fresh = plan.changes.is_empty() && plan.foreign.is_empty();
    if fresh {
        anstream::println!("{} files of {} are up to date", plan.unchanged, count(plan));
    } else if !plan.changes.is_empty() {
        let names: String = names.iter().map(|name| format!(" {name}")).collect();
        anstream::eprintln!("run `cargo xtask gen{names}` and commit the result");
    }
    fresh
}

fn write(root: &Path, plan: &Plan) -> Result<()> {
    let mut inside = Inside::of(root);
    let mut lines = BufWriter::new(anstream::stdout().lock());
    for change in &plan.changes {
        let verb = match change.action {
            Action::Remove => {
                inside::remove(root, &change.path)?;
                remove_empty_parents(root, &root.join(&change.path));
                "removed"
            }
            Action::Create | Action::Update => {
                inside.write(&change.path, &change.after)?;
                if change.action == Action::Create { "created" } else { "updated" }
            }
        };
        // Files are written whether or not the lines can be.
        let _ = writeln!(lines, "{verb} {}", change.path);
    }
    drop(lines);
    if plan.changes.is_empty() {
        anstream::println!("{}: up to date, {} files unchanged", count(plan), plan.unchanged);
        return Ok(());
    }
    let written = plan.changes.iter().filter(|change| change.action != Action::Remove).count();
    let removed = plan.changes.len() - written;
    anstream::println!("{}: {written} files written, {removed} removed, {} unchanged", count(plan), plan.unchanged);
    Ok(())
}

fn count(plan: &Plan) -> String {
    match plan.crates.as_slice() {
        [only] => only.clone(),
        crates => format!("{} crates", crates.len()),
    }
}

fn remove_empty_parents(root: &Path, path: &Path) {
    let generated = root.join("generated");
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != generated) {
        // Removing a folder that is not empty fails, which ends the loop.
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}
