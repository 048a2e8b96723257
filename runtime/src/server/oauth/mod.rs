//! Callers with access tokens: the server as a resource server of OAuth 2.1 (RFC 6750, RFC 9068, RFC 9728).

mod discovery;
mod keys;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod signature;
mod token;

use axum::response::Response;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use url::{Url, form_urlencoded};

use self::keys::Unavailable;
use self::token::{Refusal, Tokens};
use super::Failure;
use super::front::told;
use crate::client::{parse_base_uri, render};
use crate::exposure::{AccessToken, Principal};
use crate::operation::Template;
use crate::rest::Problem;

/// Where clients look for the document that says who makes tokens.
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// A server that wants access tokens.
pub(super) struct Protected {
    tokens: Tokens,
    /// The document, and the paths that have it.
    metadata: String,
    paths: Vec<String>,
    /// What goes with every challenge.
    parameters: String,
}

impl Protected {
    /// What the capability says, with the values of its variables, for an endpoint at this path.
    pub(super) fn new(wanted: &AccessToken, variables: &[SecretString], endpoint: &str) -> Result<Self, Failure> {
        let text = |template: Template| render(template, variables).expose_secret().trim().to_owned();
        let (issuer, resource) = (text(wanted.issuer), text(wanted.resource));
        let refused = |what: &str| Failure::Refused(format!("access tokens of callers cannot be checked: {what}"));
        let server = parse_base_uri(&issuer, false)
            .map_err(|_| refused("the authorization server is no https URI (plain http is for this machine only)"))?;
        let own = parse_base_uri(&resource, true).map_err(|_| refused("the resource is no http or https URI"))?;
        let scopes: Vec<_> = wanted.scopes.iter().map(|scope| text(scope)).collect();
        let visible = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
        if !scopes.iter().all(|scope| !scope.is_empty() && scope.chars().all(visible)) {
            return Err(refused("a scope is not a word of printable ASCII"));
        }
        let audience = wanted.audience.map(text);
        if audience.as_ref().is_some_and(String::is_empty) {
            return Err(refused("the audience is empty"));
        }
        #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
        signature::install();
        if cfg!(not(any(feature = "ring", feature = "aws-lc-rs"))) {
            return Err(refused("that needs a build with the feature `ring` or `aws-lc-rs`"));
        }
        let mut metadata = json!({
            "resource": resource,
            "authorization_servers": [issuer],
            "bearer_methods_supported": ["header"],
        });
        let scope = scopes.join(" ");
        let mut parameters = format!("resource_metadata=\"{}\"", beside(&own));
        if !scopes.is_empty() {
            parameters.push_str(&format!(", scope=\"{scope}\""));
            if let Some(members) = metadata.as_object_mut() {
                members.insert("scopes_supported".to_owned(), json!(scopes));
            }
        }
        let mut paths = vec![WELL_KNOWN.to_owned()];
        paths.extend([endpoint, own.path()].map(|path| format!("{WELL_KNOWN}{}", path.trim_end_matches('/'))));
        let tokens = Tokens::new(issuer, server, [Some(resource), audience].into_iter().flatten().collect(), scopes);
        Ok(Self { tokens, metadata: metadata.to_string(), paths, parameters })
    }

    /// The answer to who asks where tokens come from. Nobody needs one for that.
    pub(super) fn about(&self, method: &Method, path: &str) -> Option<Response> {
        let asked = matches!(*method, Method::GET | Method::HEAD) && self.paths.iter().any(|known| known == path);
        asked.then(|| told(StatusCode::OK, "application/json", self.metadata.clone()))
    }

    /// Who sent a request, if its token says so.
    pub(super) async fn check(&self, headers: &HeaderMap, query: Option<&str>) -> Result<Principal, Problem> {
        // Queries end up in logs and histories (RFC 6750 §2.3; OAuth 2.1 has it no more).
        let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        if pairs.any(|(name, _)| name == "access_token") {
            let detail = "an access token is sent in the Authorization header, and never in the query";
            return Err(self.challenge(StatusCode::BAD_REQUEST, "invalid_request", detail));
        }
        let mut sent = headers.get_all(AUTHORIZATION).iter();
        let first = sent.next();
        if sent.next().is_some() {
            let detail = "a request has one Authorization header";
            return Err(self.challenge(StatusCode::BAD_REQUEST, "invalid_request", detail));
        }
        let token = first.and_then(|value| value.to_str().ok()?.split_once(' '));
        let Some((_, token)) = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
            let detail = "this server wants an access token with every request";
            return Err(self.challenge(StatusCode::UNAUTHORIZED, "", detail));
        };
        self.tokens.check(token.trim()).await.map_err(|refusal| match refusal {
            Refusal::Invalid(reason) => {
                tracing::debug!(reason, "an access token is refused");
                let detail = format!("this server does not accept the access token: {reason}");
                self.challenge(StatusCode::UNAUTHORIZED, "invalid_token", &detail)
            }
            Refusal::Scope => {
                tracing::debug!(reason = "it lacks a scope", "an access token is refused");
                let detail = "the access token does not have all the scopes that this server wants";
                self.challenge(StatusCode::FORBIDDEN, "insufficient_scope", detail)
            }
            Refusal::Unavailable(Unavailable(pause)) => {
                let detail = "the authorization server cannot be asked for the keys of access tokens now";
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

/// Where a resource has its document (RFC 9728 §3.1). What a caller says of the host plays no part.
fn beside(resource: &Url) -> Url {
    let mut place = resource.clone();
    place.set_path(&format!("{WELL_KNOWN}{}", resource.path().trim_end_matches('/')));
    place
}
