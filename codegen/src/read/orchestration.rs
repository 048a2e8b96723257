//! `capability.orchestration`, another spelling of flows: steps have an `id`, placeholders are `${input.x}` and `${steps.a.b}`,
//! and calls of `orchestration.name` run a flow.

use super::consumes::input;
use super::document::{Aggregate, AggregateFlow, Hints, Invocation, Step, StepAction, StepMapping, Text};
use super::fields::Fields;
use super::invocation::{call, with};
use super::yaml::{Content, Entry, Node};
use super::{name_of, read_all, read_parts};
use crate::codes::Code;
use crate::diagnostic::Sink;

/// The namespace of the flows.
pub(crate) const NAMESPACE: &str = "orchestration";

/// The flows, as those of an aggregate; `None` if the capability has none.
pub(super) fn flows(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<Aggregate> {
    let span = fields.span_of(NAMESPACE)?;
    let (flows, left_out) = read_parts("flow", fields.members(&[NAMESPACE], sink), flow, sink);
    let namespace = Some(Text { value: NAMESPACE.to_owned(), span });
    Some(Aggregate { namespace, original: None, flows, left_out })
}

fn flow(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<AggregateFlow> {
    let mut fields = Fields::of(node, "an orchestration", sink);
    let name = name_of(key, &mut fields, sink);
    if name.is_none() {
        fields.missing(&["name"], sink);
    }
    let description = fields.text(&["description"], sink);
    fields.ignore(&["label", "display", "tags"]);
    let inputs = read_all(fields.members(&["inputs", "inputParameters"], sink), input, sink);
    let members = fields.members(&["steps"], sink);
    let count = members.len();
    let ids: Vec<String> = members.iter().filter_map(|(key, node)| id(key.as_ref(), node)).collect();
    let steps: Vec<Step> = members.into_iter().filter_map(|(key, node)| step(key, node, &ids, sink)).collect();
    let mappings = fields.pairs("output", sink);
    let mappings = mappings.map(|members| members.into_iter().map(|member| mapping(member, &ids, sink)).collect());
    fields.finish(sink);
    let refused = steps.len() < count;
    let invocation =
        Invocation { call: None, flow: None, steps, mappings, refused, with: None, inputs, outputs: Vec::new() };
    Some(AggregateFlow { name: name?, description, hints: Hints::default(), invocation })
}

/// The name of a step, as references have it.
fn id(key: Option<&Text>, node: &Node) -> Option<String> {
    let given = ["id", "name"].iter().find_map(|name| node.get(name)?.scalar_text());
    given.or_else(|| key.map(|key| key.value.clone()))
}

fn step(key: Option<Text>, node: &Node, ids: &[String], sink: &mut Sink) -> Option<Step> {
    let mut fields = Fields::of(node, "a step", sink);
    let given = fields.text(&["id", "name"], sink);
    fields.ignore(&["description", "output"]);
    if let Some(kind) = fields.text(&["type"], sink).filter(|kind| kind.value != "call") {
        let (code, message, help) = if kind.value.starts_with("builtin.") {
            let message = format!("`{}` is a function of one product and no step of the format", kind.value);
            (Code::BuiltinStep, message, "use a step of type `call` or `script`, or combine the operations in Rust")
        } else {
            let message = format!("steps of type `{}` are not supported", kind.value);
            (Code::Steps, message, "use a step with `call`")
        };
        sink.report(code, kind.span, message).help(help);
        return None;
    }
    // A step that fails ends the flow. Anything else would need conditions.
    let on_failure = fields.text(&["on_failure"], sink).filter(|text| !matches!(text.value.as_str(), "deny" | "fail"));
    if let Some(span) = fields.span_of("on").or(on_failure.map(|text| text.span)) {
        sink.report(Code::Steps, span, "conditions of a step are not supported")
            .help("use a step of type `script`, or combine the operations in Rust");
        return None;
    }
    let [for_each, condition] =
        ["forEach", "condition"].map(|key| fields.get(&[key]).map(|entry| translated(&entry.value, ids, sink)));
    let call = call(&mut fields, sink);
    let with = with(&mut fields, sink);
    let name = given.or(key);
    if name.is_none() {
        fields.missing(&["id"], sink);
    }
    fields.finish(sink);
    let with = with.map(|pairs| pairs.into_iter().map(|(name, node)| (name, translated(&node, ids, sink))).collect());
    Some(Step { name: name?, for_each, condition, action: StepAction::Call(call, with) })
}

fn mapping((name, node): (Text, &Node), ids: &[String], sink: &mut Sink) -> StepMapping {
    StepMapping { target: name, value: translated(node, ids, sink) }
}

/// A value with the placeholders of the format.
fn translated(node: &Node, ids: &[String], sink: &mut Sink) -> Node {
    let content = match &node.content {
        Content::Text(text) => Content::Text(placeholders(text, node, ids, sink)),
        Content::Sequence(items) => Content::Sequence(items.iter().map(|item| translated(item, ids, sink)).collect()),
        Content::Mapping(entries) => {
            let entry = |entry: &Entry| Entry { value: translated(&entry.value, ids, sink), ..entry.clone() };
            Content::Mapping(entries.iter().map(entry).collect())
        }
        other => other.clone(),
    };
    Node { content, span: node.span }
}

/// `${input.x}` becomes `{{x}}`, and `${steps.a.b}` `{{a.b}}`. The element of a list is `${item}`, as in other flows.
fn placeholders(text: &str, node: &Node, ids: &[String], sink: &mut Sink) -> String {
    let (mut translated, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inside, tail)) = after.split_once('}') else { break };
        let inside = inside.trim();
        let first = inside.split(['.', '[']).next().unwrap_or_default();
        let name = match first {
            "input" | "inputs" | "steps" => inside.split_once('.').map(|(_, name)| name),
            "env" | "item" => Some(inside),
            _ => None,
        };
        if name.is_none() {
            let message = format!("`${{{inside}}}` is neither an input nor the output of a step");
            sink.report(Code::Unsupported, node.span, message).help("write `${input.name}` or `${steps.id.member}`");
        } else if first == "steps" {
            check_step(name.unwrap_or_default(), ids, node, sink);
        }
        translated.push_str(&format!("{before}{{{{{}}}}}", name.unwrap_or(inside)));
        rest = tail;
    }
    translated + rest
}

/// Reports a reference to a step that the flow does not have.
fn check_step(path: &str, ids: &[String], node: &Node, sink: &mut Sink) {
    let step = path.split(['.', '[']).next().unwrap_or_default();
    if ids.iter().all(|id| id != step) {
        let meant = sink.nearest(Code::UnknownStep, step, ids.iter().map(String::as_str));
        let report =
            sink.report(Code::UnknownStep, node.span, format!("`${{steps.{path}}}` names no step of the flow"));
        report.nearest(node.span, step, meant, "write the `id` of a step before this one");
    }
}
