//! `src/rest.rs`: the routes of the REST adapter.

use quote::quote;

use super::{rust, tables};
use crate::model::{Model, Rest};

pub(super) fn emit(model: &Model) -> String {
    let Some(Rest { port, callers, routes }) = &model.rest else { return String::new() };
    let mounted = rust::docs(tables::mounted(callers));
    let (port, callers) = (tables::index(usize::from(*port)), tables::callers(callers));
    let routes = routes.iter().map(|route| {
        let (path, summary) = (&route.path, &route.summary);
        let (method, call) = (tables::method(route.method), tables::call(&route.call, &model.operations));
        let captures = route.captures.iter().map(|capture| match capture {
            Some(input) => {
                let input = tables::index(*input);
                quote! { Some(#input) }
            }
            None => quote! { None },
        });
        quote! { Route { method: #method, path: #path, captures: &[#(#captures),*], summary: #summary, call: #call } }
    });
    let items = [
        quote! {
            use naftiko_runtime::__private::*;

            use crate::{Client, operations};
        },
        quote! {
            /// The OpenAPI 3.1 document of the routes, as JSON. The server has it at `/openapi.json`.
            pub const OPENAPI: &str = include_str!("../openapi.json");
        },
        quote! {
            pub(crate) static ADAPTER: RestAdapter = RestAdapter {
                port: #port,
                callers: #callers,
                routes: &[#(#routes),*],
                openapi: OPENAPI,
            };
        },
        quote! {
            /// The routes, to be served alone or mounted in an application.
            #mounted
            pub fn router(client: &Client) -> Router {
                ADAPTER.router(client.connection())
            }
        },
    ];
    rust::file(model, "The REST adapter: one route per exposed operation.", &items)
}
