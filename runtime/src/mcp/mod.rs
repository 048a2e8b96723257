//! The MCP server: exposed tools, resources and prompts, served over Streamable HTTP and stdio.

mod budget;
mod call;
mod confirm;
mod content;
mod files;
mod handler;
mod http;
mod lists;
mod mask;
mod message;
mod page;
mod policy;
mod prompts;
mod resources;
mod result;
mod schema;

pub use self::http::HttpOptions;
#[cfg(feature = "server")]
pub(crate) use self::http::{Endpoint, PATH};
pub use handler::Server;
pub use policy::{Confirmation, Policy, ShortKey};

use crate::exposure::{Callers, Exposure};
use crate::operation::Capability;

/// What a capability exposes over MCP.
#[derive(Debug)]
pub struct McpAdapter {
    /// The capability.
    pub capability: &'static Capability,
    /// The port that the capability names.
    pub port: u16,
    /// What callers over HTTP have to send to the server of the crate.
    pub callers: Callers,
    /// What a client should know about the server as a whole; may be empty.
    pub instructions: &'static str,
    /// What clients may keep of lists and of what they read.
    pub caching: Caching,
    /// The tools, in the order in which they are listed.
    pub tools: &'static [Tool],
    /// The resources, in the order in which they are listed.
    pub resources: &'static [Resource],
    /// The prompts, in the order in which they are listed.
    pub prompts: &'static [Prompt],
}

/// How long clients may keep what they got, and for whom (MCP 2026-07-28, "Caching").
#[derive(Clone, Copy, Debug, Default)]
pub struct Caching {
    /// In milliseconds. Unless set, five minutes for lists, which change only with the binary, and nothing for the rest.
    pub ttl_ms: Option<u64>,
    /// Whether it may be shown to others. Unless set, lists may, and what is read may not.
    pub public: Option<bool>,
}

/// A resource, or a template of resources.
#[derive(Debug)]
pub struct Resource {
    /// The name.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// What it is; may be empty.
    pub description: &'static str,
    /// The media type; empty where the capability does not say.
    pub media_type: &'static str,
    /// The URI. One with placeholders, as `{name}`, is a template (RFC 6570, level 1).
    pub uri: &'static str,
    /// Where the content comes from.
    pub source: ResourceSource,
}

/// Where the content of a resource comes from.
#[derive(Debug)]
pub enum ResourceSource {
    /// From the upstream.
    Call {
        /// The input that each placeholder of the URI feeds, in order; `None` where nothing reads it.
        captures: &'static [Option<usize>],
        /// Whether it is bytes, whatever the upstream says.
        binary: bool,
        /// What it calls.
        call: Exposure,
    },
    /// From the capability.
    Text {
        /// The name of the file.
        file: &'static str,
        /// What is in it.
        text: &'static str,
    },
    /// From a file, or from the files of a folder, at this path where the server runs.
    OfTheServer(&'static str),
}

/// A prompt.
#[derive(Debug)]
pub struct Prompt {
    /// The name.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// What it is for; may be empty.
    pub description: &'static str,
    /// What its placeholders stand for.
    pub arguments: &'static [PromptArgument],
    /// Where its messages come from.
    pub source: PromptSource,
}

/// An argument of a prompt.
#[derive(Debug)]
pub struct PromptArgument {
    /// The name.
    pub name: &'static str,
    /// The name for people; may be empty.
    pub title: &'static str,
    /// What it is; may be empty.
    pub description: &'static str,
    /// Whether it must be there.
    pub required: bool,
}

/// Where the messages of a prompt come from. In all of their texts, `{{name}}` stands for an argument.
#[derive(Debug)]
pub enum PromptSource {
    /// From the capability.
    Messages(&'static [Message]),
    /// From a file at this path where the server runs; it is the only message, and of the user.
    OfTheServer(&'static str),
}

/// A message of a prompt.
#[derive(Debug)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub text: &'static str,
}

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The user.
    User,
    /// The model.
    Assistant,
}

/// A tool.
#[derive(Debug)]
pub struct Tool {
    /// The name.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// What it does.
    pub description: &'static str,
    /// What a client may assume about it.
    pub hints: Hints,
    /// What it calls.
    pub call: Exposure,
}

/// The annotations of a tool (MCP, "ToolAnnotations"). All four are always sent.
#[derive(Clone, Copy, Debug)]
pub struct Hints {
    /// It changes nothing.
    pub read_only: bool,
    /// It may destroy something.
    pub destructive: bool,
    /// Repeating it changes nothing more.
    pub idempotent: bool,
    /// It reaches a world outside the server.
    pub open_world: bool,
}
