//! Filters, order and pages of the list of secrets.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a failure ends the test")]

mod support;

use scaleway_simulator::{ORGANIZATION_ID, PROJECT_ID, Simulator};
use serde_json::{Value, json};
use support::{SECRETS, create, delete, get};

async fn list(simulator: &Simulator, query: &str) -> Value {
    let target = format!("{SECRETS}?project_id={PROJECT_ID}&{query}");
    get(simulator, &target).await.expect(200)
}

fn names(listed: &Value) -> Vec<&str> {
    let secrets = listed["secrets"].as_array().unwrap().iter();
    secrets.map(|secret| secret["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let simulator = Simulator::start().await.unwrap();
    let policy = json!({"expires_once_accessed": true, "action": "delete"});
    create(&simulator, "c", json!({"tags": ["a&b", "é"], "path": "/x/y"})).await;
    create(&simulator, "a", json!({"tags": ["a&b"], "type": "key_value"})).await;
    create(&simulator, "b", json!({"ephemeral_policy": policy})).await;
    let gone = create(&simulator, "gone", Value::Null).await;
    delete(&simulator, &gone).await.expect(204);

    for (query, expected) in [
        ("", vec!["a", "b", "c"]),
        ("order_by=name_desc", vec!["c", "b", "a"]),
        ("order_by=created_at_asc", vec!["c", "a", "b"]),
        ("order_by=updated_at_desc", vec!["b", "a", "c"]),
        ("tags=a%26b", vec!["a", "c"]),
        ("tags=a%26b&tags=%C3%A9", vec!["c"]),
        ("tags=a%26b,%C3%A9", vec![]),
        ("path=%2Fx%2Fy", vec!["c"]),
        ("path=%2Fx%2Fy%2F", vec![]),
        ("name=b", vec!["b"]),
        ("type=key_value", vec!["a"]),
        ("type=unknown_type", vec!["a", "b", "c"]),
        ("ephemeral=true", vec!["b"]),
        ("ephemeral=False", vec!["a", "c"]),
        ("scheduled_for_deletion=true", vec!["gone"]),
        ("scheduled_for_deletion=0", vec!["a", "b", "c"]),
        ("no_such_key=1", vec!["a", "b", "c"]),
    ] {
        let listed = list(&simulator, query).await;
        assert_eq!(names(&listed), expected, "{query}");
        assert_eq!(listed["total_count"], expected.len(), "{query}");
    }
    let target = format!("{SECRETS}?organization_id={ORGANIZATION_ID}");
    assert_eq!(get(&simulator, &target).await.json()["total_count"], 3);
}

#[tokio::test]
async fn pages_cover_the_list_and_count_all_of_it() {
    let simulator = Simulator::start().await.unwrap();
    for number in 0..105 {
        create(&simulator, &format!("s{number:03}"), Value::Null).await;
    }
    for (query, length) in [
        ("", 50),
        ("page_size=0", 50),
        ("page_size=1000", 100),
        ("page=2&page_size=100", 5),
        ("page=3", 5),
        ("page=4", 0),
        ("page=2147483647&page_size=100", 0),
    ] {
        let listed = list(&simulator, query).await;
        assert_eq!(names(&listed).len(), length, "{query}");
        assert_eq!(listed["total_count"], 105, "{query}");
    }
    let second = list(&simulator, "page=2&page_size=2").await;
    assert_eq!(names(&second), ["s002", "s003"]);
}

#[tokio::test]
async fn bad_parameters_are_refused() {
    let simulator = Simulator::start().await.unwrap();
    for (query, argument) in [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=x", "page"),
        ("page_size=-1", "page_size"),
        ("order_by=size", "order_by"),
        ("type=x", "type"),
        ("ephemeral=yes", "ephemeral"),
        ("organization_id=x", "organization_id"),
    ] {
        let target = format!("{SECRETS}?project_id={PROJECT_ID}&{query}");
        let refused = get(&simulator, &target).await.expect(400);
        assert_eq!(refused["details"][0]["argument_name"], argument, "{query}");
    }
}
