//! What became of one file of a corpus.

use std::fmt;
use std::time::Duration;

use naftiko_codegen::{Crate, Severity};

use crate::finding::Finding;

/// What the compiler made of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// A crate.
    Generated,
    /// A crate, with a meaning chosen for something.
    GeneratedWithWarnings,
    /// Errors.
    Refused,
    /// The file is something else.
    NotACapability,
    /// The file gave no text.
    #[default]
    Unreadable,
    /// A panic, which is never right.
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

/// How much a capability holds.
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

/// Whether what was generated works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Build {
    /// Nobody has tried.
    #[default]
    Untried,
    /// It builds, and its router can be set up.
    Fine,
    /// It does not, and why.
    Failed(String),
}

/// What became of one file.
#[derive(Debug, Default)]
pub struct Record {
    /// Its path below the corpus.
    pub path: String,
    /// Its class, where an index gives one.
    pub class: Option<String>,
    /// The name of its crate.
    pub crate_name: String,
    /// What the compiler made of it.
    pub outcome: Outcome,
    /// What a panic said.
    pub panic: Option<String>,
    /// How long it took.
    pub elapsed: Duration,
    /// How much it holds.
    pub size: Size,
    /// The findings about it.
    pub findings: Vec<Finding>,
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

    /// A file that cannot be.
    pub fn unreadable(finding: Finding) -> Self {
        Self { findings: vec![finding.clone()], ..Self::new(&finding.file) }
    }

    /// Whether something is wrong with the compiler, rather than with the file.
    pub fn is_failure(&self) -> bool {
        self.outcome == Outcome::Panicked || matches!(self.build, Build::Failed(_))
    }

    /// The error that a refusal is counted under.
    pub fn first_error(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.is_error())
    }

    /// Whether any finding is a warning.
    pub fn has_warnings(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity() == Severity::Warning)
    }
}
