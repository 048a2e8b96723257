//! The life of versions.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a failure ends the test")]

mod support;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scaleway_simulator::{OTHER_PROJECT_ID, PROJECT_ID, Simulator};
use serde_json::{Value, json};
use support::{create, delete, get, post, send};

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

#[tokio::test]
async fn metadata_changes_and_values_do_not() {
    let simulator = Simulator::start().await.unwrap();
    let secret = create(&simulator, "a", Value::Null).await;
    let before = add(&simulator, &secret, json!({"data": "Zm9v", "description": "d"})).await;
    let version = format!("{secret}/versions/1");
    let update = async |body: Value| send(&simulator, "PATCH", &version, body).await;

    let same = update(json!({"description": null, "data": "YmFy"})).await.expect(200);
    assert_eq!(same, before);
    let cleared = update(json!({"description": ""})).await.expect(200);
    assert_eq!(cleared["description"], "");
    assert_ne!(cleared["updated_at"], before["updated_at"]);
    let properties =
        json!({"expires_at": "2100-03-01T02:00:00+02:00", "expires_once_accessed": null, "action": "disable"});
    let ephemeral = update(json!({"ephemeral_properties": properties})).await.expect(200);
    assert_eq!(ephemeral["ephemeral_properties"]["expires_at"], "2100-03-01T00:00:00.000000Z");
    let shown = get(&simulator, &format!("{version}/access")).await.expect(200);
    assert_eq!(shown["data"], "Zm9v");

    for (properties, argument) in [
        (json!({"expires_at": "soon", "action": "delete"}), "ephemeral_properties.expires_at"),
        (json!({"expires_once_accessed": true}), "ephemeral_properties.action"),
        (json!({"action": "delete"}), "ephemeral_properties"),
    ] {
        let refused = update(json!({"ephemeral_properties": properties})).await.expect(400);
        assert_eq!(refused["details"][0]["argument_name"], argument);
    }
    delete(&simulator, &version).await.expect(204);
    update(json!({"description": "e"})).await.expect(412);
}

#[tokio::test]
async fn values_are_found_by_the_name_of_their_secret() {
    let simulator = Simulator::start().await.unwrap();
    let former = create(&simulator, "db", json!({"path": "/prod"})).await;
    delete(&simulator, &former).await.expect(204);
    let secret = create(&simulator, "db", json!({"path": "/prod"})).await;
    add(&simulator, &secret, json!({"data": "Zm9v"})).await;
    let target = |query: &str| {
        format!("/secret-manager/v1beta1/regions/fr-par/secrets-by-path/versions/latest_enabled/access?{query}")
    };
    let project = format!("project_id={PROJECT_ID}");
    let found = get(&simulator, &target(&format!("{project}&secret_path=%2Fprod&secret_name=db"))).await.expect(200);
    assert_eq!(found["data"], "Zm9v");
    assert_eq!(found["secret_id"], secret.rsplit('/').next().unwrap());

    let unknown = get(&simulator, &target(&format!("{project}&secret_path=%2F&secret_name=db"))).await.expect(404);
    assert_eq!(unknown["resource"], "secret");
    for (query, argument) in [
        ("secret_path=%2Fprod&secret_name=db".to_owned(), "project_id"),
        (format!("{project}&secret_name=db"), "secret_path"),
        (format!("{project}&secret_path=%2Fprod"), "secret_name"),
    ] {
        let refused = get(&simulator, &target(&query)).await.expect(400);
        assert_eq!(refused["details"][0]["argument_name"], argument);
        assert_eq!(refused["details"][0]["reason"], "required");
    }
    let other = format!("project_id={OTHER_PROJECT_ID}&secret_path=%2Fprod&secret_name=db");
    get(&simulator, &target(&other)).await.expect(403);
}

#[tokio::test]
async fn values_have_to_fit_the_type_of_their_secret() {
    let simulator = Simulator::start().await.unwrap();
    let database = r#"{"engine":"postgres","username":"u","password":"p","host":"h","dbname":"d","port":"5432"}"#;
    for (kind, good, bad) in [
        ("certificate", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", "AA=="),
        ("key_value", r#"{"a":"b","c":1,"d":true}"#, r#"{"a":{"b":1}}"#),
        ("basic_credentials", r#"{"username":"u","password":"p"}"#, r#"{"username":"u"}"#),
        ("database_credentials", database, &database.replace("\"5432\"", "5432")),
        ("ssh_key", r#"{"ssh_private_key":"k"}"#, "k"),
    ] {
        let secret = create(&simulator, kind, json!({"type": kind})).await;
        let refused = post(&simulator, &format!("{secret}/versions"), json!({"data": STANDARD.encode(bad)})).await;
        assert_eq!(refused.expect(400)["details"][0]["argument_name"], "data", "{kind}");
        add(&simulator, &secret, json!({"data": STANDARD.encode(good)})).await;
        let shown = get(&simulator, &format!("{secret}/versions/latest/access")).await.expect(200);
        assert_eq!(shown["type"], kind);
    }
}

#[tokio::test]
async fn versions_are_listed_in_pages() {
    let simulator = Simulator::start().await.unwrap();
    let secret = create(&simulator, "a", Value::Null).await;
    for _ in 0..5 {
        add(&simulator, &secret, json!({"data": "Zm9v"})).await;
    }
    for (query, expected) in
        [("page_size=2", vec![5, 4]), ("page=3&page_size=2", vec![1]), ("page=4&page_size=2", vec![])]
    {
        let listed = get(&simulator, &format!("{secret}/versions?{query}")).await.expect(200);
        let revisions: Vec<_> =
            listed["versions"].as_array().unwrap().iter().map(|it| it["revision"].as_u64().unwrap()).collect();
        assert_eq!(revisions, expected, "{query}");
        assert_eq!(listed["total_count"], 5, "{query}");
    }
    get(&simulator, &format!("{secret}/versions?status=gone")).await.expect(400);
}
