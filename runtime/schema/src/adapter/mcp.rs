//! The MCP adapter.

use serde::Serialize;

use crate::table::table;
use crate::{Binding, FileContent, InboundAuth, InputId, List, SkillsRef, Text};

table! {
    /// What a capability exposes over MCP.
    pub struct Mcp {
        /// The port that the capability names.
        port: u16,
    } with {
        /// What the capability calls it; empty if it does not say.
        namespace: text,
        /// How callers over HTTP authenticate to the server.
        auth: InboundAuth,
        /// What a client should know about the server as a whole.
        instructions: text,
        /// How long clients may cache lists and what they read, in milliseconds (MCP 2026-07-28, "Caching"). Unless set,
        /// five minutes for lists, which change only with the server, and 0 for reads.
        ttl_ms: optional(u64),
        /// Whether caches may be shared between users. Unless set, lists may be shared, and reads may not.
        public: optional(bool),
        /// The tools, in the order in which they are listed.
        tools: [Tool],
        /// The resources, in the order in which they are listed.
        resources: [Resource],
        /// The prompts, in the order in which they are listed.
        prompts: [Prompt],
        /// The skills of the skill adapters that have the same callers (SEP-2640, the Skills extension).
        skills: [SkillsRef],
    }
}

impl Mcp {
    /// What the tools and resources run.
    pub fn bindings(&self) -> impl Iterator<Item = &Binding> {
        let resources = self.resources.iter().filter_map(|resource| match &resource.source {
            ResourceSource::Call(call) => Some(&call.binding),
            ResourceSource::File(_) | ResourceSource::ServerFile(_) => None,
        });
        self.tools.iter().map(|tool| &tool.binding).chain(resources)
    }
}

table! {
    /// A tool.
    pub struct Tool {
        /// The name.
        name: text,
        /// The name for people.
        title: text,
        /// What it does.
        description: text,
        /// What a client may assume about it.
        hints: ToolHints,
        /// What it runs.
        binding: Binding,
    } with {
        /// Arguments that it does not know are ignored, because the capability does not say which there are.
        open: flag,
        /// The capability names the tool for people, so that its annotations have the title, too.
        titled: flag,
        /// What it is about, in the singular; empty if its path does not say.
        resource: text,
        /// What it does to that.
        verb: Verb,
    }
}

/// What a tool does to its resource, the least harmful first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Verb {
    /// It changes nothing.
    Read,
    /// It makes one.
    Create,
    /// It changes it.
    Update,
    /// It does something with it that has a name of its own, such as to start it.
    Action,
    /// It removes it.
    Delete,
}

impl Verb {
    pub(crate) const UNSET: Self = Self::Read;

    /// The verb as operators and clients spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Action => "action",
            Self::Delete => "delete",
        }
    }
}

table! {
    /// The annotations of a tool (MCP, "ToolAnnotations"). All four are always sent.
    pub struct ToolHints {
    } with {
        /// It changes nothing.
        read_only: flag,
        /// It may destroy something.
        destructive: flag,
        /// Repeating it has no further effect.
        idempotent: flag,
        /// It reaches a world outside the server.
        open_world: flag,
    }
}

table! {
    /// A resource, or a template of resources.
    pub struct Resource {
        /// The name.
        name: text,
        /// The name for people.
        title: text,
        /// The URI. One with placeholders, as `{name}`, is a template (RFC 6570, level 1).
        uri: text,
        /// Where the content comes from.
        source: ResourceSource,
    } with {
        /// What it is.
        description: text,
        /// The media type; empty if the capability does not say.
        media_type: text,
    }
}

/// Where the content of a resource comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum ResourceSource {
    /// From the upstream.
    Call(ResourceCall),
    /// From a file that is part of the capability.
    File(ResourceFile),
    /// From a file, or from the files of a folder, at this path where the server runs.
    ServerFile(Text),
}

table! {
    /// A resource whose content comes from the upstream.
    pub struct ResourceCall {
        /// What it runs.
        binding: Binding,
    } with {
        /// The input that each placeholder of the URI fills, in order; `None` if nothing reads it.
        captures: [Option<InputId>],
        /// The content is binary, even if the upstream declares otherwise.
        binary: flag,
    }
}

table! {
    /// A resource whose content is part of the capability.
    pub struct ResourceFile {
        /// The name of the file.
        file: text,
        /// What is in it.
        content: FileContent,
    }
}

table! {
    /// A prompt.
    pub struct Prompt {
        /// The name.
        name: text,
        /// The name for people.
        title: text,
        /// Where its messages come from.
        source: PromptSource,
    } with {
        /// What it is for.
        description: text,
        /// What its placeholders mean.
        arguments: [PromptArgument],
    }
}

table! {
    /// An argument of a prompt.
    pub struct PromptArgument {
        /// The name.
        name: text,
    } with {
        /// The name for people.
        title: text,
        /// What it is.
        description: text,
        /// It must have a value.
        required: flag,
    }
}

/// Where the messages of a prompt come from. In all of their texts, `{{name}}` is replaced by an argument.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum PromptSource {
    /// From the capability.
    Messages(List<Message>),
    /// From a file at this path where the server runs: one message of the user.
    ServerFile(Text),
}

table! {
    /// A message of a prompt.
    pub struct Message {
        /// The role of its author.
        role: Role,
        /// The text.
        text: text,
    }
}

/// The role of the author of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Role {
    /// The user.
    User,
    /// The model.
    Assistant,
}
