//! From an OpenAPI document to the wire: what is imported, served, and arrives at an upstream that echoes the request.

mod credentials;
mod requests;

use axum::Router;
use naftiko_codegen::{Import, Imported, import};
use naftiko_serve::{echo, load};
use serde_json::{Value, json};

use crate::on_behalf::World;
use crate::tables::{header, serve};

fn imported(document: &str) -> Imported {
    let options = Import { provider: "acme", whole: true, ..Import::default() };
    import("shop.yaml", document, &options).unwrap_or_else(|diagnostics| panic!("{diagnostics:?}"))
}

/// The only capability of an imported document.
fn capability(imported: &Imported) -> &str {
    &imported.files["spec/acme/shop.yaml"]
}

async fn served(document: &str, variables: &[(&str, &str)]) -> World {
    let document = format!("info: {{title: Shop, version: '1'}}\nservers: [{{url: https://api.test}}]\n{document}");
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in imported(&document).files {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, text).expect("the file is written");
    }
    let file = folder.path().join("spec/acme/shop.yaml");
    let loaded = load::file(&file).unwrap_or_else(|error| panic!("{error:#}"));
    for (diagnostics, sources) in &loaded.found {
        assert_eq!(diagnostics.iter().count(), 0, "{}", diagnostics.render(sources, false));
    }
    let upstream = serve(Router::new().fallback(echo::respond)).await;
    let world = World::start(load::leak(loaded.program), &["--base-uri", &upstream], variables).await;
    world.expect("it is served")
}

/// What arrives at the upstream when a tool is called.
async fn sent(world: &World, tool: &str, arguments: Value) -> Value {
    let result = world.call("", tool, &arguments, None).await;
    assert_ne!(result["isError"], true, "{result}");
    result["structuredContent"].clone()
}

const STYLES: &str = r#"
openapi: 3.1.0
paths:
  /things/{ids}:
    get:
      operationId: find
      parameters:
      - {in: path, name: ids, required: true, schema: {type: array, items: {type: string}}}
      - {in: query, name: all, schema: {type: array, items: {type: string}}}
      - {in: query, name: csv, explode: false, schema: {type: array, items: {type: string}}}
      - {in: query, name: ssv, style: spaceDelimited, explode: false, schema: {type: array, items: {type: string}}}
      - {in: query, name: pipes, style: pipeDelimited, explode: false, schema: {$ref: '#/components/schemas/Texts'}}
      - {in: query, name: flt, style: deepObject, schema: {type: object, properties: {gte: {type: integer}}}}
      - {in: query, name: on, style: deepObject, schema: {anyOf: [{type: object, properties: {gte: {type: integer}}}, {type: integer}]}}
      - {in: query, name: own, schema: {type: object, properties: {from: {type: integer}}}}
      - {in: query, name: as_json, content: {application/json: {schema: {type: object}}}}
      - {in: query, name: matrix, style: matrix, schema: {type: string}}
      - {in: header, name: X-Ids, schema: {type: array, items: {type: string}}}
      responses: {'200': {description: Things., content: {application/json: {schema: {}}}}}
  /forms:
    post:
      operationId: send
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema:
              type: object
              properties:
                metadata: {type: object}
                items: {type: array, items: {type: object}}
                csv: {type: array, items: {type: string}}
                all: {type: array, items: {type: string}}
            encoding:
              metadata: {style: deepObject, explode: true}
              items: {style: deepObject, explode: true}
              csv: {explode: false}
      responses: {'200': {description: It., content: {application/json: {schema: {}}}}}
components: {schemas: {Texts: {type: array, items: {type: string}}}}
"#;

#[tokio::test]
async fn arrays_and_objects_arrive_in_the_style_of_the_document() {
    let world = served(STYLES, &[]).await;
    let two = json!(["a", "b,c"]);
    for (name, value, query) in [
        ("all", &two, "?all=a&all=b%2Cc"),
        ("csv", &two, "?csv=a,b%2Cc"),
        ("ssv", &two, "?ssv=a%20b%2Cc"),
        ("pipes", &two, "?pipes=a%7Cb%2Cc"),
        ("flt", &json!({"gte": 1}), "?flt%5Bgte%5D=1"),
        ("on", &json!({"gte": 1}), "?on%5Bgte%5D=1"),
        ("on", &json!(7), "?on=7"),
        ("own", &json!({"from": 2}), "?from=2"),
    ] {
        let got = sent(&world, "find", json!({"ids": ["x", "y,z"], name: value})).await;
        assert_eq!(got["target"], format!("/things/x,y%2Cz{query}"), "{name}");
    }
    let got = sent(&world, "find", json!({"ids": ["x"], "X-Ids": two})).await;
    assert_eq!(header(&got, "x-ids"), Some("a, b,c"));
    // Callers of the REST adapter repeat the name, as its description says.
    let got: Value = world.get("/things/x,y?csv=a&csv=b&flt=%7B%22gte%22:1%7D", None).await.json().await.expect("JSON");
    assert_eq!(got["target"], "/things/x,y?csv=a,b&flt%5Bgte%5D=1");
    let got: Value = world.get("/things/x?on=%7B%22gte%22:1%7D", None).await.json().await.expect("JSON");
    assert_eq!(got["target"], "/things/x?on%5Bgte%5D=1");
    let openapi: Value = world.get("/openapi.json", None).await.json().await.expect("JSON");
    let parameters = openapi["paths"]["/things/{ids}"]["get"]["parameters"].as_array().expect("parameters");
    let csv = parameters.iter().find(|it| it["name"] == "csv").expect("it is there");
    assert_eq!((&csv["style"], &csv["explode"]), (&"form".into(), &true.into()));

    let form = json!({"metadata": {"k v": "1"}, "items": [{"n": 1}, {"n": 2}], "csv": two, "all": two});
    let got = sent(&world, "send", form).await;
    let items = "items%5B0%5D%5Bn%5D=1&items%5B1%5D%5Bn%5D=2";
    let expected = format!("metadata%5Bk+v%5D=1&{items}&csv=a,b%2Cc&all=a&all=b%2Cc");
    assert_eq!(got["body"], expected);
}

#[test]
fn styles_that_requests_cannot_have_are_reported() {
    let left_out =
        imported(&format!("info: {{title: Shop, version: '1'}}\nservers: [{{url: https://a.test}}]\n{STYLES}"))
            .left_out;
    assert_eq!(left_out, ["GET /things/{ids}: its parameter `matrix` has the style `matrix`, which is not supported"]);
}

const VERSION_2: &str = r#"
swagger: '2.0'
consumes: [application/json]
paths:
  /find:
    get:
      operationId: find
      parameters:
      - {in: query, name: csv, type: array, items: {type: string}}
      - {in: query, name: multi, type: array, items: {type: string}, collectionFormat: multi}
      - {in: query, name: tsv, type: array, items: {type: string}, collectionFormat: tsv}
      responses: {'200': {description: Things., schema: {type: object}}}
  /archives:
    put:
      operationId: store
      consumes: [application/x-tar]
      parameters: [{in: body, name: archive, required: true, schema: {type: string, format: binary}}]
      responses: {'200': {description: It., schema: {type: object}}}
  /pages:
    put:
      operationId: write
      consumes: [application/xml]
      parameters: [{in: body, name: page, schema: {type: object}}]
      responses: {'200': {description: It., schema: {type: object}}}
"#;

#[tokio::test]
async fn documents_of_version_2_say_separators_and_media_types() {
    let world = served(VERSION_2, &[]).await;
    let two = json!(["a", "b"]);
    let got = sent(&world, "find", json!({"csv": two, "multi": two, "tsv": two})).await;
    assert_eq!(got["target"], "/find?csv=a,b&multi=a&multi=b&tsv=a%09b");
    let got = sent(&world, "store", json!({"body": "YWJj"})).await;
    assert_eq!((&got["body"], header(&got, "content-type")), (&"abc".into(), Some("application/x-tar")));
    let got = sent(&world, "write", json!({"body": "<a>&amp;</a>"})).await;
    assert_eq!((&got["body"], header(&got, "content-type")), (&"<a>&amp;</a>".into(), Some("application/xml")));
    let got = sent(&world, "write", json!({})).await;
    assert_eq!((&got["body"], header(&got, "content-type")), (&"".into(), None));
}

const MEDIA_TYPES: &str = r#"
openapi: 3.0.0
paths:
  /vendor:
    post:
      operationId: vendor
      requestBody:
        content:
          application/vnd.x.v9+json: {schema: {type: object, properties: {old: {type: string}}}}
          application/vnd.x.v10+json: {schema: {type: object, properties: {new: {type: string}}}}
      responses:
        '200':
          description: It.
          content: {application/vnd.x.v2+json: {schema: {}}, application/vnd.x.v10+json: {schema: {}}}
  /usual:
    patch:
      operationId: usual
      requestBody:
        content:
          application/json-patch+json: {schema: {type: array, items: {}}}
          application/json; charset=utf-8: {schema: {type: object}}
      responses: {'200': {description: It., content: {'*/*': {schema: {}}, application/json: {schema: {}}}}}
  /any:
    put:
      operationId: any
      requestBody: {required: true, content: {'*/*': {schema: {type: string, format: binary}}}}
      responses: {'200': {description: It., content: {application/json: {schema: {}}}}}
  /lines:
    post:
      operationId: lines
      requestBody: {content: {application/x-ndjson: {schema: {type: string}}}}
      responses: {'200': {description: It., content: {application/json: {schema: {}}}}}
  /unknown:
    post:
      operationId: unknown
      requestBody: {content: {application/json: {}}}
      responses: {'200': {description: It., content: {application/json: {schema: {}}}}}
  /nothing:
    post:
      operationId: nothing
      requestBody: {content: {multipart/form-data: {schema: {type: object}}}}
      responses: {'200': {description: It., content: {application/json: {schema: {}}}}}
  /named:
    post:
      operationId: named
      parameters: [{in: query, name: body, schema: {type: string}}, {in: header, name: Accept, schema: {type: string}}]
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {'200': {description: It., content: {application/json: {schema: {}}}}}
  /merged:
    post:
      operationId: merged
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema:
              allOf: [{$ref: '#/components/schemas/A'}, {properties: {b: {type: string}}}]
              properties: {c: {type: string}}
              anyOf: [{required: [d], properties: {d: {type: string}}}]
      responses: {'200': {description: It., content: {application/json: {schema: {}}}}}
components: {schemas: {A: {type: object, required: [a], properties: {a: {type: string}}}}}
"#;

#[tokio::test]
async fn media_types_of_the_document_travel() {
    let world = served(MEDIA_TYPES, &[]).await;
    let types = |got: &Value| {
        let own = |name| header(got, name).map(str::to_owned);
        (got["body"].as_str().unwrap_or_default().to_owned(), own("content-type"), own("accept"))
    };
    let text = |text: &str| Some(text.to_owned());
    let vendor = || text("application/vnd.x.v10+json");
    let json = || text("application/json");
    for (tool, arguments, expected) in [
        ("vendor", json!({"body": {"new": "a"}}), (r#"{"new":"a"}"#, vendor(), vendor())),
        ("vendor", json!({}), ("", None, vendor())),
        ("usual", json!({"body": {}}), ("{}", json(), json())),
        ("any", json!({"body": "YWJj"}), ("abc", text("application/octet-stream"), json())),
        ("lines", json!({"body": "{}\n[]\n"}), ("{}\n[]\n", text("application/x-ndjson"), json())),
        ("unknown", json!({"body": [1]}), ("[1]", json(), json())),
        ("nothing", json!({}), ("", None, json())),
        ("named", json!({"body": "q", "payload": {"a": 1}}), (r#"{"a":1}"#, json(), json())),
        (
            "merged",
            json!({"a": "1", "b": "2", "c": "3"}),
            ("c=3&a=1&b=2", text("application/x-www-form-urlencoded"), json()),
        ),
    ] {
        let got = sent(&world, tool, arguments).await;
        let (body, content_type, accept) = types(&got);
        assert_eq!((body.as_str(), content_type, accept), expected, "{tool}");
    }
}

#[test]
fn responses_that_are_not_json_have_their_format() {
    let document = r#"
openapi: 3.0.0
info: {title: Shop, version: '1'}
servers: [{url: https://api.test}]
paths:
  /a.pdf: {get: {operationId: pdf, responses: {'200': {description: A, content: {application/pdf: {schema: {type: string, format: binary}}}}}}}
  /a.csv: {get: {operationId: csv, responses: {'200': {description: A, content: {text/csv: {}, text/plain: {}}}}}}
  /a.xml: {get: {operationId: xml, responses: {'200': {description: A, content: {application/atom+xml: {}}}}}}
  /both: {get: {operationId: both, responses: {'200': {description: A, content: {application/pdf: {}, application/json: {}}}}}}
  /other: {get: {operationId: other, responses: {default: {description: A, content: {application/gzip: {}}}, 4XX: {description: No}}}}
"#;
    let imported = imported(document);
    let text = capability(&imported);
    let lines: Vec<_> =
        text.lines().map(str::trim).filter(|line| line.starts_with("output") || line.starts_with("value")).collect();
    assert_eq!(
        lines,
        [
            "outputRawFormat: binary",
            "outputMediaType: \"application/pdf\"",
            "value: \"application/pdf\"",
            "outputRawFormat: csv",
            "value: \"text/csv\"",
            "outputRawFormat: xml",
            "value: \"application/atom+xml\"",
            "outputRawFormat: json",
            "outputRawFormat: binary",
            "outputMediaType: \"application/gzip\"",
            "value: \"application/gzip\"",
        ]
    );
}

#[test]
fn what_an_import_leaves_out_has_a_note() {
    let document = r#"
openapi: 3.2.0
info: {title: Shop, version: '1'}
servers: [{url: https://api.test}]
paths:
  /a:
    trace: {responses: {'200': {description: A}}}
    query: {responses: {'200': {description: A}}}
    get: {operationId: a, parameters: [{$ref: '#/components/parameters/None'}], responses: {'200': {description: A}}}
    post: {operationId: b, requestBody: {$ref: '#/components/requestBodies/None'}, responses: {'200': {description: A}}}
  /b: {$ref: 'other.yaml#/b'}
"#;
    let imported = imported(document);
    assert_eq!((imported.operations, imported.imported), (4, 1));
    assert_eq!(
        imported.left_out,
        [
            "TRACE /a: the method is not supported",
            "QUERY /a: the method is not supported",
            "GET /a: its parameter `#/components/parameters/None` is not in the document",
            "/b: `other.yaml#/b` is not in the document",
            "POST /a: its body `#/components/requestBodies/None` is not in the document",
        ]
    );
}

#[test]
fn servers_are_encrypted_where_they_can_be_and_paths_without_a_host_stay() {
    let path = "paths: {/a: {get: {operationId: a, responses: {'200': {description: A}}}}}\n";
    let missing = "set the base URI with --base-uri";
    for (head, uri, own, note) in [
        (
            "swagger: '2.0'\nschemes: [http, https]\nhost: a.test\nbasePath: /v1\n",
            Some("https://a.test/v1"),
            "/a",
            None,
        ),
        ("swagger: '2.0'\nschemes: [http]\nhost: a.test\n", Some("http://a.test"), "/a", None),
        (
            "swagger: '2.0'\nbasePath: /api/9/\n",
            None,
            "/api/9/a",
            Some(format!("server: the document names no host; {missing}")),
        ),
        (
            "openapi: 3.0.0\nservers: [{url: 'http://b.test'}, {url: 'https://a.test/'}]\n",
            Some("https://a.test"),
            "/a",
            None,
        ),
        (
            "openapi: 3.0.0\nservers: [{url: /v1}]\n",
            None,
            "/v1/a",
            Some(format!("server /v1: it has no host; {missing}")),
        ),
    ] {
        let imported = imported(&format!("{head}info: {{title: Shop, version: '1'}}\n{path}"));
        let text = capability(&imported);
        let base = uri.map(|uri| format!("    baseUri: \"{uri}\""));
        assert_eq!(text.lines().find(|line| line.contains("baseUri")), base.as_deref(), "{head}");
        assert!(text.contains(&format!("      path: \"{own}\"\n")), "{head}\n{text}");
        assert_eq!(imported.left_out, note.into_iter().collect::<Vec<_>>(), "{head}");
        let sources = imported.files.into_iter().collect();
        let compiled = naftiko_codegen::compile(&sources, "spec/acme/shop.yaml", "acme-shop");
        // Without a base URI there is a warning about just that.
        let count = usize::from(uri.is_none());
        assert_eq!(compiled.diagnostics.iter().count(), count, "{:?}", compiled.diagnostics);
    }
}

#[test]
fn operations_with_servers_of_their_own_have_an_api_of_their_own() {
    let document = r#"
openapi: 3.0.0
info: {title: Shop, version: '1'}
servers: [{url: https://api.test/2.0}]
paths:
  /files:
    get: {operationId: list, responses: {'200': {description: A}}}
    post:
      operationId: upload
      servers: [{url: https://upload.test/api/2.0}]
      requestBody: {content: {application/json: {schema: {type: object, properties: {a: {type: string}}}}}}
      responses: {'200': {description: A}}
"#;
    let imported = imported(document);
    let text = capability(&imported);
    for line in [
        "baseUri: \"https://api.test/2.0\"",
        "baseUri: \"https://upload.test/api/2.0\"",
        "call: \"shop.list\"",
        "call: \"shop-upload.upload\"",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let sources = imported.files.into_iter().collect();
    let compiled = naftiko_codegen::compile(&sources, "spec/acme/shop.yaml", "acme-shop");
    assert_eq!(compiled.diagnostics.iter().count(), 0, "{:?}", compiled.diagnostics);
}

#[test]
fn names_without_letters_of_ascii_still_name_files() {
    let document = "openapi: 3.0.0\ninfo: {title: API 接口, version: '1'}\nservers: [{url: 'https://a.test'}]\npaths:\n  /a: {get: {tags: [用户], \
                    summary: \"a\\u0092b\\u007f\", responses: {'200': {description: A}}}}\n  /g/{+path}: {get: {operationId: g, tags: [组], parameters: \
                    [{in: path, name: path, required: true, schema: {type: string}}], responses: {'200': {description: A}}}}\n";
    let options = Import { provider: "1password", ..Import::default() };
    let imported = import("文档.yaml", document, &options).expect("it is read");
    let paths: Vec<_> = imported.files.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "spec/n1password/api-tag-1.openapi.yaml",
            "spec/n1password/api-tag-1.yaml",
            "spec/n1password/api-tag-2.openapi.yaml",
            "spec/n1password/api-tag-2.yaml",
            "spec/n1password/document.openapi.yaml",
        ]
    );
    let sources: naftiko_codegen::Sources = imported.files.into_iter().collect();
    for path in ["spec/n1password/api-tag-1.yaml", "spec/n1password/api-tag-2.yaml"] {
        let name = naftiko_codegen::crate_name(path).expect("a name");
        let compiled = naftiko_codegen::compile(&sources, path, &name);
        assert_eq!(compiled.diagnostics.iter().count(), 0, "{:?}", compiled.diagnostics);
    }
}
