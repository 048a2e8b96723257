//! The ports that the command line sets, each for the first adapter of a type or for the adapter with a namespace.

use std::collections::BTreeSet;

use naftiko_schema::Adapter;

use super::adapters::{self, title};
use super::cli::Serve;
use super::failure::Failure;
use super::list::members;
use super::program::{Exposed, Program};

/// The port for an adapter, and the text that sets it; `None` if the adapter has its own.
fn set<'o>(exposed: &Exposed, options: &'o Serve) -> Option<(&'o str, u16)> {
    let namespace = exposed.adapter.namespace();
    let (mut of_first, mut of_namespace) = (None, None);
    for member in members(adapters::ports(exposed.adapter, options)) {
        match member.split_once('=') {
            Some((name, port)) if name.trim() == namespace => of_namespace = Some((&**member, port.trim())),
            Some(_) => {}
            None => of_first = Some((&**member, &**member)),
        }
    }
    let (text, port) = of_namespace.or(of_first.filter(|_| exposed.further.is_empty()))?;
    Some((text, port.parse().ok()?))
}

/// The port that an adapter listens on; 0 for any free port.
pub(super) fn port(exposed: &Exposed, options: &Serve) -> u16 {
    let set = || set(exposed, options).map(|(_, port)| port);
    if options.any_port { 0 } else { set().unwrap_or(exposed.adapter.port()) }
}

/// Whether each port is for one adapter that is there. Adapters that share a port are one.
pub(super) fn check(program: &'static Program, options: &Serve) -> Result<(), Failure> {
    let all = program.exposed();
    let mut taken = BTreeSet::new();
    for exposed in all.iter().filter_map(|shared| shared.first()) {
        let title = title(exposed.adapter);
        if let Some((text, port)) = set(exposed, options)
            && port != 0
            && !taken.insert((title, text))
        {
            let message = format!("several {title} adapters cannot share one port; leave out its flag");
            return Err(Failure::Refused(message));
        }
    }
    for adapter in program.adapters() {
        check_namespaces(program, adapter, options)?;
    }
    Ok(())
}

/// Whether adapters of this type have the namespaces for which ports are set.
fn check_namespaces(program: &Program, adapter: &Adapter, options: &Serve) -> Result<(), Failure> {
    for (name, _) in members(adapters::ports(adapter, options)).filter_map(|member| member.split_once('=')) {
        let is_it = |known: &Adapter| known.name() == adapter.name() && known.namespace() == name.trim();
        if !program.adapters().any(is_it) {
            let (title, flag) = (title(adapter), adapter.name());
            return Err(Failure::Refused(format!(
                "--{flag}-port {name}=: no {title} adapter has the namespace `{name}`"
            )));
        }
    }
    Ok(())
}
