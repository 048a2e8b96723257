//! `src/lib.rs`, which ties the modules together, and `src/main.rs`.

use proc_macro2::TokenStream;
use quote::quote;

use super::{guide, rust, tables};
use crate::model::{Control, Model};

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
            pub use naftiko_runtime as runtime;
            pub use naftiko_runtime::{
                Attempt, Call, ClientBuilder, ConfigError, Error, ErrorKind, IntoBody, Outcome, Paging, Phase, RawBody, Refusal,
                Response, ResultStream, RetryPolicy, SecretBody, TokenProvider, Transport, Violation,
            };
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
        let control = control(model.control.as_ref());
        items.push(quote! {
            #[cfg(feature = "server")]
            static PROGRAM: naftiko_runtime::__private::Program = naftiko_runtime::__private::Program {
                capability: &operations::CAPABILITY,
                rest: #rest,
                mcp: #mcp,
                control: #control,
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
    rust::file(model, &guide::docs(model), &items)
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

fn control(control: Option<&Control>) -> TokenStream {
    let Some(Control { port, callers, health, info, metrics }) = control else { return quote! { None } };
    let (port, callers) = (tables::index(usize::from(*port)), tables::callers(callers));
    quote! {
        {
            use naftiko_runtime::__private::*;

            Some(&Control { port: #port, callers: #callers, health: #health, info: #info, metrics: #metrics })
        }
    }
}
