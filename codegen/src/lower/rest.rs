//! The REST adapter.

use naftiko_schema::{
    FixedParameter, Format, Forward, Kind, List, Location, Method, Operation, OperationId, Parameter, Rest, Route,
};

use super::binding::binding;
use super::{Callables, captures, operation, retry_safety, template, text};
use crate::linked::{self, Linked, Listener};
use crate::read::document::AdapterKind;

/// The routes of a listener; `None` if all that it declares are left out.
pub(super) fn lower(linked: &Linked<'_>, listener: Listener<'_>, callables: &Callables<'_>) -> Option<Rest> {
    let Listener { index, adapter, port, auth } = listener;
    let routes = linked.routes.iter().filter(|source| source.listener == index);
    let routes: Vec<Route> = routes.map(|source| route(source, callables)).collect();
    let forwards = linked.forwards.iter().filter(|source| source.listener == index);
    let forwards: Vec<Forward> = forwards.map(|source| forward(linked, source, callables)).collect();
    let (namespace, auth) = (text(adapter.namespace.as_ref()).into(), auth.clone());
    let (routes, forwards): (List<_>, List<_>) = (routes.into(), forwards.into());
    let declares = matches!(&adapter.kind, AdapterKind::Rest(resources) if resources.iter().any(|it| it.forward.is_some() || !it.operations.is_empty()));
    let is_left_out = declares && routes.is_empty() && forwards.is_empty();
    (!is_left_out).then(|| Rest { port, namespace, auth, routes, forwards, openapi: "".into() })
}

/// A path that is passed on, with an operation for each method, none of which the client has.
fn forward(linked: &Linked<'_>, source: &linked::Forward<'_>, callables: &Callables<'_>) -> Forward {
    let base = operation(&linked.types, &source.operation, OperationId::from(callables.operations.len()), &[]);
    let fixed: List<FixedParameter> = base.fixed.iter().filter(|fixed| !fixed.location.is_body()).cloned().collect();
    let operation = |method: Method| Operation {
        method,
        retry_safety: retry_safety(method, &[]),
        path: Vec::new().into(),
        parameters: vec![Parameter::new("body", Location::Body, Kind::Any)].into(),
        fixed: fixed.clone(),
        body: None,
        format: Format::Any,
        ..base.clone()
    };
    Forward {
        path: template(&source.pieces).into(),
        operations: Method::ALL.into_iter().map(operation).collect(),
        trusted: source.trusted.iter().map(|name| name.clone().into()).collect(),
    }
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
