//! Adapters: one table for each listener.

use naftiko_schema::{Adapter, Capability, Control, Mcp, distinguished};

use super::{Callables, mcp, rest, shared, skills};
use crate::linked::{Linked, Listener};
use crate::model::Paths;
use crate::names::{Scope, Wish, distinct};
use crate::read::document::{self as read, AdapterKind, AdapterType};

/// The adapters, in the order of the file, and the paths of each REST adapter.
pub(super) fn lower(
    linked: &Linked<'_>,
    capability: &Capability,
    callables: &Callables<'_>,
) -> (Vec<Adapter>, Vec<Paths>) {
    let rest = linked.listeners_of(AdapterType::Rest).filter_map(|listener| {
        let table = rest::lower(linked, listener, callables)?;
        Some(((listener.index, table), paths(linked, listener)))
    });
    let (mut rest, paths): (Vec<_>, Vec<_>) = rest.unzip();
    let skills = linked.listeners_of(AdapterType::Skill);
    let mut skills: Vec<_> = skills.filter_map(|it| Some((it.index, skills::lower(linked, it)?))).collect();
    distinguish(skills.iter_mut().map(|(_, skills)| &mut skills.namespace).collect(), "skill");
    let skills: Vec<_> = skills.into_iter().map(|(index, skills)| (index, shared(skills))).collect();
    let mcp = linked.listeners_of(AdapterType::Mcp).filter_map(|listener| {
        let mcp = mcp::lower(linked, listener, capability, callables)?;
        // Skills are for the callers of their own adapter.
        let offered = skills.iter().map(|(_, skills)| skills).filter(|skills| skills.auth == mcp.auth);
        Some((listener.index, Mcp { skills: offered.cloned().collect(), ..mcp }))
    });
    let mut mcp: Vec<_> = mcp.collect();
    distinguish(rest.iter_mut().map(|(_, rest)| &mut rest.namespace).collect(), "rest");
    distinguish(mcp.iter_mut().map(|(_, mcp)| &mut mcp.namespace).collect(), "mcp");
    let control = linked.listeners_of(AdapterType::Control);
    let control = control.filter_map(|it| Some((it.index, Adapter::Control(shared(control_of(it)?)))));
    let adapters = rest.into_iter().map(|(index, rest)| (index, Adapter::Rest(shared(rest))));
    let adapters = adapters.chain(mcp.into_iter().map(|(index, mcp)| (index, Adapter::Mcp(shared(mcp)))));
    let adapters = adapters.chain(skills.into_iter().map(|(index, skills)| (index, Adapter::Skill(skills))));
    let mut adapters: Vec<_> = adapters.chain(control).collect();
    adapters.sort_by_key(|(index, _)| *index);
    (adapters.into_iter().map(|(_, adapter)| adapter).collect(), paths)
}

/// Gives every further adapter of a type a namespace that no other one of the type has.
fn distinguish(namespaces: Vec<&mut naftiko_schema::Text>, adapter_type: &str) {
    let names = namespaces.iter().enumerate().map(|(index, namespace)| match &***namespace {
        "" if index > 0 => adapter_type.to_owned(),
        namespace => namespace.to_owned(),
    });
    let names: Vec<String> = names.collect();
    let chosen = distinct(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for (namespace, chosen) in namespaces.into_iter().zip(chosen) {
        *namespace = chosen.into();
    }
}

/// The modules of adapters: the name of the type for the first, and with the namespace for others.
pub(super) fn modules(adapters: &[Adapter]) -> Vec<String> {
    let further: Vec<Wish> = distinguished(adapters)
        .filter(|(_, further)| !further.is_empty())
        .map(|(adapter, further)| Wish::parameter(&format!("{} {further}", adapter.name()), "adapter"))
        .collect();
    let mut further = Scope::modules().assign(&further).into_iter();
    let module = |(adapter, namespace): (&Adapter, &str)| match namespace {
        "" => adapter.name().to_owned(),
        _ => further.next().unwrap_or_default(),
    };
    distinguished(adapters).map(module).collect()
}

fn paths(linked: &Linked<'_>, listener: Listener<'_>) -> Paths {
    let routes = linked.routes.iter().filter(|route| route.listener == listener.index);
    let forwards = linked.forwards.iter().filter(|forward| forward.listener == listener.index);
    Paths {
        routes: routes.map(|route| route.pieces.clone()).collect(),
        forwards: forwards.map(|forward| forward.pieces.clone()).collect(),
    }
}

fn control_of(listener: Listener<'_>) -> Option<Control> {
    let AdapterKind::Control(declared) = &listener.adapter.kind else { return None };
    let read::Control { health, info, metrics, .. } = *declared;
    Some(Control { port: listener.port, auth: listener.auth.clone(), health, info, metrics })
}
