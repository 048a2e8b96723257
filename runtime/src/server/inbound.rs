//! Who has to prove what to be served.

use axum::extract::Request;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};

use super::Failure;
use super::cli::Serve;
use crate::client::{basic, render};
use crate::exposure::Callers;
use crate::operation::{Authentication, Template, Variable};
use crate::rest::Problem;

/// What callers must send: all of these. It has no `Debug`.
#[derive(Clone, Default)]
pub(super) struct Inbound(Vec<Proof>);

/// A secret in a header, after the name of a scheme where that is how it is sent.
#[derive(Clone)]
struct Proof {
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
    /// What the command line says, or else what the capability says.
    pub(super) fn new(options: &Serve, callers: &Callers) -> Result<Self, Failure> {
        let filled = |value: &SecretString| {
            let empty = value.expose_secret().trim().is_empty();
            if empty { Err(refused("the secret that callers must send is empty")) } else { Ok(value.clone()) }
        };
        match (&options.bearer_token, &options.api_key) {
            (None, None) => Self::of(callers),
            (Some(token), None) => Ok(Self(vec![Proof::bearer(filled(token)?)])),
            (None, Some(key)) => {
                let header = options.api_key_header.parse();
                let header = header.map_err(|_| refused("--api-key-header is no name of a header"))?;
                Ok(Self(vec![Proof { header, scheme: None, secret: filled(key)? }]))
            }
            (Some(_), Some(_)) => Err(refused("callers send a bearer token or an API key, not both")),
        }
    }

    fn of(callers: &Callers) -> Result<Self, Failure> {
        let variables = values(callers.variables)?;
        let text = |template: Template| {
            let text = render(template, &variables);
            let empty = text.expose_secret().trim().is_empty();
            if empty { Err(refused("a secret that the capability wants from callers is empty")) } else { Ok(text) }
        };
        let proof = |authentication: &Authentication| match *authentication {
            Authentication::Bearer { token } => Ok(Proof::bearer(text(token)?)),
            Authentication::Basic { username, password } => {
                let value = basic(render(username, &variables).expose_secret(), text(password)?.expose_secret());
                let secret = value.strip_prefix("Basic ").unwrap_or(&value).into();
                Ok(Proof { header: AUTHORIZATION, scheme: Some(Scheme::Basic), secret })
            }
            Authentication::Header { name, value } => {
                let header = name.parse().map_err(|_| refused("the capability wants a header that cannot be one"))?;
                Ok(Proof { header, scheme: None, secret: text(value)? })
            }
            // The compiler lets none of these through; to serve everybody instead would be the wrong way out.
            Authentication::Query { .. } | Authentication::Cookie { .. } => {
                Err(refused("the capability wants a credential from callers that is not in a header"))
            }
        };
        Ok(Self(callers.authentication.iter().map(proof).collect::<Result<_, _>>()?))
    }

    pub(super) fn is_open(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses whoever does not prove himself (RFC 9110 §11.6.1, RFC 6750 §3).
    pub(super) fn check(&self, request: &Request) -> Result<(), Problem> {
        let failed = self.0.iter().find_map(|proof| match proof.is_in(request.headers()) {
            Some(true) => None,
            verdict => Some((proof, verdict.is_some())),
        });
        let Some((proof, wrong)) = failed else { return Ok(()) };
        let challenge = match proof.scheme {
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
}

impl Proof {
    fn bearer(secret: SecretString) -> Self {
        Self { header: AUTHORIZATION, scheme: Some(Scheme::Bearer), secret }
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
