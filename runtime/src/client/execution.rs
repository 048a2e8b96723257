//! Execution of a call: one path, not generic, from arguments to an answer, through as many attempts as it takes.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{Instrument as _, Span};

use super::attempt::{Attempt, Outcome};
use super::call::Options;
use super::connection::Connection;
use super::keys::Keys;
use super::stream::ResultStream;
use crate::arguments::Arguments;
use crate::error::{Answer, Error, ErrorKind, Phase};
use crate::operation::Operation;
use crate::response::Response;

/// How much of a refusal is kept, in bytes.
const REFUSAL_LIMIT: usize = 1 << 20;

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
        let mut run = Run::new(self, Order { operation, arguments, options })?;
        loop {
            let span = run.span();
            let whole = async {
                let answer = run.attempt().await?;
                run.read(answer).await
            };
            let outcome = whole.instrument(span.clone()).await;
            if let Some(response) = run.settle(outcome, span).await? {
                return Ok(response);
            }
        }
    }

    /// Like [`Connection::execute`], with the answer's body as it comes. What breaks later is not repeated.
    pub(crate) async fn open(
        &self,
        operation: &'static Operation,
        arguments: &Arguments,
        options: &Options,
    ) -> Result<Response<ResultStream<Bytes>>, Error> {
        let mut run = Run::new(self, Order { operation, arguments, options })?;
        loop {
            let span = run.span();
            let outcome = run.attempt().instrument(span.clone()).await.map(|answer| {
                let (status, headers) = (answer.status(), answer.headers().clone());
                Response::new(status, headers, run.stream(answer))
            });
            if let Some(response) = run.settle(outcome, span).await? {
                return Ok(response);
            }
        }
    }
}

/// A call under way.
struct Run<'a> {
    connection: &'a Connection,
    order: Order<'a>,
    number: u32,
    started: Instant,
    /// When the call must be over.
    deadline: Instant,
    /// When the attempt must be over.
    attempt_deadline: Instant,
    keys: Option<Arc<Keys>>,
    renewed: bool,
}

impl<'a> Run<'a> {
    fn new(connection: &'a Connection, order: Order<'a>) -> Result<Self, Error> {
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
            renewed: false,
        })
    }

    /// The span of the next attempt, with the names of OpenTelemetry's semantic conventions for HTTP clients.
    fn span(&self) -> Span {
        let Order { operation, .. } = self.order;
        let base_uri = self.connection.shared().base_uris.get(operation.api);
        tracing::info_span!(
            "http.client.request",
            otel.name = format!("{} {}", operation.method.as_str(), operation.path_template()),
            otel.kind = "client",
            http.request.method = operation.method.as_str(),
            http.request.resend_count = (self.number > 0).then_some(self.number),
            http.response.status_code = tracing::field::Empty,
            url.template = operation.path_template(),
            server.address = base_uri.and_then(|uri| uri.host_str()),
            server.port = base_uri.and_then(|uri| uri.port_or_known_default()),
            error.type = tracing::field::Empty,
            naftiko.operation = operation.name,
        )
    }

    /// Sends the request and waits for the head of an answer that is a success.
    async fn attempt(&mut self) -> Result<reqwest::Response, Error> {
        let shared = self.connection.shared();
        let Order { operation, arguments, options } = self.order;
        self.number += 1;
        self.started = Instant::now();
        let limit = options.attempt_timeout.or(shared.attempt_timeout);
        self.attempt_deadline = limit.map_or(self.deadline, |limit| after(self.started, limit).min(self.deadline));
        let late = || Error::new(operation.name, ErrorKind::Timeout, Phase::Send);
        let keys = timeout_at(self.attempt_deadline, shared.keyring.keys())
            .await
            .map_err(|_| Error::new(operation.name, ErrorKind::Timeout, Phase::Prepare))?
            .map_err(|error| Error::new(operation.name, ErrorKind::Token, Phase::Prepare).caused_by(error))?;
        let keys = self.keys.insert(keys);
        let attempt = Attempt { capability: shared.capability, operation, number: self.number, keys };
        let request = shared
            .build(operation, arguments, options, &attempt)
            .map_err(|violations| Error::arguments(operation.name, violations))?;
        let sent = timeout_at(self.attempt_deadline, shared.transport.send(request, &attempt)).await;
        let answer = sent.map_err(|_| late())?.map_err(|error| Error::transport(operation.name, error))?;
        let status = answer.status();
        Span::current().record("http.response.status_code", status.as_u16());
        if status.is_success() { Ok(answer) } else { Err(self.refusal(answer).await) }
    }

    /// Reads a refusal. Whatever goes wrong with that, it is one.
    async fn refusal(&self, mut answer: reqwest::Response) -> Error {
        let limit = self.response_limit().min(REFUSAL_LIMIT);
        let mut body = BytesMut::new();
        while let Ok(Ok(Some(chunk))) = timeout_at(self.attempt_deadline, answer.chunk()).await {
            // What a refusal says at its beginning is worth more than its length.
            let room = limit - body.len();
            body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if body.len() == limit {
                break;
            }
        }
        let (status, headers) = (answer.status(), answer.headers().clone());
        let secrets = self.order.arguments.secrets();
        let body = self.keys.as_ref().map_or_else(Bytes::new, |keys| keys.redact(body.freeze(), secrets));
        Error::new(self.order.operation.name, ErrorKind::Status(status), Phase::Receive).answered(Answer {
            status,
            headers,
            body,
        })
    }

    async fn read(&self, mut answer: reqwest::Response) -> Result<Response<Bytes>, Error> {
        let name = self.order.operation.name;
        let limit = self.response_limit();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = BytesMut::new();
        let failed = loop {
            match timeout_at(self.attempt_deadline, answer.chunk()).await {
                Ok(Ok(None)) => return Ok(Response::new(status, headers, body.freeze())),
                Ok(Ok(Some(chunk))) if chunk.len() <= limit - body.len() => body.extend_from_slice(&chunk),
                Ok(Ok(Some(_))) => break Error::new(name, ErrorKind::TooLarge { limit }, Phase::Receive),
                Ok(Err(error)) => break Error::interrupted(name, error),
                Err(_) => break Error::new(name, ErrorKind::Timeout, Phase::Receive),
            }
        };
        Err(failed.answered(Answer { status, headers, body: Bytes::new() }))
    }

    fn stream(&self, answer: reqwest::Response) -> ResultStream<Bytes> {
        let name = self.order.operation.name;
        let limit = self.order.options.response_limit;
        // The call's deadline ends with the head of the answer: a stream may flow for days, but must not stand still.
        let patience = self.order.options.timeout.unwrap_or(self.connection.shared().timeout);
        ResultStream::new((answer, 0_usize), move |(mut answer, before)| async move {
            let failed = match timeout_at(after(Instant::now(), patience), answer.chunk()).await {
                Ok(Ok(None)) => return Ok(None),
                Ok(Ok(Some(chunk))) => {
                    let length = before.saturating_add(chunk.len());
                    match limit.filter(|limit| length > *limit) {
                        None => return Ok(Some((chunk, (answer, length)))),
                        Some(limit) => Error::new(name, ErrorKind::TooLarge { limit }, Phase::Receive),
                    }
                }
                Ok(Err(error)) => Error::interrupted(name, error),
                Err(_) => Error::new(name, ErrorKind::Timeout, Phase::Receive),
            };
            let (status, headers) = (answer.status(), answer.headers().clone());
            Err(failed.answered(Answer { status, headers, body: Bytes::new() }))
        })
    }

    fn response_limit(&self) -> usize {
        self.order.options.response_limit.unwrap_or(self.connection.shared().response_limit)
    }

    /// Reports how an attempt ended. Gives the answer back, or the error where there is to be no other attempt; otherwise
    /// returns when that is due.
    async fn settle<T>(
        &mut self,
        outcome: Result<Response<T>, Error>,
        span: Span,
    ) -> Result<Option<Response<T>>, Error> {
        let shared = self.connection.shared();
        self.report(outcome.as_ref(), &span);
        drop(span);
        let error = match outcome {
            Ok(response) => {
                shared.budget.deposit();
                return Ok(Some(response));
            }
            Err(error) => error.after(self.number),
        };
        if self.renew(&error).await {
            return Ok(None);
        }
        match self.pause(&error) {
            Some(pause) => {
                let (operation, next) = (self.order.operation.name, self.number + 1);
                let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                tracing::info!(operation, attempt = next, pause_ms, kind = error.kind().name(), "repeating the call");
                sleep(pause).await;
                Ok(None)
            }
            None => Err(error),
        }
    }

    /// The pause before the next attempt, if there is to be one.
    fn pause(&self, error: &Error) -> Option<Duration> {
        let shared = self.connection.shared();
        let Order { operation, arguments, options } = self.order;
        let policy = options.retry.as_ref().unwrap_or(&shared.retry);
        let pause = policy.delay(error, operation.repeat, self.number)?;
        let in_time = Instant::now().checked_add(pause).is_some_and(|due| due < self.deadline);
        (in_time && arguments.are_repeatable() && shared.budget.withdraw()).then_some(pause)
    }

    /// Whether the upstream refused a token that its provider can replace. A refused call did nothing, so it may be sent
    /// again whatever it does.
    async fn renew(&mut self, error: &Error) -> bool {
        let refused = error.status() == Some(StatusCode::UNAUTHORIZED);
        let Some(keys) = self.keys.clone().filter(|_| refused && !self.renewed) else { return false };
        self.renewed = true;
        self.order.arguments.are_repeatable() && self.connection.shared().keyring.refused(&keys).await
    }

    fn report<T>(&self, outcome: Result<&Response<T>, &Error>, span: &Span) {
        let shared = self.connection.shared();
        let error = outcome.err();
        if let Some(error) = error {
            span.record("error.type", error.kind().name());
        }
        let Some(keys) = self.keys.as_deref() else { return };
        let attempt =
            Attempt { capability: shared.capability, operation: self.order.operation, number: self.number, keys };
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

/// A moment after another. One that no clock can show is as good as never.
fn after(moment: Instant, wait: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);
    moment.checked_add(wait).unwrap_or_else(|| moment + YEAR)
}
