//! Lists of several pages.

use naftiko_runtime::testing::{Answer, Script};
use naftiko_tests::World;
use scaleway_secret_manager_secrets::{Call as _, Client, ErrorKind, Paging, RetryPolicy};
use scaleway_simulator::{Fault, PROJECT_ID};
use serde::Deserialize;
use serde_json::{Value, json};

use super::scripted;

#[derive(Clone, Debug, Deserialize, PartialEq)]
struct Secret {
    id: String,
    name: String,
}

async fn filled(count: usize) -> World {
    let world = World::start().await;
    for number in 0..count {
        let body = json!({"project_id": PROJECT_ID, "name": format!("secret-{number:03}")});
        world.upstream("POST", "/fr-par/secrets", body).await;
    }
    world.simulator.take_requests();
    world
}

fn list(client: &Client) -> scaleway_secret_manager_secrets::client::ListSecrets {
    client.list_secrets("fr-par", false).project_id(PROJECT_ID)
}

#[tokio::test]
async fn pagination_as_a_stream_of_items_and_of_pages() {
    let world = filled(105).await;
    let items: Vec<Secret> = list(&world.client).page_size(20).items().into_vec().await.expect("all pages");
    let names: Vec<_> = items.iter().map(|secret| secret.name.clone()).collect();
    assert_eq!(names, (0..105).map(|number| format!("secret-{number:03}")).collect::<Vec<_>>());
    let asked: Vec<_> = world.simulator.take_requests().iter().filter_map(|r| r.query.clone()).collect();
    assert_eq!(asked.len(), 6, "the total tells that there is no seventh page: {asked:?}");
    assert!(asked.iter().all(|query| query.contains("page_size=20") && query.contains(PROJECT_ID)), "{asked:?}");
    assert!(asked[5].ends_with("&page=6"), "{asked:?}");
    let mut pages = list(&world.client).page_size(50).pages();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.expect("a page");
        assert!(page.request_id().is_some(), "a page is an answer");
        sizes.push(page.body()["secrets"].as_array().map(Vec::len));
    }
    assert_eq!(sizes, [Some(50), Some(50), Some(5)]);
}

#[tokio::test]
async fn pages_without_a_size_are_followed_too() {
    let world = filled(60).await;
    let items = list(&world.client).items::<Value>().into_vec().await.expect("all pages");
    assert_eq!((items.len(), world.simulator.take_requests().len()), (60, 2), "the upstream's pages have 50 rows");
}

#[tokio::test]
async fn a_list_may_begin_in_the_middle() {
    let world = filled(25).await;
    let items: Vec<Secret> = list(&world.client).page_size(10).page("2").items().into_vec().await.expect("all pages");
    assert_eq!((items.len(), items[0].name.as_str()), (15, "secret-010"));
}

#[tokio::test]
async fn items_that_vanish_between_pages_do_not_disturb_the_end() {
    let world = filled(105).await;
    let mut items = list(&world.client).page_size(50).items::<Secret>();
    let mut seen = Vec::new();
    while let Some(item) = items.next().await {
        seen.push(item.expect("an item"));
        if seen.len() == 50 {
            for secret in &seen[..10] {
                world.upstream("DELETE", &format!("/fr-par/secrets/{}", secret.id), json!({})).await;
            }
            world.simulator.take_requests();
        }
    }
    let mut ids: Vec<_> = seen.iter().map(|secret| &secret.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), seen.len()), (95, 95), "each once; the ten that moved to a page already seen are missed");
    assert!(world.simulator.take_requests().len() <= 3, "it ends");
}

#[tokio::test]
async fn a_call_with_options_is_paged_with_them() {
    let world = filled(3).await;
    let call = list(&world.client).page_size(2).header("x-correlation", "7").retry(RetryPolicy::none());
    let mut items = call.items::<Value>();
    items.next().await.expect("an item").expect("an item");
    items.next().await.expect("an item").expect("an item");
    world.simulator.fault(Fault::status(503));
    let error = items.next().await.expect("an error").expect_err("the second page fails, and is not repeated");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(503));
    assert!(items.next().await.is_none(), "after an error there is nothing more");
    assert!(world.simulator.take_requests().iter().all(|request| request.header("x-correlation") == Some("7")));
}

/// The targets that a list asks for when a script answers it.
async fn asked(paging: Option<Paging>, answers: Vec<Answer>) -> (Vec<Value>, Vec<String>) {
    let script = Script::new(answers);
    let client = scripted(&script).retry(RetryPolicy::none()).build().expect("the client is built");
    let call = client.list_secrets("fr-par", false);
    let call = match paging {
        Some(paging) => call.paging(paging),
        None => call,
    };
    let items = call.items().into_vec().await.expect("all pages");
    let query = |target: &str| target.split_once('?').map_or(String::new(), |(_, query)| query.to_owned());
    assert_eq!(script.remaining(), 0);
    (items, script.requests().iter().map(|request| query(&request.target)).collect())
}

#[tokio::test]
async fn links_of_headers_are_followed_by_their_query_only() {
    let link = "<https://evil.test/elsewhere?page=2&opaque=a%26b>; rel=\"next\", </x?page=9>; rel=last";
    let first = Answer::json(200, json!([1, 2])).header("link", link).header("x-total-count", "3");
    let second = Answer::json(200, json!([3])).header("link", "</x?page=1>; rel=previous").header("x-total-count", "3");
    let (items, asked) = asked(None, vec![first, second]).await;
    assert_eq!(items, [1, 2, 3]);
    assert_eq!(asked, ["scheduled_for_deletion=false", "scheduled_for_deletion=false&page=2&opaque=a%26b"]);
}

#[tokio::test]
async fn a_link_that_is_too_long_is_not_followed() {
    let link = format!("/x?{}", "a&".repeat(100_000));
    let first = Answer::json(200, json!({"secrets": [1], "next": link}));
    let (items, asked) = asked(None, vec![first, Answer::json(200, json!({"secrets": []}))]).await;
    assert_eq!(items, [1]);
    assert_eq!(asked[1], "scheduled_for_deletion=false&page=2", "there is another way");
}

#[tokio::test]
async fn what_an_answer_says_of_more_is_believed() {
    let page = |items: Value, more: bool| Answer::json(200, json!({"inventory": items, "total": 2, "has_more": more}));
    let answers = vec![page(json!([1, 2]), true), page(json!([]), true), page(json!([3]), false)];
    let (items, _) = asked(None, answers).await;
    assert_eq!(items, [1, 2, 3], "that total counts a page");
}

#[tokio::test]
async fn totals_in_headers_end_a_list() {
    let page = |items: Value| Answer::json(200, json!({"servers": items})).header("x-total-count", "3");
    let (items, asked) = asked(None, vec![page(json!([1, 2])), page(json!([3]))]).await;
    assert_eq!((items.len(), asked.len()), (3, 2));
    assert!(asked[1].ends_with("page=2"), "{asked:?}");
}

#[tokio::test]
async fn cursors_may_be_named_by_the_caller() {
    let page =
        |items: Value, cursor: Value| Answer::json(200, json!({"hits": items, "noise": [0], "state": {"at": cursor}}));
    let paging = Paging::cursor("from", "/state/at").items_at("/hits");
    let answers = vec![page(json!([1]), json!("a/b")), page(json!([]), json!("c")), page(json!([2]), json!(null))];
    let (items, asked) = asked(Some(paging), answers).await;
    assert_eq!(items, [1, 2], "a page may be empty and still lead on");
    assert!(asked[1].ends_with("&from=a%2Fb") && asked[2].ends_with("&from=c"), "{asked:?}");
}

#[tokio::test]
async fn a_server_that_repeats_itself_is_not_asked_for_ever() {
    let same = || Answer::json(200, json!({"secrets": [1, 2]}));
    let (items, asked) = asked(None, vec![same(), same()]).await;
    assert_eq!((items.len(), asked.len()), (2, 2), "the page that came again is not handed out again");
    let circle = |cursor: &str| Answer::json(200, json!({"secrets": [cursor], "next": cursor}));
    let paging = Paging::cursor("cursor", "/next");
    let (items, _) = self::asked(Some(paging), vec![circle("a"), circle("b"), circle("a")]).await;
    assert!(items.len() >= 2, "{items:?}");
}

#[tokio::test]
async fn a_list_that_is_cut_short_is_not_taken_for_whole() {
    let same = || Answer::json(200, json!({"secrets": [1, 2], "total_count": 5}));
    let script = Script::new([same(), same()]);
    let client = scripted(&script).build().expect("the client is built");
    let mut items = client.list_secrets("fr-par", false).items::<u32>();
    for number in [1, 2] {
        assert_eq!(items.next().await.expect("an item").expect("a number"), number);
    }
    let error = items.next().await.expect("an error").expect_err("three items never came");
    assert!(matches!(error.kind(), ErrorKind::Paging(_)), "{error}");
    let script = Script::new([same(), same()]);
    let client = scripted(&script).build().expect("the client is built");
    client.list_secrets("fr-par", false).pages().into_vec().await.expect_err("pages say the same");
}

#[tokio::test]
async fn an_endless_list_is_an_error_after_its_limit() {
    let pages = (0..4).map(|number| Answer::json(200, json!({"secrets": [number], "next": number + 1})));
    let script = Script::new(pages);
    let client = scripted(&script).build().expect("the client is built");
    let call = client.list_secrets("fr-par", false).paging(Paging::cursor("cursor", "/next").page_limit(3));
    let mut items = call.items::<Value>();
    for number in 0..3 {
        assert_eq!(items.next().await.expect("an item").expect("an item"), number);
    }
    let error = items.next().await.expect("an error").expect_err("there are more than three pages");
    assert!(matches!(error.kind(), ErrorKind::Paging(problem) if problem.contains("page_limit")), "{error}");
    assert_eq!(script.remaining(), 1);
}

#[tokio::test]
async fn an_answer_without_a_list_is_a_page_and_has_no_items() {
    let answer = || Answer::json(200, json!({"id": "x"}));
    let script = Script::new([answer(), answer()]);
    let client = scripted(&script).build().expect("the client is built");
    assert_eq!(client.get_secret("fr-par", "x").pages().into_vec().await.expect("one page").len(), 1);
    let error = client.get_secret("fr-par", "x").items::<Value>().into_vec().await.expect_err("there is no list");
    assert!(matches!(error.kind(), ErrorKind::Paging(problem) if problem.contains("items_at")), "{error}");
}

#[tokio::test]
async fn an_item_of_another_type_is_an_error_that_quotes_nothing() {
    let script = Script::new([Answer::json(200, json!({"secrets": [1, "hidden"], "total_count": 2}))]);
    let client = scripted(&script).build().expect("the client is built");
    let mut items = client.list_secrets("fr-par", false).items::<u32>();
    assert_eq!(items.next().await.expect("an item").expect("a number"), 1);
    let error = items.next().await.expect("an error").expect_err("text is no number");
    assert_eq!(error.kind(), &ErrorKind::Decode);
    assert!(!format!("{error} {error:?}").contains("hidden"), "{error:?}");
}
