//! `src/lib.rs`, which ties the modules together, and `src/main.rs`.

use quote::quote;

use super::adapter::facts;
use super::{flows, guide, rust, tables};
use crate::model::Model;

pub(super) fn emit(model: &Model) -> String {
    let modules = model.adapters.iter().filter(|_| model.has_server()).map(|adapter| {
        let facts = facts(adapter);
        let module = tables::ident(adapter.name());
        let (feature, visibility) = (facts.feature, facts.dependency.map(|_| quote! { pub }));
        quote! { #[cfg(feature = #feature)] #visibility mod #module; }
    });
    let models = (!model.types.is_empty()).then(|| quote! { pub mod models; });
    let flows = (!model.flows.is_empty()).then(|| {
        let condition = flows::any(model);
        quote! { #condition mod flows; }
    });
    let mut items = vec![
        quote! {
            pub mod client;
            #flows
            #models
            #(#modules)*
            mod operations;
        },
        quote! {
            pub use client::Client;
            pub use naftiko_client as runtime;
            pub use naftiko_client::{
                ApiError, Attempt, Call, ClientBuilder, ConfigError, Error, ErrorKind, IntoBody, Outcome, Paging, Phase, RawBody,
                Response, ResultStream, RetryPolicy, SecretBody, TokenProvider, Transport, Violation,
            };
        },
    ];
    if !model.capability.defaults.is_empty() {
        items.push(quote! { pub use naftiko_client::Configured; });
    }
    if model.has_server() {
        let adapters = model.adapters.iter().map(|adapter| {
            let facts = facts(adapter);
            let (module, variant) = (tables::ident(adapter.name()), tables::ident(facts.variant));
            quote! { Adapter::#variant(to(&#module::ADAPTER)) }
        });
        items.push(quote! {
            /// Runs the command line of this crate's binary: `serve`, `mcp`, `tools` and `routes`.
            #[cfg(feature = "server")]
            pub fn run() -> std::process::ExitCode {
                use naftiko_client::schema::{Adapter, to};
                use naftiko_server::{Program, Served};

                static PROGRAM: Program = Program::new(const {
                    &[Served::new(&operations::CAPABILITY, const { &[#(#adapters),*] })]
                });
                naftiko_server::run(&PROGRAM)
            }
        });
    }
    rust::file(model, &guide::docs(model), items)
}

pub(super) fn emit_main(model: &Model) -> String {
    let library = tables::ident(&model.lib_name());
    let items = [quote! {
        fn main() -> std::process::ExitCode {
            #library::run()
        }
    }];
    rust::file(model, "Serves the capability: see `--help`.", items)
}
