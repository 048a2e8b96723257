//! `apikey`: a key in a header, the query, a cookie or the body.

use naftiko_schema::{ApiKey, Credential, Location, Template};
use serde_json::{Value, json};

use super::{Kind, Linker};
use crate::codes::Code;
use crate::read::document::Text;
use crate::vocabulary::is_token;

pub(super) const KIND: Kind = Kind { names: &["apikey", "api-key", "header", "query"], link };

pub(super) fn link(linker: &mut Linker<'_, '_>) -> Vec<Credential> {
    let source = linker.source;
    let mut credentials = Vec::new();
    for (pairs, placement) in [(&source.headers, "header"), (&source.parameters, "query")] {
        for (name, value) in pairs {
            let value = linker.variables.template(value, linker.sink);
            credentials.extend(placed(linker, name, value, placement));
        }
    }
    if source.headers.is_empty() && source.parameters.is_empty() {
        let value = linker.template(source.value.as_ref().or(source.token.as_ref()), "value");
        let Some(name) = &source.key else {
            linker.missing("key");
            return credentials;
        };
        let implied = if source.kind.value.eq_ignore_ascii_case("query") { "query" } else { "header" };
        let placement = source.placement.as_ref().map_or(implied, |placement| placement.value.as_str());
        credentials.extend(placed(linker, name, value, placement));
    }
    credentials
}

fn placed(linker: &mut Linker<'_, '_>, name: &Text, value: Template, placement: &str) -> Option<Credential> {
    let location = match placement {
        "header" | "cookie" if !is_token(&name.value) => {
            let message = format!("`{}` is not a valid name of a {placement}", name.value);
            let help = "use letters, digits and hyphens (RFC 9110 §5.1)";
            linker.sink.report(Code::BadHeaderName, name.span, message).help(help);
            return None;
        }
        "header" => Location::Header,
        "cookie" => Location::Cookie,
        "query" => Location::Query,
        "body" => {
            linker.member(name, value);
            return None;
        }
        other => {
            let span = linker.source.placement.as_ref().map_or(name.span, |placement| placement.span);
            let message = format!("an API key cannot be placed in `{other}`");
            linker.sink.report(Code::CredentialKind, span, message).help("use `header`, `query`, `cookie` or `body`");
            return None;
        }
    };
    Some(Credential::ApiKey(ApiKey { location, name: name.value.clone().into(), value }))
}

pub(super) fn openapi_scheme(key: &ApiKey) -> (&'static str, Value) {
    ("api-key", json!({"type": "apiKey", "in": key.location.as_str(), "name": key.name}))
}
