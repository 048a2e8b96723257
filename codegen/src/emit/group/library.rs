//! `src/lib.rs`, the client of a group and its program, and `src/main.rs`.

use naftiko_schema::Group;
use quote::quote;

use super::super::library::needs_runners;
use super::super::{rust, tables};
use super::Parts;

pub(super) fn emit(parts: &Parts<'_>) -> String {
    let client = tables::ident(&parts.client());
    let members: Vec<_> = parts.members().collect();
    let each = |write: &dyn Fn(&str, &proc_macro2::Ident, &super::Part<'_>) -> proc_macro2::TokenStream| {
        members.iter().map(|part| write(&part.feature, &tables::ident(&part.module), part)).collect::<Vec<_>>()
    };
    let modules = each(&|feature, module, part| {
        let library = tables::ident(&part.model.lib_name());
        quote! { #[cfg(feature = #feature)] pub use #library as #module; }
    });
    let fields = each(&|feature, module, _| quote! { #[cfg(feature = #feature)] #module: #module::Client, });
    let built = each(&|feature, module, _| {
        quote! { #[cfg(feature = #feature)] #module: builder.client(&#module::Client::builder())?, }
    });
    let methods = each(&|feature, module, part| {
        let docs = rust::docs(&rust::sentence(&part.model.capability.title, ""));
        quote! {
            #docs
            #[cfg(feature = #feature)]
            pub fn #module(&self) -> &#module::Client {
                &self.#module
            }
        }
    });
    let title = rust::plain(&parts.group.about.title);
    let about = rust::docs(&format!(
        "A client for {title}: one for each of its capabilities.\n\nCloning is cheap: clones share their connections."
    ));
    let mut items = vec![
        quote! { #(#modules)* },
        quote! {
            pub use naftiko_client as runtime;
            pub use naftiko_client::{
                ApiError, Attempt, Call, ClientBuilder, ConfigError, Error, ErrorKind, GroupBuilder, IntoBody, Outcome, Paging, Phase,
                RawBody, Response, ResultStream, RetryPolicy, SecretBody, TokenProvider, Transport, Violation,
            };
        },
        quote! {
            #about
            #[derive(Clone, Debug)]
            pub struct #client { #(#fields)* }
        },
        quote! {
            impl #client {
                /// Sets up the clients: base URIs, credentials, timeouts.
                pub fn builder() -> GroupBuilder<Self> {
                    GroupBuilder::new()
                }

                /// Clients with the settings of the environment, as `from_env` of each capability reads them.
                ///
                /// # Errors
                /// When variables are missing, or a client cannot be set up.
                pub fn from_env() -> Result<Self, ConfigError> {
                    Self::builder().from_env().build()
                }

                #(#methods)*
            }
        },
        quote! {
            #[doc(hidden)]
            impl naftiko_client::__private::Clients for #client {
                fn build(builder: &mut GroupBuilder<Self>) -> Result<Self, ConfigError> {
                    // All capabilities may be left out.
                    let _ = &builder;
                    Ok(Self { #(#built)* })
                }
            }
        },
    ];
    items.extend(program(parts));
    let origin = &parts.origin;
    rust::file_from(origin, &docs(parts), items)
}

/// The program of the server, if anything is exposed.
fn program(parts: &Parts<'_>) -> Option<proc_macro2::TokenStream> {
    let first = parts.served().next()?.model;
    let has_document = !parts.group.openapi.is_empty();
    let table = tables::expression(&Group { openapi: "".into(), ..parts.group.clone() }, first).tokens();
    let openapi = has_document.then(|| quote! { .openapi(include_str!("../openapi.json")) });
    let served = parts.served().map(|part| {
        let (feature, module) = (&part.feature, tables::ident(&part.module));
        quote! { #[cfg(feature = #feature)] to(&#module::SERVED) }
    });
    let (name, runners, argument) = if parts.served().any(|part| needs_runners(part.model)) {
        (quote! { run_with }, quote! { runners: naftiko_client::ScriptRunners }, quote! { , runners })
    } else {
        (quote! { run }, quote! {}, quote! {})
    };
    let plain = (!runners.is_empty()).then(|| {
        quote! {
            /// Runs the command line of this crate's binary without what an application registers. See [`run_with`].
            #[cfg(feature = "server")]
            pub fn run() -> std::process::ExitCode {
                run_with(naftiko_client::ScriptRunners::default())
            }
        }
    });
    Some(quote! {
        #plain

        /// Runs the command line of this crate's binary: `serve`, `mcp`, `tools` and `routes`, for all capabilities.
        #[cfg(feature = "server")]
        pub fn #name(#runners) -> std::process::ExitCode {
            use naftiko_client::schema::*;
            use naftiko_server::Program;

            static GROUP: Group = #table #openapi;
            static PROGRAM: Program = Program::joined(&GROUP, const { &[#(#served),*] });
            naftiko_server::#name(&PROGRAM #argument)
        }
    })
}

fn docs(parts: &Parts<'_>) -> String {
    let (library, client) = (parts.lib_name(), parts.client());
    let rows: String = parts
        .members()
        .map(|part| {
            format!("| `{}` | {} |\n", part.feature, rust::plain(&part.model.capability.title).replace('|', "\\|"))
        })
        .collect();
    let first = parts.members().next().map(|part| part.module).unwrap_or_default();
    format!(
        "{title}: the capabilities of `{origin}`, with one client and one server.\n\n\
         ```no_run\n\
         # fn example() -> Result<(), Box<dyn std::error::Error>> {{\n\
         use {library}::{client};\n\n\
         let client = {client}::from_env()?;\n\
         let {first} = client.{first}();\n\
         # let _ = {first};\n\
         # Ok(()) }}\n\
         ```\n\n\
         Each capability is a feature, and all of them are on unless default features are off.\n\n\
         | feature | capability |\n|---|---|\n{rows}\n\
         The features `ring`, `aws-lc-rs`, `native-tls`, `blocking`, `test-util`, `rest`, `mcp`, `skill`, `server` and `otlp` are those of the \
         crates of the capabilities.\n",
        title = rust::plain(&parts.group.about.title),
        origin = parts.origin,
    )
}

pub(super) fn emit_main(parts: &Parts<'_>) -> String {
    let library = tables::ident(&parts.lib_name());
    let items = [quote! {
        fn main() -> std::process::ExitCode {
            #library::run()
        }
    }];
    rust::file_from(&parts.origin, "Serves the capabilities: see `--help`.", items)
}
