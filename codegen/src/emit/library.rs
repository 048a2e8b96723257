//! `src/lib.rs`, which ties the modules together, and `src/main.rs`.

use quote::quote;

use super::{rust, tables};
use crate::model::{Kind, Location, Model, Operation, Parameter};

pub(super) fn emit(model: &Model) -> String {
    let rest = model.rest.is_some().then(|| quote! { #[cfg(feature = "rest")] pub mod rest; });
    let mcp = model.mcp.is_some().then(|| quote! { #[cfg(feature = "mcp")] pub mod mcp; });
    let mut items = vec![
        quote! {
            pub mod client;
            #mcp
            mod operations;
            #rest
        },
        quote! {
            pub use client::Client;
            pub use naftiko_runtime::{ClientBuilder, ConfigError, Error, ErrorKind, Response, Violation};
        },
    ];
    if model.has_server() {
        let adapter = |present: bool, module: &str| {
            let module = tables::ident(module);
            if present {
                quote! { Some(&#module::ADAPTER) }
            } else {
                quote! { None }
            }
        };
        let (rest, mcp) = (adapter(model.rest.is_some(), "rest"), adapter(model.mcp.is_some(), "mcp"));
        items.push(quote! {
            #[cfg(feature = "server")]
            static PROGRAM: naftiko_runtime::__private::Program = naftiko_runtime::__private::Program {
                capability: &operations::CAPABILITY,
                rest: #rest,
                mcp: #mcp,
            };
        });
        items.push(quote! {
            /// Runs the command line of this crate's binary: `serve`, `mcp`, `tools` and `routes`.
            #[cfg(feature = "server")]
            pub fn run() -> std::process::ExitCode {
                naftiko_runtime::__private::run(&PROGRAM)
            }
        });
    }
    rust::file(model, &docs(model), &items)
}

pub(super) fn emit_main(model: &Model) -> String {
    let library = tables::ident(&model.lib_name());
    let items = [quote! {
        fn main() -> std::process::ExitCode {
            #library::run()
        }
    }];
    rust::file(model, "Serves the capability: see `--help`.", &items)
}

fn docs(model: &Model) -> String {
    let mut docs = format!("{}\n", rust::sentence(&model.title, ""));
    if !model.description.is_empty() && model.description != model.title {
        docs.push_str(&format!("\n{}\n", rust::sentence(&model.description, "")));
    }
    if let Some(example) = example(model) {
        docs.push_str(&format!("\n```no_run\n# async fn example() -> Result<(), Box<dyn std::error::Error>> {{\n{example}# Ok(())\n# }}\n```\n"));
    }
    docs.push_str("\nFeatures: `client` (always on)");
    for (present, name, what) in
        [(model.rest.is_some(), "rest", "an axum router"), (model.mcp.is_some(), "mcp", "an MCP server")]
    {
        if present {
            docs.push_str(&format!(", `{name}` ({what})"));
        }
    }
    docs.push_str(if model.has_server() { ", `server` (the binary that serves all of it).\n" } else { ".\n" });
    docs
}

/// A first call, preferably one that needs no body.
pub(super) fn example(model: &Model) -> Option<String> {
    let has_body =
        |operation: &Operation| operation.parameters.iter().any(|parameter| parameter.location == Location::Body);
    let operation =
        model.operations.iter().find(|operation| !has_body(operation)).or_else(|| model.operations.first())?;
    let arguments: Vec<_> =
        operation.parameters.iter().filter(|parameter| parameter.required).map(example_argument).collect();
    Some(format!(
        "use {}::Client;\n\nlet client = {};\nlet response = client.{}({}).send().await?;\nprintln!(\"{{}}\", response.body());\n",
        model.lib_name(),
        if model.apis.iter().all(|api| api.base_uri.is_some()) {
            "Client::from_env()?".to_owned()
        } else if model.apis.len() == 1 {
            "Client::builder().from_env().base_uri(\"https://api.example.com\").build()?".to_owned()
        } else {
            let missing = model.apis.iter().filter(|api| api.base_uri.is_none());
            let set = missing.map(|api| format!(".base_uri_of({:?}, \"https://api.example.com\")", api.namespace));
            format!("Client::builder().from_env(){}.build()?", set.collect::<String>())
        },
        operation.method_name,
        arguments.join(", "),
    ))
}

fn example_argument(parameter: &Parameter) -> String {
    match parameter.kind {
        Kind::String => format!("{:?}", parameter.rust_name),
        Kind::Integer => "1".to_owned(),
        Kind::Number => "1.0".to_owned(),
        Kind::Boolean => "false".to_owned(),
        Kind::Array if parameter.location != Location::Body => "[\"one\"]".to_owned(),
        Kind::Array | Kind::Object | Kind::Any => "serde_json::json!({})".to_owned(),
    }
}
