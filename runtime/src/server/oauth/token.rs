//! Access tokens: JWTs that the authorization server signed for this server (RFC 9068).

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Header, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::keys::{Keys, Unavailable};
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
use super::signature::is_known;
use crate::exposure::Principal;

/// How far clocks may be apart, in seconds.
const LEEWAY: u64 = 60;

/// What tokens are checked by.
pub(super) struct Tokens {
    issuer: String,
    keys: Keys,
    audiences: Vec<String>,
    scopes: Vec<String>,
}

/// Why a token is not accepted.
pub(super) enum Refusal {
    Invalid(&'static str),
    Scope,
    Unavailable(Unavailable),
}

/// What a token says of whom it is for; what it says of itself is checked before.
#[derive(Deserialize)]
struct Claims {
    sub: Option<Value>,
    client_id: Option<Value>,
    azp: Option<Value>,
    scope: Option<Value>,
    scp: Option<Value>,
}

impl Tokens {
    /// Tokens of the server at this URI, for any of these audiences, with all of these scopes.
    pub(super) fn new(issuer: String, server: Url, audiences: Vec<String>, scopes: Vec<String>) -> Self {
        Self { issuer, keys: Keys::new(server), audiences, scopes }
    }

    pub(super) async fn check(&self, token: &str) -> Result<Principal, Refusal> {
        let header = header(token).map_err(Refusal::Invalid)?;
        let validation = self.validation(&header);
        let keys = self.keys.for_token(&header).await.map_err(Refusal::Unavailable)?;
        let mut refusal = "its key is not one of the authorization server's";
        for key in keys.fitting(&header) {
            match decode::<Claims>(token, &key.public, &validation) {
                Ok(token) if self.scopes.iter().all(|scope| token.claims.has(scope)) => {
                    return Ok(token.claims.principal(&self.issuer));
                }
                Ok(_) => return Err(Refusal::Scope),
                Err(error) => refusal = reason(error.kind()),
            }
        }
        Err(Refusal::Invalid(refusal))
    }

    fn validation(&self, header: &Header) -> Validation {
        let mut validation = Validation::new(header.alg);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&with_and_without_slash(&self.issuer));
        let audiences: Vec<_> = self.audiences.iter().flat_map(|audience| with_and_without_slash(audience)).collect();
        validation.set_audience(&audiences);
        validation
    }
}

impl Claims {
    /// Whether a scope is granted: in words of a text (RFC 9068 §2.2.3), or in a list as some servers write it.
    fn has(&self, scope: &str) -> bool {
        [&self.scope, &self.scp].into_iter().flatten().any(|granted| match granted {
            Value::String(words) => words.split(' ').any(|word| word == scope),
            Value::Array(list) => list.iter().any(|word| word == scope),
            _ => false,
        })
    }

    fn principal(&self, issuer: &str) -> Principal {
        let named = [("sub", &self.sub), ("client", &self.client_id), ("client", &self.azp)];
        let name = named.into_iter().find_map(|(kind, name)| Some(format!("{kind} {}", name.as_ref()?.as_str()?)));
        Principal::of(issuer, &name.unwrap_or_default())
    }
}

/// What a token says of its signature, if that is one that is accepted at all.
fn header(token: &str) -> Result<Header, &'static str> {
    let header = decode_header(token).map_err(|_| "it is no JWT with a signature that is known here")?;
    if !is_known(header.alg) {
        return Err("its signature is of a kind that is not accepted");
    }
    // Other kinds of JWTs of the same server are no access tokens (RFC 8725 §3.11).
    let kind = header.typ.as_deref().map(str::to_ascii_lowercase);
    if !matches!(kind.as_deref(), None | Some("jwt" | "at+jwt" | "application/at+jwt")) {
        return Err("it is a JWT of another kind");
    }
    if header.crit.is_some() {
        return Err("it demands what is not known here");
    }
    Ok(header)
}

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
fn is_known(_: jsonwebtoken::Algorithm) -> bool {
    false
}

/// What a token is refused for, without a word of what is in it.
fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ExpiredSignature => "it has expired",
        ErrorKind::ImmatureSignature => "it is not valid yet",
        ErrorKind::InvalidIssuer => "it is of another issuer",
        ErrorKind::InvalidAudience => "it is for another audience",
        ErrorKind::MissingRequiredClaim(_) => "it does not have `exp`, `iss` and `aud`",
        ErrorKind::InvalidSignature => "its signature is wrong",
        _ => "it cannot be read",
    }
}

/// A URI as it is, and with the one slash at the end that clients and servers add or leave out.
fn with_and_without_slash(uri: &str) -> [String; 2] {
    let other = uri.strip_suffix('/').map_or_else(|| format!("{uri}/"), str::to_owned);
    [uri.to_owned(), other]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn callers_are_told_apart_by_issuer_and_name() {
        let of = |issuer: &str, claims: Value| {
            serde_json::from_value::<Claims>(claims).expect("claims").principal(issuer).id().to_owned()
        };
        let named = [
            of("https://a.test", json!({"sub": "x", "client_id": "y"})),
            of("https://a.test", json!({"sub": "y"})),
            of("https://b.test", json!({"sub": "x"})),
            of("https://a.test", json!({"client_id": "x"})),
            of("https://a.test", json!({"sub": 7})),
            Principal::by("bearer").id().to_owned(),
        ];
        assert_eq!(named.iter().collect::<std::collections::HashSet<_>>().len(), named.len(), "{named:?}");
        assert_eq!(of("https://a.test", json!({"azp": "x"})), of("https://a.test", json!({"client_id": "x"})));
    }

    #[test]
    fn scopes_are_whole_words_of_a_text_or_a_list() {
        let has = |claims: Value| serde_json::from_value::<Claims>(claims).expect("claims").has("a:b");
        for claims in [json!({"scope": "x a:b"}), json!({"scp": "a:b"}), json!({"scp": ["x", "a:b"]})] {
            assert!(has(claims.clone()), "{claims}");
        }
        for claims in
            [json!({}), json!({"scope": "a:bc xa:b"}), json!({"scp": ["x a:b"]}), json!({"scope": {"a:b": 1}})]
        {
            assert!(!has(claims.clone()), "{claims}");
        }
    }
}
