//! Logging. Logs go to standard error, because standard output is for MCP on stdio and for listings.

use std::net::IpAddr;
use std::time::Duration;

use http::{HeaderValue, Method, StatusCode};
use naftiko_client::__private::TARGET;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{FilterExt as _, ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use super::cli::LogFormat;
use super::lines::{self, Flush};
use super::metrics;

/// The target of the access log. It costs time, so it is off by default.
const ACCESS: &str = "naftiko_runtime::access";
/// The filter if `RUST_LOG` is not set. Spans are off too, because they cost time for every request.
const DEFAULT: &str = "warn,naftiko_runtime=info,naftiko_runtime::access=off,naftiko_runtime::spans=warn";

/// A subscriber layer that gets spans and events.
pub(super) type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts logging, with additional layers for spans and events. Lines are written until the value is dropped.
pub(super) fn start(format: LogFormat, access: bool, others: Vec<BoxedLayer>) -> Flush {
    let (writer, flush) = lines::writer();
    let lines = fmt::layer().with_writer(writer);
    let lines = match format {
        LogFormat::Human => lines.with_target(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    let (filter, invalid) = filter(access);
    let mut layers = others;
    layers.push(lines.with_filter(filter.and(limits())).boxed());
    // It fails only if the application has installed a subscriber, which then stays in use.
    let _ = Registry::default().with(layers).try_init();
    if let Some(error) = invalid {
        tracing::warn!(target: TARGET, %error, "RUST_LOG is invalid");
    }
    // The usual hook writes to standard error itself, and would wait for its reader.
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(target: TARGET, location, "a panic");
    }));
    flush
}

/// The filter of the user, and the error if it is invalid.
fn filter(access: bool) -> (EnvFilter, Option<ParseError>) {
    let filter_text = std::env::var("RUST_LOG").ok().filter(|filter_text| !filter_text.trim().is_empty());
    let filter_text = filter_text.unwrap_or_else(|| DEFAULT.to_owned());
    let (filter, invalid) = match EnvFilter::builder().parse(&filter_text) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new("warn"), Some(error)),
    };
    match format!("{ACCESS}=info").parse() {
        Ok(directive) if access => (filter.add_directive(directive), invalid),
        _ => (filter, invalid),
    }
}

/// The most detailed levels that can be logged, for any configuration. Below these levels rmcp logs whole requests and
/// results, and other crates log parts of messages and handshakes, all of which may contain secrets. This is a separate
/// filter, because within one filter the longer target wins, and `rmcp::service=trace` is longer than `rmcp=error`.
fn limits() -> Targets {
    let verbose_crates =
        ["h2", "hyper", "hyper_rustls", "hyper_util", "reqwest", "rustls", "tokio_rustls", "tower", "tower_http"];
    Targets::new()
        .with_default(LevelFilter::TRACE)
        .with_target("rmcp", LevelFilter::ERROR)
        .with_target("opentelemetry", LevelFilter::WARN)
        .with_targets(verbose_crates.map(|target| (target, LevelFilter::INFO)))
}

/// Logs the outcome of a request, with its route and never its path, which contains what the caller sent. It has no status if
/// the caller left before its response.
pub(super) fn log_request(
    method: &Method,
    route: &str,
    status: Option<StatusCode>,
    elapsed: Duration,
    id: &HeaderValue,
    caller: IpAddr,
) {
    tracing::info!(
        target: ACCESS,
        method = metrics::method_label(method),
        route,
        status = status.map(|status| status.as_u16()),
        duration_ms = (elapsed.as_secs_f64() * 1e6).round() / 1e3,
        request_id = id.to_str().unwrap_or_default(),
        client_address = %caller,
        "served"
    );
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn levels_that_may_log_secrets_are_always_off() {
        let limits = limits();
        for target in
            ["h2::codec::framed_read", "hyper::proto", "hyper_util::client", "reqwest::connect", "rustls::server"]
        {
            assert!(
                !limits.would_enable(target, &Level::DEBUG) && limits.would_enable(target, &Level::INFO),
                "{target}"
            );
        }
        assert!(!limits.would_enable("rmcp::service", &Level::WARN) && limits.would_enable("rmcp", &Level::ERROR));
        assert!(limits.would_enable("naftiko_runtime::client", &Level::TRACE));
    }
}
