//! `src/client.rs`: the typed client. Required arguments are positional, optional ones are setters.

use naftiko_schema::{ApiId, Kind, Location, Parameter, ParameterStyle};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{example, models, rust, tables};
use crate::model::{Model, Operation, Setter, TypeUse};

/// Clippy's limit for arguments, less one for `self`.
const MAX_ARGUMENTS: usize = 6;

pub(super) fn emit(model: &Model) -> String {
    let client_docs = rust::docs(&format!(
        "A client for {}.\n\nCloning is cheap: clones share one connection pool.",
        rust::plain(&model.capability.title)
    ));
    let names: Vec<_> = model.environment_variables().chain(model.bind_files()).map(rust::code).collect();
    let bases = base_uri_variables(model);
    let settings = match (names.join(", "), bases.is_empty()) {
        (names, true) if names.is_empty() => "it needs none".to_owned(),
        (names, true) => names,
        (names, false) if names.is_empty() => format!("{bases} for another base URI"),
        (names, false) => format!("{names}, and {bases} for another base URI"),
    };
    let from_env_docs = rust::docs(&format!(
        "A client with the settings of the environment: {settings}.\n\n# Errors\nWhen variables are missing, all of which the error names, or when the client cannot be set up.",
    ));
    let imports = if !model.parts.is_empty() {
        quote! {
            use naftiko_client::__private::{Connection, Handle};
            use naftiko_client::{ClientBuilder, ConfigError};
        }
    } else {
        let used = Used::by(&model.operations.iter().collect::<Vec<_>>());
        let (private, public) = (used.private(), used.public());
        quote! {
            use naftiko_client::__private::{Connection, Handle, #private};
            use naftiko_client::{ClientBuilder, ConfigError, #public};
        }
    };
    let modules = if model.operations.iter().any(Operation::returns_model) {
        quote! { {models, operations} }
    } else {
        quote! { operations }
    };
    let whole: Vec<&Operation> = if !model.parts.is_empty() { Vec::new() } else { model.operations.iter().collect() };
    let methods = whole.iter().map(|operation| method(model, operation));
    let is_empty = model.operations.is_empty();
    let unused = is_empty.then(|| quote! { #[allow(dead_code, reason = "there is no operation to call")] });
    let mut items = vec![
        imports,
        quote! { use super::#modules; },
        quote! {
            #client_docs
            #[derive(Clone, Debug)]
            pub struct Client {
                #unused
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
    let features: Vec<_> = model.mounted().filter(|facts| facts.calls).map(|facts| facts.feature).collect();
    let condition = match features.as_slice() {
        [only] => quote! { feature = #only },
        several => quote! { any(#(feature = #several),*) },
    };
    if !features.is_empty() {
        items.push(quote! {
            #[cfg(#condition)]
            impl Client {
                pub(crate) fn connection(&self) -> &Connection {
                    &self.connection
                }
            }
        });
    }
    items.extend(whole.iter().flat_map(|operation| builder(model, operation)));
    items.extend((0..model.parts.len()).filter_map(|index| part(model, index.into())));
    rust::file(model, "The typed client: one method per operation, one builder per call.", items)
}

/// The environment variables that hold base URIs.
fn base_uri_variables(model: &Model) -> String {
    let capability = &model.capability;
    let names = capability.apis.iter().map(|api| rust::code(&capability.base_uri_variable(api)));
    names.collect::<Vec<_>>().join(", ")
}

/// The operations of one of several APIs, in a module that its feature adds.
fn part(model: &Model, api: ApiId) -> Option<TokenStream> {
    let part = model.part(api)?;
    let operations: Vec<&Operation> = model.operations.iter().filter(|operation| operation.table.api == api).collect();
    if operations.is_empty() {
        return None;
    }
    let (feature, module) = (&part.feature, tables::ident(&part.module));
    let used = Used::by(&operations);
    let private = used.parameters.then(|| {
        let private = used.private();
        quote! { use naftiko_client::__private::{#private}; }
    });
    let public = used.into_body.then(|| quote! { use naftiko_client::IntoBody; });
    let methods = operations.iter().map(|operation| method(model, operation));
    let builders = operations.iter().flat_map(|operation| builder(model, operation));
    let models = operations.iter().any(|operation| operation.returns_model()).then(|| quote! { models, });
    Some(quote! {
        #[cfg(feature = #feature)]
        mod #module {
            #private
            #public

            use super::{Client, #models operations};

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
    parameters: bool,
    serialize: bool,
    into_body: bool,
}

impl Used {
    fn by(operations: &[&Operation]) -> Self {
        let takes = |wanted: &Shape| {
            operations.iter().flat_map(|op| op.parameters()).any(|(parameter, _)| shape(parameter) == *wanted)
        };
        let parameters = operations.iter().any(|op| !op.table.parameters.is_empty());
        Self { parameters, serialize: takes(&Shape::Json), into_body: takes(&Shape::Body) }
    }

    /// The private imports that the operations need.
    fn private(&self) -> TokenStream {
        let id = self.parameters.then(|| quote! { ParameterId, });
        let serialize = self.serialize.then(|| quote! { Serialize });
        quote! { #id #serialize }
    }

    /// The public trait that the operations need, after what every client imports.
    fn public(&self) -> TokenStream {
        if self.into_body {
            quote! { IntoBody }
        } else {
            TokenStream::new()
        }
    }
}

fn method(model: &Model, operation: &Operation) -> TokenStream {
    let summary = rust::sentence(&operation.description, &format!("Calls {}.", rust::code(&operation.table.name)));
    let note = Some(rust::plain(&operation.note)).filter(|note| !note.is_empty());
    let note = note.map(|note| format!("{note}\n\n")).unwrap_or_default();
    let docs = rust::docs(&format!(
        "{summary}\n\n{note}{}: the operation {} of {}.\n\n{}{}{}",
        rust::code(&format!("{} {}", operation.table.method.as_str(), operation.path_text)),
        rust::code(&operation.table.name),
        rust::code(&operation.origin),
        arguments_text(operation),
        models_text(model, operation),
        example::of_method(model, operation),
    ));
    let name = tables::ident(&operation.method_name);
    let call = tables::ident(&operation.type_name);
    let constant = tables::ident(&operation.const_name);
    let required: Vec<_> = operation.positional().collect();
    let many = (required.len() > MAX_ARGUMENTS)
        .then(|| quote! { #[allow(clippy::too_many_arguments, reason = "the operation requires that many")] });
    let arguments = required.iter().map(|(parameter, setter)| argument(parameter, setter));
    let sets = required.iter().map(|(parameter, setter)| set(&call, parameter, setter));
    quote! {
        #docs
        #many
        pub fn #name(&self, #(#arguments),*) -> #call {
            #call(self.connection.request(&operations::#constant) #(.#sets)*)
        }
    }
}

/// What the specification says about the arguments of a method.
fn arguments_text(operation: &Operation) -> String {
    let line = |(parameter, setter): (&Parameter, &Setter)| {
        let text = rust::sentence(&parameter.description, "");
        let variable = parameter.configured.as_deref().filter(|_| has_choice(parameter));
        let choice =
            variable.map(|name| format!("[`Configured`](naftiko_client::Configured) means {}.", rust::code(name)));
        let texts: Vec<_> = [text].into_iter().chain(choice).filter(|text| !text.is_empty()).collect();
        format!("- {}: {}\n", rust::code(&setter.name), texts.join(" "))
    };
    let is_described = |parameter: &Parameter| !parameter.description.is_empty() || has_choice(parameter);
    let described = operation.positional().filter(|(parameter, _)| is_described(parameter));
    let required = operation.with_setter().filter(|(parameter, _)| parameter.required);
    let required = required.map(|(_, setter)| format!("- {} must be set before sending.\n", rust::code(&setter.name)));
    let lines: String = described.map(line).chain(required).collect();
    if lines.is_empty() { lines } else { format!("{lines}\n") }
}

/// Which models are for the bodies of an operation.
fn models_text(model: &Model, operation: &Operation) -> String {
    // The operations of one of several APIs are in a module of their own.
    let models = if model.parts.is_empty() { "super::models" } else { "super::super::models" };
    let link = |name: &String| format!("[`{name}`]({models}::{name})");
    let of = |of: &Option<TypeUse>| match of {
        Some(TypeUse::Named(name)) => Some(link(name)),
        _ => None,
    };
    let request = of(&operation.request).map(|link| format!("Body: {link}."));
    let response = of(&operation.response).map(|link| format!("Response: {link}."));
    let failures =
        operation.failures.iter().map(|(name, statuses)| format!("{} ({})", link(name), statuses.join(", ")));
    let failures = failures.collect::<Vec<_>>().join("; ");
    let failures = (!failures.is_empty())
        .then(|| format!("Errors: {failures}, as [`body_as`](naftiko_client::Error::body_as) reads them."));
    let text = [request, response, failures].into_iter().flatten().collect::<Vec<_>>().join(" ");
    if text.is_empty() { text } else { format!("{text}\n\n") }
}

fn builder(model: &Model, operation: &Operation) -> Vec<TokenStream> {
    let call = tables::ident(&operation.type_name);
    let docs = format!("A call of [`Client::{}`].", operation.method_name);
    let ids = operation.parameters().enumerate().map(|(index, (_, setter))| {
        let (name, index) = (tables::ident(&setter.id_name), tables::index(index));
        quote! { const #name: ParameterId = ParameterId(#index); }
    });
    let setters = operation.with_setter().map(|(parameter, setter)| {
        let fallback = format!("Sets {}.", rust::code(&parameter.name));
        let docs = rust::docs(&rust::sentence(&parameter.description, &fallback));
        let (name, argument) = (tables::ident(&setter.name), argument(parameter, setter));
        let set = set(&call, parameter, setter);
        quote! {
            #docs
            pub fn #name(self, #argument) -> Self {
                Self(self.0.#set)
            }
        }
    });
    let item = operation.response.as_ref().and_then(|response| model.item(response));
    let types = operation.response.iter().chain(item).map(models::path_of);
    let mut items = vec![quote! { naftiko_client::call!(#call, #docs #(, #types)*); }];
    if !operation.setters.is_empty() {
        items.push(quote! {
            impl #call {
                #(#ids)*

                #(#setters)*
            }
        });
    }
    items
}

/// Whether a caller may leave a required argument to its default.
fn has_choice(parameter: &Parameter) -> bool {
    parameter.configured.is_some() && parameter.required && parameter.kind != Kind::Boolean
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
        Kind::Array | Kind::Any if parameter.style == Some(ParameterStyle::Brackets) => Shape::Json,
        Kind::String => Shape::Text,
        Kind::Integer => Shape::Plain("i64"),
        Kind::Number => Shape::Plain("f64"),
        Kind::Boolean => Shape::Plain("bool"),
        Kind::Array => Shape::Texts,
        // Outside of a body, it is sent as text.
        Kind::Any if !parameter.location.is_body() => Shape::Text,
        Kind::Object | Kind::Any => Shape::Json,
    }
}

fn argument(parameter: &Parameter, setter: &Setter) -> TokenStream {
    let name = tables::ident(&setter.name);
    match shape(parameter) {
        Shape::Text if has_choice(parameter) => quote! { #name: impl Into<naftiko_client::Choice<String>> },
        Shape::Plain(kind) if has_choice(parameter) => {
            let kind = tables::ident(kind);
            quote! { #name: impl Into<naftiko_client::Choice<#kind>> }
        }
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

/// The call that sets a parameter of the untyped request.
fn set(call: &Ident, parameter: &Parameter, setter: &Setter) -> TokenStream {
    let (id, name) = (tables::ident(&setter.id_name), tables::ident(&setter.name));
    let method = tables::ident(match shape(parameter) {
        Shape::Text | Shape::Plain(_) if has_choice(parameter) => "choice",
        Shape::Text => "text",
        Shape::Texts => "texts",
        Shape::Plain(_) | Shape::Json => "set",
        Shape::Body => "body",
    });
    quote! { #method(#call::#id, #name) }
}
