//! A step from one page to the next.

use super::PagingProblem;

/// Pairs of a query, as plain text.
pub(super) type Query = Vec<(String, String)>;

/// The next step of one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The page has no information for this way.
    Unknown,
    End,
    Next(Query),
    /// There is a next page, but it cannot be requested.
    Lost(PagingProblem),
}
