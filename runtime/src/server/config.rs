//! The configuration as it is in effect, for whoever wonders.

use serde_json::{Map, Value, json};

use super::Program;
use super::cli::{LogFormat, Serve};
use crate::exposure::{Callers, Proof};
use crate::operation::{Authentication, Template, TemplatePart};

/// The configuration as JSON. Of secrets it says only whether they are there.
pub(super) fn describe(program: &Program, options: &Serve) -> Value {
    let capability = program.capability;
    let callers = program.callers().flat_map(|callers| callers.variables);
    let variables = capability.variables.iter().chain(callers).map(|variable| {
        let value = std::env::var(variable.name).ok().filter(|value| !value.trim().is_empty());
        (variable.name.to_owned(), said(value.is_some()))
    });
    let proofs = [
        ("rest", program.rest.map(|adapter| adapter.callers)),
        ("mcp", program.mcp.map(|adapter| adapter.callers)),
        ("control", program.control.map(|adapter| adapter.callers)),
    ];
    let proofs = proofs.into_iter().filter_map(|(name, callers)| Some((name.to_owned(), proof(&callers?))));
    let uris = capability.apis.iter().map(|api| (api.namespace.to_owned(), json!(api.base_uri)));
    json!({
        "capability": capability.name,
        "version": capability.version,
        "address": options.address.to_string(),
        "restPort": program.rest.map(|adapter| options.rest_port.unwrap_or(adapter.port)),
        "mcpPort": program.mcp.map(|adapter| options.mcp_port.unwrap_or(adapter.port)),
        "controlPort": program.control.map(|adapter| options.control_port.unwrap_or(adapter.port)),
        "allowUnauthenticated": options.allow_unauthenticated,
        "callers": proofs.collect::<Map<_, _>>(),
        "bearerToken": said(options.bearer_token.is_some()),
        "apiKey": said(options.api_key.is_some()),
        "apiKeyHeader": options.api_key_header,
        "maxInFlight": options.max_in_flight,
        "rateLimit": options.rate_limit,
        "headTimeoutSeconds": options.head_timeout,
        "tlsCertificate": options.tls_certificate,
        "tlsKey": options.tls_key,
        "logFormat": match options.log.format {
            LogFormat::Human => "human",
            LogFormat::Json => "json",
        },
        "exportsTraces": exports_traces(),
        "accessLog": options.access_log,
        "allowedHosts": options.allowed_host,
        "allowedOrigins": options.allowed_origin,
        "forwardHeaders": options.forward_header,
        "mcp": options.tools.describe(),
        "callTimeoutSeconds": options.upstream.call_timeout,
        "allowPlainHttp": options.upstream.allow_plain_http,
        "baseUris": uris.collect::<Map<_, _>>(),
        "baseUriOverrides": options.upstream.base_uri,
        "variables": variables.collect::<Map<_, _>>(),
    })
}

/// What the capability wants from callers, with the names of variables for their values.
fn proof(callers: &Callers) -> Value {
    let kind = |credential: &Authentication| match credential {
        Authentication::Bearer { .. } => "bearer",
        Authentication::Basic { .. } => "basic",
        Authentication::Header { .. } | Authentication::Query { .. } | Authentication::Cookie { .. } => "apikey",
    };
    let part = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => (*text).to_owned(),
        TemplatePart::Variable(index) => {
            format!("{{{{{}}}}}", callers.variables.get(*index).map_or("", |variable| variable.name))
        }
    };
    let text = |template: Template| template.iter().map(part).collect::<String>();
    match &callers.proof {
        Proof::Credentials(credentials) => {
            credentials.iter().map(|credential| json!({"type": kind(credential)})).collect()
        }
        Proof::Token(token) => json!([{
            "type": "oauth2",
            "authorizationServerUri": text(token.issuer),
            "resource": text(token.resource),
            "audience": token.audience.map(text),
            "scopes": token.scopes.iter().map(|scope| text(scope)).collect::<Vec<_>>(),
        }]),
    }
}

fn exports_traces() -> bool {
    #[cfg(feature = "otlp")]
    return super::otlp::is_wanted();
    #[cfg(not(feature = "otlp"))]
    return false;
}

fn said(there: bool) -> Value {
    if there { "set".into() } else { Value::Null }
}
