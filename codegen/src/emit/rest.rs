//! `src/rest.rs`: the routes of the REST adapter, and `openapi.json`, which describes them.

use naftiko_schema::Rest;
use quote::quote;

use super::code::Code;
use super::rust::Item;
use super::{flows, openapi, rust, tables};
use crate::model::Model;

pub(super) fn emit(model: &Model, rest: &Rest) -> Vec<(&'static str, String)> {
    let mounted = rust::docs(rust::mounted(&rest.auth));
    let bindings: Vec<_> = rest.routes.iter().map(|route| &route.binding).collect();
    let modules = flows::modules(&bindings);
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
            pub const OPENAPI: &str = include_str!("../openapi.json");
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
    vec![("src/rest.rs", rust::file(model, docs, items)), ("openapi.json", openapi::document(model, rest))]
}
