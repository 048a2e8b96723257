//! `src/lib.rs`, which ties the modules together, and `src/main.rs`.

use naftiko_schema::{Adapter, Credential, Script};
use quote::quote;

use super::adapter::{facts, features};
use super::{flows, guide, rust, tables};
use crate::model::Model;

pub(super) fn emit(model: &Model) -> String {
    let modules = model.modules().map(|(adapter, module)| {
        let facts = facts(adapter);
        let module = tables::ident(module);
        let (condition, visibility) =
            (rust::tokens(&flows::condition(features(model, adapter))), facts.dependency.map(|_| quote! { pub }));
        quote! { #condition #visibility mod #module; }
    });
    let models = (!model.types.is_empty()).then(|| quote! { pub mod models; });
    let flows = (!model.flows.is_empty()).then(|| {
        let condition = rust::tokens(&flows::any(model));
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
        let adapters = model.modules().map(|(adapter, module)| {
            let facts = facts(adapter);
            let (module, variant) = (tables::ident(module), tables::ident(facts.variant));
            quote! { Adapter::#variant(to(&#module::ADAPTER)) }
        });
        // Only scripts in other languages and transforms need something of the application.
        let (name, runners, argument) = if needs_runners(model) {
            items.push(quote! {
                pub use naftiko_client::{ScriptCall, ScriptError, ScriptRunner, ScriptRunners, Signer, Transform, TransformCall};
            });
            items.push(quote! {
                /// Runs the command line of this crate's binary without what an application registers. See [`run_with`].
                #[cfg(feature = "server")]
                pub fn run() -> std::process::ExitCode {
                    run_with(ScriptRunners::default())
                }
            });
            (quote! { run_with }, quote! { runners: ScriptRunners }, quote! { , runners })
        } else {
            (quote! { run }, quote! {}, quote! {})
        };
        items.push(quote! {
            /// The capability, for a server of several.
            #[cfg(feature = "server")]
            #[doc(hidden)]
            pub static SERVED: naftiko_server::Served = {
                use naftiko_client::schema::{Adapter, to};

                naftiko_server::Served::new(&operations::CAPABILITY, const { &[#(#adapters),*] })
            };
        });
        items.push(quote! {
            /// Runs the command line of this crate's binary: `serve`, `mcp`, `tools` and `routes`.
            #[cfg(feature = "server")]
            pub fn #name(#runners) -> std::process::ExitCode {
                use naftiko_client::schema::to;
                use naftiko_server::Program;

                static PROGRAM: Program = Program::new(const { &[to(&SERVED)] });
                naftiko_server::#name(&PROGRAM #argument)
            }
        });
    }
    rust::file(model, &guide::docs(model), items)
}

/// Whether an application must register what runs the scripts, what makes outputs of steps, or what signs requests.
pub(super) fn needs_runners(model: &Model) -> bool {
    let is_foreign = |script: &Script| script.language != Script::JAVASCRIPT && script.rejection.is_none();
    let mut targets = model.adapters.iter().flat_map(Adapter::bindings).map(|binding| &binding.target);
    let is_signed = |credential: &Credential| matches!(credential, Credential::Signed(_));
    model.capability.apis.iter().any(|api| api.credentials.iter().any(is_signed))
        || targets.any(|target| !target.transforms().is_empty() || target.scripts().into_iter().any(is_foreign))
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
