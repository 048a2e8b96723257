//! Properties of the generator as a whole: no input makes it panic, and no text changes the shape of its output.

use std::cell::Cell;

use naftiko_codegen::{Files, Locations, Outcome, Sources, compile, generate};
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
        // A placeholder makes a parameter, as it should. What is left of three braces are two.
        let text = text.replace("{{", "{ {").replace("{{", "{ {");
        let Ok(generated) = generate(&everywhere(&text)) else { return Ok(()) };
        accepted.set(accepted.get() + 1);
        same_shape(&generated.files, &plain)
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

/// Pieces of file names that mean something to paths, cargo, Rust, Windows or comments.
fn file_names() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a b",
        "1a",
        "test",
        "true",
        "self",
        "Self",
        "crate",
        "super",
        "_",
        "é",
        "名",
        "🦀",
        "try",
        "gen",
        "fn",
        "r#a",
        "con",
        "NUL",
        "com1",
        "aux",
        "std",
        "core",
        "deps",
        "examples",
        "a",
        "b",
        "A",
        "-",
        "--",
        ".",
        "..",
        "/",
        "\\",
        "\n",
        "\r\n",
        "\u{85}",
        "\u{2028}",
        "\u{202e}",
        "\u{0}",
        "\t",
        "\"",
        "'",
        "*/",
        "//",
        "{",
        "}",
        "# x",
        "= 1\n[x]\n",
        "fn x() {}\n",
        "]",
        "<b>",
        "`",
        "compile_error!()",
        "$",
        "%",
        ":",
        ";",
        " ",
        "1",
        "0",
        ".yaml",
        "spec",
        "",
    ]);
    prop::collection::vec(pieces, 0..5).prop_map(|pieces| pieces.concat())
}

/// A capability whose operations are in another file.
fn importing(location: &str) -> String {
    let route = json!({"path": "/a", "operations": [{"name": "list", "method": "GET", "call": "api.list"}]});
    let rest = json!({"type": "rest", "namespace": "r", "port": 1, "resources": [route]});
    let consumes = json!([{"location": location, "import": "api"}]);
    json!({"naftiko": "1.0.0-alpha2", "capability": {"consumes": consumes, "exposes": [rest]}}).to_string()
}

const IMPORTED: &str = r#"{"naftiko": "1.0.0-alpha2", "consumes": [{"type": "http", "namespace": "api", "baseUri": "https://api.test",
    "resources": [{"path": "/a", "operations": [{"name": "list", "method": "GET"}]}]}]}"#;

/// Whether two crates have the same files, with the same items in them.
fn same_shape(files: &Files, plain: &Files) -> Result<(), TestCaseError> {
    let inside = |path: &str| path.split('/').skip(2).map(str::to_owned).collect::<Vec<_>>();
    prop_assert_eq!(files.len(), plain.len());
    // The header of a file is one line.
    let marks = |line: &str| (line.contains("@generated"), line.matches("-->").count());
    for ((path, file), (plain_path, plain)) in files.iter().zip(plain) {
        prop_assert_eq!(inside(path), inside(plain_path));
        let raw = |c: char| (c.is_control() && c != '\n') || is_bidi(c);
        prop_assert!(!file.contains(raw), "{path} holds characters that cannot be seen: {file:?}");
        match path.rsplit('.').next() {
            Some("rs") => prop_assert_eq!(shape(path, file), shape(plain_path, plain)),
            Some("toml") => prop_assert_eq!(keys(file), keys(plain)),
            _ => prop_assert_eq!(file.lines().next().map(marks), plain.lines().next().map(marks)),
        }
    }
    Ok(())
}

/// The specification and the file that it imports.
fn pair(path: &str, imported: &str) -> Sources {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let imported_path = format!("{folder}/{imported}.yaml");
    [(imported_path, IMPORTED.to_owned()), (path.to_owned(), importing(&format!("./{imported}.yaml")))].into()
}

/// For every name, there is a crate like that of a file with a plain name, or a diagnostic.
#[test]
fn any_file_name_gives_a_plain_crate_or_a_diagnostic() {
    let plain = generate(&pair("spec/a/b.yaml", "c")).expect("the plain name is fine").files;
    let accepted = Cell::new(0);
    let check = |name: String| {
        // The specification has the name, and then a file that it imports.
        let files = |sources: Sources| {
            let Ok(generated) = generate(&sources) else { return Ok(()) };
            accepted.set(accepted.get() + 1);
            let [made] = generated.crates.as_slice() else { return Err(TestCaseError::fail("there is one crate")) };
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            prop_assert!(made.len() <= 128 && made.chars().all(is_plain), "{made}");
            same_shape(&generated.files, &plain)
        };
        files(pair(&format!("spec/{name}.yaml"), "c"))?;
        files(pair("spec/a/b.yaml", &name))?;
        // A caller of the library may choose any name for the crate, and any path.
        let path = format!("x/{name}.yaml");
        for crate_name in ["a", &name] {
            if let Outcome::Generated(made) = compile(&pair(&path, "c"), &path, crate_name).outcome {
                prop_assert_eq!(naftiko_codegen::crate_name(&format!("{crate_name}.yaml")), Some(made.name));
                same_shape(&made.files, &plain)?;
            }
        }
        Ok(())
    };
    let mut runner = TestRunner::new(ProptestConfig::with_cases(96));
    runner.run(&file_names(), check).unwrap_or_else(|error| panic!("{error}"));
    assert!(accepted.get() >= 32, "only {} names are accepted", accepted.get());
}

#[test]
fn file_names_that_are_no_crate_names_are_diagnosed() {
    for name in
        ["a b", "1a", "test", "true", "self", "é", "try", "gen", "con", "NUL", "com1", "examples", "", "-", "crate"]
    {
        let path = format!("spec/{name}.yaml");
        let sources = Sources::from([(path.clone(), crate::generation::CAPABILITY.to_owned())]);
        let found: Vec<_> = generate(&sources).map(|made| made.crates).expect_err(&path).into_iter().collect();
        assert!(
            found.iter().any(|it| it.is_error() && it.one_line(&Locations::new(&sources)).contains("NK0315")),
            "{path}: {found:?}"
        );
    }
}
