//! Patterns of names, with which operators choose.

use wildmatch::WildMatch;

/// How many names an error shows of those that there are.
const SHOWN: usize = 40;

/// A pattern that matches no name. It would do nothing, where its author expects that it restricts clients.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{list}: nothing has a name that matches `{pattern}`; there are: {names}")]
pub struct UnmatchedPattern {
    list: &'static str,
    pattern: String,
    names: String,
}

impl UnmatchedPattern {
    /// The list that has the pattern, and the pattern.
    #[doc(hidden)]
    pub fn place(&self) -> (&'static str, &str) {
        (self.list, &self.pattern)
    }
}

/// Patterns, where `*` matches anything and `?` one character.
#[derive(Clone, Debug, Default)]
pub struct Patterns(Vec<WildMatch>);

impl Patterns {
    /// These patterns, without blanks around them.
    pub fn new(patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self(patterns.into_iter().map(|pattern| WildMatch::new(pattern.as_ref().trim())).collect())
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them matches a name.
    pub fn match_any(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(name))
    }

    /// The same, and without patterns all names are chosen.
    pub(super) fn choose(&self, name: &str) -> bool {
        self.0.is_empty() || self.match_any(name)
    }

    /// Checks that each pattern of a list matches one of these names.
    ///
    /// # Errors
    /// If one matches none.
    pub fn check(&self, list: &'static str, names: &[impl AsRef<str>]) -> Result<(), UnmatchedPattern> {
        let names: Vec<_> = names.iter().map(AsRef::as_ref).collect();
        // A pattern that matches everything, even no name, says nothing that could be mistyped.
        let is_met = |pattern: &WildMatch| pattern.matches("") || names.iter().any(|name| pattern.matches(name));
        let Some(pattern) = self.0.iter().find(|pattern| !is_met(pattern)) else { return Ok(()) };
        let names = match names.get(SHOWN..) {
            Some(others) if !others.is_empty() => {
                format!("{} and {} others", names.get(..SHOWN).unwrap_or_default().join(", "), others.len())
            }
            _ if names.is_empty() => "none".to_owned(),
            _ => names.join(", "),
        };
        Err(UnmatchedPattern { list, pattern: pattern.to_string(), names })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_match_nothing_are_shown_with_some_of_the_names() {
        let error = |count: usize| {
            let names: Vec<_> = (0..count).map(|number| format!("n{number}")).collect();
            Patterns::new(["x"]).check("--tools", &names).expect_err("nothing is called so").to_string()
        };
        assert!(error(0).ends_with("there are: none") && error(2).ends_with("there are: n0, n1"));
        assert!(error(40).ends_with(", n39") && error(419).ends_with(", n39 and 379 others"), "{}", error(419));
    }
}
