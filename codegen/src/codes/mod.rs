//! The diagnostic codes, each declared with its severity, its title and its section of the page. A code never changes
//! its meaning. The hundreds name the subject; each file of this folder has some of them.

use std::fmt;
use std::sync::LazyLock;

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file has no usable meaning; nothing is generated.
    Error,
    /// The compiler chose a meaning; the message says which.
    Warning,
    /// Something to know; nothing has to be done.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// What a code is declared with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Level {
    /// An error that no one can allow.
    Error,
    /// An error about one part of a capability. Where it is allowed, the part is left out.
    Part,
    Warning,
    Note,
}

/// What kind of diagnostic it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    number: u16,
    level: Level,
    title: &'static str,
    /// Its section of the page, each line after a space as in a documentation comment.
    section: &'static str,
}

/// Declares codes. The comment above a code is its section of the page.
macro_rules! codes {
    ($($(#[doc = $line:literal])+ $name:ident = $number:literal, $level:ident, $title:literal;)*) => {
        #[allow(non_upper_case_globals, reason = "codes read like the variants of an enum")]
        impl super::Code {
            $(
                #[doc = $title]
                pub const $name: Self = Self {
                    number: $number,
                    level: super::Level::$level,
                    title: $title,
                    section: concat!($($line, "\n"),+),
                };
            )*
        }

        pub(super) const CODES: &[super::Code] = &[$(super::Code::$name),*];
    };
}

mod companions;
mod features;
mod files;
mod other_engines;
mod protocols;
mod references;
mod settings;
mod style;

static ALL: LazyLock<Vec<Code>> = LazyLock::new(|| {
    [
        files::CODES,
        features::CODES,
        references::CODES,
        protocols::CODES,
        style::CODES,
        other_engines::CODES,
        companions::CODES,
        settings::CODES,
    ]
    .concat()
});

impl Code {
    /// Every code, in order of number.
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The code with this name, such as `NK0201`.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().iter().copied().find(|code| code.to_string().eq_ignore_ascii_case(name))
    }

    /// Its number, such as 201.
    pub fn number(self) -> u16 {
        self.number
    }

    /// How bad diagnostics with this code are.
    pub fn severity(self) -> Severity {
        match self.level {
            Level::Error | Level::Part => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Note => Severity::Note,
        }
    }

    /// Whether users can allow it: it is an error about one route, tool, operation or another part, which can be left out.
    pub fn can_be_allowed(self) -> bool {
        self.level == Level::Part
    }

    /// What the code means, in a few words.
    pub fn title(self) -> &'static str {
        self.title
    }

    /// A longer text in Markdown: what it means, why, and what to do.
    pub fn explanation(self) -> String {
        let lines = self.section.lines().map(|line| line.strip_prefix(' ').unwrap_or(line));
        let text = lines.collect::<Vec<_>>().join("\n");
        if self.can_be_allowed() { format!("{text}\n\nIt can be allowed; then the part is left out.") } else { text }
    }
}

/// The page about all codes, in Markdown: `docs/diagnostics.md`.
pub fn page() -> String {
    let sections = Code::all().iter().map(|code| format!("\n## {code}: {}\n\n{}\n", code.title(), code.explanation()));
    sections.fold(include_str!("introduction.md").to_owned(), |page, section| page + &section)
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("NK{:04}", self.number))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_explained() {
        assert!(Code::all().is_sorted_by(|a, b| a.number < b.number), "{:?}", Code::all());
        for code in Code::all() {
            let length = code.explanation().chars().count();
            assert!(length >= 200, "{code} is explained in {length} characters");
            assert!(!code.title().ends_with('.') && code.title().len() <= 72, "{code}: {}", code.title());
        }
    }

    #[test]
    fn codes_are_found_by_their_names() {
        assert_eq!(Code::named("nk0201"), Some(Code::UnknownCall));
        assert_eq!(Code::named("NK9999"), None);
    }
}
