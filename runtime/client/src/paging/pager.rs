//! Follows a list, one page at a time.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use http::HeaderMap;
use naftiko_schema::Operation;
use serde_json::Value;

use super::items::{List, Lists};
use super::page::{Page, has_more, total};
use super::step::{Query, Step};
use super::way::Way;
use super::{Paging, PagingProblem, Rule};

/// Pagination state of one list.
pub(crate) struct Pager {
    /// The ways that may lead to the next page; only one after a page has decided.
    ways: Vec<Way>,
    lists: Lists,
    total: Option<String>,
    page_limit: usize,
    pages: usize,
    /// The number of items so far.
    items: u64,
    /// The queries so far.
    requested: HashSet<Query>,
    /// The hashes of the pages so far.
    seen: HashSet<u64>,
    /// What counts if the first page is not what the operation's table says.
    otherwise: Option<Box<Self>>,
}

/// The result of reading one page.
#[derive(Debug)]
pub(crate) struct Turn {
    /// Whether the page is the same as an earlier one. The list has then ended, and the page is not returned again.
    pub(crate) repeated: bool,
    /// How to continue. The page itself is valid even if this is an error.
    pub(crate) next: Result<Next, PagingProblem>,
    list: List,
}

/// How a list continues after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    End,
    /// The same request, with these pairs in its query instead of those with the same names. They are plain text, and their
    /// names need not be parameters of the operation.
    Query(Query),
}

impl Pager {
    /// Starts with the caller's page. `argument` returns the value of a query parameter, by its name on the wire.
    pub(crate) fn new(
        operation: &Operation,
        paging: &Paging,
        argument: impl Fn(&str) -> Option<Value>,
    ) -> Result<Self, PagingProblem> {
        let Some(known) = paging.known(operation) else { return Self::of(operation, paging, &argument) };
        let recognising = Self::of(operation, paging, &argument).ok();
        Ok(Self { otherwise: recognising.map(Box::new), ..Self::of(operation, &known, &argument)? })
    }

    fn of(
        operation: &Operation,
        paging: &Paging,
        argument: &impl Fn(&str) -> Option<Value>,
    ) -> Result<Self, PagingProblem> {
        let cursor = match &paging.rule {
            Rule::Cursor { pointer, .. } => Some(pointer),
            _ => None,
        };
        for pointer in [cursor, paging.items.as_ref(), paging.total.as_ref()].into_iter().flatten() {
            if !pointer.is_empty() && !pointer.starts_with('/') {
                return Err(PagingProblem::NoPointer(pointer.clone()));
            }
        }
        let ways = Way::all(&paging.rule, operation, argument)?;
        Ok(Self {
            requested: ways.iter().filter_map(|way| way.start(argument)).collect(),
            ways,
            lists: Lists::new(operation, paging.items.clone()),
            total: paging.total.clone(),
            page_limit: paging.page_limit,
            pages: 0,
            items: 0,
            seen: HashSet::new(),
            otherwise: None,
        })
    }

    /// Reads a page, and determines how to continue.
    pub(crate) fn turn(&mut self, document: &Value, headers: &HeaderMap) -> Turn {
        if let Some(otherwise) = self.otherwise.take().filter(|_| !self.lists.fit(document)) {
            *self = *otherwise;
        }
        self.pages += 1;
        let total = total(document, headers, self.total.as_deref());
        let list = self.lists.of(document, total);
        let page = Page { document, headers, items: list.items(document), total };
        let step = self.step(&page, &list);
        let is_cycle = matches!(&step, Step::Next(query) if !self.requested.insert(query.clone()));
        // If pages are counted, a repeated page shows that the server ignores the number. Otherwise pages may be equal or empty,
        // as long as each leads to a new one.
        let counted = matches!(self.ways.as_slice(), [Way::Count(_)]);
        let significant = |items: &[Value]| counted || !items.is_empty();
        let known = page.items.is_some_and(|items| significant(items) && !self.seen.insert(hash(items)));
        let repeated = known && (is_cycle || counted);
        if !repeated {
            self.items += page.items.map_or(0, |items| items.len() as u64);
        }
        let more = has_more(document) == Some(true) || total.is_some_and(|total| total > self.items);
        let next = match step {
            Step::Lost(problem) => Err(problem),
            _ if (is_cycle || repeated) && more => Err(PagingProblem::Repeats),
            Step::Next(_) if is_cycle || repeated => Ok(Next::End),
            Step::Next(_) if self.pages >= self.page_limit => Err(PagingProblem::TooMany(self.page_limit)),
            Step::Next(query) => Ok(Next::Query(query)),
            Step::End | Step::Unknown => Ok(Next::End),
        };
        Turn { repeated, next, list }
    }

    /// The first page decides between the ways: the first way that finds information in it is used.
    fn step(&mut self, page: &Page<'_>, list: &List) -> Step {
        if has_more(page.document) == Some(false) {
            return Step::End;
        }
        let mut other = Step::Unknown;
        for index in 0..self.ways.len() {
            match self.ways.get_mut(index).map_or(Step::Unknown, |way| way.step(page)) {
                Step::Unknown => {}
                lost @ Step::Lost(_) => other = lost,
                step => {
                    self.ways = vec![self.ways.swap_remove(index)];
                    return step;
                }
            }
        }
        match (list, self.ways.as_slice()) {
            (List::Unknown(problem), [Way::Count(_)]) => Step::Lost(problem.clone()),
            _ => other,
        }
    }
}

impl Turn {
    /// The items of the page; empty if the page is a repeated one.
    pub(crate) fn items(&self, document: Value) -> Result<Vec<Value>, PagingProblem> {
        if self.repeated { Ok(Vec::new()) } else { self.list.take(document) }
    }
}

fn hash(items: &[Value]) -> u64 {
    let mut hasher = DefaultHasher::new();
    items.hash(&mut hasher);
    hasher.finish()
}
