//! The adapters of a generated crate: the facts about each type that several emitters need, and its module.

use std::collections::BTreeSet;

use naftiko_schema::Adapter;
use serde::Serialize;

use super::rust::Item;
use super::{mcp, rest, rust, skill, tables};
use crate::model::Model;

/// The facts about one type of adapter.
pub(super) struct Facts {
    /// The type in the server's list of adapters, and that of the table.
    pub(super) variant: &'static str,
    /// The feature that adds it.
    pub(super) feature: &'static str,
    /// The crate that an application needs to mount it; `None` if only the server serves it.
    pub(super) dependency: Option<&'static str>,
    /// What the feature adds, for the list of features.
    pub(super) about: &'static str,
    /// Whether it calls operations, with a client.
    pub(super) calls: bool,
    /// The feature of the server that serves it; `None` if every server does.
    pub(super) server: Option<&'static str>,
}

const REST: Facts = Facts {
    variant: "Rest",
    feature: "rest",
    dependency: Some("naftiko-rest"),
    about: "an axum router",
    calls: true,
    server: None,
};

const MCP: Facts = Facts {
    variant: "Mcp",
    feature: "mcp",
    dependency: Some("naftiko-mcp"),
    about: "an MCP server",
    calls: true,
    server: None,
};

const SKILL: Facts = Facts {
    variant: "Skill",
    feature: "skill",
    dependency: Some("naftiko-skill"),
    about: "an axum router of skills",
    calls: false,
    server: Some("naftiko-server/skill"),
};

const CONTROL: Facts =
    Facts { variant: "Control", feature: "server", dependency: None, about: "", calls: false, server: None };

/// The facts about the type of an adapter.
pub(super) fn facts(adapter: &Adapter) -> &'static Facts {
    match adapter {
        Adapter::Rest(_) => &REST,
        Adapter::Mcp(_) => &MCP,
        Adapter::Skill(_) => &SKILL,
        Adapter::Control(_) => &CONTROL,
    }
}

/// The features for which the module of an adapter is there: its own, and that of MCP for skills that it offers.
pub(super) fn features(model: &Model, adapter: &Adapter) -> BTreeSet<&'static str> {
    let over_mcp = adapter.skills().is_some_and(|skills| model.are_over_mcp(skills));
    [facts(adapter).feature].into_iter().chain(over_mcp.then_some(MCP.feature)).collect()
}

/// The module of an adapter.
pub(super) fn emit(model: &Model, adapter: &Adapter, module: &str) -> String {
    match adapter {
        Adapter::Rest(rest) => rest::emit(model, rest, &document(module)),
        Adapter::Mcp(mcp) => mcp::emit(model, mcp),
        Adapter::Skill(skills) => skill::emit(model, skills),
        Adapter::Control(control) => {
            let docs = "The control adapter: health, status and metrics.";
            served_only(model, &CONTROL, docs, &**control)
        }
    }
}

/// The file with the OpenAPI document of the REST adapter with this module.
pub(super) fn document(module: &str) -> String {
    let further = module.strip_prefix("rest").unwrap_or_default().replace('_', "-");
    format!("openapi{further}.json")
}

/// The module of an adapter that only the server serves: its table.
fn served_only(model: &Model, facts: &Facts, docs: &str, table: &impl Serialize) -> String {
    let items = [
        Item::from("use naftiko_client::schema::*;\n"),
        Item::adapter(facts.variant, tables::expression(table, model)),
    ];
    rust::file(model, docs, items)
}
