//! Bodies of the application's own types, arguments of its own kinds of text, and a client that threads share.

use std::borrow::Cow;
use std::collections::BTreeMap;

use scaleway_secret_manager_secrets::{Client, ClientBuilder, ConfigError, Error, ErrorKind};

fn shared<T: Clone + Send + Sync + 'static>() {}
fn sendable<T: Send>(_: T) {}

fn configured() -> Result<Client, ConfigError> {
    let builder: ClientBuilder<Client> = Client::builder()
        .base_uri("http://127.0.0.1:1")
        .token("secret")
        .connect_timeout(std::time::Duration::from_secs(1))
        .timeout(std::time::Duration::from_secs(2))
        .response_limit(1 << 20);
    builder.build()
}

fn explain(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Arguments(_) => "arguments",
        ErrorKind::Status(status) if status.as_u16() == 404 => "gone",
        ErrorKind::Timeout => "late",
        _ => "other",
    }
}

pub(crate) fn check() {
    shared::<Client>();
    let client = configured().unwrap();
    let body = BTreeMap::from([("name", "n")]);
    let region: Cow<'static, str> = "fr-par".into();
    sendable(client.create_secret(region, &body).send());
    sendable(client.list_secrets('f').scheduled_for_deletion(true).tags(vec![String::from("a")]).send());
    let _ = explain;
}
