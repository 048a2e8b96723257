use scaleway_secret_manager_secrets::Client;

fn main() {
    println!("{:?}", Client::builder().token("secret"));
}
