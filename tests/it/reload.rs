//! SIGHUP reads certificates, the policy file and bound files again, without dropping requests.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use naftiko_serve::{echo, load, options};
use naftiko_server::__private::Mounted;
use naftiko_tests::process::{PATIENCE, Server};
use naftiko_tests::{World, server_binary};
use scaleway_simulator::Fault;
use serde_json::Value;

use crate::tls::Trust;

const OPEN: &str = "[default]\n";
const READ_ONLY: &str = "[[rules]]\nname = \"readers\"\nfor = {credentials = [\"none\"]}\nread-only = true\n";

/// Waits until something holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("it does not come: {what}"));
}

/// The files of one trust in the place of those of another.
fn install(from: &Trust, folder: &Path) {
    for name in ["certificate.pem", "key.pem"] {
        fs::copy(Path::new(&from.certificate()).with_file_name(name), folder.join(name)).expect("it is copied");
    }
}

async fn status(http: &reqwest::Client, method: &str, uri: &str) -> Result<u16, reqwest::Error> {
    let request = http.request(method.parse().expect("a method"), uri);
    Ok(request.send().await?.status().as_u16())
}

#[tokio::test]
async fn new_files_serve_later_requests_while_an_old_one_finishes() {
    let world = World::start().await;
    let id = world.secret("renewed").await;
    let (old, new, folder) = (Trust::new(), Trust::new(), tempfile::tempdir().expect("a folder"));
    install(&old, folder.path());
    let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (certificate, key, policy) = (file("certificate.pem"), file("key.pem"), file("policy.toml"));
    fs::write(&policy, OPEN).expect("it is written");
    let flags = ["--tls-certificate", &certificate, "--tls-key", &key, "--policy", &policy];
    let server =
        Server::start(&server_binary(), &world.simulator.base_uri(), &flags, "warn,naftiko_runtime=info").await;
    let server = server.expect("the server starts");
    let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/{id}", server.rest);
    let [of_old, of_new] = [&old, &new].map(|trust| trust.client().build().expect("a client"));
    assert_eq!(status(&of_old, "GET", &uri).await.expect("it is trusted"), 200);
    status(&of_new, "GET", &uri).await.expect_err("it is not there yet");

    world.simulator.fault(Fault::slow(Duration::from_secs(3)));
    let long = tokio::spawn(of_old.get(&uri).send());
    let before = world.simulator.requests().len();
    until("the long request is upstream", async || world.simulator.requests().len() > before).await;
    install(&new, folder.path());
    fs::write(&policy, READ_ONLY).expect("it is written");
    server.signal("-HUP");
    until("the new certificate", async || status(&of_new, "GET", &uri).await.is_ok_and(|status| status == 200)).await;
    assert!(!long.is_finished(), "the long request still runs");
    assert_eq!(status(&of_new, "DELETE", &uri).await.expect("a response"), 403);
    assert_eq!(long.await.expect("it is not cancelled").expect("it is finished").status(), 200);
    // The connection with the old certificate goes on, with the new rules.
    let kept = of_old.delete(&uri).send().await.expect("the connection is open");
    assert_eq!(kept.status(), 403);
    let problem: Value = kept.json().await.expect("JSON");
    assert!(problem["detail"].as_str().is_some_and(|text| text.contains("`readers`")), "{problem}");

    // A file that does not work leaves all as they were.
    for (name, bad) in [("policy.toml", "[default]\nreadonly = true\n"), ("certificate.pem", "no certificate")] {
        let good = fs::read(file(name)).expect("it is read");
        fs::write(file(name), bad).expect("it is written");
        if name == "certificate.pem" {
            fs::write(&policy, OPEN).expect("it is written");
        }
        server.signal("-HUP");
        tokio::time::sleep(Duration::from_millis(300)).await;
        let another = new.client().build().expect("a client");
        assert_eq!(status(&another, "GET", &uri).await.expect("the certificate is the same"), 200);
        assert_eq!(status(&another, "DELETE", &uri).await.expect("a response"), 403, "{name}");
        fs::write(file(name), good).expect("it is written");
    }
    server.signal("-HUP");
    until("the rule is gone", async || status(&of_new, "DELETE", &uri).await.is_ok_and(|status| status == 204)).await;
    let (code, log) = server.stop("-TERM").await;
    assert_eq!(code, Some(0), "{log}");
    let failures: Vec<_> = log.lines().filter(|line| line.contains("the files cannot be reloaded")).collect();
    assert_eq!(failures.len(), 2, "{log}");
    assert!(failures[0].contains("policy.toml:2: unknown field `readonly`"), "{log}");
    assert!(failures[1].contains("certificate.pem contains no certificate"), "{log}");
    assert_eq!(log.matches("reloaded certificate, keys of callers, policy and bound files").count(), 2, "{log}");
}

const CAPABILITY: &str = "naftiko: 1.0.0-beta5
binds: [{namespace: keys, location: 'file:///./keys.json', keys: {CALLERS: callers}}]
capability:
  consumes:
  - {namespace: api, baseUri: 'https://api.test', resources: [{path: /things, operations: [{name: list}]}]}
  exposes:
  - type: rest
    namespace: rest
    authentication: {type: apikey, key: x-key, value: '{{CALLERS}}', placement: header}
    resources: [{path: /things, operations: [{method: GET, call: api.list}]}]
";

#[tokio::test]
async fn keys_of_callers_in_bound_files_are_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (capability, keys) = (folder.path().join("shop-things.yaml"), folder.path().join("keys.json"));
    fs::write(&capability, CAPABILITY).expect("it is written");
    fs::write(&keys, r#"{"callers": "old"}"#).expect("it is written");
    let program = load::leak(load::file(&capability).expect("it is compiled").program);
    let upstream = format!("http://{}", echo::start().await.expect("a port"));
    let flags = ["--base-uri", &upstream, "--bind-files", &folder.path().to_string_lossy()];
    let mounted = Mounted::new(program, options::parse(&flags).expect("flags"), BTreeMap::new()).await;
    let mut mounted = mounted.expect("it is served");
    let uri = format!("http://{}/things", mounted.ports()[0].1);
    let http = reqwest::Client::new();
    let statuses = async || {
        let mut statuses = Vec::new();
        for key in ["old", "new"] {
            statuses.push(http.get(&uri).header("x-key", key).send().await.expect("a response").status().as_u16());
        }
        statuses
    };
    assert_eq!(statuses().await, [200, 401]);
    fs::write(&keys, r#"{"callers": "new"}"#).expect("it is written");
    assert_eq!(statuses().await, [200, 401], "they are read at a signal only");
    assert_eq!(mounted.read_again(), Ok(()));
    assert_eq!(statuses().await, [401, 200]);
    for (text, said) in [("{}", "has no value for `callers`"), ("", "has no mapping")] {
        fs::write(&keys, text).expect("it is written");
        assert!(mounted.read_again().is_err_and(|failure| failure.contains(said)), "{text}");
        assert_eq!(statuses().await, [401, 200]);
    }
}
