//! A client, a call, a typed response, and errors that say what happened.
//!
//! `cargo run -p examples --bin first_call`

use std::error::Error;
use std::time::Duration;

use scaleway_secret_manager_secrets::{Call as _, Client, ErrorKind};
use scaleway_simulator::{PROJECT_ID, Simulator, TOKEN};
use serde::{Deserialize, Serialize};

/// The members of a secret that this program uses. The response has more, which are ignored.
#[derive(Debug, Deserialize)]
struct Secret {
    id: String,
    name: String,
    tags: Vec<String>,
}

#[derive(Serialize)]
struct NewSecret<'a> {
    project_id: &'a str,
    name: &'a str,
    tags: &'a [&'a str],
}

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

    let new = NewSecret { project_id: PROJECT_ID, name: "database", tags: &["prod", "db"] };
    let created = client.create_secret("fr-par", &new).send_as::<Secret>().await?;
    println!("created {} with {:?}, {}", created.body().name, created.body().tags, created.status());

    // An error is one value with everything that is known.
    let refused = client.create_secret("fr-par", &new).send().await;
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

    client.delete_secret("fr-par", created.into_body().id).send().await?;
    println!("deleted");
    Ok(())
}
