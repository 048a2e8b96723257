//! Reading steps, and the mappings that make a document of their outputs.

use super::document::{Lookup, ScriptStep, Step, StepAction, StepMapping, Text, TransformStep};
use super::fields::{self, Fields};
use super::invocation::{call, output, with};
use super::yaml::{Content, Node};
use super::{Member, name_of, read_all};
use crate::codes::Code;
use crate::diagnostic::Sink;

/// The steps, and whether one of them is not supported, which is reported.
pub(super) fn steps(fields: &mut Fields<'_>, sink: &mut Sink) -> (Vec<Step>, bool) {
    let members = fields.members(&["steps"], sink);
    let count = members.len();
    let steps: Vec<Step> = members.into_iter().filter_map(|(key, node)| step(key, node, sink)).collect();
    let refused = steps.len() < count;
    (steps, refused)
}

fn step(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Step> {
    let mut fields = Fields::of(node, "a step", sink);
    let name = name_of(key, &mut fields, sink);
    let kind = fields.text(&["type"], sink);
    fields.ignore(&["description", "label", "display", "tags"]);
    let for_each = fields.get(&["forEach"]);
    let condition = fields.get(&["condition"]).map(|entry| entry.value.clone());
    let kind = match &kind {
        Some(kind) => kind.value.as_str(),
        // The keys of a step show its type.
        None if fields.has(&["index", "lookupValue"]) => "lookup",
        None if fields.has(&["file"]) => "script",
        None => "call",
    };
    let action = match kind {
        "call" => StepAction::Call(call(&mut fields, sink), with(&mut fields, sink)),
        "lookup" => StepAction::Lookup(lookup(&mut fields, sink)?),
        "script" => StepAction::Script(script(&mut fields, sink)?),
        "transform" => StepAction::Transform(transform(&mut fields, sink)),
        other => {
            let message = format!("steps of type `{other}` are not supported");
            sink.report(Code::Steps, fields.span, message)
                .help("use a step of type `call`, `lookup`, `script` or `transform`");
            return None;
        }
    };
    if name.is_none() {
        fields.missing(&["name"], sink);
    }
    fields.finish(sink);
    if let (Some(entry), false) = (for_each, matches!(action, StepAction::Call(..))) {
        let message = format!("`forEach` of a step of type `{kind}` is not supported");
        sink.report(Code::Steps, entry.span, message)
            .help("use it in a step of type `call`; a script has its own loops");
        return None;
    }
    Some(Step { name: name?, for_each: for_each.map(|entry| entry.value.clone()), condition, action })
}

fn lookup(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<Lookup> {
    let list = fields.required_text(&["index"], sink);
    let key = fields.required_text(&["match"], sink);
    let value = fields.get(&["lookupValue"]).map(|entry| entry.value.clone());
    if value.is_none() {
        fields.missing(&["lookupValue"], sink);
    }
    let members = fields.members(&["outputParameters"], sink);
    let members = members.into_iter().filter_map(|member| looked_up(member, sink)).collect();
    Some(Lookup { list: list?, key: key?, value: value?, members })
}

/// The name of a member that a lookup returns: as it is, or as an output parameter has it elsewhere.
fn looked_up((key, node): Member<'_>, sink: &mut Sink) -> Option<Text> {
    if key.is_none() && !matches!(node.content, Content::Mapping(_)) {
        return fields::text(node, "outputParameters", sink);
    }
    let output = output(key, node, sink)?;
    if output.name.is_none() {
        let message = "`name` is missing in an output parameter of a lookup";
        sink.report(Code::MissingKey, node.span, message).help("write the name of a member of the items");
    }
    if output.mapping.is_some() || output.value.is_some() {
        let message = "a lookup returns members of the items under their names, without `mapping` and `value`";
        sink.report(Code::NoEffect, node.span, message).help("write the name of the member");
    }
    output.name
}

fn script(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<ScriptStep> {
    let file = fields.required_text(&["file"], sink);
    let (language, location) = (fields.text(&["language"], sink), fields.text(&["location"], sink));
    let (dependencies, with) = (fields.list("dependencies", sink), with(fields, sink));
    Some(ScriptStep { span: fields.span, file: file?, language, location, dependencies, with })
}

fn transform(fields: &mut Fields<'_>, sink: &mut Sink) -> TransformStep {
    let description = fields.text(&["description"], sink);
    let outputs = read_all(fields.members(&["outputParameters"], sink), output, sink);
    let with = with(fields, sink);
    TransformStep { description, outputs, with }
}

/// The mappings; `None` if there are none. Some files write targets as keys.
pub(super) fn mappings(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<Vec<StepMapping>> {
    if !fields.has(&["mappings"]) {
        return None;
    }
    let members = fields.members(&["mappings"], sink);
    Some(members.into_iter().filter_map(|member| mapping(member, sink)).collect())
}

fn mapping((key, node): Member<'_>, sink: &mut Sink) -> Option<StepMapping> {
    if let (Some(target), Content::Text(_)) = (&key, &node.content) {
        return Some(StepMapping { target: target.clone(), value: node.clone() });
    }
    let mut fields = Fields::of(node, "a mapping", sink);
    // The second is the older spelling.
    let target = fields.text(&["target", "targetName"], sink).or(key);
    if target.is_none() {
        fields.missing(&["target"], sink);
    }
    let value = fields.get(&["value"]).map(|entry| entry.value.clone());
    if value.is_none() {
        fields.missing(&["value"], sink);
    }
    fields.ignore(&["description"]);
    fields.finish(sink);
    Some(StepMapping { target: target?, value: value? })
}
