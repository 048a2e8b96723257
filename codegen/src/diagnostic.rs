//! Findings about a specification: what happened, where, and what to do.

use std::collections::BTreeMap;
use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::Sources;
use crate::codes::{Code, Severity};

/// A place in a source: 1-based line and column, and a length in characters on that line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// How many characters are meant.
    pub length: usize,
    /// Which of the files that were read, in order; the first is the capability itself.
    pub(crate) file: usize,
}

impl Place {
    /// A place in a file that is a capability itself.
    pub fn new(line: usize, column: usize, length: usize) -> Self {
        Self { line, column, length, file: 0 }
    }

    /// The first character of a file.
    pub(crate) fn start(file: usize) -> Self {
        Self { line: 1, column: 1, length: 1, file }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of finding it is.
    pub code: Code,
    /// The path of the source, as given in [`Sources`].
    pub file: String,
    /// Where in the source.
    pub place: Place,
    /// What happened.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

impl Diagnostic {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Renders the finding with a snippet of its source. `styled` adds ANSI colours.
    pub fn render(&self, sources: &Sources, styled: bool) -> String {
        let level = match self.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let text = sources.get(&self.file).map_or("", String::as_str);
        let line = text.lines().nth(self.place.line.saturating_sub(1)).unwrap_or_default();
        let snippet = Snippet::source(line)
            .line_start(self.place.line)
            .path(self.file.as_str())
            .annotation(AnnotationKind::Primary.span(byte_range(line, self.place)));
        let mut group = level.primary_title(self.message.as_str()).id(self.code.to_string()).element(snippet);
        if !self.help.is_empty() {
            group = group.element(Level::HELP.message(self.help.as_str()));
        }
        let report: &[Group<'_>] = &[group];
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        renderer.render(report)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column, .. } = self.place;
        write!(f, "{}:{line}:{column}: {}: {}", self.file, self.code, self.message)
    }
}

fn byte_range(line: &str, place: Place) -> std::ops::Range<usize> {
    let offset = |characters: usize| line.char_indices().nth(characters).map_or(line.len(), |(at, _)| at);
    let first = offset(place.column.saturating_sub(1));
    first..offset(place.column.saturating_sub(1) + place.length.max(1)).max(first)
}

/// Findings after these are counted, not shown.
const SHOWN: usize = 100;

/// All findings of a run, in order of file and place.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Whether any finding is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity() == Severity::Error)
    }

    /// The findings of a severity or a worse one.
    #[must_use]
    pub fn at_least(&self, severity: Severity) -> Self {
        Self(self.0.iter().filter(|diagnostic| diagnostic.severity() <= severity).cloned().collect())
    }

    /// The findings.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// Renders all findings, one after the other.
    pub fn render(&self, sources: &Sources, styled: bool) -> String {
        let shown = self.0.iter().take(SHOWN).map(|diagnostic| diagnostic.render(sources, styled));
        let more = self.0.len().saturating_sub(SHOWN);
        let more = (more > 0).then(|| format!("{more} more findings are not shown."));
        shown.chain(more).collect::<Vec<_>>().join("\n\n")
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Puts the findings of one capability into the order of its files and their lines.
    pub(crate) fn sort(&mut self) {
        self.0.sort_by(|a, b| {
            (a.place.file, a.place, a.code, &a.message).cmp(&(b.place.file, b.place, b.code, &b.message))
        });
        self.0.dedup();
    }
}

/// Collects the findings of one capability and of the files that it imports.
pub(crate) struct Sink {
    files: Vec<String>,
    found: Vec<Diagnostic>,
    /// Findings that stand for all of their kind, and how many these are.
    once: BTreeMap<(Code, String), (usize, usize)>,
    errors: bool,
}

impl Sink {
    pub(crate) fn new(file: &str) -> Self {
        Self { files: vec![file.to_owned()], found: Vec::new(), once: BTreeMap::new(), errors: false }
    }

    /// Enters another file and returns its number, for [`Place`].
    pub(crate) fn enter(&mut self, file: &str) -> usize {
        self.files.push(file.to_owned());
        self.files.len() - 1
    }

    /// A place in words, for a finding elsewhere.
    pub(crate) fn line(&self, place: Place, from: Place) -> String {
        if place.file == from.file {
            format!("line {}", place.line)
        } else {
            format!("line {} of `{}`", place.line, self.path(place.file))
        }
    }

    /// The path of a file by its number.
    pub(crate) fn path(&self, file: usize) -> &str {
        self.files.get(file).map_or("", String::as_str)
    }

    pub(crate) fn report(&mut self, code: Code, place: Place, message: impl Into<String>, help: impl Into<String>) {
        let (message, help) = (message.into(), help.into());
        self.errors |= code.severity() == Severity::Error;
        self.found.push(Diagnostic { code, file: self.path(place.file).to_owned(), place, message, help });
    }

    /// Reports a finding of a kind that may come often. Only the first is kept; it says how many there are.
    pub(crate) fn report_once(
        &mut self,
        code: Code,
        kind: &str,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if let Some((_, count)) = self.once.get_mut(&(code, kind.to_owned())) {
            *count += 1;
            return;
        }
        self.once.insert((code, kind.to_owned()), (self.found.len(), 1));
        self.report(code, place, message, help);
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors
    }

    pub(crate) fn finish(mut self) -> Diagnostics {
        for (index, count) in self.once.into_values().filter(|(_, count)| *count > 1) {
            if let Some(finding) = self.found.get_mut(index) {
                finding.message.push_str(&format!(" ({count} times, first here)"));
            }
        }
        let mut diagnostics = Diagnostics(self.found);
        diagnostics.sort();
        diagnostics
    }
}

/// How many candidates of about the right length are compared.
const CANDIDATES: usize = 200;

/// The candidate that is most like `given`, when one is like enough to be what was meant.
pub(crate) fn did_you_mean<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = given.chars().count() / 4 + 1;
    let length = given.chars().count();
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= limit)
        .take(CANDIDATES)
        .map(|candidate| (distance(given, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (above, y) in row.iter().skip(1).zip(&b) {
            left = (diagonal + usize::from(x != *y)).min(above + 1).min(left + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_suggested_and_a_far_one_is_not() {
        assert_eq!(did_you_mean("listsecret", ["createsecret", "listsecrets"]), Some("listsecrets"));
        assert_eq!(did_you_mean("x", ["createsecret", "listsecrets"]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
