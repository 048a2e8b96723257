//! Tokens that only the authorization server can read: it says what each of them is worth (RFC 7662).

use std::collections::HashMap;
use std::sync::{Arc, Mutex as Map, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use naftiko_client::__private::{TARGET, authority, basic, causes};
use naftiko_client::BoxError;
use naftiko_schema::http::percent_encode;
use reqwest::Client;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;
use url::{Url, form_urlencoded};

use super::discovery;
use super::keys::Unavailable;

/// For how long a token counts as active without asking again, unless it expires before. So long it takes at most until a revoked
/// token is refused.
const ACTIVE: Duration = Duration::from_secs(30);
/// The same for a token that is not active, and for a request that failed: requests that wait for it get the same answer.
const INACTIVE: Duration = Duration::from_secs(2);
/// How long one request may take, with the metadata that it may need.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How many requests may run at once. Any caller can send unknown tokens.
const AT_ONCE: usize = 32;
/// How many answers are kept.
const MOST: usize = 10_000;
/// The longest answer, in bytes.
const LIMIT: usize = 64 << 10;

/// The claims of a token, or nothing if it is not active.
type Claims = Option<serde_json::Map<String, Value>>;

/// What is known about a token, and until when; nothing as long as no one asked.
type Answer = Arc<Mutex<Option<(Result<Claims, Unavailable>, Instant)>>>;

/// Asks an authorization server about tokens. Cloning is cheap, and clones share the answers. It has no `Debug`, because it has a
/// secret.
#[derive(Clone)]
pub(super) struct Introspection(Arc<Inner>);

struct Inner {
    issuer: Url,
    /// Where to ask, as soon as it is known.
    endpoint: Mutex<Option<Url>>,
    /// What this server is to the authorization server.
    id: String,
    secret: SecretString,
    /// The answers, by the digest of the token, so that no token is kept.
    answers: Map<HashMap<[u8; 32], Answer>>,
    running: Semaphore,
}

impl Introspection {
    /// Asks at this endpoint, or else at that of the metadata of the issuer.
    pub(super) fn new(issuer: Url, endpoint: Option<Url>, id: String, secret: SecretString) -> Self {
        let (endpoint, running) = (Mutex::new(endpoint), Semaphore::new(AT_ONCE));
        Self(Arc::new(Inner { issuer, endpoint, id, secret, answers: Map::default(), running }))
    }

    /// What is known about a token. Everyone who asks about it at the same time gets the same answer.
    pub(super) async fn claims(&self, token: &str) -> Result<Claims, Unavailable> {
        let answer = self.0.answer(Sha256::digest(token.as_bytes()).into());
        // Others wait for this request too, so it continues if the one that sent it is cancelled.
        let (inner, token) = (Arc::clone(&self.0), SecretString::from(token));
        let asked = tokio::spawn(async move {
            let mut known = answer.lock().await;
            if let Some((claims, until)) = &*known
                && Instant::now() < *until
            {
                return claims.clone();
            }
            let claims = inner.ask(&token).await;
            *known = Some((claims.clone(), until(claims.as_ref())));
            claims
        });
        asked.await.unwrap_or(Err(Unavailable(INACTIVE)))
    }
}

impl Inner {
    /// The place of the answer about a token with this digest.
    fn answer(&self, digest: [u8; 32]) -> Answer {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= MOST && !answers.contains_key(&digest) {
            let now = Instant::now();
            answers.retain(|_, answer| match answer.try_lock() {
                Ok(known) => known.as_ref().is_some_and(|(_, until)| now < *until),
                Err(_) => true,
            });
            // Many tokens at once: asking again is the price.
            if answers.len() >= MOST {
                answers.clear();
            }
        }
        Arc::clone(answers.entry(digest).or_default())
    }

    async fn ask(&self, token: &SecretString) -> Result<Claims, Unavailable> {
        let asked = tokio::time::timeout(TIMEOUT, async {
            let _permit = self.running.acquire().await?;
            self.request(token).await
        });
        let asked = match asked.await {
            Ok(asked) => asked,
            Err(late) => Err(late.into()),
        };
        asked.map_err(|error| {
            let error = error.as_ref();
            tracing::warn!(target: TARGET, %error, causes = causes(error), "the authorization server cannot be asked about an access token");
            Unavailable(INACTIVE)
        })
    }

    async fn request(&self, token: &SecretString) -> Result<Claims, BoxError> {
        let http = authority::client(&self.issuer, TIMEOUT)?;
        let endpoint = self.endpoint(&http).await?;
        // RFC 6749 §2.3.1 requires both to be encoded before they are joined.
        let credential = basic(&percent_encode(&self.id), &percent_encode(self.secret.expose_secret()));
        let mut credential = HeaderValue::try_from(credential)?;
        credential.set_sensitive(true);
        let request = http
            .post(endpoint)
            .header(AUTHORIZATION, credential)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form(token));
        let (status, body) = authority::send(request, LIMIT).await?;
        if status != http::StatusCode::OK {
            return Err(format!("the authorization server responded with {status}").into());
        }
        read(&body)
    }

    async fn endpoint(&self, http: &Client) -> Result<Url, BoxError> {
        let mut known = self.endpoint.lock().await;
        if let Some(endpoint) = &*known {
            return Ok(endpoint.clone());
        }
        let endpoint = discovery::endpoint(http, &self.issuer, "introspection_endpoint").await?;
        *known = Some(endpoint.clone());
        Ok(endpoint)
    }
}

/// The question about a token (RFC 7662 §2.1).
fn form(token: &SecretString) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("token", token.expose_secret()).append_pair("token_type_hint", "access_token");
    form.finish()
}

/// The claims in an answer. What does not say that the token is active says that it is not.
fn read(body: &[u8]) -> Result<Claims, BoxError> {
    // The message of serde might quote the document.
    let answer: Value = serde_json::from_slice(body).map_err(|_| "the authorization server's answer is no JSON")?;
    let Value::Object(claims) = answer else {
        return Err("the authorization server's answer is no object".into());
    };
    match claims.get("active") {
        Some(Value::Bool(active)) => Ok(active.then_some(claims)),
        _ => Err("the authorization server's answer does not say whether the token is active".into()),
    }
}

/// Until when an answer is used.
fn until(answer: Result<&Claims, &Unavailable>) -> Instant {
    let time = match answer {
        Ok(Some(claims)) => claims.get("exp").and_then(Value::as_f64).map_or(ACTIVE, |exp| left(exp).min(ACTIVE)),
        Ok(None) | Err(_) => INACTIVE,
    };
    let now = Instant::now();
    now.checked_add(time).unwrap_or(now)
}

/// The time until a moment in seconds since 1970.
fn left(exp: f64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    Duration::try_from_secs_f64(exp - now).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_answers_that_say_so_are_active() {
        for (answer, expected) in [
            (json!({"active": true}), Some(true)),
            (json!({"active": false, "sub": "x"}), Some(false)),
            (json!({"active": "true"}), None),
            (json!({}), None),
            (json!([true]), None),
            (json!(null), None),
        ] {
            let read = read(answer.to_string().as_bytes()).ok().map(|claims| claims.is_some());
            assert_eq!(read, expected, "{answer}");
        }
        assert!(read(b"active").is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn answers_are_used_until_tokens_expire_and_never_long() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64();
        for (exp, least, most) in
            [(None, 30, 30), (Some(now + 3600.0), 30, 30), (Some(now + 10.0), 9, 10), (Some(now - 10.0), 0, 0)]
        {
            let claims = json!({"active": true, "exp": exp}).as_object().cloned();
            let time = until(Ok(&claims)).duration_since(Instant::now()).as_secs_f64();
            assert!((f64::from(least)..=f64::from(most)).contains(&time), "{exp:?}: {time}");
        }
        assert_eq!(until(Ok(&None)).duration_since(Instant::now()), INACTIVE);
    }

    #[test]
    fn as_many_answers_are_kept_as_fit() {
        let inner = Introspection::new(Url::parse("https://a.test").expect("a URI"), None, String::new(), "s".into());
        for number in 0..=MOST {
            inner.0.answer(Sha256::digest(number.to_be_bytes()).into());
        }
        assert_eq!(inner.0.answers.lock().expect("no panic").len(), 1);
    }
}
