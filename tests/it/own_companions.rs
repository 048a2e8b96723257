//! Our companions: they are OpenAPI documents, describe their capabilities and nothing else, and say what is on the wire.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use jsonschema::{Draft, Validator};
use naftiko_tests::World;
use reqwest::Method;
use scaleway_simulator::{Fault, OTHER_PROJECT_ID, PROJECT_ID, TOKEN};
use serde_json::{Value, json};
use xtask::root;

const CAPABILITIES: [&str; 2] = ["secret-manager-secrets", "secret-manager-secret-versions"];
const REGION: &str = "/secret-manager/v1beta1/regions/{region}";
/// The query of a request without a token.
const ANONYMOUS: &str = "?anonymous";
/// A `$ref` is followed this often at most.
const HOPS: usize = 4;

fn read(name: &str) -> Value {
    let path = root().join("spec/scaleway").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn companion(capability: &str) -> Value {
    read(&format!("{capability}.openapi.yaml"))
}

/// What the references of a node lead to.
fn followed<'d>(document: &'d Value, node: &'d Value) -> &'d Value {
    let mut node = node;
    for _ in 0..HOPS {
        let Some(reference) = node["$ref"].as_str() else { break };
        let pointer = reference.strip_prefix('#').expect("everything is in the document");
        node = document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"));
    }
    node
}

fn list(node: &Value) -> impl Iterator<Item = &Value> {
    node.as_array().into_iter().flatten()
}

/// The name and the place of every parameter, by method and path.
type Operations = BTreeMap<(String, String), BTreeSet<(String, String)>>;

fn parameter(parameter: &Value) -> (String, String) {
    let text = |key: &str| parameter[key].as_str().unwrap_or_default().to_owned();
    (text("name"), text("in"))
}

fn operations_of_capability(name: &str) -> Operations {
    let mut operations = Operations::new();
    let capability = read(&format!("{name}.yaml"));
    for resource in list(&capability["capability"]["consumes"]).flat_map(|api| list(&api["resources"])) {
        for operation in list(&resource["operations"]) {
            let method = operation["method"].as_str().expect("a method").to_ascii_lowercase();
            let path = resource["path"].as_str().expect("a path").to_owned();
            operations.insert((method, path), list(&operation["inputParameters"]).map(parameter).collect());
        }
    }
    operations
}

fn operations_of_companion(document: &Value) -> Operations {
    let mut operations = Operations::new();
    for (path, item) in document["paths"].as_object().expect("there are paths") {
        let methods = item.as_object().expect("a path has methods").iter().filter(|(key, _)| *key != "parameters");
        for (method, operation) in methods {
            let all = list(&item["parameters"]).chain(list(&operation["parameters"]));
            let mut parameters: BTreeSet<_> = all.map(|node| parameter(followed(document, node))).collect();
            if operation.get("requestBody").is_some() {
                parameters.insert(("body".to_owned(), "body".to_owned()));
            }
            operations.insert((method.clone(), path.clone()), parameters);
        }
    }
    operations
}

#[test]
fn companions_are_valid_openapi_documents_with_distinct_ids() {
    let schema = fs::read_to_string(root().join("tests/openapi/schema.json")).expect("the schema is there");
    let schema = serde_json::from_str(&schema).expect("the schema is JSON");
    let official = jsonschema::draft202012::new(&schema).expect("the schema is one");
    for name in CAPABILITIES {
        let document = companion(name);
        let wrong: Vec<_> = official.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:?}");
        let mut ids = BTreeSet::new();
        for (method, path) in operations_of_companion(&document).keys() {
            let id = document["paths"][path][method]["operationId"].as_str().expect("an id");
            assert!(ids.insert(id), "{name}: {id} is there twice");
        }
    }
}

#[test]
fn companions_describe_the_operations_and_parameters_of_their_capabilities() {
    for name in CAPABILITIES {
        assert_eq!(operations_of_companion(&companion(name)), operations_of_capability(name), "{name}");
    }
}

/// A validator for the schema of a document that is at this node.
fn validator(document: &Value, schema: &Value) -> Validator {
    let mut schema = schema.clone();
    schema["components"] = document["components"].clone();
    let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
    options.build(&schema).unwrap_or_else(|error| panic!("{schema}: {error}"))
}

fn errors(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    validator(document, schema).iter_errors(value).map(|error| format!("{} {error}", error.instance_path())).collect()
}

/// Both companions, and the upstream that they describe.
struct Wire {
    world: World,
    documents: [Value; 2],
}

impl Wire {
    async fn start() -> Self {
        Self { world: World::start().await, documents: CAPABILITIES.map(companion) }
    }

    fn operation(&self, method: &str, path: &str) -> (&Value, &Value) {
        let of = |document: &'_ Value| document["paths"][path].get(method).is_some();
        let document = self.documents.iter().find(|document| of(document));
        let document = document.unwrap_or_else(|| panic!("{method} {path}"));
        (document, &document["paths"][path][method])
    }

    /// Calls an operation, whose path follows the region, for a secret and with a query. The body of a request that succeeds,
    /// and that of every response, has to be as the companion says.
    async fn call(&self, method: &str, path: &str, (secret, query): (&str, &str), body: Value, status: u16) -> Value {
        let path = format!("{REGION}{path}");
        let context = format!("{method} {path} {body}");
        let (document, operation) = self.operation(method, &path);
        let target = path.replace("{region}", "fr-par").replace("{secret_id}", secret).replace("{revision}", "latest");
        let uri = format!("{}{target}{query}", self.world.simulator.base_uri());
        let http = &self.world.http;
        let request = http.request(method.to_ascii_uppercase().parse::<Method>().expect("a method"), uri);
        let request = request.header("x-auth-token", if query == ANONYMOUS { "none" } else { TOKEN });
        if let (true, Some(body_of)) = (status < 300, operation.get("requestBody")) {
            let schema = &followed(document, body_of)["content"]["application/json"]["schema"];
            assert_eq!(errors(document, schema, &body), [""; 0], "{context}");
        }
        let response = request.json(&body).send().await.expect("the upstream responds");
        assert_eq!(response.status(), status, "{context}");
        let bytes = response.bytes().await.expect("it is whole");
        let described = &operation["responses"][status.to_string()];
        let described = if described.is_null() { &operation["responses"]["default"] } else { described };
        let content = &followed(document, described)["content"];
        assert_eq!(content.is_null(), bytes.is_empty(), "{context}: a body");
        let value = serde_json::from_slice(&bytes).unwrap_or_default();
        if !content.is_null() {
            assert_eq!(errors(document, &content["application/json"]["schema"], &value), [""; 0], "{context}: {value}");
        }
        value
    }
}

/// The secret of a call without a query.
fn at(id: &str) -> (&str, &str) {
    (id, "")
}

#[tokio::test]
async fn bodies_of_the_upstream_are_as_companions_say() {
    let wire = Wire::start().await;
    let none = ("", "");
    let policy = json!({"time_to_live": "1800.000000000s", "expires_once_accessed": null, "action": "disable"});
    let plain = json!({"project_id": PROJECT_ID, "name": "plain", "tags": null, "description": null});
    let whole = json!({
        "project_id": PROJECT_ID, "name": "whole", "tags": ["a"], "description": "b", "type": "unknown_type",
        "path": "/c", "ephemeral_policy": policy, "protected": true, "key_id": OTHER_PROJECT_ID,
    });
    let secrets = "/secrets";
    let one = wire.call("post", secrets, none, plain.clone(), 200).await;
    let other = wire.call("post", secrets, none, whole, 200).await;
    wire.call("post", secrets, none, plain, 400).await;
    wire.call("post", secrets, none, json!({"project_id": OTHER_PROJECT_ID, "name": "a"}), 403).await;
    let listing = format!("?scheduled_for_deletion=false&project_id={PROJECT_ID}");
    wire.call("get", secrets, ("", &listing), json!({}), 200).await;
    wire.call("get", secrets, ("", ANONYMOUS), json!({}), 401).await;
    wire.world.simulator.fault(Fault::rate_limited());
    wire.call("get", secrets, ("", &listing), json!({}), 429).await;
    wire.world.simulator.fault(Fault::status(500).json(json!({"message": "internal error"})));
    wire.call("get", secrets, ("", &listing), json!({}), 500).await;

    let id = |secret: &Value| secret["id"].as_str().expect("it has an id").to_owned();
    let (one, other) = (id(&one), id(&other));
    let secret = "/secrets/{secret_id}";
    wire.call("get", secret, at(&one), json!({}), 200).await;
    wire.call("get", secret, at(OTHER_PROJECT_ID), json!({}), 404).await;
    let cleared = json!({"name": null, "tags": [], "description": "", "path": "/", "ephemeral_policy": null});
    wire.call("patch", secret, at(&one), cleared, 200).await;
    wire.call("patch", secret, at(&other), json!({"ephemeral_policy": policy}), 200).await;
    wire.call("post", "/secrets/{secret_id}/add-owner", at(&one), json!({"product": "edge_services"}), 204).await;
    wire.call("post", "/secrets/{secret_id}/protect", at(&one), json!({}), 200).await;
    wire.call("delete", secret, at(&one), json!({}), 412).await;
    wire.call("post", "/secrets/{secret_id}/unprotect", at(&one), json!({}), 200).await;

    let versions = "/secrets/{secret_id}/versions";
    let version = "/secrets/{secret_id}/versions/{revision}";
    let checked = json!({"data": "MTIzNDU2Nzg5", "data_crc32": 0xCBF4_3926_u32, "disable_previous": true});
    for id in [&one, &other] {
        wire.call("post", versions, at(id), json!({"data": "Zm9v", "data_crc32": null}), 200).await;
        wire.call("post", versions, at(id), checked.clone(), 200).await;
        wire.call("post", versions, at(id), json!({"data": "?"}), 400).await;
        wire.call("get", versions, (id, "?status=enabled&page=1"), json!({}), 200).await;
        wire.call("get", version, at(id), json!({}), 200).await;
        wire.call("patch", version, at(id), json!({"description": "d"}), 200).await;
        wire.call("get", "/secrets/{secret_id}/versions/{revision}/access", at(id), json!({}), 200).await;
        wire.call("post", "/secrets/{secret_id}/versions/{revision}/disable", at(id), json!({}), 200).await;
        wire.call("get", "/secrets/{secret_id}/versions/{revision}/access", at(id), json!({}), 412).await;
        wire.call("post", "/secrets/{secret_id}/versions/{revision}/enable", at(id), json!({}), 200).await;
    }
    let by_path = "/secrets-by-path/versions/{revision}/access";
    let named = format!("?secret_path=%2F&secret_name=plain&project_id={PROJECT_ID}");
    wire.call("get", by_path, ("", &named), json!({}), 200).await;
    wire.call("delete", version, at(&one), json!({}), 204).await;
    wire.call("get", version, at(&one), json!({}), 200).await;
    wire.call("post", "/secrets/{secret_id}/versions/{revision}/restore", at(&one), json!({}), 200).await;
    wire.call("delete", secret, at(&one), json!({}), 204).await;
    wire.call("get", secret, at(&one), json!({}), 200).await;
    wire.call("post", "/secrets/{secret_id}/restore", at(&one), json!({}), 200).await;
}

#[test]
fn bodies_that_are_mistakes_do_not_fit_companions() {
    let [secrets, versions] = CAPABILITIES.map(companion);
    let id = PROJECT_ID;
    for (document, component, body) in [
        (&secrets, "CreateSecret", json!({"name": "a"})),
        (&secrets, "CreateSecret", json!({"project_id": id})),
        (&secrets, "CreateSecret", json!({"project_id": "", "name": "a"})),
        (&secrets, "CreateSecret", json!({"project_id": id, "name": null})),
        (&secrets, "CreateSecret", json!({"project_id": id, "name": "a", "descripton": "b"})),
        (&secrets, "CreateSecret", json!({"project_id": id, "name": "a", "type": "opaqe"})),
        (&secrets, "CreateSecret", json!({"project_id": id, "name": "a", "protected": "yes"})),
        (&secrets, "CreateSecret", json!({"project_id": id, "name": "a", "ephemeral_policy": {"time_to_live": "1h"}})),
        (&secrets, "UpdateSecret", json!({"tags": "a"})),
        (&secrets, "UpdateSecret", json!({"protected": true})),
        (&secrets, "AddSecretOwner", json!({})),
        (&versions, "CreateSecretVersion", json!({"description": "no value"})),
        (&versions, "CreateSecretVersion", json!({"data": "Zm9v", "data_crc32": -1})),
        (&versions, "CreateSecretVersion", json!({"data": "A".repeat(87_385)})),
        (&versions, "UpdateSecretVersion", json!({"data": "Zm9v"})),
    ] {
        let schema = json!({"$ref": format!("#/components/schemas/{component}")});
        assert!(!errors(document, &schema, &body).is_empty(), "{component}: {body}");
    }
}

#[test]
fn values_of_versions_are_marked_as_secret() {
    let document = companion("secret-manager-secret-versions");
    let mut marked = BTreeSet::new();
    for (component, schema) in document["components"]["schemas"].as_object().expect("there are schemas") {
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            if member["x-naftiko-secret"] == true {
                marked.insert(format!("{component}.{name}"));
            }
        }
    }
    assert_eq!(Vec::from_iter(marked), ["CreateSecretVersion.data", "SecretValue.data"]);
}
