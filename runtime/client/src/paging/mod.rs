//! How the pages of a list follow each other. This module sends nothing: a [`Pager`] looks at one response and determines the
//! next request.

mod count;
mod items;
mod link;
mod names;
mod page;
mod pager;
mod step;
mod way;

#[cfg(test)]
mod tests;

pub use link::{FieldLink, links};
pub use names::rank;
pub(crate) use pager::{Next, Pager, Turn};
pub use way::pages;

use naftiko_schema::{Operation, Text};

/// How the pages of a list follow each other. The default recognises it from the operation's parameters and from the first
/// response.
///
/// A list whose pages count from 0 must be started with page 0, unless the default of its parameter says so.
#[derive(Clone, Debug)]
#[must_use]
pub struct Paging {
    rule: Rule,
    items: Option<String>,
    total: Option<String>,
    page_limit: usize,
}

/// The configured way from one page to the next.
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

    /// What the operation's table says, unless something else is configured.
    fn known(&self, operation: &Operation) -> Option<Self> {
        let (Rule::Recognise, Some(pages)) = (&self.rule, &operation.pages) else { return None };
        let (parameter, text) = (pages.parameter.to_string(), |text: &Text| text.to_string());
        let rule = match &pages.cursor {
            Some(pointer) => Rule::Cursor { parameter, pointer: pointer.to_string() },
            None => Rule::Pages(parameter),
        };
        let items = self.items.clone().or_else(|| Some(text(&pages.items)));
        let total = self.total.clone().or_else(|| pages.total.as_ref().map(text));
        Some(Self { rule, items, total, ..self.clone() })
    }

    /// This query parameter takes the number of the page.
    pub fn pages(parameter: impl Into<String>) -> Self {
        Self::new(Rule::Pages(parameter.into()))
    }

    /// This query parameter takes a cursor from the previous response, at a JSON pointer (RFC 6901) such as
    /// `/meta/next_cursor`. A response without a cursor is the last.
    pub fn cursor(parameter: impl Into<String>, pointer: impl Into<String>) -> Self {
        Self::new(Rule::Cursor { parameter: parameter.into(), pointer: pointer.into() })
    }

    /// This query parameter takes the number of items to skip.
    pub fn offset(parameter: impl Into<String>) -> Self {
        Self::new(Rule::Offset(parameter.into()))
    }

    /// Each page links to the next, in a `Link` header (RFC 8288) or in the body. Only the query of a link is followed.
    pub fn links() -> Self {
        Self::new(Rule::Links)
    }

    /// The list has only one page.
    pub fn single() -> Self {
        Self::new(Rule::Single)
    }

    /// The location of the items in a response: a JSON pointer (RFC 6901) to an array.
    pub fn items_at(mut self, pointer: impl Into<String>) -> Self {
        self.items = Some(pointer.into());
        self
    }

    /// The location of the total number of items in a response: a JSON pointer (RFC 6901).
    pub fn total_at(mut self, pointer: impl Into<String>) -> Self {
        self.total = Some(pointer.into());
        self
    }

    /// The maximum number of pages, 10,000 by default and at least one. A longer list ends with an error after that many.
    pub fn page_limit(mut self, pages: usize) -> Self {
        self.page_limit = pages.max(1);
        self
    }
}

/// Why the pages of a list cannot be followed. It never quotes the response, which may contain secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PagingProblem {
    #[error("the list of items cannot be found in the response; set its location with `Paging::items_at`")]
    NoList,
    #[error("the response has no list at `{0}`, the location given to `Paging::items_at`")]
    NoListAt(String),
    #[error("`{0}` is not a JSON pointer: it must be empty or start with `/` (RFC 6901)")]
    NoPointer(String),
    #[error("`{0}` does not count pages or items: its value is not a whole number")]
    NoNumber(String),
    #[error(
        "the link to the next page has no query, which is all that is followed of a link; say how the pages follow each \
         other with `Call::paging`"
    )]
    NoQuery,
    #[error("the upstream returned the same page again, but reports more items")]
    Repeats,
    #[error("the list has more than {0} pages; raise the limit with `Paging::page_limit`")]
    TooMany(usize),
}
