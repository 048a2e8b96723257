//! Execution of a call: from arguments through all attempts to a response.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::AUTHORIZATION;
use naftiko_schema::{ApiId, Location, Operation, Parameter};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{Instrument as _, Span};

use super::attempt::{Attempt, Outcome};
use super::connection::Connection;
use super::credential::Demand;
use super::deadline::after;
use super::keys::{Keys, Source, same};
use super::options::Options;
use super::progress::Progress;
use super::reading::Reading;
use super::redirect;
use super::response_body::ResponseBody;
use crate::argument::Arguments;
use crate::check::check;
use crate::error::{Error, ErrorKind, Phase};
use crate::response::Response;
use crate::transport::TransportError;

/// The target of the events of all runtime crates, as users name it in filters.
pub const TARGET: &str = "naftiko_runtime";
/// The target of spans. It differs from that of events, so that logging does not pay for spans.
pub const SPAN: &str = "naftiko_runtime::spans";

/// An operation, its arguments and options.
#[derive(Clone, Copy)]
pub(super) struct CallSpec<'a> {
    pub(super) operation: &'static Operation,
    pub(super) arguments: &'a Arguments,
    pub(super) options: &'a Options,
}

impl Connection {
    /// Checks the arguments, sends the request and reads the response. A status other than 2xx is an error.
    #[doc(hidden)]
    pub async fn execute(
        &self,
        operation: &'static Operation,
        arguments: &Arguments,
        options: &Options,
        reading: Reading,
    ) -> Result<Response<ResponseBody>, Error> {
        let mut call = CallState::new(self, CallSpec { operation, arguments, options })?;
        loop {
            let span = call.span();
            let outcome = {
                // It stays where it is made: a future with a span of its own would be moved.
                let response = pin!(async {
                    let response = call.attempt(&span).await?;
                    call.read_response(response, reading).await
                });
                response.instrument(span.clone()).await
            };
            match outcome {
                Ok(response) => {
                    call.succeeded(&response, &span);
                    return Ok(response);
                }
                Err(error) => call.failed(error, span).await?,
            }
        }
    }
}

/// The state of a running call.
pub(super) struct CallState<'a> {
    pub(super) connection: &'a Connection,
    pub(super) spec: CallSpec<'a>,
    /// The number of the attempt, counted from 1.
    pub(super) number: u32,
    started: Instant,
    /// The deadline of the call.
    deadline: Instant,
    /// The deadline of the attempt.
    pub(super) attempt_deadline: Instant,
    /// The secrets of the current attempt.
    pub(super) keys: Option<Arc<Keys>>,
    /// Whether the `before` interceptors have run, but not yet the `after` interceptors.
    in_progress: bool,
    /// Whether a rejected token was replaced, or a challenge was answered.
    renewed: bool,
    /// The arguments with other values of variables than those that the upstream rejected.
    renewed_arguments: Option<Arc<Arguments>>,
    /// What the latest response with status 401 asks for.
    demand: Demand,
    /// Whether the upstream may have processed a failed attempt.
    may_have_acted: bool,
}

impl<'a> CallState<'a> {
    pub(super) fn new(connection: &'a Connection, spec: CallSpec<'a>) -> Result<Self, Error> {
        let violations = check(spec.operation, spec.arguments, !spec.options.unchecked);
        if !violations.is_empty() {
            return Err(Error::arguments(&spec.operation.name, violations));
        }
        let started = Instant::now();
        let deadline = after(started, spec.options.timeout.unwrap_or(connection.shared().timeout));
        Ok(Self {
            connection,
            spec,
            number: 0,
            started,
            deadline,
            attempt_deadline: deadline,
            keys: None,
            in_progress: false,
            renewed: false,
            renewed_arguments: None,
            demand: Demand::Nothing,
            may_have_acted: false,
        })
    }

    /// The arguments of the current attempt.
    pub(super) fn arguments(&self) -> &Arguments {
        self.renewed_arguments.as_deref().unwrap_or(self.spec.arguments)
    }

    /// The span of the next attempt, with the names of OpenTelemetry's semantic conventions for HTTP clients.
    pub(super) fn span(&self) -> Span {
        let CallSpec { operation, .. } = self.spec;
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
            naftiko.operation = &*operation.name,
        )
    }

    /// Sends the request, follows its redirects, and waits for the head of a successful response.
    pub(super) async fn attempt(&mut self, span: &Span) -> Result<reqwest::Response, Error> {
        let shared = self.connection.shared();
        let CallSpec { operation, arguments, options } = self.spec;
        let renewed = self.renewed_arguments.clone();
        let arguments = renewed.as_deref().unwrap_or(arguments);
        self.number += 1;
        self.started = Instant::now();
        let limit = options.attempt_timeout.or(shared.attempt_timeout);
        self.attempt_deadline = limit.map_or(self.deadline, |limit| after(self.started, limit).min(self.deadline));
        let timed_out = |phase| move |_| Error::new(&operation.name, ErrorKind::Timeout, phase);
        let invalid = |violations| Error::arguments(&operation.name, violations);
        self.keys = None;
        let own = self.credential()?;
        let keys = async {
            match own {
                Some(own) => shared.keyring.keys_with(operation, own).await,
                None => shared.keyring.keys(operation).await,
            }
        };
        let keys = timeout_at(self.attempt_deadline, keys)
            .await
            .map_err(timed_out(Phase::Prepare))?
            .map_err(|error| Error::no_token(&operation.name, error))?;
        self.keys = Some(Arc::clone(&keys));
        // The compiler never generates a table with an unknown API, but this must not panic.
        let Some(endpoint) = shared.endpoint(operation) else { return Err(invalid(Vec::new())) };
        let progress = Progress::default();
        let (capability, number) = (shared.capability, self.number);
        let attempt = Attempt { capability, operation, number, keys: Some(&keys), progress: Some(&progress) };
        let build = || shared.build_request(&endpoint.base_uri, operation, arguments, options, &keys).map_err(invalid);
        let is_meant = |api: Option<ApiId>| api.is_none_or(|api| api == operation.api);
        let (mut target, mut redirects, mut headers) = (None, 0, None);
        let (response, has_credential) = loop {
            let mut request = build()?;
            self.in_progress = true;
            if let Some(headers) = &headers {
                request.headers_mut().clone_from(headers);
            } else if !shared.before.is_empty() {
                shared.before.iter().for_each(|interceptor| interceptor(&attempt, request.headers_mut()));
                // Interceptors run once, also if the attempt is redirected.
                headers = redirect::may_follow(&request).then(|| request.headers().clone());
            }
            shared.add_fixed(&mut request, operation, arguments, &keys).map_err(invalid)?;
            if let Some(target) = &target {
                request.url_mut().clone_from(target);
            }
            shared.add_credentials(&mut request, operation, arguments, &keys).map_err(invalid)?;
            for (_, signer) in shared.signers.iter().filter(|(api, _)| is_meant(*api)) {
                let signed = timeout_at(self.attempt_deadline, signer.sign(&mut request, &attempt)).await;
                let failed = |error| Error::new(&operation.name, ErrorKind::Token, Phase::Prepare).caused_by(error);
                signed.map_err(timed_out(Phase::Prepare))?.map_err(failed)?;
            }
            let has_credential = request.headers().contains_key(AUTHORIZATION);
            let is_followed = redirects < redirect::LIMIT && redirect::may_follow(&request);
            let sent = timeout_at(self.attempt_deadline, endpoint.transport.send(request, &attempt)).await;
            let response = sent
                .unwrap_or_else(|_| Err(TransportError::timeout()))
                .map_err(|error| Error::transport(&operation.name, progress.explain(error)))?;
            let Some(location) = redirect::location(&response).filter(|_| is_followed) else {
                break (response, has_credential);
            };
            // Few requests are redirected, so that no copy of them is kept.
            let from = target.map_or_else(|| build().map(|request| request.url().clone()), Ok)?;
            match redirect::target(&from, location) {
                Some(next) => target = Some(next),
                None => break (response, has_credential),
            }
            redirects += 1;
        };
        let status = response.status();
        span.record("http.response.status_code", status.as_u16());
        if status == StatusCode::UNAUTHORIZED {
            self.demand = shared.challenges.keep(capability, operation.api, response.headers(), has_credential);
        } else {
            shared.challenges.read_info(operation.api, response.headers());
        }
        if status.is_success() { Ok(response) } else { Err(self.read_api_error(response).await) }
    }

    /// The credential that the call brings.
    fn credential(&self) -> Result<Option<&'a Source>, Error> {
        let CallSpec { operation, options, .. } = self.spec;
        self.connection.shared().credential(operation, &options.on_behalf)
    }

    /// Whether the caller sends the credential or a part of it, so that its rejection is about the caller.
    fn has_own_credential(&self) -> bool {
        let CallSpec { operation, .. } = self.spec;
        let api = self.connection.shared().capability.api(operation.api);
        let is_credential = |parameter: &Parameter| {
            parameter.location == Location::Header && parameter.name.eq_ignore_ascii_case(AUTHORIZATION.as_str())
        };
        matches!(self.credential(), Ok(Some(Source::Fixed(_))))
            || !operation.credentials.is_empty()
            || (api.is_some_and(|api| api.credentials.is_empty()) && operation.parameters.iter().any(is_credential))
    }

    /// Records an attempt with a response.
    fn succeeded<T>(&mut self, response: &Response<T>, span: &Span) {
        self.report(Ok(response), span);
        self.connection.shared().budget.deposit();
    }

    /// Records an attempt without one, and waits until the next attempt is due. If the call is not retried, its error is returned.
    async fn failed(&mut self, error: Error, span: Span) -> Result<(), Error> {
        // An attempt that failed before it was sent does not count.
        let attempts = if error.phase() == Phase::Prepare { self.number - 1 } else { self.number };
        self.may_have_acted |= error.may_have_taken_effect();
        let error = error
            .after(attempts)
            .with_may_have_acted(self.may_have_acted)
            .with_own_credential(self.has_own_credential());
        self.report::<()>(Err(&error), &span);
        if self.renew(&error).await {
            return Ok(());
        }
        let Some(pause) = self.pause(&error) else { return Err(error) };
        span.in_scope(|| {
            tracing::info!(
                target: TARGET,
                operation = &*self.spec.operation.name,
                attempt = self.number + 1,
                pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
                kind = error.kind().name(),
                status = error.status().map(|status| status.as_u16()),
                "retrying the call"
            );
        });
        drop(span);
        sleep(pause).await;
        Ok(())
    }

    /// The pause before the next attempt; `None` if the call is not retried.
    fn pause(&self, error: &Error) -> Option<Duration> {
        let shared = self.connection.shared();
        let CallSpec { operation, arguments, options } = self.spec;
        let pause = match &options.retry {
            Some(policy) => policy.delay(error, policy.retry_safety_of_call(operation.retry_safety), self.number),
            None => shared.retry.delay(error, shared.retry.retry_safety_of_client(operation.retry_safety), self.number),
        }?;
        let in_time = Instant::now().checked_add(pause).is_some_and(|due| due < self.deadline);
        (in_time && arguments.are_repeatable() && shared.budget.withdraw()).then_some(pause)
    }

    /// Whether the upstream asks for another credential, and there is one in time. A rejected call had no effect, so any operation
    /// can be sent again.
    async fn renew(&mut self, error: &Error) -> bool {
        let rejected = error.status() == Some(StatusCode::UNAUTHORIZED);
        let Some(keys) = self.keys.clone().filter(|_| rejected && !self.renewed) else { return false };
        self.renewed = true;
        // Without an answer to a challenge, the upstream has seen no secret that it could reject.
        let CallSpec { operation, arguments, .. } = self.spec;
        let keyring = &self.connection.shared().keyring;
        let has_other = self.demand == Demand::Answer || {
            let refused = async {
                let (of_credential, known) = match (self.credential(), keys.own()) {
                    (Ok(Some(own)), Some(secret)) => (own.refused(secret).await, None),
                    _ => (keyring.refused(operation, &keys).await, Some(operation)),
                };
                match arguments.renewal() {
                    Some(renewal) => keyring.refused_in_arguments(renewal, known).await || of_credential,
                    None => of_credential,
                }
            };
            timeout_at(self.deadline, refused).await.unwrap_or(false) || self.demand == Demand::OtherAnswer
        };
        arguments.are_repeatable() && has_other && self.renew_arguments().await && Instant::now() < self.deadline
    }

    /// Makes the arguments of the current values of the variables in them. Returns whether that is possible, or nothing has changed.
    async fn renew_arguments(&mut self) -> bool {
        let Some(renewal) = self.spec.arguments.renewal() else { return true };
        let values = self.connection.shared().keyring.some(&renewal.used);
        let Ok(Ok(values)) = timeout_at(self.deadline, values).await else { return false };
        if same(&values, &renewal.values) {
            return true;
        }
        self.renewed_arguments = renewal.with(values).map(Arc::new);
        self.renewed_arguments.is_some()
    }

    /// Reports the outcome of an attempt to its span and to the interceptors.
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
        if !std::mem::take(&mut self.in_progress) {
            return;
        }
        let shared = self.connection.shared();
        let (operation, keys) = (self.spec.operation, self.keys.as_deref());
        let (capability, number) = (shared.capability, self.number);
        let attempt = Attempt { capability, operation, number, keys, progress: None };
        let (status, headers) = match outcome {
            Ok(response) => (Some(response.status()), Some(response.headers())),
            Err(error) => (error.status(), error.headers()),
        };
        let outcome = Outcome { status, headers, error, elapsed: self.started.elapsed() };
        for interceptor in &shared.after {
            interceptor(&attempt, &outcome);
        }
    }
}

impl Drop for CallState<'_> {
    /// The call was cancelled. The `after` interceptors still have to run.
    fn drop(&mut self) {
        if self.in_progress {
            let error = Error::new(&self.spec.operation.name, ErrorKind::Cancelled, Phase::Send).after(self.number);
            self.report::<()>(Err(&error), &Span::none());
        }
    }
}
