//! The REST adapter: the OpenAPI document and its page, and the routes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::RETRY_AFTER;
use http::{Method, StatusCode};
use naftiko_adapter::{Forwarded, Principal};
use naftiko_mcp::{Action, Grant, Limited, Policy};
use naftiko_rest::__private::{Chosen, Gate, Matched, Problem, Routes, Tables};
use naftiko_schema::{Adapter, Operation, Rest, Tool};

use super::{Member, Parts};
use crate::audit::RefusedByPolicy;
use crate::docs::Docs;

type Actions = HashMap<(usize, usize), Action>;

/// What the handlers of a listener share, whatever worker they are for. The first of them makes it.
#[derive(Default)]
pub(crate) struct SharedRest(OnceLock<Arc<Common>>);

struct Common {
    tables: Tables,
    docs: Docs,
    /// What routes and operations do, by the number of their adapter and their address, if that decides who may use them.
    actions: Actions,
}

pub(crate) struct Handler {
    routes: Routes,
    common: Arc<Common>,
    /// Whether only safe methods are allowed.
    read_only: bool,
    policy: Policy,
}

impl Handler {
    pub(super) fn new(members: &[Member], parts: &Parts<'_>) -> Self {
        let read_only = parts.options.tools.read_only;
        let adapters: Vec<_> = members.iter().filter_map(Member::rest).collect();
        let make = || {
            let tables = Tables::new(adapters.iter().map(|(rest, _)| *rest), &parts.inbound.fields());
            let names: Vec<_> = members.iter().map(|member| member.exposed.member).collect();
            let group = parts.group.map(|group| (group, &*names));
            let docs = Docs::new(&adapters, &tables, group, parts.rules.grants().count());
            let depends_on_caller = parts.rules.grants().next().is_some() || parts.policy.limits_principals();
            let served = members.iter().filter(|member| member.rest().is_some()).enumerate();
            let actions = served.filter(|_| depends_on_caller).flat_map(|(number, member)| actions(number, member));
            Arc::new(Common { tables, docs, actions: actions.collect() })
        };
        let common = Arc::clone(parts.rest.0.get_or_init(make));
        let connections = adapters.into_iter().map(|(_, connection)| connection);
        let routes = Routes::new(&common.tables, connections, parts.options.errors.into());
        Self { routes, common, read_only, policy: parts.policy.clone() }
    }

    /// Whether the request is for the page of the documentation, or its document.
    pub(super) fn is_page(&self, request: &Request) -> bool {
        self.common.docs.is_page(request.method(), request.uri().path())
    }

    /// Responds to a request of a principal, for whom a rule with this number allows this, and notes the route as soon as it is
    /// known.
    pub(super) async fn respond(
        &self,
        request: Request,
        forwarded: Forwarded,
        principal: &Principal,
        rule: Option<(usize, &Grant)>,
        noted: &OnceLock<Matched>,
    ) -> Response {
        let path = request.uri().path();
        let grant = rule.map(|(_, grant)| grant);
        let is_allowed = |method: &Method, path: &str| self.is_allowed(grant, method, path);
        let is_narrowed = rule.is_some() || self.read_only;
        let only = is_narrowed.then(|| (rule.map_or(0, |(number, _)| number), is_allowed));
        if let Some(response) = self.common.docs.respond(request.method(), path, only).await {
            return response;
        }
        if self.read_only && !request.method().is_safe() {
            self.note(&request, noted);
            let detail = "this server is read-only; see --read-only";
            return Problem::new(StatusCode::FORBIDDEN, detail).at(path).into_response();
        }
        if let Some(grant) = grant.filter(|grant| forbids(grant, request.method())) {
            self.note(&request, noted);
            let mut response = forbidden(grant).at(path).into_response();
            response.extensions_mut().insert(RefusedByPolicy);
            return response;
        }
        let gate = Caller { handler: self, principal, grant, noted, is_refused: AtomicBool::new(false) };
        let mut response = self.routes.respond(request, forwarded, Some(&gate)).await;
        if gate.is_refused.into_inner() {
            response.extensions_mut().insert(RefusedByPolicy);
        }
        response
    }

    /// Notes the route of a request that is refused before it is looked for.
    pub(super) fn note(&self, request: &Request, noted: &OnceLock<Matched>) {
        if let Some(matched) = self.routes.matched(request.method(), request.uri().path()) {
            let _ = noted.set(matched);
        }
    }

    /// Whether the server and the rule of the caller, if there is one, allow requests with this method and path.
    fn is_allowed(&self, grant: Option<&Grant>, method: &Method, path: &str) -> bool {
        let is_chosen = |grant: &Grant| {
            let chosen = self.routes.chosen(method, path);
            let action = chosen.and_then(|(number, chosen)| self.action(number, chosen));
            !forbids(grant, method) && allows(grant, action)
        };
        (method.is_safe() || !self.read_only) && grant.is_none_or(is_chosen)
    }

    fn action(&self, number: usize, chosen: Chosen) -> Option<&Action> {
        self.common.actions.get(&(number, address(chosen)))
    }
}

/// The caller of a request, for whom a rule allows this.
struct Caller<'c> {
    handler: &'c Handler,
    principal: &'c Principal,
    grant: Option<&'c Grant>,
    /// The route, as soon as it is known.
    noted: &'c OnceLock<Matched>,
    is_refused: AtomicBool,
}

impl Gate for Caller<'_> {
    fn allow(&self, number: usize, matched: Matched, chosen: Option<Chosen>) -> Result<(), Problem> {
        let _ = self.noted.set(matched);
        let Some(chosen) = chosen else { return Ok(()) };
        match self.grant.filter(|grant| !allows(grant, self.handler.action(number, chosen))) {
            Some(grant) => {
                self.is_refused.store(true, Ordering::Relaxed);
                Err(forbidden(grant))
            }
            None => Ok(()),
        }
    }

    fn distinguishes(&self, number: usize, chosen: Chosen) -> bool {
        let action = self.handler.action(number, chosen).filter(|_| self.handler.policy.limits_tools(self.grant));
        action.is_some_and(|action| !action.tools().is_empty())
    }

    fn count(&self, number: usize, chosen: Chosen, is_sent: bool) -> Result<(), Problem> {
        let Some(action) = self.handler.action(number, chosen) else { return Ok(()) };
        let tools = if is_sent { action.tools() } else { Vec::new() };
        self.handler.policy.admit_principal(self.grant, self.principal.id(), &tools).map_err(limited)
    }
}

/// Whether a rule allows no request with this method.
fn forbids(grant: &Grant, method: &Method) -> bool {
    grant.is_read_only() && !method.is_safe()
}

/// What the routes of a member do, whose adapter has this number.
fn actions(number: usize, member: &Member) -> Actions {
    let mcp = member.exposed.served.adapters.iter().filter_map(Adapter::mcp);
    let tools: Vec<_> = mcp.flat_map(|mcp| mcp.tools.iter()).collect();
    member
        .exposed
        .adapter
        .rest()
        .map(|rest| of_rest(number, member.exposed.toolset(), rest, &tools))
        .unwrap_or_default()
}

fn of_rest(number: usize, toolset: &str, rest: &'static Rest, tools: &[&Tool]) -> Actions {
    let routes = rest
        .routes
        .iter()
        .map(|route| (Chosen::Route(route), Action::new(toolset, &route.binding.target, tools.iter().copied())));
    let operations = rest.forwards.iter().flat_map(|forward| forward.operations.iter());
    let forwards = operations
        .map(|operation: &'static Operation| (Chosen::Forward(operation), Action::forward(toolset, operation.method)));
    routes.chain(forwards).map(|(chosen, action)| ((number, address(chosen)), action)).collect()
}

/// By what an action is found in an adapter: tables stay where they are, but equal ones of several adapters may be one.
fn address(chosen: Chosen) -> usize {
    match chosen {
        Chosen::Route(route) => std::ptr::from_ref(route).addr(),
        Chosen::Forward(operation) => std::ptr::from_ref(operation).addr(),
    }
}

/// Whether a rule allows an action. It does not allow what is not known.
fn allows(grant: &Grant, action: Option<&Action>) -> bool {
    action.is_some_and(|action| grant.allows(action))
}

fn forbidden(grant: &Grant) -> Problem {
    let detail = format!("the rule `{}` of this server's policy does not allow this caller this request", grant.name());
    Problem::new(StatusCode::FORBIDDEN, detail)
}

fn limited(limited: Limited) -> Problem {
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, limited.reason);
    problem.header(RETRY_AFTER, limited.retry_after.into())
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{Binding, OperationId, RetrySafety, Route, calls};

    use super::*;

    static LIST: Operation =
        Operation::new(OperationId(0), "list", naftiko_schema::Method::Get, RetrySafety::Idempotent);
    static ROUTES: &[Route] = &[Route::new(naftiko_schema::Method::Get, "/things", Binding::new(calls(&LIST)))];
    static REST: Rest = Rest::new(0).routes(ROUTES);

    #[test]
    fn routes_that_are_one_in_memory_are_allowed_apart_and_unknown_ones_never() {
        let mut all = of_rest(0, "orders", &REST, &[]);
        all.extend(of_rest(1, "parcels", &REST, &[]));
        let (grant, at) = (Grant::new("a").toolsets(["parcels"]), address(Chosen::Route(&ROUTES[0])));
        let allowed = [0, 1, 2].map(|number| allows(&grant, all.get(&(number, at))));
        assert_eq!(allowed, [false, true, false]);
        assert!(!allows(&Grant::new("all"), None));
    }
}
