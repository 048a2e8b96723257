//! The documentation page of the crate: how to set a client up, what can go wrong, and how to test with it.

use super::{example, rust};
use crate::model::Model;

/// The page, with the names of values between `@`.
const PAGE: &str = include_str!("guide.md");

pub(super) fn docs(model: &Model) -> String {
    // A description that begins with the title says it already.
    let mut docs = String::new();
    for text in [&model.title, &model.description] {
        let repeated = text == &model.title && model.description.starts_with(text.as_str());
        if !text.is_empty() && !repeated {
            let gap = if docs.is_empty() { "" } else { "\n" };
            docs.push_str(&format!("{gap}{}\n", rust::sentence(text, "")));
        }
    }
    let variable = match model.variables.as_slice() {
        [only] => Some(rust::code(only)),
        _ => None,
    };
    let simplest = example::simplest(model);
    let values = [
        ("library", Some(model.lib_name())),
        ("first", example::first(model)),
        ("variable", variable),
        ("call", simplest.map(example::call)),
        ("raw_call", example::with_body(model, "RawBody::bytes(\"application/json\", \"{}\")")),
        ("list", example::list(model).or(simplest).map(example::call)),
        ("test_values", Some(test_values(model))),
        ("features", Some(features(model))),
    ];
    let value = |name: &str| values.iter().find(|(known, _)| *known == name)?.1.as_deref();
    // What a capability does not have needs no explanation.
    for section in sections().iter().filter_map(|section| fill(section, &value)) {
        docs.push_str(&format!("\n{}\n", section.trim_end()));
    }
    docs
}

/// A text with its values filled in; nothing where one is missing.
fn fill<'v>(text: &str, value: &impl Fn(&str) -> Option<&'v str>) -> Option<String> {
    let mut filled = String::new();
    for (index, part) in text.split('@').enumerate() {
        filled.push_str(if index % 2 == 0 { part } else { value(part)? });
    }
    Some(filled)
}

/// The page in pieces that begin with a heading. Lines that start with `# ` in code are hidden lines, and no headings.
fn sections() -> Vec<String> {
    let mut sections = vec![String::new()];
    let mut code = false;
    for line in PAGE.lines() {
        code ^= line.starts_with("```");
        if line.starts_with("# ") && !code {
            sections.push(String::new());
        }
        if let Some(section) = sections.last_mut() {
            section.push_str(line);
            section.push('\n');
        }
    }
    sections
}

/// Settings with which a client can be built in a test.
fn test_values(model: &Model) -> String {
    let variables = model.variables.iter().map(|name| format!(".variable({name:?}, \"a-test-token\")"));
    let open = model.apis.iter().filter(|api| api.base_uri.is_none());
    let uris = open.map(|api| format!(".base_uri_of({:?}, \"https://api.example.com\")", api.namespace));
    variables.chain(uris).collect()
}

/// The rows of the features that not every capability has.
fn features(model: &Model) -> String {
    let rows = [
        (model.rest.is_some(), "| `rest` | an axum router |"),
        (model.mcp.is_some(), "| `mcp` | an MCP server |"),
        (model.has_server(), "| `server` | the binary that serves all of it |"),
        (model.has_server(), "| `otlp` | what the binary exports traces with, as `OTEL_EXPORTER_OTLP_ENDPOINT` says |"),
    ];
    let parts = model.parts().map(|(api, part)| {
        format!(
            "| `{}` | the operations of {}; on unless default features are off |\n",
            part.feature,
            rust::code(&api.namespace).replace('|', "\\|")
        )
    });
    parts.chain(rows.iter().filter(|(present, _)| *present).map(|(_, row)| format!("{row}\n"))).collect()
}
