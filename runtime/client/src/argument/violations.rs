//! Violations in a number that does not depend on the caller.

use super::check::Violation;

/// The most violations of one call that are reported.
const LIMIT: usize = 20;

/// The first violations of a call, and how many more there are. Whatever was sent, a response about them is short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violations<T = Violation> {
    first: Vec<T>,
    omitted: usize,
}

impl<T> Violations<T> {
    /// Adds a violation.
    pub fn push(&mut self, violation: T) {
        if self.first.len() < LIMIT {
            self.first.push(violation);
        } else {
            self.omitted += 1;
        }
    }

    /// Counts more violations without making them.
    pub fn omit(&mut self, count: usize) {
        self.omitted += count;
    }

    /// The same number of violations, each as a function makes it.
    pub fn map(self, change: impl FnMut(T) -> T) -> Self {
        Self { first: self.first.into_iter().map(change).collect(), omitted: self.omitted }
    }

    /// How many more violations are reported.
    pub fn room(&self) -> usize {
        LIMIT.saturating_sub(self.first.len())
    }

    /// Whether there is no violation.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// The reported violations.
    pub fn first(&self) -> &[T] {
        &self.first
    }

    /// The reported violations, and the number of the others.
    pub fn into_parts(self) -> (Vec<T>, usize) {
        (self.first, self.omitted)
    }

    /// The number of violations that are not reported.
    pub fn omitted(&self) -> usize {
        self.omitted
    }
}

impl Violations {
    /// Adds other violations, but none of what has one already: what is wrong with a value is wrong with all that is made of it.
    pub fn absorb(&mut self, others: Self) {
        let (mut others, omitted) = others.into_parts();
        others.retain(|other| self.first.iter().all(|known| known.parameter != other.parameter));
        self.extend(others);
        self.omitted += omitted;
    }
}

impl<T> Default for Violations<T> {
    fn default() -> Self {
        Self { first: Vec::new(), omitted: 0 }
    }
}

impl<T> Extend<T> for Violations<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, violations: I) {
        violations.into_iter().for_each(|violation| self.push(violation));
    }
}

impl<T> FromIterator<T> for Violations<T> {
    fn from_iter<I: IntoIterator<Item = T>>(violations: I) -> Self {
        let mut all = Self::default();
        all.extend(violations);
        all
    }
}

impl<T> From<Vec<T>> for Violations<T> {
    fn from(violations: Vec<T>) -> Self {
        violations.into_iter().collect()
    }
}
