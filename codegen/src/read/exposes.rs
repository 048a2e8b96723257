//! Reading `exposes`: adapters, REST routes, and how whatever is exposed calls operations.

use super::consumes::{authentication, input};
use super::control::control;
use super::document::{Adapter, AdapterKind, Invocation, Output, RestOperation, RestResource, Text};
use super::fields::Fields;
use super::mcp::mcp;
use super::yaml::{Content, Node};
use super::{name_of, read_all, unsupported};
use crate::codes::Code;
use crate::diagnostic::{Place, Sink};

pub(super) fn adapter(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Adapter> {
    let mut fields = Fields::of(node, "an `exposes` entry", sink);
    let kind = match fields.text(&["type"], sink) {
        Some(kind) => kind,
        // What an adapter holds says what it is.
        None if fields.has(&["tools", "prompts"]) => Text { value: "mcp".to_owned(), place: fields.place },
        None if fields.has(&["resources"]) => Text { value: "rest".to_owned(), place: fields.place },
        None => {
            fields.missing(&["type"], sink);
            return None;
        }
    };
    let namespace = fields.text(&["namespace"], sink).or(key);
    let port = port(&mut fields, sink);
    let address = fields.text(&["address"], sink);
    let description = fields.text(&["description"], sink);
    let authentication = fields.get(&["authentication"]).and_then(|entry| authentication(&entry.value, sink));
    let place = fields.place;
    let kind = match kind.value.to_ascii_lowercase().as_str() {
        // Early versions called it `api`.
        "rest" | "api" => rest(&mut fields, sink),
        "mcp" => mcp(&mut fields, sink),
        "skill" => left_out(Code::SkillAdapter, &kind, sink),
        "control" => control(&mut fields, sink),
        _ => left_out(Code::UnknownAdapter, &kind, sink),
    };
    if !matches!(kind, AdapterKind::Other) {
        fields.finish(sink);
    }
    Some(Adapter { place, kind, namespace, address, port, description, authentication })
}

fn left_out(code: Code, kind: &Text, sink: &mut Sink) -> AdapterKind {
    let message = format!("adapters of type `{}` are not served; this one is left out", kind.value);
    sink.report(code, kind.place, message, "`rest` and `mcp` are served; the rest of the capability is generated");
    AdapterKind::Other
}

fn rest(fields: &mut Fields<'_>, sink: &mut Sink) -> AdapterKind {
    fields.ignore(&["maxBinarySize"]);
    let shared = read_all(fields.members(&["inputParameters"], sink), input, sink);
    let mut resources = read_all(fields.members(&["resources"], sink), resource, sink);
    for resource in &mut resources {
        resource.inputs.extend(shared.iter().cloned());
    }
    AdapterKind::Rest(resources)
}

fn port(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<u16> {
    let text = fields.text(&["port"], sink)?;
    let port = text.value.parse().ok();
    if port.is_none() {
        let message = format!("`{}` is no port", text.value);
        sink.report(Code::WrongType, text.place, message, "a port is a number up to 65535; 0 takes a free one");
    }
    port
}

fn resource(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<RestResource> {
    let mut fields = Fields::of(node, "a REST resource", sink);
    name_of(key, &mut fields, sink);
    let path = fields.required_text(&["path"], sink);
    fields.ignore(&["label", "display", "description", "tags"]);
    unsupported(&mut fields, "forward", Code::Forward, "forwarding of whole paths is not supported yet", sink);
    let inputs = read_all(fields.members(&["inputParameters"], sink), input, sink);
    let operations = read_all(fields.members(&["operations"], sink), operation, sink);
    fields.finish(sink);
    Some(RestResource { path: path?, inputs, operations })
}

fn operation(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<RestOperation> {
    let mut fields = Fields::of(node, "a REST operation", sink);
    let name = name_of(key, &mut fields, sink);
    let method = fields.text(&["method"], sink);
    let path = fields.text(&["path"], sink);
    let description = fields.text(&["description"], sink);
    fields.ignore(&["label", "display", "tags"]);
    for key in ["responses", "responseBinary"] {
        let message = format!("`{key}` of a REST operation is not supported yet");
        unsupported(&mut fields, key, Code::BinaryContract, &message, sink);
    }
    let invocation = invocation(&mut fields, sink);
    let place = fields.place;
    fields.finish(sink);
    Some(RestOperation { place, method, path, name, description, invocation })
}

pub(super) fn invocation(fields: &mut Fields<'_>, sink: &mut Sink) -> Invocation {
    let mut refused = unsupported(fields, "ref", Code::Aggregates, "a `ref` to an aggregate is not compiled yet", sink);
    refused |= steps(fields, sink);
    refused |= unsupported(fields, "mappings", Code::Steps, "`mappings` of steps are not compiled yet", sink);
    let call = call(fields, sink);
    let with = fields.pairs("with", sink);
    let with = with.map(|pairs| pairs.into_iter().map(|(name, node)| (name, node.clone())).collect());
    let inputs = read_all(fields.members(&["inputParameters"], sink), input, sink);
    let outputs: Vec<Output> = if refused {
        // Steps give `outputParameters` another shape.
        fields.ignore(&["outputParameters"]);
        Vec::new()
    } else {
        read_all(fields.members(&["outputParameters"], sink), output, sink)
    };
    if let Some(mock) = outputs.iter().find_map(fixed).filter(|_| call.is_none() && !refused) {
        let message = "nothing is called, only fixed values are given back; that is not supported yet";
        sink.report(Code::Mocks, mock, message, "add `call: namespace.operation`");
        refused = true;
    }
    Invocation { call, refused, with, inputs, outputs }
}

/// The target of a call: text, or in early versions a mapping with the text in it.
fn call(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<Text> {
    let entry = fields.get(&["call", "operation"])?;
    match entry.value.get("operation") {
        Some(node) => super::fields::text(node, "operation", sink),
        None => super::fields::text(&entry.value, &entry.key, sink),
    }
}

fn steps(fields: &mut Fields<'_>, sink: &mut Sink) -> bool {
    let Some(entry) = fields.get(&["steps"]) else { return false };
    let steps: Vec<&Node> = match &entry.value.content {
        Content::Sequence(items) => items.iter().collect(),
        Content::Mapping(entries) => entries.iter().map(|entry| &entry.value).collect(),
        _ => Vec::new(),
    };
    let is_script = |step: &&&Node| step.get("type").and_then(Node::scalar_text).as_deref() == Some("script");
    let (code, place, message) = match steps.iter().find(is_script) {
        Some(step) => (Code::Scripts, step.place, "steps of type `script` are not supported: there is no interpreter"),
        None => (Code::Steps, entry.place, "`steps` are not compiled yet"),
    };
    sink.report(code, place, message, "call one operation, or generate this capability with a later version");
    true
}

/// The place of a fixed value in the depth of an output.
fn fixed(output: &Output) -> Option<Place> {
    let inside = output.properties.iter().chain(output.items.as_deref());
    output.value.as_ref().map(|value| value.place).or_else(|| inside.into_iter().find_map(fixed))
}

fn output(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Output> {
    let mut fields = Fields::of(node, "an output parameter", sink);
    let name = name_of(key, &mut fields, sink);
    let kind = fields.text(&["type"], sink);
    let mapping = fields.text(&["mapping"], sink);
    let value = fields.get(&["value", "const"]).map(|entry| entry.value.clone());
    let properties = read_all(fields.members(&["properties"], sink), output, sink);
    let items = fields.get(&["items"]).and_then(|entry| items(&entry.value, sink)).map(Box::new);
    fields.ignore(&["description", "required"]);
    let place = fields.place;
    fields.finish(sink);
    Some(Output { place, name, kind, mapping, value, properties, items })
}

/// What the items of an array look like. Some files write a list: one unnamed shape, or the members of an object.
fn items(node: &Node, sink: &mut Sink) -> Option<Output> {
    let Content::Sequence(list) = &node.content else { return output(None, node, sink) };
    if let [only] = list.as_slice()
        && only.get("name").is_none()
    {
        return output(None, only, sink);
    }
    let properties = read_all(list.iter().map(|item| (None, item)).collect(), output, sink);
    let (name, kind, mapping, value, items) = (None, None, None, None, None);
    Some(Output { place: node.place, name, kind, mapping, value, properties, items })
}
