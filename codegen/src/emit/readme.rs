//! `README.md`: what the crate is and how to use it.

use std::collections::BTreeSet;

use super::{MARKER, deploy, example, rust};
use crate::model::{Model, TemplatePart, template_text};

pub(super) fn emit(model: &Model) -> String {
    let name = &model.crate_name;
    let mut text = format!(
        "<!-- {MARKER} from {}. Do not edit: change the specification instead. -->\n\n# {}\n\n",
        model.spec,
        rust::plain(&model.title)
    );
    if !model.description.is_empty() {
        text.push_str(&format!("{}\n\n", rust::plain(&model.description)));
    }
    if !model.variables.is_empty() {
        let names: Vec<_> = model.variables.iter().map(|variable| rust::code(variable)).collect();
        text.push_str(&format!("It needs {} in the environment.\n\n", names.join(", ")));
    }
    if let Some(example) = example::first(model) {
        text.push_str(&format!("## Client\n\n```rust\n{example}```\n\n"));
    }
    if model.has_server() {
        text.push_str(&format!("## Server\n\n```sh\ncargo run -p {name} --features server -- serve\n```\n\n"));
        let callers: Vec<_> = model.variables_of_callers().into_iter().map(rust::code).collect();
        if !callers.is_empty() {
            text.push_str(&format!(
                "Callers have to prove themselves: the server needs {}, too.\n\n",
                callers.join(", ")
            ));
        }
        text.push_str(&tokens(model));
        if let Some(rest) = &model.rest {
            text.push_str(&format!("REST on 127.0.0.1:{}:\n\n| route | what it does |\n|---|---|\n", rest.port));
            for route in &rest.routes {
                let route_text = rust::code(&format!("{} {}", route.method.as_str(), route.path)).replace('|', "\\|");
                text.push_str(&format!("| {route_text} | {} |\n", rust::plain(&route.summary)));
            }
            text.push_str("\n[`openapi.json`](openapi.json) describes them; the server shows it at `/docs`.\n\n");
        }
        if let Some(mcp) = &model.mcp {
            text.push_str(&format!("MCP on 127.0.0.1:{}/mcp, or on stdio with `-- mcp`:\n\n", mcp.port));
            text.push_str(&listed("tool | what it does", mcp.tools.iter().map(|tool| (&tool.name, &tool.description))));
            text.push_str(&listed(
                "resource | what it is",
                mcp.resources.iter().map(|one| (&one.uri, &one.description)),
            ));
            text.push_str(&listed(
                "prompt | what it is for",
                mcp.prompts.iter().map(|prompt| (&prompt.name, &prompt.description)),
            ));
        }
        text.push_str(&deployment(name));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Where callers get the tokens that they send, and for what.
fn tokens(model: &Model) -> String {
    let told = model.callers().filter_map(|callers| {
        let token = callers.token()?;
        let code = |parts: &Vec<TemplatePart>| rust::code(&template_text(parts, &callers.variables));
        let scopes: Vec<_> = token.scopes.iter().map(code).collect();
        let scopes = if scopes.is_empty() { String::new() } else { format!(", with the scopes {}", scopes.join(", ")) };
        Some(format!(
            "Callers send an access token that {} has signed for {}{scopes}.\n\n",
            code(&token.issuer),
            code(&token.resource)
        ))
    });
    // Adapters that want the same say it once.
    told.collect::<BTreeSet<_>>().into_iter().collect()
}

/// A table of what MCP clients see; nothing, if there is nothing of the kind.
fn listed<'m>(heading: &str, rows: impl Iterator<Item = (&'m String, &'m String)>) -> String {
    let rows: String = rows
        .map(|(name, text)| format!("| {} | {} |\n", rust::code(name).replace('|', "\\|"), rust::plain(text)))
        .collect();
    if rows.is_empty() { rows } else { format!("| {heading} |\n|---|---|\n{rows}\n") }
}

fn deployment(name: &str) -> String {
    let image = deploy::label(name);
    format!(
        "## Deploy\n\n```sh\n\
         docker build --file generated/{name}/deploy/Containerfile --tag {image} \\\n  \
         --build-arg VERSION=\"$(cargo pkgid --package {name} | sed 's/.*[#@]//')\" .\n\
         kubectl apply --kustomize generated/{name}/deploy\n```\n\n\
         Before the second, make the Secret that [`kubernetes.yaml`](deploy/kubernetes.yaml) describes, and say where the \
         cluster finds the image in an overlay of [`kustomization.yaml`](deploy/kustomization.yaml).\n"
    )
}
