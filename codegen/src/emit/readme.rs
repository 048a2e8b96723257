//! `README.md`: what the crate is and how to use it.

use std::collections::BTreeSet;

use naftiko_schema::{Mcp, Parameter, PromptSource, ResourceSource, Template};

use super::adapter::document;
use super::{MARKER, deploy, example, guide, rust};
use crate::model::Model;

pub(super) fn emit(model: &Model) -> String {
    let name = model.crate_name();
    let mut text = format!(
        "<!-- {MARKER} from {}. Do not edit: change the specification instead. -->\n\n# {name}\n\n{}\n",
        model.spec,
        guide::introduction(model)
    );
    text.push_str(&client(model));
    text.push_str(&format!("## Features\n\n{}\n", guide::features(model)));
    if model.has_server() {
        text.push_str(&format!("## Server\n\n```sh\ncargo run -p {name} --features server -- serve\n```\n\n"));
        text.push_str(&callers(model));
        text.push_str(&rest(model));
        text.push_str(&mcp(model));
        text.push_str(&skills(model));
        text.push_str(&deployment(name));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// How the client is used: credentials, a first call, errors, tests.
fn client(model: &Model) -> String {
    let Some(first) = example::first(model) else { return String::new() };
    let mut text = format!("## Client\n\n```rust\n{first}```\n\n");
    let names: Vec<_> = model.environment_variables().map(rust::code).collect();
    if !names.is_empty() {
        text.push_str(&format!(
            "`from_env` reads {} from the environment; `Client::builder()` takes them from elsewhere, and credentials that \
             change from a `TokenProvider`.\n\n",
            names.join(", ")
        ));
    }
    let files: Vec<_> = model.bind_files().into_iter().map(rust::code).collect();
    if !files.is_empty() {
        text.push_str(&format!(
            "Values are in {}: relative to the current folder, or for a server to the one that `--bind-files` names.\n\n",
            files.join(", ")
        ));
    }
    text.push_str(&defaults(model));
    text.push_str(
        "Every call returns `Result<Response<_>, Error>`. The error says which operation failed, how far it got, and what the \
         upstream responded. Calls that failed for a reason that may pass are retried if that is safe. For tests, the feature \
         `test-util` has transports that need no network: `runtime::testing::Script` and `Recorder`. The guide in the \
         documentation of `naftiko-client` has an example of each.\n\n",
    );
    text
}

fn callers(model: &Model) -> String {
    let variables: Vec<_> = model.inbound_variables().into_iter().map(rust::code).collect();
    let mut text = String::new();
    if !variables.is_empty() {
        text.push_str(&format!("Callers must authenticate: the server also needs {}.\n\n", variables.join(", ")));
    }
    text + &tokens(model)
}

fn rest(model: &Model) -> String {
    let mut text = String::new();
    for (rest, module) in model.modules().filter_map(|(adapter, module)| Some((adapter.rest()?, module))) {
        text.push_str(&format!("REST on 127.0.0.1:{}:\n\n| route | what it does |\n|---|---|\n", rest.port));
        for route in rest.routes.iter() {
            let path = rust::code(&format!("{} {}", route.method.as_str(), route.path)).replace('|', "\\|");
            text.push_str(&format!("| {path} | {} |\n", rust::plain(&route.summary)));
        }
        let document = document(module);
        text.push_str(&format!("\n[`{document}`]({document}) describes them; the server shows it at `/docs`.\n\n"));
    }
    text
}

fn mcp(model: &Model) -> String {
    let several = model.mcp().count() > 1;
    let mut text = String::new();
    for mcp in model.mcp() {
        let chosen = if several { format!(" --adapter {}", rust::plain(&mcp.namespace)) } else { String::new() };
        text.push_str(&format!("MCP on 127.0.0.1:{}/mcp, or on stdio with `-- mcp{chosen}`:\n\n", mcp.port));
        text.push_str(&listed("tool | what it does", mcp.tools.iter().map(|tool| (&*tool.name, &*tool.description))));
        text.push_str(&listed("resource | what it is", mcp.resources.iter().map(|one| (&*one.uri, &*one.description))));
        text.push_str(&served_files(mcp));
        text.push_str(&listed(
            "prompt | what it is for",
            mcp.prompts.iter().map(|one| (&*one.name, &*one.description)),
        ));
    }
    text
}

fn skills(model: &Model) -> String {
    let mut text = String::new();
    for skills in model.skills() {
        let also = if model.are_over_mcp(skills) { ", and over MCP as `skill://` resources" } else { "" };
        text.push_str(&format!("Skills on 127.0.0.1:{}/skills{also}:\n\n", skills.port));
        let about = skills.skills.iter().map(|one| (&*one.name, &*one.description));
        text.push_str(&listed("skill | what it is for", about));
    }
    text
}

/// Whether resources or prompts are files of the machine that serves.
pub(super) fn has_server_files(mcp: &Mcp) -> bool {
    server_files(mcp).next().is_some()
}

fn server_files(mcp: &Mcp) -> impl Iterator<Item = &str> {
    let resources = mcp.resources.iter().filter_map(|one| match &one.source {
        ResourceSource::ServerFile(path) => Some(&**path),
        ResourceSource::Call(_) | ResourceSource::File(_) => None,
    });
    let prompts = mcp.prompts.iter().filter_map(|one| match &one.source {
        PromptSource::ServerFile(path) => Some(&**path),
        PromptSource::Messages(_) => None,
    });
    resources.chain(prompts)
}

/// What an operator must do before files of the machine are served.
fn served_files(mcp: &Mcp) -> String {
    let paths: BTreeSet<_> = server_files(mcp).map(rust::code).collect();
    if paths.is_empty() {
        return String::new();
    }
    let paths = paths.into_iter().collect::<Vec<_>>().join(", ");
    format!(
        "Files of the machine that serves are offered only from a folder that its operator names with `--files DIR`: {paths}.\n\n"
    )
}

/// Which variables may have what callers leave out.
fn defaults(model: &Model) -> String {
    let defaults = model.capability.defaults.iter();
    let default = |default: &Parameter| {
        Some(format!("{} for {}", rust::code(default.configured.as_deref()?), rust::code(&default.name)))
    };
    let defaults: BTreeSet<_> = defaults.filter_map(default).collect();
    if defaults.is_empty() {
        return String::new();
    }
    let defaults = defaults.into_iter().collect::<Vec<_>>().join(", ");
    format!("These environment variables may have what callers leave out: {defaults}.\n\n")
}

/// Where callers get the access tokens that they send.
fn tokens(model: &Model) -> String {
    let sentences = model.inbound().filter_map(|auth| {
        let token = auth.access_token()?;
        let code = |template: &Template| rust::code(&template.source(&auth.variables));
        let scopes: Vec<_> = token.scopes.iter().map(code).collect();
        let scopes = if scopes.is_empty() { String::new() } else { format!(", with the scopes {}", scopes.join(", ")) };
        let (issuer, resource) = (code(&token.issuer), code(&token.resource));
        let made = if token.introspection.is_some() { "issued" } else { "signed" };
        let asked = if token.introspection.is_some() { ", which the server asks about each" } else { "" };
        Some(format!("Callers send an access token that {issuer}{asked} has {made} for {resource}{scopes}.\n\n"))
    });
    // Adapters with the same requirements say them once.
    sentences.collect::<BTreeSet<_>>().into_iter().collect()
}

/// A table of what MCP clients see; empty if there is nothing of the kind.
fn listed<'m>(heading: &str, rows: impl Iterator<Item = (&'m str, &'m str)>) -> String {
    let rows: String = rows
        .map(|(name, text)| format!("| {} | {} |\n", rust::code(name).replace('|', "\\|"), rust::plain(text)))
        .collect();
    if rows.is_empty() { rows } else { format!("| {heading} |\n|---|---|\n{rows}\n") }
}

/// How the server gets into a cluster, and is watched there.
pub(super) fn deployment(name: &str) -> String {
    let image = deploy::label(name);
    format!(
        "## Deploy\n\n```sh\n\
         docker build --file generated/{name}/deploy/Containerfile --tag {image} \\\n  \
         --build-arg VERSION=\"$(cargo pkgid --package {name} | sed 's/.*[#@]//')\" .\n\
         kubectl apply --kustomize generated/{name}/deploy\n```\n\n\
         Before the second, make the Secret that [`kubernetes.yaml`](deploy/kubernetes.yaml) describes, and say where the \
         cluster finds the image in an overlay of [`kustomization.yaml`](deploy/kustomization.yaml). [`dashboard.json`](deploy/dashboard.json) is for Grafana, \
         and [`alerts.yaml`](deploy/alerts.yaml) for Prometheus.\n"
    )
}
