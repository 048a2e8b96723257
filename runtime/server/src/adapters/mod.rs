//! The adapters, one module for each type: which paths of a listener belong to the server itself, and the handler for all
//! other requests.

mod control;
mod mcp;
mod rest;

use std::time::Instant;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use naftiko_adapter::{Forwarded, Principal, Unreceived};
use naftiko_client::__private::Connection;
use naftiko_mcp::__private::Endpoint;
use naftiko_rest::__private::Problem;
use naftiko_schema::{Adapter, Capability};
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::cli::Serve;
use super::health::Health;
use super::inbound::Inbound;
use super::listening::Listening;

/// What handlers of all types are built from.
pub(super) struct Parts<'p> {
    pub(super) options: &'p Serve,
    pub(super) access: &'p Access,
    pub(super) policy: &'p naftiko_mcp::Policy,
    pub(super) stop: &'p CancellationToken,
    pub(super) abort: &'p CancellationToken,
    pub(super) capability: &'static Capability,
    /// How callers authenticate.
    pub(super) inbound: &'p Inbound,
    /// The adapters that are served, up to this one, for the control adapter's status.
    pub(super) listening: &'p [Listening],
    pub(super) started: Instant,
}

/// The handler of a listener's requests, after the middleware.
pub(super) enum Handler {
    Rest(rest::Handler),
    Mcp(Box<mcp::Handler>),
    Control(control::Handler),
}

impl Handler {
    pub(super) fn new(adapter: &'static Adapter, parts: &Parts<'_>, connection: &Connection) -> Self {
        match adapter {
            Adapter::Rest(rest) => Self::Rest(rest::Handler::new(rest, parts, connection)),
            Adapter::Mcp(mcp) => Self::Mcp(Box::new(mcp::Handler::new(mcp, parts, connection))),
            Adapter::Control(control) => Self::Control(control::Handler::new(control, parts)),
        }
    }

    pub(super) async fn respond(&self, request: Request, forwarded: Forwarded, principal: Principal) -> Response {
        match self {
            Self::Rest(handler) => handler.respond(request, forwarded).await,
            // On the heap, to keep the future of REST small.
            Self::Mcp(handler) => Box::pin(handler.respond(request, forwarded, principal)).await,
            Self::Control(handler) => handler.respond(&request),
        }
    }

    /// Whether the request is for a page for people.
    pub(super) fn is_page(&self, request: &Request) -> bool {
        matches!(self, Self::Rest(handler) if handler.is_page(request))
    }

    /// The response to a request for this path whose body was not received.
    pub(super) fn unreceived(&self, path: &str, unreceived: Unreceived) -> Response {
        if is_endpoint(self, path) {
            Endpoint::unreceived(unreceived)
        } else {
            Problem::from(unreceived).at(path).into_response()
        }
    }
}

/// Whether the path is that of the MCP endpoint, whose errors are messages.
fn is_endpoint(handler: &Handler, path: &str) -> bool {
    matches!(handler, Handler::Mcp(_)) && mcp::is_endpoint(path)
}

/// The name of the type in logs and messages.
pub(super) fn title(adapter: &Adapter) -> &'static str {
    match adapter {
        Adapter::Rest(_) => "REST",
        Adapter::Mcp(_) => "MCP",
        Adapter::Control(_) => "control",
    }
}

/// The path of the endpoint, if the adapter has only one.
pub(super) fn path(adapter: &Adapter) -> &'static str {
    match adapter {
        Adapter::Mcp(_) => naftiko_mcp::__private::PATH,
        Adapter::Rest(_) | Adapter::Control(_) => "",
    }
}

/// The port that the command line sets.
pub(super) fn port(adapter: &Adapter, options: &Serve) -> Option<u16> {
    if options.any_port {
        return Some(0);
    }
    match adapter {
        Adapter::Rest(_) => options.rest_port,
        Adapter::Mcp(_) => options.mcp_port,
        Adapter::Control(_) => options.control_port,
    }
}

/// Whether the adapter is served with these options.
pub(super) fn is_served(adapter: &Adapter, options: &Serve) -> bool {
    match adapter {
        // A dry run sends nothing, so REST would be of no use.
        Adapter::Rest(_) => !options.tools.dry_run,
        Adapter::Mcp(_) | Adapter::Control(_) => true,
    }
}

/// The probes on the port of the adapter.
pub(super) fn health(adapter: &'static Adapter, parts: &Parts<'_>) -> Health {
    match adapter {
        Adapter::Rest(rest) => Health::new(parts.stop, &rest::paths(rest)),
        Adapter::Mcp(_) => Health::new(parts.stop, &[]),
        Adapter::Control(control) => {
            Health::of_all(parts.stop, parts.listening, control.health, !adapter.auth().is_public())
        }
    }
}

/// Whether the port of the adapter serves metrics. If there is a control adapter, only that does.
pub(super) fn has_metrics(adapter: &'static Adapter, has_control: bool) -> bool {
    match adapter {
        Adapter::Rest(rest) => !has_control && !rest::paths(rest).contains(&super::metrics::PATH),
        Adapter::Mcp(_) => !has_control,
        Adapter::Control(control) => control.metrics,
    }
}
