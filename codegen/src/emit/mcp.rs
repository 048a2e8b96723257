//! `src/mcp.rs`: the tools, resources and prompts of the MCP server.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::{rust, tables};
use crate::model::{
    Hints, Mcp, Model, Operation, Prompt, PromptArgument, PromptSource, Resource, ResourceSource, Tool,
};

pub(super) fn emit(model: &Model) -> String {
    let Some(Mcp { port, callers, description, ttl_ms, public, tools, resources, prompts }) = &model.mcp else {
        return String::new();
    };
    let mounted = rust::docs(tables::mounted(callers));
    let (port, callers) = (tables::index(usize::from(*port)), tables::callers(callers));
    let ttl_ms = option(ttl_ms.map(Literal::u64_unsuffixed));
    let public = option(*public);
    let tools = tools.iter().map(|source| tool(source, &model.operations));
    let resources = resources.iter().map(|source| resource(source, &model.operations));
    let prompts = prompts.iter().map(prompt);
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
                caching: Caching { ttl_ms: #ttl_ms, public: #public },
                tools: &[#(#tools),*],
                resources: &[#(#resources),*],
                prompts: &[#(#prompts),*],
            };
        },
        quote! {
            /// The server with all of it, to be served over Streamable HTTP or stdio.
            #mounted
            pub fn server(client: &Client) -> Server {
                Server::new(&ADAPTER, client.connection())
            }
        },
    ];
    rust::file(model, "The MCP server: tools, resources and prompts, as far as the capability exposes them.", &items)
}

fn option(value: Option<impl quote::ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote! { Some(#value) },
        None => quote! { None },
    }
}

fn tool(Tool { name, title, description, hints, call }: &Tool, operations: &[Operation]) -> TokenStream {
    let Hints { read_only, destructive, idempotent, open_world } = hints;
    let call = tables::call(call, operations);
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
}

fn resource(source: &Resource, operations: &[Operation]) -> TokenStream {
    let Resource { name, title, description, media_type, uri, source } = source;
    let source = match source {
        ResourceSource::Call { captures, binary, call } => {
            let captures = captures.iter().map(|input| option(input.map(tables::index)));
            let call = tables::call(call, operations);
            quote! { ResourceSource::Call { captures: &[#(#captures),*], binary: #binary, call: #call } }
        }
        ResourceSource::Text { file, text } => quote! { ResourceSource::Text { file: #file, text: #text } },
        ResourceSource::OfTheServer(path) => quote! { ResourceSource::OfTheServer(#path) },
    };
    quote! {
        Resource {
            name: #name,
            title: #title,
            description: #description,
            media_type: #media_type,
            uri: #uri,
            source: #source,
        }
    }
}

fn prompt(Prompt { name, title, description, arguments, source }: &Prompt) -> TokenStream {
    let arguments = arguments.iter().map(|PromptArgument { name, title, description, required }| {
        quote! { PromptArgument { name: #name, title: #title, description: #description, required: #required } }
    });
    let source = match source {
        PromptSource::Messages(messages) => {
            let messages = messages.iter().map(|(role, text)| {
                let role = format_ident!("{role:?}");
                quote! { Message { role: Role::#role, text: #text } }
            });
            quote! { PromptSource::Messages(&[#(#messages),*]) }
        }
        PromptSource::OfTheServer(path) => quote! { PromptSource::OfTheServer(#path) },
    };
    quote! {
        Prompt {
            name: #name,
            title: #title,
            description: #description,
            arguments: &[#(#arguments),*],
            source: #source,
        }
    }
}
