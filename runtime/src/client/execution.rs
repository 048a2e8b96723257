//! Execution of a call: one path, not generic, from arguments to an answer, through as many attempts as it takes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{Instrument as _, Span};

use super::attempt::{Attempt, Outcome};
use super::connection::Connection;
use super::deadline::after;
use super::flow::Flow;
use super::keys::Keys;
use super::options::Options;
use super::stream::ResultStream;
use crate::arguments::Arguments;
use crate::error::{Error, ErrorKind, Phase};
use crate::operation::Operation;
use crate::response::Response;

/// The target of spans, apart from that of events: whoever logs need not pay for them.
pub(crate) const SPAN: &str = "naftiko_runtime::spans";

/// What is called with what.
#[derive(Clone, Copy)]
pub(super) struct Order<'a> {
    pub(super) operation: &'static Operation,
    pub(super) arguments: &'a Arguments,
    pub(super) options: &'a Options,
}

impl Connection {
    /// Checks the arguments, sends the request and reads the whole answer. A status that is no success is an error.
    pub(crate) async fn execute(
        &self,
        operation: &'static Operation,
        arguments: &Arguments,
        options: &Options,
    ) -> Result<Response<Bytes>, Error> {
        let answer = self.flow(operation, arguments, options, usize::MAX).await?;
        Ok(answer.map(Flow::into_start))
    }

    /// Like [`Connection::execute`], with the answer's body as it comes. What breaks later is not repeated.
    pub(crate) async fn open(
        &self,
        operation: &'static Operation,
        arguments: &Arguments,
        options: &Options,
    ) -> Result<Response<ResultStream<Bytes>>, Error> {
        let answer = self.flow(operation, arguments, options, 0).await?;
        Ok(answer.map(|flow| ResultStream::of(flow.passing(options.response_limit))))
    }

    /// Like [`Connection::execute`], with an answer of which this many bytes are enough for now. One that is shorter has come
    /// whole, and may have taken several attempts.
    pub(crate) async fn flow(
        &self,
        operation: &'static Operation,
        arguments: &Arguments,
        options: &Options,
        enough: usize,
    ) -> Result<Response<Flow>, Error> {
        let mut run = Run::new(self, Order { operation, arguments, options })?;
        loop {
            let span = run.span();
            let answer = async {
                let answer = run.attempt(&span).await?;
                run.take_in(answer, enough).await
            };
            let outcome = answer.instrument(span.clone()).await;
            if let Some(response) = run.settle(outcome, span).await? {
                return Ok(response);
            }
        }
    }
}

/// A call under way.
pub(super) struct Run<'a> {
    pub(super) connection: &'a Connection,
    pub(super) order: Order<'a>,
    /// The number of the attempt, counted from 1.
    pub(super) number: u32,
    started: Instant,
    /// When the call must be over.
    deadline: Instant,
    /// When the attempt must be over.
    pub(super) attempt_deadline: Instant,
    /// The secrets of the attempt.
    pub(super) keys: Option<Arc<Keys>>,
    /// Whether hooks know of the attempt, and do not know yet how it ended.
    under_way: bool,
    /// Whether a refused token was replaced.
    renewed: bool,
    /// Whether an attempt failed after which nobody can say what the upstream did.
    may_have_acted: bool,
}

impl<'a> Run<'a> {
    pub(super) fn new(connection: &'a Connection, order: Order<'a>) -> Result<Self, Error> {
        let violations = order.arguments.check(order.operation);
        if !violations.is_empty() {
            return Err(Error::arguments(order.operation.name, violations));
        }
        let started = Instant::now();
        let deadline = after(started, order.options.timeout.unwrap_or(connection.shared().timeout));
        Ok(Self {
            connection,
            order,
            number: 0,
            started,
            deadline,
            attempt_deadline: deadline,
            keys: None,
            under_way: false,
            renewed: false,
            may_have_acted: false,
        })
    }

    /// The span of the next attempt, with the names of OpenTelemetry's semantic conventions for HTTP clients.
    pub(super) fn span(&self) -> Span {
        let Order { operation, .. } = self.order;
        let base_uri = self.connection.shared().endpoint(operation).map(|endpoint| &endpoint.base_uri);
        let template = tracing::enabled!(target: SPAN, tracing::Level::INFO).then(|| operation.path_template());
        tracing::info_span!(
            target: SPAN,
            "http.client.request",
            otel.name = template.as_ref().map(|template| format!("{} {template}", operation.method.as_str())),
            otel.kind = "client",
            otel.status_code = tracing::field::Empty,
            http.request.method = operation.method.as_str(),
            http.request.resend_count = (self.number > 0).then_some(self.number),
            http.response.status_code = tracing::field::Empty,
            url.template = template,
            server.address = base_uri.and_then(|uri| uri.host_str()),
            server.port = base_uri.and_then(|uri| uri.port_or_known_default()),
            error.type = tracing::field::Empty,
            naftiko.operation = operation.name,
        )
    }

    /// Sends the request and waits for the head of an answer that is a success.
    pub(super) async fn attempt(&mut self, span: &Span) -> Result<reqwest::Response, Error> {
        let shared = self.connection.shared();
        let Order { operation, arguments, options } = self.order;
        self.number += 1;
        self.started = Instant::now();
        let limit = options.attempt_timeout.or(shared.attempt_timeout);
        self.attempt_deadline = limit.map_or(self.deadline, |limit| after(self.started, limit).min(self.deadline));
        let late = |phase| move |_| Error::new(operation.name, ErrorKind::Timeout, phase);
        let wrong = |violations| Error::arguments(operation.name, violations);
        self.keys = None;
        let keys = timeout_at(self.attempt_deadline, shared.keyring.keys())
            .await
            .map_err(late(Phase::Prepare))?
            .map_err(|error| Error::new(operation.name, ErrorKind::Token, Phase::Prepare).caused_by(error))?;
        self.keys = Some(Arc::clone(&keys));
        // A table that names an API which does not exist cannot be generated; it is still no reason to panic.
        let Some(endpoint) = shared.endpoint(operation) else { return Err(wrong(Vec::new())) };
        let mut request = shared.compose(&endpoint.base_uri, operation, arguments, options, &keys).map_err(wrong)?;
        let attempt = Attempt { capability: shared.capability, operation, number: self.number, keys: Some(&keys) };
        self.under_way = true;
        for hook in &shared.before {
            hook(&attempt, request.headers_mut());
        }
        shared.seal(&mut request, operation, &keys).map_err(wrong)?;
        let sent = timeout_at(self.attempt_deadline, endpoint.transport.send(request, &attempt)).await;
        let answer = sent.map_err(late(Phase::Send))?.map_err(|error| Error::transport(operation.name, error))?;
        let status = answer.status();
        span.record("http.response.status_code", status.as_u16());
        if status.is_success() { Ok(answer) } else { Err(self.refusal(answer).await) }
    }

    /// Notes how an attempt ended. Gives the answer back, or the error where there is to be no other attempt; otherwise
    /// returns when that is due.
    pub(super) async fn settle<T>(
        &mut self,
        outcome: Result<Response<T>, Error>,
        span: Span,
    ) -> Result<Option<Response<T>>, Error> {
        let shared = self.connection.shared();
        let outcome = outcome.map_err(|error| {
            // What was never made ready was no attempt.
            let made = if error.phase() == Phase::Prepare { self.number - 1 } else { self.number };
            self.may_have_acted |= error.leaves_open_what_happened();
            error.after(made).open(self.may_have_acted)
        });
        self.report(outcome.as_ref(), &span);
        let error = match outcome {
            Ok(response) => {
                shared.budget.deposit();
                return Ok(Some(response));
            }
            Err(error) => error,
        };
        if self.renew(&error).await {
            return Ok(None);
        }
        let Some(pause) = self.pause(&error) else { return Err(error) };
        span.in_scope(|| {
            tracing::info!(
                operation = self.order.operation.name,
                attempt = self.number + 1,
                pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
                kind = error.kind().name(),
                status = error.status().map(|status| status.as_u16()),
                "repeating the call"
            );
        });
        drop(span);
        sleep(pause).await;
        Ok(None)
    }

    /// The pause before the next attempt, if there is to be one.
    fn pause(&self, error: &Error) -> Option<Duration> {
        let shared = self.connection.shared();
        let Order { operation, arguments, options } = self.order;
        let pause = match &options.retry {
            Some(own) => own.delay(error, own.repeat_of_call(operation.repeat), self.number),
            None => shared.retry.delay(error, shared.retry.repeat_of_all(operation.repeat), self.number),
        }?;
        let in_time = Instant::now().checked_add(pause).is_some_and(|due| due < self.deadline);
        (in_time && arguments.are_repeatable() && shared.budget.withdraw()).then_some(pause)
    }

    /// Whether the upstream refused a token that its provider can replace in time. A refused call did nothing, so it may be
    /// sent again whatever it does.
    async fn renew(&mut self, error: &Error) -> bool {
        let refused = error.status() == Some(StatusCode::UNAUTHORIZED);
        let Some(keys) = self.keys.clone().filter(|_| refused && !self.renewed) else { return false };
        self.renewed = true;
        let renewed = timeout_at(self.deadline, self.connection.shared().keyring.refused(&keys));
        self.order.arguments.are_repeatable() && renewed.await.unwrap_or(false) && Instant::now() < self.deadline
    }

    /// Tells the span and the hooks how an attempt ended.
    fn report<T>(&mut self, outcome: Result<&Response<T>, &Error>, span: &Span) {
        let error = outcome.err();
        if error.is_some() {
            span.record("otel.status_code", "error");
        }
        match error.map(Error::kind) {
            Some(ErrorKind::Status(status)) => drop(span.record("error.type", status.as_str())),
            Some(kind) => drop(span.record("error.type", kind.name())),
            None => {}
        }
        if !std::mem::take(&mut self.under_way) {
            return;
        }
        let shared = self.connection.shared();
        let (operation, keys) = (self.order.operation, self.keys.as_deref());
        let attempt = Attempt { capability: shared.capability, operation, number: self.number, keys };
        let (status, headers) = match outcome {
            Ok(response) => (Some(response.status()), Some(response.headers())),
            Err(error) => (error.status(), error.headers()),
        };
        let outcome = Outcome { status, headers, error, elapsed: self.started.elapsed() };
        for hook in &shared.after {
            hook(&attempt, &outcome);
        }
    }
}

impl Drop for Run<'_> {
    /// Nobody waits for the call any more. Who counts attempts must learn of it all the same.
    fn drop(&mut self) {
        if self.under_way {
            let error = Error::new(self.order.operation.name, ErrorKind::Cancelled, Phase::Send).after(self.number);
            self.report::<()>(Err(&error), &Span::none());
        }
    }
}
