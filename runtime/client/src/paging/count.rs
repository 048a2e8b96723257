//! Lists with page numbers or item offsets.

use super::PagingProblem;
use super::names::{find, plain};
use super::page::{Page, has_more, number};
use super::step::{Query, Step};

/// What a parameter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Page,
    Item,
}

/// The counting state of a list.
#[derive(Clone, Debug)]
pub(super) struct Count {
    parameter: String,
    unit: Unit,
    /// The number that the caller starts with.
    start: Option<u64>,
    /// The default of the parameter, which is where the list starts.
    default: Option<u64>,
    /// Where the list starts unless its first page says otherwise.
    counts_from: Option<u64>,
    /// The number of the next page, and the minimum number of items before it.
    position: Option<(u64, u64)>,
}

impl Count {
    pub(super) fn new(
        parameter: &str,
        unit: Unit,
        start: Option<u64>,
        default: Option<u64>,
        counts_from: Option<u64>,
    ) -> Self {
        Self { parameter: parameter.to_owned(), unit, start, default, counts_from, position: None }
    }

    pub(super) fn step(&mut self, page: &Page<'_>) -> Step {
        let Some(items) = page.items else { return Step::Unknown };
        let count = items.len() as u64;
        let (at, passed) = self.position.unwrap_or_else(|| self.begin(page, count));
        let passed = passed.saturating_add(count);
        // Totals are unreliable: they change from page to page, and some are 0 although there are items.
        let more = has_more(page.document) == Some(true);
        let complete = !more && page.total.is_some_and(|total| total > 0 && passed >= total);
        let width = if self.unit == Unit::Page { 1 } else { count };
        match at.checked_add(width) {
            // Servers limit the size of pages, so a short page need not be the last.
            Some(next) if (count > 0 || more) && !complete => {
                self.position = Some((next, passed));
                Step::Next(self.query(next))
            }
            _ => Step::End,
        }
    }

    fn query(&self, next: u64) -> Query {
        vec![(self.parameter.clone(), next.to_string())]
    }

    /// The first page's number or offset, and the minimum number of items before it. Lists count from 0 or from 1: a number
    /// that is too small costs one request, one that is too large loses items.
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
        let first = self.default.or_else(echo).filter(|number| *number <= 1).or(self.counts_from).unwrap_or(first);
        (first, 0)
    }
}

/// The caller's value of a counting parameter.
pub(super) fn start_value(parameter: &str, value: Option<&serde_json::Value>) -> Result<Option<u64>, PagingProblem> {
    match value.filter(|value| !value.is_null()) {
        Some(value) => number(value).map(Some).ok_or_else(|| PagingProblem::NoNumber(parameter.to_owned())),
        None => Ok(None),
    }
}
