//! `src/operations.rs`: the tables of the consumed operations.

use proc_macro2::TokenStream;
use quote::quote;

use super::{rust, tables};
use crate::model::{Api, Model, Operation, PathPart};

pub(super) fn emit(model: &Model) -> String {
    let (title, description) = (&model.title, &model.description);
    let apis = model.apis.iter().map(api);
    let variables = tables::variables(&model.variables);
    let imports = quote! {
        use naftiko_runtime::__private::*;
    };
    let capability = quote! {
        /// The capability.
        pub(crate) static CAPABILITY: Capability = Capability {
            name: env!("CARGO_PKG_NAME"),
            title: #title,
            version: env!("CARGO_PKG_VERSION"),
            description: #description,
            apis: &[#(#apis),*],
            variables: #variables,
        };
    };
    let mut items = vec![imports, capability];
    items.extend(model.operations.iter().map(|source| operation(model, source)));
    rust::file(model, "What the capability consumes: APIs, variables and operations, as tables.", &items)
}

fn api(api: &Api) -> TokenStream {
    let namespace = &api.namespace;
    let base_uri = match &api.base_uri {
        Some(uri) => quote! { Some(#uri) },
        None => quote! { None },
    };
    let authentication = tables::authentication(&api.authentication);
    quote! { Api { namespace: #namespace, base_uri: #base_uri, authentication: #authentication } }
}

fn operation(model: &Model, operation: &Operation) -> TokenStream {
    let Operation { name, json_output, .. } = operation;
    let api = tables::index(operation.api);
    let docs = rust::docs(&rust::code(&format!("{} {}", operation.method.as_str(), operation.path_text)));
    let constant = tables::ident(&operation.const_name);
    let method = tables::method(operation.method);
    let path = operation.path.iter().map(|part| match part {
        PathPart::Literal(text) => quote! { PathPart::Literal(#text) },
        PathPart::Parameter(parameter) => {
            let parameter = tables::index(*parameter);
            quote! { PathPart::Parameter(#parameter) }
        }
    });
    let parameters = operation.parameters.iter().map(tables::parameter);
    let repeat = tables::repeat(operation.repeat);
    let constants = operation.constants.iter().map(|constant| {
        let (name, location, value) =
            (&constant.name, tables::location(constant.location), tables::template(&constant.value));
        quote! { Constant { name: #name, location: #location, value: #value } }
    });
    let body = match &operation.body {
        Some(body) => {
            let body = tables::body(body);
            quote! { Some(#body) }
        }
        None => quote! { None },
    };
    let part = model.apis.get(operation.api).and_then(|api| api.part.as_ref()).map(|part| {
        let feature = &part.feature;
        quote! { #[cfg(feature = #feature)] }
    });
    quote! {
        #docs
        #part
        pub(crate) static #constant: Operation = Operation {
            name: #name,
            api: #api,
            method: #method,
            path: &[#(#path),*],
            parameters: &[#(#parameters),*],
            constants: &[#(#constants),*],
            body: #body,
            json_output: #json_output,
            repeat: #repeat,
        };
    }
}
