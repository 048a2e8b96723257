//! Companions: which document a capability gets, and what its crate then knows.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::thread;

use naftiko_codegen::{Choice, Code, Documents, Outcome, Sources, compile};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use tempfile::tempdir;
use xtask::companions;

const PATH: &str = "spec/acme/shop.yaml";

/// A capability with a label, whose operations get these paths.
fn capability(label: &str, paths: &[&str]) -> Sources {
    let resources: String = paths
        .iter()
        .enumerate()
        .map(|(index, path)| {
            format!("    - {{name: r{index}, path: '{path}', operations: [{{name: get-{index}, method: GET}}]}}\n")
        })
        .collect();
    let text = format!(
        "naftiko: 1.0.0-alpha2\ninfo: {{label: '{label}'}}\ncapability:\n  consumes:\n  - type: http\n    namespace: \
         shop\n    baseUri: https://api.test/v1\n    resources:\n{resources}"
    );
    Sources::from([(PATH.to_owned(), text)])
}

/// A document with a title, whose operations have these paths and respond with this type.
fn document(title: &str, paths: &[&str], kind: &str) -> String {
    let paths: String = paths
        .iter()
        .map(|path| {
            format!(
                "  {path}: {{get: {{parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}], \
                 responses: {{'200': {{description: It., content: {{application/json: {{schema: {{type: {kind}}}}}}}}}}}}}}}\n"
            )
        })
        .collect();
    format!("openapi: 3.1.0\ninfo: {{title: '{title}', version: '1'}}\npaths:\n{paths}")
}

fn chosen(capability: &Sources, documents: &[(&str, String)]) -> String {
    let texts = documents.iter().map(|(path, text)| ((*path).to_owned(), text.clone())).collect();
    let (documents, _) = Documents::read(&texts);
    match documents.choose(capability, PATH) {
        Choice::One(path) => path.to_owned(),
        Choice::None => "none".to_owned(),
        Choice::Several(paths) => paths.join(" or "),
    }
}

#[test]
fn a_document_is_chosen_only_if_nothing_speaks_for_another() {
    let shop = capability("Shop API — Items", &["/items/{{id}}", "/parts/:id"]);
    let both = ["/items/{key}", "/parts/{key}"];
    let whole = ["/v1/Items/{key}/", "/v1/parts/{key}"];
    for (documents, expected) in [
        (vec![("a", document("A", &both, "string")), ("b", document("B", &["/items/{id}"], "string"))], "a"),
        (vec![("a", document("A", &whole, "string"))], "a"),
        (
            vec![("a", document("A", &["/items/{id}"], "string")), ("b", document("B", &["/parts/{id}"], "string"))],
            "none",
        ),
        (vec![("a", document("A", &both, "string")), ("b", document("B", &both, "string"))], "a"),
        (vec![("a", document("A", &both, "string")), ("b", document("Shop API", &both, "number"))], "b"),
        (vec![("a", document("Shop", &both, "string")), ("b", document("Shop API", &both, "number"))], "b"),
        (vec![("a", document("A", &both, "string")), ("b", document("B", &both, "number"))], "a or b"),
        (vec![("a", "nothing: of the kind".to_owned())], "none"),
    ] {
        assert_eq!(chosen(&shop, &documents), expected, "{documents:?}");
    }
}

#[test]
fn shared_documents_become_companions_by_reference() {
    let folder = tempdir().expect("a folder");
    fs::write(folder.path().join("shop.json"), document("A", &["/items/{id}"], "integer")).expect("it is written");
    let mut sources = capability("Shop", &["/items/{{id}}"]);
    let joined = companions::add(&mut sources, [PATH].into_iter(), folder.path()).expect("there is a document");
    assert_eq!((joined.chosen, joined.without, joined.ambiguous.len()), (1, 0, 0));
    assert_eq!(sources["spec/acme/shop.openapi.yaml"], "$ref: '../../openapi/shop.json'\n");
    let compiled = compile(&sources, PATH, "acme-shop");
    assert!(!compiled.diagnostics.has_errors(), "{:?}", compiled.diagnostics);
    assert!(format!("{:?}", compiled.outcome).contains(r#"{\"type\":\"integer\"}"#), "{:?}", compiled.outcome);
    let error =
        companions::add(&mut sources, [PATH].into_iter(), Path::new("nowhere")).expect_err("the folder does not exist");
    assert!(error.to_string().contains("no OpenAPI document"), "{error}");
}

#[test]
fn references_to_missing_documents_are_errors() {
    let mut sources = capability("Shop", &["/items/{{id}}"]);
    sources.insert("spec/acme/shop.openapi.yaml".to_owned(), "$ref: ../gone.yaml\n".to_owned());
    let compiled = compile(&sources, PATH, "acme-shop");
    assert!(compiled.diagnostics.iter().any(|diagnostic| diagnostic.code == Code::CompanionVersion));
}

/// The same JSON with the members of every object in reverse order.
fn reversed(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            Value::Object(members.into_iter().rev().map(|(name, value)| (name, reversed(value))).collect())
        }
        Value::Array(items) => items.into_iter().map(reversed).collect(),
        other => other,
    }
}

#[test]
fn order_of_keys_in_a_companion_changes_no_generated_file() {
    for case in ["companions", "shapes-of-bodies"] {
        let folder = xtask::root().join("tests/cases/ok").join(case);
        let read = |end: &str| fs::read_to_string(folder.join(format!("{case}{end}"))).expect("the case is there");
        let companion: Value = serde_yaml::from_str(&read(".openapi.yaml")).expect("YAML");
        let files = |companion: &Value| {
            let companion = ("spec/acme/shop.openapi.json".to_owned(), companion.to_string());
            let sources = Sources::from([(PATH.to_owned(), read(".yaml")), companion]);
            match compile(&sources, PATH, "acme-shop").outcome {
                Outcome::Generated(made) => made.files,
                other => panic!("{other:?}"),
            }
        };
        let (one, other) = (files(&companion), files(&reversed(companion.clone())));
        assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
        for (path, text) in &one {
            assert_eq!(text, &other[path], "{path}");
        }
    }
}

/// What may stand in the place of one word of a companion or an overlay.
const WORDS: [&str; 16] = [
    "''",
    "null",
    "[]",
    "{}",
    "-1",
    "1e999",
    "$ref",
    "'#/components/schemas/Named'",
    "'#/paths/~1items'",
    "true",
    "allOf",
    "<a>",
    "{a: {$ref: '#'}}",
    "é",
    "$..*",
    "copy",
];

/// A text with some of its lines or words changed. What an edit does depends on its number.
fn mutated(text: &str, edits: &[(bool, usize, usize)]) -> String {
    let mut text = text.to_owned();
    for (is_line, at, edit) in edits {
        let ends: &[char] = if *is_line { &['\n'] } else { &[' ', '\n', '{', '}', '[', ']', ',', ':'] };
        let mut parts: Vec<&str> = text.split_inclusive(ends).collect();
        if parts.is_empty() {
            break;
        }
        let at = at % parts.len();
        let other = edit % parts.len();
        let indented = format!("  {}", parts[at]);
        match (is_line, edit % (WORDS.len() + 4)) {
            (_, 0) => drop(parts.remove(at)),
            (_, 1) => parts.insert(at, parts[other]),
            (_, 2) => parts.swap(at, other),
            (true, 3) => parts[at] = &indented,
            (true, _) => parts[at] = parts[other],
            (false, edit) => parts[at] = WORDS[edit % WORDS.len()],
        }
        text = parts.concat();
    }
    text
}

fn edits() -> impl Strategy<Value = Vec<(bool, usize, usize)>> {
    prop::collection::vec((any::<bool>(), 0_usize..2000, 0_usize..10_000), 0..6)
}

/// How many mutations are tried in all, and by how many threads.
const MUTATIONS: u32 = 10_000;
const THREADS: u32 = 4;

/// A document and its overlay may be broken in any way; the crate is then as it would be without them, or there is an error.
#[test]
fn broken_companions_and_overlays_never_panic() {
    let try_some = || {
        let edits = (edits(), edits(), prop::bool::weighted(0.02));
        let mut runner = TestRunner::new(ProptestConfig::with_cases(MUTATIONS / THREADS));
        runner.run(&edits, |(of_companion, of_overlay, is_whole)| check_mutation(&of_companion, &of_overlay, is_whole))
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(try_some)).collect();
        for thread in threads {
            thread.join().expect("it does not panic").unwrap_or_else(|error| panic!("{error}"));
        }
    });
}

type Edits = [(bool, usize, usize)];

fn check_mutation(of_companion: &Edits, of_overlay: &Edits, is_whole: bool) -> Result<(), TestCaseError> {
    let [capability, companion] = &*CASE;
    // Most of the time goes to what has nothing to do with companions, such as adapters.
    let capability = if is_whole { capability } else { SMALL };
    let sources = Sources::from([
        (PATH.to_owned(), capability.to_owned()),
        ("spec/acme/shop.openapi.yaml".to_owned(), mutated(companion, of_companion)),
        ("spec/acme/shop.overlay.yaml".to_owned(), mutated(OVERLAY, of_overlay)),
    ]);
    if let Outcome::Generated(made) = compile(&sources, PATH, "acme-shop").outcome {
        for (path, text) in made.files.iter().filter(|(path, _)| path.ends_with(".rs")) {
            // Emitters parse what they format.
            prop_assert!(!text.contains("the compiler emitted invalid Rust"), "{path}");
            if path.ends_with("models.rs") {
                prop_assert!(syn::parse_file(text).is_ok(), "{path}");
            }
        }
    }
    Ok(())
}

/// A part of the capability of the case.
const SMALL: &str = "naftiko: 1.0.0-alpha2
info: {label: Shop}
capability:
  consumes:
  - type: http
    namespace: shop
    baseUri: https://api.test/v1
    resources:
    - name: items
      path: /items
      operations:
      - {name: list-items, method: GET, inputParameters: [{name: page, in: query}, {name: order, in: query}]}
      - {name: create-item, method: POST, inputParameters: [{name: body, in: body, type: object, required: true}]}
";

/// The capability of the case and its companion.
static CASE: LazyLock<[String; 2]> = LazyLock::new(|| {
    let read = |name: &str| {
        fs::read_to_string(xtask::root().join("tests/cases/ok/companions").join(name)).expect("the case is there")
    };
    [read("companions.yaml"), read("companions.openapi.yaml")]
});

/// An overlay of the case.
const OVERLAY: &str = "overlay: 1.1.0
info: {title: Corrections, version: '1'}
actions:
- target: $.components.schemas.*.properties.name
  update: {maxLength: 7, nullable: true, enum: [a, b]}
- target: $.paths.*.get.parameters[?@.name == 'page']
  remove: true
- target: $.components.schemas['shop.v1.Details']
  copy: $.components.schemas['shop.v1.Item']
- target: $..enum
  update: [new, 1]
";
