//! Diagnostics about a specification: what happened, where, and what to do.

mod nearest;
mod parts;
mod render;
mod sink;
mod span;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

pub(crate) use nearest::{Nearest, nearest};
use render::boundary;
pub use render::render;
pub(crate) use sink::Sink;
pub(crate) use span::Lines;
pub use span::{Location, Locations, Position, Span};

use crate::codes::{Code, Severity};

/// The label of the first of two definitions of a name.
pub(crate) const FIRST: &str = "first defined here";

/// The longest text that messages quote, and the longest message, in bytes. A specification can have names of any length.
const EXCERPT: usize = 800;

/// A text whose middle is left out if it is long.
pub(crate) fn excerpt(text: &str) -> Cow<'_, str> {
    if text.len() <= EXCERPT {
        return text.into();
    }
    let (start, end) = (boundary(text, EXCERPT / 2), boundary(text, text.len() - EXCERPT / 2));
    format!("{} … {}", text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default()).into()
}

/// One error, warning or note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its code.
    pub code: Code,
    /// The path of the source, as given in [`Sources`](crate::Sources).
    pub file: String,
    /// Where in the source.
    pub span: Span,
    /// What happened.
    pub message: String,
    /// Other spans that matter, such as that of the first definition of a name.
    pub labels: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
    /// Edits that fix it.
    pub suggestions: Vec<Suggestion>,
    /// Whether it is an error that the user allows, for which a part of the capability was left out.
    pub allowed: bool,
}

/// A second span of a diagnostic with a short text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The path of the source.
    pub file: String,
    /// Where in the source.
    pub span: Span,
    /// What is there.
    pub text: String,
}

/// A replacement of a span that fixes a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The path of the source.
    pub file: String,
    /// What is replaced.
    pub span: Span,
    /// What replaces it.
    pub replacement: String,
    /// Whether it can be applied without asking.
    pub applicability: Applicability,
    /// The suggestion in words.
    pub message: String,
}

/// Whether a suggestion can be applied without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applicability {
    /// It is what the author meant; `cargo xtask lint --fix` applies it.
    Certain,
    /// It may be what the author meant.
    Possible,
}

impl Diagnostic {
    /// A diagnostic without help, labels and suggestions.
    pub fn new(code: Code, file: impl Into<String>, span: Span, message: impl Into<String>) -> Self {
        let (file, message) = (file.into(), message.into());
        Self { code, file, span, message, labels: Vec::new(), help: None, suggestions: Vec::new(), allowed: false }
    }

    /// Adds what to do.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        if self.allowed { Severity::Warning } else { self.code.severity() }
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }

    /// What to do: the help, or else the first suggestion in words.
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref().or_else(|| self.suggestions.first().map(|suggestion| suggestion.message.as_str()))
    }

    /// Its lines and columns. Where the source is not given, it is the first character.
    pub fn location(&self, locations: &Locations<'_>) -> Location {
        locations.of(&self.file, self.span)
    }

    /// File, line, column, code and message on one line.
    pub fn one_line(&self, locations: &Locations<'_>) -> String {
        let Position { line, column } = self.location(locations).start;
        format!("{}:{line}:{column}: {}: {}", self.file, self.code, self.message)
    }

    /// The order in which diagnostics of several files are shown.
    pub fn order(&self, other: &Self) -> Ordering {
        let key = |it: &Self| (it.span, it.code);
        self.file.cmp(&other.file).then(key(self).cmp(&key(other))).then_with(|| self.message.cmp(&other.message))
    }
}

/// All diagnostics of a run, in order of file and span.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(Diagnostic::is_error)
    }

    /// Those of a severity or a worse one.
    #[must_use]
    pub fn at_least(&self, severity: Severity) -> Self {
        Self(self.0.iter().filter(|diagnostic| diagnostic.severity() <= severity).cloned().collect())
    }

    /// The diagnostics.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Removes what is about other files than that of a capability, such as settings and imports, and is `known` from another
    /// capability that has them, too.
    pub(crate) fn remove_known(&mut self, own: &str, known: &mut BTreeSet<(String, Span, Code, String)>) {
        self.0.retain(|it| it.file == own || known.insert((it.file.clone(), it.span, it.code, it.message.clone())));
    }

    /// Sorts the diagnostics of one capability by its files and their lines.
    pub(crate) fn sort(&mut self) {
        self.0.sort_by(|a, b| {
            let key = |it: &Diagnostic| (it.span.file, it.span, it.code);
            key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
        });
        self.0.dedup();
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
