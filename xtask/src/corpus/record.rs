//! The result for one file of a corpus.

use std::fmt;
use std::time::Duration;

use naftiko_codegen::{Crate, Diagnostic, Severity};

/// The result of compiling a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// A crate.
    Generated,
    /// A crate, with warnings.
    GeneratedWithWarnings,
    /// Errors.
    Refused,
    /// The file is something else.
    NotACapability,
    /// The file cannot be read as text.
    #[default]
    Unreadable,
    /// The compiler panicked, which is a bug.
    Panicked,
}

impl Outcome {
    /// All outcomes, best first.
    pub const ALL: [Self; 6] = [
        Self::Generated,
        Self::GeneratedWithWarnings,
        Self::Refused,
        Self::NotACapability,
        Self::Unreadable,
        Self::Panicked,
    ];
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Generated => "generated",
            Self::GeneratedWithWarnings => "generated with warnings",
            Self::Refused => "refused",
            Self::NotACapability => "not a capability",
            Self::Unreadable => "unreadable",
            Self::Panicked => "panicked",
        })
    }
}

/// The size of a capability.
#[derive(Clone, Copy, Debug, Default)]
pub struct Size {
    /// Its operations.
    pub operations: usize,
    /// Its REST routes.
    pub routes: usize,
    /// Its MCP tools.
    pub tools: usize,
    /// The lines of Rust that were generated for it.
    pub lines: usize,
}

/// Whether the generated crate builds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Build {
    /// It was not built.
    #[default]
    Untried,
    /// It builds, and its router can be set up.
    Fine,
    /// It does not build, or its router cannot be set up, with the reason.
    Failed(String),
}

/// The result for one file.
#[derive(Debug, Default)]
pub struct Record {
    /// Its path below the corpus.
    pub path: String,
    /// Its class, if an index has one.
    pub class: Option<String>,
    /// The name of its crate.
    pub crate_name: String,
    /// The result of compiling it.
    pub outcome: Outcome,
    /// The message of a panic.
    pub panic: Option<String>,
    /// How long it took.
    pub elapsed: Duration,
    /// Its size.
    pub size: Size,
    /// Its diagnostics.
    pub diagnostics: Vec<Diagnostic>,
    /// The crate, while it is still to be built.
    pub made: Option<Crate>,
    /// Whether the crate works.
    pub build: Build,
}

impl Record {
    /// A file that is still to be compiled.
    pub fn new(path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::default() }
    }

    /// A file that cannot be compiled.
    pub fn unreadable(diagnostic: Diagnostic) -> Self {
        let record = Self::new(&diagnostic.file);
        Self { diagnostics: vec![diagnostic], ..record }
    }

    /// Whether something is wrong with the compiler, rather than with the file.
    pub fn is_failure(&self) -> bool {
        self.outcome == Outcome::Panicked || matches!(self.build, Build::Failed(_))
    }

    /// The error under which a rejected file is counted.
    pub fn first_error(&self) -> Option<&Diagnostic> {
        self.diagnostics.iter().find(|it| it.is_error())
    }

    /// Whether there is a warning.
    pub fn has_warnings(&self) -> bool {
        self.diagnostics.iter().any(|it| it.severity() == Severity::Warning)
    }
}
