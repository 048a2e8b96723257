//! Skill adapters: skills, their files, and what they tell agents to use.

use super::AdapterKind;
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};
use crate::read::document::Text;
use crate::read::fields::Fields;
use crate::read::yaml::Node;
use crate::read::{name_of, read_all, read_parts};

#[derive(Debug)]
pub(crate) struct Skill {
    pub(crate) name: Text,
    pub(crate) description: Option<Text>,
    pub(crate) license: Option<Text>,
    pub(crate) compatibility: Option<Text>,
    pub(crate) argument_hint: Option<Text>,
    pub(crate) allowed_tools: Option<Text>,
    pub(crate) user_invocable: Option<bool>,
    pub(crate) disable_model_invocation: Option<bool>,
    pub(crate) metadata: Vec<(Text, Text)>,
    /// The folder with its files.
    pub(crate) location: Option<Text>,
    pub(crate) tools: Vec<SkillTool>,
}

/// What a skill tells agents to use.
#[derive(Debug)]
pub(crate) struct SkillTool {
    pub(crate) span: Span,
    pub(crate) name: Text,
    pub(crate) description: Option<Text>,
    pub(crate) from: Option<SkillAction>,
    /// The path of a file.
    pub(crate) instruction: Option<Text>,
}

/// A route or tool of another adapter.
#[derive(Debug)]
pub(crate) struct SkillAction {
    /// The namespace of the adapter.
    pub(crate) namespace: Text,
    pub(crate) action: Text,
}

pub(super) fn read(fields: &mut Fields<'_>, kind: &Text, sink: &mut Sink) -> AdapterKind {
    fields.ignore(&["inputParameters"]);
    let members = fields.members(&["skills"], sink);
    if members.is_empty() {
        let message = "the adapter has no `skills`; it is left out";
        let help =
            "list them under `skills`, each with its `tools`; early drafts of the format had `groups` in their place";
        sink.report(Code::SkillAdapter, kind.span, message).help(help);
        return AdapterKind::Other;
    }
    AdapterKind::Skill(read_parts("skill", members, skill, sink).0)
}

fn skill(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Skill> {
    let mut fields = Fields::of(node, "a skill", sink);
    let name = required_name(key, &mut fields, sink);
    let read = Skill {
        description: fields.required_text(&["description"], sink),
        license: fields.text(&["license"], sink),
        compatibility: fields.text(&["compatibility"], sink),
        argument_hint: fields.text(&["argument-hint"], sink),
        allowed_tools: fields.text(&["allowed-tools"], sink),
        user_invocable: fields.flag("user-invocable", sink),
        disable_model_invocation: fields.flag("disable-model-invocation", sink),
        metadata: fields.texts("metadata", sink),
        location: fields.text(&["location"], sink),
        tools: read_all(fields.members(&["tools"], sink), tool, sink),
        name: name.unwrap_or_else(|| Text { value: String::new(), span: fields.span }),
    };
    fields.finish(sink);
    Some(read)
}

fn tool(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<SkillTool> {
    let mut fields = Fields::of(node, "a tool of a skill", sink);
    let span = fields.span;
    let name = required_name(key, &mut fields, sink);
    let description = fields.text(&["description"], sink);
    let from = fields.get(&["from"]).map(|entry| action(&entry.value, sink));
    let instruction = fields.text(&["instruction"], sink);
    fields.finish(sink);
    // What is wrong with an action was reported.
    let from = match from {
        Some(None) => return None,
        Some(Some(from)) => Some(from),
        None => None,
    };
    Some(SkillTool { span, name: name?, description, from, instruction })
}

fn action(node: &Node, sink: &mut Sink) -> Option<SkillAction> {
    let mut fields = Fields::of(node, "the `from` of a skill's tool", sink);
    let namespace = fields.required_text(&["sourceNamespace"], sink);
    let action = fields.required_text(&["action"], sink);
    fields.finish(sink);
    Some(SkillAction { namespace: namespace?, action: action? })
}

fn required_name(key: Option<Text>, fields: &mut Fields<'_>, sink: &mut Sink) -> Option<Text> {
    let name = name_of(key, fields, sink);
    if name.is_none() {
        fields.missing(&["name"], sink);
    }
    name
}
