//! The audit: one line of JSON for each call of a tool, and for each REST request that may change something.

use std::borrow::Cow;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::{Args, ValueEnum};
use http::{Method, StatusCode};
use jiff::Timestamp;
use naftiko_adapter::numbers;
use naftiko_client::__private::TARGET;
use naftiko_mcp::{AuditOutcome, AuditedCall};
use naftiko_schema::Capability;
use serde_json::{Value, json};

use super::daily::Daily;
use super::failure::Failure;
use super::logs::{self, Logs};
use super::queue::{Queue, WAITING};

/// The options of the audit.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Audit")]
pub(super) struct Options {
    /// Whether calls are recorded; required: calls that cannot be recorded are refused
    #[arg(long, env = "NAFTIKO_AUDIT", default_value = "off", value_name = "WHEN", num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    audit: When,
    /// The file to record calls in, instead of standard error; a new one each day, with the date after its name
    #[arg(long, env = "NAFTIKO_AUDIT_FILE", value_name = "FILE")]
    audit_file: Option<PathBuf>,
    /// Send records by OTLP, as logs, to the endpoint of OpenTelemetry's environment variables
    #[arg(long, env = "NAFTIKO_AUDIT_OTLP")]
    audit_otlp: bool,
    /// Record values of arguments too, without secrets, and cut where they are long
    #[arg(long, env = "NAFTIKO_AUDIT_VALUES")]
    audit_values: bool,
    /// How many files of earlier days are kept, beside that of today
    #[arg(long, env = "NAFTIKO_AUDIT_KEEP", default_value_t = 30, value_name = "COUNT")]
    audit_keep: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum When {
    /// Never
    Off,
    /// As far as possible
    On,
    /// Always, or the call is refused
    Required,
}

/// Where calls are recorded that come through an adapter. Clones share it.
#[derive(Clone)]
pub(super) struct Audit {
    sink: Arc<Sink>,
    /// The name of the adapter; empty if it is not known yet.
    adapter: &'static str,
}

struct Sink {
    /// Where lines are written, unless records are only sent.
    output: Option<Output>,
    /// Where they are sent.
    logs: Option<Logs>,
    has_values: bool,
    is_required: bool,
    /// Whether the last line could not be written.
    has_failed: AtomicBool,
}

enum Output {
    /// Lines are written at once.
    File(Mutex<Box<dyn Write + Send>>),
    /// Lines may have to wait for their reader.
    Queue(Queue),
}

impl Options {
    /// Opens the audit, if there is one.
    ///
    /// # Errors
    /// If its file cannot be written.
    pub(super) fn open(&self, about: Option<&Capability>) -> Result<Option<Audit>, Failure> {
        if self.audit == When::Off {
            let flags = [
                ("--audit-file", self.audit_file.is_some()),
                ("--audit-otlp", self.audit_otlp),
                ("--audit-values", self.audit_values),
            ];
            return match flags.into_iter().find(|(_, is_set)| *is_set) {
                None => Ok(None),
                Some((flag, _)) => Err(Failure::Refused(format!("{flag} has no effect without --audit"))),
            };
        }
        let output = match &self.audit_file {
            None if self.audit_otlp => None,
            None => Some(Output::Queue(Queue::new(io::stderr(), WAITING)?)),
            Some(file) => Some(Output::file(
                Daily::open(file, self.audit_keep)
                    .map_err(|problem| Failure::Refused(format!("--audit-file {}: {problem}", file.display())))?,
            )),
        };
        let logs = about.filter(|_| self.audit_otlp).map(Logs::from_env).transpose()?;
        Ok(Some(Audit::new(output, logs, self.audit_values, self.audit == When::Required)))
    }

    /// The options as JSON, for `--print-config`.
    pub(super) fn describe(&self) -> Value {
        let when = match self.audit {
            When::Off => "off",
            When::On => "on",
            When::Required => "required",
        };
        json!({
            "when": when,
            "file": self.audit_file,
            "keep": self.audit_keep,
            "otlp": self.audit_otlp,
            "values": self.audit_values,
        })
    }
}

impl Output {
    fn file(file: impl Write + Send + 'static) -> Self {
        Self::File(Mutex::new(Box::new(file)))
    }

    fn write(&self, text: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.lock().unwrap_or_else(PoisonError::into_inner).write_all(text),
            Self::Queue(queue) => queue.write(text),
        }
    }

    /// Whether lines that were taken could not be written.
    fn has_failed(&self) -> bool {
        matches!(self, Self::Queue(queue) if queue.has_failed())
    }
}

impl Audit {
    fn new(output: Option<Output>, logs: Option<Logs>, has_values: bool, is_required: bool) -> Self {
        let has_failed = AtomicBool::new(false);
        Self { sink: Arc::new(Sink { output, logs, has_values, is_required, has_failed }), adapter: "" }
    }

    /// The same for what comes through the adapter with this name.
    pub(super) fn of(&self, adapter: &'static str) -> Self {
        Self { adapter, ..self.clone() }
    }

    /// Writes and sends the records that are not written or sent yet. It blocks for some seconds at most; there must be no records
    /// after it.
    pub(super) fn close(&self) {
        if let Some(Output::Queue(queue)) = &self.sink.output {
            queue.flush();
        }
        if let Some(logs) = &self.sink.logs {
            logs.close();
        }
    }

    /// Records a REST request that may change something. It has no status if its caller left before its response.
    pub(super) fn record_request(
        &self,
        method: &Method,
        route: &str,
        status: Option<StatusCode>,
        caller: &Caller<'_>,
        duration: Duration,
    ) {
        let trace = exported_or(caller.trace);
        let outcome = if caller.is_refused { Some(REFUSED_BY_POLICY) } else { status.is_none().then_some(FAILED) };
        self.sink.write(
            "naftiko.audit.request",
            json!({
                "kind": "request",
                "method": method.as_str(),
                "route": route,
                "adapter": self.adapter(),
                "status": status.map(|status| status.as_u16()),
                "outcome": outcome,
                "principal": caller.principal,
                "rule": caller.rule,
                "address": caller.address,
                "requestId": caller.request_id,
                "trace": trace,
                "durationMs": milliseconds(duration),
            }),
            trace.as_deref(),
        );
    }

    /// Whether requests can go on.
    pub(super) fn is_ready(&self) -> bool {
        self.sink.is_ready()
    }

    /// The name of the adapter, if it is known.
    fn adapter(&self) -> Option<&'static str> {
        Some(self.adapter).filter(|adapter| !adapter.is_empty())
    }
}

/// What is recorded if the rule of a caller does not allow what it asked for.
const REFUSED_BY_POLICY: &str = "refused-by-policy";

/// What is recorded if there is no result, such as of a caller that left.
const FAILED: &str = "failed";

/// A mark of responses to requests that the rule of their caller does not allow.
#[derive(Clone, Copy)]
pub(super) struct RefusedByPolicy;

/// Who sent a request.
#[derive(Default)]
pub(super) struct Caller<'c> {
    pub(super) principal: Option<&'c str>,
    /// Its rule in the policy file.
    pub(super) rule: Option<&'c str>,
    /// Whether the rule does not allow the request.
    pub(super) is_refused: bool,
    pub(super) address: Option<IpAddr>,
    pub(super) request_id: &'c str,
    pub(super) trace: Option<&'c str>,
}

impl naftiko_mcp::Audit for Audit {
    fn is_ready(&self) -> bool {
        self.sink.is_ready()
    }

    fn has_values(&self) -> bool {
        self.sink.has_values
    }

    fn record(&self, call: &AuditedCall<'_>) {
        let (outcome, status) = match call.outcome {
            AuditOutcome::Ok => ("ok", None),
            AuditOutcome::Invalid => ("invalid", None),
            AuditOutcome::Refused => ("refused", None),
            AuditOutcome::Forbidden => (REFUSED_BY_POLICY, None),
            AuditOutcome::Asked => ("asked", None),
            AuditOutcome::DryRun => ("dry-run", None),
            AuditOutcome::Upstream(status) => ("upstream", Some(status)),
            _ => (FAILED, None),
        };
        let trace = exported_or(call.trace);
        self.sink.write(
            "naftiko.audit.tool",
            json!({
                "kind": "tool",
                "tool": call.tool,
                "capability": call.capability,
                "adapter": self.adapter(),
                "arguments": call.arguments,
                "argumentsLeftOut": (call.left_out > 0).then_some(call.left_out),
                "values": call.values,
                "outcome": outcome,
                "upstreamStatus": status,
                "confirmedBy": call.confirmed.then_some("user"),
                "principal": call.principal,
                "rule": call.rule,
                "address": call.address,
                "requestId": call.request_id,
                "trace": trace,
                "durationMs": milliseconds(call.duration),
            }),
            trace.as_deref(),
        );
    }
}

impl Sink {
    fn is_ready(&self) -> bool {
        if !self.is_required {
            return true;
        }
        // The record of a request that is refused shows whether records can be sent again.
        if self.logs.as_ref().is_some_and(Logs::has_failed) {
            return false;
        }
        if !self.has_failed.load(Ordering::Relaxed) && !self.output.as_ref().is_some_and(Output::has_failed) {
            return true;
        }
        // An empty line shows whether lines can be written again.
        let is_written = self.write_text(b"\n").is_ok();
        self.has_failed.store(!is_written, Ordering::Relaxed);
        is_written
    }

    fn write_text(&self, text: &[u8]) -> io::Result<()> {
        self.output.as_ref().map_or(Ok(()), |output| output.write(text))
    }

    /// Writes a line, which begins with the time, and sends it as an event of this name.
    fn write(&self, event: &'static str, entry: Value, trace: Option<&str>) {
        let mut line = json!({"time": Timestamp::now().to_string()});
        if let (Some(line), Value::Object(entry)) = (line.as_object_mut(), entry) {
            line.extend(entry.into_iter().filter(|(_, value)| !value.is_null()));
        }
        let mut text = numbers::write(&line);
        if let Some(logs) = &self.logs {
            logs.send(event, &text, trace);
        }
        text.push('\n');
        let written = self.write_text(text.as_bytes());
        let has_failed = written.is_err();
        if let Err(error) = written
            && !self.has_failed.load(Ordering::Relaxed)
        {
            tracing::error!(target: TARGET, %error, "the audit cannot be written");
        }
        self.has_failed.store(has_failed, Ordering::Relaxed);
        logs::count_unrecorded(usize::from(has_failed));
    }
}

/// The trace of the current span, which goes upstream in the place of this one if it is exported.
fn exported_or(forwarded: Option<&str>) -> Option<Cow<'_, str>> {
    #[cfg(feature = "otlp")]
    if let Some(exported) = super::exporting::current() {
        return Some(exported.into());
    }
    forwarded.map(Cow::Borrowed)
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file on a disk that is full until it is not.
    struct Full(Arc<AtomicBool>);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0.load(Ordering::Relaxed) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(bytes.len()) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn required_audit_refuses_calls_until_it_can_be_written_again() {
        for (is_required, ready) in [(true, [true, false, true]), (false, [true; 3])] {
            let full = Arc::new(AtomicBool::new(true));
            let audit = Audit::new(Some(Output::file(Full(Arc::clone(&full)))), None, false, is_required);
            let mut seen = [false; 3];
            for (index, ready) in seen.iter_mut().enumerate() {
                full.store(index < 2, Ordering::Relaxed);
                *ready = audit.is_ready();
                let caller = Caller { request_id: "1", ..Caller::default() };
                audit.record_request(&Method::POST, "/x", Some(StatusCode::OK), &caller, Duration::ZERO);
            }
            assert_eq!(seen, ready);
        }
    }
    /// A reader that stands still while the test holds the lock.
    struct Standing(Arc<Mutex<Vec<u8>>>);

    impl Write for Standing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn waits_until_ready(audit: &Audit, ready: bool) {
        let start = std::time::Instant::now();
        while audit.is_ready() != ready {
            assert!(start.elapsed() < Duration::from_secs(10), "ready: {ready}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn records_do_not_wait_for_a_reader_that_stands_still() {
        let read = Arc::<Mutex<Vec<u8>>>::default();
        let held = read.lock().expect("no test panics");
        let queue = Queue::new(Standing(Arc::clone(&read)), 2).expect("a thread");
        let audit = Audit::new(Some(Output::Queue(queue)), None, false, true);
        let record = || {
            let caller = Caller { request_id: "1", ..Caller::default() };
            audit.record_request(&Method::POST, "/x", Some(StatusCode::OK), &caller, Duration::ZERO);
        };
        let before = logs::unrecorded();
        record();
        assert!(audit.is_ready());
        // One of them is being written, and two wait.
        (0..4).for_each(|_| record());
        assert!(!audit.is_ready() && logs::unrecorded() > before);
        drop(held);
        waits_until_ready(&audit, true);
        audit.close();
        let text = String::from_utf8(read.lock().expect("no test panics").clone()).expect("it is text");
        assert!(text.lines().filter(|line| !line.is_empty()).count() >= 2, "{text}");
    }

    #[test]
    fn required_audit_refuses_calls_while_waiting_lines_cannot_be_written() {
        let full = Arc::new(AtomicBool::new(true));
        let queue = Queue::new(Full(Arc::clone(&full)), 2).expect("a thread");
        let audit = Audit::new(Some(Output::Queue(queue)), None, false, true);
        let before = logs::unrecorded();
        audit.record_request(&Method::POST, "/x", Some(StatusCode::OK), &Caller::default(), Duration::ZERO);
        waits_until_ready(&audit, false);
        assert!(logs::unrecorded() > before);
        full.store(false, Ordering::Relaxed);
        waits_until_ready(&audit, true);
    }
}
