//! From a document to capabilities, and from their REST adapters to a document: nothing is lost without a word.

use std::collections::{BTreeMap, BTreeSet};

use naftiko_codegen::{Import, Imported, Locations, Outcome, compile, import, is_specification};
use serde_json::Value;

/// Members are compared down to this level.
const LEVELS: usize = 6;

/// What a document says about an operation: place and name of parameters, and the places of members in both bodies.
#[derive(Debug, Default, PartialEq, Eq)]
struct Facts {
    parameters: BTreeSet<String>,
    request: BTreeSet<String>,
    response: BTreeSet<String>,
}

/// The operations of a document, by method and path.
fn facts(document: &Value) -> BTreeMap<String, Facts> {
    let mut all = BTreeMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let item = followed(document, item);
        for (method, operation) in item.as_object().into_iter().flatten() {
            if !["get", "head", "options", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                continue;
            }
            let mut facts = Facts::default();
            let mut body = followed(document, &operation["requestBody"]);
            let declared = [&item["parameters"], &operation["parameters"]].into_iter().filter_map(Value::as_array);
            for parameter in declared.flatten().map(|parameter| followed(document, parameter)) {
                let text = |key: &str| parameter[key].as_str().unwrap_or_default();
                match text("in") {
                    "body" => body = parameter,
                    "formData" => drop(facts.request.insert(format!("/{}", text("name")))),
                    // Names in a path are of no importance; that they are there is.
                    // They are ignored (OpenAPI 3.1, "Parameter Object").
                    "header"
                        if ["accept", "authorization", "content-type"]
                            .contains(&&*text("name").to_ascii_lowercase()) => {}
                    "path" => drop(facts.parameters.insert("path".to_owned())),
                    place => drop(facts.parameters.insert(format!("{place} {}", text("name").to_ascii_lowercase()))),
                }
            }
            members(document, schema(body), "", &mut Vec::new(), &mut facts.request);
            let responses = operation["responses"].as_object().into_iter().flatten();
            let mut successful: Vec<_> = responses.filter(|(status, _)| status.starts_with('2')).collect();
            successful.sort_by_key(|(status, _)| status.as_str());
            let found = successful.into_iter().map(|(_, response)| schema(followed(document, response)));
            if let Some(schema) = found.into_iter().find(|schema| !schema.is_null()) {
                members(document, schema, "", &mut Vec::new(), &mut facts.response);
            }
            all.insert(format!("{} {path}", method.to_ascii_uppercase()), facts);
        }
    }
    all
}

/// The schema of a body: that of its JSON or of its form, or in version 2 its own.
fn schema(body: &Value) -> &Value {
    let is_json = |media_type: &str| {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        essence.ends_with("/json") || essence.ends_with("+json") || essence == "*/*"
    };
    let mut content: Vec<_> = body["content"].as_object().into_iter().flatten().collect();
    content.sort_by_key(|(media_type, _)| media_type.as_str());
    let is_form = |media_type: &str| ["multipart/form-data", "application/x-www-form-urlencoded"].contains(&media_type);
    let find = |wanted: &dyn Fn(&str) -> bool| content.iter().find(|(media_type, _)| wanted(media_type));
    let described = find(&is_json).or_else(|| find(&is_form));
    described.map_or(&body["schema"], |(_, media)| &media["schema"])
}

fn pointer<'d>(document: &'d Value, reference: &str) -> &'d Value {
    reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer)).unwrap_or(&Value::Null)
}

fn followed<'d>(document: &'d Value, node: &'d Value) -> &'d Value {
    let mut node = node;
    for _ in 0..8 {
        match node["$ref"].as_str() {
            Some(reference) => node = pointer(document, reference),
            None => return node,
        }
    }
    &Value::Null
}

/// The places of all members of a schema.
fn members<'d>(
    document: &'d Value,
    schema: &'d Value,
    place: &str,
    open: &mut Vec<&'d str>,
    found: &mut BTreeSet<String>,
) {
    if place.matches('/').count() >= LEVELS {
        return;
    }
    if let Some(reference) = schema["$ref"].as_str()
        && !open.contains(&reference)
    {
        open.push(reference);
        members(document, pointer(document, reference), place, open, found);
        open.pop();
    }
    let properties = schema["properties"].as_object().into_iter().flatten();
    for (name, member) in properties {
        let is_map = name.starts_with('<') && name.ends_with('>');
        let place = if is_map { format!("{place}/*") } else { format!("{place}/{name}") };
        members(document, member, &place, open, found);
        if !is_map {
            found.insert(place);
        }
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for part in schema[keyword].as_array().into_iter().flatten() {
            members(document, part, place, open, found);
        }
    }
    for keyword in ["items", "additionalProperties"] {
        if schema[keyword].is_object() {
            members(document, &schema[keyword], &format!("{place}/*"), open, found);
        }
    }
}

/// What became of a document: the operations of all capabilities as their REST adapters serve them, and all that was said.
fn served(name: &str, text: &str, whole: bool) -> (BTreeMap<String, Facts>, Vec<String>) {
    let options = Import { provider: "acme", whole, ..Import::default() };
    let Imported { files, left_out, .. } = import(name, text, &options).expect("it is a document");
    let (mut all, mut said) = (BTreeMap::new(), left_out);
    for path in files.keys().filter(|path| is_specification(path)) {
        let compiled = compile(&files, path, "acme-shop");
        said.extend(compiled.diagnostics.iter().map(|diagnostic| diagnostic.one_line(&Locations::new(&files))));
        let Outcome::Generated(made) = compiled.outcome else {
            said.push(format!("{path} is refused"));
            continue;
        };
        let document = serde_json::from_str(&made.files["generated/acme-shop/openapi.json"]).expect("JSON");
        all.extend(facts(&document));
    }
    (all, said)
}

/// What is lost: operations, parameters and members.
fn lost(before: &BTreeMap<String, Facts>, after: &BTreeMap<String, Facts>) -> Vec<String> {
    let mut lost = Vec::new();
    for (operation, facts) in before {
        // The names of placeholders may differ.
        let shape = |text: &str| text.split(['{', '}']).step_by(2).collect::<Vec<_>>().join("{}");
        let found = after.get(operation);
        let found =
            found.or_else(|| after.iter().find(|(other, _)| shape(other) == shape(operation)).map(|(_, it)| it));
        let Some(found) = found else {
            lost.push(operation.clone());
            continue;
        };
        let pairs = [
            ("parameter", &facts.parameters, &found.parameters),
            ("request", &facts.request, &found.request),
            ("response", &facts.response, &found.response),
        ];
        for (what, before, after) in pairs {
            lost.extend(before.difference(after).map(|place| format!("{operation} {what} {place}")));
        }
    }
    lost
}

const OF_3_1: &str = r##"
openapi: 3.1.0
info: {title: Shop, version: "1"}
servers: [{url: "https://shop.test/v1"}]
components:
  schemas:
    Base: {type: object, required: [id], properties: {id: {type: string}}}
    Node: {type: object, properties: {name: {type: string}, next: {$ref: '#/components/schemas/Node'}}}
    Item:
      allOf:
      - {$ref: '#/components/schemas/Base'}
      - {type: object, properties: {colour: {type: string, enum: [red, blue]}, labels: {type: object, additionalProperties: {type: string}}}}
      properties: {own: {type: [integer, 'null']}}
    Choice:
      type: object
      properties: {by: {type: string}}
      oneOf: [{required: [by]}, {required: [to]}]
    Filter:
      $recursiveAnchor: true
      type: object
      properties: {all: {type: array, items: {oneOf: [{$ref: '#/components/schemas/Base'}, {$recursiveRef: '#'}]}}}
    Kinds:
      oneOf:
      - {type: object, properties: {cat: {type: string}}}
      - {type: object, properties: {dog: {type: string}}}
      - {$ref: '#/components/schemas/Filter'}
paths:
  /items:
    parameters: [{name: X-Trace, in: header, schema: {type: string}}]
    get:
      operationId: listItems
      tags: [Items]
      parameters: [{name: page, in: query, schema: {type: integer}}, {name: colour, in: query, schema: {type: array, items: {type: string}}}]
      responses:
        '200': {description: Items., content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Item'}}}}}
    post:
      operationId: createItem
      tags: [Items]
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Item'}}}}
      responses: {'201': {description: It., content: {application/vnd.shop+json: {schema: {$ref: '#/components/schemas/Node'}}}}}
  /items/{id}/{part}:
    put:
      operationId: choose
      tags: [Items]
      parameters: [{name: id, in: path, required: true, schema: {type: string}}, {name: part, in: path, required: true, schema: {type: string}}]
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Choice'}}}}
      responses: {'200': {description: It., content: {application/json: {schema: {$ref: '#/components/schemas/Kinds'}}}}}
"##;

const OF_3_0: &str = r##"
openapi: 3.0.3
info: {title: Files, version: "1"}
servers: [{url: "https://files.test"}]
paths:
  /files:
    post:
      tags: [Files]
      requestBody: {content: {multipart/form-data: {schema: {type: object, properties: {file: {type: string, format: binary}}}}}}
      responses: {'204': {description: Done.}}
    patch:
      tags: [Files]
      requestBody: {content: {application/x-www-form-urlencoded: {schema: {type: object, properties: {name: {type: string}}}}}}
      responses: {'204': {description: Done.}}
    get:
      responses:
        '200':
          description: Files.
          content:
            application/json:
              schema:
                type: object
                properties:
                  nested: {type: object, properties: {deep: {type: array, items: {type: object, properties: {leaf: {type: string, nullable: true}}}}}}
                  <name>: {type: string}
                  map: {type: object, properties: {<key>: {type: object, properties: {value: {type: boolean}}}}}
"##;

const OF_2: &str = r##"
swagger: "2.0"
info: {title: Old, version: "1"}
host: old.test
basePath: /api
schemes: [https]
definitions:
  Thing: {type: object, properties: {name: {type: string}, parent: {$ref: '#/definitions/Thing'}}}
parameters:
  limit: {name: limit, in: query, type: integer}
paths:
  /things:
    get:
      parameters: [{$ref: '#/parameters/limit'}]
      responses: {'200': {description: Things., schema: {type: array, items: {$ref: '#/definitions/Thing'}}}}
    post:
      parameters: [{name: thing, in: body, required: true, schema: {$ref: '#/definitions/Thing'}}]
      responses: {'201': {description: It., schema: {$ref: '#/definitions/Thing'}}}
    put:
      parameters: [{name: file, in: formData, type: file}]
      responses: {'204': {description: Done.}}
"##;

#[test]
fn imported_documents_come_back_from_the_rest_adapter() {
    let nothing: [&str; 0] = [];
    for (name, text) in [("shop.yaml", OF_3_1), ("files.yaml", OF_3_0), ("old.yaml", OF_2)] {
        let document: Value = serde_yaml::from_str(text).expect(name);
        for whole in [false, true] {
            let (after, said) = served(name, text, whole);
            assert_eq!(said, nothing, "{name}");
            assert_eq!(lost(&facts(&document), &after), nothing, "{name}");
        }
    }
}
