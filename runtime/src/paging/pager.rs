//! Through a list, one page at a time.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use http::HeaderMap;
use serde_json::Value;

use super::answer::{Page, has_more, total};
use super::items::{List, Lists};
use super::step::{Query, Step};
use super::way::Way;
use super::{Paging, PagingProblem, Rule};
use crate::operation::Operation;

/// Where a list is on its way from the first page to the last.
pub(crate) struct Pager {
    /// The ways that may lead on; one, as soon as a page has shown which.
    ways: Vec<Way>,
    lists: Lists,
    total: Option<String>,
    page_limit: usize,
    pages: usize,
    /// How many items the pages had so far.
    items: u64,
    /// What was asked for so far.
    asked: HashSet<Query>,
    /// The hashes of the pages so far.
    seen: HashSet<u64>,
}

/// What one page says.
#[derive(Debug)]
pub(crate) struct Turn {
    /// Whether the page is one that came before. The list has ended, and the page is not to be handed out again.
    pub(crate) repeated: bool,
    /// How to go on. The page itself is good even where that fails.
    pub(crate) next: Result<Next, PagingProblem>,
    list: List,
}

/// What comes after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    End,
    /// The same request with these pairs in its query, in place of all others with their names. They are plain text,
    /// and their names need not be those of parameters.
    Query(Query),
}

impl Pager {
    /// Starts with the page that the caller asks for: `given` has the value of a query parameter, by its wire name.
    pub(crate) fn new(
        operation: &Operation,
        paging: &Paging,
        given: impl Fn(&str) -> Option<Value>,
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
        let ways = Way::all(&paging.rule, operation, &given)?;
        Ok(Self {
            asked: ways.iter().filter_map(|way| way.start(&given)).collect(),
            ways,
            lists: Lists::new(operation, paging.items.clone()),
            total: paging.total.clone(),
            page_limit: paging.page_limit,
            pages: 0,
            items: 0,
            seen: HashSet::new(),
        })
    }

    /// Takes note of a page, and says how to go on from it.
    pub(crate) fn turn(&mut self, document: &Value, headers: &HeaderMap) -> Turn {
        self.pages += 1;
        let total = total(document, headers, self.total.as_deref());
        let list = self.lists.of(document, total);
        let page = Page { document, headers, items: list.items(document), total };
        let step = self.step(&page, &list);
        let circle = matches!(&step, Step::Next(query) if !self.asked.insert(query.clone()));
        // Where pages are counted, one that came before shows that the server does not count. Others may well be equal or
        // empty, as long as each leads to one that is new.
        let counted = matches!(self.ways.as_slice(), [Way::Count(_)]);
        let telling = |items: &[Value]| counted || !items.is_empty();
        let known = page.items.is_some_and(|items| telling(items) && !self.seen.insert(hash(items)));
        let repeated = known && (circle || counted);
        if !repeated {
            self.items += page.items.map_or(0, |items| items.len() as u64);
        }
        let more = has_more(document) == Some(true) || total.is_some_and(|total| total > self.items);
        let next = match step {
            Step::Lost(problem) => Err(problem),
            _ if (circle || repeated) && more => Err(PagingProblem::Repeats),
            Step::Next(_) if circle || repeated => Ok(Next::End),
            Step::Next(_) if self.pages >= self.page_limit => Err(PagingProblem::TooMany(self.page_limit)),
            Step::Next(query) => Ok(Next::Query(query)),
            Step::End | Step::Unknown => Ok(Next::End),
        };
        Turn { repeated, next, list }
    }

    /// The first page decides between the ways: the best of those about which it says anything.
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
    /// The items of the page that was turned, taken out of it; none of one that came before.
    pub(crate) fn items(&self, document: Value) -> Result<Vec<Value>, PagingProblem> {
        if self.repeated { Ok(Vec::new()) } else { self.list.take(document) }
    }
}

fn hash(items: &[Value]) -> u64 {
    let mut hasher = DefaultHasher::new();
    items.hash(&mut hasher);
    hasher.finish()
}
