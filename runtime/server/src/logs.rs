//! Records of the audit as logs, exported by OTLP over HTTP, behind the feature `otlp`; and how many records were lost.

use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(feature = "otlp")]
pub(super) use exported::Logs;
#[cfg(not(feature = "otlp"))]
pub(super) use none::Logs;

/// How many records could not be written or sent.
static UNRECORDED: AtomicU64 = AtomicU64::new(0);

/// How many records could not be written or sent.
pub(super) fn unrecorded() -> u64 {
    UNRECORDED.load(Ordering::Relaxed)
}

/// Counts records that could not be written or sent.
pub(super) fn count_unrecorded(count: usize) {
    UNRECORDED.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
}

#[cfg(feature = "otlp")]
mod exported {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::time::{Duration, SystemTime};

    use naftiko_client::__private::TARGET;
    use naftiko_client::install_crypto_provider;
    use naftiko_schema::Capability;
    use opentelemetry::logs::{LogRecord as _, Logger as _, LoggerProvider as _, Severity};
    use opentelemetry::trace::TraceContextExt as _;
    use opentelemetry_otlp::{LogExporter, Protocol, WithExportConfig as _};
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::error::OTelSdkResult;
    use opentelemetry_sdk::logs::{
        BatchConfigBuilder, BatchLogProcessor, LogBatch, OTEL_BLRP_MAX_QUEUE_SIZE, OTEL_BLRP_MAX_QUEUE_SIZE_DEFAULT,
        SdkLogger, SdkLoggerProvider,
    };
    use tracing::Span;
    use tracing_opentelemetry::OpenTelemetrySpanExt as _;

    use crate::exporting;
    use crate::failure::Failure;

    /// One of these names the endpoint.
    const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"];

    /// The export of logs.
    pub(crate) struct Logs {
        provider: SdkLoggerProvider,
        logger: SdkLogger,
        state: Arc<State>,
        /// How many records may wait.
        capacity: usize,
    }

    /// What is known of records on their way.
    #[derive(Debug, Default)]
    struct State {
        /// How many are not exported yet. The SDK drops those for which it has no room without a word.
        pending: AtomicUsize,
        /// Whether the last ones could not be sent.
        has_failed: AtomicBool,
    }

    impl Logs {
        /// Starts the export.
        ///
        /// # Errors
        /// If no variable names an endpoint, or one that cannot be used.
        pub(crate) fn from_env(about: &Capability) -> Result<Self, Failure> {
            if !exporting::is_set(&ENDPOINTS) {
                let [first, second] = ENDPOINTS;
                return Err(Failure::Refused(format!("--audit-otlp needs the variable {first} or {second}")));
            }
            install_crypto_provider();
            let exporter = LogExporter::builder().with_http().with_protocol(Protocol::HttpBinary).build();
            let exporter = exporter.map_err(|error| Failure::Refused(format!("--audit-otlp: {error}")))?;
            let capacity = std::env::var(OTEL_BLRP_MAX_QUEUE_SIZE).ok().and_then(|count| count.parse().ok());
            let capacity = capacity.unwrap_or(OTEL_BLRP_MAX_QUEUE_SIZE_DEFAULT);
            Ok(Self::new(exporter, exporting::resource(about), capacity))
        }

        fn new(
            exporter: impl opentelemetry_sdk::logs::LogExporter + 'static,
            resource: Resource,
            capacity: usize,
        ) -> Self {
            let state = Arc::new(State::default());
            let exporter = Watched { exporter, state: Arc::clone(&state) };
            let config = BatchConfigBuilder::default().with_max_queue_size(capacity).build();
            let processor = BatchLogProcessor::builder(exporter).with_batch_config(config).build();
            let provider = SdkLoggerProvider::builder().with_log_processor(processor).with_resource(resource).build();
            let logger = provider.logger("naftiko-runtime");
            Self { provider, logger, state, capacity }
        }

        /// Sends a line as an event: with the current span, or else the one that the caller named. It is lost, and counted, if
        /// too many wait.
        pub(crate) fn send(&self, event: &'static str, line: &str, traceparent: Option<&str>) {
            let State { pending, has_failed } = &*self.state;
            let counted = |count| (count < self.capacity).then_some(count + 1);
            if pending.fetch_update(Ordering::AcqRel, Ordering::Acquire, counted).is_err() {
                has_failed.store(true, Ordering::Relaxed);
                return super::count_unrecorded(1);
            }
            let mut record = self.logger.create_log_record();
            record.set_event_name(event);
            record.set_timestamp(SystemTime::now());
            record.set_severity_number(Severity::Info);
            record.set_severity_text("INFO");
            record.set_body(line.to_owned().into());
            let current = Span::current().context().span().span_context().clone();
            let named = || Some(exporting::named(traceparent?, None).span().span_context().clone());
            if let Some(span) = Some(current).filter(|span| span.is_valid()).or_else(named)
                && span.is_valid()
            {
                record.set_trace_context(span.trace_id(), span.span_id(), Some(span.trace_flags()));
            }
            self.logger.emit(record);
        }

        /// Whether the last records could not be sent.
        pub(crate) fn has_failed(&self) -> bool {
            self.state.has_failed.load(Ordering::Relaxed)
        }

        /// Sends the remaining records.
        pub(crate) fn close(&self) {
            if let Err(error) = self.provider.shutdown() {
                tracing::warn!(target: TARGET, %error, "the last records of the audit could not be sent");
            }
        }
    }

    /// An exporter of which is known whether it works.
    #[derive(Debug)]
    struct Watched<E> {
        exporter: E,
        state: Arc<State>,
    }

    impl<E: opentelemetry_sdk::logs::LogExporter> opentelemetry_sdk::logs::LogExporter for Watched<E> {
        async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
            let count = batch.iter().count();
            let exported = self.exporter.export(batch).await;
            self.state.pending.fetch_sub(count, Ordering::AcqRel);
            self.state.has_failed.store(exported.is_err(), Ordering::Relaxed);
            if exported.is_err() {
                super::count_unrecorded(count);
            }
            exported
        }

        fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
            self.exporter.shutdown_with_timeout(timeout)
        }

        fn set_resource(&mut self, resource: &Resource) {
            self.exporter.set_resource(resource);
        }
    }

    #[cfg(test)]
    mod tests {
        use std::sync::{Mutex, PoisonError};

        use super::*;

        /// An endpoint that takes no records while the test holds the lock.
        #[derive(Clone, Debug, Default)]
        struct Slow(Arc<Mutex<()>>);

        impl opentelemetry_sdk::logs::LogExporter for Slow {
            async fn export(&self, _: LogBatch<'_>) -> OTelSdkResult {
                drop(self.0.lock().unwrap_or_else(PoisonError::into_inner));
                Ok(())
            }
        }

        #[test]
        fn records_for_which_there_is_no_room_are_counted_until_there_is_some_again() {
            let slow = Slow::default();
            let held = slow.0.lock().expect("no test panics");
            let logs = Logs::new(slow.clone(), Resource::builder_empty().build(), 4);
            let before = super::super::unrecorded();
            (0..4).for_each(|_| logs.send("event", "{}", None));
            assert!(!logs.has_failed());
            logs.send("event", "{}", None);
            assert!(logs.has_failed() && super::super::unrecorded() > before);
            drop(held);
            logs.provider.force_flush().expect("they are exported");
            assert!(!logs.has_failed() && logs.state.pending.load(Ordering::Relaxed) == 0);
        }
    }
}

#[cfg(not(feature = "otlp"))]
mod none {
    use naftiko_schema::Capability;

    use crate::failure::Failure;

    /// There is no export.
    pub(crate) enum Logs {}

    impl Logs {
        pub(crate) fn from_env(_: &Capability) -> Result<Self, Failure> {
            Err(Failure::Refused("--audit-otlp: this server was built without the feature `otlp`".to_owned()))
        }

        pub(crate) fn send(&self, _: &'static str, _: &str, _: Option<&str>) {
            match *self {}
        }

        pub(crate) fn has_failed(&self) -> bool {
            match *self {}
        }

        pub(crate) fn close(&self) {
            match *self {}
        }
    }
}
