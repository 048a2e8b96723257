//! Reading what a route, a tool, a resource or a flow runs.

use super::consumes::input;
use super::document::{Invocation, Mapping, Output, Text};
use super::fields::{self, Fields};
use super::yaml::{Content, Entry, Node};
use super::{name_of, read_all, steps};
use crate::codes::Code;
use crate::diagnostic::Sink;

pub(super) fn invocation(fields: &mut Fields<'_>, sink: &mut Sink) -> Invocation {
    let flow = fields.text(&["ref"], sink);
    let (steps, refused) = steps::steps(fields, sink);
    let mappings = steps::mappings(fields, sink);
    let call = call(fields, sink);
    let with = with(fields, sink);
    let inputs = read_all(fields.members(&["inputParameters"], sink), input, sink);
    let outputs = read_all(fields.members(&["outputParameters"], sink), output, sink);
    Invocation { call, flow, steps, mappings, refused, with, inputs, outputs }
}

pub(super) fn with(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<Vec<(Text, Node)>> {
    let pairs = fields.pairs("with", sink)?;
    Some(pairs.into_iter().map(|(name, node)| (name, node.clone())).collect())
}

/// The target of a call: text, or in early versions a mapping with the text in it.
pub(super) fn call(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<Text> {
    let entry = fields.get(&["call", "operation"])?;
    match entry.value.get("operation") {
        Some(node) => fields::text(node, "operation", sink),
        None => fields::text(&entry.value, &entry.key, sink),
    }
}

pub(super) fn output(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Output> {
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
    let value = fields.get(&["value"]).or(constant).map(|entry| &entry.value);
    let value = value.or_else(|| fields.null("value").filter(|_| mapping.is_none())).cloned();
    let properties = read_all(fields.members(&["properties"], sink), output, sink);
    let items = fields.get(&["items"]).and_then(|entry| items(&entry.value, sink)).map(Box::new);
    let values = fields.get(&["values"]).and_then(|entry| output(None, &entry.value, sink)).map(Box::new);
    let max_length = fields.text(&["maxLength"], sink).and_then(|text| max_length(&text, sink));
    fields.ignore(&["description", "required"]);
    let span = fields.span;
    fields.finish(sink);
    Some(Output { span, name, kind, mapping: mapping.map(Mapping::new), value, properties, items, values, max_length })
}

/// How many characters of a text callers get at most.
fn max_length(text: &Text, sink: &mut Sink) -> Option<u64> {
    let length = text.value.trim().parse().ok();
    if length.is_none() {
        let message = format!("`{}` is not a number of characters", text.value);
        sink.report(Code::NoEffect, text.span, message).help("write a whole number, such as `maxLength: 80`");
    }
    length
}

/// An output parameter of a consumed operation, whose `value` is a path into the response.
pub(super) fn consumed_output(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Output> {
    let mut output = output(key, node, sink)?;
    if let (None, Some(value)) = (&output.mapping, output.value.take().filter(|value| !value.is_null())) {
        let text = value.scalar_text().unwrap_or_default();
        output.mapping = Some(Mapping::new(Text { value: text, span: value.span }));
    }
    Some(output)
}

/// The shape of the items of an array. Some files write a list: one shape without a name, or the members of an object. Later
/// versions have the members by name.
fn items(node: &Node, sink: &mut Sink) -> Option<Output> {
    if let Content::Mapping(entries) = &node.content
        && are_members(entries)
    {
        let member =
            |entry: &Entry| output(Some(Text { value: entry.key.clone(), span: entry.span }), &entry.value, sink);
        let properties = entries.iter().filter_map(member).collect();
        return Some(Output { span: node.span, properties, ..Output::default() });
    }
    let Content::Sequence(list) = &node.content else { return output(None, node, sink) };
    if let [only] = list.as_slice()
        && only.get("name").is_none()
    {
        return output(None, only, sink);
    }
    let properties = read_all(list.iter().map(|item| (None, item)).collect(), output, sink);
    Some(Output { span: node.span, properties, ..Output::default() })
}

/// Whether a mapping has shapes by name, and is not a shape itself: the keys of a shape that are mappings are others.
fn are_members(entries: &[Entry]) -> bool {
    let is_shape = |entry: &Entry| matches!(entry.value.content, Content::Mapping(_));
    let is_key = |entry: &Entry| matches!(entry.key.as_str(), "properties" | "items" | "values" | "value" | "const");
    !entries.is_empty() && entries.iter().all(is_shape) && !entries.iter().all(is_key)
}
