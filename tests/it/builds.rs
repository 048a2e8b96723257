//! What is built with what: the examples, and a client without the rest.

use std::process::Command;

use naftiko_tests::server_binary;

#[test]
fn examples_run_and_print_expected_output() {
    for (name, said) in [
        ("first_call", &["created database", "refused: createsecret", "not sent: ", "deleted"][..]),
        ("every_secret", &["429 Too Many Requests", "45 secrets, the last is secret-45"]),
        ("without_a_network", &["by script: 7 secrets", "shows the token: false", "by recording: 0 secrets"]),
    ] {
        let mut cargo = xtask::trial::cargo(&xtask::root());
        // The whole workspace is built, so that features, and with them built dependencies, are those of the tests.
        cargo.args(["build", "--quiet", "--workspace", "--bin", name]);
        assert!(cargo.status().expect("cargo starts").success(), "{name}");
        let program = server_binary().with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        let output = Command::new(program).env_remove("SCALEWAY_API_KEY").output().expect("it starts");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {text} {}", String::from_utf8_lossy(&output.stderr));
        assert!(said.iter().all(|part| text.contains(part)), "{name}: {text}");
    }
}

/// What a build of the client alone depends on.
fn tree(features: &str) -> Vec<String> {
    let output = xtask::trial::cargo(&xtask::root())
        .args(["tree", "--offline", "--quiet", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(["--package", "scaleway-secret-manager-secrets", "--no-default-features", "--features", features])
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

#[test]
fn client_only_build_has_no_server_dependencies_and_one_tls_stack() {
    let client = tree("client,ring");
    for needless in ["axum", "rmcp", "clap", "tracing-subscriber", "native-tls", "openssl", "aws-lc-rs", "schemars"] {
        assert!(!client.iter().any(|name| name == needless), "{needless}: {client:?}");
    }
    for needed in ["rustls", "ring", "reqwest"] {
        assert!(client.iter().any(|name| name == needed), "{needed}: {client:?}");
    }
    let plain = tree("client");
    assert!(!plain.iter().any(|name| ["rustls", "ring", "native-tls"].contains(&name.as_str())), "{plain:?}");
}
