//! What the models of the cases `companions` and `shapes-of-bodies` take and send.

mod shapes;

use cases_companions_companions::models::{CreateItemRequest, Details, From_, Item, Kind, ListItemsResponse, Size};
use cases_companions_companions::runtime::Patch;
use cases_companions_companions::{Call as _, Client};
use serde_json::{Value, json};

/// A response with a value for every member.
fn whole() -> Value {
    json!({
        "name": "tea", "kind": "dry", "size": "large", "parts": [{"name": "leaf"}], "next": {"name": "milk"},
        "from": "shop", "token": "hunter22", "labels": {"a": "b"}, "notes": ["x", null],
        "details": {"since": "today", "until": 1, "marks": ["m"], "clear_marks": true, "grade": 2, "type": "plain"},
    })
}

fn read(response: &Value) -> Item {
    serde_json::from_value(response.clone()).unwrap_or_else(|error| panic!("{response}: {error}"))
}

/// Calls a function with the response after each change of one member, at any depth.
fn each_member(response: &Value, change: &dyn Fn(&mut serde_json::Map<String, Value>, &str), each: &dyn Fn(Value)) {
    let Value::Object(members) = response else { return };
    for name in members.keys() {
        let mut changed = members.clone();
        change(&mut changed, name);
        each(changed.into());
        each_member(&members[name], change, &|inside| {
            let mut changed = members.clone();
            changed[name] = inside;
            each(changed.into());
        });
    }
}

fn responses_may_drift() {
    let all = whole();
    let item = read(&all);
    assert_eq!(
        (item.name.as_deref(), item.kind.clone(), item.from_.clone()),
        (Some("tea"), Some(Kind::Dry), Some(From_::ShopInValue))
    );
    assert_eq!(item.notes, [Some("x".to_owned()), None]);
    assert_eq!(item.next_.as_ref().and_then(|next| next.name.as_deref()), Some("milk"));
    assert_eq!(item.size, Some(Size::from("large")));
    let details = item.details.clone().expect("details");
    assert_eq!((details.until.value(), details.type_.as_deref()), (Some(&1), Some("plain")));

    each_member(&all, &|members, name| drop(members.insert(name.to_owned(), Value::Null)), &|it| drop(read(&it)));
    each_member(&all, &|members, name| drop(members.remove(name)), &|it| drop(read(&it)));
    each_member(&all, &|members, _| drop(members.insert("new".to_owned(), json!("x"))), &|it| drop(read(&it)));
    let frozen = read(&json!({"kind": "frozen", "details": {"type": "round"}}));
    assert_eq!(frozen.kind, Some(Kind::from("frozen")));
    assert_eq!(serde_json::to_value(&frozen).expect("JSON")["kind"], "frozen");
    assert_eq!(read(&json!({"parts": [null], "labels": {"a": null}})), Item::default());
    let list: ListItemsResponse = serde_json::from_value(json!({"items": null})).expect("null is an empty list");
    assert!(list.items.is_empty() && list.total.is_none());
    let nothing: Option<Item> = serde_json::from_value(Value::Null).expect("no body");
    assert_eq!(nothing, None);
}

fn secrets_are_not_shown() {
    let item = read(&whole());
    let create = CreateItemRequest::new("tea", 1).password("hunter22");
    assert!(!format!("{item:?} {item:#?} {create:?}").contains("hunter22"));
    assert_eq!(item.token.expect("a token").expose(), "hunter22");
}

fn requests_send_what_is_set() {
    let json = |body: &CreateItemRequest| serde_json::to_value(body).expect("JSON");
    assert_eq!(json(&CreateItemRequest::new("tea", 1)), json!({"name": "tea", "price": 1.0}));
    let details = Details::new("today", 1).clear_until().marks(["m"]);
    let body = CreateItemRequest::new("tea", 1.5).kind("fresh").labels([("a", "b")]).details(details.clone());
    let sent = json!({
        "name": "tea", "price": 1.5, "kind": "fresh", "labels": {"a": "b"},
        "details": {"since": "today", "until": null, "marks": ["m"]},
    });
    assert_eq!(json(&body), sent);
    assert_eq!(serde_json::to_value(details.clear_marks_()).expect("JSON")["marks"], Value::Null);
    assert_eq!(Details::new("today", 1).marks, Patch::Keep);
}

/// Nothing is sent: the futures are never polled.
fn calls_take_models_and_values(client: &Client) {
    drop(client.create_item(CreateItemRequest::new("tea", 1).password("hunter22")).send_as::<Item>());
    drop(client.create_item(json!({"name": "tea"})).send());
}

fn main() {
    responses_may_drift();
    secrets_are_not_shown();
    requests_send_what_is_set();
    shapes::unions_are_what_their_values_say();
    shapes::values_of_every_kind_survive();
    shapes::requests_have_what_is_required();
    shapes::bases_are_their_subtypes_or_themselves();
    shapes::members_beside_others_survive();
    calls_take_models_and_values(&Client::builder().build().expect("a client"));
}
