//! Who has to prove what to be served.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};

use super::Failure;
use super::cli::Serve;
use super::oauth::Protected;
use crate::client::{basic, render};
use crate::exposure::{Callers, Principal, Proof};
use crate::operation::{Authentication, Template, Variable};
use crate::rest::Problem;

/// What callers must send. It has no `Debug`.
#[derive(Clone)]
pub(super) enum Inbound {
    /// All of these.
    Secrets(Vec<Secret>),
    /// A token of an authorization server.
    Token(Arc<Protected>),
}

/// A secret in a header, after the name of a scheme where that is how it is sent.
#[derive(Clone)]
pub(super) struct Secret {
    header: HeaderName,
    scheme: Option<Scheme>,
    secret: SecretString,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Bearer,
    Basic,
}

impl Inbound {
    /// What the command line says, or else what the capability says, for an endpoint at this path.
    pub(super) fn new(options: &Serve, callers: &Callers, endpoint: &str) -> Result<Self, Failure> {
        let filled = |value: &SecretString| {
            let empty = value.expose_secret().trim().is_empty();
            if empty { Err(refused("the secret that callers must send is empty")) } else { Ok(value.clone()) }
        };
        match (&options.bearer_token, &options.api_key) {
            (None, None) => Self::of(callers, endpoint),
            (Some(token), None) => Ok(Self::Secrets(vec![Secret::bearer(filled(token)?)])),
            (None, Some(key)) => {
                let header = options.api_key_header.parse();
                let header = header.map_err(|_| refused("--api-key-header is no name of a header"))?;
                Ok(Self::Secrets(vec![Secret { header, scheme: None, secret: filled(key)? }]))
            }
            (Some(_), Some(_)) => Err(refused("callers send a bearer token or an API key, not both")),
        }
    }

    fn of(callers: &Callers, endpoint: &str) -> Result<Self, Failure> {
        let variables = values(callers.variables)?;
        let credentials = match &callers.proof {
            Proof::Credentials(credentials) => *credentials,
            Proof::Token(token) => return Ok(Self::Token(Arc::new(Protected::new(token, &variables, endpoint)?))),
        };
        let text = |template: Template| {
            let text = render(template, &variables);
            let empty = text.expose_secret().trim().is_empty();
            if empty { Err(refused("a secret that the capability wants from callers is empty")) } else { Ok(text) }
        };
        let secret = |authentication: &Authentication| match *authentication {
            Authentication::Bearer { token } => Ok(Secret::bearer(text(token)?)),
            Authentication::Basic { username, password } => {
                let value = basic(render(username, &variables).expose_secret(), text(password)?.expose_secret());
                let secret = value.strip_prefix("Basic ").unwrap_or(&value).into();
                Ok(Secret { header: AUTHORIZATION, scheme: Some(Scheme::Basic), secret })
            }
            Authentication::Header { name, value } => {
                let header = name.parse().map_err(|_| refused("the capability wants a header that cannot be one"))?;
                Ok(Secret { header, scheme: None, secret: text(value)? })
            }
            // The compiler lets none of these through; to serve everybody instead would be the wrong way out.
            Authentication::Query { .. } | Authentication::Cookie { .. } => {
                Err(refused("the capability wants a credential from callers that is not in a header"))
            }
        };
        Ok(Self::Secrets(credentials.iter().map(secret).collect::<Result<_, _>>()?))
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Secrets(secrets) if secrets.is_empty())
    }

    /// The answer to a request for what has to be known before one can prove himself.
    pub(super) fn about(&self, request: &Request) -> Option<Response> {
        match self {
            Self::Secrets(_) => None,
            Self::Token(protected) => protected.about(request.method(), request.uri().path()),
        }
    }

    /// Says who sent a request, and refuses whoever does not prove himself (RFC 9110 §11.6.1, RFC 6750 §3).
    pub(super) async fn check(&self, headers: &HeaderMap, query: Option<&str>) -> Result<Principal, Problem> {
        match self {
            Self::Secrets(secrets) => check(secrets, headers),
            // Boxed, as it would make the way of all other requests longer.
            Self::Token(protected) => Box::pin(protected.check(headers, query)).await,
        }
    }
}

fn check(secrets: &[Secret], headers: &HeaderMap) -> Result<Principal, Problem> {
    let failed = secrets.iter().find_map(|secret| match secret.is_in(headers) {
        Some(true) => None,
        verdict => Some((secret, verdict.is_some())),
    });
    let Some((secret, wrong)) = failed else {
        return Ok(Principal::by(secrets.first().map_or("anybody", Secret::kind)));
    };
    let challenge = match secret.scheme {
        Some(Scheme::Bearer) if wrong => "Bearer error=\"invalid_token\"",
        Some(Scheme::Bearer) => "Bearer",
        Some(Scheme::Basic) => "Basic realm=\"server\", charset=\"UTF-8\"",
        None => "ApiKey",
    };
    let detail = if wrong {
        "this server does not know the credential"
    } else {
        "this server wants a credential with every request"
    };
    let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
    Err(problem.header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge)))
}

impl Secret {
    fn bearer(secret: SecretString) -> Self {
        Self { header: AUTHORIZATION, scheme: Some(Scheme::Bearer), secret }
    }

    /// What it is, for telling callers apart.
    fn kind(&self) -> &'static str {
        match self.scheme {
            Some(Scheme::Bearer) => "bearer",
            Some(Scheme::Basic) => "basic",
            None => "api-key",
        }
    }

    /// Whether the right secret was sent; none where there is no secret.
    fn is_in(&self, headers: &HeaderMap) -> Option<bool> {
        let given = headers.get(&self.header)?;
        let Some(own) = self.scheme else { return Some(same(given.as_bytes(), &self.secret)) };
        let (scheme, given) = given.to_str().ok()?.split_once(' ')?;
        let name = match own {
            Scheme::Bearer => "bearer",
            Scheme::Basic => "basic",
        };
        scheme.eq_ignore_ascii_case(name).then(|| same(given.trim().as_bytes(), &self.secret))
    }
}

fn refused(what: &str) -> Failure {
    Failure::Refused(what.to_owned())
}

/// The values of variables, from the environment. All that are missing are named at once.
fn values(variables: &[Variable]) -> Result<Vec<SecretString>, Failure> {
    // Mounted secrets often end with a line break.
    let value = |variable: &Variable| {
        let value = std::env::var(variable.name).ok();
        value.map(|value| value.trim_end_matches(['\r', '\n']).to_owned()).filter(|value| !value.trim().is_empty())
    };
    let missing: Vec<_> = variables.iter().filter(|variable| value(variable).is_none()).map(|v| v.name).collect();
    if missing.is_empty() {
        Ok(variables.iter().filter_map(value).map(SecretString::from).collect())
    } else {
        let names = missing.join(", ");
        Err(Failure::Refused(format!(
            "callers have to prove who they are with {names}, which the environment does not have"
        )))
    }
}

/// Compares in a time that tells nothing about where the two differ.
fn same(given: &[u8], secret: &SecretString) -> bool {
    let secret = secret.expose_secret().as_bytes();
    let difference = given
        .iter()
        .zip(secret)
        .fold(given.len() ^ secret.len(), |found, (one, other)| std::hint::black_box(found | usize::from(one ^ other)));
    difference == 0
}
