//! `src/client.rs`: the typed client. Required arguments are positional, optional ones are setters.

use proc_macro2::TokenStream;
use quote::quote;

use super::{example, rust, tables};
use crate::model::{Api, Kind, Location, Model, Operation, Parameter};

/// Clippy's limit for arguments, less one for `self`.
const MAX_ARGUMENTS: usize = 6;

pub(super) fn emit(model: &Model) -> String {
    let client_docs = rust::docs(&format!(
        "A client for {}.\n\nCloning is cheap: clones share one connection pool.",
        rust::plain(&model.title)
    ));
    let names: Vec<_> = model.variables.iter().map(|name| rust::code(name)).collect();
    let needed = if names.is_empty() { String::new() } else { format!("{}, and ", names.join(", ")) };
    let from_env_docs = rust::docs(&format!(
        "A client with the settings of the environment: {needed}{} for another base URI.\n\n# Errors\nWhen variables are missing, all of which the error names, or when the client cannot be set up.",
        base_uri_variables(model)
    ));
    let imports = if model.is_divided() {
        quote! {
            use naftiko_runtime::__private::{Connection, Handle};
            use naftiko_runtime::{ClientBuilder, ConfigError};

            use crate::operations;
        }
    } else {
        let used = Used::by(&model.operations.iter().collect::<Vec<_>>());
        let (private, public) = (used.private(), used.public());
        quote! {
            use naftiko_runtime::__private::{Connection, Handle, #private};
            use naftiko_runtime::{ClientBuilder, ConfigError, #public};

            use crate::operations;
        }
    };
    let whole: Vec<&Operation> = if model.is_divided() { Vec::new() } else { model.operations.iter().collect() };
    let methods = whole.iter().map(|operation| method(model, operation));
    let mut items = vec![
        imports,
        quote! {
            #client_docs
            #[derive(Clone, Debug)]
            pub struct Client {
                connection: Connection,
            }
        },
        quote! {
            #[doc(hidden)]
            impl Handle for Client {
                fn over(connection: Connection) -> Self {
                    Self { connection }
                }
            }
        },
        quote! {
            impl Client {
                /// Sets up a client: base URI, credentials, timeouts.
                pub fn builder() -> ClientBuilder<Self> {
                    ClientBuilder::new(&operations::CAPABILITY)
                }

                #from_env_docs
                pub fn from_env() -> Result<Self, ConfigError> {
                    Self::builder().from_env().build()
                }

                #(#methods)*
            }
        },
    ];
    let adapters = [(model.rest.is_some(), "rest"), (model.mcp.is_some(), "mcp")];
    let features: Vec<_> = adapters.iter().filter(|(present, _)| *present).map(|(_, name)| name).collect();
    let condition = match features.as_slice() {
        [only] => quote! { feature = #only },
        several => quote! { any(#(feature = #several),*) },
    };
    if model.has_server() {
        items.push(quote! {
            #[cfg(#condition)]
            impl Client {
                pub(crate) fn connection(&self) -> &Connection {
                    &self.connection
                }
            }
        });
    }
    items.extend(whole.iter().flat_map(|operation| builder(operation)));
    items.extend((0..model.apis.len()).filter_map(|index| part(model, index)));
    rust::file(model, "The typed client: one method per operation, one builder per call.", &items)
}

/// The environment variables that hold base URIs.
fn base_uri_variables(model: &Model) -> String {
    let names = model.apis.iter().map(|api| rust::code(&base_uri_variable(model, api)));
    names.collect::<Vec<_>>().join(", ")
}

/// The environment variable that holds the base URI of an API.
pub(super) fn base_uri_variable(model: &Model, api: &Api) -> String {
    let name = if model.apis.len() == 1 { String::new() } else { format!("_{}", api.namespace) };
    let name = format!("{}{name}_BASE_URI", model.crate_name);
    name.to_ascii_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// The operations of one of several APIs, in a module that its feature adds.
fn part(model: &Model, index: usize) -> Option<TokenStream> {
    let part = model.apis.get(index)?.part.as_ref()?;
    let operations: Vec<&Operation> = model.operations.iter().filter(|operation| operation.api == index).collect();
    if operations.is_empty() {
        return None;
    }
    let (feature, module) = (&part.feature, tables::ident(&part.module));
    let used = Used::by(&operations);
    let (private, public) = (used.private(), used.public());
    let methods = operations.iter().map(|operation| method(model, operation));
    let builders = operations.iter().flat_map(|operation| builder(operation));
    Some(quote! {
        #[cfg(feature = #feature)]
        mod #module {
            use naftiko_runtime::__private::{#private};
            use naftiko_runtime::{#public};

            use super::Client;
            use crate::operations;

            impl Client {
                #(#methods)*
            }

            #(#builders)*
        }

        #[cfg(feature = #feature)]
        pub use #module::*;
    })
}

/// Which traits of arguments operations use.
struct Used {
    serialize: bool,
    into_body: bool,
}

impl Used {
    fn by(operations: &[&Operation]) -> Self {
        let takes = |wanted: &Shape| {
            operations.iter().flat_map(|operation| &operation.parameters).any(|parameter| shape(parameter) == *wanted)
        };
        Self { serialize: takes(&Shape::Json), into_body: takes(&Shape::Body) }
    }

    fn private(&self) -> TokenStream {
        let serialize = self.serialize.then(|| quote! { Serialize, });
        quote! { Request, #serialize Value }
    }

    fn public(&self) -> TokenStream {
        let into_body = self.into_body.then(|| quote! { IntoBody, });
        quote! { Call, Error, #into_body Response }
    }
}

fn method(model: &Model, operation: &Operation) -> TokenStream {
    let summary = rust::sentence(&operation.description, &format!("Calls {}.", rust::code(&operation.name)));
    let docs = rust::docs(&format!(
        "{summary}\n\n{}: the operation {} of {}.\n\n{}{}",
        rust::code(&format!("{} {}", operation.method.as_str(), operation.path_text)),
        rust::code(&operation.name),
        rust::code(&operation.origin),
        arguments_text(operation),
        example::of_method(model, operation),
    ));
    let name = tables::ident(&operation.method_name);
    let call = tables::ident(&operation.type_name);
    let constant = tables::ident(&operation.const_name);
    let required: Vec<_> =
        operation.parameters.iter().enumerate().filter(|(_, parameter)| parameter.required).collect();
    let many = (required.len() > MAX_ARGUMENTS)
        .then(|| quote! { #[allow(clippy::too_many_arguments, reason = "the operation requires that many")] });
    let arguments = required.iter().map(|(_, parameter)| argument(parameter));
    let sets = required.iter().map(|(index, parameter)| {
        let set = set(*index, parameter);
        quote! { .#set }
    });
    quote! {
        #docs
        #many
        pub fn #name(&self, #(#arguments),*) -> #call {
            #call(self.connection.request(&operations::#constant) #(#sets)*)
        }
    }
}

/// What the file says about the arguments that a method takes.
fn arguments_text(operation: &Operation) -> String {
    let described = operation.parameters.iter().filter(|p| p.required && !p.description.is_empty());
    let lines: String = described
        .map(|p| format!("- {}: {}\n", rust::code(&p.rust_name), rust::sentence(&p.description, "")))
        .collect();
    if lines.is_empty() { lines } else { format!("{lines}\n") }
}

fn builder(operation: &Operation) -> [TokenStream; 3] {
    let call = tables::ident(&operation.type_name);
    let docs = rust::docs(&format!("A call of [`Client::{}`].", operation.method_name));
    let setters = operation.parameters.iter().enumerate().filter(|(_, parameter)| !parameter.required).map(
        |(index, parameter)| {
            let docs =
                rust::docs(&rust::sentence(&parameter.description, &format!("Sets {}.", rust::code(&parameter.name))));
            let (name, argument, set) =
                (tables::ident(&parameter.rust_name), argument(parameter), set(index, parameter));
            quote! {
                #docs
                pub fn #name(self, #argument) -> Self {
                    Self(self.0.#set)
                }
            }
        },
    );
    [
        quote! {
            #docs
            #[derive(Clone, Debug)]
            #[must_use = "a call does nothing until it is sent"]
            pub struct #call(Request);
        },
        quote! {
            impl #call {
                #(#setters)*

                /// Sends the request.
                ///
                /// # Errors
                /// When an argument is refused, when the upstream cannot be reached, or when it answers with an error.
                pub async fn send(self) -> Result<Response<Value>, Error> {
                    self.0.send().await
                }
            }
        },
        quote! {
            impl Call for #call {
                fn parts(self) -> (Request, fn(Request) -> Self) {
                    (self.0, Self)
                }
            }
        },
    ]
}

/// How an argument is taken from a caller.
#[derive(PartialEq)]
enum Shape {
    Text,
    Texts,
    Plain(&'static str),
    Json,
    Body,
}

fn shape(parameter: &Parameter) -> Shape {
    if parameter.location == Location::Body {
        return Shape::Body;
    }
    match parameter.kind {
        Kind::String => Shape::Text,
        Kind::Integer => Shape::Plain("i64"),
        Kind::Number => Shape::Plain("f64"),
        Kind::Boolean => Shape::Plain("bool"),
        Kind::Array => Shape::Texts,
        Kind::Object | Kind::Any => Shape::Json,
    }
}

fn argument(parameter: &Parameter) -> TokenStream {
    let name = tables::ident(&parameter.rust_name);
    match shape(parameter) {
        Shape::Text => quote! { #name: impl Into<String> },
        Shape::Texts => quote! { #name: impl IntoIterator<Item = impl Into<String>> },
        Shape::Plain(kind) => {
            let kind = tables::ident(kind);
            quote! { #name: #kind }
        }
        Shape::Body => quote! { #name: impl IntoBody },
        Shape::Json => quote! { #name: impl Serialize },
    }
}

fn set(index: usize, parameter: &Parameter) -> TokenStream {
    let index = tables::index(index);
    let name = tables::ident(&parameter.rust_name);
    match shape(parameter) {
        Shape::Text => quote! { text(#index, #name) },
        Shape::Texts => quote! { texts(#index, #name) },
        Shape::Plain(_) | Shape::Json => quote! { set(#index, #name) },
        Shape::Body => quote! { body(#index, #name) },
    }
}
