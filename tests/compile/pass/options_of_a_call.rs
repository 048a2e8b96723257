//! What the trait of all calls offers, from generic code and from tasks of their own.

use std::time::Duration;

use scaleway_secret_manager_secrets::runtime::serde_json::Value;
use scaleway_secret_manager_secrets::runtime::{
    BoxError, BoxFuture, Phase, ResultStream, SecretBody, TokenProvider, secrecy,
};
use scaleway_secret_manager_secrets::{Call, Client, Error, Paging, RawBody, RetryPolicy};
use serde_json::json;

fn patient<C: Call>(call: C) -> C {
    let retry =
        RetryPolicy::default().attempts(5).base_delay(Duration::from_millis(1)).max_delay(Duration::from_secs(1));
    call.timeout(Duration::from_secs(60)).attempt_timeout(Duration::from_secs(5)).retry(retry).header("x-a", "b")
}

fn task<T: Send + 'static>(_: impl Future<Output = T> + Send + 'static) {}

struct Vault;

impl TokenProvider for Vault {
    fn token(&self) -> BoxFuture<'_, Result<secrecy::SecretString, BoxError>> {
        Box::pin(async { Ok("token".into()) })
    }
}

async fn lists(client: Client) -> Result<Vec<Value>, Error> {
    let mut pages = patient(client.list_secrets("fr-par").scheduled_for_deletion(false)).pages();
    let _first: Option<Result<_, Error>> = pages.next().await;
    let items: ResultStream<Value> =
        client.list_secrets("fr-par").scheduled_for_deletion(false).paging(Paging::pages("page")).items_as();
    items.into_vec().await
}

async fn bodies(client: Client) -> Result<(), Error> {
    client.create_secret("fr-par", json!({})).send_as::<Option<Value>>().await?;
    client.create_secret("fr-par", RawBody::text("text")).send_bytes().await?;
    client.create_secret("fr-par", SecretBody::new(RawBody::bytes("a/b", vec![1]))).send_streaming().await?;
    client.create_secret("fr-par", SecretBody::new(json!({}))).send().await?;
    Ok(())
}

pub(crate) fn check() {
    let configured =
        || Client::builder().token_provider(Vault).before(|_, headers| headers.clear()).after(|_, _| {}).build();
    let _ = move || {
        task(lists(configured().unwrap()));
        task(bodies(configured().unwrap()));
    };
    let _ = |error: Error| matches!(error.phase(), Phase::Send) && error.is_transient();
}
