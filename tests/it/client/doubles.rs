//! What applications test with: scripts, recordings, and calls without `async`.

use naftiko_client::testing::{Recorder, Recording, Replay, Script, ScriptedResponse};
use naftiko_tests::World;
use scaleway_secret_manager_secrets::{Call as _, Client, Error, ErrorKind, RetryPolicy};
use scaleway_simulator::{PROJECT_ID, Simulator, TOKEN};
use serde_json::{Value, json};

use super::scripted;

#[tokio::test]
async fn mock_script_responds_without_a_socket() {
    let script =
        Script::new([ScriptedResponse::json(200, json!({"name": "scripted"})).header("x-request-id", "the-id")]);
    let client = scripted(&script).build().expect("the client is built");
    let response = client.update_secret("fr-par", "a b", json!({"tags": ["x"]})).send().await.expect("a success");
    assert_eq!((response.request_id(), response.body().name.as_deref()), (Some("the-id"), Some("scripted")));
    let [request] = &script.requests()[..] else { panic!("one request") };
    assert_eq!((request.method.as_str(), request.json()), ("PATCH", json!({"tags": ["x"]})));
    assert_eq!(request.target, "/secret-manager/v1beta1/regions/fr-par/secrets/a%20b");
    let error = client.get_secret("fr-par", "some").send().await.expect_err("the script is over");
    assert!(error.to_string().contains("no more responses"), "{error}");
    assert!(!format!("{script:?} {:?}", script.requests()).contains(TOKEN));
}

/// What an application does with a client.
async fn work(client: &Client) -> Result<Value, Error> {
    let made = client.create_secret("fr-par", json!({"project_id": PROJECT_ID, "name": "taped"})).send().await?;
    let id = made.body().id.as_deref().unwrap_or_default();
    client.delete_secret("fr-par", id).send().await?;
    let refused = client.delete_secret("fr-par", id).send().await.expect_err("it is gone");
    let left = client.get_secret("fr-par", id).send_as::<Value>().await?;
    Ok(json!([made.body(), refused.upstream_type(), left.body()]))
}

#[tokio::test]
async fn mock_recording_replays_wire_traffic() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let recorder = Recorder::network().expect("TLS can be set up");
    let builder = Client::builder().base_uri(simulator.base_uri()).token(TOKEN).retry(RetryPolicy::none());
    let first =
        work(&builder.transport(recorder.clone()).build().expect("built")).await.expect("the upstream is there");
    drop(simulator);
    let text = recorder.recording().to_json().expect("it is JSON");
    assert!(!text.contains(TOKEN), "{text}");
    let recording = Recording::from_json(&text).expect("what was written can be read");
    assert_eq!(recording, recorder.recording());
    assert_eq!(recording.requests().count(), 4);
    let replay = Replay::new(recording);
    let builder = Client::builder().token("another token of a test").retry(RetryPolicy::none());
    let client = builder.transport(replay.clone()).build().expect("built");
    assert_eq!(work(&client).await.expect("all of it was recorded"), first);
    assert_eq!(replay.remaining(), 0);
    let error = client.get_secret("nl-ams", "some").send().await.expect_err("no recording has it");
    assert!(error.to_string().contains("was not recorded"), "{error}");
}

#[tokio::test]
async fn recordings_keep_binary_bodies() {
    let script = Script::new([ScriptedResponse::status(200).body("application/octet-stream", vec![0, 159, 146, 150])]);
    let recorder = Recorder::new(script);
    let client = Client::builder().token(TOKEN).transport(recorder.clone()).build().expect("built");
    let recorded = client.get_secret("fr-par", "some").send_bytes().await.expect("a success");
    let text = recorder.recording().to_json().expect("it is JSON");
    let replay = Replay::new(Recording::from_json(&text).expect("it can be read"));
    let client = Client::builder().token(TOKEN).transport(replay).build().expect("built");
    let replayed = client.get_secret("fr-par", "some").send_bytes().await.expect("a success");
    assert_eq!(recorded.into_body(), replayed.into_body());
}

#[test]
fn blocking_client_sends_the_same_requests() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let world = runtime.block_on(World::start());
    for name in ["one", "two", "three"] {
        let body = json!({"project_id": PROJECT_ID, "name": name});
        world.client.create_secret("fr-par", body).blocking().send().expect("it is made");
    }
    let list = || world.client.list_secrets("fr-par").scheduled_for_deletion(false).project_id(PROJECT_ID).page_size(2);
    #[derive(serde::Deserialize)]
    struct List {
        total_count: u64,
    }
    assert_eq!(list().blocking().send_as::<List>().expect("it fits").body().total_count, 3);
    let items: Vec<Value> = list().blocking().items_as().collect::<Result<_, _>>().expect("all pages");
    assert_eq!((items.len(), list().blocking().pages().count()), (3, 2));
    assert!(!list().blocking().send_bytes().expect("bytes").body().is_empty());
    let error = world.client.get_secret("fr-par", "..").blocking().send().expect_err("it would leave its path");
    assert!(matches!(error.kind(), ErrorKind::Arguments(_)), "{error}");
    let call = list();
    let inside = runtime.block_on(async { tokio::task::spawn_blocking(move || call.blocking().send()).await });
    inside.expect("it does not panic").expect("a thread of another runtime may wait");
}
