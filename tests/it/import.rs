//! `cargo xtask import`: capabilities from OpenAPI documents.

use std::fs;

use naftiko_codegen::{Import, Outcome, Sources, compile, import, is_specification};
use tempfile::tempdir;
use xtask::import::{Options, run};

const DOCUMENT: &str = r#"
openapi: 3.0.3
info: {title: Shop API, version: "1"}
servers:
- url: https://{region}.shop.test/v1
  variables: {region: {default: eu}}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
paths:
  /items:
    parameters:
    - {name: page, in: query, schema: {type: integer, minimum: 1}}
    get: {operationId: listItems, tags: [Items], summary: "List: all items", responses: {'200': {description: Items.}}}
    post:
      operationId: createItem
      tags: [Items]
      description: Creates an item. It is new.
      requestBody: {content: {application/json: {schema: {type: object, properties: {name: {type: string}}}}}}
      responses: {'201': {description: It.}}
  /items/{id}:
    delete:
      tags: [Items]
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'204': {description: Gone.}}
  /pictures:
    post:
      operationId: upload
      tags: [Pictures]
      requestBody: {required: true, content: {multipart/form-data: {schema: {type: object}}}}
      responses: {'204': {description: Done.}}
    get: {operationId: listItems, tags: [Pictures], responses: {'200': {description: Pictures.}}}
"#;

#[test]
fn documents_become_capabilities_that_compile_with_a_report_of_what_is_left_out() {
    let imported =
        import("shop.yaml", DOCUMENT, &Import { provider: "acme", ..Import::default() }).expect("it is read");
    assert_eq!((imported.operations, imported.imported), (5, 4));
    assert_eq!(imported.left_out, ["POST /pictures: its form has no fields that are described"]);
    let sources: Sources = imported.files.iter().map(|(path, text)| (path.clone(), text.clone())).collect();
    let paths: Vec<_> = sources.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "spec/acme/shop-items.openapi.yaml",
            "spec/acme/shop-items.yaml",
            "spec/acme/shop-pictures.openapi.yaml",
            "spec/acme/shop-pictures.yaml",
            "spec/acme/shop.openapi.yaml",
        ]
    );
    for path in paths.into_iter().filter(|path| is_specification(path)) {
        let compiled = compile(&sources, path, "acme-shop");
        assert_eq!(compiled.diagnostics.iter().count(), 0, "{:?}", compiled.diagnostics);
        assert!(matches!(compiled.outcome, Outcome::Generated(_)));
    }
    let items = &sources["spec/acme/shop-items.yaml"];
    for line in [
        "  label: \"Shop API — Items\"",
        "    baseUri: \"https://eu.shop.test/v1\"",
        "      value: '{{env.ACME_API_KEY}}'",
        "        description: \"List: all items\"",
        "        description: \"Creates an item.\"",
        "    - name: \"delete-items-id\"",
        "        destructive: true",
    ] {
        assert!(items.lines().any(|own| own == line), "{line}\n{items}");
    }
}

#[test]
fn a_second_import_changes_nothing_and_keeps_what_was_edited() {
    let (root, documents) = (tempdir().expect("a folder"), tempdir().expect("a folder"));
    let path = documents.path().join("shop.yaml");
    fs::write(&path, DOCUMENT).expect("it is written");
    let options = Options {
        format: "openapi".to_owned(),
        path: documents.path().to_owned(),
        provider: Some("acme".to_owned()),
        tag: Some("Items".to_owned()),
        whole: false,
        overlay: None,
    };
    assert!(run(root.path(), &options).expect("it works"));
    let file = root.path().join("spec/acme/shop-items.yaml");
    let before = fs::metadata(&file).expect("it is there").modified().expect("a time");
    assert!(run(root.path(), &options).expect("it works"));
    assert_eq!(fs::metadata(&file).expect("it is there").modified().expect("a time"), before);
    assert!(!root.path().join("spec/acme/shop-pictures.yaml").exists());
    fs::write(&file, "edited: by hand\n").expect("it is written");
    let error = run(root.path(), &options).expect_err("it would be lost");
    assert!(error.to_string().contains("spec/acme/shop-items.yaml exists and has another text"), "{error}");
    fs::write(&path, "no: document\n").expect("it is written");
    assert!(!run(root.path(), &options).expect("it is reported"));
}

const FORMS: &str = r#"
openapi: 3.1.0
info: {title: Forms, version: "1"}
servers: [{url: https://forms.test}]
paths:
  /tokens:
    post:
      operationId: getToken
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema:
              type: object
              required: [grant_type]
              properties:
                grant_type: {type: string, description: Which grant. One of two.}
                scopes: {type: array, items: {type: string}}
                metadata: {type: object}
                nested: {type: object}
            encoding: {metadata: {style: deepObject, explode: true}}
      responses: {'200': {description: A token.}}
  /pictures:
    post:
      operationId: upload
      requestBody:
        content:
          multipart/form-data:
            schema:
              type: object
              required: [picture]
              properties:
                picture: {type: string, contentMediaType: image/png}
                about: {type: object}
                title: {type: string}
            encoding: {picture: {contentType: image/png}}
      responses: {'204': {description: Done.}}
    put:
      operationId: replace
      requestBody: {content: {image/png: {schema: {type: string, format: binary}}}}
      responses: {'204': {description: Done.}}
    patch:
      operationId: patch
      requestBody: {required: true, content: {multipart/mixed: {schema: {type: string}}}}
      responses: {'204': {description: Done.}}
"#;

#[test]
fn forms_and_bytes_become_bodies_and_what_no_form_has_is_left_out() {
    let options = Import { provider: "acme", whole: true, ..Import::default() };
    let imported = import("forms.yaml", FORMS, &options).expect("it is read");
    assert_eq!((imported.operations, imported.imported), (4, 3));
    assert_eq!(
        imported.left_out,
        [
            "POST /tokens: its field `nested` is nested, and forms are not",
            "PATCH /pictures: its body is neither JSON, a form, text nor bytes",
        ]
    );
    let sources: Sources = imported.files.iter().map(|(path, text)| (path.clone(), text.clone())).collect();
    let compiled = compile(&sources, "spec/acme/forms.yaml", "acme-forms");
    assert_eq!(compiled.diagnostics.iter().count(), 0, "{:?}", compiled.diagnostics);
    let Outcome::Generated(made) = compiled.outcome else { panic!("it is refused") };
    let operations = &made.files["generated/acme-forms/src/operations.rs"];
    for expected in [
        r#""application/x-www-form-urlencoded""#,
        r#"Parameter::new("grant_type", Location::Field, Kind::String)"#,
        r#"Parameter::new("scopes", Location::Field, Kind::Array)"#,
        r#""multipart/form-data""#,
        r#"media_type("image/png")"#,
        r#"media_type("application/json")"#,
        "BodyContent::Bytes",
    ] {
        assert!(operations.contains(expected), "{expected}\n{operations}");
    }
}
