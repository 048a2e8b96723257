//! The configuration in effect, for `--print-config`.

use http::HeaderName;
use naftiko_schema::{InboundAuth, InboundScheme, Template};
use serde_json::{Map, Value, json};

use super::cli::{Errors, LogFormat, Serve};
use super::list::{List, members};
use super::ports;
use super::program::{Exposed, Program};

/// The configuration as JSON. It shows only whether secrets are set, never their values.
pub(super) fn describe(program: &'static Program, options: &Serve) -> Value {
    let environment = options.environment.clone().with_folder(options.upstream.bind_files.clone());
    let variables =
        program.variables().map(|variable| (variable.name.to_string(), set(environment.value(variable).is_ok())));
    let defaults = program.defaults().filter_map(|default| {
        let name = default.configured.as_deref()?;
        Some((name.to_owned(), json!(options.environment.get(name))))
    });
    let all: Vec<_> = program.exposed().into_iter().flatten().collect();
    let callers = all.iter().map(|exposed| (key(exposed), auth(exposed.adapter.auth())));
    let further = all.iter().filter(|exposed| exposed.apart().is_some());
    let further_ports = further.map(|exposed| (key(exposed), json!(ports::port(exposed, options))));
    let uris = program.served().flat_map(|served| served.capability.apis.iter());
    let uris = uris.map(|api| (api.namespace.to_string(), json!(api.base_uri)));
    let port = |name: &str| {
        all.iter().find(|exposed| exposed.adapter.name() == name).map(|exposed| ports::port(exposed, options))
    };
    let capability = program.about();
    let list = |lists: &[List]| members(lists).map(String::as_str).collect::<Value>();
    json!({
        "capability": capability.map(|capability| &*capability.name),
        "version": capability.map(|capability| &*capability.version),
        "address": options.address.to_string(),
        "restPort": port("rest"),
        "mcpPort": port("mcp"),
        "controlPort": port("control"),
        "furtherPorts": further_ports.collect::<Map<_, _>>(),
        "allowUnauthenticated": options.allow_unauthenticated,
        "callers": callers.collect::<Map<_, _>>(),
        "bearerToken": set(options.bearer_token.is_some()),
        "apiKey": set(options.api_key.is_some()),
        "bearerTokens": options.bearer_tokens,
        "apiKeys": options.api_keys,
        "apiKeyHeader": options.api_key_header,
        "maxInFlight": options.max_in_flight,
        "maxConnections": options.max_connections,
        "addressShare": options.address_share,
        "bodyMemoryMib": options.body_memory,
        "rateLimit": options.rate_limit,
        "trustedProxies": list(&options.trusted_proxies),
        "forwardedField": options.forwarded_field.as_ref().map(HeaderName::as_str),
        "headTimeoutSeconds": options.head_timeout,
        "keepAliveTimeoutSeconds": options.keep_alive_timeout,
        "writeTimeoutSeconds": options.write_timeout,
        "tlsCertificate": options.tls_certificate,
        "tlsKey": options.tls_key,
        "logFormat": match options.log.format {
            LogFormat::Human => "human",
            LogFormat::Json => "json",
        },
        "exportsTraces": exports_traces(),
        "accessLog": options.access_log,
        "errors": match options.errors {
            Errors::PassThrough => "pass-through",
            Errors::Problem => "problem",
        },
        "allowedHosts": list(&options.allowed_host),
        "allowedOrigins": list(&options.allowed_origin),
        "forwardHeaders": list(&options.forward_header),
        "mcp": options.tools.describe(),
        "onBehalf": options.on_behalf.describe(),
        "callTimeoutSeconds": options.upstream.call_timeout,
        "cacheMib": options.upstream.cache,
        "allowPlainHttp": options.upstream.allow_plain_http,
        "allowDotSegments": options.upstream.allow_dot_segments,
        "baseUris": uris.collect::<Map<_, _>>(),
        "baseUriOverrides": list(&options.upstream.base_uri),
        "variables": variables.collect::<Map<_, _>>(),
        "defaults": defaults.collect::<Map<_, _>>(),
    })
}

/// An adapter by its type, and by its namespace if it is not the first of its type.
fn key(exposed: &Exposed) -> String {
    let name = exposed.adapter.name();
    if exposed.further.is_empty() { name.to_owned() } else { format!("{name} {}", exposed.further) }
}

/// How callers authenticate, with the names of variables in place of their values.
fn auth(auth: &InboundAuth) -> Value {
    let text = |template: &Template| template.source(&auth.variables);
    match &auth.scheme {
        InboundScheme::Credentials(credentials) => {
            credentials.iter().map(|credential| json!({"type": credential.kind()})).collect()
        }
        InboundScheme::AccessToken(token) => json!([{
            "type": "oauth2",
            "authorizationServerUri": text(&token.issuer),
            "resource": text(&token.resource),
            "audience": token.audience.as_ref().map(text),
            "scopes": token.scopes.iter().map(text).collect::<Vec<_>>(),
            "tokenValidation": if token.introspection.is_some() { "introspection" } else { "jwks" },
        }]),
    }
}

fn exports_traces() -> bool {
    #[cfg(feature = "otlp")]
    return super::otlp::is_enabled();
    #[cfg(not(feature = "otlp"))]
    return false;
}

fn set(is_set: bool) -> Value {
    if is_set { "set".into() } else { Value::Null }
}
