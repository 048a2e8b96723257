//! The middleware of one listener: what every request passes before its adapter, and every response after it, in this
//! order.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, RETRY_AFTER, SERVER};
use naftiko_adapter::trace::{self, TRACEPARENT};
use naftiko_adapter::{Address, Forwarded, Presented, Unreceived, receive};
use naftiko_client::__private::on_heap;
use naftiko_mcp::__private::{AUDIT_PAUSE, Listening};
use naftiko_rest::__private::{Problem, protect};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::cors::CorsLayer;

use super::access::Access;
use super::adapters::Handler;
use super::audit::{Audit, RefusedByPolicy};
use super::forwarding::Forwarding;
use super::framing;
use super::guard::{self, Guard, Permit};
use super::health::Health;
use super::inbound::Inbound;
use super::metrics::Metrics;
use super::on_behalf::OnBehalf;
#[cfg(feature = "otlp")]
use super::otlp;
use super::patience::DRAIN;
use super::peer::{Held, Peer, counted};
use super::rate::RateLimit;
use super::rules::Rules;
use super::running::{Running, RunningBody};
use super::trail::Trail;
use super::turns::Turn;
use super::{caching, connections, id};

/// The header with the upstream's request id.
const UPSTREAM_ID: HeaderName = HeaderName::from_static("x-upstream-request-id");
/// The largest size of all header fields, in bytes; beyond it the response is a 431 (RFC 6585 §5).
const FIELDS_LIMIT: usize = 32 << 10;

/// The current pipeline of a listener. Cloning is cheap, and all clones change together.
#[derive(Clone)]
pub(super) struct Service(Arc<RwLock<Arc<Pipeline>>>);

/// The middleware of one listener, in order, and the handler of its adapter.
pub(super) struct Pipeline {
    pub(super) metrics: Metrics,
    /// Whether this listener serves `/metrics`.
    pub(super) has_metrics: bool,
    pub(super) health: Health,
    pub(super) rate: Option<RateLimit>,
    pub(super) guard: Guard,
    /// Which pages of other origins may read responses.
    pub(super) cors: Option<CorsLayer>,
    pub(super) inbound: Inbound,
    /// The header fields with credentials of callers.
    pub(super) credentials: Vec<HeaderName>,
    pub(super) access: Access,
    /// Which header fields of callers are forwarded upstream.
    pub(super) forwarding: Forwarding,
    /// What goes upstream on behalf of callers.
    pub(super) on_behalf: OnBehalf,
    /// Whether requests have spans that are exported.
    #[cfg(feature = "otlp")]
    pub(super) traced: bool,
    /// The name of its adapter.
    pub(super) adapter: &'static str,
    /// Which rule of the policy file is for a caller.
    pub(super) rules: Rules,
    /// Where requests are recorded that may change something, if requests and not calls of tools do it, and those that the rule
    /// of their caller does not allow.
    pub(super) audit: Option<Audit>,
    pub(super) records_requests: bool,
    pub(super) handler: Handler,
    /// How long nothing of a request body may arrive.
    pub(super) standstill: Duration,
    /// Cancelled when the server should stop.
    pub(super) stop: CancellationToken,
}

/// A request that is being served.
struct Current<'r> {
    trail: &'r Trail<'r>,
    peer: &'r Arc<Peer>,
    turn: &'r Turn,
    /// Its permit, once it has one.
    permit: OnceLock<Permit>,
}

impl Service {
    pub(super) fn new(pipeline: Pipeline) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(pipeline))))
    }

    /// Serves all later requests by another pipeline. Running requests keep theirs.
    pub(super) fn replace(&self, pipeline: Pipeline) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pipeline);
    }

    fn pipeline(&self) -> Arc<Pipeline> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Responds to any request of this caller, which came at `start`. It always returns a response.
    pub(super) async fn respond(
        &self,
        request: Request,
        caller: connections::Caller,
        turn: Turn,
        start: Instant,
    ) -> http::Response<RunningBody> {
        let pipeline = &*self.pipeline();
        let (address, peer) = (caller.address, &caller.peer.clone());
        let _counted = pipeline.metrics.count_running();
        let mut running = Running { permit: None, _caller: caller, _counted, turn };
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let id = id::request_id(request.headers());
        let is_audited = pipeline.records_requests && !method.is_safe();
        let audit = pipeline.audit.as_ref();
        let mut trail = Trail::new(&pipeline.metrics, audit, is_audited, &method, &id, address, start);
        let mut request = request;
        if audit.is_some() {
            request.extensions_mut().insert(Address(address));
        }
        let mut response = if is_too_long(request.headers()) {
            let detail = format!("the header fields are longer than {FIELDS_LIMIT} bytes");
            Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail).at(uri.path()).into_response()
        } else if let Err(problem) = framing::check(&request, &pipeline.credentials, &running.turn) {
            problem.at(uri.path()).into_response()
        } else if let Some(response) = pipeline.health.respond_to_all(&request) {
            response
        } else if let Some(problem) = pipeline.rate.as_ref().and_then(|rate| rate.check(address).err()) {
            problem.at(uri.path()).into_response()
        } else {
            #[cfg(feature = "otlp")]
            {
                trail.span = pipeline.traced.then(|| otlp::span(&method, request.headers()));
            }
            let current = Current { trail: &trail, peer, turn: &running.turn, permit: OnceLock::new() };
            // On the heap, because it is large and would be moved several times before it runs.
            let response = guard::run(&uri, &id, on_heap(|| pipeline.with_cors(request, &current)));
            #[cfg(feature = "otlp")]
            let response = otlp::in_span(trail.span.clone(), response);
            let response = response.await;
            running.permit = current.permit.into_inner();
            response
        };
        let headers = response.headers_mut();
        // Both ids are useful: ours is in this server's log, the upstream's in the upstream's.
        if let Some(upstream_id) = headers.insert(id::REQUEST_ID, id.clone()).filter(|upstream_id| *upstream_id != id) {
            headers.insert(UPSTREAM_ID, upstream_id);
        }
        protect(headers);
        if !pipeline.inbound.is_public() {
            caching::keep_private(headers);
        }
        headers.remove(SERVER);
        trail.ends(&response);
        drop(trail);
        if response.extensions().get::<Listening>().is_some() {
            // Nothing runs while its caller waits for news, so others may have its permit, and its connection too.
            running.permit = None;
            running.turn.wait_to_its_end();
        }
        response.map(|body| RunningBody::new(body, running))
    }
}

impl Pipeline {
    /// Applies CORS. It comes before authentication, because preflight requests carry no credentials.
    async fn with_cors(&self, request: Request, current: &Current<'_>) -> Response {
        let Some(cors) = &self.cors else { return self.authenticated(request, current).await };
        let inner = service_fn(async |request| Ok::<_, Infallible>(self.authenticated(request, current).await));
        match cors.layer(inner).oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Authenticates the caller, receives the whole request, and then takes a permit and lets the handler respond.
    async fn authenticated(&self, mut request: Request, current: &Current<'_>) -> Response {
        if let Some(response) = self.inbound.metadata(&request) {
            return response;
        }
        let caller = self.inbound.check(request.method(), request.uri(), request.headers()).await;
        let caller = match caller
            .and_then(|caller| self.access.check(&request, |request| self.handler.is_page(request)).map(|()| caller))
        {
            Ok(caller) => caller,
            Err(problem) => return problem.at(request.uri().path()).into_response(),
        };
        // Calls are recorded with their arguments, in which a caller may have written its credential.
        if self.audit.is_some() && !self.records_requests {
            let presented = presented(request.headers(), &self.credentials);
            request.extensions_mut().insert(presented);
        }
        self.inbound.take(&mut request);
        let rule = self.rules.of(&caller, self.adapter);
        let mut forwarded = trace::context(request.headers());
        if self.audit.is_some() {
            forwarded.get(TRACEPARENT).into_iter().for_each(|trace| drop(current.trail.trace.set(trace.clone())));
            let rule = rule.map(|(_, grant)| grant.name().to_owned());
            drop(current.trail.principal.set((caller.principal.clone(), rule)));
        }
        if let Some(response) = self.health.respond(&request) {
            return response;
        }
        if let Some((_, grant)) = rule.filter(|(_, grant)| grant.denies()) {
            let reason =
                format!("the rule `{}` of this server's policy does not allow this caller anything", grant.name());
            self.handler.note(&request, &current.trail.route);
            let mut response = self.handler.forbidden(request.uri().path(), &reason);
            response.extensions_mut().insert(RefusedByPolicy);
            return response;
        }
        if self.has_metrics
            && let Some(response) = self.metrics.respond(&request)
        {
            return response;
        }
        let mut request = if request.body().is_end_stream() {
            request
        } else {
            let (parts, body) = request.into_parts();
            // On the heap, to keep the future of all other requests small.
            match on_heap(|| self.receive(body, current)).await {
                Ok(body) => Request::from_parts(parts, body),
                Err(unreceived) => return self.handler.unreceived(parts.uri.path(), unreceived),
            }
        };
        if self.records_requests
            && !request.method().is_safe()
            && self.audit.as_ref().is_some_and(|audit| !audit.is_ready())
        {
            let problem = Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "requests must be recorded, and the audit cannot be written",
            )
            .header(RETRY_AFTER, AUDIT_PAUSE.into());
            return problem.at(request.uri().path()).into_response();
        }
        match self.guard.permit(current.peer) {
            Some(permit) => drop(current.permit.set(permit)),
            None => return guard::overloaded(request.uri()),
        }
        let on_behalf = match self.on_behalf.take(request.headers_mut(), &caller.principal) {
            Ok(on_behalf) => on_behalf,
            Err(problem) => return problem.at(request.uri().path()).into_response(),
        };
        forwarded.insert(id::REQUEST_ID, current.trail.id.clone());
        self.forwarding.add(request.headers(), &mut forwarded);
        self.handler
            .respond(request, Forwarded(forwarded, on_behalf), caller.principal, rule, &current.trail.route)
            .await
    }

    /// Receives a body. The connection counts as waiting for its caller meanwhile.
    async fn receive(&self, body: Body, current: &Current<'_>) -> Result<Body, Unreceived> {
        let wait = current.turn.wait();
        let mut held = Held::new(current.peer);
        let drained = async {
            self.stop.cancelled().await;
            tokio::time::sleep(DRAIN).await;
        };
        let received = tokio::select! {
            biased;
            received = receive(body, self.standstill, |more| held.grow(more)) => received,
            () = drained => Err(Unreceived::TooSlow),
        };
        if !wait.end() {
            // The connection was closed, and this task ends.
            std::future::pending::<()>().await;
        }
        drop(held);
        if received.is_err() {
            current.turn.note_unread();
        }
        received.map(|bytes| counted(current.peer, bytes).into())
    }
}

/// The credentials in these header fields, without their schemes.
fn presented(headers: &HeaderMap, fields: &[HeaderName]) -> Presented {
    let secret = |field: &HeaderName, text: &str| match text.split_once(' ').filter(|_| *field == AUTHORIZATION) {
        Some((_, secret)) => SecretString::from(secret.trim()),
        None => text.into(),
    };
    let of =
        |field| headers.get_all(field).into_iter().filter_map(move |value| Some(secret(field, value.to_str().ok()?)));
    Presented(fields.iter().flat_map(of).collect::<Vec<_>>().into())
}

fn is_too_long(fields: &HeaderMap) -> bool {
    fields.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() > FIELDS_LIMIT
}
