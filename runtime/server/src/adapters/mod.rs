//! The adapters, one module for each type: which paths of a listener belong to the server itself, and the handler for all
//! other requests.

mod control;
mod mcp;
mod rest;
mod skill;

use std::sync::OnceLock;
use std::time::Instant;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use naftiko_adapter::{Forwarded, Principal, Unreceived};
use naftiko_client::__private::{Connection, on_heap};
use naftiko_mcp::__private::{Endpoint, SharedCatalog};
use naftiko_mcp::{Changes, Grant};
use naftiko_rest::__private::{Matched, Problem};
use naftiko_schema::{Adapter, Capability, Group, Mcp, Rest};
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::cli::Serve;
use super::health::Health;
use super::inbound::Inbound;
use super::list::List;
use super::listening::Listening;
use super::program::Exposed;
use super::rules::Rules;

pub(super) use rest::SharedRest;

/// What handlers of all types are built from.
pub(super) struct Parts<'p> {
    pub(super) options: &'p Serve,
    pub(super) access: &'p Access,
    pub(super) policy: &'p naftiko_mcp::Policy,
    /// What clients of the MCP endpoint of all members see, which the workers share.
    pub(super) catalog: &'p SharedCatalog,
    pub(super) rules: &'p Rules,
    /// What handlers of REST on all workers share.
    pub(super) rest: &'p SharedRest,
    /// Who tells these clients that what they see has changed, if it can.
    pub(super) changes: Option<&'p Changes>,
    pub(super) stop: &'p CancellationToken,
    pub(super) abort: &'p CancellationToken,
    /// What the server calls itself.
    pub(super) about: &'static Capability,
    /// The group of the capabilities that share a port.
    pub(super) group: Option<&'static Group>,
    /// How callers authenticate.
    pub(super) inbound: &'p Inbound,
    /// The adapters that are served, for the control adapter's status.
    pub(super) listening: &'p [Listening],
    pub(super) started: Instant,
}

/// An adapter of a listener, with the connection of its capability.
pub(super) struct Member {
    pub(super) exposed: Exposed,
    pub(super) connection: Connection,
    /// What clients of its own MCP endpoint see, which the workers share.
    pub(super) catalog: SharedCatalog,
}

impl Member {
    fn rest(&self) -> Option<(&'static Rest, Connection)> {
        self.exposed.adapter.rest().map(|rest| (rest, self.connection.clone()))
    }

    fn mcp(&self) -> Option<(&'static str, &'static Mcp, Connection)> {
        self.exposed.adapter.mcp().map(|mcp| (self.exposed.member, mcp, self.connection.clone()))
    }
}

/// The handler of a listener's requests, after the middleware.
pub(super) enum Handler {
    Rest(Box<rest::Handler>),
    Mcp(Box<mcp::Handler>),
    Skill(skill::Handler),
    Control(control::Handler),
}

impl Handler {
    /// The handler for adapters of one type, and this one is among them.
    pub(super) fn new(adapter: &'static Adapter, members: &[Member], parts: &Parts<'_>) -> Self {
        match adapter {
            Adapter::Rest(_) => Self::Rest(Box::new(rest::Handler::new(members, parts))),
            Adapter::Mcp(_) => Self::Mcp(Box::new(mcp::Handler::new(members, parts))),
            Adapter::Skill(_) => Self::Skill(skill::Handler::new(members, parts)),
            Adapter::Control(control) => Self::Control(control::Handler::new(control, parts)),
        }
    }

    /// Responds to a request of a principal, for which a rule of the policy file has this number, and notes the route as soon as
    /// it is known.
    pub(super) async fn respond(
        &self,
        request: Request,
        forwarded: Forwarded,
        principal: Principal,
        rule: Option<(usize, &Grant)>,
        noted: &OnceLock<Matched>,
    ) -> Response {
        let number = rule.map_or(0, |(number, _)| number);
        match self {
            Self::Rest(handler) => handler.respond(request, forwarded, &principal, rule, noted).await,
            // On the heap, to keep the future of REST small.
            Self::Mcp(handler) => on_heap(|| handler.respond(request, forwarded, principal, number, noted)).await,
            Self::Skill(handler) => handler.respond(&request, number),
            Self::Control(handler) => handler.respond(&request),
        }
    }

    /// Notes the route of a request that is refused before the adapter sees it.
    pub(super) fn note(&self, request: &Request, noted: &OnceLock<Matched>) {
        match self {
            Self::Rest(handler) => handler.note(request, noted),
            Self::Mcp(handler) => handler.note(request, noted),
            Self::Skill(_) | Self::Control(_) => {}
        }
    }

    /// Whether the request is for a page for people.
    pub(super) fn is_page(&self, request: &Request) -> bool {
        matches!(self, Self::Rest(handler) if handler.is_page(request))
    }

    /// The response to a request for this path that is not allowed.
    pub(super) fn forbidden(&self, path: &str, reason: &str) -> Response {
        // Errors of an endpoint are messages.
        if matches!(self, Self::Mcp(handler) if handler.is_endpoint(path)) {
            Endpoint::forbidden(reason)
        } else {
            Problem::new(StatusCode::FORBIDDEN, reason).at(path).into_response()
        }
    }

    /// The response to a request for this path whose body was not received.
    pub(super) fn unreceived(&self, path: &str, unreceived: Unreceived) -> Response {
        // Errors of an endpoint are messages.
        if matches!(self, Self::Mcp(handler) if handler.is_endpoint(path)) {
            Endpoint::unreceived(unreceived)
        } else {
            Problem::from(unreceived).at(path).into_response()
        }
    }
}

/// The name of the type in logs and messages.
pub(super) fn title(adapter: &Adapter) -> &'static str {
    match adapter {
        Adapter::Rest(_) => "REST",
        Adapter::Mcp(_) => "MCP",
        Adapter::Skill(_) => "skill",
        Adapter::Control(_) => "control",
    }
}

/// The name of an adapter in logs and messages: that of its type, with its namespace if it is apart from the first one.
pub(super) fn title_of(exposed: &Exposed) -> String {
    let title = title(exposed.adapter);
    exposed.apart().map_or_else(|| title.to_owned(), |namespace| format!("{title} `{namespace}`"))
}

/// The path of the endpoint, if the adapter has only one.
pub(super) fn path(adapter: &Adapter) -> &'static str {
    match adapter {
        Adapter::Mcp(_) => naftiko_mcp::__private::PATH,
        Adapter::Rest(_) | Adapter::Skill(_) | Adapter::Control(_) => "",
    }
}

/// The ports that the command line sets for adapters of its type.
pub(super) fn ports<'o>(adapter: &Adapter, options: &'o Serve) -> &'o [List] {
    match adapter {
        Adapter::Rest(_) => &options.rest_port,
        Adapter::Mcp(_) => &options.mcp_port,
        Adapter::Skill(_) => &options.skill_port,
        Adapter::Control(_) => &options.control_port,
    }
}

/// Whether the adapter is served with these options.
pub(super) fn is_served(adapter: &Adapter, options: &Serve) -> bool {
    match adapter {
        // A dry run sends nothing, so REST would be of no use.
        Adapter::Rest(_) => !options.tools.dry_run,
        Adapter::Mcp(_) | Adapter::Skill(_) | Adapter::Control(_) => true,
    }
}

/// The probes on the port of these adapters.
pub(super) fn health(exposed: &[Exposed], parts: &Parts<'_>) -> Health {
    match exposed.first().map(|exposed| exposed.adapter) {
        Some(adapter @ Adapter::Control(control)) => {
            Health::of_all(parts.stop, parts.listening, control.health, !adapter.auth().is_public())
        }
        _ => Health::new(parts.stop, &paths(exposed)),
    }
}

/// Whether the port of these adapters serves metrics. If there is a control adapter, only that does.
pub(super) fn has_metrics(exposed: &[Exposed], has_control: bool) -> bool {
    match exposed.first().map(|exposed| exposed.adapter) {
        Some(Adapter::Control(control)) => control.metrics,
        _ => !has_control && !paths(exposed).contains(&super::metrics::PATH),
    }
}

/// The paths of the routes.
fn paths(exposed: &[Exposed]) -> Vec<&'static str> {
    let routes = exposed.iter().filter_map(|exposed| exposed.adapter.rest()).flat_map(|rest| rest.routes.iter());
    routes.map(|route| &*route.path).collect()
}
