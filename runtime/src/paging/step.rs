//! A step from one page to the next.

use super::PagingProblem;

/// Pairs of a query, as plain text.
pub(super) type Query = Vec<(String, String)>;

/// Where a way leads from one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The page says nothing about this way.
    Unknown,
    End,
    Next(Query),
    /// There is a next page, which cannot be reached.
    Lost(PagingProblem),
}
