//! How callers of an adapter authenticate: with credentials or with access tokens. Their variables are separate, because
//! a client alone does not need them.

use naftiko_schema::{AccessToken, Credential, InboundAuth, InboundScheme, Introspection, Location, Template};

use super::variables::Variables;
use crate::codes::Code;
use crate::credential;
use crate::diagnostic::{Sink, Span};
use crate::read::document::{self, Adapter, Text};
use crate::vocabulary::{base_uri, host, is_invisible, is_loopback};

/// How a file says that the authorization server is asked about tokens.
const INTROSPECTION: &str = "introspection";

/// How callers of the adapters of one listener authenticate. These are served together, so they need the same authentication.
pub(super) fn link<'a>(
    adapters: impl Iterator<Item = &'a Adapter>,
    variables: &Variables<'_>,
    sink: &mut Sink,
) -> InboundAuth {
    let mut linked: Option<(Span, InboundAuth)> = None;
    for adapter in adapters {
        let span = adapter.authentication.as_ref().map_or(adapter.span, |source| source.span);
        let source = adapter.authentication.as_ref();
        let own = source.map_or(InboundAuth::NONE, |source| auth(source, variables, sink));
        match &linked {
            Some((first, known)) if *known != own => {
                let message = "two adapters that are served together authenticate their callers in different ways";
                let report = sink.report(Code::InboundAuthentication, span, message);
                let help =
                    "use the same `authentication` for both, or serve them apart, if they can have ports of their own";
                report.label(*first, "the other adapter").help(help);
            }
            Some(_) => {}
            None => linked = Some((span, own)),
        }
    }
    linked.map_or(InboundAuth::NONE, |(_, auth)| auth)
}

fn auth(source: &document::Authentication, variables: &Variables<'_>, sink: &mut Sink) -> InboundAuth {
    let mut variables = variables.unused();
    if source.kind.value.eq_ignore_ascii_case("oauth2") {
        return match token(source, &mut variables, sink) {
            Some(token) => InboundAuth { scheme: InboundScheme::AccessToken(token), variables: variables.tables() },
            None => InboundAuth::NONE,
        };
    }
    if !credential::is_known_inbound(&source.kind.value) {
        let message = format!("authentication of callers by `{}` is not supported", source.kind.value);
        let help = "use `bearer`, `basic`, `digest`, `apikey` or `oauth2`";
        sink.report(Code::InboundAuthentication, source.kind.span, message).help(help);
        return InboundAuth::NONE;
    }
    let (credentials, has_members) = credential::link_inbound(source, &mut variables, sink);
    let is_read = |credential: &Credential| matches!(credential.field().0, Location::Header | Location::Query);
    if has_members || !credentials.iter().all(is_read) {
        let span = source.placement.as_ref().map_or(source.span, |placement| placement.span);
        let message = "callers must send their credential in a header or in the query";
        let help = "use `placement: header`; queries are often logged on the way";
        sink.report(Code::InboundAuthentication, span, message).help(help);
    }
    InboundAuth { scheme: InboundScheme::Credentials(credentials.into()), variables: variables.tables() }
}

/// Which access tokens are accepted. If the description has a problem, it is reported and no token is accepted.
fn token(source: &document::Authentication, variables: &mut Variables<'_>, sink: &mut Sink) -> Option<AccessToken> {
    let fields = &source.oauth2;
    let validation = fields.validation.as_ref();
    if let Some(validation) = validation.filter(|validation| !["jwks", INTROSPECTION].contains(&&*validation.value)) {
        let message = format!("validation of tokens by `{}` is not supported", validation.value);
        let help = "use `tokenValidation: introspection`, or `jwks` if the authorization server signs its tokens";
        sink.report(Code::InboundAuthentication, validation.span, message).help(help);
    }
    let introspects = validation.is_some_and(|validation| validation.value == INTROSPECTION);
    let issuer = server(source, fields.authorization_server.as_ref(), "authorizationServerUri", variables, sink);
    let resource = server(source, fields.resource.as_ref(), "resource", variables, sink);
    let endpoint = fields.introspection_endpoint.as_ref().filter(|_| introspects);
    for insecure in fields.authorization_server.iter().chain(endpoint).filter(|uri| is_insecure(&uri.value)) {
        let message = format!("the authorization server `{}` does not use TLS", insecure.value);
        let help = "use `https://`; `http://` is for this machine only";
        sink.report(Code::InboundAuthentication, insecure.span, message).help(help);
    }
    let audience = fields.audience.as_ref().map(|audience| variables.template(audience, sink));
    let scopes = fields.scopes.iter().filter_map(|scope| {
        if is_scope(&scope.value) {
            return Some(variables.template(scope, sink));
        }
        let message = format!("`{}` is not a valid scope", scope.value.escape_debug());
        let help = "a scope is one word of printable ASCII (RFC 6749 §3.3), other than `offline_access`";
        sink.report(Code::InboundAuthentication, scope.span, message).help(help);
        None
    });
    let scopes = scopes.collect::<Vec<_>>().into();
    let introspection = introspects.then(|| introspection(source, variables, sink));
    Some(AccessToken { issuer: issuer?, resource: resource?, audience, scopes, introspection })
}

/// How the server asks about tokens. The format has no keys for what it is to the authorization server, so a file may leave them
/// to variables.
fn introspection(source: &document::Authentication, variables: &mut Variables<'_>, sink: &mut Sink) -> Introspection {
    let fields = &source.oauth2;
    let text = |given: Option<&Text>, variable: &str, sink: &mut Sink| {
        let usual = || Text { value: format!("{{{{{variable}}}}}"), span: source.span };
        variables.template(&given.cloned().unwrap_or_else(usual), sink)
    };
    let client_id = text(fields.client_id.as_ref(), "INTROSPECTION_CLIENT_ID", sink);
    let client_secret = text(fields.client_secret.as_ref(), "INTROSPECTION_CLIENT_SECRET", sink);
    let endpoint = fields.introspection_endpoint.as_ref();
    let endpoint = endpoint.and_then(|uri| server(source, Some(uri), "introspectionEndpoint", variables, sink));
    Introspection { client_id, client_secret, endpoint }
}

/// A required base URI of a server.
fn server(
    source: &document::Authentication,
    uri: Option<&Text>,
    key: &str,
    variables: &mut Variables<'_>,
    sink: &mut Sink,
) -> Option<Template> {
    let Some(uri) = uri else {
        let message = format!("`{key}` is missing in authentication of type `{}`", source.kind.value);
        sink.report(Code::MissingKey, source.span, message).help(format!("add `{key}:`"));
        return None;
    };
    let blank = |c: char| c.is_whitespace() || c.is_control() || is_invisible(c);
    let verdict = if uri.value.contains(blank) { Err("contains blanks") } else { base_uri(&uri.value).map(drop) };
    if let Err(problem) = verdict {
        let help = "write `https://`, a host, and optionally a path";
        sink.report(Code::InboundAuthentication, uri.span, format!("`{}` {problem}", uri.value.escape_debug()))
            .help(help);
    }
    Some(variables.template(uri, sink))
}

/// Whether requests to a URI go to another machine unencrypted. The value of a template is not known yet.
fn is_insecure(uri: &str) -> bool {
    let plain = uri.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"));
    plain && !uri.contains("{{") && !is_loopback(host(uri))
}

/// Whether a text is a scope that can be required of every caller (RFC 6749 §3.3).
fn is_scope(text: &str) -> bool {
    let visible = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
    !text.is_empty() && text != "offline_access" && text.chars().all(visible)
}
