//! Rules for where things are: base URIs, paths of routes, addresses, ports and tunnels.

use super::tree::{self, Member, Name};
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::yaml::Node;
use crate::vocabulary::{host, is_loopback};

/// Names that stand for others in documentation (RFC 2606 §3).
const EXAMPLES: [&str; 3] = ["example.com", "example.net", "example.org"];

/// Endings of host names that are public more often than not.
const PUBLIC: [&str; 9] = ["com", "net", "org", "io", "co", "app", "dev", "cloud", "ai"];

pub(super) fn check(root: &Node, sink: &mut Sink) {
    for api in tree::own(root, "consumes") {
        let base = tree::text_of(api.node, "baseUri");
        if let Some(base) = base {
            check_base_uri(&api, base, sink);
        }
        if let Some(tunnel) = tree::get(api.node, "tunnel") {
            check_tunnel(root, &api, tunnel, base, sink);
        }
    }
    for resource in tree::resources(root) {
        let operations = tree::members(resource.node, "operations", "name");
        let paths = [resource].into_iter().chain(operations);
        for path in paths.filter_map(|member| tree::text_of(member.node, "path")) {
            // The path of a root is nothing but a slash.
            if path.text.len() > 1 && path.text.ends_with('/') {
                let message =
                    format!("the path `{}` ends with a slash, and requests without it are not answered", path.text);
                sink.report_once(Code::RouteSlash, "", path.place, message, "leave the last slash out");
            }
        }
    }
    for adapter in tree::own(root, "exposes") {
        let address = tree::text_of(adapter.node, "address").filter(|address| is_example(address.text));
        if let Some(address) = address {
            let message = format!("the address `{}` of the adapter {} is an example", address.text, adapter.called());
            sink.report(Code::ExampleAddress, address.place, message, "write the real address, or leave it out");
        }
    }
    check_control(root, sink);
}

fn check_base_uri(api: &Member<'_>, base: Name<'_>, sink: &mut Sink) {
    if base.text.ends_with('/') {
        let message = format!("the base URI of {} ends with a slash, and paths start with one", api.called());
        sink.report(Code::BaseUriSlash, base.place, message, "leave the last slash out");
    }
    if is_example(host(base.text)) {
        let message = format!("the base URI `{}` of {} is an example", base.text, api.called());
        sink.report(
            Code::ExampleBaseUri,
            base.place,
            message,
            "write the real one, or leave `baseUri` to configuration",
        );
    }
}

fn is_example(host: &str) -> bool {
    EXAMPLES.iter().any(|name| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// A control adapter reloads and stops things; it has a port that nothing else has, on this machine.
fn check_control(root: &Node, sink: &mut Sink) {
    let adapters = tree::own(root, "exposes");
    let port = |adapter: &Member<'_>| tree::text_of(adapter.node, "port").map(|port| port.text.to_owned());
    let (controls, others): (Vec<_>, Vec<_>) =
        adapters.into_iter().partition(|adapter| tree::adapter_kind(adapter.node) == Some("control"));
    for second in controls.iter().skip(1) {
        let message = "a capability has one control adapter at most, and this is another";
        sink.report(Code::ControlPort, second.place(), message, "remove it");
    }
    for control in &controls {
        let shared = others.iter().find(|other| port(other).is_some() && port(other) == port(control));
        if let (Some(other), Some(port)) = (shared, tree::text_of(control.node, "port")) {
            let message = format!("the control adapter has the port {} of the adapter {}", port.text, other.called());
            sink.report(Code::ControlPort, port.place, message, "give it a port of its own");
        }
        if let Some(address) = tree::text_of(control.node, "address").filter(|address| !is_loopback(address.text)) {
            let message = format!("the control adapter listens at `{}`, where other machines reach it", address.text);
            sink.report(Code::ControlAddress, address.place, message, "write `localhost`, or leave `address` out");
        }
    }
}

fn check_tunnel(root: &Node, api: &Member<'_>, tunnel: &Node, base: Option<Name<'_>>, sink: &mut Sink) {
    if let Some(identity) = tree::text_of(tunnel, "identity") {
        for variable in variables(identity.text).filter(|variable| !is_bound(root, variable)) {
            let message =
                format!("the identity of the tunnel to {} is `{variable}`, which no bind declares", api.called());
            sink.report(Code::TunnelIdentity, identity.place, message, "add it to the `keys` of a bind");
        }
    }
    let Some(base) = base else { return };
    let host = host(base.text);
    if tree::says(tunnel, "fallback", "direct") && !is_loopback(host) {
        let message = format!("without its tunnel, {} is called in the open at `{host}`", api.called());
        let place = tree::first_text(tunnel, &["fallback"]).map_or(base.place, |fallback| fallback.place);
        sink.report(Code::TunnelFallback, place, message, "write `fallback: fail`");
    }
    if host.rsplit_once('.').is_some_and(|(_, ending)| PUBLIC.contains(&ending)) {
        let message = format!("the tunnel to {} leads to `{host}`, which looks like a public name", api.called());
        sink.report(
            Code::TunnelPublic,
            base.place,
            message,
            "make sure that the name is resolved inside of the tunnel",
        );
    }
}

/// The variables of a template, without braces and spaces.
fn variables(template: &str) -> impl Iterator<Item = &str> {
    template.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(variable, _)| variable.trim())
}

/// Whether a bind declares a variable. What an imported bind declares stands in another file.
fn is_bound(root: &Node, variable: &str) -> bool {
    let (namespace, key) = variable.split_once('.').map_or((None, variable), |(space, key)| (Some(space), key));
    tree::section(root, "binds").iter().any(|bind| {
        if tree::is_import(bind.node, "binds") {
            let name = tree::first_text(bind.node, &["as", "import"]);
            return namespace.is_none_or(|wanted| name.is_some_and(|name| name.text == wanted));
        }
        let named = namespace.is_none_or(|wanted| bind.name.is_some_and(|name| name.text == wanted));
        named && tree::get(bind.node, "keys").is_some_and(|keys| keys.get(key).is_some())
    })
}
