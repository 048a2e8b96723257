//! Findings about a specification: what happened, where, and what to do.

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
        };
        let text = sources.get(&self.file).map_or("", String::as_str);
        let snippet = Snippet::source(text)
            .path(self.file.as_str())
            .annotation(AnnotationKind::Primary.span(byte_range(text, self.place)));
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

fn byte_range(text: &str, place: Place) -> std::ops::Range<usize> {
    let mut start = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if index + 1 == place.line {
            let line = line.trim_end_matches(['\n', '\r']);
            let offset = |characters: usize| line.char_indices().nth(characters).map_or(line.len(), |(at, _)| at);
            let first = offset(place.column.saturating_sub(1));
            let last = offset(place.column.saturating_sub(1) + place.length.max(1));
            return start + first..start + last.max(first);
        }
        start += line.len();
    }
    text.len()..text.len()
}

/// All findings of a run, in order of file and place.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Whether any finding is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity() == Severity::Error)
    }

    /// The findings.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// Renders all findings, one after the other.
    pub fn render(&self, sources: &Sources, styled: bool) -> String {
        let texts: Vec<_> = self.0.iter().map(|diagnostic| diagnostic.render(sources, styled)).collect();
        texts.join("\n\n")
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// Collects the findings of one file.
pub(crate) struct Sink {
    file: String,
    found: Vec<Diagnostic>,
}

impl Sink {
    pub(crate) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), found: Vec::new() }
    }

    pub(crate) fn report(&mut self, code: Code, place: Place, message: impl Into<String>, help: impl Into<String>) {
        let diagnostic =
            Diagnostic { code, file: self.file.clone(), place, message: message.into(), help: help.into() };
        if !self.found.contains(&diagnostic) {
            self.found.push(diagnostic);
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.found.iter().any(|diagnostic| diagnostic.severity() == Severity::Error)
    }

    pub(crate) fn finish(mut self) -> Diagnostics {
        self.found.sort_by_key(|diagnostic| (diagnostic.place, diagnostic.code));
        Diagnostics(self.found)
    }
}

/// The candidate that is most like `given`, when one is like enough to be what was meant.
pub(crate) fn did_you_mean<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = given.chars().count() / 3 + 1;
    candidates
        .into_iter()
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
