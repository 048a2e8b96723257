use scaleway_secret_manager_secrets::models::{CreateSecret, UpdateSecret};

fn main() {
    let _ = CreateSecret::new("project", "name").pat("misspelt");
    let _ = CreateSecret::new("project", "name").protected("yes");
    let _ = CreateSecret::new("project");
    let _ = UpdateSecret { descripton: "misspelt" };
}
