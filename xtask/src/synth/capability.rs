//! The text of a capability, in the form of those under `spec/`.

use std::fmt::Write as _;

use super::table::{Capability, Operation, Place};

/// An operation as it is written in three places: the API, the routes and the tools.
struct Written {
    /// Its name in the API.
    name: String,
    tool: String,
    method: &'static str,
    path: String,
    description: String,
    /// Name, location, type and description of its inputs.
    inputs: Vec<[&'static str; 4]>,
    /// Whether it only reads, and whether it destroys.
    hints: [bool; 2],
}

/// The text of a capability.
pub(super) fn text(capability: &Capability) -> String {
    let Capability { name, resource, what, .. } = capability;
    let operations: Vec<_> = capability.operations.iter().map(|operation| written(capability, operation)).collect();
    let title = format!("{} API: {}", words(&capability.api), words(&plural(resource)));
    let mut text = format!(
        "naftiko: 1.0.0-alpha2\ninfo:\n  label: '{title}'\n  description: '{title}. A {} is a {what}.'\nbinds:\n- namespace: env\n  \
         keys: {{SCALEWAY_API_KEY: SCALEWAY_API_KEY}}\ncapability:\n  consumes:\n  - type: http\n    namespace: {name}\n    baseUri: \
         https://api.scaleway.com\n    authentication: {{type: apikey, key: X-Auth-Token, value: '{{{{env.SCALEWAY_API_KEY}}}}', \
         placement: header}}\n    resources:\n",
        words(resource)
    );
    for operation in &operations {
        // Writing to a text does not fail.
        let _ = consumed(&mut text, operation);
    }
    let _ = write!(text, "  exposes:\n  - type: rest\n    namespace: {name}-rest\n    port: 8080\n    resources:\n");
    for operation in &operations {
        let Written { name: called, method, path, description, .. } = operation;
        let _ = write!(
            text,
            "    - path: /v1{path}\n      operations:\n      - {{method: {method}, name: {called}, description: '{description}', \
             call: {name}.{called}, with: {{{}}}, outputParameters: [{{type: object, mapping: $.}}]}}\n",
            with(operation, "rest")
        );
    }
    let _ = write!(
        text,
        "  - type: mcp\n    namespace: {name}-mcp\n    port: 9090\n    description: '{title}'\n    tools:\n"
    );
    for operation in &operations {
        let Written { name: called, tool, description, hints: [reads, destroys], .. } = operation;
        let _ = write!(
            text,
            "    - name: {tool}\n      description: '{description}'\n      hints: {{readOnly: {reads}, destructive: \
             {destroys}}}\n      call: {name}.{called}\n      with: {{{}}}\n      outputParameters: [{{type: object, mapping: \
             $.}}]\n",
            with(operation, "tools")
        );
    }
    text
}

fn consumed(text: &mut String, operation: &Written) -> std::fmt::Result {
    let Written { name, method, path, description, inputs, .. } = operation;
    write!(
        text,
        "    - path: {path}\n      operations:\n      - name: {name}\n        method: {method}\n        description: \
         '{description}'\n        outputRawFormat: json\n        inputParameters:\n"
    )?;
    for [name, location, kind, description] in inputs {
        let required = matches!(*location, "path");
        writeln!(
            text,
            "        - {{name: {name}, in: {location}, type: {kind}, description: '{description}', required: {required}}}"
        )?;
    }
    Ok(())
}

fn with(operation: &Written, scope: &str) -> String {
    let mut with = String::new();
    for [name, ..] in &operation.inputs {
        with.extend([if with.is_empty() { "" } else { ", " }, name, ": ", scope, ".", name]);
    }
    with
}

fn written(capability: &Capability, operation: &Operation) -> Written {
    let Capability { api, place, resource, what, .. } = capability;
    let (one, many) = (words(resource), words(&plural(resource)));
    let (place, input) = match place {
        Place::Zone => ("/zones/{zone}", Some(["zone", "path", "string", "The zone, such as fr-par-1"])),
        Place::Region => ("/regions/{region}", Some(["region", "path", "string", "The region, such as fr-par"])),
        Place::Global => ("", None),
    };
    let list = format!("/{api}/v1{place}/{}", plural(resource).replace('_', "-"));
    let item = format!("{list}/{{id}}");
    let mut inputs: Vec<_> = input.into_iter().collect();
    let id = ["id", "path", "string", "Its id"];
    let body = ["body", "body", "object", "What it shall be like"];
    let (method, verb, path, description, hints) = match operation {
        Operation::List => {
            inputs.extend([
                ["project_id", "query", "string", "Only those of this project"],
                ["name", "query", "string", "Only those whose name contains this"],
                ["tags", "query", "array", "Only those with all these tags"],
                ["order_by", "query", "string", "The order, such as created_at_asc"],
                ["page", "query", "integer", "The number of the page, from 1"],
                ["page_size", "query", "integer", "How many are on a page"],
            ]);
            ("GET", "list", list, format!("List {many}. A {one} is a {what}."), [true, false])
        }
        Operation::Create => {
            inputs.push(body);
            ("POST", "create", list, format!("Create a {one}, which is a {what}."), [false, false])
        }
        Operation::Get => {
            inputs.push(id);
            ("GET", "get", item, format!("Get a {one}: a {what}."), [true, false])
        }
        Operation::Update => {
            inputs.extend([id, body]);
            (
                "PATCH",
                "update",
                item,
                format!("Change the name, tags or settings of a {one}, a {what}."),
                [false, false],
            )
        }
        Operation::Delete => {
            inputs.push(id);
            ("DELETE", "delete", item, format!("Delete a {one}: a {what}."), [false, true])
        }
        Operation::Action(name, does) => {
            inputs.push(id);
            let reads = ["get-", "check-", "ping"].iter().any(|start| name.starts_with(start));
            if !reads {
                inputs.push(body);
            }
            let method = if reads { "GET" } else { "POST" };
            let description = format!("{} for a {one}: {does}.", sentence(name));
            (method, name.as_str(), format!("{item}/{name}"), description, [reads, false])
        }
    };
    let named = if matches!(operation, Operation::List) { plural(resource) } else { resource.clone() };
    let tool = format!("{verb}-{}", named.replace('_', "-"));
    Written { name: tool.replace('-', ""), tool, method, path, description, inputs, hints }
}

/// The words of a name with a capital letter.
fn sentence(name: &str) -> String {
    let words = words(name);
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn words(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

/// The plural of an English noun.
fn plural(noun: &str) -> String {
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{stem}ies"),
        _ if noun.ends_with("data") => noun.to_owned(),
        _ if noun.ends_with(['s', 'x', 'h']) => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}
