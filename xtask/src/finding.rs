//! Findings as the commands show them: the compiler's, and those about files that never reach it.

use std::fmt;

use naftiko_codegen::{Code, Diagnostic, Place, Severity, Sources};

/// What kind of finding it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A file cannot be read.
    Unreadable,
    /// A link, a folder or a device has the name of a specification.
    NotAFile,
    /// A rule of the compiler.
    Compiler(Code),
}

impl Rule {
    /// Every rule, in order of code.
    pub fn all() -> Vec<Self> {
        let own = [Self::Unreadable, Self::NotAFile];
        let mut all: Vec<_> = own.into_iter().chain(Code::ALL.iter().copied().map(Self::Compiler)).collect();
        all.sort_by_key(|rule| rule.code());
        all
    }

    /// The code, such as `NK0201`.
    pub fn code(self) -> String {
        match self {
            Self::Unreadable => "NK0001".to_owned(),
            Self::NotAFile => "NK0002".to_owned(),
            Self::Compiler(code) => code.to_string(),
        }
    }

    /// How bad findings of this kind are.
    pub fn severity(self) -> Severity {
        match self {
            Self::Unreadable | Self::NotAFile => Severity::Error,
            Self::Compiler(code) => code.severity(),
        }
    }

    /// What the code stands for, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Unreadable => "a file cannot be read",
            Self::NotAFile => "what is named like a specification is no file",
            Self::Compiler(code) => code.title(),
        }
    }

    /// A longer text: what it means and what to do.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Unreadable => {
                "The operating system refused to open a file or a folder, or there is none at this path. The other files \
                 are still read. Check the path and who may read it."
            }
            Self::NotAFile => {
                "A link, a folder, a pipe or a device is named `*.yaml` or `*.yml`. Links are not followed, because what \
                 lies behind them belongs to somebody else and may change without a trace here. Put the file itself into \
                 its place, or rename what is there."
            }
            Self::Compiler(code) => code.explanation(),
        }
    }
}

/// A severity in one word.
pub fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, as it is shown.
    pub file: String,
    /// Where in the file.
    pub place: Place,
    /// What kind of finding it is.
    pub rule: Rule,
    /// What happened.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

impl Finding {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.rule.severity()
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }

    /// Renders the finding for people, with a snippet of its source where there is one. `styled` adds ANSI colours.
    pub fn render(&self, sources: &Sources, styled: bool) -> String {
        let Self { file, place, rule, message, help } = self.clone();
        match rule {
            Rule::Compiler(code) if sources.contains_key(&file) => {
                Diagnostic { code, file, place, message, help }.render(sources, styled)
            }
            rule => format!(
                "{}[{}]: {message}\n --> {file}:{}:{}\n  = help: {help}",
                word(rule.severity()),
                rule.code(),
                place.line,
                place.column
            ),
        }
    }
}

impl From<&Diagnostic> for Finding {
    fn from(diagnostic: &Diagnostic) -> Self {
        let Diagnostic { code, file, place, message, help } = diagnostic.clone();
        Self { file, place, rule: Rule::Compiler(code), message, help }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column, .. } = self.place;
        write!(f, "{}:{line}:{column}: {}: {}", self.file, self.rule.code(), self.message)
    }
}
