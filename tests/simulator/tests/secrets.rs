//! The life of a secret.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a failure ends the test")]

mod support;

use std::time::Duration;

use scaleway_simulator::{PROJECT_ID, Simulator};
use serde_json::{Value, json};
use support::{SECRETS, create, delete, get, post, send};

const WEEK: Duration = Duration::from_secs(7 * 86_400);

#[tokio::test]
async fn a_new_secret_has_all_fields_in_wire_order() {
    let simulator = Simulator::start().await.unwrap();
    let body = json!({"project_id": PROJECT_ID, "name": "db", "tags": null, "path": "/a/b/"});
    let created = post(&simulator, SECRETS, body).await.expect(200);
    let keys: Vec<&String> = created.as_object().unwrap().keys().collect();
    let expected = "id project_id name status created_at updated_at tags version_count \
        description managed protected type path ephemeral_policy used_by \
        deletion_requested_at key_id region";
    assert_eq!(keys, expected.split_whitespace().collect::<Vec<_>>());
    assert_eq!(created["status"], "ready");
    assert_eq!(created["type"], "opaque");
    assert_eq!(created["path"], "/a/b");
    assert_eq!(created["description"], "");
    assert_eq!(created["tags"], json!([]));
    assert_eq!(created["created_at"], created["updated_at"]);
    assert_eq!(created["created_at"].as_str().unwrap().len(), 27);
    for null in ["ephemeral_policy", "deletion_requested_at", "key_id"] {
        assert_eq!(created[null], Value::Null);
    }
}

#[tokio::test]
async fn deletion_is_soft_and_can_be_undone() {
    let simulator = Simulator::start().await.unwrap();
    let path = create(&simulator, "a", json!({"tags": ["x"], "description": "d"})).await;
    let cleared = send(&simulator, "PATCH", &path, json!({"tags": [], "description": ""})).await;
    let cleared = cleared.expect(200);
    assert_eq!(cleared["tags"], json!([]));
    assert_eq!(cleared["description"], "");
    assert_ne!(cleared["updated_at"], cleared["created_at"]);

    delete(&simulator, &path).await.expect(204);
    let scheduled = get(&simulator, &path).await.expect(200);
    assert_eq!(scheduled["status"], "ready");
    assert_eq!(scheduled["deletion_requested_at"], scheduled["updated_at"]);

    let again = delete(&simulator, &path).await.expect(412);
    assert_eq!(again["precondition"], "resource_not_usable");
    send(&simulator, "PATCH", &path, json!({"name": "b"})).await.expect(412);
    post(&simulator, &format!("{path}/protect"), json!({})).await.expect(412);

    let restored = post(&simulator, &format!("{path}/restore"), json!({})).await;
    assert_eq!(restored.expect(200)["deletion_requested_at"], Value::Null);
    post(&simulator, &format!("{path}/restore"), json!({})).await.expect(412);
    delete(&simulator, &path).await.expect(204);
}

#[tokio::test]
async fn deletion_is_final_after_a_week() {
    let simulator = Simulator::start().await.unwrap();
    let path = create(&simulator, "a", Value::Null).await;
    delete(&simulator, &path).await.expect(204);
    simulator.advance(WEEK - Duration::from_secs(60));
    get(&simulator, &path).await.expect(200);
    simulator.advance(Duration::from_secs(60));
    let gone = get(&simulator, &path).await.expect(404);
    let id = path.rsplit('/').next().unwrap();
    let expected = json!({
        "message": "resource is not found",
        "resource": "secret",
        "resource_id": id,
        "type": "not_found",
    });
    assert_eq!(gone, expected);
    post(&simulator, &format!("{path}/restore"), json!({})).await.expect(404);
}

#[tokio::test]
async fn protection_prevents_deletion() {
    let simulator = Simulator::start().await.unwrap();
    let path = create(&simulator, "a", Value::Null).await;
    let before = get(&simulator, &path).await.json();
    // A body is not needed.
    for body in [json!({}), Value::Null] {
        let protected = post(&simulator, &format!("{path}/protect"), body).await.expect(200);
        assert_eq!(protected["protected"], true);
        assert_eq!(protected["updated_at"], before["updated_at"]);
    }
    let refused = delete(&simulator, &path).await.expect(412);
    assert_eq!(refused["precondition"], "protected_resource");
    assert_eq!(refused["type"], "precondition_failed");
    send(&simulator, "PATCH", &path, json!({"description": "d"})).await.expect(200);
    let free = post(&simulator, &format!("{path}/unprotect"), json!({})).await;
    assert_eq!(free.expect(200)["protected"], false);
    delete(&simulator, &path).await.expect(204);
}

#[tokio::test]
async fn names_are_unique_among_live_secrets_of_a_path() {
    let simulator = Simulator::start().await.unwrap();
    let first = create(&simulator, "a", Value::Null).await;
    create(&simulator, "a", json!({"path": "/other"})).await;
    let body = json!({"project_id": PROJECT_ID, "name": "a"});
    let refused = post(&simulator, SECRETS, body).await.expect(400);
    let expected = json!({
        "details": [{
            "argument_name": "name",
            "help_message": "cannot have same secret name in same path",
            "reason": "format",
        }],
        "message": "invalid argument(s)",
        "type": "invalid_arguments",
    });
    assert_eq!(refused, expected);

    delete(&simulator, &first).await.expect(204);
    let second = create(&simulator, "a", Value::Null).await;
    post(&simulator, &format!("{first}/restore"), json!({})).await.expect(400);
    let third = create(&simulator, "b", Value::Null).await;
    send(&simulator, "PATCH", &third, json!({"name": "a"})).await.expect(400);
    send(&simulator, "PATCH", &second, json!({"name": "a"})).await.expect(200);
}

#[tokio::test]
async fn arguments_are_checked() {
    let simulator = Simulator::start().await.unwrap();
    let policy = |policy: Value| json!({"project_id": PROJECT_ID, "name": "a", "ephemeral_policy": policy});
    for (body, argument, reason) in [
        (json!({}), "project_id", "required"),
        (json!({"project_id": "x"}), "project_id", "format"),
        (json!({"project_id": PROJECT_ID}), "name", "required"),
        (json!({"project_id": PROJECT_ID, "name": "a/b"}), "name", "format"),
        (json!({"project_id": PROJECT_ID, "name": "a".repeat(256)}), "name", "constraint"),
        (json!({"project_id": PROJECT_ID, "name": "a", "path": "x"}), "path", "format"),
        (json!({"project_id": PROJECT_ID, "name": "a", "type": "x"}), "type", "constraint"),
        (json!({"project_id": PROJECT_ID, "name": "a", "key_id": "x"}), "key_id", "format"),
        (policy(json!({"action": "delete"})), "ephemeral_policy", "constraint"),
        (policy(json!({"time_to_live": "0.5s"})), "ephemeral_policy.time_to_live", "constraint"),
        (policy(json!({"time_to_live": "60s"})), "ephemeral_policy.action", "constraint"),
    ] {
        let refused = post(&simulator, SECRETS, body).await.expect(400);
        assert_eq!(refused["details"][0]["argument_name"], argument);
        assert_eq!(refused["details"][0]["reason"], reason);
    }
    let path = create(&simulator, "a", Value::Null).await;
    for (body, reason) in [(json!({}), "required"), (json!({"product": "x"}), "constraint")] {
        let refused = post(&simulator, &format!("{path}/add-owner"), body).await.expect(400);
        assert_eq!(refused["details"][0]["reason"], reason);
    }
    let unknown = SECRETS.replace("fr-par", "it-mil");
    get(&simulator, &unknown).await.expect(400);
}

#[tokio::test]
async fn owners_are_added_once() {
    let simulator = Simulator::start().await.unwrap();
    let path = create(&simulator, "a", Value::Null).await;
    for _ in 0..2 {
        let body = json!({"product": "s2s_vpn"});
        post(&simulator, &format!("{path}/add-owner"), body).await.expect(204);
    }
    assert_eq!(get(&simulator, &path).await.json()["used_by"], json!(["s2s_vpn"]));
}

#[tokio::test]
async fn regions_are_isolated() {
    let simulator = Simulator::start().await.unwrap();
    let path = create(&simulator, "a", Value::Null).await;
    let elsewhere = path.replace("fr-par", "nl-ams");
    get(&simulator, &elsewhere).await.expect(404);
    let body = json!({"project_id": PROJECT_ID, "name": "a"});
    let twin = post(&simulator, &SECRETS.replace("fr-par", "nl-ams"), body).await.expect(200);
    assert_eq!(twin["region"], "nl-ams");
    let listed = get(&simulator, &format!("{SECRETS}?project_id={PROJECT_ID}")).await.json();
    assert_eq!(listed["total_count"], 1);
}

#[tokio::test]
async fn ephemeral_secrets_vanish_at_once() {
    let simulator = Simulator::start().await.unwrap();
    let policy = json!({"time_to_live": "1800.000000000s", "action": "disable"});
    let path = create(&simulator, "a", json!({"ephemeral_policy": policy})).await;
    let shown = get(&simulator, &path).await.json();
    let expected = json!({"time_to_live": "1800s", "expires_once_accessed": null, "action": "disable"});
    assert_eq!(shown["ephemeral_policy"], expected);
    delete(&simulator, &path).await.expect(204);
    get(&simulator, &path).await.expect(404);

    let plain = create(&simulator, "b", Value::Null).await;
    let policy = json!({"ephemeral_policy": {"time_to_live": "60s", "action": "delete"}});
    send(&simulator, "PATCH", &plain, policy).await.expect(400);
}

#[tokio::test]
async fn tests_can_lock_override_and_delay() {
    let simulator = Simulator::start().await.unwrap();
    let path = create(&simulator, "a", Value::Null).await;
    let id = path.rsplit('/').next().unwrap();
    simulator.lock_secret("fr-par", id);
    assert_eq!(get(&simulator, &path).await.json()["status"], "locked");
    assert_eq!(delete(&simulator, &path).await.expect(423)["type"], "locked");
    simulator.override_field("fr-par", id, "type", json!("brand_new"));
    assert_eq!(get(&simulator, &path).await.json()["type"], "brand_new");

    simulator.set_read_lag(2);
    let late = create(&simulator, "b", Value::Null).await;
    get(&simulator, &late).await.expect(404);
    get(&simulator, &late).await.expect(404);
    get(&simulator, &late).await.expect(200);
}
