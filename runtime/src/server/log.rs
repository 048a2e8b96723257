//! What is logged, and how. It goes to standard error: standard output belongs to MCP on stdio, and to listings.

use std::time::Duration;

use axum::response::Response;
use http::{HeaderValue, Method};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{FilterExt as _, ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use super::cli::LogFormat;
use super::metrics;

/// The target of the lines that say how requests ended. They cost time, so nobody has them without asking.
const ACCESS: &str = "naftiko_runtime::access";
/// What is logged unless `RUST_LOG` says otherwise. Spans cost time for every request, too.
const DEFAULT: &str = "warn,naftiko_runtime=info,naftiko_runtime::access=off,naftiko_runtime::spans=warn";

/// Who gets spans and events.
pub(super) type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Begins to log. Others may get spans and events, too.
pub(super) fn start(format: LogFormat, access: bool, others: Vec<BoxedLayer>) {
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Human => lines.with_target(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    let (filter, misunderstood) = filter(access);
    let mut layers = others;
    layers.push(lines.with_filter(filter.and(limits())).boxed());
    // It fails only where a subscriber is installed already, and then that one is meant.
    let _ = Registry::default().with(layers).try_init();
    if let Some(error) = misunderstood {
        tracing::warn!(%error, "RUST_LOG is not understood");
    }
}

/// What the user wants to see, and why not where that is not understood.
fn filter(access: bool) -> (EnvFilter, Option<ParseError>) {
    let wanted = std::env::var("RUST_LOG").ok().filter(|wanted| !wanted.trim().is_empty());
    let wanted = wanted.unwrap_or_else(|| DEFAULT.to_owned());
    let (filter, misunderstood) = match EnvFilter::builder().parse(&wanted) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new("warn"), Some(error)),
    };
    match format!("{ACCESS}=info").parse() {
        Ok(directive) if access => (filter.add_directive(directive), misunderstood),
        _ => (filter, misunderstood),
    }
}

/// What may be seen, whatever the user wants. Below these levels rmcp logs whole requests and results, and others parts of
/// messages and handshakes; all of these may hold secrets. It is a filter of its own, because in one filter the longer target
/// wins, and `rmcp::service=trace` is longer than `rmcp=error`.
fn limits() -> Targets {
    let talkative =
        ["h2", "hyper", "hyper_rustls", "hyper_util", "reqwest", "rustls", "tokio_rustls", "tower", "tower_http"];
    Targets::new()
        .with_default(LevelFilter::TRACE)
        .with_target("rmcp", LevelFilter::ERROR)
        .with_target("opentelemetry", LevelFilter::WARN)
        .with_targets(talkative.map(|target| (target, LevelFilter::INFO)))
}

/// Logs how a request ended: with its route and never its path, which holds what the caller sent.
pub(super) fn served(method: &Method, response: &Response, took: Duration, id: &HeaderValue) {
    tracing::info!(
        target: ACCESS,
        method = metrics::known(method),
        route = metrics::route(response),
        status = response.status().as_u16(),
        duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3,
        request_id = id.to_str().unwrap_or_default(),
        "served"
    );
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn what_may_hold_secrets_is_not_logged_whatever_is_wanted() {
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
