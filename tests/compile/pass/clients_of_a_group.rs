//! The client of a group: settings that all capabilities share, and calls of each, typed and plain.

use std::time::Duration;

use scaleway::secrets::models::CreateSecret;
use scaleway::{ConfigError, GroupBuilder, RetryPolicy, Scaleway};

fn shared<T: Clone + Send + Sync + 'static>() {}
fn sendable<T: Send>(_: T) {}

fn configured() -> Result<Scaleway, ConfigError> {
    let builder: GroupBuilder<Scaleway> = Scaleway::builder()
        .base_uri("http://127.0.0.1:1")
        .variable("SCALEWAY_API_KEY", "secret")
        .timeout(Duration::from_secs(2))
        .each(|builder| builder.retry(RetryPolicy::none()).response_limit(1 << 20));
    builder.build()
}

pub(crate) fn check() {
    shared::<Scaleway>();
    let client = configured().unwrap();
    sendable(client.secrets().list_secrets("fr-par").scheduled_for_deletion(false).send());
    sendable(client.secrets().create_secret("fr-par", CreateSecret::new("PROJECT", "name")).send());
    sendable(client.secrets().create_secret("fr-par", serde_json::json!({"name": "n"})).send());
    sendable(client.secret_versions().list_secret_versions("fr-par", "ID").send());
    let _: scaleway::secret_versions::Client = client.secret_versions().clone();
}
