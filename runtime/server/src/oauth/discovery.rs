//! The metadata of an authorization server (RFC 8414, OpenID Connect Discovery), and its keys.

use std::time::Duration;

use http::header::ACCEPT;
use jsonwebtoken::jwk::{CommonParameters, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Header};
use naftiko_client::__private::{authority, parse_base_uri};
use naftiko_client::BoxError;
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

/// The time limit for metadata and keys together.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest document, in bytes.
const LIMIT: usize = 256 << 10;

/// A public key that verifies tokens.
pub(super) struct Key {
    id: Option<String>,
    algorithm: Option<KeyAlgorithm>,
    pub(super) public: DecodingKey,
}

impl Key {
    /// The key, if it can verify signatures.
    fn of(document: Value) -> Option<Self> {
        let key: Jwk = serde_json::from_value(document).ok()?;
        let public = DecodingKey::from_jwk(&key).ok().filter(|key| key.family() != AlgorithmFamily::Hmac)?;
        let CommonParameters { public_key_use, key_algorithm, key_id, .. } = key.common;
        let signs = public_key_use.is_none_or(|purpose| purpose == PublicKeyUse::Signature);
        signs.then_some(Self { id: key_id, algorithm: key_algorithm, public })
    }

    /// Whether it may have signed a token with this header.
    pub(super) fn fits(&self, header: &Header) -> bool {
        let named = header.kid.is_none() || self.id == header.kid;
        let algorithm = self.algorithm.is_none_or(|own| Algorithm::try_from(own).is_ok_and(|own| own == header.alg));
        named && algorithm && self.public.family() == header.alg.family()
    }
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// Fetches the metadata and then the keys of an authorization server.
pub(super) async fn keys(issuer: &Url) -> Result<Vec<Key>, BoxError> {
    tokio::time::timeout(TIMEOUT, async {
        let http = authority::client(issuer, TIMEOUT)?;
        let uri = endpoint(&http, issuer, "jwks_uri").await?;
        let set: KeySet = document(&http, uri).await?;
        Ok(set.keys.into_iter().filter_map(Key::of).collect())
    })
    .await?
}

/// The URI that the metadata of an authorization server has under this name.
pub(super) async fn endpoint(http: &Client, issuer: &Url, name: &str) -> Result<Url, BoxError> {
    let uri = parse_base_uri(&metadata(http, issuer, name).await?, false)?;
    if issuer.scheme() == "https" && uri.scheme() != "https" {
        return Err(format!("the `{name}` of the authorization server does not use TLS").into());
    }
    Ok(uri)
}

/// A member of the first metadata document that has it, in the order in which clients look for them.
async fn metadata(http: &Client, issuer: &Url, name: &str) -> Result<String, BoxError> {
    let mut result = Err("the authorization server publishes no metadata".into());
    for uri in metadata_uris(issuer) {
        let metadata: Value = match document(http, uri).await {
            Ok(metadata) => metadata,
            Err(error) => {
                result = Err(error);
                continue;
            }
        };
        let text = |name: &str| metadata.get(name).and_then(Value::as_str);
        match (text("issuer"), text(name)) {
            // A host with several issuers could return the metadata of another one (RFC 8414 §3.3).
            (Some(own), _) if !is_same(own, issuer.as_str()) => {
                return Err("the metadata is that of another issuer".into());
            }
            (Some(_), Some(uri)) => return Ok(uri.to_owned()),
            _ => {
                result = Err(format!("the metadata of the authorization server has no `issuer` or no `{name}`").into())
            }
        }
    }
    result
}

/// The URIs where the metadata may be.
fn metadata_uris(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let mut paths = vec![
        format!("/.well-known/oauth-authorization-server{path}"),
        format!("/.well-known/openid-configuration{path}"),
        format!("{path}/.well-known/openid-configuration"),
    ];
    paths.dedup();
    let uri = |path: String| {
        let mut uri = issuer.clone();
        uri.set_path(&path);
        uri
    };
    paths.into_iter().map(uri).collect()
}

/// Whether two issuers are the same. A slash at the end is ignored, because it is often left out.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let bare = |text: &'_ str| text.strip_suffix('/').unwrap_or(text).len();
    one.get(..bare(one)) == other.get(..bare(other))
}

async fn document<T: DeserializeOwned>(http: &Client, uri: Url) -> Result<T, BoxError> {
    let (status, body) = authority::send(http.get(uri).header(ACCEPT, "application/json"), LIMIT).await?;
    if !status.is_success() {
        return Err(format!("the authorization server responded with {status}").into());
    }
    // The message of serde might quote the document.
    serde_json::from_slice(&body).map_err(|_| "the authorization server's response is not the expected document".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_uris_follow_the_standards() {
        let uris = |issuer| {
            metadata_uris(&Url::parse(issuer).expect("a URI")).into_iter().map(String::from).collect::<Vec<_>>()
        };
        for issuer in ["https://a.test", "https://a.test/"] {
            assert_eq!(
                uris(issuer),
                [
                    "https://a.test/.well-known/oauth-authorization-server",
                    "https://a.test/.well-known/openid-configuration"
                ]
            );
        }
        assert_eq!(
            uris("https://a.test/realms/b"),
            [
                "https://a.test/.well-known/oauth-authorization-server/realms/b",
                "https://a.test/.well-known/openid-configuration/realms/b",
                "https://a.test/realms/b/.well-known/openid-configuration"
            ]
        );
    }

    #[test]
    fn trailing_slash_does_not_change_the_issuer() {
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
