//! Digest access authentication (RFC 7616), as far as the two sides of it compute the same.

use http_auth::parser::ChallengeParser;
use md5::{Digest as _, Md5};
use sha2::{Sha256, Sha512_256};

use crate::encoding::hex;

/// An algorithm of RFC 7616 §6.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algorithm {
    hash: Hash,
    /// Whether the hash of the password is bound to the first nonces of both sides.
    is_session: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha256,
    Sha512,
}

impl Algorithm {
    /// `SHA-256`
    pub const SHA256: Self = Self { hash: Hash::Sha256, is_session: false };
    /// `MD5`, which a challenge without an algorithm means.
    pub const MD5: Self = Self { hash: Hash::Md5, is_session: false };

    /// The algorithm of this name, in any case.
    pub fn of(name: &str) -> Option<Self> {
        let lowercase = name.to_ascii_lowercase();
        let (name, is_session) = lowercase.strip_suffix("-sess").map_or((&*lowercase, false), |name| (name, true));
        let hash = match name {
            "md5" => Hash::Md5,
            "sha-256" => Hash::Sha256,
            "sha-512-256" => Hash::Sha512,
            _ => return None,
        };
        Some(Self { hash, is_session })
    }

    /// The hash of a text, in hexadecimal digits.
    pub fn hash(self, text: &str) -> String {
        match self.hash {
            Hash::Md5 => hex(&Md5::digest(text)),
            Hash::Sha256 => hex(&Sha256::digest(text)),
            Hash::Sha512 => hex(&Sha512_256::digest(text)),
        }
    }
}

/// What a response to a challenge is computed from.
#[derive(Clone, Copy)]
pub struct Exchange<'a> {
    /// The user name.
    pub username: &'a str,
    /// The password.
    pub password: &'a str,
    /// The realm of the challenge.
    pub realm: &'a str,
    /// The nonce of the challenge.
    pub nonce: &'a str,
    /// The nonce of the client.
    pub cnonce: &'a str,
    /// How many requests the client has sent with the nonce, in eight hexadecimal digits. `None` if the server asks for no
    /// `qop`, as before RFC 2617.
    pub count: Option<&'a str>,
    /// The method of the request.
    pub method: &'a str,
    /// The target of the request, as it is on its first line.
    pub uri: &'a str,
}

impl Exchange<'_> {
    /// The response (RFC 7616 §3.4.1).
    pub fn response(&self, algorithm: Algorithm) -> String {
        let Self { username, password, realm, nonce, cnonce, count, method, uri } = self;
        let mut secret = algorithm.hash(&format!("{username}:{realm}:{password}"));
        if algorithm.is_session {
            secret = algorithm.hash(&format!("{secret}:{nonce}:{cnonce}"));
        }
        let request = algorithm.hash(&format!("{method}:{uri}"));
        algorithm.hash(&match count {
            Some(count) => format!("{secret}:{nonce}:{count}:{cnonce}:auth:{request}"),
            None => format!("{secret}:{nonce}:{request}"),
        })
    }
}

/// The parameters of a challenge or of a credential.
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Those of the scheme `Digest` in the value of a field (RFC 9110 §11.6). One with a parameter that occurs twice has no
    /// meaning; what comes after a mistake is not read.
    pub fn all(field: &str) -> impl Iterator<Item = Self> {
        let challenges = ChallengeParser::new(field).map_while(Result::ok);
        challenges.filter(|challenge| challenge.scheme.eq_ignore_ascii_case("digest")).filter_map(|challenge| {
            let pairs = challenge.params.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.to_unescaped()));
            let pairs: Vec<_> = pairs.collect();
            let mut names: Vec<_> = pairs.iter().map(|(name, _)| name).collect();
            names.sort_unstable();
            let is_clear = names.windows(2).all(|two| two.first() != two.last());
            is_clear.then_some(Self(pairs))
        })
    }

    /// The value of a parameter, whose name is in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616 §3.9.1.
    const MUFASA: Exchange<'_> = Exchange {
        username: "Mufasa",
        password: "Circle of Life",
        realm: "http-auth@example.org",
        nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        count: Some("00000001"),
        method: "GET",
        uri: "/dir/index.html",
    };

    #[test]
    fn responses_are_those_of_the_examples_of_the_standard() {
        assert_eq!(MUFASA.response(Algorithm::MD5), "8ca523f5e9506fed4657c9700eebdbec");
        let sha256 = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert_eq!(MUFASA.response(Algorithm::SHA256), sha256);
    }

    /// RFC 7616 §3.9.2, with the erratum 4897.
    #[test]
    fn response_of_a_hashed_user_name_is_that_of_the_standard() {
        let algorithm = Algorithm::of("SHA-512-256").expect("known");
        let exchange = Exchange {
            username: "Jäsøn Doe",
            password: "Secret, or not?",
            realm: "api@example.org",
            nonce: "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
            cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
            uri: "/doe.json",
            ..MUFASA
        };
        assert_eq!(
            algorithm.hash("Jäsøn Doe:api@example.org"),
            "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
        );
        assert_eq!(exchange.response(algorithm), "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5");
    }

    /// RFC 2617 §3.5, and RFC 2069 §2.4 with its erratum 749.
    #[test]
    fn responses_of_older_standards_are_known() {
        let exchange = Exchange {
            password: "Circle Of Life",
            realm: "testrealm@host.com",
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            cnonce: "0a4f113b",
            ..MUFASA
        };
        assert_eq!(exchange.response(Algorithm::MD5), "6629fae49393a05397450978507c4ef1");
        let without = Exchange { password: "CircleOfLife", count: None, ..exchange };
        assert_eq!(without.response(Algorithm::MD5), "1949323746fe6a43ef61f9606e7febea");
        let session = Algorithm::of("md5-SESS").expect("known");
        assert_ne!(exchange.response(session), exchange.response(Algorithm::MD5));
        assert_eq!(Algorithm::of("SHA-1"), None);
    }

    #[test]
    fn parameters_are_those_of_digests_among_other_challenges() {
        let field = r#"Basic realm="a, b", DIGEST realm="x \"y\"", NONCE=abc, qop="auth,auth-int", Digest realm=z"#;
        let all: Vec<_> = Parameters::all(field).collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].get("realm"), Some(r#"x "y""#));
        assert_eq!(all[0].get("nonce"), Some("abc"));
        assert_eq!(all[0].get("opaque"), None);
        assert_eq!(Parameters::all("Digest nonce=a, Nonce=b").count(), 0);
        assert_eq!(Parameters::all("Negotiate abc==").count(), 0);
    }
}
