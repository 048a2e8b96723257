//! A client, a call, a typed response, and errors that say what happened.
//!
//! `cargo run -p examples --bin first_call`

use std::error::Error;
use std::time::Duration;

use scaleway_secret_manager_secrets::models::CreateSecret;
use scaleway_secret_manager_secrets::{Client, ErrorKind};
use scaleway_simulator::{PROJECT_ID, Simulator, TOKEN};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let simulator = Simulator::start().await?;
    // With an account this is `Client::from_env()?`, and `SCALEWAY_API_KEY` in the environment.
    let client = Client::builder()
        .base_uri(simulator.base_uri())
        .token(TOKEN)
        .timeout(Duration::from_secs(10))
        .user_agent("first-call/1.0")
        .build()?;

    let new = || CreateSecret::new(PROJECT_ID, "database").tags(["prod", "db"]);
    let response = client.create_secret("fr-par", new()).send().await?;
    let (status, created) = (response.status(), response.into_body());
    println!("created {} with {:?}, {status}", created.name.unwrap_or_default(), created.tags);

    // An error is one value with everything that is known.
    let refused = client.create_secret("fr-par", new()).send().await;
    if let Err(error) = refused {
        println!("refused: {error}");
        println!("  the upstream calls it {:?}", error.upstream_type());
        println!(
            "  details: {}",
            error.api_error().and_then(|api_error| api_error.details.clone()).unwrap_or_default()
        );
    }

    // An argument that would leave its segment of the path is never sent.
    if let Err(error) = client.get_secret("fr-par", "..").send().await
        && let ErrorKind::Arguments(violations) = error.kind()
    {
        println!("not sent: {violations:?}");
    }

    client.delete_secret("fr-par", created.id.unwrap_or_default()).send().await?;
    println!("deleted");
    Ok(())
}
