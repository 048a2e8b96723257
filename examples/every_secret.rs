//! A long list from an upstream that sometimes fails: pagination, retries, and an interceptor that counts.
//!
//! `cargo run -p examples --bin every_secret`

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use scaleway_secret_manager_secrets::{Call as _, Client, RetryPolicy};
use scaleway_simulator::{Fault, PROJECT_ID, Simulator, TOKEN};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let simulator = Simulator::start().await?;
    let attempts = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&attempts);
    let client = Client::builder()
        .base_uri(simulator.base_uri())
        .token(TOKEN)
        .retry(RetryPolicy::default().attempts(4).base_delay(Duration::from_millis(20)))
        .after(move |attempt, outcome| {
            counter.fetch_add(1, Ordering::Relaxed);
            if let Some(error) = outcome.error {
                println!("attempt {} failed after {:?}: {error}", attempt.number(), outcome.elapsed);
            }
        })
        .build()?;
    for number in 1..=45 {
        let body = json!({"project_id": PROJECT_ID, "name": format!("secret-{number:02}")});
        client.create_secret("fr-par", body).send().await?;
    }

    // The gateway rejects two requests, and one response breaks off. The list is complete all the same.
    simulator.fault(Fault::rate_limited().times(2));
    simulator.fault(Fault::truncated());
    attempts.store(0, Ordering::Relaxed);
    let list = client.list_secrets("fr-par").scheduled_for_deletion(false).project_id(PROJECT_ID).page_size(20);
    let mut secrets = list.items();
    let mut count = 0;
    let mut last = String::new();
    while let Some(secret) = secrets.next().await {
        count += 1;
        last = secret?.name.unwrap_or_default();
    }
    println!("{count} secrets, the last is {last}; {} requests for 3 pages", attempts.load(Ordering::Relaxed));
    Ok(())
}
