//! Skills.

use naftiko_schema::{Skill, SkillProperty, SkillTool, Skills, Text};

use super::{one_line, text};
use crate::linked::{self, Linked, Listener};
use crate::read::document;

/// The skills of a listener; `None` if there are none.
pub(super) fn lower(linked: &Linked<'_>, listener: Listener<'_>) -> Option<Skills> {
    let skills: Vec<Skill> = linked.skills.iter().filter(|skill| skill.listener == listener.index).map(skill).collect();
    let (port, auth) = (listener.port, listener.auth.clone());
    let namespace = text(listener.adapter.namespace.as_ref()).into();
    (!skills.is_empty()).then(|| Skills { port, namespace, auth, skills: skills.into() })
}

fn skill(source: &linked::Skill<'_>) -> Skill {
    let declared = source.declared;
    let tools = source.tools.iter().map(|tool| SkillTool {
        name: tool.name.value.clone().into(),
        description: text(tool.description).into(),
        source: tool.source.clone(),
    });
    let metadata = declared.metadata.iter().map(|(name, value)| SkillProperty {
        name: one_line(&name.value).into(),
        value: one_line(&value.value).into(),
    });
    Skill {
        name: declared.name.value.clone().into(),
        description: text(declared.description.as_ref()).into(),
        license: optional(declared.license.as_ref()),
        compatibility: optional(declared.compatibility.as_ref()),
        argument_hint: optional(declared.argument_hint.as_ref()),
        allowed_tools: optional(declared.allowed_tools.as_ref()),
        user_invocable: declared.user_invocable,
        disable_model_invocation: declared.disable_model_invocation,
        metadata: metadata.collect(),
        tools: tools.collect(),
        files: source.files.clone().into(),
    }
}

fn optional(source: Option<&document::Text>) -> Option<Text> {
    source.map(|source| text(Some(source)).into())
}
