//! The security schemes of an OpenAPI document as credentials.

use naftiko_codegen::Imported;
use serde_json::json;

use super::{capability, imported, sent, served};
use crate::tables::header;

/// An imported document with these lines before its paths, and with operations of these securities.
fn secured(head: &str, securities: &[&str]) -> Imported {
    let operation = |(index, security): (usize, &&str)| {
        format!(
            "  /{index}: {{get: {{operationId: get{index}, {security}responses: {{'200': {{description: A}}}}}}}}\n"
        )
    };
    let paths: String = securities.iter().enumerate().map(operation).collect();
    imported(&format!(
        "openapi: 3.0.0\ninfo: {{title: Shop, version: '1'}}\nservers: [{{url: https://api.test}}]\n{head}paths:\n{paths}"
    ))
}

const SCHEMES: &str = "components:
  securitySchemes:
    apiKeyAuth: {type: apiKey, in: header, name: X-Api}
    appKeyAuth: {type: apiKey, in: header, name: X-App}
    inQuery: {type: apiKey, in: query, name: key}
    token: {type: http, scheme: bearer}
    user: {type: http, scheme: basic}
    oauth: {type: oauth2, flows: {}}
";

/// The lines of a capability that are about credentials.
fn credentials(imported: &Imported) -> Vec<&str> {
    let lines = capability(imported).lines().skip_while(|line| !line.contains("baseUri")).skip(1);
    lines.take_while(|line| !line.contains("resources")).map(str::trim).collect()
}

#[test]
fn all_schemes_of_a_requirement_are_sent() {
    let both = secured(&format!("security: [{{apiKeyAuth: [], appKeyAuth: []}}]\n{SCHEMES}"), &[""]);
    let expected = [
        "authentication:",
        "type: apikey",
        "headers:",
        "\"X-Api\": '{{env.ACME_API_KEY_AUTH}}'",
        "\"X-App\": '{{env.ACME_APP_KEY_AUTH}}'",
    ];
    assert_eq!(credentials(&both), expected);
    assert_eq!(both.left_out, [""; 0]);
    let mixed = secured(&format!("security: [{{token: [], inQuery: []}}]\n{SCHEMES}"), &[""]);
    let expected = [
        "authentication:",
        "type: bearer",
        "token: '{{env.ACME_TOKEN}}'",
        "inputParameters:",
        "- name: \"key\"",
        "in: query",
        "value: '{{env.ACME_API_KEY}}'",
    ];
    assert_eq!(credentials(&mixed), expected);
}

#[test]
fn token_is_preferred_and_alternatives_are_reported() {
    let keys = "security: [{apiKeyAuth: [], appKeyAuth: []}], ";
    let either = "security: [{apiKeyAuth: [], appKeyAuth: []}, {token: []}], ";
    let imported = secured(SCHEMES, &[either, either, keys, "security: [], "]);
    assert_eq!(credentials(&imported), ["authentication:", "type: bearer", "token: '{{env.ACME_TOKEN}}'"]);
    assert_eq!(
        imported.left_out,
        [
            "security: `token` is used, and not `apiKeyAuth` with `appKeyAuth`",
            "GET /3: no credential is needed, and it is sent",
            "GET /2: `token` is not what it accepts",
        ]
    );
    // Tokens that travel alike are no alternatives.
    let imported = secured(SCHEMES, &["security: [{oauth: [a]}], ", "security: [{token: []}, {oauth: []}], "]);
    assert_eq!(imported.left_out, ["security scheme `oauth`: the token is not requested; set ACME_TOKEN"]);
    // A scheme that nothing requires is not sent.
    let imported = secured(&format!("security: [{{user: []}}]\n{SCHEMES}"), &[""]);
    let lines = credentials(&imported);
    assert_eq!(lines.get(1), Some(&"type: basic"));
    assert!(credentials(&secured(&format!("security: []\n{SCHEMES}"), &[""])).is_empty());
}

#[tokio::test]
async fn keys_of_several_headers_and_of_the_query_arrive() {
    let document = format!(
        "openapi: 3.0.0\nsecurity: [{{apiKeyAuth: [], inQuery: []}}]\n{SCHEMES}paths:\n  /a: {{get: {{operationId: a, \
         responses: {{'200': {{description: A}}}}}}}}\n"
    );
    let world = served(&document, &[("ACME_API_KEY_AUTH", "one"), ("ACME_IN_QUERY", "two")]).await;
    let got = sent(&world, "a", json!({})).await;
    assert_eq!((&got["target"], header(&got, "x-api")), (&"/a?key=two".into(), Some("one")));
}
