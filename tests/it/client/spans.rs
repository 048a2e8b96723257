//! A subscriber that keeps the fields of spans.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

/// The fields of a span.
type Fields = BTreeMap<String, String>;

/// The spans that a thread opened while it was watched, in order.
#[derive(Clone, Default)]
pub(super) struct Spans(Arc<Mutex<Vec<(u64, Fields)>>>);

impl Spans {
    pub(super) fn watch(&self) -> DefaultGuard {
        tracing::subscriber::set_default(tracing_subscriber::registry().with(self.clone()))
    }

    /// The same without the client's own spans.
    pub(super) fn watch_without_the_client(&self) -> DefaultGuard {
        let wanted = tracing_subscriber::filter::filter_fn(|metadata| metadata.target() == "naftiko_runtime_test");
        tracing::subscriber::set_default(tracing_subscriber::registry().with(self.clone().with_filter(wanted)))
    }

    pub(super) fn take(&self) -> Vec<Fields> {
        std::mem::take(&mut *self.0.lock().expect("no panic")).into_iter().map(|(_, fields)| fields).collect()
    }
}

impl<S: tracing::Subscriber> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        let mut fields = Collect(Fields::new());
        attributes.record(&mut fields);
        if attributes.metadata().target().starts_with("naftiko_runtime") {
            self.0.lock().expect("no panic").push((id.into_u64(), fields.0));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut fields = Collect(Fields::new());
        values.record(&mut fields);
        // Numbers of spans that are over are used again: the last one is meant.
        if let Some((_, known)) =
            self.0.lock().expect("no panic").iter_mut().rfind(|(known, _)| *known == id.into_u64())
        {
            known.extend(fields.0);
        }
    }
}

struct Collect(Fields);

impl Visit for Collect {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}
