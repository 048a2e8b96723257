//! Reading how a route, a tool or a resource calls an operation.

use super::consumes::input;
use super::document::{Invocation, Mapping, Output, Text};
use super::fields::{self, Fields};
use super::yaml::{Content, Node};
use super::{name_of, read_all, unsupported};
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};

pub(super) fn invocation(fields: &mut Fields<'_>, sink: &mut Sink) -> Invocation {
    let mut refused = unsupported(fields, "ref", Code::Aggregates, "`ref` to an aggregate is not supported yet", sink);
    refused |= steps(fields, sink);
    refused |= unsupported(fields, "mappings", Code::Steps, "`mappings` of steps are not supported yet", sink);
    let call = call(fields, sink);
    let with = fields.pairs("with", sink);
    let with = with.map(|pairs| pairs.into_iter().map(|(name, node)| (name, node.clone())).collect());
    let inputs = read_all(fields.members(&["inputParameters"], sink), input, sink);
    let outputs: Vec<Output> = if refused {
        // With steps, `outputParameters` have another shape.
        fields.ignore(&["outputParameters"]);
        Vec::new()
    } else {
        read_all(fields.members(&["outputParameters"], sink), output, sink)
    };
    if let Some(mock) = outputs.iter().find_map(fixed).filter(|_| call.is_none() && !refused) {
        let message = "fixed outputs without a call are not supported yet";
        sink.report(Code::Mocks, mock, message).help("add `call: namespace.operation`");
        refused = true;
    }
    Invocation { call, refused, with, inputs, outputs }
}

/// The target of a call: text, or in early versions a mapping with the text in it.
fn call(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<Text> {
    let entry = fields.get(&["call", "operation"])?;
    match entry.value.get("operation") {
        Some(node) => fields::text(node, "operation", sink),
        None => fields::text(&entry.value, &entry.key, sink),
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
    let (code, span, message) = match steps.iter().find(is_script) {
        Some(step) => (Code::Scripts, step.span, "steps of type `script` are not supported"),
        None => (Code::Steps, entry.span, "`steps` are not supported yet"),
    };
    sink.report(code, span, message).help("call one operation instead");
    true
}

/// The span of a fixed value anywhere in an output.
fn fixed(output: &Output) -> Option<Span> {
    let inside = output.properties.iter().chain(output.items.as_deref());
    output.value.as_ref().map(|value| value.span).or_else(|| inside.into_iter().find_map(fixed))
}

fn output(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Output> {
    let mut fields = Fields::of(node, "an output parameter", sink);
    let name = name_of(key, &mut fields, sink);
    let kind = fields.text(&["type"], sink);
    let mapping = fields.text(&["mapping"], sink);
    let constant = fields.get(&["const"]).filter(|constant| {
        // The reference engine reads it nowhere. Beside a mapping it only describes the value.
        if mapping.is_some() {
            let help = "remove `const`, or `mapping` if the value is fixed";
            sink.report(Code::NoEffect, constant.span, "`const` has no effect beside `mapping`").help(help);
        }
        mapping.is_none()
    });
    let value = fields.get(&["value"]).or(constant).map(|entry| entry.value.clone());
    let properties = read_all(fields.members(&["properties"], sink), output, sink);
    let items = fields.get(&["items"]).and_then(|entry| items(&entry.value, sink)).map(Box::new);
    fields.ignore(&["description", "required"]);
    let span = fields.span;
    fields.finish(sink);
    Some(Output { span, name, kind, mapping: mapping.map(Mapping::new), value, properties, items })
}

/// The shape of the items of an array. Some files write a list: one shape without a name, or the members of an object.
fn items(node: &Node, sink: &mut Sink) -> Option<Output> {
    let Content::Sequence(list) = &node.content else { return output(None, node, sink) };
    if let [only] = list.as_slice()
        && only.get("name").is_none()
    {
        return output(None, only, sink);
    }
    let properties = read_all(list.iter().map(|item| (None, item)).collect(), output, sink);
    let (name, kind, mapping, value, items) = (None, None, None, None, None);
    Some(Output { span: node.span, name, kind, mapping, value, properties, items })
}
