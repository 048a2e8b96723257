//! The REST adapter: routes that call operations of consumed APIs.

mod browser;
mod failure;
mod fields;
mod forward;
mod passage;
mod pattern;
mod problem;
mod read;
mod references;
mod response;
mod table;

use std::borrow::Cow;
use std::sync::Arc;

pub use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::StatusCode;
use http::header::{ALLOW, HeaderName, HeaderValue};
use naftiko_adapter::{Forwarded, accepts};
use naftiko_client::__private::{Connection, on_heap};
use naftiko_schema::{Operation, Rest, Route};

use failure::ApiErrors;
use forward::Forwards;
use passage::Passage;
use pattern::Pattern;
use problem::Problem;
use references::{References, Taker};
use table::{Match, Table};

#[doc(hidden)]
pub mod __private {
    pub use crate::browser::{contain, protect};
    pub use crate::failure::ApiErrors;
    pub use crate::problem::Problem;
    pub use crate::{Chosen, Gate, Matched, Routes, Tables};
}

/// The routes of an adapter as an axum router. API errors pass through, but for those about the
/// credential of the upstream or the connection to it.
pub fn router(adapter: &'static Rest, connection: &Connection) -> Router {
    let tables = Tables::new([adapter], &[]);
    let routes = Routes::new(&tables, [connection.clone()], ApiErrors::default());
    let shapes: Vec<_> = tables.0.iter().flat_map(|paths| paths.table.shapes(paths.forwards.patterns())).collect();
    // Every shape uses the same table. axum only decides which paths belong to the adapter.
    let handler = any(move |request: Request| {
        let routes = routes.clone();
        async move {
            let forwarded = request.extensions().get::<Forwarded>().cloned().unwrap_or_default();
            let mut response = routes.respond(request, forwarded, None).await;
            browser::protect(response.headers_mut());
            response
        }
    });
    shapes.iter().fold(Router::new(), |router, shape| router.route(shape, handler.clone()))
}

/// The routes of adapters, and what they pass on, whatever connections they have.
#[doc(hidden)]
pub struct Tables(Vec<Arc<Paths>>);

/// Those of one adapter.
struct Paths {
    table: Table,
    forwards: Forwards,
}

impl Tables {
    /// Those of these adapters. Callers authenticate by these header fields, besides those that the capabilities declare.
    pub fn new(adapters: impl IntoIterator<Item = &'static Rest>, credentials: &[HeaderName]) -> Self {
        let paths = adapters.into_iter().map(|adapter| {
            let (table, forwards) = (Table::new(&adapter.routes), Forwards::new(adapter, credentials.to_vec()));
            Arc::new(Paths { table, forwards })
        });
        Self(paths.collect())
    }

    /// Whether a route of one of the adapters has a path, with any method.
    pub fn has_path(&self, path: &str) -> bool {
        let found = |path: &[_]| self.0.iter().any(|paths| paths.table.has(path));
        pattern::decode(path).is_some_and(|path| found(&path))
    }
}

/// The route of a request.
#[doc(hidden)]
#[derive(Clone, Copy, Default)]
pub struct Matched {
    /// The path, as the capability spells it.
    pub path: &'static str,
    /// The name of the capability.
    pub capability: &'static str,
}

/// What is about to run for a request.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Chosen {
    /// A route.
    Route(&'static Route),
    /// The operation with which a request is passed on.
    Forward(&'static Operation),
}

/// Decides about requests to the routes of adapters, which it knows by their numbers.
#[doc(hidden)]
pub trait Gate: Sync {
    /// Hears which route a request has, and decides whether what is chosen may run. The route of a request may not have its method.
    fn allow(&self, number: usize, matched: Matched, chosen: Option<Chosen>) -> Result<(), Problem>;

    /// Whether it matters for the count of a request if it goes upstream.
    fn distinguishes(&self, number: usize, chosen: Chosen) -> bool;

    /// Counts a request, and decides whether there were too many. It is about to go upstream, unless its arguments are invalid.
    fn count(&self, number: usize, chosen: Chosen, is_sent: bool) -> Result<(), Problem>;
}

/// The count of a request, if there is a gate that has one.
#[derive(Clone, Copy)]
struct Count<'c>(Option<(&'c dyn Gate, usize, Chosen)>);

impl Count<'_> {
    /// Whether it matters if the request goes upstream.
    fn distinguishes(self) -> bool {
        self.0.is_some_and(|(gate, number, chosen)| gate.distinguishes(number, chosen))
    }

    /// Counts the request.
    fn check(self, is_sent: bool) -> Result<(), Problem> {
        self.0.map_or(Ok(()), |(gate, number, chosen)| gate.count(number, chosen, is_sent))
    }
}

/// The routes of adapters, with the connections to their upstreams. Cloning is cheap.
#[doc(hidden)]
#[derive(Clone)]
pub struct Routes(Arc<Served>);

struct Served {
    /// Never empty.
    members: Vec<Member>,
    api_errors: ApiErrors,
}

/// An adapter, with the connection of its capability.
struct Member {
    /// Its number among the adapters.
    number: usize,
    paths: Arc<Paths>,
    connection: Connection,
}

impl Routes {
    /// The routes of adapters over their connections, without a router. Of routes of several adapters that match a request, the most
    /// specific one takes it.
    pub fn new(tables: &Tables, connections: impl IntoIterator<Item = Connection>, api_errors: ApiErrors) -> Self {
        let members = tables.0.iter().zip(connections).enumerate();
        let members =
            members.map(|(number, (paths, connection))| Member { number, paths: Arc::clone(paths), connection });
        Self(Arc::new(Served { members: members.collect(), api_errors }))
    }

    /// What would run for a request with this method and path, and the number of its adapter.
    pub fn chosen(&self, method: &http::Method, path: &str) -> Option<(usize, Chosen)> {
        let (found, passage, member) = self.0.lookup(method, path);
        Some((member?.number, chosen(&found, passage.as_ref(), method)?))
    }

    /// The route of a request with this method and path, if there is one.
    pub fn matched(&self, method: &http::Method, path: &str) -> Option<Matched> {
        let (found, passage, member) = self.0.lookup(method, path);
        matched(&found, passage.as_ref(), member?)
    }

    /// Responds to any request, even if no route matches. Without a gate, all may run.
    pub async fn respond(&self, request: Request, forwarded: Forwarded, gate: Option<&dyn Gate>) -> Response {
        let uri = request.uri().clone();
        let (found, passage, member) = self.0.lookup(request.method(), uri.path());
        let Some(member) = member else { return Problem::not_found(uri.path()).at(uri.path()).into_response() };
        let matched = matched(&found, passage.as_ref(), member);
        let chosen = chosen(&found, passage.as_ref(), request.method());
        let count = Count(gate.zip(chosen).map(|(gate, chosen)| (gate, member.number, chosen)));
        let mut allowed =
            gate.zip(matched).map_or(Ok(()), |(gate, matched)| gate.allow(member.number, matched, chosen));
        if passage.is_some() {
            allowed = allowed.and_then(|()| count.check(true));
        }
        let response = match (allowed, passage) {
            (Err(problem), _) => Err(problem),
            // On the heap, to keep the future of routes small.
            (Ok(()), Some(passage)) => {
                on_heap(|| member.pass_on(passage, uri.path(), request, forwarded, self.0.api_errors)).await
            }
            (Ok(()), None) => member.respond(found, request, forwarded, self.0.api_errors, count).await,
        };
        response.unwrap_or_else(|problem| problem.at(uri.path()).into_response())
    }
}

impl Served {
    /// What a request is for, and the member that has it: a route, or what is passed on.
    fn lookup<'p>(&self, method: &http::Method, path: &'p str) -> (Match, Option<Passage<'p>>, Option<&Member>) {
        let Some(decoded) = pattern::decode(path) else { return (Match::NotText, None, self.members.first()) };
        let (found, member) = self.find(method, &decoded);
        if matches!(found, Match::OtherMethods(_) | Match::Nothing)
            && let Some((passage, member)) = self.passage(path, &decoded)
        {
            return (found, Some(passage), Some(member));
        }
        (found, None, member)
    }

    /// The route of a request, and the member that has it.
    fn find(&self, method: &http::Method, path: &[Cow<'_, str>]) -> (Match, Option<&Member>) {
        let mut best = (Match::Nothing, self.members.first());
        for member in &self.members {
            let found = member.paths.table.find(method, path);
            best = match (best, found) {
                ((Match::Nothing, _), found) => (found, Some(member)),
                ((Match::OtherMethods(_), _), found @ Match::Found(..)) => (found, Some(member)),
                ((Match::OtherMethods(mut methods), first), Match::OtherMethods(others)) => {
                    methods.extend(others);
                    (Match::OtherMethods(table::distinct(methods)), first)
                }
                ((Match::Found(one, _), _), found @ Match::Found(other, _))
                    if table::precedence(other) < table::precedence(one) =>
                {
                    (found, Some(member))
                }
                (best, _) => best,
            };
        }
        best
    }

    /// What is passed on of a path, if it is, and the member that does it.
    fn passage<'p>(&self, path: &'p str, decoded: &[Cow<'_, str>]) -> Option<(Passage<'p>, &Member)> {
        let of = |member: &Member| member.paths.forwards.find(path, decoded);
        let mut passages = self.members.iter().filter_map(|member| Some((of(member)?, member)));
        let first = passages.next()?;
        let rank = |passage: &Passage<'_>| Pattern::new(&passage.forward.path).rank();
        Some(passages.fold(first, |best, other| if rank(&other.0) < rank(&best.0) { other } else { best }))
    }
}

impl Member {
    async fn pass_on(
        &self,
        passage: Passage<'_>,
        path: &str,
        request: Request,
        forwarded: Forwarded,
        api_errors: ApiErrors,
    ) -> Result<Response, Problem> {
        no_empty_segment(path)?;
        let operation = forward::operation(passage.forward, request.method())?;
        let (connection, routes) = (&self.connection, self.paths.table.routes());
        let references = References { taker: Taker::Forward(passage, operation), path, connection, routes };
        forward::respond(&self.paths.forwards, passage, operation, request, forwarded, &references, api_errors).await
    }

    async fn respond(
        &self,
        found: Match,
        request: Request,
        forwarded: Forwarded,
        api_errors: ApiErrors,
        count: Count<'_>,
    ) -> Result<Response, Problem> {
        match found {
            Match::Found(route, captures) => {
                if route.binding.format().is_json() && !accepts(request.headers(), "application/json") {
                    let detail = "the response is `application/json`, which the request does not accept";
                    return Err(Problem::new(StatusCode::NOT_ACCEPTABLE, detail));
                }
                let uri = request.uri().clone();
                let values = read::values(route, &self.connection, captures, request).await;
                let (connection, routes) = (&self.connection, self.paths.table.routes());
                let references = References { taker: Taker::Route(route), path: uri.path(), connection, routes };
                response::respond(route, &references, values, forwarded, api_errors, count).await
            }
            Match::OtherMethods(methods) => {
                let detail = "the path does not support this method; see the Allow header";
                Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).header(ALLOW, allowed(&methods)))
            }
            Match::Nothing => {
                no_empty_segment(request.uri().path())?;
                Err(Problem::not_found(request.uri().path()))
            }
            Match::NotText => Err(Problem::new(StatusCode::BAD_REQUEST, "the path is not percent-encoded UTF-8")),
        }
    }
}

/// Refuses a path with two slashes in a row: a proxy or an upstream that merges them would see another path.
fn no_empty_segment(path: &str) -> Result<(), Problem> {
    if path.contains("//") {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "the path has an empty segment"));
    }
    Ok(())
}

fn chosen(found: &Match, passage: Option<&Passage<'_>>, method: &http::Method) -> Option<Chosen> {
    match (found, passage) {
        (_, Some(passage)) => forward::operation(passage.forward, method).ok().map(Chosen::Forward),
        (Match::Found(route, _), None) => Some(Chosen::Route(route)),
        _ => None,
    }
}

fn matched(found: &Match, passage: Option<&Passage<'_>>, member: &Member) -> Option<Matched> {
    let path = match (found, passage) {
        (Match::Found(route, _), _) => &*route.path,
        (_, Some(passage)) => &*passage.forward.path,
        _ => return None,
    };
    Some(Matched { path, capability: &member.connection.capability().name })
}

fn allowed(methods: &[&'static str]) -> HeaderValue {
    HeaderValue::try_from(methods.join(", ")).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use naftiko_client::ClientBuilder;
    use naftiko_schema::{
        Api, Binding, Capability, Kind, Location, Method, Operation, OperationId, Parameter, PathPart, RetrySafety,
        Route, calls, text,
    };
    use tower::ServiceExt as _;

    use super::*;

    static CAPABILITY: Capability =
        Capability::new("body", "", "").apis(const { &[Api::new("a").base_uri("http://127.0.0.1:9")] });
    static OPERATION: Operation = Operation::new(OperationId(0), "put", Method::Put, RetrySafety::Idempotent)
        .path(const { &[PathPart::Literal(text("/x"))] })
        .parameters(const { &[Parameter::new("body", Location::Body, Kind::Any)] });
    static ADAPTER: Rest =
        Rest::new(0).routes(const { &[Route::new(Method::Put, "/x", Binding::new(calls(&OPERATION)))] });

    #[tokio::test(start_paused = true)]
    async fn incomplete_body_times_out() {
        let connection = ClientBuilder::<Connection>::new(&CAPABILITY).build().expect("the connection is made");
        let never = futures_util::stream::pending::<Result<&str, std::io::Error>>();
        let request = Request::put("/x").body(Body::from_stream(never)).expect("a request");
        let start = tokio::time::Instant::now();
        let response = router(&ADAPTER, &connection).oneshot(request).await.expect("a response");
        assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(response.headers()["connection"], "close");
        assert_eq!(start.elapsed().as_secs(), 10);
    }
}
