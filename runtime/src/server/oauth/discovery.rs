//! What an authorization server says of itself: where its keys are (RFC 8414, OpenID Connect Discovery), and the keys.

use std::time::Duration;

use http::header::ACCEPT;
use jsonwebtoken::jwk::{CommonParameters, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Header};
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::client::{BoxError, authority, parse_base_uri};

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of a document is read, in bytes.
const LIMIT: usize = 256 << 10;

/// A key that tokens are signed with.
pub(super) struct Key {
    id: Option<String>,
    algorithm: Option<KeyAlgorithm>,
    pub(super) public: DecodingKey,
}

impl Key {
    /// The key, if it is one that signatures can be checked with.
    fn of(document: Value) -> Option<Self> {
        let key: Jwk = serde_json::from_value(document).ok()?;
        let public = DecodingKey::from_jwk(&key).ok().filter(|key| key.family() != AlgorithmFamily::Hmac)?;
        let CommonParameters { public_key_use, key_algorithm, key_id, .. } = key.common;
        let signs = public_key_use.is_none_or(|purpose| purpose == PublicKeyUse::Signature);
        signs.then_some(Self { id: key_id, algorithm: key_algorithm, public })
    }

    /// Whether a token with this header may be signed with it.
    pub(super) fn fits(&self, header: &Header) -> bool {
        let named = header.kid.is_none() || self.id == header.kid;
        let algorithm = self.algorithm.is_none_or(|own| Algorithm::try_from(own).is_ok_and(|own| own == header.alg));
        named && algorithm && self.public.family() == header.alg.family()
    }
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// The keys of an authorization server. It is asked anew for where they are.
pub(super) async fn keys(issuer: &Url) -> Result<Vec<Key>, BoxError> {
    tokio::time::timeout(PATIENCE, async {
        let http = authority::client(issuer, PATIENCE)?;
        let uri = parse_base_uri(&metadata(&http, issuer).await?.jwks_uri, false)?;
        if issuer.scheme() == "https" && uri.scheme() != "https" {
            return Err("the authorization server has its keys where there is no TLS".into());
        }
        let set: KeySet = document(&http, uri).await?;
        Ok(set.keys.into_iter().filter_map(Key::of).collect())
    })
    .await?
}

/// The first metadata that there is, in the order in which clients look for it too.
async fn metadata(http: &Client, issuer: &Url) -> Result<Metadata, BoxError> {
    let mut verdict = Err("the authorization server has no metadata".into());
    for place in places(issuer) {
        match document::<Metadata>(http, place).await {
            // Whoever hosts several could answer for another one (RFC 8414 §3.3).
            Ok(metadata) if !is_same(&metadata.issuer, issuer.as_str()) => {
                return Err("the metadata is that of another issuer".into());
            }
            Ok(metadata) => return Ok(metadata),
            Err(error) => verdict = Err(error),
        }
    }
    verdict
}

/// Where the metadata may be.
fn places(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let mut paths = vec![
        format!("/.well-known/oauth-authorization-server{path}"),
        format!("/.well-known/openid-configuration{path}"),
        format!("{path}/.well-known/openid-configuration"),
    ];
    paths.dedup();
    let place = |path: String| {
        let mut place = issuer.clone();
        place.set_path(&path);
        place
    };
    paths.into_iter().map(place).collect()
}

/// Whether two issuers are one. Many servers have a slash at the end that those who write their names down leave out.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let bare = |text: &'_ str| text.strip_suffix('/').unwrap_or(text).len();
    one.get(..bare(one)) == other.get(..bare(other))
}

async fn document<T: DeserializeOwned>(http: &Client, uri: Url) -> Result<T, BoxError> {
    let (status, body) = authority::answer(http.get(uri).header(ACCEPT, "application/json"), LIMIT).await?;
    if !status.is_success() {
        return Err(format!("the authorization server answered {status}").into());
    }
    // What serde says might quote anything.
    serde_json::from_slice(&body)
        .map_err(|_| "the authorization server's answer is not the document that was asked for".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_looked_for_where_the_standards_have_it() {
        let places =
            |issuer| places(&Url::parse(issuer).expect("a URI")).into_iter().map(String::from).collect::<Vec<_>>();
        for issuer in ["https://a.test", "https://a.test/"] {
            assert_eq!(
                places(issuer),
                [
                    "https://a.test/.well-known/oauth-authorization-server",
                    "https://a.test/.well-known/openid-configuration"
                ]
            );
        }
        assert_eq!(
            places("https://a.test/realms/b"),
            [
                "https://a.test/.well-known/oauth-authorization-server/realms/b",
                "https://a.test/.well-known/openid-configuration/realms/b",
                "https://a.test/realms/b/.well-known/openid-configuration"
            ]
        );
    }

    #[test]
    fn one_slash_at_the_end_makes_no_other_issuer() {
        for (other, same) in [
            ("https://a.test/b", true),
            ("https://a.test/b/", true),
            ("https://a.test/b//", false),
            ("https://a.test/bc", false),
            ("https://a.test", false),
            ("", false),
        ] {
            assert_eq!(is_same("https://a.test/b", other), same, "{other}");
        }
    }
}
