//! Lists whose pages, or whose items, are counted.

use super::PagingProblem;
use super::answer::{Page, has_more, number};
use super::names::{find, plain};
use super::step::{Query, Step};

/// What a parameter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Page,
    Item,
}

/// How far a list has been counted.
#[derive(Clone, Debug)]
pub(super) struct Count {
    parameter: String,
    unit: Unit,
    /// Where the caller starts.
    start: Option<u64>,
    /// Where the list starts, if the parameter has that as its default.
    default: Option<u64>,
    /// Where the next page is, and how many items are before it at least.
    place: Option<(u64, u64)>,
}

impl Count {
    pub(super) fn new(parameter: &str, unit: Unit, start: Option<u64>, default: Option<u64>) -> Self {
        Self { parameter: parameter.to_owned(), unit, start, default, place: None }
    }

    pub(super) fn step(&mut self, page: &Page<'_>) -> Step {
        let Some(items) = page.items else { return Step::Unknown };
        let count = items.len() as u64;
        let (at, passed) = self.place.unwrap_or_else(|| self.begin(page, count));
        let passed = passed.saturating_add(count);
        // Totals are not to be trusted: they change from page to page, and some are 0 beside items.
        let more = has_more(page.document) == Some(true);
        let complete = !more && page.total.is_some_and(|total| total > 0 && passed >= total);
        let width = if self.unit == Unit::Page { 1 } else { count };
        match at.checked_add(width) {
            // Servers cap the size of pages, so that a short one is not the last.
            Some(next) if (count > 0 || more) && !complete => {
                self.place = Some((next, passed));
                Step::Next(self.query(next))
            }
            _ => Step::End,
        }
    }

    fn query(&self, next: u64) -> Query {
        vec![(self.parameter.clone(), next.to_string())]
    }

    /// The first page's number or offset, and how many items the caller has passed by. That is the least that it can be,
    /// as lists count from 0 or from 1: too little costs one request, too much loses items.
    fn begin(&self, page: &Page<'_>, count: u64) -> (u64, u64) {
        if let Some(start) = self.start {
            let width = if self.unit == Unit::Page { count } else { 1 };
            return (start, start.saturating_sub(1).saturating_mul(width));
        }
        let own = plain(&self.parameter);
        let (usual, first) = match self.unit {
            Unit::Page => (["page", "pagenumber", "currentpage", "number"], 1),
            Unit::Item => (["offset", "skip", "startindex", "start"], 0),
        };
        let names: Vec<_> = [own.as_str()].into_iter().chain(usual).collect();
        let echo = || find(page.document, &names, number);
        let first = self.default.or_else(echo).filter(|number| *number <= 1).unwrap_or(first);
        (first, 0)
    }
}

/// What the caller gave for a parameter that counts.
pub(super) fn given(parameter: &str, value: Option<&serde_json::Value>) -> Result<Option<u64>, PagingProblem> {
    match value.filter(|value| !value.is_null()) {
        Some(value) => number(value).map(Some).ok_or_else(|| PagingProblem::NoNumber(parameter.to_owned())),
        None => Ok(None),
    }
}
