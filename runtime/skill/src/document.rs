//! The documents: the catalog, a skill, and the list of its files.

use naftiko_schema::{Skill, SkillAction, SkillFile, SkillProperty, SkillSource, SkillTool};
use serde::{Serialize, Serializer};

use super::media::media_type;

/// The list of all skills.
#[derive(Serialize)]
pub(crate) struct Catalog<'s> {
    count: usize,
    skills: Vec<Entry<'s>>,
}

#[derive(Serialize)]
struct Entry<'s> {
    name: &'s str,
    description: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<&'s str>,
    tools: Vec<&'s str>,
}

/// A skill.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Detail<'s> {
    name: &'s str,
    description: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compatibility: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    argument_hint: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_tools: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_invocable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_model_invocation: Option<bool>,
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "members")]
    metadata: &'s [SkillProperty],
    tools: Vec<Tool<'s>>,
}

#[derive(Serialize)]
struct Tool<'s> {
    name: &'s str,
    description: &'s str,
    #[serde(flatten)]
    source: Source<'s>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Source<'s> {
    Derived {
        #[serde(rename = "invocationRef")]
        action: Action<'s>,
    },
    Instruction {
        instruction: &'s str,
    },
}

/// How agents call a route or tool.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Action<'s> {
    target_namespace: &'s str,
    action: &'s str,
    mode: &'s str,
}

/// The files of a skill.
#[derive(Serialize)]
pub(crate) struct Contents<'s> {
    name: &'s str,
    files: Vec<File<'s>>,
}

#[derive(Serialize)]
struct File<'s> {
    path: &'s str,
    /// In bytes.
    size: usize,
    #[serde(rename = "type")]
    media_type: &'static str,
}

impl<'s> Catalog<'s> {
    pub(crate) fn of(skills: &[&'s Skill]) -> Self {
        let skills: Vec<_> = skills.iter().copied().map(Entry::of).collect();
        Self { count: skills.len(), skills }
    }
}

impl<'s> Entry<'s> {
    fn of(skill: &'s Skill) -> Self {
        Self {
            name: &skill.name,
            description: &skill.description,
            license: skill.license.as_deref(),
            tools: skill.tools.iter().map(|tool| &*tool.name).collect(),
        }
    }
}

impl<'s> Detail<'s> {
    pub(crate) fn of(skill: &'s Skill) -> Self {
        Self {
            name: &skill.name,
            description: &skill.description,
            license: skill.license.as_deref(),
            compatibility: skill.compatibility.as_deref(),
            argument_hint: skill.argument_hint.as_deref(),
            allowed_tools: skill.allowed_tools.as_deref(),
            user_invocable: skill.user_invocable,
            disable_model_invocation: skill.disable_model_invocation,
            metadata: &skill.metadata,
            tools: skill.tools.iter().map(Tool::of).collect(),
        }
    }
}

impl<'s> Tool<'s> {
    fn of(tool: &'s SkillTool) -> Self {
        let source = match &tool.source {
            SkillSource::Derived(SkillAction { namespace, action, mode }) => {
                Source::Derived { action: Action { target_namespace: namespace, action, mode } }
            }
            SkillSource::Instruction(instruction) => Source::Instruction { instruction },
        };
        Self { name: &tool.name, description: &tool.description, source }
    }
}

impl<'s> Contents<'s> {
    pub(crate) fn of(skill: &'s Skill) -> Self {
        let file = |file: &'s SkillFile| File {
            path: &file.path,
            size: file.content.bytes().len(),
            media_type: media_type(&file.path),
        };
        Self { name: &skill.name, files: skill.files.iter().map(file).collect() }
    }
}

fn members<S: Serializer>(metadata: &[SkillProperty], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(metadata.iter().map(|property| (&*property.name, &*property.value)))
}
