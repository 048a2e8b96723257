//! Properties of the generator as a whole: no input makes it panic, and no text changes the shape of its output.

use std::cell::Cell;

use naftiko_codegen::{Sources, generate};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;

const CAPABILITY: &str = include_str!("../../spec/scaleway/secret-manager-secrets.yaml");

fn run(text: String) {
    // Diagnostics are fine; only a panic fails the test.
    let _ = generate(&Sources::from([("spec/a/b.yaml".to_owned(), text)]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_is_compiled_without_panic(text in "(\\PC|[\n\t:{}\\[\\]&*'\"-]){0,200}") {
        run(text);
    }

    #[test]
    fn truncated_capability_is_compiled_without_panic(end in 0..CAPABILITY.len()) {
        let end = (0..=end).rev().find(|end| CAPABILITY.is_char_boundary(*end)).unwrap_or(0);
        run(CAPABILITY[..end].to_owned());
    }

    #[test]
    fn capability_with_a_replaced_line_is_compiled_without_panic(line in 0_usize..610, text in "[ -~]{0,30}") {
        let lines: Vec<_> = CAPABILITY.lines().enumerate().map(|(at, old)| if at == line { text.as_str() } else { old }).collect();
        run(lines.join("\n"));
    }
}

/// The text is wherever a file can put one. For every text, the crate has the same items as with a plain one.
#[test]
fn specification_text_cannot_add_items_to_generated_files() {
    const TEXTS: u32 = 128;
    let plain = generate(&everywhere("plain")).expect("the plain capability is fine").files;
    let accepted = Cell::new(0);
    let check = |text: String| {
        let Ok(generated) = generate(&everywhere(&text)) else { return Ok(()) };
        accepted.set(accepted.get() + 1);
        prop_assert_eq!(generated.files.keys().collect::<Vec<_>>(), plain.keys().collect::<Vec<_>>());
        for (path, file) in &generated.files {
            let raw = |c: char| (c.is_control() && c != '\n') || is_bidi(c);
            prop_assert!(!file.contains(raw), "{path} holds characters that cannot be seen: {file:?}");
            match path.rsplit('.').next() {
                Some("rs") => prop_assert_eq!(shape(path, file), shape(path, &plain[path])),
                Some("toml") => prop_assert_eq!(keys(file), keys(&plain[path])),
                _ => {}
            }
        }
        Ok(())
    };
    let mut runner = TestRunner::new(ProptestConfig::with_cases(TEXTS));
    runner.run(&hostile(), check).unwrap_or_else(|error| panic!("{error}"));
    // The compiler rejects some texts, such as those that are no name. If it rejected most, this would prove little.
    assert!(accepted.get() >= TEXTS / 4, "only {} of {TEXTS} texts are accepted", accepted.get());
}

/// Pieces of text that mean something to Rust, rustdoc, Markdown, TOML, YAML or a terminal.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\"",
        "\"#",
        "\"##",
        "'",
        "*/",
        "/*",
        "//",
        "///",
        "//!",
        "{",
        "}",
        "{}",
        "{0}",
        "{{x}}",
        "\\",
        "\\\"",
        "\\u{41}",
        "\r",
        "\r\n",
        "\n",
        "\t",
        "\u{0}",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{feff}",
        "[x]",
        "[`x`]",
        "[x](y)",
        "<b>",
        "<script>",
        "</a",
        "`",
        "```",
        "```\n",
        "#![allow(x)]",
        "#[x]",
        "\n# x\n",
        "https://x.y",
        "|",
        "$",
        "%00",
        "é",
        "名",
        "🦀",
        "= 1\n[x]\n",
        "\"\"\"",
        "include_str!(\"/x\")",
        "a",
        " ",
        "1",
        ".",
        "-",
        ":",
        "::",
        ";",
    ]);
    prop::collection::vec(pieces, 1..6).prop_map(|pieces| pieces.concat())
}

fn is_bidi(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A capability with the text in every place that takes one. JSON is YAML, so that it arrives as it is.
fn everywhere(text: &str) -> Sources {
    let input =
        |name: &str, location: &str| json!({"name": name, "in": location, "type": "string", "description": text});
    let capability = json!({
        "naftiko": "1.0.0-alpha2",
        "info": {"label": text, "description": text},
        "capability": {
            "consumes": [{
                "type": "http",
                "namespace": text,
                "baseUri": "https://api.test",
                "description": text,
                "authentication": {"type": "apikey", "key": "X-Key", "value": format!("{text}{{{{KEY_X}}}}")},
                "inputParameters": [{"name": "X-Fixed", "in": "header", "value": text}],
                "resources": [{"name": text, "path": "/a/{id}", "operations": [
                    {"name": text, "method": "GET", "description": text, "inputParameters": [input("id", "path"), input(text, "query")]},
                    {"name": "post", "method": "POST", "body": {"type": "json", "data": {text: text, "a": "{{a}}"}}},
                ]}],
            }],
            "exposes": [
                {"type": "rest", "namespace": text, "port": 1, "resources": [{"path": "/b/{id}", "name": text, "operations": [{
                    "method": "GET", "name": text, "description": text, "call": format!("{text}.{text}"),
                    "with": {"id": "rest.id", text: text},
                    "outputParameters": [{"type": "object", "properties": {text: {"type": "string", "value": text}}}],
                }]}]},
                {"type": "mcp", "namespace": "m", "port": 2, "description": text, "tools": [{
                    "name": text, "label": text, "description": text, "call": format!("{text}.{text}"),
                    "with": {"id": format!("tools.{text}"), text: "{{x}}"},
                }]},
            ],
        },
    });
    Sources::from([("spec/a/b.yaml".to_owned(), capability.to_string())])
}

/// The kinds of a file's items, in order: what broken-out text would add to or take from.
fn shape(path: &str, file: &str) -> Vec<String> {
    let file = syn::parse_file(file).unwrap_or_else(|error| panic!("{path} is no Rust: {error}\n{file}"));
    let kind = |item: &syn::Item| match item {
        syn::Item::Impl(item) => format!("impl of {} items", item.items.len()),
        syn::Item::Static(_) => "static".to_owned(),
        syn::Item::Struct(item) => format!("struct with {} attributes that are no text", plain_attributes(&item.attrs)),
        syn::Item::Fn(_) => "fn".to_owned(),
        syn::Item::Use(_) => "use".to_owned(),
        syn::Item::Mod(item) => format!("mod {}", item.ident),
        _ => "other".to_owned(),
    };
    let attributes = format!("{} attributes that are no text", plain_attributes(&file.attrs));
    file.items.iter().map(kind).chain([attributes]).collect()
}

fn plain_attributes(attributes: &[syn::Attribute]) -> usize {
    attributes.iter().filter(|attribute| !attribute.path().is_ident("doc")).count()
}

/// All keys of a manifest, with the tables that they are in.
fn keys(manifest: &str) -> Vec<String> {
    fn walk(prefix: &str, table: &toml::Table, found: &mut Vec<String>) {
        for (key, value) in table {
            found.push(format!("{prefix}{key}"));
            if let toml::Value::Table(table) = value {
                walk(&format!("{prefix}{key}."), table, found);
            }
        }
    }
    let mut found = Vec::new();
    walk("", &manifest.parse().unwrap_or_else(|error| panic!("no TOML: {error}\n{manifest}")), &mut found);
    found
}
