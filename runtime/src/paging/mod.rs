//! How the pages of a list follow each other. Nothing is sent from here: a [`Pager`] looks at one answer and says what
//! to ask for next.

mod answer;
mod count;
mod items;
mod link;
mod names;
mod pager;
mod step;
mod way;

#[cfg(test)]
mod tests;

#[cfg(feature = "mcp")]
pub(crate) use names::rank;
pub(crate) use pager::{Next, Pager, Turn};
#[cfg(feature = "mcp")]
pub(crate) use way::pages;

/// How the pages of a list follow each other. Without more it is recognised, from the operation's parameters and from
/// the first answer; what is said here is not guessed.
///
/// A list that counts its pages from 0 and does not say so must be asked for page 0 to begin with.
#[derive(Clone, Debug)]
#[must_use]
pub struct Paging {
    rule: Rule,
    items: Option<String>,
    total: Option<String>,
    page_limit: usize,
}

/// What the user said about the way from one page to the next.
#[derive(Clone, Debug)]
enum Rule {
    Recognise,
    Pages(String),
    Cursor { parameter: String, pointer: String },
    Offset(String),
    Links,
    Single,
}

impl Default for Paging {
    fn default() -> Self {
        Self::new(Rule::Recognise)
    }
}

impl Paging {
    fn new(rule: Rule) -> Self {
        Self { rule, items: None, total: None, page_limit: 10_000 }
    }

    /// This query parameter takes the number of the page.
    pub fn pages(parameter: impl Into<String>) -> Self {
        Self::new(Rule::Pages(parameter.into()))
    }

    /// This query parameter takes a cursor, which stands in the answer before: at a JSON pointer (RFC 6901) such as
    /// `/meta/next_cursor`. An answer without one is the last.
    pub fn cursor(parameter: impl Into<String>, pointer: impl Into<String>) -> Self {
        Self::new(Rule::Cursor { parameter: parameter.into(), pointer: pointer.into() })
    }

    /// This query parameter takes how many items to skip.
    pub fn offset(parameter: impl Into<String>) -> Self {
        Self::new(Rule::Offset(parameter.into()))
    }

    /// Each page links to the next, in a `Link` header (RFC 8288) or in the body. Only the query of a link is followed.
    pub fn links() -> Self {
        Self::new(Rule::Links)
    }

    /// There is one page.
    pub fn single() -> Self {
        Self::new(Rule::Single)
    }

    /// Where in an answer its items are: a JSON pointer (RFC 6901) to an array.
    pub fn items_at(mut self, pointer: impl Into<String>) -> Self {
        self.items = Some(pointer.into());
        self
    }

    /// Where in an answer the number of all items is: a JSON pointer (RFC 6901).
    pub fn total_at(mut self, pointer: impl Into<String>) -> Self {
        self.total = Some(pointer.into());
        self
    }

    /// The most pages to ask for, 10 000 unless said otherwise and never less than one. A list that is longer is an error
    /// after that many.
    pub fn page_limit(mut self, pages: usize) -> Self {
        self.page_limit = pages.max(1);
        self
    }
}

/// Why the pages of a list cannot be followed. It quotes nothing of an answer, which may hold secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PagingProblem {
    #[error("the answer has no list that can be told from its other members; say where it is with `Paging::items_at`")]
    NoList,
    #[error("the answer has no list at `{0}`, where `Paging::items_at` says that it is")]
    NoListAt(String),
    #[error("`{0}` is no JSON pointer: one is empty or starts with `/` (RFC 6901)")]
    NoPointer(String),
    #[error("`{0}` does not count pages or items: its value is no whole number")]
    NoNumber(String),
    #[error(
        "the link to the next page has no query, which is all that is followed of a link; say how the pages follow each \
         other with `Call::paging`"
    )]
    NoQuery,
    #[error("the upstream gives a page again, and says that there are items which it has not given")]
    Repeats,
    #[error("the list has more than {0} pages; `Paging::page_limit` allows more")]
    TooMany(usize),
}
