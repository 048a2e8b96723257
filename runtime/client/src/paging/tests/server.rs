//! A server of a list, as they come.

use http::{HeaderMap, HeaderValue};
use naftiko_schema::Parameter;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CURSOR, LAST_ITEM, OFFSET, PAGE, Page, Query};

/// Where a server says how many items there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Total {
    Body,
    Header,
    Nowhere,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Style {
    Pages { first: usize },
    Offset { first: usize },
    Cursor,
    LinkHeader,
    LinkInBody,
    LastItem,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Server {
    pub(super) style: Style,
    pub(super) total: Total,
    pub(super) items: usize,
    /// The page size, independent of the request.
    pub(super) size: usize,
    /// Whether the body is the list.
    pub(super) bare: bool,
}

impl Server {
    pub(super) fn parameters(&self) -> &'static [Parameter] {
        match self.style {
            Style::Pages { .. } => PAGE,
            Style::Offset { .. } => OFFSET,
            Style::Cursor => CURSOR,
            Style::LinkHeader | Style::LinkInBody => &[],
            Style::LastItem => LAST_ITEM,
        }
    }

    pub(super) fn respond(&self, query: &Query) -> Page {
        let from = match self.style {
            Style::Pages { first } => (requested("page", query).unwrap_or(first) - first) * self.size,
            Style::Offset { first } => requested("offset", query).unwrap_or(first) - first,
            Style::Cursor => requested("page_token", query).unwrap_or(0),
            Style::LinkHeader | Style::LinkInBody => requested("from", query).unwrap_or(0),
            Style::LastItem => requested("starting_after", query).unwrap_or(0),
        };
        let to = (from + self.size).min(self.items);
        // Identifiers start at 1, so that the last one is also how many there were.
        let items: Vec<_> = (from..to).map(|index| json!({"id": index + 1})).collect();
        let more = to < self.items;
        let mut headers = HeaderMap::new();
        if self.total == Total::Header {
            headers.insert("x-total-count", self.items.into());
        }
        if self.style == Style::LinkHeader {
            let next = if more { format!("<?from={to}>; rel=next, ") } else { String::new() };
            headers.insert("link", HeaderValue::try_from(format!("{next}<?from=0>; rel=first")).expect("a header"));
        }
        if self.bare {
            return (items.into(), headers);
        }
        let mut document = json!({"secrets": items, "tags": []});
        let mut add = |name: &str, value: Value| document[name] = value;
        if self.total == Total::Body {
            add("total_count", self.items.into());
        }
        match self.style {
            Style::Pages { first: 0 } => add("page", (from / self.size).into()),
            Style::Offset { first: 1 } => add("offset", (from + 1).into()),
            Style::Cursor if more => add("next_page_token", to.to_string().into()),
            Style::LinkInBody => {
                let next = more.then(|| format!("https://api.test/secrets?from={to}"));
                add("links", json!({"next": next}));
            }
            Style::LastItem => add("has_more", more.into()),
            _ => {}
        }
        (document, headers)
    }
}

pub(super) fn servers() -> impl Strategy<Value = Server> {
    let style = prop_oneof![
        (0..2_usize).prop_map(|first| Style::Pages { first }),
        (0..2_usize).prop_map(|first| Style::Offset { first }),
        Just(Style::Cursor),
        Just(Style::LinkHeader),
        Just(Style::LinkInBody),
        Just(Style::LastItem),
    ];
    let total = prop_oneof![Just(Total::Body), Just(Total::Header), Just(Total::Nowhere)];
    (style, total, 0..60_usize, 1..20_usize, any::<bool>()).prop_map(|(style, total, items, size, bare)| {
        let may_be_bare = [Style::Pages { first: 1 }, Style::Offset { first: 0 }, Style::LinkHeader].contains(&style);
        let bare = bare && may_be_bare;
        let total = if bare && total == Total::Body { Total::Header } else { total };
        Server { style, total, items, size, bare }
    })
}

/// The number that a query has under a name.
pub(super) fn requested(name: &str, query: &Query) -> Option<usize> {
    query.iter().find(|(other, _)| other.eq_ignore_ascii_case(name))?.1.parse().ok()
}
