//! How an application tests code that uses a client: scripted responses, recorded ones, and no socket. It also shows calls
//! without `async`.
//!
//! `cargo run -p examples --bin without_a_network`

use std::error::Error;

use scaleway_secret_manager_secrets::runtime::testing::{Recorder, Recording, Replay, Script, ScriptedResponse};
use scaleway_secret_manager_secrets::{Call as _, Client};
use scaleway_simulator::{PROJECT_ID, Simulator, TOKEN};
use serde_json::json;

/// The code under test: the number of secrets in a project.
fn count(client: &Client) -> Result<u64, scaleway_secret_manager_secrets::Error> {
    let list = client.list_secrets("fr-par").scheduled_for_deletion(false).project_id(PROJECT_ID).blocking().send()?;
    Ok(list.body().total_count.unwrap_or_default())
}

fn main() -> Result<(), Box<dyn Error>> {
    // A script: what the upstream is supposed to send, and what the code asked for.
    let script = Script::new([
        ScriptedResponse::status(503),
        ScriptedResponse::json(200, json!({"secrets": [], "total_count": 7})),
    ]);
    let client = Client::builder().token("any").transport(script.clone()).build()?;
    println!("by script: {} secrets", count(&client)?);
    for request in script.requests() {
        println!("  {} {}", request.method, request.target);
    }

    // A recording: once with the upstream, then as often as needed without. As a file it would lie beside the test.
    let runtime = tokio::runtime::Runtime::new()?;
    let simulator = runtime.block_on(Simulator::start())?;
    let recorder = Recorder::network()?;
    let client = Client::builder().base_uri(simulator.base_uri()).token(TOKEN).transport(recorder.clone()).build()?;
    let recorded = count(&client)?;
    drop(simulator);
    let file = recorder.recording().to_json()?;
    println!("the recording shows the token: {}", file.contains(TOKEN));

    let replay = Replay::new(Recording::from_json(&file)?);
    let client = Client::builder().token("any").transport(replay).build()?;
    println!("by recording: {} secrets, and there were {recorded}", count(&client)?);
    Ok(())
}
