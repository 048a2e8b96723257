//! `src/mcp.rs`: the tools of the MCP server.

use quote::quote;

use super::{rust, tables};
use crate::model::{Mcp, Model};

pub(super) fn emit(model: &Model) -> String {
    let Some(Mcp { port, callers, description, tools }) = &model.mcp else { return String::new() };
    let mounted = rust::docs(tables::mounted(callers));
    let (port, callers) = (tables::index(usize::from(*port)), tables::callers(callers));
    let tools = tools.iter().map(|tool| {
        let (name, title, description) = (&tool.name, &tool.title, &tool.description);
        let crate::model::Hints { read_only, destructive, idempotent, open_world } = tool.hints;
        let call = tables::call(&tool.call, &model.operations);
        quote! {
            Tool {
                name: #name,
                title: #title,
                description: #description,
                hints: Hints {
                    read_only: #read_only,
                    destructive: #destructive,
                    idempotent: #idempotent,
                    open_world: #open_world,
                },
                call: #call,
            }
        }
    });
    let items = [
        quote! {
            use naftiko_runtime::__private::*;
            pub use naftiko_runtime::mcp::{Confirmation, HttpOptions, Policy, Server, ShortKey};

            use crate::{Client, operations};
        },
        quote! {
            pub(crate) static ADAPTER: McpAdapter = McpAdapter {
                capability: &operations::CAPABILITY,
                port: #port,
                callers: #callers,
                instructions: #description,
                tools: &[#(#tools),*],
            };
        },
        quote! {
            /// The server with the tools, to be served over Streamable HTTP or stdio.
            #mounted
            pub fn server(client: &Client) -> Server {
                Server::new(&ADAPTER, client.connection())
            }
        },
    ];
    rust::file(model, "The MCP server: one tool per exposed operation.", &items)
}
