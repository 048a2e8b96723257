use scaleway_secret_manager_secrets::Client;

fn main() {
    let client = Client::from_env().unwrap();
    let _ = client.list_secret("fr-par");
}
