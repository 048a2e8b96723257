//! Control adapters: which endpoints for operators they have.

use super::AdapterKind;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::fields::Fields;
use crate::read::yaml::{Content, Entry};

/// What a control adapter serves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Control {
    pub(crate) health: bool,
    pub(crate) info: bool,
    pub(crate) metrics: bool,
}

pub(super) fn read(fields: &mut Fields<'_>, sink: &mut Sink) -> AdapterKind {
    let mut control = Control { health: true, info: false, metrics: true };
    if let Some(entry) = fields.get(&["management"]) {
        let mut management = Fields::of(&entry.value, "`management`", sink);
        control.health = management.flag("health", sink).unwrap_or(true);
        control.info = management.flag("info", sink).unwrap_or(false);
        for key in ["reload", "validate", "logs", "scripting"] {
            not_served(management.get(&[key]), "only the reference engine has it", sink);
        }
        management.finish(sink);
    }
    if let Some(entry) = fields.get(&["observability"]) {
        let mut observability = Fields::of(&entry.value, "`observability`", sink);
        let enabled = observability.flag("enabled", sink).unwrap_or(true);
        control.metrics = enabled && observability.get(&["metrics"]).is_none_or(|entry| is_on(entry, sink));
        for key in ["traces", "exporters"] {
            let help = "to export traces, build with the feature `otlp` and set `OTEL_EXPORTER_OTLP_ENDPOINT`";
            not_served(observability.get(&[key]), help, sink);
        }
        observability.finish(sink);
    }
    if let Some(span) = fields.span_of("authentication").filter(|_| control.health) {
        let message = "`/health/live` and `/health/ready` are served without authentication";
        let help = "`/status` and `/metrics` need the credential; `management: {health: false}` removes the probes";
        sink.report(Code::NoEffect, span, message).help(help);
    }
    AdapterKind::Control(control)
}

/// Whether metrics are kept: `metrics: {local: {enabled: true}}`.
fn is_on(metrics: &Entry, sink: &mut Sink) -> bool {
    let mut metrics = Fields::of(&metrics.value, "`metrics`", sink);
    let local = metrics.get(&["local"]).is_none_or(|entry| {
        let mut local = Fields::of(&entry.value, "`local`", sink);
        let enabled = local.flag("enabled", sink).unwrap_or(true);
        local.finish(sink);
        enabled
    });
    metrics.finish(sink);
    local
}

fn not_served(entry: Option<&Entry>, help: &str, sink: &mut Sink) {
    // What is switched off needs no warning.
    if let Some(entry) = entry.filter(|entry| !matches!(entry.value.content, Content::Bool(false, _))) {
        let message = format!("`{}` of the control adapter is not supported; it is ignored", entry.key);
        sink.report(Code::ControlAdapter, entry.span, message).help(help);
    }
}
