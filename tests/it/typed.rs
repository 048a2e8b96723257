//! Typed bodies and responses of a client whose capability has a companion.

use futures_util::StreamExt as _;
use naftiko_client::testing::{Script, ScriptedResponse};
use naftiko_tests::World;
use scaleway_secret_manager_secret_versions::models::{
    CreateSecretVersion, EphemeralAction, EphemeralProperties, SecretVersion, UpdateSecretVersion, VersionStatus,
};
use scaleway_secret_manager_secret_versions::{Call as _, Client, ErrorKind, models};
use scaleway_simulator::TOKEN;
use serde_json::{Value, json};

fn client(script: &Script) -> Client {
    Client::builder().token(TOKEN).transport(script.clone()).build().expect("the client is built")
}

/// The response to one call.
async fn read(body: Value) -> SecretVersion {
    let script = Script::new([ScriptedResponse::json(200, body)]);
    let response = client(&script).get_secret_version("fr-par", "id", "1").send().await;
    response.expect("it is decoded").into_body()
}

#[tokio::test]
async fn models_are_sent_and_responses_are_models() {
    let world = World::start().await;
    let client = Client::builder().base_uri(world.simulator.base_uri()).token(TOKEN).build().expect("a client");
    let id = world.secret("held").await;
    world.simulator.take_requests();
    let body = CreateSecretVersion::new(b"correct horse").description("the first").clear_disable_previous();
    let created = client.create_secret_version("fr-par", &id, body).send().await.expect("it is created").into_body();
    assert_eq!((created.revision, created.status), (Some(1), Some(VersionStatus::Enabled)));
    assert_eq!(created.description.as_deref(), Some("the first"));
    assert_eq!(
        world.request().json(),
        json!({"data": "Y29ycmVjdCBob3JzZQ==", "description": "the first", "disable_previous": null})
    );
    let value = client.access_secret_version("fr-par", &id, "1").send().await.expect("it can be read").into_body();
    assert!(!format!("{value:?}").contains("Y29ycmVj"), "{value:?}");
    assert_eq!(value.data.map(|data| data.into_inner().bytes()), Some(Ok(b"correct horse".to_vec())));
}

#[tokio::test]
async fn unseen_values_unseen_members_and_nulls_survive() {
    let version = read(json!({"status": "frozen", "revision": 7, "colour": "red", "region": null})).await;
    assert_eq!((version.revision, &version.region), (Some(7), &None));
    assert_eq!(version.status.as_ref().map(VersionStatus::as_str), Some("frozen"));
    let nulls = ["created_at", "ephemeral_properties", "latest", "revision", "status", "secret_id"];
    assert_eq!(read(nulls.iter().map(|name| ((*name).to_owned(), Value::Null)).collect()).await, Default::default());
    assert_eq!(read(json!({})).await, Default::default());
    assert_eq!(read(Value::Null).await, Default::default());
}

#[tokio::test]
async fn responses_without_a_body_are_models_with_nothing_in_them() {
    let script = Script::new([ScriptedResponse::status(204), ScriptedResponse::status(204)]);
    let client = client(&script);
    let version = client.get_secret_version("fr-par", "id", "1").send().await.expect("it is decoded");
    assert_eq!(*version.body(), SecretVersion::default());
    assert!(client.list_secret_versions("fr-par", "id").send().await.expect("a page").body().versions.is_empty());
}

#[tokio::test]
async fn member_of_another_kind_is_an_error_that_quotes_nothing() {
    let script = Script::new([ScriptedResponse::json(200, json!({"revision": "hunter22"}))]);
    let error = client(&script).get_secret_version("fr-par", "id", "1").send().await.expect_err("it is no number");
    assert!(matches!(error.kind(), ErrorKind::Decode), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter22"), "{error:?}");
}

#[tokio::test]
async fn body_of_an_error_is_a_model() {
    let body = json!({"type": "quotas_exceeded", "details": [{"resource": "secrets", "quota": 1}, null], "new": []});
    let script = Script::new([ScriptedResponse::json(403, body)]);
    let error = client(&script).get_secret_version("fr-par", "id", "1").send().await.expect_err("the upstream fails");
    let body: models::Error = error.body_as().expect("it is an error of the upstream");
    assert_eq!((body.type_, body.details.len()), (Some(models::ErrorType::QuotasExceeded), 1));
    assert_eq!(body.details[0].quota, Some(1));
}

#[tokio::test]
async fn pages_and_items_of_lists_are_models() {
    let page = |numbers: [u32; 2]| json!({"total_count": 4, "versions": numbers.map(|number| json!({"revision": number, "status": "new"}))});
    let pages = || Script::new([[4, 3], [2, 1]].map(|numbers| ScriptedResponse::json(200, page(numbers))));
    let list = |script: &Script| client(script).list_secret_versions("fr-par", "id").page_size(2);
    let items = list(&pages()).items().into_vec().await.expect("all pages");
    assert_eq!(items.iter().map(|version| version.revision).collect::<Vec<_>>(), [4, 3, 2, 1].map(Some));
    let sizes = list(&pages()).pages().map(|page| page.expect("a page").body().versions.len());
    assert_eq!(sizes.collect::<Vec<_>>().await, [2, 2]);
}

#[tokio::test]
async fn unknown_value_of_an_enum_is_sent_only_unchecked() {
    let body = || {
        let properties = EphemeralProperties::new("explode").expires_once_accessed(true);
        UpdateSecretVersion::new().ephemeral_properties(properties)
    };
    assert!(matches!(EphemeralAction::from("explode"), EphemeralAction::Unknown(_)));
    let script = Script::new([ScriptedResponse::json(200, json!({}))]);
    let client = client(&script);
    let error = client.update_secret_version("fr-par", "id", "1", body()).send().await.expect_err("it is unknown");
    let shown = error.to_string();
    assert!(shown.contains("/ephemeral_properties/action") && shown.contains("disable"), "{shown}");
    client.update_secret_version("fr-par", "id", "1", body()).unchecked().send().await.expect("it is sent");
    assert_eq!(script.requests().len(), 1);
}
