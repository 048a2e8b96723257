//! Adapters: what a capability exposes, and how.

use crate::{Control, InboundAuth, Mcp, Ref, Rest};

/// One `exposes` entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Adapter {
    /// Routes.
    Rest(Ref<Rest>),
    /// Tools, resources and prompts.
    Mcp(Ref<Mcp>),
    /// A port for operators.
    Control(Ref<Control>),
}

impl Adapter {
    /// The type, as a specification spells it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rest(_) => "rest",
            Self::Mcp(_) => "mcp",
            Self::Control(_) => "control",
        }
    }

    /// The port that the capability names; 0 means any free port.
    pub fn port(&self) -> u16 {
        match self {
            Self::Rest(rest) => rest.port,
            Self::Mcp(mcp) => mcp.port,
            Self::Control(control) => control.port,
        }
    }

    /// How callers authenticate.
    pub fn auth(&self) -> &InboundAuth {
        match self {
            Self::Rest(rest) => &rest.auth,
            Self::Mcp(mcp) => &mcp.auth,
            Self::Control(control) => &control.auth,
        }
    }
}
