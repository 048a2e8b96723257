//! The first page of the crate's documentation: what it is, a first program, and its features. What all generated crates
//! have in common is explained once, in the guide of `naftiko-client`.

use super::{example, rust};
use crate::model::Model;

pub(super) fn docs(model: &Model) -> String {
    let mut docs = introduction(model);
    if let Some(first) = example::first(model) {
        docs.push_str(&format!(
            "\n```no_run\n# async fn example() -> Result<(), Box<dyn std::error::Error>> {{\n{first}# Ok(()) }}\n```\n"
        ));
    }
    docs.push_str(
        "\nThe [guide](runtime::guide) explains how to set up a client and what to do with it: authentication, errors, \
         retries, pagination, streams, logs, tests.\n",
    );
    format!("{docs}\n# Features\n{}", features(model))
}

/// The title and the description. A description that begins with the title says it already.
pub(super) fn introduction(model: &Model) -> String {
    let (title, description) = (&model.capability.title, &model.capability.description);
    let title = Some(title).filter(|title| !description.starts_with(&***title));
    let texts = title.into_iter().chain([description]).filter(|text| !text.is_empty());
    texts.map(|text| format!("{}\n", rust::sentence(text, ""))).collect::<Vec<_>>().join("\n")
}

/// A table of the features.
pub(super) fn features(model: &Model) -> String {
    let mut rows = vec![
        ("client", "the client; always on".to_owned()),
        ("ring", "TLS by rustls with ring; on unless default features are off".to_owned()),
        ("aws-lc-rs", "TLS by rustls with aws-lc-rs".to_owned()),
        ("native-tls", "TLS of the operating system".to_owned()),
        ("blocking", "calls without `async`".to_owned()),
        ("test-util", "transports for tests".to_owned()),
    ];
    for (api, part) in model.parts() {
        let namespace = rust::code(&api.namespace).replace('|', "\\|");
        rows.push((&part.feature, format!("the operations of {namespace}; on unless default features are off")));
    }
    rows.extend(model.mounted().map(|facts| (facts.feature, facts.about.to_owned())));
    if model.has_server() {
        rows.push(("server", "the binary that serves all adapters".to_owned()));
        rows.push(("otlp", "traces of the binary, exported to `OTEL_EXPORTER_OTLP_ENDPOINT`".to_owned()));
    }
    let rows: String = rows.iter().map(|(feature, text)| format!("| `{feature}` | {text} |\n")).collect();
    format!("| feature | what it adds |\n|---|---|\n{rows}")
}
