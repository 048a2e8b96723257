//! `src/mcp.rs`: the tools, resources and prompts of the MCP server.

use naftiko_schema::Mcp;
use quote::quote;

use super::rust::Item;
use super::{flows, rust, tables};
use crate::model::Model;

pub(super) fn emit(model: &Model, mcp: &Mcp) -> String {
    let mounted = rust::docs(rust::mounted(&mcp.auth));
    let modules = flows::modules(&mcp.bindings().collect::<Vec<_>>());
    let skills = mcp.skills.is_some().then(|| quote! { , skill });
    let items = [
        Item::from(quote! {
            use naftiko_client::schema::*;
            pub use naftiko_mcp::{Confirmation, HttpOptions, OutputSchemas, Policy, Server, ShortKey};
        }),
        Item::from(quote! {
            use super::{#modules #skills};
        }),
        Item::adapter("Mcp", tables::expression(mcp, model)),
        Item::from(quote! {
            /// The server with all of it, to be served over Streamable HTTP or stdio.
            #mounted
            pub fn server(client: &Client) -> Server {
                Server::new(&ADAPTER, client.connection())
            }
        }),
    ];
    rust::file(model, "The MCP server: the tools, resources and prompts that the capability exposes.", items)
}
