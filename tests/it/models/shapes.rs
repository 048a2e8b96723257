use cases_shapes_of_bodies_shapes_of_bodies::models::{
    Animal, AnimalBase, Cat, Dog, Fish, From_, Home, Inline, Input, List, Mapped, NewThing, Order, Pet, Placed, Room,
    State, Target, Thing, Tree, Word, Words,
};
use cases_shapes_of_bodies_shapes_of_bodies::runtime::Base64;
use serde_json::{Value, json};

fn thing(response: &Value) -> Thing {
    serde_json::from_value(response.clone()).unwrap_or_else(|error| panic!("{response}: {error}"))
}

/// Reads a response with one member, and checks that nothing of the member is lost.
fn member(name: &str, value: Value) -> Thing {
    let read = thing(&json!({ name: value }));
    let written = serde_json::to_value(&read).expect("JSON");
    match &value {
        Value::Object(members) => members.iter().for_each(|(member, value)| assert_eq!(&written[name][member], value)),
        _ => assert_eq!(written[name], value),
    }
    read
}

pub(crate) fn unions_are_what_their_values_say() {
    let pet = |value| member("pet", value).pet.expect("a pet");
    assert!(matches!(pet(json!({"kind": "kitten", "lives": 9})), Pet::Cat(cat) if cat.lives == Some(9)));
    let dog = pet(json!({"kind": "dog", "owner": "Ann"}));
    assert!(matches!(&dog, Pet::Dog(dog) if dog.owner.as_deref() == Some("Ann")), "{dog:?}");
    assert_eq!(pet(json!({"kind": "bird"})), Pet::Unknown(json!({"kind": "bird"})));
    let mapped = |side: &str| member("mapped", json!({ "side": side })).mapped.expect("a value");
    assert!(matches!((mapped("l"), mapped("left")), (Mapped::Left(_), Mapped::Left(_))));
    assert!(matches!((mapped("Unknown"), mapped("?")), (Mapped::Unknown_(_), Mapped::Unknown(_))));
    let numbered = |number: i64| format!("{:?}", member("numbered", json!({ "type": number })).numbered);
    assert_ne!(numbered(1), numbered(2));
    assert!(numbered(3).contains("Unknown(..)"));

    let inline = |value| member("inline", value).inline.expect("a value");
    assert!(matches!(inline(json!({"a": "x", "shared": 1})), Inline::InlineWithA(_)));
    assert!(matches!(inline(json!({"a": "x", "b": "y"})), Inline::InlineWithB(_)));
    assert!(format!("{:?}", inline(json!({"c": "x"}))).contains("c: Some"));

    let shape = |value| member("shape", value).shape.expect("a value");
    assert_eq!((shape(json!(true)), shape(json!(1.5))), (true.into(), 1.5.into()));
    assert_eq!((shape(json!([1, null])), shape(json!("x"))), (vec![json!(1), json!(null)].into(), List::Unknown(json!("x"))));
    let from: From_ = serde_json::from_value(json!({"from": "a"})).expect("an object");
    assert_eq!(shape(json!({"from": "a"})), from.clone().into());
    let target = |value| member("target", value).target.expect("a value");
    assert_eq!((target(json!("all")), target(json!("new"))), ("all".into(), "new".into()));
    assert_eq!(target(json!({"from": "a"})), from.into());
    assert!(matches!(target(json!({"x": 1, "y": null})), Target::Map(map) if map["y"].is_none()));
    let input = |value| member("input", value).input.expect("a value");
    assert_eq!((input(json!("a")), input(json!(["a"]))), ("a".into(), vec!["a".to_owned()].into()));
    assert_eq!((input(json!([1])), input(json!([[1]]))), (vec![1].into(), vec![vec![1]].into()));
    assert_eq!(input(json!(1)), Input::Unknown(json!(1)));
}

pub(crate) fn values_of_every_kind_survive() {
    let thing = member("count", json!(u64::MAX));
    assert_eq!(thing.count, Some(u64::MAX));
    assert_eq!(member("order", json!("ASC")).order, Some(Order::from("ASC")));
    assert_ne!(Order::from("ASC"), Order::from("asc"));
    assert_eq!(member("word", json!("last")).word, Some(Word::Last));
    assert_eq!((member("words", json!("x")).words, Word::from("other").as_str()), (Some(Words::X), "other"));
    assert_eq!((member("grade", json!(1.5)).grade, member("new", json!("x")).new_.as_deref()), (Some(1.5), Some("x")));
    assert_eq!(member("data", json!("aGk=")).data.map(|data| data.bytes()), Some(Ok(b"hi".to_vec())));
    let others = member("more", json!(1));
    assert_eq!((others.others_2["more"], others.others), (1, None));
    assert!(!format!("{:?}", member("hidden", json!("hunter22"))).contains("hunter22"));
    member("like", json!([{"kind": "cat", "new": 1}]));
    member("endless", json!([[], [[]]]));
    let tree = json!({"leaf": {"leaf": "x", "parent": {"leaf": "y"}, "branches": [null, {"leaf": "z"}]}});
    let tree: Tree = serde_json::from_value(tree).expect("a tree");
    assert!(format!("{tree:?}").contains('z'));
}

pub(crate) fn requests_have_what_is_required() {
    let json = |body: &NewThing| serde_json::to_value(body).expect("JSON");
    let new = || NewThing::new("fr", b"hi", "Ann", "db", 1_u64);
    let mut sent = json!({"zone": "fr", "data": "aGk=", "owner": "Ann", "name": "db", "count": 1, "kind": "thing", "level": 3});
    assert_eq!(json(&new()), sent);
    let dog = Dog::new().owner("Ann").friend(Cat::new("cat"));
    let body = new().clear_owner().secret(b"hunter22").pet(dog).target("all");
    sent["owner"] = Value::Null;
    sent["secret"] = json!("aHVudGVyMjI=");
    sent["pet"] = json!({"kind": "dog", "owner": "Ann", "friend": {"kind": "cat"}});
    sent["target"] = json!("all");
    assert_eq!(json(&body), sent);
    assert!(!format!("{body:?}").contains("aHVu"));
    assert_eq!(Base64::from("hi".as_bytes()).as_str(), "aGk=");
}

pub(crate) fn bases_are_their_subtypes_or_themselves() {
    let animal = |value: Value| -> Animal { serde_json::from_value(value).expect("an animal") };
    let bird = animal(json!({"kind": "bird", "wings": true, "friend": {"kind": "fish", "fins": 2}}));
    let Animal::Bird(bird) = bird else { panic!("{bird:?}") };
    assert!(matches!(bird.friend, Some(Animal::Fish(fish)) if fish.fins == Some(2)));
    assert!(matches!(animal(json!({"kind": "cat", "name": "Tom"})), Animal::AnimalBase(base) if base.name.is_some()));
    assert!(matches!(animal(json!({})), Animal::AnimalBase(_)));
    let sent = serde_json::to_value(Animal::from(Fish::new("fish", "Nemo", 2).friend(AnimalBase::new("cat", "Tom"))));
    let friend = json!({"kind": "cat", "name": "Tom"});
    assert_eq!(sent.expect("JSON"), json!({"fins": 2, "kind": "fish", "name": "Nemo", "friend": friend}));
}

pub(crate) fn members_beside_others_survive() {
    let home = |value: Value| -> Home { serde_json::from_value(value).expect("a home") };
    let read = home(json!({"@context": "a", "rooms": ["x"], "new": "https://a.test", "biggest": u64::MAX, "state": "open"}));
    assert_eq!((read.others["rooms"].len(), read.others.len(), read.biggest), (1, 1, Some(u64::MAX)));
    assert_eq!((read.context.as_deref(), read.state), (Some("a"), Some(State::Open)));
    let room = home(json!({"room": {"sort": "tank", "size": 3, "litres": 1.5}})).room;
    assert!(matches!(room, Some(Room::Tank(tank)) if tank.size == Some(3) && tank.litres == Some(1.5)));
    let placed = home(json!({"placed": {"at": "x"}})).placed;
    assert!(matches!(placed, Some(Placed::PlacedObject(object)) if object.at.is_some()));
    let dates = home(json!({"birthDate": "1", "_birthDate": "2", "since": "3"}));
    assert_eq!((dates.birth_date.as_deref(), dates.underscore_birth_date.as_deref()), (Some("1"), Some("2")));
}
