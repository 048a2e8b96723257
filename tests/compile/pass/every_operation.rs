//! All ten operations, called as an application would.

use scaleway_secret_manager_secrets::{Client, Error};
use serde_json::json;

async fn calls(client: &Client) -> Result<(), Error> {
    let id = String::from("11111111-1111-4111-8111-111111111111");
    let listed = client
        .list_secrets("fr-par")
        .scheduled_for_deletion(false)
        .organization_id("o")
        .project_id("p")
        .order_by("name_asc")
        .page(1)
        .page_size(50)
        .tags(["a", "b"])
        .name("n")
        .path("/")
        .ephemeral(true)
        .type_("opaque")
        .send()
        .await?;
    let _total = listed.body().total_count;
    let created = client.create_secret("fr-par", json!({"project_id": "p", "name": "n"})).send().await?;
    let _ = (created.status(), created.headers().len(), created.request_id().map(str::len));
    client.get_secret("fr-par", &id).send().await?;
    client.update_secret("fr-par", &id, json!({"tags": []})).send().await?;
    client.delete_secret("fr-par", id.as_str()).send().await?;
    client.add_secret_owner("fr-par", &id, json!({"product": "s2s_vpn"})).send().await?;
    client.protect_secret("fr-par", &id, json!({})).send().await?;
    client.unprotect_secret("fr-par", &id, json!({})).send().await?;
    client.restore_secret("fr-par", &id, json!({})).send().await?;
    client.restore_secret_version("fr-par", id, "latest", json!({})).send().await?.into_body();
    Ok(())
}

pub(crate) fn check() {
    let _ = calls;
}
