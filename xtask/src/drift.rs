//! `cargo xtask drift`: what changed between a capability's companion and another version of its document.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use naftiko_codegen::{Change, Choice, Documents, Drift, Impact, Incomparable, Locations, Sources, drift};
use serde_json::{Value, json};

use crate::{generation, print, sources};

/// The exit code where there is nothing to compare.
const INCOMPARABLE: u8 = 2;

/// What to compare.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The crate, such as `scaleway-secret-manager-secrets`
    pub name: String,
    /// The other version: an OpenAPI document, or a folder of which the document that describes the capability is taken
    #[arg(long, value_name = "PATH")]
    pub against: PathBuf,
    /// How changes are printed
    #[arg(long, value_enum, default_value = "human")]
    pub format: Format,
}

/// How changes are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line for each
    Human,
    /// One JSON document
    Json,
}

/// Runs the command. The exit code is 0 if nothing breaks, 1 if something does, and 2 if the two cannot be compared.
pub fn run(root: &Path, options: &Options) -> ExitCode {
    match compared(root, options) {
        Ok(drift) => {
            print(&if options.format == Format::Json { format!("{:#}", json(&drift)) } else { lines(&drift) });
            if drift.is_breaking() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::from(INCOMPARABLE)
        }
    }
}

/// What changed.
///
/// # Errors
/// When there is no such crate, it has no companion or errors, or no document describes it.
pub fn compared(root: &Path, options: &Options) -> Result<Drift> {
    let against = options.against.display();
    let own = generation::read_sources(root)?;
    let path = generation::specification(&own, &options.name)?;
    let texts = sources::texts(&options.against, &["yaml", "yml", "json"]);
    let chosen = if options.against.is_dir() { choose(&own, &path, &texts)? } else { texts.keys().next().cloned() };
    let Some((name, text)) = chosen.and_then(|name| texts.get_key_value(&name)) else {
        bail!("no OpenAPI document at {against}");
    };
    match drift(&own, &path, (name, text)) {
        Ok(drift) => Ok(drift),
        Err(Incomparable::NothingKnown) => bail!("{path} has no companion that describes its operations"),
        Err(Incomparable::AnotherApi) => bail!("{name} describes none of the operations of {path}"),
        Err(Incomparable::Errors(diagnostics)) => {
            let mut all = own;
            all.insert(name.clone(), text.clone());
            let locations = Locations::new(&all);
            bail!("{}", diagnostics.iter().map(|it| it.one_line(&locations)).collect::<Vec<_>>().join("\n"))
        }
    }
}

/// The document of a folder that describes a capability.
fn choose(own: &Sources, path: &str, texts: &Sources) -> Result<Option<String>> {
    let (documents, _) = Documents::read(texts);
    match documents.choose(own, path) {
        Choice::One(document) => Ok(Some(document.to_owned())),
        Choice::None if documents.is_empty() => Ok(None),
        Choice::None => bail!("no document has all operations of {path}; name one with --against FILE"),
        Choice::Several(several) => bail!("{} describe {path}; name one with --against FILE", several.join(" and ")),
    }
}

/// The changes, one on each line, and how many there are.
pub fn lines(drift: &Drift) -> String {
    let mut lines: Vec<String> = drift.changes.iter().map(line).collect();
    if drift.others > 0 {
        lines.push(format!("{} more are not shown", drift.others));
    }
    let breaking = drift.changes.iter().filter(|change| change.impact == Impact::Breaking).count();
    let additive = drift.changes.len() - breaking;
    lines.push(format!("{} operations: {breaking} breaking changes, {additive} additive", drift.operations));
    lines.join("\n")
}

fn line(change: &Change) -> String {
    let Change { impact, operation, place, kind, before, after } = change;
    let place = if place.is_empty() { String::new() } else { format!(" {place}") };
    let values = match (before.as_str(), after.as_str()) {
        ("", "") => String::new(),
        (before, "") => format!(": {before}"),
        ("", after) => format!(": {after}"),
        (before, after) => format!(": {before} -> {after}"),
    };
    format!("{}: {operation}{place}: {kind}{values}", word(*impact))
}

fn word(impact: Impact) -> &'static str {
    match impact {
        Impact::Breaking => "breaking",
        Impact::Additive => "additive",
    }
}

fn json(drift: &Drift) -> Value {
    let change = |change: &Change| {
        let Change { impact, operation, place, kind, before, after } = change;
        json!({
            "impact": word(*impact), "operation": operation, "place": place, "kind": kind, "before": before, "after": after,
        })
    };
    let changes: Vec<_> = drift.changes.iter().map(change).collect();
    json!({ "operations": drift.operations, "changes": changes, "not_shown": drift.others })
}
