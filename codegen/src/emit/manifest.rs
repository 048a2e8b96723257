//! `Cargo.toml`.

use std::collections::BTreeSet;

use naftiko_schema::{Credential, Format, InboundAuth, Script};

use super::adapter::{self, Facts};
use super::{MARKER, queries};
use crate::model::Model;

pub(super) fn emit(model: &Model) -> String {
    let mut features = String::new();
    let parts: String = model.parts().map(|(_, part)| format!(", {:?}", part.feature)).collect();
    if !model.parts.is_empty() {
        features.push_str("# The operations of each consumed API.\n");
        features.extend(model.parts().map(|(_, part)| format!("{} = []\n", part.feature)));
    }
    let formats = model.operations.iter().filter_map(|operation| operation.table.format.feature());
    let credentials = model.capability.apis.iter().flat_map(|api| api.credentials.iter());
    let mut needed: BTreeSet<_> = formats.chain(credentials.filter_map(Credential::feature)).collect();
    let is_yaml = |file: &&str| [".yaml", ".yml"].iter().any(|end| file.to_ascii_lowercase().ends_with(end));
    if model.bind_files().iter().any(is_yaml) {
        needed.extend(Format::Yaml.feature());
    }
    let needed: Vec<_> = needed.into_iter().collect();
    let client = match features_key(&needed) {
        key if key.is_empty() => "naftiko-client.workspace = true".to_owned(),
        key => format!("naftiko-client = {{ workspace = true{key} }}"),
    };
    let mut dependencies = format!("{client} # Calls, and the tables that describe them.\n");
    let mut server = String::new();
    for facts in model.mounted() {
        let (feature, dependency, about) = (facts.feature, facts.dependency.unwrap_or_default(), facts.about);
        let parts = if facts.calls { parts.as_str() } else { "" };
        features.push_str(&format!("{feature} = [\"dep:{dependency}\"{parts}]\n"));
        let needed = [("json-path", has_query(model, facts)), ("script", has_javascript(model, facts))];
        let needed: Vec<_> = needed.into_iter().filter(|(_, is_needed)| *is_needed).map(|(name, _)| name).collect();
        let needed = features_key(&needed);
        dependencies.push_str(&format!(
            "{dependency} = {{ workspace = true, optional = true{needed} }} # The feature `{feature}`: {about}.\n"
        ));
        server.extend([Some(feature), facts.server].into_iter().flatten().map(|feature| format!("{feature:?}, ")));
    }
    let mut binary = String::new();
    if model.has_server() {
        features.push_str(&format!(
            "server = [{server}\"dep:naftiko-server\"]\n\
             # Traces of the server, exported by OTLP.\n\
             otlp = [\"server\", \"naftiko-server/otlp\"]\n"
        ));
        let inbound = model.inbound().flat_map(InboundAuth::credentials);
        let needed: BTreeSet<_> = inbound.filter_map(Credential::feature).collect();
        let needed = features_key(&needed.into_iter().collect::<Vec<_>>());
        dependencies
            .push_str(&format!("naftiko-server = {{ workspace = true, optional = true{needed} }} # The binary.\n"));
        binary = format!(
            "\n[[bin]]\nname = {:?}\npath = \"src/main.rs\"\nrequired-features = [\"server\"]\ndoc = false\n",
            model.crate_name()
        );
    }
    let tls = |kind: &str| {
        let server = if model.has_server() { format!(", \"naftiko-server?/{kind}\"") } else { String::new() };
        format!("{kind} = [\"naftiko-client/{kind}\"{server}]\n")
    };
    let package = package(model.crate_name(), &toml_string(&model.capability.title));
    format!(
        "# {MARKER} from {spec}.\n# Do not edit: change the specification instead.\n\n\
         {package}\
         [features]\n\
         default = [\"client\", \"ring\"{parts}]\n\
         # The client is always there; the feature lets a dependency name what it uses.\n\
         client = []\n\
         # TLS: rustls with one of two providers, or what the operating system has.\n\
         {tls}\
         blocking = [\"naftiko-client/blocking\"]\n\
         test-util = [\"naftiko-client/test-util\"]\n\
         {features}{binary}\n\
         [dependencies]\n\
         {dependencies}\n\
         [dev-dependencies]\n\
         serde.workspace = true # Types in the examples of the documentation.\n\
         serde_json.workspace = true # Bodies in the examples of the documentation.\n",
        tls = ["ring", "aws-lc-rs", "native-tls"].map(tls).concat(),
        spec = model.spec,
    )
}

/// The key of a dependency that turns features on.
fn features_key(features: &[&str]) -> String {
    if features.is_empty() { String::new() } else { format!(", features = {features:?}") }
}

/// Whether an adapter of a type runs scripts in JavaScript.
fn has_javascript(model: &Model, facts: &Facts) -> bool {
    let adapters = model.adapters.iter().filter(|adapter| adapter::facts(adapter).variant == facts.variant);
    let scripts = adapters.flat_map(|adapter| adapter.bindings()).flat_map(|binding| binding.target.scripts());
    scripts.into_iter().any(|script| script.language == Script::JAVASCRIPT && script.rejection.is_none())
}

/// Whether the adapters of a type need the library that runs queries.
fn has_query(model: &Model, facts: &Facts) -> bool {
    let mut adapters = model.adapters.iter().filter(|adapter| adapter::facts(adapter).feature == facts.feature);
    adapters.any(queries::has_query)
}

/// A TOML basic string. Control characters are gone already: texts of the model are single lines.
pub(super) fn toml_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What the manifests of all generated crates begin with. The description is a TOML string.
pub(super) fn package(name: &str, description: &str) -> String {
    format!(
        "[package]\n\
         name = {name:?}\n\
         description = {description}\n\
         version.workspace = true\n\
         edition.workspace = true\n\
         rust-version.workspace = true\n\
         license.workspace = true\n\
         publish.workspace = true\n\n\
         [lints]\n\
         workspace = true\n\n"
    )
}
