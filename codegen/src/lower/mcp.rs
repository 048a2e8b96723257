//! What an MCP server lists: tools, resources and prompts.

use naftiko_schema::http::percent_encode;
use naftiko_schema::{
    Capability, Mcp, Message, Method, Prompt, PromptArgument, PromptSource, Resource, ResourceCall, ResourceFile,
    ResourceSource, Tool, ToolHints, Verb,
};

use super::binding::binding;
use super::{Callables, captures, first_sentence, one_line, template, text, with_note};
use crate::linked::{self, Files, Linked, Listener, PromptText, Target};
use crate::read::document::{AdapterKind, Caching};

/// The tools, resources and prompts of a listener; `None` if all that it declares are left out, and there are no skills.
pub(super) fn lower(
    linked: &Linked<'_>,
    listener: Listener<'_>,
    capability: &Capability,
    callables: &Callables<'_>,
) -> Option<Mcp> {
    let Listener { index, adapter, port, auth } = listener;
    let AdapterKind::Mcp(declared) = &adapter.kind else { return None };
    let own = |of: usize| of == index;
    let tools: Vec<_> = linked.tools.iter().filter(|source| own(source.listener)).collect();
    let resources: Vec<_> = linked.resources.iter().filter(|source| own(source.listener)).collect();
    let prompts: Vec<_> = linked.prompts.iter().filter(|source| own(source.listener)).collect();
    let declares = !declared.tools.is_empty() || !declared.resources.is_empty() || !declared.prompts.is_empty();
    if declares && tools.is_empty() && resources.is_empty() && prompts.is_empty() && linked.skills.is_empty() {
        return None;
    }
    let Caching { ttl_ms, public } = declared.caching;
    // Clients learn what the server is for, if only what the capability is.
    let texts = [text(adapter.description.as_ref()), capability.description.to_string(), capability.title.to_string()];
    Some(Mcp {
        port,
        auth: auth.clone(),
        namespace: text(adapter.namespace.as_ref()).into(),
        instructions: texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default().into(),
        ttl_ms,
        public,
        tools: tools.into_iter().map(|source| tool(source, callables)).collect(),
        resources: resources.into_iter().flat_map(|source| embedded(source, callables)).collect(),
        prompts: prompts.into_iter().map(prompt).collect(),
        skills: Vec::new().into(),
    })
}

fn tool(source: &linked::Tool<'_>, callables: &Callables<'_>) -> Tool {
    let (default, own, note) = about(source.call.target, callables);
    let humanised = source.name.replace(['-', '_', '.'], " ").trim().to_owned();
    let texts = [text(source.description), own.to_owned()];
    let description = texts.into_iter().find(|text| !text.is_empty()).unwrap_or_else(|| humanised.clone());
    let title = source.title.map(|title| one_line(&title.value)).filter(|title| !title.is_empty());
    // What follows the first clause explains it.
    let sentence = first_sentence(&description);
    let sentence = if sentence.len() < description.len() { sentence.trim_end_matches('.') } else { sentence };
    let clause = sentence.split(": ").next().unwrap_or_default();
    let derived = Some(clause).filter(|clause| (1..=60).contains(&clause.chars().count())).map(str::to_owned);
    let read_only = source.hints.read_only.unwrap_or(default.read_only);
    let binding = binding(&source.call, callables);
    let (resource, verb) = binding.target.purpose();
    // The capability knows best whether the tool changes anything.
    let verb = match (read_only, verb) {
        (true, _) => Verb::Read,
        (false, Verb::Read) => Verb::Action,
        (false, verb) => verb,
    };
    Tool {
        titled: title.is_some(),
        name: source.name.clone().into(),
        title: title.or(derived).unwrap_or(humanised).into(),
        description: with_note(description, note).into(),
        hints: ToolHints {
            read_only,
            destructive: source.hints.destructive.unwrap_or(!read_only),
            idempotent: source.hints.idempotent.unwrap_or(default.idempotent),
            open_world: source.hints.open_world.unwrap_or(true),
        },
        binding,
        open: source.open,
        resource: resource.into(),
        verb,
    }
}

/// What tools may be assumed to do by the methods of what they call, its description, and a note for callers. A flow is as
/// harmful as its worst call.
fn about<'o>(target: Target, callables: &Callables<'o>) -> (ToolHints, &'o str, &'o str) {
    let (methods, description, note): (Vec<Method>, &str, &str) = match target {
        Target::Operation(id) => {
            let operation = callables.operation(id);
            (vec![operation.table.method], &operation.description, &operation.note)
        }
        Target::Flow(id) => {
            let flow = callables.flow(id);
            (flow.table.operations().map(|operation| operation.method).collect(), &flow.description, "")
        }
    };
    let read_only = methods.iter().all(|method| method.is_safe());
    let idempotent = methods.iter().all(|method| method.is_idempotent());
    (ToolHints { read_only, idempotent, destructive: !read_only, open_world: true }, description, note)
}

/// A resource; for a folder whose files become part of the crate, one for each file.
fn embedded(source: &linked::Resource<'_>, callables: &Callables<'_>) -> Vec<Resource> {
    let declared = source.declared;
    let name = one_line(&declared.name.value);
    let resource = |name: String, uri: String, source: ResourceSource| Resource {
        title: declared.title.as_ref().map_or_else(|| name.clone(), |title| one_line(&title.value)).into(),
        name: name.into(),
        uri: uri.into(),
        description: text(declared.description.as_ref()).into(),
        media_type: text(declared.media_type.as_ref()).into(),
        source,
    };
    let uri = template(&source.pieces);
    let files = match &source.source {
        linked::ResourceSource::Call(call) => {
            let (binary, captures) = (declared.binary, captures(&source.pieces, call));
            let source = ResourceSource::Call(ResourceCall { binding: binding(call, callables), captures, binary });
            return vec![resource(name, uri, source)];
        }
        linked::ResourceSource::Files(Files::ServerFile(path)) => {
            return vec![resource(name, uri, ResourceSource::ServerFile(path.clone().into()))];
        }
        linked::ResourceSource::Files(Files::Embedded(files)) => files,
    };
    let of_files = files.iter().map(|(path, file, content)| {
        let source = ResourceSource::File(ResourceFile { file: file.clone().into(), content: content.clone() });
        let path: String =
            path.split('/').filter(|name| !name.is_empty()).map(|name| format!("/{}", percent_encode(name))).collect();
        let uri = if path.is_empty() { uri.clone() } else { format!("{}{path}", uri.trim_end_matches('/')) };
        resource(name.clone(), uri, source)
    });
    of_files.collect()
}

fn prompt(source: &linked::Prompt<'_>) -> Prompt {
    let declared = source.declared;
    let mut arguments: Vec<PromptArgument> = Vec::new();
    for argument in &declared.arguments {
        if !arguments.iter().any(|known| known.name == argument.name.value) {
            arguments.push(PromptArgument {
                name: argument.name.value.clone().into(),
                title: text(argument.title.as_ref()).into(),
                description: text(argument.description.as_ref()).into(),
                required: argument.required,
            });
        }
    }
    Prompt {
        name: declared.name.value.clone().into(),
        title: declared
            .title
            .as_ref()
            .map_or_else(|| declared.name.value.clone(), |title| one_line(&title.value))
            .into(),
        description: text(declared.description.as_ref()).into(),
        arguments: arguments.into(),
        source: match &source.text {
            PromptText::ServerFile(path) => PromptSource::ServerFile(path.clone().into()),
            PromptText::Messages(messages) => {
                let message = |(role, text, _): &(_, String, _)| Message { role: *role, text: text.clone().into() };
                PromptSource::Messages(messages.iter().map(message).collect())
            }
        },
    }
}
