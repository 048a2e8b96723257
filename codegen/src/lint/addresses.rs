//! Rules for base URIs, paths of routes, addresses, ports and tunnels.

use super::tree::{self, Member, Name};
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::yaml::Node;
use crate::vocabulary::{host, is_loopback};

/// Host names for use in documentation (RFC 2606 §3).
const EXAMPLES: [&str; 3] = ["example.com", "example.net", "example.org"];

/// Endings of host names that are usually public.
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
            // The path of the root is a single slash.
            if path.text.len() > 1 && path.text.ends_with('/') {
                let message = format!("the path `{}` ends with a slash; requests without it get 404", path.text);
                let report = sink.report_once(Code::RouteSlash, "", path.span, message);
                let report = report.help("remove the slash at the end");
                report.replace(path.span, path.text, path.text.trim_end_matches('/'), false);
            }
        }
    }
    for adapter in tree::own(root, "exposes") {
        let address = tree::text_of(adapter.node, "address").filter(|address| is_example(address.text));
        if let Some(address) = address {
            let message =
                format!("the address `{}` of the adapter {} is a name for examples", address.text, adapter.called());
            sink.report(Code::ExampleAddress, address.span, message)
                .help("write the real address, or remove `address`");
        }
    }
    check_control(root, sink);
}

fn check_base_uri(api: &Member<'_>, base: Name<'_>, sink: &mut Sink) {
    if base.text.ends_with('/') {
        let message = format!("the base URI of {} ends with a slash, but paths start with one", api.called());
        let report = sink.report(Code::BaseUriSlash, base.span, message).help("remove the slash at the end");
        report.replace(base.span, base.text, base.text.trim_end_matches('/'), true);
    }
    if is_example(host(base.text)) {
        let message = format!("the base URI `{}` of {} is a name for examples", base.text, api.called());
        sink.report(Code::ExampleBaseUri, base.span, message)
            .help("write the real URI, or remove `baseUri` so that the operator sets it");
    }
}

fn is_example(host: &str) -> bool {
    EXAMPLES.iter().any(|name| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// A control adapter can reload and stop a server, so it has its own port, on this machine only.
fn check_control(root: &Node, sink: &mut Sink) {
    let adapters = tree::own(root, "exposes");
    let port = |adapter: &Member<'_>| tree::text_of(adapter.node, "port").map(|port| port.text.to_owned());
    let (controls, others): (Vec<_>, Vec<_>) =
        adapters.into_iter().partition(|adapter| tree::adapter_kind(adapter.node) == Some("control"));
    for second in controls.iter().skip(1) {
        let message = "a capability can have only one control adapter";
        let report = sink.report(Code::ControlPort, second.span(), message).help("remove one of the two");
        if let Some(first) = controls.first() {
            report.label(first.span(), "the first one");
        }
    }
    for control in &controls {
        let shared = others.iter().find(|other| port(other).is_some() && port(other) == port(control));
        if let (Some(other), Some(port)) = (shared, tree::text_of(control.node, "port")) {
            let message =
                format!("the control adapter shares the port {} with the adapter {}", port.text, other.called());
            sink.report(Code::ControlPort, port.span, message).help("use another port");
        }
        if let Some(address) = tree::text_of(control.node, "address").filter(|address| !is_loopback(address.text)) {
            let message = format!("the control adapter at `{}` can be reached from other machines", address.text);
            sink.report(Code::ControlAddress, address.span, message).help("write `localhost`, or remove `address`");
        }
    }
}

fn check_tunnel(root: &Node, api: &Member<'_>, tunnel: &Node, base: Option<Name<'_>>, sink: &mut Sink) {
    if let Some(identity) = tree::text_of(tunnel, "identity") {
        for variable in variables(identity.text).filter(|variable| !is_bound(root, variable)) {
            let message = format!("unknown variable `{variable}` in the identity of the tunnel to {}", api.called());
            sink.report(Code::TunnelIdentity, identity.span, message).help("add it to the `keys` of a bind");
        }
    }
    let Some(base) = base else { return };
    let host = host(base.text);
    if tree::says(tunnel, "fallback", "direct") && !is_loopback(host) {
        let message = format!("if the tunnel fails, {} is called directly at `{host}`", api.called());
        let span = tree::first_text(tunnel, &["fallback"]).map_or(base.span, |fallback| fallback.span);
        sink.report(Code::TunnelFallback, span, message).help("write `fallback: fail`");
    }
    if host.rsplit_once('.').is_some_and(|(_, ending)| PUBLIC.contains(&ending)) {
        let message = format!("`{host}` behind the tunnel to {} looks like a public name", api.called());
        sink.report(Code::TunnelPublic, base.span, message).help("check that the name is resolved inside the tunnel");
    }
}

/// The variables of a template, without braces and spaces.
fn variables(template: &str) -> impl Iterator<Item = &str> {
    template.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(variable, _)| variable.trim())
}

/// Whether a bind declares a variable. Imported binds are in other files, so they are trusted.
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
