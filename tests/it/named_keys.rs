//! Keys of callers with names: who is let in, what the names decide, and that keys are nowhere.

use std::collections::BTreeMap;
use std::fs;

use naftiko_serve::{echo, load, options};
use naftiko_server::__private::Mounted;
use naftiko_server::Program;
use serde_json::Value;
use tempfile::TempDir;

const CAPABILITY: &str = "naftiko: 1.0.0-beta5
capability:
  consumes:
  - {namespace: api, baseUri: 'https://api.test', resources: [{path: /things, operations: [{name: list}, {name: add, method: POST}]}]}
  exposes:
  - type: rest
    namespace: rest
    resources: [{path: /things, operations: [{method: GET, call: api.list}, {method: POST, call: api.add}]}]
";
const KEYS: &str = "ada: key-of-ada\n# The next one of ci.\nci: key-of-ci\nci: next-of-ci\n";
const POLICY: &str =
    "[[rules]]\nname = \"robots\"\nfor = {subjects = [\"ci\"]}\nrate = \"3/h\"\n[default]\nread-only = true\n";

fn program() -> &'static Program {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shop-things.yaml");
    fs::write(&file, CAPABILITY).expect("it is written");
    load::leak(load::file(&file).expect("it is compiled").program)
}

/// A server with a file of keys, for the flag with this name.
struct World {
    folder: TempDir,
    mounted: Mounted,
    http: reqwest::Client,
}

impl World {
    async fn new(flag: &str, keys: &str, more: &[&str]) -> Result<Self, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let (own, policy, audit) = (file("keys"), file("policy.toml"), file("audit"));
        fs::write(&own, keys).expect("it is written");
        fs::write(&policy, POLICY).expect("it is written");
        let upstream = format!("http://{}", echo::start().await.expect("a port"));
        let flags = [flag, &own, "--base-uri", &upstream, "--policy", &policy, "--audit", "--audit-file", &audit];
        let flags = options::parse(&[&flags, more].concat()).expect("flags");
        let mounted = Mounted::new(program(), flags, BTreeMap::new()).await?;
        Ok(Self { folder, mounted, http: reqwest::Client::new() })
    }

    async fn status(&self, method: &str, header: &str, value: &str) -> u16 {
        let uri = format!("http://{}/things", self.mounted.ports()[0].1);
        let request = self.http.request(method.parse().expect("a method"), uri).header(header, value);
        request.send().await.expect("a response").status().as_u16()
    }

    fn keys(&self, text: &str) {
        fs::write(self.folder.path().join("keys"), text).expect("it is written");
    }

    fn audit(&self) -> Vec<Value> {
        let files = fs::read_dir(self.folder.path()).expect("it is read").map(|file| file.expect("a file").path());
        let is_audit = |path: &std::path::PathBuf| path.to_string_lossy().contains("/audit");
        let text = fs::read_to_string(files.into_iter().find(is_audit).expect("an audit")).expect("it is text");
        assert!(!text.contains("of-ada") && !text.contains("of-ci"), "a key is in the audit: {text}");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

#[tokio::test]
async fn each_caller_has_its_keys_and_its_rule_its_name_in_the_audit_and_its_limit() {
    for (flag, header, scheme, kind) in
        [("--bearer-tokens", "authorization", "Bearer ", "bearer"), ("--api-keys", "x-api-key", "", "api-key")]
    {
        let world = World::new(flag, KEYS, &[]).await.expect("it is served");
        let status = async |method: &str, key: &str| world.status(method, header, &format!("{scheme}{key}")).await;
        for (method, key, expected) in [
            ("GET", "key-of-ada", 200),
            ("POST", "key-of-ada", 403),
            ("POST", "key-of-ci", 200),
            ("POST", "next-of-ci", 200),
            ("GET", "key-of-ci", 200),
            // Both keys are of one caller.
            ("GET", "next-of-ci", 429),
            ("GET", "key-of-ada", 200),
            ("GET", "key-of-", 401),
            ("GET", "ci: key-of-ci", 401),
            ("GET", "ada", 401),
        ] {
            assert_eq!(status(method, key).await, expected, "{flag}: {method} {key}");
        }
        assert_eq!(world.status("GET", "x-other", "key-of-ada").await, 401);
        let lines = world.audit();
        let seen: Vec<_> = lines.iter().map(|line| (line["principal"].as_str(), line["rule"].as_str())).collect();
        let [ada, ci] = ["ada", "ci"].map(|name| format!("{kind}\n{name}"));
        let robot = (Some(&*ci), Some("robots"));
        assert_eq!(seen, [(Some(&*ada), Some("default")), robot, robot], "{flag}");
    }
}

#[tokio::test]
async fn keys_are_replaced_at_a_signal_and_mistakes_change_nothing() {
    let mut world =
        World::new("--api-keys", "ada: old-of-ada\n", &["--api-key-header", "x-own"]).await.expect("it is served");
    let statuses = async |world: &World| {
        [world.status("GET", "x-own", "old-of-ada").await, world.status("GET", "x-own", "new-of-ada").await]
    };
    assert_eq!(statuses(&world).await, [200, 401]);
    world.keys("ada: old-of-ada\nada: new-of-ada\n");
    assert_eq!(statuses(&world).await, [200, 401], "they are read at a signal only");
    world.mounted.read_again().expect("it is right");
    assert_eq!(statuses(&world).await, [200, 200]);
    for (text, line) in [("ada new-of-ada", 1), ("ada: x\nbob: x", 2), ("", 1)] {
        world.keys(text);
        let failure = world.mounted.read_again().expect_err(text);
        assert!(failure.contains(&format!("keys:{line}: ")) && !failure.contains("new-of-ada"), "{text}: {failure}");
        assert_eq!(statuses(&world).await, [200, 200], "{text}");
    }
    world.keys("ada: new-of-ada\n");
    world.mounted.read_again().expect("it is right");
    assert_eq!(statuses(&world).await, [401, 200]);
}

#[tokio::test]
async fn callers_authenticate_in_one_way() {
    for more in [&["--api-key", "a-key"][..], &["--bearer-token", "a-token"], &["--api-keys", "/nowhere/keys"]] {
        let refused = World::new("--bearer-tokens", KEYS, more).await.err().unwrap_or_default();
        assert!(refused.contains("set one of --bearer-token, --bearer-tokens"), "{more:?}: {refused}");
    }
}
