//! The MCP adapter over HTTP: one endpoint, and one for each member of a group; for each rule of the policy file.

use std::sync::{Arc, LazyLock, OnceLock};

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use naftiko_adapter::{Forwarded, Principal};
use naftiko_mcp::__private::{Endpoint, PATH, SharedCatalog};
use naftiko_mcp::{Policy, Server};
use naftiko_rest::__private::{Matched, Problem};
use naftiko_schema::Capability;

use super::{Member, Parts};

/// An endpoint that is set up when it is first asked for: clients of a group rarely use those of its members.
type Later = LazyLock<Endpoint, Box<dyn FnOnce() -> Endpoint + Send>>;

pub(crate) struct Handler {
    endpoints: Endpoints,
    /// The path below that of the endpoint, and endpoints with what this member offers.
    members: Vec<(&'static str, Endpoints)>,
}

/// The endpoint for the callers of each rule, or of all.
struct Endpoints(Vec<Later>);

impl Endpoints {
    /// Endpoints with what these members offer, one for each policy.
    fn new(
        about: &'static Capability,
        members: &[Member],
        catalog: &SharedCatalog,
        policies: &[Arc<Policy>],
        parts: &Parts<'_>,
    ) -> Self {
        let offered: Arc<[_]> = members.iter().filter_map(Member::mcp).collect();
        let endpoint = |policy: &Arc<Policy>| -> Later {
            let (policy, access, abort) = (Arc::clone(policy), parts.access.clone(), parts.abort.clone());
            let (offered, catalog, changes) = (offered.clone(), catalog.clone(), parts.changes.cloned());
            let make = move || {
                let server = Server::joined(about, offered.iter().cloned(), (*policy).clone(), &catalog);
                let server = match changes {
                    Some(changes) => server.announcing(changes),
                    None => server,
                };
                server.endpoint(access.mcp(abort), access.checks_hosts())
            };
            LazyLock::new(Box::new(make))
        };
        Self(policies.iter().map(endpoint).collect())
    }

    fn of(&self, rule: usize) -> Option<&Endpoint> {
        self.0.get(rule).map(|endpoint| &**endpoint)
    }
}

impl Handler {
    pub(super) fn new(members: &[Member], parts: &Parts<'_>) -> Self {
        let of_rules = parts.rules.grants().map(|grant| parts.policy.clone().granted(grant.clone()));
        let mut policies: Vec<_> = of_rules.map(Arc::new).collect();
        if policies.is_empty() {
            policies.push(Arc::new(parts.policy.clone()));
        }
        let of_member = |member: &Member| {
            let (about, own): (&'static Capability, _) =
                (&member.exposed.served.capability, std::slice::from_ref(member));
            (member.exposed.member, Endpoints::new(about, own, &member.catalog, &policies, parts))
        };
        let is_member = |member: &&Member| !member.exposed.member.is_empty();
        let endpoints = Endpoints::new(parts.about, members, parts.catalog, &policies, parts);
        if parts.rules.grants().next().is_none() {
            endpoints.of(0);
        }
        Self { endpoints, members: members.iter().filter(is_member).map(of_member).collect() }
    }

    /// Whether the path is that of an endpoint.
    pub(super) fn is_endpoint(&self, path: &str) -> bool {
        self.at(path).is_some()
    }

    /// The endpoints at a path. Those of all are also at the root, where the reference engine has them.
    fn at(&self, path: &str) -> Option<&Endpoints> {
        if matches!(path, PATH | "/") {
            return Some(&self.endpoints);
        }
        let below = path.strip_prefix(PATH)?.strip_prefix('/')?;
        self.members.iter().find(|(name, _)| *name == below).map(|(_, endpoints)| endpoints)
    }

    /// Notes the route of a request that is refused.
    pub(super) fn note(&self, request: &Request, noted: &OnceLock<Matched>) {
        if self.is_endpoint(request.uri().path()) {
            let _ = noted.set(Matched { path: PATH, capability: "" });
        }
    }

    /// Responds to a request of a principal for which a rule has this number, and notes its route.
    pub(super) async fn respond(
        &self,
        mut request: Request,
        forwarded: Forwarded,
        principal: Principal,
        rule: usize,
        noted: &OnceLock<Matched>,
    ) -> Response {
        let Some(endpoint) = self.at(request.uri().path()).and_then(|endpoints| endpoints.of(rule)) else {
            let path = request.uri().path();
            return Problem::not_found(path).at(path).into_response();
        };
        request.extensions_mut().insert(forwarded);
        request.extensions_mut().insert(principal);
        let _ = noted.set(Matched { path: PATH, capability: "" });
        endpoint.respond(request).await
    }
}
