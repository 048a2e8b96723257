//! Access tokens: JWTs that the authorization server signed for this server (RFC 9068), or any text that it is asked about.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Header, Validation, decode, decode_header};
use naftiko_adapter::Principal;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::discovery::is_same;
use super::introspection::Introspection;
use super::keys::{Keys, Unavailable};
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
use super::signature::is_known;
use crate::rules::Identity;

/// The tolerated clock difference, in seconds.
const LEEWAY: u64 = 60;

/// What access tokens must satisfy.
pub(super) struct Tokens {
    issuer: String,
    source: Source,
    audiences: Vec<String>,
    scopes: Vec<String>,
}

/// Where it is known what a token is worth.
pub(super) enum Source {
    /// In the token, signed with one of these keys.
    Signed(Keys),
    /// At the authorization server.
    Introspection(Introspection),
}

/// Why a token is rejected.
pub(super) enum Rejection {
    Invalid(&'static str),
    Scope,
    Unavailable(Unavailable),
}

/// The claims about the caller; the registered claims of the token itself are validated before.
#[derive(Deserialize)]
#[serde(transparent)]
struct Claims(Map<String, Value>);

impl Tokens {
    /// Accepts tokens of the server at this URI, for any of these audiences, with all of these scopes.
    pub(super) fn new(issuer: String, source: Source, audiences: Vec<String>, scopes: Vec<String>) -> Self {
        Self { issuer, source, audiences, scopes }
    }

    pub(super) async fn check(&self, token: &str) -> Result<Identity, Rejection> {
        match &self.source {
            Source::Signed(keys) => self.check_signed(keys, token).await,
            Source::Introspection(introspection) => {
                let claims = introspection.claims(token).await.map_err(Rejection::Unavailable)?;
                let inactive = Rejection::Invalid("the authorization server does not know it as active");
                let claims = Claims(claims.ok_or(inactive)?);
                self.check_claims(&claims).map_err(Rejection::Invalid)?;
                self.granted(claims)
            }
        }
    }

    /// Checks what the authorization server says about an active token. It need not say everything, but for whom the token is.
    fn check_claims(&self, claims: &Claims) -> Result<(), &'static str> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let leeway = Duration::from_secs(LEEWAY).as_secs_f64();
        let time = |name: &str| claims.get(name).and_then(Value::as_f64);
        let is_text = |name: &str, accepted: &dyn Fn(&str) -> bool| {
            claims.get(name).is_none_or(|value| value.as_str().is_some_and(accepted))
        };
        let is_for = |audience: &Value| {
            let known = self.audiences.iter().flat_map(|audience| with_and_without_slash(audience));
            audience.as_str().is_some_and(|audience| known.into_iter().any(|known| known == audience))
        };
        let is_for_this = match claims.get("aud") {
            Some(Value::Array(audiences)) => audiences.iter().any(is_for),
            Some(audience) => is_for(audience),
            None => return Err("the authorization server does not say which audience it is for"),
        };
        if !is_for_this {
            Err("it is for another audience")
        } else if !is_text("iss", &|issuer| is_same(issuer, &self.issuer)) {
            Err("it was issued by another issuer")
        } else if !is_text("token_type", &|kind| kind.eq_ignore_ascii_case("bearer")) {
            Err("it is of another type")
        } else if time("exp").is_some_and(|exp| exp + leeway < now) {
            Err("it has expired")
        } else if time("nbf").is_some_and(|nbf| nbf - leeway > now) {
            Err("it is not valid yet")
        } else {
            Ok(())
        }
    }

    /// Who a token is for, if it is good for this server.
    fn granted(&self, claims: Claims) -> Result<Identity, Rejection> {
        // A thief could use it (RFC 7800 §3.1, RFC 8705 §3, RFC 9449 §7).
        if claims.get("cnf").is_some() {
            return Err(Rejection::Invalid("it is bound to a key, whose proof this server does not check"));
        }
        if !self.scopes.iter().all(|scope| claims.has(scope)) {
            return Err(Rejection::Scope);
        }
        let principal = claims.principal(&self.issuer);
        Ok(Identity { principal, credential: "access-token", user: None, claims: claims.0 })
    }

    async fn check_signed(&self, keys: &Keys, token: &str) -> Result<Identity, Rejection> {
        let header = header(token).map_err(Rejection::Invalid)?;
        let validation = self.validation(&header);
        let keys = keys.for_token(&header).await.map_err(Rejection::Unavailable)?;
        let mut rejection = "its key does not belong to the authorization server";
        for key in keys.fitting(&header) {
            match decode::<Claims>(token, &key.public, &validation) {
                Ok(token) if !token.claims.get("iss").is_some_and(Value::is_string) => {
                    return Err(Rejection::Invalid("its `iss` is not one text"));
                }
                Ok(token) => return self.granted(token.claims),
                Err(error) => rejection = reason(error.kind()),
            }
        }
        Err(Rejection::Invalid(rejection))
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
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Whether a scope is granted: in a space-separated string (RFC 9068 §2.2.3), or in a list as some servers write it.
    fn has(&self, scope: &str) -> bool {
        ["scope", "scp"].into_iter().filter_map(|name| self.get(name)).any(|granted| match granted {
            Value::String(words) => words.split(' ').any(|word| word == scope),
            Value::Array(list) => list.iter().any(|word| word == scope),
            _ => false,
        })
    }

    fn principal(&self, issuer: &str) -> Principal {
        let named = [("sub", "sub"), ("client", "client_id"), ("client", "azp")];
        let name = named.into_iter().find_map(|(kind, name)| Some(format!("{kind} {}", self.get(name)?.as_str()?)));
        Principal::of(issuer, &name.unwrap_or_default())
    }
}

/// The header of a token, if its signature algorithm and type are accepted.
fn header(token: &str) -> Result<Header, &'static str> {
    let header = decode_header(token).map_err(|_| "it is not a JWT with a supported signature")?;
    if !is_known(header.alg) {
        return Err("its signature algorithm is not accepted");
    }
    // Other kinds of JWTs of the same server are not access tokens (RFC 8725 §3.11).
    let kind = header.typ.as_deref().map(str::to_ascii_lowercase);
    if !matches!(kind.as_deref(), None | Some("jwt" | "at+jwt" | "application/at+jwt")) {
        return Err("it is a JWT of another type");
    }
    if header.crit.is_some() {
        return Err("it requires an unsupported extension (`crit`)");
    }
    Ok(header)
}

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
fn is_known(_: jsonwebtoken::Algorithm) -> bool {
    false
}

/// Why a token is rejected, without quoting it.
fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ExpiredSignature => "it has expired",
        ErrorKind::ImmatureSignature => "it is not valid yet",
        ErrorKind::InvalidIssuer => "it was issued by another issuer",
        ErrorKind::InvalidAudience => "it is for another audience",
        ErrorKind::MissingRequiredClaim(_) => "it does not have `exp`, `iss` and `aud`",
        ErrorKind::InvalidSignature => "its signature is wrong",
        _ => "it cannot be read",
    }
}

/// A URI with and without a slash at the end, because clients and servers differ in it.
fn with_and_without_slash(uri: &str) -> [String; 2] {
    let other = uri.strip_suffix('/').map_or_else(|| format!("{uri}/"), str::to_owned);
    [uri.to_owned(), other]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn principals_differ_by_issuer_and_name() {
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
