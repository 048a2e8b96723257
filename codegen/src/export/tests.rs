//! An exported document in the place of the companion: the crate is the same, and nothing has changed in the API.

use crate::{Files, Outcome, Sources, compile, drift, export};

const PATH: &str = "spec/acme/shop.yaml";

/// A capability with these paths, each of which can be got and posted to.
fn capability(paths: &[&str]) -> String {
    let resources = paths.iter().enumerate().map(|(index, path)| {
        format!(
            "    - name: r{index}\n      path: '{path}'\n      operations:\n      - {{name: get-{index}, method: GET}}\n      \
             - {{name: add-{index}, method: POST, inputParameters: [{{name: body, in: body, required: true}}]}}\n"
        )
    });
    format!(
        "naftiko: 1.0.0-alpha2\ninfo: {{label: Shop}}\ncapability:\n  consumes:\n  - type: http\n    namespace: shop\n    baseUri: \
         https://api.test\n    resources:\n{}",
        resources.collect::<String>()
    )
}

/// A document in which the body of each path is this schema, in both ways.
fn document(bodies: &[(&str, &str)], components: &str) -> String {
    let paths = bodies.iter().map(|(path, schema)| {
        let content = format!("content: {{application/json: {{schema: {schema}}}}}");
        format!(
            "  '{path}':\n    get: {{responses: {{'200': {{description: It., {content}}}}}}}\n    post: {{requestBody: {{{content}}}, \
             responses: {{'204': {{description: Done.}}}}}}\n"
        )
    });
    let components: String = components.lines().map(|line| format!("    {line}\n")).collect();
    let paths: String = paths.collect();
    format!("openapi: 3.0.3\ninfo: {{title: Shop, version: '1'}}\npaths:\n{paths}components:\n  schemas:\n{components}")
}

fn with(capability: &str, companion: String) -> Sources {
    Sources::from([(PATH.to_owned(), capability.to_owned()), ("spec/acme/shop.openapi.yaml".to_owned(), companion)])
}

fn files(sources: &Sources) -> Files {
    match compile(sources, PATH, "acme-shop").outcome {
        Outcome::Generated(made) => made.files,
        other => panic!("{other:?}"),
    }
}

fn exported(sources: &Sources) -> String {
    match export(sources, PATH, "acme-shop") {
        Ok((exported, _)) => exported.text,
        Err(diagnostics) => panic!("{}", diagnostics.render(sources, false)),
    }
}

/// Checks that the crate of the exported document is the same, and gives its files.
fn same(bodies: &[(&str, &str)], components: &str) -> Files {
    let capability = capability(&bodies.iter().map(|(path, _)| *path).collect::<Vec<_>>());
    let sources = with(&capability, document(bodies, components));
    let text = exported(&sources);
    let again = with(&capability, text.clone());
    let (before, after) = (files(&sources), files(&again));
    for (path, file) in &before {
        for (one, other) in file.lines().zip(after.get(path).map_or("", String::as_str).lines()) {
            assert_eq!(one, other, "{path}: {text}");
        }
    }
    assert_eq!(exported(&again), text, "a second export says the same");
    let changes = drift(&sources, PATH, ("exported.json", &text)).expect("they are comparable").changes;
    assert_eq!(changes, [], "{text}");
    before
}

#[test]
fn equal_components_that_contain_themselves_are_one() {
    let files = same(
        &[("/a", "{$ref: '#/components/schemas/OneA'}"), ("/b", "{$ref: '#/components/schemas/OneB'}")],
        "OneA: {oneOf: [{$ref: '#/components/schemas/X'}, {$ref: '#/components/schemas/Y'}]}
OneB: {oneOf: [{$ref: '#/components/schemas/X'}, {$ref: '#/components/schemas/Y'}]}
X: {properties: {x: {type: string}, contained: {type: array, items: {$ref: '#/components/schemas/OneA'}}}}
Y: {properties: {y: {type: string}, contained: {type: array, items: {$ref: '#/components/schemas/OneB'}}}}
",
    );
    let models = &files["generated/acme-shop/src/models.rs"];
    assert!(models.contains("OneA") && !models.contains("OneB"), "{models}");
}

#[test]
fn bases_merged_variants_and_members_of_one_way_are_the_same() {
    let files = same(
        &[("/a", "{$ref: '#/components/schemas/Home'}"), ("/b", "{$ref: '#/components/schemas/Pet'}")],
        "Home:
  properties:
    pet: {$ref: '#/components/schemas/Pet'}
    cage: {$ref: '#/components/schemas/Cage'}
    room:
      required: [size]
      properties: {size: {type: integer}}
      oneOf: [{$ref: '#/components/schemas/Cage'}, {$ref: '#/components/schemas/Tank'}]
      discriminator: {propertyName: sort, mapping: {cage: Cage}}
    most: {type: integer, enum: [18446744073709551615]}
  additionalProperties: {type: object}
Pet:
  required: [id, kind]
  properties: {id: {type: string, readOnly: true}, kind: {type: string}, friend: {$ref: '#/components/schemas/Pet'}}
  discriminator: {propertyName: kind, mapping: {fish: '#/components/schemas/Fish', dog: Dog}}
Dog: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {bark: {type: boolean}}}]}
Fish: {allOf: [{$ref: '#/components/schemas/Pet'}, {required: [fins], properties: {fins: {type: integer}}}]}
Cage: {properties: {sort: {type: string}, bars: {type: integer}}}
Tank: {properties: {sort: {type: string}, litres: {type: number}}}
",
    );
    let models = &files["generated/acme-shop/src/models.rs"];
    let words: String = models.split_whitespace().collect();
    for expected in [
        r#"Dog(Dog)=Tagged("kind",&["dog"])"#,
        r#"PetBase(PetBase)=Members(&[],&[])"#,
        r#"Tagged("sort",&["cage"])"#,
        "builder!(PetBase;kind(String);friend(Pet),id(String))",
        "pubothers:BTreeMap<String,Value>",
    ] {
        assert!(words.contains(expected), "{expected}: {models}");
    }
}

#[test]
fn subtypes_that_are_bases_are_known_by_their_values() {
    let files = same(
        &[("/a", "{$ref: '#/components/schemas/Pet'}")],
        "Pet: {properties: {kind: {type: string}}, discriminator: {propertyName: kind, mapping: {canine: Canine, cat: Cat}}}
Canine: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {teeth: {type: integer}}}], discriminator: {propertyName: kind, mapping: {dog: Dog}}}
Dog: {allOf: [{$ref: '#/components/schemas/Canine'}, {properties: {bark: {type: boolean}}}]}
Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {lives: {type: integer}}}]}
",
    );
    let words: String = files["generated/acme-shop/src/models.rs"].split_whitespace().collect();
    for (name, values) in [("PetCanine", "canine"), ("Dog", "dog"), ("Cat", "cat")] {
        let expected = format!(r#"{name}({name})=Tagged("kind",&["{values}"])"#);
        assert!(words.contains(&expected), "{expected}: {words}");
    }
}

#[test]
fn paths_that_differ_in_names_only_have_their_own_operations() {
    let capability = capability(&["/files/{{FileName}}", "/files/{{FileId}}"]);
    let parameter = |name: &str, kind: &str| {
        format!("    parameters: [{{name: {name}, in: path, required: true, schema: {{type: {kind}}}}}]\n")
    };
    let text = document(&[("/files/{FileId}", "{type: integer}"), ("/files/{FileName}", "{type: string}")], "");
    let text =
        text.replace("'/files/{FileId}':\n", &format!("'/files/{{FileId}}':\n{}", parameter("FileId", "integer")));
    let text =
        text.replace("'/files/{FileName}':\n", &format!("'/files/{{FileName}}':\n{}", parameter("FileName", "string")));
    let files = files(&with(&capability, text));
    let operations: String = files["generated/acme-shop/src/operations.rs"].split_whitespace().collect();
    for expected in [
        r#"Parameter::new("FileName",Location::Path,Kind::String)"#,
        r#"Parameter::new("FileId",Location::Path,Kind::Integer)"#,
    ] {
        assert!(operations.contains(expected), "{expected}: {operations}");
    }
}
