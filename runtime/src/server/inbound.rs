//! Who has to prove what to be served.

use axum::extract::Request;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};

use super::Failure;
use super::cli::Serve;
use crate::rest::Problem;

/// What callers must send. It has no `Debug`.
#[derive(Clone)]
pub(super) enum Inbound {
    Open,
    Bearer(SecretString),
    ApiKey(HeaderName, SecretString),
}

impl Inbound {
    pub(super) fn new(options: &Serve) -> Result<Self, Failure> {
        let refused = |what: &str| Failure::Refused(what.to_owned());
        let filled =
            |value: &Option<SecretString>| value.clone().filter(|value| !value.expose_secret().trim().is_empty());
        match (filled(&options.bearer_token), filled(&options.api_key)) {
            (None, None) if options.bearer_token.is_some() || options.api_key.is_some() => {
                Err(refused("the secret that callers must send is empty"))
            }
            (None, None) => Ok(Self::Open),
            (Some(token), None) => Ok(Self::Bearer(token)),
            (None, Some(key)) => {
                let name = options.api_key_header.parse();
                Ok(Self::ApiKey(name.map_err(|_| refused("--api-key-header is no name of a header"))?, key))
            }
            (Some(_), Some(_)) => Err(refused("callers send a bearer token or an API key, not both")),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    /// Refuses whoever does not prove himself (RFC 9110 §11.6.1, RFC 6750 §3).
    pub(super) fn check(&self, request: &Request) -> Result<(), Problem> {
        let proof = self.proof(request.headers());
        let challenge = match (self, proof) {
            (Self::Open, _) | (_, Some(true)) => return Ok(()),
            (Self::Bearer(_), None) => "Bearer",
            (Self::Bearer(_), Some(_)) => "Bearer error=\"invalid_token\"",
            (Self::ApiKey(..), _) => "ApiKey",
        };
        let detail = match proof {
            None => "this server wants a credential with every request",
            Some(_) => "this server does not know the credential",
        };
        let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
        Err(problem.header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge)))
    }

    /// Whether the right secret was sent; none where there is no secret.
    fn proof(&self, headers: &HeaderMap) -> Option<bool> {
        match self {
            Self::Open => None,
            Self::Bearer(token) => {
                let (scheme, given) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then(|| same(given.trim().as_bytes(), token))
            }
            Self::ApiKey(name, key) => Some(same(headers.get(name)?.as_bytes(), key)),
        }
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
