//! `cargo xtask lint --fix`: applies the certain suggestions of diagnostics to files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use naftiko_codegen::{Applicability, Code, Diagnostic, Locations, Sources, Suggestion};

use crate::inside::{plain, replace};
use crate::lint::{self, Linted};

/// How often the files are checked again: a fix can make another diagnostic visible.
const ROUNDS: usize = 10;

/// How many edits of a file are tried one by one in a round, each of which compiles it.
const TRIED: usize = 100;

/// A suggestion that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The file.
    pub file: String,
    /// The line of the diagnostic, when it was fixed.
    pub line: usize,
    /// The code of the diagnostic.
    pub code: String,
    /// What was replaced.
    pub before: String,
    /// What replaced it.
    pub after: String,
}

/// Checks files and folders, and applies certain suggestions until there are no more. Only files that are named are
/// edited, and not those that they import. Returns what was applied, and what is left.
///
/// # Errors
/// When there is no file to check, or a file cannot be written.
pub fn fix(base: &Path, paths: &[PathBuf]) -> Result<(Vec<Applied>, Linted)> {
    paths.iter().try_for_each(|path| stays(base, path))?;
    let mut applied = Vec::new();
    let mut linted = lint::check(base, paths)?;
    for _ in 0..ROUNDS {
        let round = apply(base, &linted)?;
        if round.is_empty() {
            break;
        }
        applied.extend(round);
        linted = lint::check(base, paths)?;
    }
    Ok((applied, linted))
}

/// One certain suggestion, with the diagnostic that has it.
type Edit<'l> = (&'l Suggestion, &'l Diagnostic);

fn apply(base: &Path, linted: &Linted) -> Result<Vec<Applied>> {
    let mut edits: BTreeMap<&str, Vec<Edit<'_>>> = BTreeMap::new();
    for diagnostic in &linted.diagnostics {
        let certain = diagnostic.suggestions.iter().filter(|it| it.applicability == Applicability::Certain);
        for suggestion in certain.filter(|suggestion| linted.checked.contains(&suggestion.file)) {
            edits.entry(&suggestion.file).or_default().push((suggestion, diagnostic));
        }
    }
    let (mut applied, locations) = (Vec::new(), Locations::new(&linted.sources));
    if edits.is_empty() {
        return Ok(applied);
    }
    let mut sources = linted.sources.clone();
    for (file, edits) in edits {
        let Some(text) = linted.sources.get(file) else { continue };
        let edits = harmless(file, text, apart(edits), &mut sources);
        if edits.is_empty() {
            continue;
        }
        let fixed = replaced(text, &edits);
        let path = base.join(file);
        replace(&path, &path.with_extension("fix.draft"), &fixed)
            .with_context(|| format!("{file} cannot be written"))?;
        applied.extend(edits.into_iter().map(|(suggestion, diagnostic)| Applied {
            file: file.to_owned(),
            line: locations.of(file, suggestion.span).start.line,
            code: diagnostic.code.to_string(),
            before: text.get(suggestion.span.start..suggestion.span.end).unwrap_or_default().to_owned(),
            after: suggestion.replacement.clone(),
        }));
    }
    Ok(applied)
}

/// The edits in order, without those that overlap an earlier one. They wait for the next round, where they may not be
/// needed any more.
fn apart(mut edits: Vec<Edit<'_>>) -> Vec<Edit<'_>> {
    edits.sort_by_key(|(suggestion, _)| suggestion.span);
    let mut end = None;
    edits.retain(|(suggestion, _)| {
        let is_apart = end.is_none_or(|end| suggestion.span.start > end);
        if is_apart {
            end = Some(suggestion.span.end);
        }
        is_apart
    });
    edits
}

/// The edits without those that would cause an error, such as a renamed key whose value has another type.
fn harmless<'l>(file: &str, text: &str, edits: Vec<Edit<'l>>, sources: &mut Sources) -> Vec<Edit<'l>> {
    let mut errors = |edits: &[Edit<'_>]| -> BTreeSet<(Code, String)> {
        sources.insert(file.to_owned(), replaced(text, edits));
        let diagnostics = naftiko_codegen::lint(sources, file).into_iter();
        diagnostics.filter(Diagnostic::is_error).map(|it| (it.code, it.message)).collect()
    };
    let before = errors(&[]);
    if errors(&edits).is_subset(&before) {
        return edits;
    }
    let mut kept = Vec::new();
    // The others wait for the next round.
    for edit in edits.into_iter().take(TRIED) {
        kept.push(edit);
        if !errors(&kept).is_subset(&before) {
            kept.pop();
        }
    }
    kept
}

/// The text with the edits applied; all other bytes are kept.
fn replaced(text: &str, edits: &[Edit<'_>]) -> String {
    let mut fixed = String::new();
    let mut end = 0;
    for (Suggestion { span, replacement, .. }, _) in edits {
        fixed.push_str(text.get(end..span.start).unwrap_or_default());
        fixed.push_str(replacement);
        end = span.end;
    }
    fixed + text.get(end..).unwrap_or_default()
}

/// Fails if a path below the folder leads out of it: behind a link, the files of somebody else would be edited.
fn stays(base: &Path, path: &Path) -> Result<()> {
    let (folder, file) = (base.canonicalize()?, base.join(path));
    let is_below = [base, &folder].iter().any(|base| plain(&file).starts_with(plain(base)));
    // What is not there is reported when it is read.
    if is_below && file.canonicalize().is_ok_and(|file| !file.starts_with(&folder)) {
        bail!("{} is behind a link that leads out of this folder; name the file itself to edit it", path.display());
    }
    Ok(())
}
