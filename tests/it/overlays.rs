//! Overlays: what they change in a companion, and what is said about wrong ones.

use naftiko_codegen::{Code, Import, Locations, Outcome, Sources, compile, import, is_specification};

const PATH: &str = "spec/acme/shop.yaml";
const COMPANION: &str = "spec/acme/shop.openapi.yaml";
const OVERLAY: &str = "spec/acme/shop.overlay.yaml";

const CAPABILITY: &str = "naftiko: 1.0.0-alpha2
info: {label: Shop}
capability:
  consumes:
  - type: http
    namespace: shop
    baseUri: https://api.test
    resources: [{name: a, path: /a, operations: [{name: get-a, method: GET}]}]
";

const DOCUMENT: &str = "openapi: 3.1.0
info: {title: Shop, version: '1'}
servers: [{url: https://api.test}]
paths:
  /a: {get: {tags: [A], responses: {'200': {description: It., content: {application/json: {schema: {type: string}}}}}}}
";

fn sources(overlay: &str) -> Sources {
    let files = [(PATH, CAPABILITY), (COMPANION, DOCUMENT), (OVERLAY, overlay)];
    files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

fn overlay(actions: &str) -> String {
    format!("overlay: 1.1.0\ninfo: {{title: A, version: '1'}}\nactions:\n{actions}")
}

/// The schema of the only response, and the codes of all diagnostics.
fn compiled(sources: &Sources) -> (String, Vec<Code>) {
    let compiled = compile(sources, PATH, "acme-shop");
    let codes = compiled.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    let Outcome::Generated(made) = compiled.outcome else { return (String::new(), codes) };
    let operations = &made.files["generated/acme-shop/src/operations.rs"];
    let schema = operations.split("response_schema(").nth(1).and_then(|rest| rest.split(')').next());
    (schema.unwrap_or_default().trim().trim_start_matches("r#").trim_matches(['"', '#']).to_owned(), codes)
}

const SCHEMA: &str = "$.paths['/a'].get.responses['200'].content.*.schema";

#[test]
fn actions_are_applied_one_after_the_other() {
    let actions = format!(
        "- {{target: \"{SCHEMA}\", update: {{type: integer, x-list: [1]}}}}\n- {{target: \"{SCHEMA}\", update: {{x-list: [2]}}}}\n- \
         {{target: \"$..schema[?@[1] == 2]\", update: 3}}\n- {{target: \"$..schema[?length(@) == 3]\", remove: true}}\n- {{target: \
         \"$..schema['x-list']\", remove: true}}\n"
    );
    let (schema, codes) = compiled(&sources(&overlay(&actions)));
    assert_eq!((schema.as_str(), codes.as_slice()), (r#"{"type":"integer"}"#, &[Code::OverlayTarget][..]));
}

#[test]
fn diagnostics_about_overlaid_values_point_to_the_overlay() {
    let actions = format!("- {{target: \"{SCHEMA}\", update: {{$ref: '#/nowhere'}}}}\n");
    let sources = sources(&overlay(&actions));
    let compiled = compile(&sources, PATH, "acme-shop");
    let found = compiled.diagnostics.iter().next().expect("it is reported");
    assert_eq!((found.code, found.file.as_str()), (Code::CompanionReference, OVERLAY));
    assert_eq!(found.location(&Locations::new(&sources)).start.line, 4);
}

#[test]
fn overlays_can_be_shared_and_need_a_companion() {
    let mut sources = sources("$ref: ../corrections.yaml\n");
    let actions = format!("- {{target: \"{SCHEMA}\", update: {{type: boolean}}}}\n");
    sources.insert("spec/corrections.yaml".to_owned(), overlay(&actions));
    assert_eq!(compiled(&sources), (r#"{"type":"boolean"}"#.to_owned(), Vec::new()));
    sources.remove(COMPANION);
    assert_eq!(compiled(&sources), (String::new(), vec![Code::OverlayTarget]));
    assert!(!is_specification(OVERLAY));
}

#[test]
fn overlays_that_grow_a_document_without_end_are_refused() {
    let doubling = "- {target: $.paths, copy: $}\n".repeat(40);
    let nested =
        "- {target: $.info, copy: $}\n- {target: $.info.info, copy: $}\n- {target: $.info.info.info, copy: $}\n"
            .repeat(30);
    let deep = format!("- {{target: \"$[?{}\", remove: true}}\n", "(".repeat(10_000));
    for actions in [doubling, nested, deep] {
        let (_, codes) = compiled(&sources(&overlay(&actions)));
        assert!(codes.contains(&Code::Overlay), "{codes:?}");
    }
}

#[test]
fn imported_documents_are_overlaid_before_they_are_read() {
    let rename = overlay("- {target: \"$.paths['/a'].get\", update: {operationId: readIt}}\n");
    let options = Import { provider: "acme", overlay: Some(("fix.yaml", &rename)), ..Import::default() };
    let imported = import("shop.yaml", DOCUMENT, &options).expect("it is read");
    assert_eq!(imported.warnings.iter().count(), 0);
    let paths: Vec<_> = imported.files.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "spec/acme/fix.overlay.yaml",
            "spec/acme/shop-a.openapi.yaml",
            "spec/acme/shop-a.overlay.yaml",
            "spec/acme/shop-a.yaml",
            "spec/acme/shop.openapi.yaml",
        ]
    );
    assert!(imported.files["spec/acme/shop-a.yaml"].contains("- name: \"read-it\""));
    let path = "spec/acme/shop-a.yaml";
    let compiled = compile(&imported.files, path, "acme-shop");
    assert_eq!(compiled.diagnostics.iter().count(), 0, "{:?}", compiled.diagnostics);
    let wrong = Import { overlay: Some(("fix.yaml", "overlay: 2.0.0")), ..options };
    let diagnostics = import("shop.yaml", DOCUMENT, &wrong).expect_err("it is no overlay");
    assert!(diagnostics.iter().any(|diagnostic| diagnostic.code == Code::Overlay && diagnostic.file == "fix.yaml"));
}
