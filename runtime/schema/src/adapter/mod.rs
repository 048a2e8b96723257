//! Adapters: what a capability exposes, and how.

mod control;
mod file;
mod mcp;
mod rest;
mod skill;

pub use control::*;
pub use file::*;
pub use mcp::*;
pub use rest::*;
pub use skill::*;

use crate::{Binding, InboundAuth, Ref};

/// One `exposes` entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Adapter {
    /// Routes.
    Rest(Ref<Rest>),
    /// Tools, resources and prompts.
    Mcp(Ref<Mcp>),
    /// Skills for agents.
    Skill(Ref<Skills>),
    /// A port for operators.
    Control(Ref<Control>),
}

/// The adapters of a capability, each with what distinguishes it from the first one of its type: nothing for that one, and its
/// namespace for the others.
pub fn distinguished(adapters: &[Adapter]) -> impl Iterator<Item = (&Adapter, &str)> {
    adapters.iter().enumerate().map(|(index, adapter)| {
        let is_first = adapters.iter().take(index).all(|earlier| earlier.name() != adapter.name());
        (adapter, if is_first { "" } else { adapter.namespace() })
    })
}

impl Adapter {
    /// The type, as a specification spells it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rest(_) => "rest",
            Self::Mcp(_) => "mcp",
            Self::Skill(_) => "skill",
            Self::Control(_) => "control",
        }
    }

    /// The table, if this is a REST adapter.
    pub fn rest(&self) -> Option<&Rest> {
        if let Self::Rest(rest) = self { Some(rest) } else { None }
    }

    /// The table, if this is an MCP adapter.
    pub fn mcp(&self) -> Option<&Mcp> {
        if let Self::Mcp(mcp) = self { Some(mcp) } else { None }
    }

    /// The table, if this is a skill adapter.
    pub fn skills(&self) -> Option<&Skills> {
        if let Self::Skill(skills) = self { Some(skills) } else { None }
    }

    /// The table, if this is a control adapter.
    pub fn control(&self) -> Option<&Control> {
        if let Self::Control(control) = self { Some(control) } else { None }
    }

    /// What the capability calls it; empty if it does not say. Every further adapter of a type has a name, which no other adapter
    /// of the type has.
    pub fn namespace(&self) -> &str {
        match self {
            Self::Rest(rest) => &rest.namespace,
            Self::Mcp(mcp) => &mcp.namespace,
            Self::Skill(skills) => &skills.namespace,
            Self::Control(_) => "",
        }
    }

    /// The port that the capability names; 0 means any free port.
    pub fn port(&self) -> u16 {
        match self {
            Self::Rest(rest) => rest.port,
            Self::Mcp(mcp) => mcp.port,
            Self::Skill(skills) => skills.port,
            Self::Control(control) => control.port,
        }
    }

    /// What it runs.
    pub fn bindings(&self) -> Vec<&Binding> {
        match self {
            Self::Rest(rest) => rest.routes.iter().map(|route| &route.binding).collect(),
            Self::Mcp(mcp) => mcp.bindings().collect(),
            Self::Skill(_) | Self::Control(_) => Vec::new(),
        }
    }

    /// How callers authenticate.
    pub fn auth(&self) -> &InboundAuth {
        match self {
            Self::Rest(rest) => &rest.auth,
            Self::Mcp(mcp) => &mcp.auth,
            Self::Skill(skills) => &skills.auth,
            Self::Control(control) => &control.auth,
        }
    }
}
