//! `cargo xtask corpus`: compiles a folder of specifications and counts the results.

mod batch;
mod document;
mod record;
mod smoke;
mod summary;
mod tally;
mod work;

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use naftiko_codegen::Sources;

pub use record::{Build, Outcome, Record, Size};

use crate::{companions, sources};

/// What to compile, and what to do with the results.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The folder. With an INDEX.tsv in it, which has a class and a path on each line, results are also shown by class
    pub folder: PathBuf,
    /// Also build the generated crates, and set up every REST router
    #[arg(long)]
    pub compile: bool,
    /// OpenAPI documents of the files' upstreams: a file, or a folder. Each capability gets the one that describes it
    #[arg(long, value_name = "PATH")]
    pub openapi: Option<PathBuf>,
    /// Write all results to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Compile only the first N files
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Compile only files whose path contains this text
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// How many crates to build at once
    #[arg(long, value_name = "N", default_value = "40", requires = "compile")]
    pub batch: NonZeroUsize,
    /// Where to build; by default, `corpus` in the target folder
    #[arg(long, value_name = "DIR", requires = "compile")]
    pub scratch: Option<PathBuf>,
}

/// Runs the command. `Ok(false)` means that the compiler panicked, or that a generated crate does not build.
///
/// # Errors
/// When the folder cannot be read, the report not written, or cargo not run.
pub fn run(root: &Path, options: &Options) -> Result<bool> {
    let start = Instant::now();
    let (mut records, sources) = records(options)?;
    if options.compile {
        batch::build(root, options, &mut records)?;
    }
    anstream::print!("{}", summary::summary(&records, &sources, start.elapsed()));
    if let Some(file) = &options.report {
        let text = format!("{:#}\n", document::document(&records, &sources));
        fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(!records.iter().any(Record::is_failure))
}

/// Compiles the files of a folder, in order of path. Returns also their texts.
fn records(options: &Options) -> Result<(Vec<Record>, Sources)> {
    let folder = &options.folder;
    if !folder.is_dir() {
        bail!("{} is not a folder", folder.display());
    }
    let classes = classes(folder)?;
    let mut tree = sources::read(folder, folder);
    let wanted = |path: &str| options.filter.as_deref().is_none_or(|text| path.contains(text));
    let mut records: Vec<_> = tree.specifications().map(|path| Record::new(path)).collect();
    records.extend(tree.diagnostics.into_iter().map(Record::unreadable));
    records.sort_by(|a, b| a.path.cmp(&b.path));
    for (index, record) in records.iter_mut().enumerate() {
        record.class = classes.get(&record.path).cloned();
        record.crate_name = crate_name(index, &record.path);
    }
    records.retain(|record| wanted(&record.path));
    records.truncate(options.limit.unwrap_or(usize::MAX));
    if records.is_empty() {
        bail!("no YAML file below {} matches", folder.display());
    }
    if let Some(path) = &options.openapi {
        let joined = companions::add(&mut tree.sources, records.iter().map(|record| record.path.as_str()), path)?;
        anstream::println!("{joined}");
    }
    work::compile_all(&tree.sources, &mut records, options.compile);
    tree.sources.extend(tree.undecodable);
    Ok((records, tree.sources))
}

/// The classes that an index gives to files.
fn classes(folder: &Path) -> Result<BTreeMap<String, String>> {
    let index = folder.join("INDEX.tsv");
    if !index.is_file() {
        return Ok(BTreeMap::new());
    }
    let text = fs::read_to_string(&index).with_context(|| format!("{} cannot be read", index.display()))?;
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.split('\t');
        let class = cells.next()?;
        Some((cells.next()?.to_owned(), class.to_owned()))
    });
    Ok(rows.collect())
}

/// A valid crate name for any path. The index makes it unique.
fn crate_name(index: usize, path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let words = stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    let slug: String = slug.chars().take(40).collect();
    format!("c{index:05}-{slug}").trim_end_matches('-').to_owned()
}

/// A progress bar on stderr; hidden if stderr is not a terminal.
fn progress(length: usize, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(length as u64).with_message(what);
    match ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {elapsed}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crate_names_are_valid_whatever_the_path_is() {
        assert_eq!(crate_name(17, "a/b/Instance_Images.v1.yaml"), "c00017-instance-images-v1");
        assert_eq!(crate_name(1, "ä/---.yml"), "c00001");
        let long = crate_name(2, &format!("{}.yaml", "word-".repeat(30)));
        assert!(long.len() <= 47 && !long.ends_with('-'), "{long}");
        assert!(naftiko_codegen::crate_name(&format!("{long}.yaml")).is_some());
    }
}
