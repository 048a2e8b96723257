//! Control adapters: which endpoints for operators they have.

use super::AdapterKind;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::document::Text;
use crate::read::fields::Fields;
use crate::read::yaml::{Content, Entry};

/// What a control adapter serves.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    pub(crate) health: bool,
    pub(crate) info: bool,
    pub(crate) metrics: bool,
    pub(crate) scripting: Scripting,
}

/// What steps with scripts leave out, and what they may do.
#[derive(Clone, Debug)]
pub(crate) struct Scripting {
    /// Whether scripts run.
    pub(crate) enabled: bool,
    pub(crate) location: Option<Text>,
    pub(crate) language: Option<Text>,
    /// The languages that may be used; `None` if it is not said.
    pub(crate) allowed: Vec<Text>,
    /// In milliseconds.
    pub(crate) timeout: u32,
    pub(crate) statements: u32,
}

impl Default for Scripting {
    /// The defaults of the format.
    fn default() -> Self {
        Self {
            enabled: true,
            location: None,
            language: None,
            allowed: Vec::new(),
            timeout: 60_000,
            statements: 100_000,
        }
    }
}

pub(super) fn read(fields: &mut Fields<'_>, sink: &mut Sink) -> AdapterKind {
    let mut control = Control { health: true, info: false, metrics: true, scripting: Scripting::default() };
    if let Some(entry) = fields.get(&["management"]) {
        let mut management = Fields::of(&entry.value, "`management`", sink);
        control.health = management.flag("health", sink).unwrap_or(true);
        control.info = management.flag("info", sink).unwrap_or(false);
        if let Some(entry) = management.get(&["scripting"]) {
            control.scripting = scripting(entry, sink);
        }
        for key in ["reload", "validate", "logs"] {
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
    AdapterKind::Control(control)
}

fn scripting(entry: &Entry, sink: &mut Sink) -> Scripting {
    let unset = Scripting::default();
    // `scripting: true` has all defaults.
    if let Content::Bool(enabled, _) = entry.value.content {
        return Scripting { enabled, ..unset };
    }
    let mut fields = Fields::of(&entry.value, "`scripting`", sink);
    let enabled = fields.flag("enabled", sink).unwrap_or(true);
    let location = fields.text(&["defaultLocation"], sink);
    let language = fields.text(&["defaultLanguage"], sink);
    let allowed = fields.list("allowedLanguages", sink);
    let timeout = limit(&mut fields, "timeout", sink).unwrap_or(unset.timeout);
    let statements = limit(&mut fields, "statementLimit", sink).unwrap_or(unset.statements);
    fields.finish(sink);
    Scripting { enabled, location, language, allowed, timeout, statements }
}

/// A limit: a whole number above zero.
fn limit(fields: &mut Fields<'_>, key: &'static str, sink: &mut Sink) -> Option<u32> {
    let text = fields.text(&[key], sink)?;
    let limit = text.value.parse().ok().filter(|limit| *limit > 0);
    if limit.is_none() {
        let message = format!("`{key}: {}` is no whole number above zero", text.value);
        sink.report(Code::WrongType, text.span, message).help("write a number, or remove it for the default");
    }
    limit
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
