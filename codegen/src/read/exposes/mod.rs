//! Adapters: their types, and reading `exposes`. One module for each type has what it declares.

mod control;
mod mcp;
mod rest;
mod skill;

use super::bytes;
use super::consumes::authentication;
use super::document::{Authentication, Input, Text};
use super::fields::Fields;
use super::yaml::Node;
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};
pub(crate) use control::{Control, Scripting};
pub(crate) use mcp::*;
pub(crate) use rest::*;
pub(crate) use skill::{Skill, SkillAction, SkillTool};

/// An `exposes` entry.
#[derive(Debug)]
pub(crate) struct Adapter {
    pub(crate) span: Span,
    pub(crate) kind: AdapterKind,
    pub(crate) namespace: Option<Text>,
    /// Its namespace in the file from which it is imported, if it has another one here.
    pub(crate) original: Option<Text>,
    pub(crate) address: Option<Text>,
    pub(crate) port: Option<u16>,
    pub(crate) description: Option<Text>,
    /// How callers authenticate.
    pub(crate) authentication: Option<Authentication>,
    /// The longest binary response, in bytes.
    pub(crate) limit: Option<u64>,
}

/// The types of adapters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AdapterType {
    Rest,
    Mcp,
    Skill,
    Control,
}

impl AdapterType {
    /// The port of an adapter that names none.
    pub(crate) fn usual_port(self) -> u16 {
        match self {
            Self::Rest => 8080,
            Self::Mcp => 9090,
            Self::Skill => 9200,
            Self::Control => 9100,
        }
    }
}

impl AdapterKind {
    /// The type, unless the adapter is left out.
    pub(crate) fn type_of(&self) -> Option<AdapterType> {
        match self {
            Self::Rest(_) => Some(AdapterType::Rest),
            Self::Mcp(_) => Some(AdapterType::Mcp),
            Self::Skill(_) => Some(AdapterType::Skill),
            Self::Control(_) => Some(AdapterType::Control),
            Self::Other => None,
        }
    }

    /// The inputs of all routes and tools.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &Input> {
        let (resources, tools): (&[RestResource], &[Tool]) = match self {
            Self::Rest(resources) => (resources, &[]),
            Self::Mcp(mcp) => (&[], &mcp.tools),
            Self::Control(_) | Self::Skill(_) | Self::Other => (&[], &[]),
        };
        let routes = resources.iter().flat_map(|resource| &resource.operations).map(|route| &route.invocation);
        let invocations = routes.chain(tools.iter().map(|tool| &tool.invocation));
        invocations.flat_map(|it| &it.inputs).chain(resources.iter().flat_map(|resource| &resource.inputs))
    }
}

#[derive(Debug)]
pub(crate) enum AdapterKind {
    Rest(Vec<RestResource>),
    Mcp(Mcp),
    Skill(Vec<Skill>),
    Control(Control),
    /// An adapter that is left out, which was reported.
    Other,
}

pub(super) fn adapter(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Adapter> {
    let mut fields = Fields::of(node, "an `exposes` entry", sink);
    let kind = match fields.text(&["type"], sink) {
        Some(kind) => kind,
        // The content of an adapter shows its type.
        None if fields.has(&["tools", "prompts"]) => Text { value: "mcp".to_owned(), span: fields.span },
        None if fields.has(&["skills"]) => Text { value: "skill".to_owned(), span: fields.span },
        None if fields.has(&["resources"]) => Text { value: "rest".to_owned(), span: fields.span },
        None => {
            fields.missing(&["type"], sink);
            return None;
        }
    };
    let namespace = fields.text(&["namespace"], sink).or(key);
    let port = port(&mut fields, sink);
    let address = fields.text(&["address"], sink);
    let description = fields.text(&["description"], sink);
    let authentication = fields.get(&["authentication"]).and_then(|entry| authentication(&entry.value, sink));
    let limit = bytes::limit(&mut fields, sink);
    let span = fields.span;
    let kind = match kind.value.to_ascii_lowercase().as_str() {
        // Early versions of the format called it `api`.
        "rest" | "api" => rest::read(&mut fields, sink),
        "mcp" => mcp::read(&mut fields, sink),
        "skill" => skill::read(&mut fields, &kind, sink),
        "control" => control::read(&mut fields, sink),
        _ => unknown(&kind, sink),
    };
    if !matches!(kind, AdapterKind::Other) {
        fields.finish(sink);
    }
    Some(Adapter { span, kind, namespace, original: None, address, port, description, authentication, limit })
}

fn unknown(kind: &Text, sink: &mut Sink) -> AdapterKind {
    let message = format!("adapters of type `{}` are not supported; this one is left out", kind.value);
    sink.report(Code::UnknownAdapter, kind.span, message)
        .help("use `rest`, `mcp` or `skill`; the rest of the capability is generated");
    AdapterKind::Other
}

fn port(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<u16> {
    let text = fields.text(&["port"], sink)?;
    let port = text.value.parse().ok();
    if port.is_none() {
        let message = format!("`port` must be a number up to 65535, but it is `{}`", text.value);
        sink.report(Code::WrongType, text.span, message).help("use 0 for any free port");
    }
    port
}
