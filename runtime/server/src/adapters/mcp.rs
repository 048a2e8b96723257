//! The MCP adapter over HTTP: one endpoint, and one for each member of a group.

use std::sync::LazyLock;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use naftiko_adapter::{Forwarded, Principal};
use naftiko_mcp::__private::{Endpoint, PATH, SharedCatalog};
use naftiko_mcp::Server;
use naftiko_rest::__private::Problem;
use naftiko_schema::Capability;

use super::{Member, Parts};

/// An endpoint that is set up when it is first asked for: clients of a group rarely use those of its members.
type Later = LazyLock<Endpoint, Box<dyn FnOnce() -> Endpoint + Send>>;

pub(crate) struct Handler {
    endpoint: Endpoint,
    /// The path below that of the endpoint, and an endpoint with what this member offers.
    members: Vec<(&'static str, Later)>,
}

impl Handler {
    pub(super) fn new(members: &[Member], parts: &Parts<'_>) -> Self {
        let checks_hosts = parts.access.checks_hosts();
        let later = |about: &'static Capability, members: &[Member], catalog: &SharedCatalog| {
            let offered: Vec<_> = members.iter().filter_map(Member::mcp).collect();
            let (policy, options) = (parts.policy.clone(), parts.access.mcp(parts.abort.clone()));
            let catalog = catalog.clone();
            move || Server::joined(about, offered, policy, &catalog).endpoint(options, checks_hosts)
        };
        let of_member = |member: &Member| -> (&'static str, Later) {
            let about: &'static Capability = &member.exposed.served.capability;
            (
                member.exposed.member,
                LazyLock::new(Box::new(later(about, std::slice::from_ref(member), &member.catalog))),
            )
        };
        let is_member = |member: &&Member| !member.exposed.member.is_empty();
        Self {
            endpoint: later(parts.about, members, parts.catalog)(),
            members: members.iter().filter(is_member).map(of_member).collect(),
        }
    }

    /// Whether the path is that of an endpoint.
    pub(super) fn is_endpoint(&self, path: &str) -> bool {
        matches!(path, PATH | "/") || self.member(path).is_some()
    }

    fn member(&self, path: &str) -> Option<&Later> {
        let below = path.strip_prefix(PATH)?.strip_prefix('/')?;
        self.members.iter().find(|(name, _)| *name == below).map(|(_, endpoint)| endpoint)
    }

    /// The endpoint at a path. That of all is also at the root, where the reference engine has it.
    fn at(&self, path: &str) -> Option<&Endpoint> {
        if matches!(path, PATH | "/") {
            return Some(&self.endpoint);
        }
        self.member(path).map(|endpoint| &**endpoint)
    }

    pub(super) async fn respond(&self, mut request: Request, forwarded: Forwarded, principal: Principal) -> Response {
        let Some(endpoint) = self.at(request.uri().path()) else {
            let path = request.uri().path();
            return Problem::not_found(path).at(path).into_response();
        };
        request.extensions_mut().insert(forwarded);
        request.extensions_mut().insert(principal);
        endpoint.respond(request).await
    }
}
