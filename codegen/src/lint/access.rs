//! Rules for the authentication of those who call an adapter.

use super::tree::{self, Member};
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::yaml::Node;

pub(super) fn check(root: &Node, sink: &mut Sink) {
    for adapter in tree::own(root, "exposes") {
        let Some(authentication) = tree::get(adapter.node, "authentication") else { continue };
        if tree::adapter_kind(adapter.node) == Some("mcp") && tree::says(adapter.node, "transport", "stdio") {
            let message =
                format!("the adapter {} speaks over standard input, where nobody is authenticated", adapter.called());
            let help = "remove `authentication`, or use `transport: http`";
            sink.report(Code::StdioAuthentication, authentication.place, message, help);
        }
        if tree::says(authentication, "type", "oauth2") {
            check_oauth(&adapter, authentication, sink);
        }
    }
}

fn check_oauth(adapter: &Member<'_>, authentication: &Node, sink: &mut Sink) {
    // What a template stands for is known only later.
    let insecure = |keys: &[&str]| {
        tree::first_text(authentication, keys)
            .filter(|uri| !uri.text.starts_with("https://") && !uri.text.contains("{{"))
    };
    if let Some(server) = insecure(&["authorizationServerUri", "authorizationServerUrl"]) {
        let message =
            format!("the authorization server `{}` of {} is not an https address", server.text, adapter.called());
        let help = "tokens are only as trustworthy as the connection on which their keys came";
        sink.report(Code::InsecureIssuer, server.place, message, help);
    }
    if let Some(resource) = insecure(&["resource"]) {
        let message = format!("the resource `{}` of {} is not an https address", resource.text, adapter.called());
        sink.report(Code::InsecureResource, resource.place, message, "write the address at which clients reach it");
    }
    if tree::is_empty(authentication, "scopes") {
        let message = format!("the OAuth authentication of {} names no scopes", adapter.called());
        let help = "add `scopes:`, so that clients know which to ask for";
        sink.report(Code::MissingScopes, authentication.place, message, help);
    }
}
