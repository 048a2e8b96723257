//! Digest authentication of callers (RFC 7616): one user name and its password, of which they send hashes.
//!
//! Nonces are signed, so that nothing is kept for callers who are not known. For those who are, the counts that they have used
//! with a nonce are kept, and each serves once: the last 64 in any order, as requests of several connections arrive.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, StatusCode, Uri};
use naftiko_client::__private::{Algorithm, Exchange, Parameters, hex};
use naftiko_rest::__private::Problem;
use naftiko_schema::http::percent_decode;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use tokio::time::Instant;

use super::failure::Failure;
use super::secret::same;

const REALM: &str = "server";
/// How long a nonce can be used.
const LIFETIME: Duration = Duration::from_secs(300);
/// How many nonces are known to be in use. With more, the oldest become stale, and callers get new ones.
const MOST_NONCES: usize = 4096;
/// The algorithms that callers may use, the better one first.
const OFFERED: [(&str, Algorithm); 2] = [("SHA-256", Algorithm::SHA256), ("MD5", Algorithm::MD5)];

/// A user name and a password that callers must know. It has no `Debug`, because it contains secrets.
pub(super) struct Digest {
    username: SecretString,
    password: SecretString,
    /// The key of the signatures of nonces, which another process does not have.
    key: [u8; 32],
    started: Instant,
    used: Mutex<Used>,
}

/// The nonces in use.
#[derive(Default)]
struct Used {
    /// Which counts each has served. Nonces begin with their time, so that they are in its order.
    counts: BTreeMap<String, Window>,
    /// Older nonces that are not known may have been used.
    floor: u64,
}

/// The highest count, and which of the 64 counts up to it have served.
#[derive(Default)]
struct Window {
    highest: u32,
    served: u64,
}

/// What a credential is worth.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Right,
    /// It is right, but its nonce is too old, or has served already.
    Stale,
    Wrong,
}

impl Digest {
    pub(super) fn new(username: SecretString, password: SecretString) -> Result<Self, Failure> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)
            .map_err(|_| Failure::Refused("the system has no random numbers for nonces".to_owned()))?;
        Ok(Self { username, password, key, started: Instant::now(), used: Mutex::default() })
    }

    /// The principal of a request, or the challenge that it has to answer.
    pub(super) fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<&str, Problem> {
        let field = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (detail, is_stale) = match Parameters::all(field).next() {
            None => ("this server requires a credential", false),
            Some(sent) => match self.verdict(&sent, method, uri).unwrap_or(Verdict::Wrong) {
                Verdict::Right => return Ok(self.username.expose_secret()),
                Verdict::Stale => ("the credential is too old, or was used before", true),
                Verdict::Wrong => ("the credential is invalid", false),
            },
        };
        let nonce = self.nonce(self.now(), fastrand::u64(..));
        let stale = if is_stale { ", stale=true" } else { "" };
        let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
        Err(OFFERED.iter().fold(problem, |problem, (name, _)| {
            let challenge = format!(
                "Digest realm=\"{REALM}\", qop=\"auth\", algorithm={name}, nonce=\"{nonce}\", charset=UTF-8{stale}"
            );
            match HeaderValue::try_from(challenge) {
                Ok(challenge) => problem.header(WWW_AUTHENTICATE, challenge),
                Err(_) => problem,
            }
        }))
    }

    /// `None` if a parameter is missing.
    fn verdict(&self, sent: &Parameters, method: &Method, uri: &Uri) -> Option<Verdict> {
        let encoded = || Some(percent_decode(sent.get("username*")?.strip_prefix("UTF-8''")?));
        let username = sent.get("username").map(Into::into).or_else(encoded)?;
        let (nonce, cnonce, count, target) =
            (sent.get("nonce")?, sent.get("cnonce")?, sent.get("nc")?, sent.get("uri")?);
        let algorithm = sent.get("algorithm").unwrap_or("MD5");
        let (_, algorithm) = OFFERED.iter().find(|(name, _)| name.eq_ignore_ascii_case(algorithm))?;
        let number = (count.len() == 8).then(|| u32::from_str_radix(count, 16).ok())??;
        let exchange = Exchange {
            username: self.username.expose_secret(),
            password: self.password.expose_secret(),
            realm: REALM,
            nonce,
            cnonce,
            count: Some(count),
            method: method.as_str(),
            uri: target,
        };
        let is_target = uri.path_and_query().is_some_and(|own| own.as_str() == target) || *uri == *target;
        let is_clear = sent.get("realm") == Some(REALM) && sent.get("qop") == Some("auth") && number > 0 && is_target;
        let is_known = same(username.as_bytes(), self.username.expose_secret().as_bytes());
        let is_right = same(sent.get("response")?.as_bytes(), exchange.response(*algorithm).as_bytes());
        Some(match is_clear && is_known && is_right {
            false => Verdict::Wrong,
            true if self.is_fresh(nonce, number) => Verdict::Right,
            true => Verdict::Stale,
        })
    }

    /// A nonce of a time.
    fn nonce(&self, seconds: u64, unique: u64) -> String {
        let text = format!("{seconds:016x}{unique:016x}");
        // Keys of this length are valid.
        let code = Hmac::<Sha256>::new_from_slice(&self.key).map(|mut hmac| {
            hmac.update(text.as_bytes());
            hex(&hmac.finalize().into_bytes())
        });
        text + &code.unwrap_or_default()
    }

    /// Whether a nonce is one of this process that is not too old, and has not served with this count. From now on it has.
    fn is_fresh(&self, nonce: &str, count: u32) -> bool {
        let number = |text: Option<&str>| u64::from_str_radix(text?, 16).ok();
        let (Some(seconds), Some(unique)) = (number(nonce.get(..16)), number(nonce.get(16..32))) else { return false };
        if !same(nonce.as_bytes(), self.nonce(seconds, unique).as_bytes()) {
            return false;
        }
        let oldest = self.now().saturating_sub(LIFETIME.as_secs());
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.floor = used.floor.max(oldest);
        used.serve(nonce, seconds, count)
    }

    /// The seconds since the start of the server, from 1.
    fn now(&self) -> u64 {
        self.started.elapsed().as_secs() + 1
    }
}

impl Used {
    fn serve(&mut self, nonce: &str, seconds: u64, count: u32) -> bool {
        let floor = format!("{:016x}", self.floor);
        while self.counts.first_key_value().is_some_and(|(oldest, _)| *oldest < floor) {
            self.counts.pop_first();
        }
        if let Some(window) = self.counts.get_mut(nonce) {
            return window.serve(count);
        }
        if seconds <= self.floor {
            return false;
        }
        let mut window = Window::default();
        let is_served = window.serve(count);
        self.counts.insert(nonce.to_owned(), window);
        while self.counts.len() > MOST_NONCES {
            let oldest = self.counts.pop_first();
            let time = oldest.and_then(|(oldest, _)| u64::from_str_radix(oldest.get(..16)?, 16).ok());
            self.floor = time.unwrap_or(self.floor).max(self.floor);
        }
        is_served
    }
}

impl Window {
    fn serve(&mut self, count: u32) -> bool {
        if count > self.highest {
            self.served = self.served.checked_shl(count - self.highest).unwrap_or(0) | 1;
            self.highest = count;
            return true;
        }
        let Some(bit) = 1_u64.checked_shl(self.highest - count) else { return false };
        let is_new = self.served & bit == 0;
        self.served |= bit;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest() -> Digest {
        Digest::new("ada".into(), "pw".into()).expect("random numbers")
    }

    fn nonce(digest: &Digest) -> String {
        digest.nonce(digest.now(), fastrand::u64(..))
    }

    fn answer(nonce: &str, count: &str, password: &str, uri: &str, name: &str) -> String {
        let algorithm = Algorithm::of(name).expect("known");
        let (username, realm, cnonce, method) = ("ada", REALM, "c", "GET");
        let exchange = Exchange { username, password, realm, nonce, cnonce, count: Some(count), method, uri };
        let response = exchange.response(algorithm);
        format!(
            "Digest username=\"ada\", realm=\"server\", nonce=\"{nonce}\", uri=\"{uri}\", algorithm={name}, qop=auth, \
             nc={count}, cnonce=\"c\", response=\"{response}\""
        )
    }

    fn verdict(digest: &Digest, field: &str) -> Verdict {
        let uri = Uri::from_static("/hi?a=1");
        let sent = Parameters::all(field).next();
        sent.and_then(|sent| digest.verdict(&sent, &Method::GET, &uri)).unwrap_or(Verdict::Wrong)
    }

    #[tokio::test]
    async fn right_answers_are_accepted_by_either_algorithm() {
        let digest = digest();
        for name in ["MD5", "SHA-256", "sha-256"] {
            let field = answer(&nonce(&digest), "00000001", "pw", "/hi?a=1", name);
            assert_eq!(verdict(&digest, &field), Verdict::Right, "{name}");
        }
    }

    #[tokio::test]
    async fn wrong_answers_are_refused() {
        let digest = digest();
        let right = answer(&nonce(&digest), "00000001", "pw", "/hi?a=1", "MD5");
        let all = [
            answer(&nonce(&digest), "00000001", "other", "/hi?a=1", "MD5"),
            answer(&nonce(&digest), "00000001", "pw", "/hi", "MD5"),
            answer(&nonce(&digest), "00000001", "pw", "/hi?a=1", "MD5-sess"),
            answer(&nonce(&digest), "1", "pw", "/hi?a=1", "MD5"),
            answer(&nonce(&digest), "00000000", "pw", "/hi?a=1", "MD5"),
            right.replace("qop=auth, ", ""),
            right.replace("username=\"ada\"", "username=\"bob\""),
            right.replace("realm=\"server\"", "realm=\"other\""),
            right.replace("Digest", "Basic"),
            "Digest".to_owned(),
            String::new(),
        ];
        for field in all {
            assert_eq!(verdict(&digest, &field), Verdict::Wrong, "{field}");
        }
        assert_eq!(verdict(&digest, &right), Verdict::Right);
    }

    #[tokio::test(start_paused = true)]
    async fn nonce_serves_once_for_each_count_until_it_is_old() {
        let digest = digest();
        let nonce = nonce(&digest);
        let sent = |count| verdict(&digest, &answer(&nonce, count, "pw", "/hi?a=1", "MD5"));
        assert_eq!(sent("00000002"), Verdict::Right);
        assert_eq!(sent("00000001"), Verdict::Right);
        assert_eq!(sent("00000002"), Verdict::Stale);
        assert_eq!(sent("000000ff"), Verdict::Right);
        assert_eq!(sent("00000003"), Verdict::Stale);
        tokio::time::advance(LIFETIME - Duration::from_secs(1)).await;
        assert_eq!(sent("00000100"), Verdict::Right);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(sent("00000101"), Verdict::Stale);
    }

    #[tokio::test]
    async fn nonce_of_another_process_is_stale() {
        let field = answer(&nonce(&digest()), "00000001", "pw", "/hi?a=1", "MD5");
        assert_eq!(verdict(&digest(), &field), Verdict::Stale);
        let field = answer("0000", "00000001", "pw", "/hi?a=1", "MD5");
        assert_eq!(verdict(&digest(), &field), Verdict::Stale);
    }

    #[test]
    fn nonces_that_give_way_cannot_be_used_again() {
        let mut used = Used::default();
        let nonce = |seconds: usize| format!("{seconds:016x}");
        for seconds in 1..=MOST_NONCES + 1 {
            assert!(used.serve(&nonce(seconds), seconds as u64, 1));
        }
        assert_eq!(used.counts.len(), MOST_NONCES);
        assert!(!used.serve(&nonce(1), 1, 1));
        assert!(used.serve(&nonce(2), 2, 2));
    }

    #[tokio::test]
    async fn challenges_offer_the_better_algorithm_first() {
        let problem = digest().check(&Method::GET, &Uri::from_static("/"), &HeaderMap::new()).expect_err("a problem");
        let response = axum::response::IntoResponse::into_response(problem);
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let fields: Vec<_> = response.headers().get_all(WWW_AUTHENTICATE).iter().collect();
        let starts =
            ["SHA-256", "MD5"].map(|name| format!("Digest realm=\"server\", qop=\"auth\", algorithm={name}, nonce="));
        assert_eq!(fields.len(), 2);
        for (field, start) in fields.into_iter().zip(starts) {
            assert!(field.to_str().expect("text").starts_with(&start), "{field:?}");
        }
    }
}
