//! What generated code, manifests and pages say of each type of adapter.

use naftiko_schema::Adapter;

/// The facts about one type of adapter that several emitters need.
pub(super) struct Facts {
    /// The module of the generated crate, and the type in the server's list of adapters.
    pub(super) module: &'static str,
    pub(super) variant: &'static str,
    /// The feature that adds it.
    pub(super) feature: &'static str,
    /// The crate that an application needs to mount it; `None` if only the server serves it.
    pub(super) dependency: Option<&'static str>,
    /// What the feature adds, for the list of features.
    pub(super) about: &'static str,
}

const REST: Facts = Facts {
    module: "rest",
    variant: "Rest",
    feature: "rest",
    dependency: Some("naftiko-rest"),
    about: "an axum router",
};

const MCP: Facts =
    Facts { module: "mcp", variant: "Mcp", feature: "mcp", dependency: Some("naftiko-mcp"), about: "an MCP server" };

const CONTROL: Facts = Facts { module: "control", variant: "Control", feature: "server", dependency: None, about: "" };

/// The facts about the type of an adapter.
pub(super) fn facts(adapter: &Adapter) -> &'static Facts {
    match adapter {
        Adapter::Rest(_) => &REST,
        Adapter::Mcp(_) => &MCP,
        Adapter::Control(_) => &CONTROL,
    }
}
