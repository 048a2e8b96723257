//! The ways from one page to the next, and which of them an operation may have.

use naftiko_schema::{Kind, Location, Operation, Parameter};
use serde_json::Value;

use super::count::{Count, Unit, start_value};
use super::link::{self, Link};
use super::names::rank;
use super::page::{Page, cursor, cursor_text, has_more, last_id, number};
use super::step::{Query, Step};
use super::{PagingProblem, Rule};
use crate::argument::scalar_text;

const PAGES: &[&str] = &["page", "pagenumber", "pageno", "pagenum"];
const OFFSETS: &[&str] = &["offset", "pageoffset", "skip", "startindex", "start"];
const CURSORS: &[&str] = &[
    "pagetoken",
    "cursor",
    "pagecursor",
    "nexttoken",
    "nextpagetoken",
    "nextcursor",
    "continuationtoken",
    "marker",
    "after",
];
const LAST_ITEMS: &[&str] = &["startingafter", "afterid", "after"];
const SIZES: &[&str] = &["pagesize", "perpage", "limit", "maxresults", "pagelimit", "count", "size", "top", "first"];

/// Whether a parameter with this name controls the size or the position of a page.
pub fn pages(name: &str) -> bool {
    [SIZES, PAGES, OFFSETS, CURSORS, LAST_ITEMS].iter().any(|names| rank(name, names).is_some())
}

/// One way from a page to the next.
#[derive(Clone, Debug)]
pub(super) enum Way {
    Links,
    /// The response contains a cursor, at this pointer or where cursors usually are.
    Cursor {
        parameter: String,
        pointer: Option<String>,
    },
    /// The cursor is the id of the last item.
    LastItem(String),
    Count(Count),
}

impl Way {
    /// The ways to try, best first.
    pub(super) fn all(
        rule: &Rule,
        operation: &Operation,
        value: &impl Fn(&str) -> Option<Value>,
    ) -> Result<Vec<Self>, PagingProblem> {
        let count = |parameter: &str, unit| {
            let start = start_value(parameter, value(parameter).as_ref())?;
            let own = query(operation, parameter);
            let counts_from = own.and_then(|own| own.counts_from);
            Ok(Self::Count(Count::new(parameter, unit, start, own.and_then(default), counts_from)))
        };
        Ok(match rule {
            Rule::Single => Vec::new(),
            Rule::Links => vec![Self::Links],
            Rule::Cursor { parameter, pointer } => {
                vec![Self::Cursor { parameter: parameter.clone(), pointer: Some(pointer.clone()) }]
            }
            Rule::Pages(parameter) => vec![count(parameter, Unit::Page)?],
            Rule::Offset(parameter) => vec![count(parameter, Unit::Item)?],
            Rule::Recognise => {
                let cursor =
                    named(operation, CURSORS).map(|name| Self::Cursor { parameter: name.to_owned(), pointer: None });
                let last_item = named(operation, LAST_ITEMS).map(|name| Self::LastItem(name.to_owned()));
                // If the argument is not a number, the parameter has another meaning.
                let pages = named(operation, PAGES).and_then(|name| count(name, Unit::Page).ok());
                let offset = named(operation, OFFSETS).and_then(|name| count(name, Unit::Item).ok());
                [Some(Self::Links), cursor, last_item, pages, offset].into_iter().flatten().collect()
            }
        })
    }

    pub(super) fn step(&mut self, page: &Page<'_>) -> Step {
        match self {
            Self::Links => match link::next(page.document, page.headers) {
                Some(Link::Next(query)) if query.is_empty() => Step::Lost(PagingProblem::NoQuery),
                Some(Link::Next(query)) => Step::Next(query),
                Some(Link::None) => Step::End,
                None => Step::Unknown,
            },
            Self::Cursor { parameter, pointer } => {
                let found = match pointer {
                    Some(pointer) => page.document.pointer(pointer),
                    None => cursor(page.document, parameter),
                };
                match found.map(cursor_text) {
                    Some(Some(text)) => Step::Next(vec![(parameter.clone(), text)]),
                    Some(None) => Step::End,
                    None => Step::Unknown,
                }
            }
            Self::LastItem(parameter) => match last_id(page) {
                Some(id) if has_more(page.document) == Some(true) => Step::Next(vec![(parameter.clone(), id)]),
                _ => Step::Unknown,
            },
            Self::Count(count) => count.step(page),
        }
    }

    /// The query of the caller's first page, if it is a step of this way.
    pub(super) fn start(&self, value: &impl Fn(&str) -> Option<Value>) -> Option<Query> {
        match self {
            Self::Cursor { parameter, .. } | Self::LastItem(parameter) => {
                Some(vec![(parameter.clone(), scalar_text(&value(parameter)?)?.into_owned())])
            }
            Self::Links | Self::Count(_) => None,
        }
    }
}

/// The query parameter with the first of these names.
fn named<'o>(operation: &'o Operation, names: &[&str]) -> Option<&'o str> {
    let ranked = operation.parameters.iter().filter_map(|parameter| {
        let rank = rank(&parameter.name, names)?;
        (parameter.location == Location::Query && fits(parameter)).then_some((rank, &parameter.name))
    });
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, name)| &**name)
}

/// Whether the kind of a parameter is suitable for paging. Some specifications declare numbers as strings, but a `start` that
/// is text is the start of a time range.
fn fits(parameter: &Parameter) -> bool {
    match parameter.kind {
        Kind::Integer | Kind::Number | Kind::Any => true,
        Kind::String => rank(&parameter.name, &["start"]).is_none(),
        Kind::Boolean | Kind::Array | Kind::Object => false,
    }
}

/// The query parameter of this name.
fn query<'o>(operation: &'o Operation, name: &str) -> Option<&'o Parameter> {
    operation.parameters.iter().find(|parameter| parameter.name == name && parameter.location == Location::Query)
}

fn default(parameter: &Parameter) -> Option<u64> {
    number(&serde_json::from_str(parameter.default.as_deref()?).ok()?)
}

#[cfg(test)]
mod tests {
    use super::super::tests::operation;
    use super::*;

    #[test]
    fn parameters_are_recognised_by_name_location_and_kind() {
        static PARAMETERS: &[Parameter] = &[
            Parameter::new("page", Location::Path, Kind::Integer),
            Parameter::new("page_token", Location::Query, Kind::Array),
            Parameter::new("start", Location::Query, Kind::String),
            Parameter::new("page[number]", Location::Query, Kind::String),
            Parameter::new("Page-Cursor", Location::Query, Kind::String),
            Parameter::new("after", Location::Query, Kind::String),
        ];
        let operation = operation(&[], PARAMETERS);
        assert_eq!(named(&operation, PAGES), Some("page[number]"));
        assert_eq!(named(&operation, CURSORS), Some("Page-Cursor"));
        assert_eq!(named(&operation, LAST_ITEMS), Some("after"));
        assert_eq!(named(&operation, OFFSETS), None);
    }

    #[test]
    fn parameter_default_is_the_start_of_a_list() {
        static PARAMETERS: &[Parameter] = &[
            Parameter::new("page", Location::Query, Kind::Integer).default("0"),
            Parameter::new("offset", Location::Query, Kind::String).default("\"1\""),
            Parameter::new("skip", Location::Query, Kind::Integer),
        ];
        let operation = operation(&[], PARAMETERS);
        let defaults = ["page", "offset", "skip", "other"].map(|name| query(&operation, name).and_then(default));
        assert_eq!(defaults, [Some(0), Some(1), None, None]);
    }
}
