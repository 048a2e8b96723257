//! `src/rest.rs`: the routes of a REST adapter.

use naftiko_schema::Rest;
use quote::quote;

use super::code::Code;
use super::rust::Item;
use super::{flows, rust, tables};
use crate::model::Model;

/// `document` is the file with the OpenAPI document.
pub(super) fn emit(model: &Model, rest: &Rest, document: &str) -> String {
    let mounted = rust::docs(rust::mounted(&rest.auth));
    let bindings: Vec<_> = rest.routes.iter().map(|route| &route.binding).collect();
    let modules = flows::modules(&bindings);
    let document = format!("../{document}");
    let items = [
        Item::from(quote! {
            use naftiko_client::schema::*;
            use naftiko_rest::Router;
        }),
        Item::from(quote! {
            use super::{#modules};
        }),
        Item::from(quote! {
            /// The OpenAPI 3.1 document of the routes, as JSON. The server has it at `/openapi.json`.
            pub const OPENAPI: &str = include_str!(#document);
        }),
        Item::adapter("Rest", tables::expression(rest, model).set(vec![("openapi", Some(Code::atom("OPENAPI")))])),
        Item::from(quote! {
            /// The routes, to be served alone or mounted in an application.
            #mounted
            pub fn router(client: &Client) -> Router {
                naftiko_rest::router(&ADAPTER, client.connection())
            }
        }),
    ];
    let docs = "The REST adapter: one route per exposed operation.";
    rust::file(model, docs, items)
}
