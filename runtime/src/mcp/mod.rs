//! The MCP server: exposed tools, served over Streamable HTTP and stdio.

mod budget;
mod call;
mod confirm;
mod handler;
mod http;
mod lists;
mod mask;
mod message;
mod policy;
mod result;
mod schema;

pub use self::http::HttpOptions;
pub use handler::Server;
pub use policy::{Confirmation, Policy, ShortKey};

use crate::exposure::{Callers, Exposure};
use crate::operation::Capability;

/// The tools of a capability.
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
    /// The tools, in the order in which they are listed.
    pub tools: &'static [Tool],
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
