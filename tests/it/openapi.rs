//! The OpenAPI document: what it says, that it is one, and where it is served.

use std::collections::BTreeSet;
use std::fs;

use naftiko_codegen::generate;
use naftiko_tests::{OPERATIONS, World};
use scaleway_secret_manager_secrets::rest::OPENAPI;
use serde_json::{Value, json};
use xtask::root;

use crate::cases::{Case, cases};
use crate::rest::problem;
use crate::server::serve;

fn document() -> Value {
    serde_json::from_str(OPENAPI).expect("the document is JSON")
}

/// The operations of a document, with path and method.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("there are paths");
    let of_path = |(path, item)| {
        let methods = Value::as_object(item).expect("a path has methods");
        methods.iter().map(move |(method, operation)| (String::as_str(path), method.as_str(), operation))
    };
    paths.iter().flat_map(of_path).collect()
}

fn parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    operation["parameters"].as_array().into_iter().flatten()
}

/// The names between braces.
fn placeholders(path: &str) -> Vec<&str> {
    path.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect()
}

/// Everything that refers to another place.
fn references<'d>(value: &'d Value, found: &mut Vec<&'d str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// What the official schema leaves to prose.
pub(crate) fn check(name: &str, document: &Value) {
    let mut ids = BTreeSet::new();
    let mut shapes = BTreeSet::new();
    let paths = document["paths"].as_object().expect("there are paths");
    for path in paths.keys() {
        let shape: Vec<_> = path.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
        assert!(shapes.insert(shape), "{name}: {path} is there twice");
        // Some vendors tell operations with one path apart by a fragment.
        let plain = path.split('#').next().unwrap_or_default();
        assert!(plain.starts_with('/') && !plain.contains(['?', ' ', '"']), "{name}: {path}");
    }
    for (path, method, operation) in operations(document) {
        let context = format!("{name}: {method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().expect("an id")), "{context}: the id is not unique");
        let mut seen = BTreeSet::new();
        let mut in_path = BTreeSet::new();
        for parameter in parameters(operation) {
            let (name, place) =
                (parameter["name"].as_str().expect("a name"), parameter["in"].as_str().expect("a place"));
            assert!(seen.insert((name, place)), "{context}: {name} is there twice");
            if place == "path" {
                assert_eq!(parameter["required"], true, "{context}: {name}");
                in_path.insert(name);
            }
        }
        let placeholders = placeholders(path);
        assert_eq!(placeholders.len(), in_path.len(), "{context}");
        assert_eq!(in_path, BTreeSet::from_iter(placeholders), "{context}");
        let tags: Vec<_> = document["tags"].as_array().expect("tags").iter().map(|tag| &tag["name"]).collect();
        assert!(tags.contains(&&operation["tags"][0]), "{context}: the tag is not declared");
    }
    let mut found = Vec::new();
    references(document, &mut found);
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("everything is in the document");
        assert!(document.pointer(pointer).is_some(), "{name}: {reference} leads nowhere");
    }
}

/// What the OpenAPI Initiative says about documents.
pub(crate) fn official() -> jsonschema::Validator {
    let schema = fs::read_to_string(root().join("tests/openapi/schema.json")).expect("the schema is there");
    let schema = serde_json::from_str(&schema).expect("the schema is JSON");
    jsonschema::draft202012::new(&schema).expect("the schema is one")
}

#[test]
fn ok_cases_have_valid_openapi_documents() {
    let official = official();
    let mut seen = 0;
    for Case { name, sources, .. } in cases("ok") {
        let files = generate(&sources).expect(&name).files;
        for (path, text) in files.iter().filter(|(path, _)| path.ends_with("/openapi.json")) {
            let document: Value = serde_json::from_str(text).expect(path);
            let wrong: Vec<_> = official.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{path}: {wrong:?}");
            check(path, &document);
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} documents");
    check("the first capability", &document());
}

#[test]
fn openapi_document_describes_route_inputs() {
    let document = document();
    let operations = operations(&document);
    assert_eq!(operations.len(), OPERATIONS.len());
    for expected in &OPERATIONS {
        let path = format!("/v1/secret-manager/v1beta1/regions{}", expected.path.replace("secret_id", "secret-id"));
        let method = expected.method.to_ascii_lowercase();
        let (_, _, operation) = operations
            .iter()
            .find(|(known, name, _)| *known == path && *name == method)
            .unwrap_or_else(|| panic!("{method} {path} is missing"));
        let body = &operation["requestBody"];
        assert_eq!(body.is_object(), expected.body.is_some(), "{path}");
        if let Some(sent) = expected.body {
            // The default of a body that is left out is `{}`, and null leaves it out, unless there are members that have to be in
            // it.
            let schema = &body["content"]["application/json"]["schema"];
            let validator = jsonschema::draft202012::new(schema).expect("a schema");
            let is_needed = ["create-secret", "allow-product-use-secret"].contains(&expected.tool);
            assert!(validator.is_valid(&serde_json::from_str(sent).expect("JSON")), "{path}");
            assert_eq!((body["required"] == true, schema.get("default").is_none()), (is_needed, is_needed), "{path}");
            let fit = [json!({}), Value::Null].map(|empty| validator.is_valid(&empty));
            assert_eq!(fit, [!is_needed; 2], "{path}");
        }
        let responses: Vec<_> = operation["responses"].as_object().expect("responses").keys().collect();
        assert_eq!(responses, ["204", "2XX", "4XX", "5XX"], "{path}");
    }
    let list = &document["paths"]["/v1/secret-manager/v1beta1/regions/{region}/secrets"]["get"];
    assert_eq!(list["operationId"], "list_secrets");
    let required: Vec<_> = parameters(list)
        .filter(|parameter| parameter["required"] == true)
        .map(|parameter| &parameter["name"])
        .collect();
    assert_eq!(required, ["region", "scheduled_for_deletion"]);
    let tags = parameters(list).find(|parameter| parameter["name"] == "tags").expect("there are tags");
    let array = json!({"type": "array", "items": {"type": "string"}});
    assert_eq!((&tags["style"], &tags["explode"], &tags["schema"]), (&"form".into(), &true.into(), &array));
}

/// The document that a case with these routes makes. Its upstream has `get-thing` with an `id`.
fn of_routes(routes: &str) -> Value {
    let text = format!(
        "naftiko: 1.0.0-alpha2\ncapability:\n  consumes:\n  - type: http\n    namespace: api\n    \
         baseUri: https://api.test\n    resources:\n    - path: /things/{{id}}\n      operations:\n      \
         - {{name: get-thing, method: GET, inputParameters: [{{name: id, in: path}}, {{name: mode, in: query}}]}}\n  \
         exposes:\n  - type: rest\n    namespace: rest\n    port: 8080\n    resources:\n{routes}"
    );
    let name = "spec/cases/made.yaml".to_owned();
    let generated = generate(&[(name, text)].into()).expect("the case is a good one");
    let document = serde_json::from_str(&generated.files["generated/cases-made/openapi.json"]).expect("JSON");
    check("made", &document);
    document
}

#[test]
fn routes_with_one_path_share_one_openapi_path_item() {
    let route = |path: &str, method: &str, input: &str| {
        format!(
            "    - {{path: '{path}', operations: [{{method: {method}, call: api.get-thing, with: {{id: rest.{input}}}}}]}}\n"
        )
    };
    let routes = [
        route("/things/{rest+}", "GET", "rest"),
        route("/things/{id}", "GET", "id"),
        route("/things/{key}", "DELETE", "key"),
        route("/{id}/copies/{id}", "GET", "id"),
        route("/files/{path+}", "GET", "path"),
    ];
    let document = of_routes(&routes.concat());
    let found: Vec<_> = operations(&document)
        .into_iter()
        .map(|(path, method, operation)| format!("{method} {path} {}", operation["operationId"].as_str().unwrap_or("")))
        .collect();
    let expected = [
        "get /things/{id} get_thing",
        "delete /things/{id} get_thing_2",
        "get /{id}/copies/{id_2} get_thing_3",
        "get /files/{path} get_thing_4",
    ];
    assert_eq!(found, expected);
    let described = |path: &str, index: usize| {
        document["paths"][path]["get"]["parameters"][index]["description"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(described("/{id}/copies/{id_2}", 1), "It must have the value of `id`.");
    assert_eq!(described("/files/{path}", 0), "It may be several segments of the path.");
    assert_eq!(described("/things/{id}", 0), "");
}

#[tokio::test]
async fn server_serves_openapi_document_and_self_contained_page() {
    let world = World::start().await;
    let server = serve(&world, &[]).await;
    let get = async |path: &str| {
        let answer = world.http.get(format!("{}{path}", server.rest)).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        let policy = answer.headers()["content-security-policy"].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        let media_type = answer.headers()["content-type"].to_str().expect("text").to_owned();
        (media_type, answer.text().await.expect("the answer is whole"))
    };
    assert_eq!(get("/openapi.json").await, ("application/json".to_owned(), OPENAPI.to_owned()));
    let (media_type, page) = get("/docs").await;
    assert_eq!(media_type, "text/html; charset=utf-8");
    let loaded: Vec<_> = ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| page.split(attribute).skip(1))
        .filter_map(|rest| Some(rest.split_once('"')?.0))
        .filter(|address| *address != "data:,")
        .collect();
    assert_eq!(loaded.len(), 4, "{page}");
    for address in loaded {
        let (media_type, text) = get(&format!("/{address}")).await;
        let expected = match address.rsplit_once('.').map(|(_, extension)| extension) {
            Some("css") => "text/css",
            Some("js") => "text/javascript",
            _ => "application/json",
        };
        assert!(media_type.starts_with(expected), "{address} is {media_type}");
        assert!(!text.is_empty(), "{address} is empty");
    }
    let answer = world.http.get(format!("{}/docs/swagger-ui.css.map", server.rest)).send().await.expect("an answer");
    problem(answer, 404).await;
    assert!(world.simulator.requests().is_empty(), "the upstream is not asked");
    // An application that mounts the routes has its own documentation.
    let answer = world.http.get(format!("{}/openapi.json", world.rest)).send().await.expect("an answer");
    assert_eq!(answer.status(), 404);
}
