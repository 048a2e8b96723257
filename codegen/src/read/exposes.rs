//! Reading `exposes`: adapters and REST routes.

use super::consumes::{authentication, input};
use super::control::control;
use super::document::{Adapter, AdapterKind, RestOperation, RestResource, Text};
use super::fields::Fields;
use super::invocation::invocation;
use super::mcp::mcp;
use super::yaml::Node;
use super::{name_of, read_all, unsupported};
use crate::codes::Code;
use crate::diagnostic::Sink;

pub(super) fn adapter(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Adapter> {
    let mut fields = Fields::of(node, "an `exposes` entry", sink);
    let kind = match fields.text(&["type"], sink) {
        Some(kind) => kind,
        // The content of an adapter shows its type.
        None if fields.has(&["tools", "prompts"]) => Text { value: "mcp".to_owned(), span: fields.span },
        None if fields.has(&["resources"]) => Text { value: "rest".to_owned(), span: fields.span },
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
    let span = fields.span;
    let kind = match kind.value.to_ascii_lowercase().as_str() {
        // Early versions of the format called it `api`.
        "rest" | "api" => rest(&mut fields, sink),
        "mcp" => mcp(&mut fields, sink),
        "skill" => left_out(Code::SkillAdapter, &kind, sink),
        "control" => control(&mut fields, sink),
        _ => left_out(Code::UnknownAdapter, &kind, sink),
    };
    if !matches!(kind, AdapterKind::Other) {
        fields.finish(sink);
    }
    Some(Adapter { span, kind, namespace, address, port, description, authentication })
}

fn left_out(code: Code, kind: &Text, sink: &mut Sink) -> AdapterKind {
    let message = format!("adapters of type `{}` are not supported; this one is left out", kind.value);
    sink.report(code, kind.span, message).help("use `rest` or `mcp`; the rest of the capability is generated");
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
        let message = format!("`port` must be a number up to 65535, but it is `{}`", text.value);
        sink.report(Code::WrongType, text.span, message).help("use 0 for any free port");
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
    let span = fields.span;
    fields.finish(sink);
    Some(RestOperation { span, method, path, name, description, invocation })
}
