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
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, SystemTime};

    use naftiko_client::__private::TARGET;
    use naftiko_client::install_crypto_provider;
    use naftiko_schema::Capability;
    use opentelemetry::logs::{LogRecord as _, Logger as _, LoggerProvider as _, Severity};
    use opentelemetry::trace::TraceContextExt as _;
    use opentelemetry_otlp::{LogExporter, Protocol, WithExportConfig as _};
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::error::OTelSdkResult;
    use opentelemetry_sdk::logs::{LogBatch, SdkLogger, SdkLoggerProvider};
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
        has_failed: Arc<AtomicBool>,
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
            let has_failed = Arc::new(AtomicBool::new(false));
            let exporter = Watched { exporter, has_failed: Arc::clone(&has_failed) };
            let provider = SdkLoggerProvider::builder()
                .with_batch_exporter(exporter)
                .with_resource(exporting::resource(about))
                .build();
            let logger = provider.logger("naftiko-runtime");
            Ok(Self { provider, logger, has_failed })
        }

        /// Sends a line as an event: with the current span, or else the one that the caller named.
        pub(crate) fn send(&self, event: &'static str, line: &str, traceparent: Option<&str>) {
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
            self.has_failed.load(Ordering::Relaxed)
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
    struct Watched {
        exporter: LogExporter,
        has_failed: Arc<AtomicBool>,
    }

    impl opentelemetry_sdk::logs::LogExporter for Watched {
        async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
            let count = batch.iter().count();
            let exported = self.exporter.export(batch).await;
            self.has_failed.store(exported.is_err(), Ordering::Relaxed);
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
