//! The kinds of credential: how a specification spells each, the table that it becomes, and its OpenAPI scheme.

use naftiko_schema::{
    ApiKey, Basic, Bearer, Credential, Digest, Location, OAuth2, SigV4, Signed, SignedMember, Template, TemplatePart,
};
use serde_json::{Value, json};

use super::Linker;
use crate::codes::Code;
use crate::read::document::Text;
use crate::vocabulary::is_token;

/// A kind of credential.
pub(super) struct Kind {
    /// The words for it, in lower case.
    pub(super) names: &'static [&'static str],
    /// Whether a server can ask its callers for it.
    pub(super) is_inbound: bool,
    /// The credentials that an `authentication` of this kind means.
    pub(super) link: fn(&mut Linker<'_, '_>) -> Vec<Credential>,
}

/// The kinds that are known.
pub(super) static KINDS: [Kind; 7] = [
    Kind { names: &["apikey", "api-key", "header", "query"], is_inbound: true, link: api_key },
    Kind { names: &["bearer"], is_inbound: true, link: bearer },
    Kind { names: &["basic"], is_inbound: true, link: basic },
    Kind { names: &["oauth2"], is_inbound: false, link: oauth2 },
    Kind { names: &["digest"], is_inbound: true, link: digest },
    Kind { names: &["sigv4", "aws-sigv4", "aws-sig-v4", "aws-signature-v4"], is_inbound: false, link: sigv4 },
    Kind { names: SIGNED, is_inbound: false, link: signed },
];

/// The kinds whose name does not say how requests are signed.
pub(super) const SIGNED: &[&str] = &[
    "hmac",
    "hmac-sha1",
    "hmac-sha256",
    "hmac-sha512",
    "oauth1",
    "oauth1a",
    "oauth1.0",
    "oauth1.0a",
    "signature",
    "http-signature",
    "hawk",
    "edgegrid",
    "custom",
    "custom-token",
];

/// What to use in place of an unknown kind.
pub(super) const HELP: &str =
    "use `apikey`, `bearer`, `basic`, `digest`, `oauth2` or `sigv4`; or `custom`, for a `Signer` of the application";

/// The name of a credential among OpenAPI's security schemes, and its scheme (OpenAPI 3.1, "Security Scheme Object").
pub(crate) fn openapi_scheme(credential: &Credential) -> (&'static str, Value) {
    match credential {
        Credential::ApiKey(key) => {
            ("api-key", json!({"type": "apiKey", "in": key.location.as_str(), "name": key.name}))
        }
        Credential::Bearer(_) => ("bearer", json!({"type": "http", "scheme": "bearer"})),
        Credential::OAuth2(_) => ("oauth2", json!({"type": "http", "scheme": "bearer"})),
        Credential::Basic(_) => ("basic", json!({"type": "http", "scheme": "basic"})),
        Credential::Digest(_) => ("digest", json!({"type": "http", "scheme": "digest"})),
        // As AWS itself exports its interfaces: OpenAPI has no type for signatures.
        Credential::SigV4(_) => {
            let (kind, scheme) = ("x-amazon-apigateway-authtype", "awsSigv4");
            ("sigv4", json!({"type": "apiKey", "in": "header", "name": "Authorization", kind: scheme}))
        }
        Credential::Signed(signed) => ("signed", json!({"type": "http", "scheme": signed.kind})),
    }
}

/// A key in a header, the query, a cookie or the body.
fn api_key(linker: &mut Linker<'_, '_>) -> Vec<Credential> {
    let source = linker.source;
    let mut credentials = Vec::new();
    for (pairs, placement) in [(&source.headers, "header"), (&source.parameters, "query")] {
        for (name, value) in pairs {
            let value = linker.text(value);
            credentials.extend(placed(linker, name, value, placement));
        }
    }
    if source.headers.is_empty() && source.parameters.is_empty() {
        let Some(name) = &source.key else {
            linker.missing("key");
            return credentials;
        };
        // Of a key without a value, as OpenAPI describes it, the environment has the value. APIs never share it.
        let implied =
            linker.api.map(|api| Text { value: format!("{{{{env.{api}-{}}}}}", name.value), span: source.span });
        let value = linker.template(source.value.as_ref().or(source.token.as_ref()).or(implied.as_ref()), "value");
        let implied = if source.kind.value.eq_ignore_ascii_case("query") { "query" } else { "header" };
        let placement = source.placement.as_ref().map_or(implied.into(), |placement| placement.value.to_lowercase());
        credentials.extend(placed(linker, name, value, &placement));
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

/// A token in `Authorization: Bearer` (RFC 6750).
fn bearer(linker: &mut Linker<'_, '_>) -> Vec<Credential> {
    let source = linker.source;
    if source.token.is_none() && source.key.is_some() {
        // Some files place a bearer token in a header of their own.
        return api_key(linker);
    }
    let given = source.token.as_ref().or(source.value.as_ref());
    // A server whose callers' token is empty must let none of them in.
    if let (Some(empty), Some(api)) = (given.filter(|text| text.value.trim().is_empty()), linker.api) {
        let message = format!("the token is empty: requests to `{api}` have no credential");
        let help = "write a variable, such as `{{TOKEN}}`, or remove `authentication`";
        linker.sink.report(Code::NoEffect, empty.span, message).help(help);
        return Vec::new();
    }
    let token = linker.template(given, "token");
    vec![Credential::Bearer(Bearer { token })]
}

/// A user name and a password in `Authorization: Basic` (RFC 7617).
fn basic(linker: &mut Linker<'_, '_>) -> Vec<Credential> {
    let source = linker.source;
    let username = linker.template(source.username.as_ref(), "username");
    let password = linker.template(source.password.as_ref(), "password");
    vec![Credential::Basic(Basic { username, password })]
}

/// A user name and a password that answer a challenge (RFC 7616).
fn digest(linker: &mut Linker<'_, '_>) -> Vec<Credential> {
    let source = linker.source;
    let username = linker.template(source.username.as_ref(), "username");
    let password = linker.template(source.password.as_ref(), "password");
    vec![Credential::Digest(Digest { username, password })]
}

/// A signature of AWS, version 4, over each request.
fn sigv4(linker: &mut Linker<'_, '_>) -> Vec<Credential> {
    let fields = &linker.source.aws;
    let access_key = linker.configured(fields.access_key.as_ref(), "accessKeyId");
    let secret_key = linker.configured(fields.secret_key.as_ref(), "secretAccessKey");
    let session_token = fields.session_token.as_ref();
    let session_token = session_token.map_or(Template::new(&[]), |token| linker.fixed(token));
    let region = linker.configured(fields.region.as_ref(), "region");
    let service = linker.configured(fields.service.as_ref(), "service");
    vec![Credential::SigV4(SigV4 { access_key, secret_key, session_token, region, service })]
}

/// A signature that a signer of the application makes, which gets all keys.
fn signed(linker: &mut Linker<'_, '_>) -> Vec<Credential> {
    let source = linker.source;
    let kind = &source.kind;
    if let Some(api) = linker.api {
        let message = format!(
            "requests to `{api}` need a signer of the application: `{}` does not say how they are signed",
            kind.value
        );
        let help = format!("the program that makes the client or starts the server registers a `Signer` under `{api}`");
        linker.sink.report(Code::SignerSetup, kind.span, message).help(help);
    }
    let member =
        |(name, value): &(Text, Text)| SignedMember { name: name.value.clone().into(), value: linker.fixed(value) };
    let members: Vec<_> = source.members.iter().map(member).collect();
    vec![Credential::Signed(Signed { kind: kind.value.clone().into(), members: members.into() })]
}

/// A token of an authorization server, by the client credentials grant or with a refresh token (RFC 6749 §4.4, §6).
fn oauth2(linker: &mut Linker<'_, '_>) -> Vec<Credential> {
    let fields = &linker.source.oauth2;
    let says_how = fields.grant.is_some() || fields.client_id.is_some() || fields.refresh_token.is_some();
    if let (None, false, Some(api)) = (&fields.token_endpoint, says_how, linker.api) {
        // As OpenAPI describes it, for tokens that the operator, or a provider, gets in another way.
        let implied = Text { value: format!("{{{{env.{api}-token}}}}"), span: linker.source.span };
        let token = linker.template(linker.source.token.as_ref().or(Some(&implied)), "token");
        return vec![Credential::Bearer(Bearer { token })];
    }
    if fields.token_endpoint.is_none() {
        let message = "authentication of type `oauth2` does not say where the client gets its token";
        let help = "add `tokenEndpoint`, `clientId` and `clientSecret`; or use `bearer` with a token that exists";
        linker.sink.report(Code::CredentialKind, linker.source.span, message).help(help);
        return Vec::new();
    }
    let refreshes = match fields.grant.as_ref().map(|grant| grant.value.to_lowercase().replace('_', "-")).as_deref() {
        None => fields.refresh_token.is_some(),
        Some("client-credentials") => false,
        Some("refresh-token") => true,
        Some(other) => {
            let message = format!("the grant `{other}` is not supported");
            let span = fields.grant.as_ref().map_or(linker.source.span, |grant| grant.span);
            let help = "use `client-credentials` or `refresh-token`";
            linker.sink.report(Code::CredentialKind, span, message).help(help);
            return Vec::new();
        }
    };
    let endpoint = linker.configured(fields.token_endpoint.as_ref(), "tokenEndpoint");
    let client_id = linker.configured(fields.client_id.as_ref(), "clientId");
    let client_secret = linker.configured(fields.client_secret.as_ref(), "clientSecret");
    let mut scope: Vec<TemplatePart> = Vec::new();
    for text in fields.scope.iter().chain(&fields.scopes) {
        if !scope.is_empty() {
            scope.push(TemplatePart::Literal(" ".into()));
        }
        scope.extend(linker.fixed(text).parts.iter().cloned());
    }
    let refresh_token =
        if refreshes { linker.configured(fields.refresh_token.as_ref(), "refreshToken") } else { Template::new(&[]) };
    let audience = fields.audience.as_ref().map(|text| linker.fixed(text));
    let resource = fields.resource.as_ref().map(|text| linker.fixed(text));
    let scope = scope.into();
    vec![Credential::OAuth2(OAuth2 { endpoint, client_id, client_secret, scope, refresh_token, audience, resource })]
}
