#![deny(unused_must_use)]

use scaleway_secret_manager_secrets::Client;

fn main() {
    let client = Client::from_env().unwrap();
    client.get_secret("fr-par", "id");
}
