//! What vendors write that requests cannot have, and what they tell apart by more than paths.

use naftiko_codegen::{Files, Imported, Outcome, Sources, compile, export};
use serde_json::{Value, json};

use super::{capability, imported, sent, served};

const PATH: &str = "spec/acme/shop.yaml";

/// An imported document with these lines after its title.
fn of(lines: &str) -> Imported {
    imported(&format!("openapi: 3.0.3\ninfo: {{title: Shop, version: '1'}}\n{lines}"))
}

fn sources(imported: &Imported) -> Sources {
    imported.files.iter().map(|(path, text)| (path.clone(), text.clone())).collect()
}

/// The files of the crate of an imported document.
fn files(imported: &Imported) -> Files {
    let sources = sources(imported);
    let compiled = compile(&sources, PATH, "acme-shop");
    match compiled.outcome {
        Outcome::Generated(made) => made.files,
        _ => panic!("{}", compiled.diagnostics.render(&sources, false)),
    }
}

#[test]
fn no_document_chooses_variables_of_the_environment() {
    let imported = of(r#"
servers: [{url: https://api.test}]
paths:
  /a/{{env.HOME}}: {get: {operationId: inPath, responses: {'200': {description: A}}}}
  /b/{env.HOME}: {get: {operationId: declared, parameters: [{name: env.HOME, in: path, required: true, schema: {type: string}}], responses: {}}}
  /c/{{HOME}}: {get: {operationId: inBraces, responses: {'200': {description: A}}}}
  /d:
    post:
      operationId: inTypes
      requestBody: {content: {'application/x; a="{{env.HOME}}"': {}, 'application/{{env.HOME}}+json': {}, text/plain: {}}}
      responses: {'200': {description: A, content: {'text/x; a="{{env.HOME}}"': {}}}}
  /e:
    post:
      operationId: inForm
      requestBody:
        content:
          multipart/form-data:
            schema: {properties: {env.HOME: {type: string}, '{{env.HOME}}': {type: string}, a: {type: string}}}
            encoding: {a: {contentType: 'text/{{env.HOME}}'}}
      responses: {'200': {description: A}}
"#);
    assert_eq!(
        imported.left_out,
        [
            "GET /a/{{env.HOME}}: `{env.HOME}` in its path means an environment variable",
            "GET /b/{env.HOME}: `{env.HOME}` in its path means an environment variable",
            "POST /e: its field `{{env.HOME}}` has a name that forms cannot have",
        ]
    );
    let operations = &files(&imported)["generated/acme-shop/src/operations.rs"];
    assert!(!operations.contains("Variable"), "{operations}");
}

#[test]
fn what_requests_cannot_have_is_left_out_and_the_rest_compiles() {
    let imported = of(r#"
servers: [{url: 'https://user:password@api.test/v1'}, {url: 'ftp://api.test'}]
security: [{key: [], other: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X Key}
    other: {$ref: '#/components/securitySchemes/real'}
    real: {type: apiKey, in: header, name: X-Key}
paths:
  /a:
    parameters: [{name: x-own, in: header, schema: {type: integer}}]
    get:
      operationId: find
      parameters:
      - {name: X-Own, in: header, schema: {type: string}}
      - {name: X Blank, in: header, schema: {type: string}}
      - {name: 'a;b', in: cookie, schema: {type: string}}
      - {name: Content-Length, in: header, required: true, schema: {type: string}}
      - {name: filter, in: querystring, content: {application/json: {schema: {type: object}}}}
      - {name: lost, schema: {type: string}}
      responses: {'200': {description: A, content: {no media type: {}, '': {}}}, x-note: {description: B}}
    post:
      operationId: needs
      parameters: [{name: X Blank, in: header, required: true, schema: {type: string}}]
      responses: {'200': {description: A}}
    put:
      operationId: whole
      parameters: [{name: all, in: querystring, required: true, content: {text/plain: {}}}]
      responses: {'200': {description: A}}
  /a/../b: {get: {operationId: up, responses: {'200': {description: A}}}}
  "/tab\t": {get: {operationId: tab, responses: {'200': {description: A}}}}
  c/{id}: {get: {operationId: noSlash, responses: {'200': {description: A, content: {application/json: {schema: {type: boolean}}}}}}}
  x-note: {get: {operationId: extension, responses: {'200': {description: A}}}}
  /d/{id}:
    get:
      operationId: twice
      parameters:
      - {name: Id, in: path, required: true, schema: {type: string}}
      - {name: id, in: query, schema: {type: string}}
      responses: {'200': {description: A}}
"#);
    assert_eq!(
        imported.left_out,
        [
            "server https://user:password@api.test/v1: it has no valid host; set the base URI with --base-uri",
            "GET /a: its parameter `filter` is left out: it is in `querystring`, which is not supported",
            "GET /a: its parameter `lost` is left out: it has no `in`",
            "GET /a: its header `Content-Length` is left out: the client sets it",
            "GET /a: its header parameter `X Blank` is left out: no header can be called `X Blank`",
            "GET /a: its cookie parameter `a;b` is left out: no cookie can be called `a;b`",
            "POST /a: no header can be called `X Blank`",
            "PUT /a: its parameter `all` is required, but it is in `querystring`, which is not supported",
            "GET /a/../b: its path has segments or characters that are not sent as they are",
            "GET /tab\\t: its path has segments or characters that are not sent as they are",
            "GET /d/{id}: its query parameter `id` is left out: `id` is in its path",
            "security scheme `key`: its kind is not supported",
            "security: `key` with `other` is not supported",
        ]
    );
    assert_eq!(capability(&imported).matches("name: \"X-Own\"").count(), 1, "{}", capability(&imported));
    let operations = &files(&imported)["generated/acme-shop/src/operations.rs"];
    assert!(operations.contains("boolean"), "{operations}");
}

#[test]
fn operations_that_a_fragment_or_a_query_tells_apart_are_all_there() {
    let body = |name: &str| {
        format!(
            "requestBody: {{content: {{application/json: {{schema: {{properties: {{{name}: {{type: string}}}}}}}}}}}}, responses: {{}}"
        )
    };
    let (plain, share) = (body("name"), body("link"));
    let imported = of(&format!(
        "servers: [{{url: https://api.test}}]\npaths:\n  /files/{{id}}: {{put: {{operationId: put, {plain}}}}}\n  \
         /files/{{id}}#share: {{put: {{operationId: share, {share}}}}}\n  \
         /files/{{id}}?versions: {{get: {{operationId: versions, responses: {{}}}}}}\n"
    ));
    assert_eq!(
        imported.left_out,
        ["PUT /files/{id}#share: it has no route, since another operation has its method and path"]
    );
    let made = files(&imported);
    let models = &made["generated/acme-shop/src/models.rs"];
    assert!(models.contains("pub link: Option<String>") && models.contains("pub name: Option<String>"), "{models}");
    assert!(made["generated/acme-shop/src/operations.rs"].contains("versions"));
    let (exported, _) = export(&sources(&imported), PATH, "acme-shop").expect("it is exported");
    assert!(exported.left_out.is_empty(), "{:?}", exported.left_out);
    let document: Value = serde_json::from_str(&exported.text).expect("JSON");
    let share = &document["paths"]["/files/{id}#share"]["put"]["requestBody"]["content"]["application/json"]["schema"];
    assert!(share["properties"]["link"].is_object(), "{document}");
}

#[tokio::test]
async fn fields_are_sent_under_their_names_whatever_their_inputs_are_called() {
    let document = "openapi: 3.0.3
paths:
  /things/{id}:
    post:
      operationId: change
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema: {properties: {id: {type: string}, a b: {type: string}, field-id: {type: string}}}
      responses: {'200': {description: It.}}
";
    let world = served(document, &[]).await;
    let arguments = json!({"id": "1", "field-id-2": "2", "field-a-b": "3", "field-id": "4"});
    let got = sent(&world, "change", arguments).await;
    assert_eq!(got["target"], "/things/1");
    assert_eq!(got["body"], "id=2&a+b=3&field-id=4");
}

#[test]
fn exported_documents_are_imported_as_the_same_capability() {
    let first = of("
servers: [{url: https://api.test}]
security: [{token: []}]
components: {securitySchemes: {token: {type: http, scheme: bearer}}}
paths:
  /things/{some.id}:
    get:
      operationId: find
      parameters:
      - {name: some.id, in: path, required: true, schema: {type: integer}}
      - {name: about, in: query, content: {application/json: {schema: {properties: {a: {type: string}}}}}}
      responses: {'200': {description: It., content: {'*/*': {schema: {type: string, format: binary}}}}}
  /files:
    post:
      operationId: upload
      servers: [{url: https://upload.test}]
      requestBody:
        required: true
        content:
          multipart/form-data:
            schema:
              required: [file]
              properties: {file: {type: string, format: binary}, others: {type: array, items: {type: string, format: binary}}, about: {type: object}}
      responses: {'2xx': {description: It., content: {application/json: {schema: {type: boolean}}}}}
");
    assert!(first.left_out.is_empty(), "{:?}", first.left_out);
    let (exported, _) = export(&sources(&first), PATH, "acme-shop").expect("it is exported");
    let second = imported(&exported.text);
    let lines = |imported: &Imported| -> Vec<String> {
        let text = capability(imported).replace("{some.id}", "{some-id}").replace("\"some.id\"", "\"some-id\"");
        text.lines().map(str::to_owned).collect()
    };
    assert_eq!(lines(&first), lines(&second), "{}", exported.text);
}
