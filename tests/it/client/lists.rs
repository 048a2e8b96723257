//! Lists of several pages.

use naftiko_client::testing::{Script, ScriptedResponse};
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
    client.list_secrets("fr-par").scheduled_for_deletion(false).project_id(PROJECT_ID)
}

#[tokio::test]
async fn lists_stream_as_items_and_as_pages() {
    let world = filled(105).await;
    let items: Vec<Secret> = list(&world.client).page_size(20).items_as().into_vec().await.expect("all pages");
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
        sizes.push(page.body().secrets.len());
    }
    assert_eq!(sizes, [50, 50, 5]);
}

#[tokio::test]
async fn pages_without_page_size_are_followed() {
    let world = filled(60).await;
    let items = list(&world.client).items_as::<Value>().into_vec().await.expect("all pages");
    assert_eq!((items.len(), world.simulator.take_requests().len()), (60, 2), "the upstream's pages have 50 rows");
}

#[tokio::test]
async fn list_can_start_at_a_later_page() {
    let world = filled(25).await;
    let items: Vec<Secret> = list(&world.client).page_size(10).page(2).items_as().into_vec().await.expect("all pages");
    assert_eq!((items.len(), items[0].name.as_str()), (15, "secret-010"));
}

#[tokio::test]
async fn paging_ends_when_items_disappear_between_pages() {
    let world = filled(105).await;
    let mut items = list(&world.client).page_size(50).items_as::<Secret>();
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
async fn call_options_apply_to_every_page() {
    let world = filled(3).await;
    let call = list(&world.client).page_size(2).header("x-correlation", "7").retry(RetryPolicy::none());
    let mut items = call.items_as::<Value>();
    items.next().await.expect("an item").expect("an item");
    items.next().await.expect("an item").expect("an item");
    world.simulator.fault(Fault::status(503));
    let error = items.next().await.expect("an error").expect_err("the second page fails, and is not repeated");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(503));
    assert!(items.next().await.is_none(), "after an error there is nothing more");
    assert!(world.simulator.take_requests().iter().all(|request| request.header("x-correlation") == Some("7")));
}

/// The targets that a list asks for when a script answers it.
async fn asked(paging: Option<Paging>, answers: Vec<ScriptedResponse>) -> (Vec<Value>, Vec<String>) {
    let script = Script::new(answers);
    let client = scripted(&script).retry(RetryPolicy::none()).build().expect("the client is built");
    let call = client.list_secrets("fr-par").scheduled_for_deletion(false);
    let call = match paging {
        Some(paging) => call.paging(paging),
        None => call,
    };
    let items = call.items_as().into_vec().await.expect("all pages");
    let query = |target: &str| target.split_once('?').map_or(String::new(), |(_, query)| query.to_owned());
    assert_eq!(script.remaining(), 0);
    (items, script.requests().iter().map(|request| query(&request.target)).collect())
}

#[tokio::test]
async fn link_header_is_followed_by_its_query_only() {
    let link = "<https://evil.test/elsewhere?page=2&opaque=a%26b>; rel=\"next\", </x?page=9>; rel=last";
    let first = ScriptedResponse::json(200, json!([1, 2])).header("link", link).header("x-total-count", "3");
    let second = ScriptedResponse::json(200, json!([3]))
        .header("link", "</x?page=1>; rel=previous")
        .header("x-total-count", "3");
    let (items, asked) = asked(None, vec![first, second]).await;
    assert_eq!(items, [1, 2, 3]);
    assert_eq!(asked, ["scheduled_for_deletion=false", "scheduled_for_deletion=false&page=2&opaque=a%26b"]);
}

#[tokio::test]
async fn overlong_next_link_is_not_followed() {
    let link = format!("/x?{}", "a&".repeat(100_000));
    let first = ScriptedResponse::json(200, json!({"secrets": [1], "next": link}));
    let (items, asked) = asked(None, vec![first, ScriptedResponse::json(200, json!({"secrets": []}))]).await;
    assert_eq!(items, [1]);
    assert_eq!(asked[1], "scheduled_for_deletion=false&page=2", "there is another way");
}

#[tokio::test]
async fn has_more_member_of_response_is_followed() {
    let page = |items: Value, more: bool| {
        ScriptedResponse::json(200, json!({"inventory": items, "total": 2, "has_more": more}))
    };
    let answers = vec![page(json!([1, 2]), true), page(json!([]), true), page(json!([3]), false)];
    let (items, _) = asked(None, answers).await;
    assert_eq!(items, [1, 2, 3], "that total counts a page");
}

#[tokio::test]
async fn total_count_header_ends_paging() {
    let page = |items: Value| ScriptedResponse::json(200, json!({"servers": items})).header("x-total-count", "3");
    let (items, asked) = asked(None, vec![page(json!([1, 2])), page(json!([3]))]).await;
    assert_eq!((items.len(), asked.len()), (3, 2));
    assert!(asked[1].ends_with("page=2"), "{asked:?}");
}

#[tokio::test]
async fn cursor_names_can_be_configured() {
    let page = |items: Value, cursor: Value| {
        ScriptedResponse::json(200, json!({"hits": items, "noise": [0], "state": {"at": cursor}}))
    };
    let paging = Paging::cursor("from", "/state/at").items_at("/hits");
    let answers = vec![page(json!([1]), json!("a/b")), page(json!([]), json!("c")), page(json!([2]), json!(null))];
    let (items, asked) = asked(Some(paging), answers).await;
    assert_eq!(items, [1, 2], "a page may be empty and still lead on");
    assert!(asked[1].ends_with("&from=a%2Fb") && asked[2].ends_with("&from=c"), "{asked:?}");
}

#[tokio::test]
async fn repeated_page_ends_paging() {
    let same = || ScriptedResponse::json(200, json!({"secrets": [1, 2]}));
    let (items, asked) = asked(None, vec![same(), same()]).await;
    assert_eq!((items.len(), asked.len()), (2, 2), "the page that came again is not handed out again");
    let circle = |cursor: &str| ScriptedResponse::json(200, json!({"secrets": [cursor], "next": cursor}));
    let paging = Paging::cursor("cursor", "/next");
    let (items, _) = self::asked(Some(paging), vec![circle("a"), circle("b"), circle("a")]).await;
    assert!(items.len() >= 2, "{items:?}");
}

#[tokio::test]
async fn truncated_list_is_an_error() {
    let same = || ScriptedResponse::json(200, json!({"secrets": [1, 2], "total_count": 5}));
    let script = Script::new([same(), same()]);
    let client = scripted(&script).build().expect("the client is built");
    let mut items = client.list_secrets("fr-par").scheduled_for_deletion(false).items_as::<u32>();
    for number in [1, 2] {
        assert_eq!(items.next().await.expect("an item").expect("a number"), number);
    }
    let error = items.next().await.expect("an error").expect_err("three items never came");
    assert!(matches!(error.kind(), ErrorKind::Paging(_)), "{error}");
    let script = Script::new([same(), same()]);
    let client = scripted(&script).build().expect("the client is built");
    client
        .list_secrets("fr-par")
        .scheduled_for_deletion(false)
        .pages()
        .into_vec()
        .await
        .expect_err("pages say the same");
}

#[tokio::test]
async fn endless_list_is_an_error_at_page_limit() {
    let pages = (0..4).map(|number| ScriptedResponse::json(200, json!({"secrets": [number], "next": number + 1})));
    let script = Script::new(pages);
    let client = scripted(&script).build().expect("the client is built");
    let call = client
        .list_secrets("fr-par")
        .scheduled_for_deletion(false)
        .paging(Paging::cursor("cursor", "/next").page_limit(3));
    let mut items = call.items_as::<Value>();
    for number in 0..3 {
        assert_eq!(items.next().await.expect("an item").expect("an item"), number);
    }
    let error = items.next().await.expect("an error").expect_err("there are more than three pages");
    assert!(matches!(error.kind(), ErrorKind::Paging(problem) if problem.contains("page_limit")), "{error}");
    assert_eq!(script.remaining(), 1);
}

#[tokio::test]
async fn response_without_list_is_a_page_without_items() {
    let answer = || ScriptedResponse::json(200, json!({"id": "x"}));
    let script = Script::new([answer(), answer()]);
    let client = scripted(&script).build().expect("the client is built");
    assert_eq!(client.get_secret("fr-par", "x").pages().into_vec().await.expect("one page").len(), 1);
    let error = client.get_secret("fr-par", "x").items_as::<Value>().into_vec().await.expect_err("there is no list");
    assert!(matches!(error.kind(), ErrorKind::Paging(problem) if problem.contains("items_at")), "{error}");
}

#[tokio::test]
async fn item_of_wrong_type_is_an_error_without_quoted_data() {
    let script = Script::new([ScriptedResponse::json(200, json!({"secrets": [1, "hidden"], "total_count": 2}))]);
    let client = scripted(&script).build().expect("the client is built");
    let mut items = client.list_secrets("fr-par").scheduled_for_deletion(false).items_as::<u32>();
    assert_eq!(items.next().await.expect("an item").expect("a number"), 1);
    let error = items.next().await.expect("an error").expect_err("text is no number");
    assert_eq!(error.kind(), &ErrorKind::Decode);
    assert!(!format!("{error} {error:?}").contains("hidden"), "{error:?}");
}
