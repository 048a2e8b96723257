//! The audit: one line for each call of a tool, and each REST request that may change something.

use std::fs;
use std::path::Path;
use std::time::Duration;

use naftiko_serve::load;
use naftiko_tests::process::PATIENCE;
use scaleway_simulator::{Fault, PROJECT_ID, Simulator, TOKEN};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::groups::{Joined, scaleway};
use crate::mcp::{call_at, message, post};
use crate::on_behalf::World;

/// The lines of the only file in a folder.
fn lines(folder: &Path) -> Vec<Value> {
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("the folder is read").map(|file| file.expect("a file").path()).collect();
    let file = files.pop().expect("a file");
    assert_eq!(files, Vec::<std::path::PathBuf>::new());
    let text = fs::read_to_string(file).expect("it is text");
    assert!(!text.contains(TOKEN), "the token is in the audit");
    // An empty line shows the server whether lines can be written again.
    text.lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect()
}

#[tokio::test]
async fn calls_and_requests_that_change_something_are_recorded_without_values() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("audit.log");
    let flags = [
        "--audit=required",
        "--audit-file",
        &file.to_string_lossy(),
        "--confirm",
        "off",
        "--base-uri",
        &simulator.base_uri(),
    ];
    let joined = Joined::start(scaleway(), &flags).await.expect("it is served");
    let call = async |name: &str, arguments: Value| call_at(&joined.http, &joined.mcp, name, &arguments).await;

    let body = json!({"project_id": PROJECT_ID, "name": "very-private-name"});
    let created = call("create-secret", json!({"region": "fr-par", "body": body})).await;
    let id = created["structuredContent"]["id"].as_str().expect("an id").to_owned();
    call("create-secret", json!({"region": "fr-par"})).await;
    call("delete-secret", json!({"region": "fr-par", "secret_id": "4d7e9ce5-b2be-495e-9ba1-4ec08e59a588"})).await;
    joined.get(&format!("/v1/secret-manager/v1beta1/regions/fr-par/secrets/{id}")).await;
    let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/{id}", joined.rest);
    let deleted = joined.http.delete(&uri).header("x-request-id", "mine").send().await.expect("a response");
    assert_eq!(deleted.status(), 204);

    let lines = lines(folder.path());
    let short: Vec<_> = lines
        .iter()
        .map(|line| {
            let what = line["tool"].as_str().or(line["method"].as_str()).unwrap_or_default();
            let outcome = line["outcome"].as_str().map_or_else(|| line["status"].to_string(), str::to_owned);
            format!("{} {what} {outcome} {}", line["kind"].as_str().unwrap_or_default(), line["upstreamStatus"])
        })
        .collect();
    assert_eq!(
        short,
        [
            "tool create-secret ok null",
            "tool create-secret invalid null",
            "tool delete-secret upstream 404",
            "request DELETE 204 null"
        ]
    );
    assert_eq!(lines[0]["arguments"], json!(["region", "body"]));
    assert_eq!(lines[0]["capability"], "scaleway-secret-manager-secrets");
    assert_eq!(lines[3]["route"], "/v1/secret-manager/v1beta1/regions/{region}/secrets/{secret-id}");
    assert_eq!(lines[3]["requestId"], "mine");
    assert_eq!((&lines[0]["adapter"], &lines[3]["adapter"]), (&json!("mcp"), &json!("rest")), "they share a port");
    for line in &lines {
        let text = line.to_string();
        assert!(line["time"].is_string() && line["durationMs"].is_number() && line["requestId"].is_string(), "{text}");
        assert!(!text.contains("very-private-name") && !text.contains(&id), "values are recorded: {text}");
    }
}

#[tokio::test]
async fn values_are_recorded_if_the_operator_wants_them_and_secrets_never() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("audit.log");
    let file = file.to_string_lossy();
    let (base_uri, audit) = (simulator.base_uri(), ["--audit", "--audit-values", "--audit-file", &*file]);
    let flags = [&audit[..], &["--reveal-secrets", "--base-uri", &base_uri]].concat();
    let joined = Joined::start(scaleway(), &flags).await.expect("it is served");
    let call = async |name: &str, arguments: Value| call_at(&joined.http, &joined.mcp, name, &arguments).await;
    let body = json!({"project_id": PROJECT_ID, "name": "a-name", "description": "d".repeat(1000)});
    let created = call("create-secret", json!({"region": "fr-par", "body": body})).await;
    let id = created["structuredContent"]["id"].as_str().expect("an id").to_owned();
    let data = "dmVyeS1wcml2YXRlLWRhdGE=";
    let version = json!({"region": "fr-par", "secret_id": id, "body": {"data": data}});
    call("create-secret-version", version).await;
    call("create-secret", json!({"region": "fr-par", "body": {"password": "very-private", "name": 123}})).await;
    let lines = lines(folder.path());
    let values: Vec<_> = lines.iter().map(|line| &line["values"]).collect();
    let cut = format!("{}…", "d".repeat(256));
    assert_eq!(values[0]["body"], json!({"project_id": PROJECT_ID, "name": "a-name", "description": cut}));
    assert_eq!(*values[1], json!({"region": "fr-par", "secret_id": id, "body": {"data": "***"}}));
    assert_eq!(values[2]["body"], json!({"password": "***", "name": 123}));
    let text = format!("{lines:?}");
    assert!(!text.contains(data) && !text.contains("very-private"), "{text}");
}

#[tokio::test]
async fn credentials_that_a_caller_writes_into_arguments_are_not_recorded() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("audit.log");
    let (file, base_uri, own) = (file.to_string_lossy(), simulator.base_uri(), "key-of-the-caller-itself");
    let flags = ["--audit", "--audit-values", "--audit-file", &*file, "--base-uri", &base_uri, "--api-key", own];
    let joined = Joined::start(scaleway(), &flags).await.expect("it is served");
    let body = json!({"project_id": PROJECT_ID, "name": TOKEN, "tags": [format!("is {own}"), {own: 1}]});
    let arguments = json!({"region": "fr-par", "body": body, TOKEN: 1, own: "x"});
    for tool in ["create-secret", "list-secrets"] {
        let request = joined.http.post(&joined.mcp).header("accept", crate::mcp::ACCEPT).header("x-api-key", own);
        let response = request.json(&message(tool, &arguments)).send().await.expect("a response");
        assert_eq!(response.status(), 200);
    }
    let lines = lines(folder.path());
    assert_eq!(lines.len(), 2, "{lines:?}");
    let text = format!("{lines:?}");
    assert!(text.contains("redacted") && !text.contains(own) && !text.contains(TOKEN), "{text}");
}

#[tokio::test]
async fn credentials_of_another_capability_are_not_recorded() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = ["plants", "seeds"].map(|name| {
        let key = name.to_uppercase();
        let text = format!(
            "naftiko: 1.0.0-beta5\nbinds: [{{namespace: env, keys: {{KEY: {key}_KEY}}}}]\ncapability:\n  consumes:\n  \
             - namespace: {name}\n    baseUri: http://127.0.0.1:9\n    \
             authentication: {{type: bearer, token: '{{{{KEY}}}}'}}\n    resources:\n    - path: /{name}\n      \
             operations: [{{name: list, inputParameters: [{{name: q, in: query}}]}}]\n  exposes:\n  - type: rest\n    \
             namespace: {name}-rest\n    resources: [{{path: /{name}, operations: [{{method: GET, call: {name}.list}}]}}]\n  \
             - type: mcp\n    namespace: {name}-mcp\n    \
             tools: [{{name: list-{name}, description: Lists, call: {name}.list}}]\n"
        );
        let file = folder.path().join(format!("{name}.yaml"));
        fs::write(&file, text).expect("the file is written");
        file
    });
    let program = load::leak(load::files(&files, true).expect("they are a group").program);
    let records = folder.path().join("records");
    fs::create_dir(&records).expect("a folder is made");
    let file = records.join("audit.log");
    let flags = ["--audit", "--audit-values", "--audit-file", &file.to_string_lossy()];
    let keys = [("PLANTS_KEY", "key-of-the-plants"), ("SEEDS_KEY", "key-of-the-seeds")];
    let world = World::start(program, &flags, &keys).await.expect("it is served");
    for tool in ["list-plants", "list-seeds"] {
        world.call("", tool, &json!({"q": "key-of-the-plants key-of-the-seeds"}), None).await;
    }
    let lines = lines(&records);
    let text = format!("{lines:?}");
    assert!(lines.len() == 2 && text.contains("redacted") && !text.contains("key-of-the"), "{text}");
}

/// Waits until this holds.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let reached = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("{what}"));
}

/// A server whose upstream is slow, and the connection of a caller whose request to delete a secret is at the upstream.
async fn deleting(file: &Path) -> (Simulator, Joined, TcpStream) {
    let simulator = Simulator::start().await.expect("the simulator starts");
    simulator.fault(Fault::slow(Duration::from_secs(3600)).on("DELETE", "/secrets").times(u32::MAX));
    let (file, uri) = (file.to_string_lossy(), simulator.base_uri());
    let flags = ["--audit=required", "--audit-file", &file, "--base-uri", &uri, "--call-timeout", "3600"];
    let joined = Joined::start(scaleway(), &flags).await.expect("it is served");
    let address = joined.rest.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let path = format!("/v1/secret-manager/v1beta1/regions/fr-par/secrets/{}", uuid::Uuid::nil());
    let request = format!("DELETE {path} HTTP/1.1\r\nhost: {address}\r\nx-request-id: mine\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it is sent");
    until("the request is at the upstream", async || !simulator.requests().is_empty()).await;
    (simulator, joined, stream)
}

fn assert_unfinished(lines: &[Value]) {
    let [line] = lines else { panic!("one line: {lines:?}") };
    assert_eq!(
        (&line["method"], &line["outcome"], &line["requestId"]),
        (&"DELETE".into(), &"failed".into(), &"mine".into())
    );
    assert_eq!(line["route"], "/v1/secret-manager/v1beta1/regions/{region}/secrets/{secret-id}");
    assert!(line["status"].is_null() && line["durationMs"].is_number(), "{line}");
}

#[tokio::test]
async fn request_whose_caller_leaves_is_recorded_without_a_status() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_simulator, joined, stream) = deleting(&folder.path().join("audit.log")).await;
    drop(stream);
    until("it is recorded", async || !lines(folder.path()).is_empty()).await;
    assert_unfinished(&lines(folder.path()));
    let metrics = joined.http.get(format!("{}/metrics", joined.rest)).send().await.expect("a response");
    let metrics = metrics.text().await.expect("text");
    let count = metrics.lines().find(|line| {
        line.starts_with("http_server_request_duration_seconds_count")
            && line.contains("http_request_method=\"DELETE\"")
            && line.contains("http_response_status_code=\"\"")
    });
    assert!(count.is_some_and(|line| line.ends_with(" 1")), "{metrics}");
}

#[tokio::test]
async fn request_that_still_runs_after_the_grace_period_is_recorded() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_simulator, mut joined, _stream) = deleting(&folder.path().join("audit.log")).await;
    // The grace period passes at once.
    tokio::time::pause();
    joined.mounted.drain().await;
    assert_unfinished(&lines(folder.path()));
}

#[tokio::test]
async fn trace_that_is_recorded_is_that_of_the_upstream() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("audit.log");
    let flags =
        ["--audit", "--confirm", "off", "--audit-file", &file.to_string_lossy(), "--base-uri", &simulator.base_uri()];
    let joined = Joined::start(scaleway(), &flags).await.expect("it is served");
    let id = uuid::Uuid::nil().to_string();
    let uri = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets/{id}", joined.rest);
    let valid = format!("00-{}-b7ad6b7169203331-01", "a".repeat(32));
    for trace in [&*valid, "any text <of> the caller"] {
        joined.http.delete(&uri).header("traceparent", trace).send().await.expect("a response");
    }
    for trace in [Some(valid.replace('a', "c")), None] {
        let mut call = message("delete-secret", &json!({"region": "fr-par", "secret_id": id}));
        call["params"]["_meta"] = trace.map_or(json!({}), |trace| json!({"traceparent": trace}));
        post(&joined.http, &joined.mcp, &call).await;
    }
    let sent: Vec<_> = simulator.requests().iter().map(|sent| Value::from(sent.header("traceparent"))).collect();
    let recorded: Vec<_> = lines(folder.path()).iter().map(|line| line["trace"].clone()).collect();
    assert_eq!((recorded.len(), &recorded), (4, &sent));
    let starts = |index: usize, start: &str| recorded[index].as_str().is_some_and(|trace| trace.starts_with(start));
    assert!(starts(0, "00-aaaa") && starts(2, "00-cccc"), "{recorded:?}");
}

#[tokio::test]
async fn requests_that_cannot_be_recorded_say_when_to_come_again() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let folder = tempfile::tempdir().expect("a folder");
    let (inside, base_uri) = (folder.path().join("inside"), simulator.base_uri());
    fs::create_dir(&inside).expect("a folder");
    let file = inside.join("audit.log");
    let flags = ["--audit=required", "--audit-file", &file.to_string_lossy(), "--base-uri", &base_uri];
    let joined = Joined::start(scaleway(), &flags).await.expect("it is served");
    let path = format!("/v1/secret-manager/v1beta1/regions/fr-par/secrets/{}", uuid::Uuid::nil());
    let delete = async || joined.http.delete(format!("{}{path}", joined.rest)).send().await.expect("a response");
    assert_eq!(delete().await.status(), 404, "it is recorded");
    // A file that is there no more records nothing, and neither can one be made.
    fs::remove_dir_all(&inside).and_then(|()| fs::write(&inside, "")).expect("a file is in its place");
    assert_eq!(delete().await.status(), 404, "it was sent before it could not be recorded");
    let refused = delete().await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"10".parse().expect("a value")));
    fs::remove_file(&inside).expect("it is removed");
    assert_eq!(delete().await.status(), 404, "it can be recorded again");
    assert_eq!(lines(&inside).last().expect("a line")["status"], 404);
}

#[tokio::test]
async fn audit_that_cannot_be_opened_ends_the_start() {
    for (flags, said) in [
        (&["--audit", "--audit-file", "/nowhere/at/all/audit.log"][..], "its folder does not exist"),
        (&["--audit-file", "audit.log"][..], "has no effect without --audit"),
        (&["--audit-values"][..], "--audit-values has no effect without --audit"),
        (&["--audit-otlp"][..], "--audit-otlp has no effect without --audit"),
    ] {
        let outcome = Joined::start(scaleway(), flags).await;
        assert!(outcome.as_ref().is_err_and(|error| error.contains(said)), "{flags:?}: {:?}", outcome.err());
    }
}
