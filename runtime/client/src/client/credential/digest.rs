//! Answers to challenges of an upstream (RFC 7616).

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;
use naftiko_schema::http::percent_encode;
use secrecy::{ExposeSecret as _, SecretString};

use crate::digest::{Algorithm, Exchange, Parameters};
use crate::encoding::hex;

/// The field in which a response says something about the authentication of its request (RFC 7615).
const AUTHENTICATION_INFO: &str = "authentication-info";

/// A user name and a password.
#[derive(Clone)]
pub(in crate::client) struct Login {
    pub(super) username: SecretString,
    pub(super) password: SecretString,
}

impl Login {
    /// Whether it fits a header, in which it is quoted or encoded.
    pub(super) fn is_valid(&self) -> bool {
        !self.username.expose_secret().contains(char::is_control)
    }
}

/// A challenge, and how many requests have answered it.
pub(super) struct Challenge {
    algorithm: Algorithm,
    /// The algorithm as the server names it.
    name: Option<String>,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    /// Whether the server asks for a count of requests and a nonce of the client.
    has_qop: bool,
    hashes_username: bool,
    /// Whether the answer was right, but to a challenge that is too old.
    pub(super) is_stale: bool,
    count: u32,
}

impl Challenge {
    /// The first challenge that can be answered, as RFC 7616 §3.7 has it.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let fields = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        fields.flat_map(Parameters::all).find_map(|parameters| Self::read(&parameters))
    }

    fn read(parameters: &Parameters) -> Option<Self> {
        let name = parameters.get("algorithm");
        let text = |name| parameters.get(name).map(str::to_owned);
        let is_true = |name| parameters.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let qop = parameters.get("qop");
        if qop.is_some_and(|qop| !qop.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth"))) {
            return None;
        }
        Some(Self {
            algorithm: name.map_or(Some(Algorithm::MD5), Algorithm::of)?,
            name: name.map(str::to_owned),
            realm: text("realm")?,
            nonce: text("nonce")?,
            opaque: text("opaque"),
            has_qop: qop.is_some(),
            hashes_username: is_true("userhash"),
            is_stale: is_true("stale"),
            count: 0,
        })
    }

    /// Takes the place of an older challenge. Requests with the same nonce are counted on.
    pub(super) fn replace(&mut self, other: Self) {
        let count = if self.nonce == other.nonce { self.count } else { 0 };
        *self = Self { count, ..other };
    }

    /// The nonce that a response names for the next request (RFC 7616 §3.5).
    pub(super) fn next_nonce(headers: &HeaderMap) -> Option<String> {
        // Its parameters are written as those of a challenge, without the scheme.
        let field = format!("Digest {}", headers.get(AUTHENTICATION_INFO)?.to_str().ok()?);
        let parameters = Parameters::all(&field).next()?;
        parameters.get("nextnonce").filter(|nonce| !nonce.is_empty()).map(str::to_owned)
    }

    /// Takes the place of the nonce.
    pub(super) fn take_nonce(&mut self, nonce: String) {
        if self.nonce != nonce {
            (self.nonce, self.count) = (nonce, 0);
        }
    }

    /// The value of `Authorization` for the next request. `None` if no random numbers can be had.
    pub(super) fn answer(&mut self, login: &Login, method: &str, uri: &str) -> Option<String> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).ok()?;
        // A count that is at its end makes the server refuse the nonce, and send another.
        self.count = self.count.saturating_add(1);
        Some(self.with(login, method, uri, &hex(&random)))
    }

    fn with(&self, login: &Login, method: &str, uri: &str, cnonce: &str) -> String {
        let (username, password) = (login.username.expose_secret(), login.password.expose_secret());
        let count = format!("{:08x}", self.count);
        let count = self.has_qop.then_some(count.as_str());
        let (realm, nonce) = (&self.realm, &self.nonce);
        let exchange = Exchange { username, password, realm, nonce, cnonce, count, method, uri };
        let response = exchange.response(self.algorithm);
        let user = if self.hashes_username {
            pair("username", &self.algorithm.hash(&format!("{username}:{realm}")))
        } else if username.is_ascii() {
            pair("username", username)
        } else {
            format!("username*=UTF-8''{}", percent_encode(username))
        };
        let mut all = vec![user, pair("realm", realm), pair("nonce", nonce), pair("uri", uri)];
        all.extend(self.name.as_ref().map(|name| format!("algorithm={name}")));
        if let Some(count) = count {
            all.extend(["qop=auth".to_owned(), format!("nc={count}"), pair("cnonce", cnonce)]);
        }
        all.push(pair("response", &response));
        all.extend(self.opaque.as_ref().map(|opaque| pair("opaque", opaque)));
        if self.hashes_username {
            all.push("userhash=true".to_owned());
        }
        format!("Digest {}", all.join(", "))
    }
}

/// A parameter with a quoted value (RFC 9110 §5.6.4).
fn pair(name: &str, value: &str) -> String {
    format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(fields: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(WWW_AUTHENTICATE, field.parse().expect("valid"));
        }
        Challenge::of(&headers)
    }

    fn login(username: &str) -> Login {
        Login { username: username.into(), password: "Circle of Life".into() }
    }

    /// RFC 7616 §3.9.1.
    #[test]
    fn answer_is_that_of_the_example_of_the_standard() {
        let mut challenge = challenge(&[
            r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256,
                nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .as_str(),
        ])
        .expect("a challenge");
        challenge.count = 1;
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        assert_eq!(
            challenge.with(&login("Mufasa"), "GET", "/dir/index.html", cnonce),
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", algorithm=SHA-256, qop=auth, \
             nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", \
             response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        );
    }

    #[test]
    fn first_challenge_that_can_be_answered_is() {
        let unknown = r#"Digest realm="a", nonce="1", algorithm=SHA3-256"#;
        let whole_body = r#"Digest realm="b", nonce="2", qop="auth-int""#;
        let known = r#"Digest realm="c", nonce="3""#;
        assert_eq!(challenge(&[unknown, whole_body, known]).expect("one").realm, "c");
        assert!(challenge(&[unknown, "Basic realm=\"d\"", "Digest realm=\"no nonce\""]).is_none());
    }

    #[test]
    fn every_answer_has_another_count_and_nonce() {
        let mut challenge = challenge(&[r#"Digest realm="r", nonce="n", qop=auth"#]).expect("one");
        let first = challenge.answer(&login("a"), "GET", "/").expect("an answer");
        let second = challenge.answer(&login("a"), "GET", "/").expect("an answer");
        assert!(first.contains("nc=00000001") && second.contains("nc=00000002"));
        let cnonce = |answer: &str| answer.split("cnonce=").nth(1).expect("a nonce")[..34].to_owned();
        assert_ne!(cnonce(&first), cnonce(&second));
    }

    #[test]
    fn nonce_that_comes_again_is_counted_on() {
        let next =
            |nonce: &str| challenge(&[&format!("Digest realm=\"r\", nonce=\"{nonce}\", qop=auth")]).expect("one");
        let mut challenge = next("a");
        challenge.answer(&login("a"), "GET", "/");
        challenge.replace(next("a"));
        assert_eq!(challenge.count, 1);
        challenge.replace(next("b"));
        assert_eq!((challenge.count, challenge.nonce.as_str()), (0, "b"));
    }

    #[test]
    fn nonce_that_a_response_names_is_that_of_the_next_request() {
        let mut first = challenge(&[r#"Digest realm="r", nonce="n", qop=auth"#]).expect("one");
        first.answer(&login("a"), "GET", "/");
        let named = |field: &str| {
            let headers = [(http::HeaderName::from_static(AUTHENTICATION_INFO), field.parse().expect("valid"))];
            Challenge::next_nonce(&HeaderMap::from_iter(headers))
        };
        assert_eq!((named("rspauth=\"x\", qop=auth"), named("nextnonce=\"\""), named("\"")), (None, None, None));
        first.take_nonce(named("qop=auth, nextnonce=\"m\"").expect("a nonce"));
        let answer = first.answer(&login("a"), "GET", "/").expect("an answer");
        assert!(answer.contains("nonce=\"m\"") && answer.contains("nc=00000001"), "{answer}");
        first.take_nonce("m".to_owned());
        assert!(first.answer(&login("a"), "GET", "/").is_some_and(|answer| answer.contains("nc=00000002")));
    }

    #[test]
    fn names_cannot_end_their_quotes_and_stay_whole() {
        let mut challenge = challenge(&[r#"Digest realm="r", nonce="n""#]).expect("one");
        let answer = challenge.answer(&login(r#"a", uri="/other\"#), "GET", "/").expect("an answer");
        assert!(answer.starts_with(r#"Digest username="a\", uri=\"/other\\", realm="r""#), "{answer}");
        let answer = challenge.answer(&login("Jäsøn"), "GET", "/").expect("an answer");
        assert!(answer.starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n, "), "{answer}");
    }
}
