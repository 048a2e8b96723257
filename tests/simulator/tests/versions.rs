//! The life of versions.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a failure ends the test")]

mod support;

use std::time::Duration;

use scaleway_simulator::Simulator;
use serde_json::{Value, json};
use support::{create, delete, get, post};

async fn add(simulator: &Simulator, secret: &str, body: Value) -> Value {
    post(simulator, &format!("{secret}/versions"), body).await.expect(200)
}

async fn status(simulator: &Simulator, version: &str) -> Value {
    get(simulator, version).await.expect(200)["status"].clone()
}

#[tokio::test]
async fn revisions_count_up_and_the_last_one_is_latest() {
    let simulator = Simulator::start().await.unwrap();
    let secret = create(&simulator, "a", Value::Null).await;
    let before = get(&simulator, &secret).await.json();
    let first = add(&simulator, &secret, json!({"data": "Zm9v"})).await;
    assert_eq!(first["revision"], 1);
    assert_eq!(first.as_object().unwrap().len(), 11);
    let second = json!({"data": "YmFy", "disable_previous": true, "description": "d"});
    add(&simulator, &secret, second).await;

    let listed = get(&simulator, &format!("{secret}/versions")).await.json();
    let shown: Vec<_> = listed["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| (&version["revision"], &version["status"], &version["latest"]))
        .collect();
    assert_eq!(json!(shown), json!([[2, "enabled", true], [1, "disabled", false]]));
    let target = format!("{secret}/versions?status=disabled&status=deleted");
    assert_eq!(get(&simulator, &target).await.json()["total_count"], 1);
    let after = get(&simulator, &secret).await.json();
    assert_eq!(after["version_count"], 2);
    assert_eq!(after["updated_at"], before["updated_at"]);
}

#[tokio::test]
async fn a_restored_version_has_its_former_status() {
    let simulator = Simulator::start().await.unwrap();
    let secret = create(&simulator, "a", Value::Null).await;
    for data in ["Zm9v", "YmFy"] {
        add(&simulator, &secret, json!({"data": data})).await;
    }
    post(&simulator, &format!("{secret}/versions/2/disable"), json!({})).await.expect(200);
    for (revision, former) in [(1, "enabled"), (2, "disabled")] {
        let version = format!("{secret}/versions/{revision}");
        post(&simulator, &format!("{version}/restore"), json!({})).await.expect(412);
        delete(&simulator, &version).await.expect(204);
        assert_eq!(status(&simulator, &version).await, "scheduled_for_deletion");
        delete(&simulator, &version).await.expect(412);
        let restored = post(&simulator, &format!("{version}/restore"), json!({})).await.expect(200);
        assert_eq!(restored["status"], former);
        assert_eq!(restored["deletion_requested_at"], Value::Null);
    }
}

#[tokio::test]
async fn versions_are_deleted_and_restored_with_their_secret() {
    let simulator = Simulator::start().await.unwrap();
    let secret = create(&simulator, "a", Value::Null).await;
    add(&simulator, &secret, json!({"data": "Zm9v"})).await;
    let version = format!("{secret}/versions/1");
    post(&simulator, &format!("{version}/disable"), json!({})).await.expect(200);
    delete(&simulator, &secret).await.expect(204);
    assert_eq!(status(&simulator, &version).await, "scheduled_for_deletion");
    for action in ["restore", "enable"] {
        post(&simulator, &format!("{version}/{action}"), json!({})).await.expect(412);
    }
    get(&simulator, &format!("{version}/access")).await.expect(412);
    post(&simulator, &format!("{secret}/restore"), json!({})).await.expect(200);
    assert_eq!(status(&simulator, &version).await, "disabled");
    let enabled = post(&simulator, &format!("{version}/enable"), json!({})).await.expect(200);
    assert_eq!(enabled["status"], "enabled");
}

#[tokio::test]
async fn a_version_is_erased_after_a_week() {
    let simulator = Simulator::start().await.unwrap();
    let secret = create(&simulator, "a", Value::Null).await;
    add(&simulator, &secret, json!({"data": "Zm9v"})).await;
    let version = format!("{secret}/versions/1");
    delete(&simulator, &version).await.expect(204);
    simulator.advance(Duration::from_secs(7 * 86_400));
    assert_eq!(status(&simulator, &version).await, "deleted");
    post(&simulator, &format!("{version}/restore"), json!({})).await.expect(412);
    assert_eq!(get(&simulator, &secret).await.json()["version_count"], 1);
}

#[tokio::test]
async fn values_are_readable_while_enabled() {
    let simulator = Simulator::start().await.unwrap();
    let secret = create(&simulator, "a", Value::Null).await;
    let id = secret.rsplit('/').next().unwrap();
    let body = json!({"data": "MTIzNDU2Nzg5", "data_crc32": 0xCBF4_3926_u32});
    add(&simulator, &secret, body).await;
    add(&simulator, &secret, json!({"data": "Zm9v"})).await;
    let expected = json!({
        "secret_id": id,
        "revision": 1,
        "data": "MTIzNDU2Nzg5",
        "data_crc32": 0xCBF4_3926_u32,
        "type": "opaque",
    });
    let first = get(&simulator, &format!("{secret}/versions/1/access")).await;
    assert_eq!(first.expect(200), expected);

    delete(&simulator, &format!("{secret}/versions/latest")).await.expect(204);
    get(&simulator, &format!("{secret}/versions/latest/access")).await.expect(412);
    let enabled = get(&simulator, &format!("{secret}/versions/latest_enabled/access")).await;
    assert_eq!(enabled.expect(200)["revision"], 1);
}

#[tokio::test]
async fn ephemeral_versions_expire() {
    let simulator = Simulator::start().await.unwrap();
    let policy = json!({"time_to_live": "60s", "expires_once_accessed": true, "action": "disable"});
    let secret = create(&simulator, "a", json!({"ephemeral_policy": policy})).await;
    add(&simulator, &secret, json!({"data": "Zm9v"})).await;
    let version = format!("{secret}/versions/1");
    get(&simulator, &format!("{version}/access")).await.expect(200);
    get(&simulator, &format!("{version}/access")).await.expect(412);
    post(&simulator, &format!("{version}/enable"), json!({})).await.expect(200);
    simulator.advance(Duration::from_secs(60));
    assert_eq!(status(&simulator, &version).await, "disabled");
    delete(&simulator, &version).await.expect(204);
    assert_eq!(status(&simulator, &version).await, "deleted");
}

#[tokio::test]
async fn bad_versions_are_refused() {
    let simulator = Simulator::start().await.unwrap();
    let secret = create(&simulator, "a", Value::Null).await;
    let large = "AAAA".repeat(64 * 1024 / 3 + 1);
    for (body, argument) in [
        (json!({}), "data"),
        (json!({"data": "?"}), "data"),
        (json!({"data": large}), "data"),
        (json!({"data": "Zm9v", "data_crc32": 1}), "data_crc32"),
    ] {
        let refused = post(&simulator, &format!("{secret}/versions"), body).await.expect(400);
        assert_eq!(refused["details"][0]["argument_name"], argument);
    }
    let unknown = get(&simulator, &format!("{secret}/versions/7")).await.expect(404);
    assert_eq!(unknown["resource"], "secret_version");
    assert_eq!(unknown["resource_id"], "7");
    get(&simulator, &format!("{secret}/versions/x")).await.expect(400);

    for _ in 0..20 {
        add(&simulator, &secret, json!({"data": "Zm9v"})).await;
    }
    let body = json!({"data": "Zm9v"});
    let refused = post(&simulator, &format!("{secret}/versions"), body).await.expect(403);
    assert_eq!(refused["type"], "quotas_exceeded");
}
