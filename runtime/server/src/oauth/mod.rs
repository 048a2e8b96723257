//! Inbound authentication with access tokens: the server as a resource server of OAuth 2.1 (RFC 6750, RFC 9068, RFC 9728).

mod discovery;
mod introspection;
mod keys;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod signature;
mod token;

use axum::response::Response;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use naftiko_client::__private::{TARGET, parse_base_uri, render};
use naftiko_rest::__private::Problem;
use naftiko_schema::{AccessToken, Template};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use url::{Url, form_urlencoded};

use self::introspection::Introspection;
use self::keys::{Keys, Unavailable};
use self::token::{Rejection, Source, Tokens};
use crate::failure::Failure;
use crate::reply::status_response;
use crate::rules::Identity;

/// The well-known path of the metadata document, which names the authorization server.
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// A server that requires access tokens.
pub(super) struct Protected {
    tokens: Tokens,
    /// The metadata document, and the paths that serve it.
    metadata: String,
    paths: Vec<String>,
    /// The parameters of every challenge.
    parameters: String,
}

impl Protected {
    /// The requirements of the capability, with the values of its variables, for an endpoint at this path.
    pub(super) fn new(requirements: &AccessToken, variables: &[SecretString], endpoint: &str) -> Result<Self, Failure> {
        let text = |template: &Template| render(template, variables).expose_secret().trim().to_owned();
        let (issuer, resource) = (text(&requirements.issuer), text(&requirements.resource));
        let failure = |what: &str| Failure::Refused(format!("access tokens of callers cannot be checked: {what}"));
        let server = parse_base_uri(&issuer, false).map_err(|_| {
            failure("the authorization server is not an https URI (plain http is allowed for this machine only)")
        })?;
        let own = parse_base_uri(&resource, true).map_err(|_| failure("the resource is not an http or https URI"))?;
        let scopes: Vec<_> = requirements.scopes.iter().map(text).collect();
        let visible = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
        if !scopes.iter().all(|scope| !scope.is_empty() && scope.chars().all(visible)) {
            return Err(failure("a scope is not a word of printable ASCII"));
        }
        let audience = requirements.audience.as_ref().map(text);
        if audience.as_ref().is_some_and(String::is_empty) {
            return Err(failure("the audience is empty"));
        }
        let source = match &requirements.introspection {
            Some(introspection) => Source::Introspection(introspected(introspection, server, variables)?),
            None => {
                #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
                signature::install();
                if cfg!(not(any(feature = "ring", feature = "aws-lc-rs"))) {
                    return Err(failure("this requires a build with the feature `ring` or `aws-lc-rs`"));
                }
                Source::Signed(Keys::new(server))
            }
        };
        let mut metadata = json!({
            "resource": resource,
            "authorization_servers": [issuer],
            "bearer_methods_supported": ["header"],
        });
        let scope = scopes.join(" ");
        let mut parameters = format!("resource_metadata=\"{}\"", metadata_uri(&own));
        if !scopes.is_empty() {
            parameters.push_str(&format!(", scope=\"{scope}\""));
            if let Some(members) = metadata.as_object_mut() {
                members.insert("scopes_supported".to_owned(), json!(scopes));
            }
        }
        let mut paths = vec![WELL_KNOWN.to_owned()];
        paths.extend([endpoint, own.path()].map(|path| format!("{WELL_KNOWN}{}", path.trim_end_matches('/'))));
        let tokens = Tokens::new(issuer, source, [Some(resource), audience].into_iter().flatten().collect(), scopes);
        Ok(Self { tokens, metadata: metadata.to_string(), paths, parameters })
    }

    /// The response, if the request is for the metadata document. It needs no token.
    pub(super) fn metadata(&self, method: &Method, path: &str) -> Option<Response> {
        let is_metadata = matches!(*method, Method::GET | Method::HEAD) && self.paths.iter().any(|known| known == path);
        is_metadata.then(|| status_response(StatusCode::OK, "application/json", self.metadata.clone()))
    }

    /// Who sent a request, from its access token.
    pub(super) async fn check(&self, headers: &HeaderMap, query: Option<&str>) -> Result<Identity, Problem> {
        // Queries end up in logs and histories (RFC 6750 §2.3; removed in OAuth 2.1).
        let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        if pairs.any(|(name, _)| name == "access_token") {
            let detail = "the access token must be sent in the Authorization header, not in the query";
            return Err(self.challenge(StatusCode::BAD_REQUEST, "invalid_request", detail));
        }
        let mut sent = headers.get_all(AUTHORIZATION).iter();
        let first = sent.next();
        if sent.next().is_some() {
            let detail = "the request must have exactly one Authorization header";
            return Err(self.challenge(StatusCode::BAD_REQUEST, "invalid_request", detail));
        }
        let token = first.and_then(|value| value.to_str().ok()?.split_once(' '));
        let Some((_, token)) = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
            let detail = "this server requires an access token";
            return Err(self.challenge(StatusCode::UNAUTHORIZED, "", detail));
        };
        self.tokens.check(token.trim()).await.map_err(|rejection| match rejection {
            Rejection::Invalid(reason) => {
                tracing::debug!(target: TARGET, reason, "an access token was rejected");
                let detail = format!("this server does not accept the access token: {reason}");
                self.challenge(StatusCode::UNAUTHORIZED, "invalid_token", &detail)
            }
            Rejection::Scope => {
                tracing::debug!(target: TARGET, reason = "it lacks a scope", "an access token was rejected");
                let detail = "the access token does not have all the scopes that this server requires";
                self.challenge(StatusCode::FORBIDDEN, "insufficient_scope", detail)
            }
            Rejection::Unavailable(Unavailable(pause)) => {
                let detail = "the authorization server is unavailable, so the access token cannot be checked";
                let seconds = pause.as_secs().max(1);
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).header(RETRY_AFTER, seconds.into())
            }
        })
    }

    fn challenge(&self, status: StatusCode, error: &str, detail: &str) -> Problem {
        let error = if error.is_empty() { String::new() } else { format!("error=\"{error}\", ") };
        let problem = Problem::new(status, detail);
        match HeaderValue::try_from(format!("Bearer {error}{}", self.parameters)) {
            Ok(challenge) => problem.header(WWW_AUTHENTICATE, challenge),
            Err(_) => problem,
        }
    }
}

/// How to ask the authorization server about tokens.
fn introspected(
    introspection: &naftiko_schema::Introspection,
    issuer: Url,
    variables: &[SecretString],
) -> Result<Introspection, Failure> {
    let failure = |what: &str| Failure::Refused(format!("access tokens of callers cannot be checked: {what}"));
    let text = |template: &Template| render(template, variables).expose_secret().trim().to_owned();
    let (id, secret) = (text(&introspection.client_id), text(&introspection.client_secret));
    if id.is_empty() || secret.is_empty() {
        return Err(failure("the id or the secret of this server at the authorization server is empty"));
    }
    let endpoint = introspection.endpoint.as_ref().map(|uri| parse_base_uri(&text(uri), false)).transpose();
    let endpoint = endpoint.map_err(|_| {
        failure("the introspection endpoint is not an https URI (plain http is allowed for this machine only)")
    })?;
    Ok(Introspection::new(issuer, endpoint, id, secret.into()))
}

/// The URI of a resource's metadata document (RFC 9728 §3.1). It never depends on the `Host` of a request.
fn metadata_uri(resource: &Url) -> Url {
    let mut uri = resource.clone();
    uri.set_path(&format!("{WELL_KNOWN}{}", resource.path().trim_end_matches('/')));
    uri
}
