//! The REST adapter.

use naftiko_schema::{InboundAuth, Rest, Route};

use super::binding::binding;
use super::{Callables, captures, template, text};
use crate::linked::{self, Linked};
use crate::read::document::Adapter;

/// The routes of all REST adapters; `None` if there are none.
pub(super) fn lower(
    linked: &Linked<'_>,
    adapter: &Adapter,
    auth: InboundAuth,
    callables: &Callables<'_>,
) -> Option<Rest> {
    let routes: Vec<Route> = linked.routes.iter().map(|source| route(source, callables)).collect();
    let (port, namespace) = (adapter.port.unwrap_or(8080), text(adapter.namespace.as_ref()).into());
    (!routes.is_empty()).then(|| Rest { port, namespace, auth, routes: routes.into(), openapi: "".into() })
}

fn route(source: &linked::Route<'_>, callables: &Callables<'_>) -> Route {
    Route {
        method: source.method,
        path: template(&source.pieces).into(),
        binding: binding(&source.call, callables),
        captures: captures(&source.pieces, &source.call),
        summary: text(source.description).into(),
        media_type: source.media_type.map(|text| text.value.clone().into()),
    }
}
