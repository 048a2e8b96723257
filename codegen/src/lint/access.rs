//! Rules for the authentication of callers.

use super::tree::{self, Member};
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::yaml::Node;

pub(super) fn check(root: &Node, sink: &mut Sink) {
    for adapter in tree::own(root, "exposes") {
        let Some(authentication) = tree::get(adapter.node, "authentication") else { continue };
        if tree::adapter_kind(adapter.node) == Some("mcp") && tree::says(adapter.node, "transport", "stdio") {
            let message =
                format!("`authentication` of the adapter {} has no effect over standard input", adapter.called());
            let help = "remove `authentication`, or use `transport: http`";
            sink.report(Code::StdioAuthentication, authentication.span, message).help(help);
        }
        if tree::says(authentication, "type", "oauth2") {
            check_oauth(&adapter, authentication, sink);
        }
    }
}

fn check_oauth(adapter: &Member<'_>, authentication: &Node, sink: &mut Sink) {
    // The value of a template is not known here.
    let insecure = |keys: &[&str]| {
        tree::first_text(authentication, keys)
            .filter(|uri| !uri.text.starts_with("https://") && !uri.text.contains("{{"))
    };
    if let Some(server) = insecure(&["authorizationServerUri", "authorizationServerUrl"]) {
        let message = format!("the authorization server `{}` of {} does not use https", server.text, adapter.called());
        let help = "write `https://`: the keys that check tokens are loaded from there";
        sink.report(Code::InsecureIssuer, server.span, message).help(help);
    }
    if let Some(resource) = insecure(&["resource"]) {
        let message = format!("the resource `{}` of {} does not use https", resource.text, adapter.called());
        sink.report(Code::InsecureResource, resource.span, message).help("write the https address that clients use");
    }
    if tree::is_empty(authentication, "scopes") {
        let message = format!("`scopes` is missing in the OAuth authentication of {}", adapter.called());
        let help = "add `scopes:`, so that clients know what to request";
        sink.report(Code::MissingScopes, authentication.span, message).help(help);
    }
}
