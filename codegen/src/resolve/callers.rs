//! What callers of an adapter have to send: credentials or tokens, over variables of their own, which a client alone does
//! not need.

use super::credential;
use super::variables::Variables;
use crate::codes::Code;
use crate::diagnostic::{Place, Sink};
use crate::linked::{AccessToken, Authentication, Callers, Proof, TemplatePart};
use crate::read::document::{self, Adapter, Text};
use crate::vocabulary::{base_uri, host, is_invisible, is_loopback};

/// The kinds of credentials that a server checks.
const KINDS: [&str; 5] = ["apikey", "api-key", "header", "bearer", "basic"];

/// What callers of adapters of one type have to send. These are served together, so they cannot want different things.
pub(super) fn link<'a>(
    adapters: impl Iterator<Item = &'a Adapter>,
    variables: &Variables<'_>,
    sink: &mut Sink,
) -> Callers {
    let mut linked: Option<(Place, Callers)> = None;
    for adapter in adapters {
        let place = adapter.authentication.as_ref().map_or(adapter.place, |source| source.place);
        let source = adapter.authentication.as_ref();
        let own = source.map(|source| callers(source, variables, sink)).unwrap_or_default();
        match &linked {
            Some((first, known)) if *known != own => {
                let message = "callers of this adapter have to send something else than those of an earlier one";
                let help = format!(
                    "the other one is on {}; adapters of one type are served together",
                    sink.line(*first, place)
                );
                sink.report(Code::InboundAuthentication, place, message, help);
            }
            Some(_) => {}
            None => linked = Some((place, own)),
        }
    }
    linked.map(|(_, callers)| callers).unwrap_or_default()
}

fn callers(source: &document::Authentication, variables: &Variables<'_>, sink: &mut Sink) -> Callers {
    let kind = source.kind.value.to_ascii_lowercase();
    let mut variables = variables.apart();
    if kind == "oauth2" {
        let proof = token(source, &mut variables, sink).map(Proof::Token).unwrap_or_default();
        return Callers { proof, variables: variables.names() };
    }
    if !KINDS.contains(&kind.as_str()) {
        let message =
            format!("authentication of callers by `{kind}` is not supported, and without it the server would be open");
        sink.report(
            Code::InboundAuthentication,
            source.kind.place,
            message,
            "`bearer`, `basic`, `apikey` and `oauth2` are",
        );
        return Callers::default();
    }
    let linked = credential::link(source, &mut variables, sink);
    let in_header = |credential: &Authentication| match credential {
        Authentication::Header { .. } | Authentication::Bearer { .. } | Authentication::Basic { .. } => true,
        Authentication::Query { .. } | Authentication::Cookie { .. } => false,
    };
    if !linked.members.is_empty() || !linked.credentials.iter().all(in_header) {
        let place = source.placement.as_ref().map_or(source.place, |placement| placement.place);
        let message = "callers can send a credential in a header only";
        let help =
            "queries and bodies end up in logs, and browsers send cookies by themselves: use `placement: header`";
        sink.report(Code::InboundAuthentication, place, message, help);
    }
    Callers { proof: Proof::Credentials(linked.credentials), variables: variables.names() }
}

/// The access tokens that are accepted. What is wrong with their description is reported, and nothing is accepted then.
fn token(source: &document::Authentication, variables: &mut Variables<'_>, sink: &mut Sink) -> Option<AccessToken> {
    let fields = &source.oauth2;
    if let Some(validation) = fields.validation.as_ref().filter(|validation| validation.value != "jwks") {
        let message = format!("tokens cannot be validated by `{}`", validation.value);
        let help =
            "write `tokenValidation: jwks`, or leave it out; the authorization server has to sign its tokens then";
        sink.report(Code::InboundAuthentication, validation.place, message, help);
    }
    let issuer = server(source, fields.authorization_server.as_ref(), "authorizationServerUri", variables, sink);
    let resource = server(source, fields.resource.as_ref(), "resource", variables, sink);
    if let Some(insecure) = fields.authorization_server.as_ref().filter(|uri| is_insecure(&uri.value)) {
        let message = format!("the authorization server `{}` is reached without TLS", insecure.value);
        let help =
            "write `https://`: whoever changes what comes from there could make tokens; `http://` is for loopback";
        sink.report(Code::InboundAuthentication, insecure.place, message, help);
    }
    let audience = fields.audience.as_ref().map(|audience| variables.template(audience, sink));
    let scopes = fields.scopes.iter().filter_map(|scope| {
        if is_scope(&scope.value) {
            return Some(variables.template(scope, sink));
        }
        let message = format!("`{}` cannot be a scope that callers have", scope.value.escape_debug());
        let help =
            "a scope is one word of printable ASCII (RFC 6749 §3.3), and `offline_access` is the client's affair";
        sink.report(Code::InboundAuthentication, scope.place, message, help);
        None
    });
    let scopes = scopes.collect();
    Some(AccessToken { issuer: issuer?, resource: resource?, audience, scopes })
}

/// A URI that has to be there, and to be one.
fn server(
    source: &document::Authentication,
    uri: Option<&Text>,
    key: &str,
    variables: &mut Variables<'_>,
    sink: &mut Sink,
) -> Option<Vec<TemplatePart>> {
    let Some(uri) = uri else {
        let message = format!("authentication of type `{}` has no `{key}`", source.kind.value);
        sink.report(Code::MissingKey, source.place, message, format!("add `{key}:`"));
        return None;
    };
    let blank = |c: char| c.is_whitespace() || c.is_control() || is_invisible(c);
    let verdict = if uri.value.contains(blank) { Err("has blanks in it") } else { base_uri(&uri.value).map(drop) };
    if let Err(problem) = verdict {
        let help = "clients look for documents beside it, so it is `https://` and a host, with a path perhaps";
        sink.report(Code::InboundAuthentication, uri.place, format!("`{}` {problem}", uri.value.escape_debug()), help);
    }
    Some(variables.template(uri, sink))
}

/// Whether a URI sends requests to another machine in clear text. What a template stands for is known only later.
fn is_insecure(uri: &str) -> bool {
    let plain = uri.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"));
    plain && !uri.contains("{{") && !is_loopback(host(uri))
}

/// Whether a text can be a scope that is asked of every caller (RFC 6749 §3.3).
fn is_scope(text: &str) -> bool {
    let visible = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
    !text.is_empty() && text != "offline_access" && text.chars().all(visible)
}
