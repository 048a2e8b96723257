//! What an MCP server lists: tools, resources and prompts.

use super::{call, captures, one_line, template, text};
use crate::linked::{self, Files, Linked, PromptText};
use crate::model::{
    Hints, Mcp, Method, Operation, Prompt, PromptArgument, PromptSource, Resource, ResourceSource, Tool,
};
use crate::read::document::{self, Adapter, Caching};

/// The server of all MCP adapters, by what the first of them says; none, if there is nothing to list.
pub(super) fn mcp(
    linked: &Linked<'_>,
    adapter: &Adapter,
    declared: &document::Mcp,
    about: &str,
    operations: &[Operation],
) -> Option<Mcp> {
    if linked.tools.is_empty() && linked.resources.is_empty() && linked.prompts.is_empty() {
        return None;
    }
    let [_, callers, _] = &linked.callers;
    let Caching { ttl_ms, public } = declared.caching;
    Some(Mcp {
        port: adapter.port.unwrap_or(9090),
        callers: callers.clone(),
        // Clients are told what the server is for, if only what the capability is.
        description: Some(text(adapter.description.as_ref()))
            .filter(|text| !text.is_empty())
            .unwrap_or(about.to_owned()),
        ttl_ms,
        public,
        tools: linked.tools.iter().map(|source| tool(source, operations)).collect(),
        resources: linked.resources.iter().flat_map(|source| resources(source, operations)).collect(),
        prompts: linked.prompts.iter().map(prompt).collect(),
    })
}

fn tool(source: &linked::Tool<'_>, operations: &[Operation]) -> Tool {
    let operation = operations.get(source.call.operation);
    let method = operation.map_or(Method::Post, |operation| operation.method);
    let described = operation.map(|operation| operation.description.clone()).filter(|text| !text.is_empty());
    let humanised = || source.name.replace(['-', '_', '.'], " ").trim().to_owned();
    let description =
        Some(text(source.description)).filter(|text| !text.is_empty()).or(described).unwrap_or_else(humanised);
    let title = source.title.map(|title| one_line(&title.value));
    let short = |text: &String| text.chars().count() <= 60;
    Tool {
        name: source.name.clone(),
        title: title.or_else(|| Some(description.clone()).filter(short)).unwrap_or_else(humanised),
        description,
        hints: Hints {
            read_only: source.hints.read_only.unwrap_or(method.is_safe()),
            destructive: source.hints.destructive.unwrap_or(!source.hints.read_only.unwrap_or(method.is_safe())),
            idempotent: source.hints.idempotent.unwrap_or(method.is_idempotent()),
            open_world: source.hints.open_world.unwrap_or(true),
        },
        call: call::call(&source.call, operations),
    }
}

/// A resource; of a folder that becomes a part of the crate, one for each file.
fn resources(source: &linked::Resource<'_>, operations: &[Operation]) -> Vec<Resource> {
    let declared = source.declared;
    let name = one_line(&declared.name.value);
    let resource = |name: String, uri: String, source: ResourceSource| Resource {
        title: declared.title.as_ref().map_or_else(|| name.clone(), |title| one_line(&title.value)),
        name,
        uri,
        description: text(declared.description.as_ref()),
        media_type: text(declared.media_type.as_ref()),
        source,
    };
    let uri = template(&source.pieces);
    let files = match &source.source {
        linked::ResourceSource::Call(call) => {
            let (binary, captures) = (declared.binary, captures(&source.pieces, call));
            let source = ResourceSource::Call { captures, binary, call: call::call(call, operations) };
            return vec![resource(name, uri, source)];
        }
        linked::ResourceSource::Files(Files::OfTheServer(path)) => {
            return vec![resource(name, uri, ResourceSource::OfTheServer(path.clone()))];
        }
        linked::ResourceSource::Files(Files::Embedded(files)) => files,
    };
    let below = |start: &str, path: &str| match path {
        "" => start.to_owned(),
        path => format!("{}/{path}", start.trim_end_matches('/')),
    };
    let embedded = files.iter().map(|(path, file, content)| {
        let source = ResourceSource::Text { file: file.clone(), text: content.clone() };
        let made = resource(below(&name, path), below(&uri, path), source);
        let title = if path.is_empty() { made.title } else { path.clone() };
        Resource { title, ..made }
    });
    embedded.collect()
}

fn prompt(source: &linked::Prompt<'_>) -> Prompt {
    let declared = source.declared;
    let mut arguments: Vec<PromptArgument> = Vec::new();
    for argument in &declared.arguments {
        if !arguments.iter().any(|known| known.name == argument.name.value) {
            arguments.push(PromptArgument {
                name: argument.name.value.clone(),
                title: text(argument.title.as_ref()),
                description: text(argument.description.as_ref()),
                required: argument.required,
            });
        }
    }
    Prompt {
        name: declared.name.value.clone(),
        title: declared.title.as_ref().map_or_else(|| declared.name.value.clone(), |title| one_line(&title.value)),
        description: text(declared.description.as_ref()),
        arguments,
        source: match &source.text {
            PromptText::OfTheServer(path) => PromptSource::OfTheServer(path.clone()),
            PromptText::Messages(messages) => {
                PromptSource::Messages(messages.iter().map(|(role, text, _)| (*role, text.clone())).collect())
            }
        },
    }
}
