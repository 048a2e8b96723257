//! `Cargo.toml`.

use super::MARKER;
use crate::model::Model;

pub(super) fn emit(model: &Model) -> String {
    let mut server = Vec::new();
    let mut features = String::new();
    let parts: String = model.parts().map(|(_, part)| format!(", {:?}", part.feature)).collect();
    if model.is_divided() {
        features.push_str("# The operations of each consumed API.\n");
        features.extend(model.parts().map(|(_, part)| format!("{} = []\n", part.feature)));
    }
    for (present, name) in [(model.rest.is_some(), "rest"), (model.mcp.is_some(), "mcp")] {
        if present {
            features.push_str(&format!("{name} = [\"naftiko-runtime/{name}\"{parts}]\n"));
            server.push(format!("{name:?}"));
        }
    }
    let mut binary = String::new();
    if model.has_server() {
        features.push_str(&format!("server = [{}, \"naftiko-runtime/server\"]\n", server.join(", ")));
        features.push_str("# Traces of the server, exported by OTLP.\notlp = [\"server\", \"naftiko-runtime/otlp\"]\n");
        binary = format!(
            "\n[[bin]]\nname = {:?}\npath = \"src/main.rs\"\nrequired-features = [\"server\"]\ndoc = false\n",
            model.crate_name
        );
    }
    format!(
        "# {MARKER} from {spec}.\n# Do not edit: change the specification instead.\n\n\
         [package]\n\
         name = {name:?}\n\
         description = {description}\n\
         version.workspace = true\n\
         edition.workspace = true\n\
         rust-version.workspace = true\n\
         license.workspace = true\n\
         publish.workspace = true\n\n\
         [lints]\n\
         workspace = true\n\n\
         [features]\n\
         default = [\"client\", \"ring\"{parts}]\n\
         # The client is always there; the feature lets a dependency name what it uses.\n\
         client = []\n\
         # TLS: rustls with one of two providers, or what the operating system has.\n\
         ring = [\"naftiko-runtime/ring\"]\n\
         aws-lc-rs = [\"naftiko-runtime/aws-lc-rs\"]\n\
         native-tls = [\"naftiko-runtime/native-tls\"]\n\
         blocking = [\"naftiko-runtime/blocking\"]\n\
         test-util = [\"naftiko-runtime/test-util\"]\n\
         {features}{binary}\n\
         [dependencies]\n\
         naftiko-runtime.workspace = true\n\n\
         [dev-dependencies]\n\
         serde.workspace = true # Types in the examples of the documentation.\n\
         serde_json.workspace = true # Bodies in the examples of the documentation.\n",
        spec = model.spec,
        name = model.crate_name,
        description = toml_string(&model.title),
    )
}

/// A TOML basic string. Control characters are gone already: texts of the model are single lines.
fn toml_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
