//! Whole lists, walked in front of servers of every kind.

mod server;

use http::HeaderMap;
use naftiko_schema::{Kind, Location, Method, Operation, OperationId, Pages, Parameter, PathPart, RetrySafety};
use proptest::prelude::*;
use serde_json::{Value, json};

use self::server::{Server, Style, Total, requested, servers};
use super::*;

pub(super) fn operation(path: &[PathPart], parameters: &'static [Parameter]) -> Operation {
    let operation = Operation::new(OperationId(0), "list", Method::Get, RetrySafety::Idempotent).parameters(parameters);
    Operation { path: path.to_vec().into(), ..operation }
}

const fn integer(name: &'static str) -> Parameter {
    Parameter::new(name, Location::Query, Kind::Integer)
}

const fn text(name: &'static str) -> Parameter {
    Parameter::new(name, Location::Query, Kind::String)
}

static PAGE: &[Parameter] = &[integer("page"), integer("page_size")];
static OFFSET: &[Parameter] = &[integer("limit"), integer("offset")];
static CURSOR: &[Parameter] = &[text("page_token"), integer("page_size")];
static LAST_ITEM: &[Parameter] = &[text("starting_after")];
static PAGE_AS_TEXT: &[Parameter] = &[text("Page"), integer("per_page")];

type Query = Vec<(String, String)>;
type Page = (Value, HeaderMap);

/// What came of a list: its items, how many requests they took, and what went wrong in the end.
#[derive(Debug, PartialEq)]
struct Walk {
    items: Vec<Value>,
    requests: Vec<Query>,
    problem: Option<PagingProblem>,
}

fn query(pairs: &[(&str, &str)]) -> Query {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn walk(
    parameters: &'static [Parameter],
    paging: &Paging,
    start: &[(&str, &str)],
    mut server: impl FnMut(&Query) -> Page,
) -> Walk {
    let operation = operation(&[PathPart::Literal("/secrets".into())], parameters);
    let mut request = query(start);
    let given = |name: &str| start.iter().find(|(other, _)| *other == name).map(|(_, value)| Value::from(*value));
    let mut pager = Pager::new(&operation, paging, given).expect("the paging is sound");
    let mut walk = Walk { items: Vec::new(), requests: Vec::new(), problem: None };
    loop {
        let (document, headers) = server(&request);
        walk.requests.push(request.clone());
        let turn = pager.turn(&document, &headers);
        match turn.items(document) {
            Ok(items) => walk.items.extend(items),
            Err(problem) => return Walk { problem: Some(problem), ..walk },
        }
        match turn.next {
            Ok(Next::End) => return walk,
            Ok(Next::Query(pairs)) => {
                request.retain(|(name, _)| pairs.iter().all(|(other, _)| other != name));
                request.extend(pairs);
            }
            Err(problem) => return Walk { problem: Some(problem), ..walk },
        }
    }
}

/// A walk over these documents, the last of which is repeated for all further requests.
fn walk_documents(
    parameters: &'static [Parameter],
    paging: &Paging,
    start: &[(&str, &str)],
    documents: &[Value],
) -> Walk {
    let mut rest = documents.iter();
    let mut last = Value::Null;
    walk(parameters, paging, start, |_| {
        last = rest.next().unwrap_or(&last).clone();
        (last.clone(), HeaderMap::new())
    })
}

fn recognised(parameters: &'static [Parameter], documents: &[Value]) -> Walk {
    walk_documents(parameters, &Paging::default(), &[], documents)
}

fn ids(walk: &Walk) -> Vec<u64> {
    walk.items.iter().filter_map(|item| item["id"].as_u64()).collect()
}

#[test]
fn pages_of_a_list_that_counts_from_zero_are_all_read() {
    static FROM_ZERO: &[Parameter] = &[integer("page").counts_from(0), integer("page_size")];
    let documents = [json!([{"id": 1}]), json!([{"id": 2}]), json!([])];
    let walk = recognised(FROM_ZERO, &documents);
    assert_eq!(ids(&walk), [1, 2]);
    assert_eq!(walk.requests, [query(&[]), query(&[("page", "1")]), query(&[("page", "2")])]);
    // A response that says its number is believed.
    let documents = [json!({"page": 1, "items": [{"id": 1}]}), json!({"page": 2, "items": []})];
    assert_eq!(recognised(FROM_ZERO, &documents).requests, [query(&[]), query(&[("page", "2")])]);
}

proptest! {
    #[test]
    fn every_item_of_every_server_is_returned_once(server in servers()) {
        let walk = walk(server.parameters(), &Paging::default(), &[("page_size", "1000")], |query| server.respond(query));
        prop_assert_eq!(&walk.problem, &None);
        prop_assert_eq!(ids(&walk), (1..=server.items as u64).collect::<Vec<_>>());
        let counts = matches!(server.style, Style::Pages { .. } | Style::Offset { .. });
        let blind = usize::from(counts && server.total == Total::Nowhere && server.items > 0);
        prop_assert_eq!(walk.requests.len(), server.items.div_ceil(server.size).max(1) + blind);
    }

    #[test]
    fn walk_can_start_at_any_page(server in servers(), skipped in 0..8_usize) {
        let pages = skipped.min(server.items / server.size);
        let skipped = skipped.min(server.items);
        let (name, start, from) = match server.style {
            Style::Pages { first } => ("page", pages + first, pages * server.size),
            Style::Offset { first } => ("offset", skipped + first, skipped),
            Style::Cursor => ("page_token", skipped, skipped),
            Style::LinkHeader | Style::LinkInBody => ("from", skipped, skipped),
            Style::LastItem => ("starting_after", skipped, skipped),
        };
        let start = start.to_string();
        let walk = walk(server.parameters(), &Paging::default(), &[(name, &start)], |query| server.respond(query));
        prop_assert_eq!(&walk.problem, &None);
        prop_assert_eq!(ids(&walk), (from as u64 + 1..=server.items as u64).collect::<Vec<_>>());
        prop_assert!(walk.requests.len() <= (server.items - from).div_ceil(server.size) + 1);
    }

    #[test]
    fn vanishing_items_cause_no_duplicates(sizes in proptest::collection::vec(0..40_usize, 1..8)) {
        let mut sizes = sizes.into_iter();
        let mut server = Server { style: Style::Pages { first: 1 }, total: Total::Body, items: 40, size: 5, bare: false };
        let walk = walk(PAGE, &Paging::default(), &[], |query| {
            server.items = sizes.next().unwrap_or(0).min(server.items);
            let from = (requested("page", query).unwrap_or(1) - 1) * server.size;
            if from > server.items {
                return (json!({"secrets": null, "total_count": server.items}), HeaderMap::new());
            }
            server.respond(query)
        });
        let ids = ids(&walk);
        prop_assert_eq!(walk.problem, None);
        prop_assert!(ids.is_sorted_by(|a, b| a < b));
        prop_assert!(walk.requests.len() <= 9);
    }
}

/// Documents with the names that are searched, in places where they make no sense.
fn nonsense() -> impl Strategy<Value = Value> {
    let name =
        proptest::sample::select(vec!["secrets", "items", "data", "meta", "next", "page_token", "has_more", "total"]);
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z/?&=%]{0,4}".prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(name.clone(), inner, 0..4)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn walk_over_nonsense_ends(documents in proptest::collection::vec(nonsense(), 1..6)) {
        static ALL: &[Parameter] = &[text("page_token"), text("after"), integer("page"), integer("offset")];
        let walk = walk_documents(ALL, &Paging::default().page_limit(20), &[], &documents);
        // The last document comes again and again.
        prop_assert!(walk.requests.len() <= documents.len() + 2, "{:?}", walk);
    }
}

#[test]
fn endless_empty_pages_end() {
    let walk = walk_documents(PAGE, &Paging::default(), &[], &[json!({"secrets": [], "has_more": true})]);
    assert_eq!((walk.requests.len(), &walk.problem), (2, &Some(PagingProblem::Repeats)));
}

#[test]
fn totals_may_shrink_and_disagree() {
    let first = json!({"secrets": [1, 2, 3, 4, 5], "total_count": 6});
    let walk = recognised(PAGE, &[first.clone(), json!({"secrets": [], "total_count": 3})]);
    assert_eq!((walk.items.len(), walk.requests.len(), walk.problem), (5, 2, None));
    let walk = recognised(PAGE, &[first.clone(), json!({"secrets": null, "total_count": 3})]);
    assert_eq!((walk.items.len(), walk.requests.len(), walk.problem), (5, 2, None));
    let walk = recognised(PAGE, &[first, json!({"secrets": [6], "total_count": 3})]);
    assert_eq!((walk.items.len(), walk.requests.len(), walk.problem), (6, 2, None));
}

#[test]
fn pages_are_counted_from_the_callers_start() {
    let walk = walk_documents(PAGE_AS_TEXT, &Paging::default(), &[("Page", "3")], &[json!([1]), json!([2]), json!([])]);
    assert_eq!(walk.requests, ["3", "4", "5"].map(|page| query(&[("Page", page)])));
    assert_eq!(walk.items, [1, 2]);
}

#[test]
fn parameter_without_a_number_is_not_a_page_number() {
    let walk = walk_documents(PAGE, &Paging::default(), &[("page", "home")], &[json!([1]), json!([2])]);
    assert_eq!((walk.items.len(), walk.problem), (1, None));
    let operation = operation(&[], PAGE);
    let problem = Pager::new(&operation, &Paging::pages("page"), |_| Some("home".into())).err();
    assert_eq!(problem, Some(PagingProblem::NoNumber("page".to_owned())));
}

#[test]
fn total_in_a_header_ends_a_bare_list() {
    let server = Server { style: Style::Pages { first: 1 }, total: Total::Header, items: 100, size: 50, bare: true };
    let walk = walk(PAGE_AS_TEXT, &Paging::default(), &[], |query| server.respond(query));
    assert_eq!((walk.items.len(), walk.requests.len()), (100, 2));
}

#[test]
fn repeated_page_is_not_returned_again() {
    let page = json!({"secrets": [{"id": 1}, {"id": 2}]});
    for parameters in [PAGE, OFFSET] {
        let walk = recognised(parameters, std::slice::from_ref(&page));
        assert_eq!((walk.items.len(), walk.requests.len(), walk.problem), (2, 2, None));
    }
    let same = json!({"secrets": [{"id": 1}], "next_page_token": "a"});
    let walk = recognised(CURSOR, &[same]);
    assert_eq!((walk.items.len(), walk.requests.len(), walk.problem), (1, 2, None));
    let pages = [json!([1]), json!([2]), json!([1])];
    assert_eq!(recognised(PAGE, &pages).items, [1, 2]);
}

#[test]
fn cycles_end() {
    let page = |id: u64, next: &str| json!({"secrets": [{"id": id}], "next_page_token": next});
    let walk = recognised(CURSOR, &[page(1, "a"), page(2, "b"), page(3, "a"), page(4, "b")]);
    assert_eq!((ids(&walk), walk.problem), (vec![1, 2, 3], None));
    let walk =
        walk_documents(CURSOR, &Paging::default(), &[("page_token", "a")], &[page(1, "b"), page(2, "a"), page(3, "c")]);
    assert_eq!((ids(&walk), walk.problem), (vec![1, 2], None));
    let page = |id: u64, next: &str| json!({"secrets": [{"id": id}], "next": format!("/secrets?page={next}")});
    let walk = recognised(&[], &[page(1, "2"), page(2, "1"), page(1, "2"), page(2, "1")]);
    assert_eq!((ids(&walk), walk.problem), (vec![1, 2], None));
}

#[test]
fn equal_pages_with_new_cursors_are_separate_pages() {
    let page = |next: &str| json!({"values": [0, 0], "next_page_token": next});
    let walk = recognised(CURSOR, &[page("a"), page("b"), page("")]);
    assert_eq!((walk.items.len(), walk.requests.len()), (6, 3));
}

#[test]
fn page_limit_ends_any_walk() {
    for (limit, requests) in [(7, 7), (0, 1)] {
        let mut number = 0;
        let walk = walk(CURSOR, &Paging::default().page_limit(limit), &[], |_| {
            number += 1;
            (json!({"secrets": [number], "next_page_token": format!("t{number}")}), HeaderMap::new())
        });
        assert_eq!((walk.items.len(), walk.requests.len()), (requests, requests));
        assert_eq!(walk.problem, Some(PagingProblem::TooMany(requests)));
    }
}

#[test]
fn empty_pages_with_a_cursor_are_followed() {
    let pages =
        [json!({"next_page_token": "a", "secrets": []}), json!({"next_page_token": "b"}), json!({"secrets": [1]})];
    assert_eq!(recognised(CURSOR, &pages).items, [1]);
}

#[test]
fn first_response_decides_between_the_ways() {
    static BOTH: &[Parameter] = &[text("page_token"), integer("page"), integer("offset")];
    let second = |document: Value| recognised(BOTH, &[document, json!([])]).requests.get(1).cloned();
    let link = json!({"secrets": [1], "next": "?x=1", "next_page_token": "a"});
    assert_eq!(second(link), Some(query(&[("x", "1")])));
    assert_eq!(second(json!({"secrets": [1], "next_page_token": "a"})), Some(query(&[("page_token", "a")])));
    assert_eq!(second(json!({"secrets": [1]})), Some(query(&[("page", "2")])));
    assert_eq!(second(json!({"secrets": [1], "next": "/pages/2"})), Some(query(&[("page", "2")])));
    assert_eq!(second(json!({"secrets": [1], "next_page_token": ""})), None);
    assert_eq!(second(json!({"secrets": [1], "has_more": false})), None);
    // After a page with a link, a page without one is the last.
    let walk = recognised(BOTH, &[json!({"secrets": [1], "next": "?x=1"}), json!({"secrets": [2]})]);
    assert_eq!((walk.items.len(), walk.requests.len()), (2, 2));
}

#[test]
fn link_without_a_query_is_an_error() {
    let walk = recognised(&[], &[json!({"secrets": [1], "next": "/pages/2"})]);
    assert_eq!((walk.items.len(), walk.problem), (1, Some(PagingProblem::NoQuery)));
}

#[test]
fn configured_paging_is_not_guessed() {
    let document = json!({"secrets": [1], "other": {"list": [2, 3], "then": "c", "all": 2}, "next": "?x=1"});
    let second =
        |paging: Paging| walk_documents(PAGE, &paging, &[], &[document.clone(), json!([])]).requests.get(1).cloned();
    assert_eq!(second(Paging::pages("p")), Some(query(&[("p", "2")])));
    assert_eq!(second(Paging::offset("o").items_at("/other/list")), Some(query(&[("o", "2")])));
    assert_eq!(second(Paging::offset("o").items_at("/other/list").total_at("/other/all")), None);
    assert_eq!(second(Paging::cursor("c", "/other/then")), Some(query(&[("c", "c")])));
    assert_eq!(second(Paging::cursor("c", "/other/nowhere")), None);
    assert_eq!(second(Paging::links()), Some(query(&[("x", "1")])));
    assert_eq!(second(Paging::single()), None);
}

#[test]
fn response_without_a_list_is_one_page() {
    let document = json!({"id": 1, "name": "x"});
    let operation = operation(&[], PAGE);
    let turn = |paging: Paging| {
        let mut pager = Pager::new(&operation, &paging, |_| None).expect("the paging is sound");
        pager.turn(&document, &HeaderMap::new())
    };
    let recognised = turn(Paging::default());
    assert_eq!((&recognised.next, recognised.repeated), (&Ok(Next::End), false));
    assert_eq!(recognised.items(document.clone()), Err(PagingProblem::NoList));
    assert_eq!(turn(Paging::pages("page")).next, Err(PagingProblem::NoList));
    assert_eq!(turn(Paging::offset("o").items_at("/x")).next, Err(PagingProblem::NoListAt("/x".to_owned())));
}

#[test]
fn invalid_pointer_fails_before_a_request() {
    let operation = operation(&[], PAGE);
    for paging in [
        Paging::cursor("c", "next.cursor"),
        Paging::default().items_at("next.cursor"),
        Paging::default().total_at("next.cursor"),
    ] {
        let problem = Pager::new(&operation, &paging, |_| None).err();
        assert_eq!(problem, Some(PagingProblem::NoPointer("next.cursor".to_owned())));
    }
}

#[test]
fn lists_are_followed_as_their_table_says_even_without_parameters() {
    let documents =
        [json!({"a": [1, 2], "b": [0], "more": {"cursor": "x"}, "n": 3}), json!({"a": [3], "b": [], "n": 3})];
    for (pages, second) in [
        (Pages::new("seite", "/a").total("/n"), query(&[("seite", "2")])),
        (Pages::new("from", "/a").cursor("/more/cursor"), query(&[("from", "x")])),
    ] {
        let operation = operation(&[PathPart::Literal("/things".into())], &[]).pages(pages);
        let mut pager = Pager::new(&operation, &Paging::default(), |_| None).expect("the paging is sound");
        let mut items = Vec::new();
        let mut next = Vec::new();
        for document in &documents {
            let turn = pager.turn(document, &HeaderMap::new());
            items.extend(turn.items(document.clone()).expect("a list"));
            next.push(turn.next);
        }
        assert_eq!(items, [json!(1), json!(2), json!(3)]);
        assert_eq!(next, [Ok(Next::Query(second)), Ok(Next::End)]);
        // What the application says takes precedence.
        let paging = Paging::single().items_at("/b");
        let mut pager = Pager::new(&operation, &paging, |_| None).expect("the paging is sound");
        let turn = pager.turn(&documents[0], &HeaderMap::new());
        assert_eq!((turn.items(documents[0].clone()), turn.next), (Ok(vec![json!(0)]), Ok(Next::End)));
    }
}
