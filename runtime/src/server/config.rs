//! The configuration as it is in effect, for whoever wonders.

use serde_json::{Map, Value, json};

use super::Program;
use super::cli::{LogFormat, Serve};

/// The configuration as JSON. Of secrets it says only whether they are there.
pub(super) fn describe(program: &Program, options: &Serve) -> Value {
    let capability = program.capability;
    let callers = program.callers().flat_map(|callers| callers.variables);
    let variables = capability.variables.iter().chain(callers).map(|variable| {
        let value = std::env::var(variable.name).ok().filter(|value| !value.trim().is_empty());
        (variable.name.to_owned(), said(value.is_some()))
    });
    let uris = capability.apis.iter().map(|api| (api.namespace.to_owned(), json!(api.base_uri)));
    json!({
        "capability": capability.name,
        "version": capability.version,
        "address": options.address.to_string(),
        "restPort": program.rest.map(|adapter| options.rest_port.unwrap_or(adapter.port)),
        "mcpPort": program.mcp.map(|adapter| options.mcp_port.unwrap_or(adapter.port)),
        "controlPort": program.control.map(|adapter| options.control_port.unwrap_or(adapter.port)),
        "allowUnauthenticated": options.allow_unauthenticated,
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

fn exports_traces() -> bool {
    #[cfg(feature = "otlp")]
    return super::otlp::is_wanted();
    #[cfg(not(feature = "otlp"))]
    return false;
}

fn said(there: bool) -> Value {
    if there { "set".into() } else { Value::Null }
}
