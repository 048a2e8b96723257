//! The skill adapter.

use serde::{Serialize, Serializer};

use crate::table::table;
use crate::{FileContent, InboundAuth, Ref, Text};

table! {
    /// What a capability exposes as skills: instructions for agents, which run nothing themselves.
    pub struct Skills {
        /// The port that the capability names.
        port: u16,
    } with {
        /// What the capability calls it; empty if it does not say.
        namespace: text,
        /// How callers authenticate.
        auth: InboundAuth,
        /// The skills, in the order in which they are listed.
        skills: [Skill],
    }
}

/// A reference from another adapter to the skills of the capability.
pub type SkillsRef = Ref<Skills>;

impl Serialize for SkillsRef {
    /// The skills themselves are written only once, with their adapter, which has this namespace.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct("SkillsRef", &self.namespace)
    }
}

table! {
    /// A skill (Agent Skills specification), which is `SKILL.md` and the files beside it.
    pub struct Skill {
        /// The name.
        name: text,
        /// What it does, and when to use it.
        description: text,
    } with {
        /// Its license.
        license: optional(text),
        /// What it needs of the machine or the agent.
        compatibility: optional(text),
        /// What users should type after its name.
        argument_hint: optional(text),
        /// The tools that it may use without asking, between blanks.
        allowed_tools: optional(text),
        /// Whether users can start it. Unless set, they can.
        user_invocable: optional(bool),
        /// Whether models cannot start it. Unless set, they can.
        disable_model_invocation: optional(bool),
        /// What else the capability says about it.
        metadata: [SkillProperty],
        /// What it tells agents to use.
        tools: [SkillTool],
        /// Its files, in order of their paths.
        files: [SkillFile],
    }
}

table! {
    /// A member of the `metadata` of a skill.
    pub struct SkillProperty {
        /// Its name.
        name: text,
        /// Its value.
        value: text,
    }
}

table! {
    /// What a skill tells agents to use.
    pub struct SkillTool {
        /// The name.
        name: text,
        /// What it does.
        description: text,
        /// What it is.
        source: SkillSource,
    }
}

/// What a tool of a skill is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum SkillSource {
    /// A route or tool of another adapter of the capability.
    Derived(SkillAction),
    /// The path of one of the skill's files.
    Instruction(Text),
}

table! {
    /// A route or tool of another adapter.
    pub struct SkillAction {
        /// The namespace of the adapter.
        namespace: text,
        /// The name of the route or tool, as its adapter declares it.
        action: text,
        /// The type of the adapter: `rest` or `mcp`.
        mode: text,
    }
}

table! {
    /// A file of a skill.
    pub struct SkillFile {
        /// Its path below the folder of the skill, with `/` between the parts.
        path: text,
        /// What is in it.
        content: FileContent,
    }
}
