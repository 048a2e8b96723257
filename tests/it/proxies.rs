//! Trusted proxies: the address of a caller is what they say, for limits and the audit, and what callers say is not believed.

use std::fs;
use std::time::Duration;

use reqwest::Response;
use scaleway_simulator::{Fault, Simulator};
use serde_json::{Value, json};

use crate::groups::{Joined, scaleway};
use crate::mcp::message;

/// A secret that is not there.
const SECRET: &str = "/v1/secret-manager/v1beta1/regions/fr-par/secrets/4d7e9ce5-b2be-495e-9ba1-4ec08e59a588";

async fn send(joined: &Joined, fields: &[(&str, &str)]) -> Response {
    let request = joined.http.get(format!("{}{SECRET}", joined.rest));
    let request = fields.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.expect("a response")
}

async fn statuses(joined: &Joined, requests: &[&[(&str, &str)]]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for fields in requests {
        statuses.push(send(joined, fields).await.status().as_u16());
    }
    statuses
}

const X: &str = "x-forwarded-for";

#[tokio::test]
async fn limits_and_audit_have_the_address_that_a_trusted_proxy_appends() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let folder = tempfile::tempdir().expect("a folder");
    let audit = folder.path().join("audit").to_string_lossy().into_owned();
    let uri = simulator.base_uri();
    let flags = ["--base-uri", &uri, "--rate-limit", "2", "--trusted-proxies", "127.0.0.0/8,2001:db8::/32"];
    let flags = [&flags[..], &["--audit", "--audit-file", &audit]].concat();
    let joined = Joined::start(scaleway(), &flags).await.expect("it is served");
    let seen = statuses(
        &joined,
        &[
            &[(X, "6.6.6.1, 192.0.2.1")],
            &[(X, "6.6.6.2"), (X, "192.0.2.1, 127.0.0.2")],
            // What its caller says changes nothing.
            &[(X, "192.0.2.77, 192.0.2.1")],
            &[("forwarded", "for=192.0.2.1;proto=https")],
            &[("forwarded", "for=6.6.6.3, for=192.0.2.2")],
        ],
    );
    assert_eq!(seen.await, [404, 404, 429, 429, 404]);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    // Fields that contradict each other, or say nothing, are those of the proxy itself.
    let seen = statuses(
        &joined,
        &[
            &[(X, "192.0.2.8"), ("forwarded", "for=192.0.2.9")],
            &[(X, "6.6.6.6, unknown")],
            &[("forwarded", "for=6.6.6.6, x=\", for=192.0.2.9")],
            &[],
            &[(X, "192.0.2.8")],
        ],
    );
    assert_eq!(seen.await, [404, 404, 429, 429, 404]);
    let call = message("list-secrets", &json!({"region": "fr-par"}));
    let request = joined.http.post(&joined.mcp).header("accept", "application/json, text/event-stream").json(&call);
    request.header(X, "6.6.6.6, 192.0.2.30").send().await.expect("a response");
    let file = fs::read_dir(folder.path()).expect("it is read").next().expect("a file").expect("a file").path();
    let text = fs::read_to_string(file).expect("it is text");
    let line: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
    assert_eq!((&line["tool"], &line["address"]), (&json!("list-secrets"), &json!("192.0.2.30")), "{text}");
}

#[tokio::test]
async fn fields_are_ignored_without_a_trusted_proxy() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let uri = simulator.base_uri();
    for more in [&[][..], &["--trusted-proxies", "192.0.2.0/24"]] {
        let flags = [&["--base-uri", &uri, "--rate-limit", "2"], more].concat();
        let joined = Joined::start(scaleway(), &flags).await.expect("it is served");
        let requests: &[&[(&str, &str)]] =
            &[&[(X, "192.0.2.1")], &[("forwarded", "for=192.0.2.2")], &[(X, "192.0.2.3")]];
        assert_eq!(statuses(&joined, requests).await, [404, 404, 429], "{more:?}");
    }
}

#[tokio::test]
async fn only_the_field_of_the_flag_is_believed_if_there_is_one() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let uri = simulator.base_uri();
    let flags = ["--base-uri", &uri, "--rate-limit", "1", "--trusted-proxies", "::ffff:127.0.0.0/104"];
    for (field, name) in [("X-Forwarded-For", X), ("x-real-ip", "x-real-ip")] {
        let flags = [&flags[..], &["--forwarded-field", field]].concat();
        let joined = Joined::start(scaleway(), &flags).await.expect("it is served");
        // What the caller sends in another one neither helps nor hurts it.
        let requests: &[&[(&str, &str)]] = &[
            &[(name, "192.0.2.1"), ("forwarded", "for=192.0.2.8")],
            &[(name, "192.0.2.1"), ("forwarded", "for=192.0.2.9")],
            &[(name, "192.0.2.2")],
            &[("forwarded", "for=192.0.2.9")],
            &[],
        ];
        assert_eq!(statuses(&joined, requests).await, [404, 429, 404, 404, 429], "{field}");
    }
    for flags in [&["--forwarded-field", X][..], &["--trusted-proxies", "10.0.0.1", "--forwarded-field", "a b"]] {
        assert!(naftiko_serve::options::parse(flags).is_err(), "{flags:?}");
    }
}

#[tokio::test]
async fn one_address_behind_a_proxy_has_its_share_of_permits_only() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let uri = simulator.base_uri();
    let flags = ["--base-uri", &uri, "--max-in-flight", "32", "--trusted-proxies", "127.0.0.1"];
    let joined = Joined::start(scaleway(), &flags).await.expect("it is served");
    (0..16).for_each(|_| simulator.fault(Fault::slow(Duration::from_secs(2))));
    let slow: Vec<_> = (0..16)
        .map(|_| {
            let request = joined.http.get(format!("{}{SECRET}", joined.rest)).header(X, "192.0.2.1");
            tokio::spawn(request.send())
        })
        .collect();
    while simulator.requests().len() < 16 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(statuses(&joined, &[&[(X, "192.0.2.1")], &[(X, "192.0.2.2")]]).await, [503, 404]);
    for request in slow {
        assert_eq!(request.await.expect("no panic").expect("a response").status(), 404);
    }
    assert_eq!(statuses(&joined, &[&[(X, "192.0.2.1")]]).await, [404]);
}

#[test]
fn networks_that_cannot_be_trusted_are_refused() {
    for text in ["0.0.0.0/0", "::/0", "::ffff:0:0/96", "proxy.example", "10.0.0.0/40", ","] {
        let parsed = naftiko_serve::options::parse(&["--trusted-proxies", text]);
        assert!(parsed.is_err(), "{text}");
    }
}
