//! An authorization server on this machine, and what it signs.

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use serde_json::{Value, json};

/// A key for tests, which nothing else knows: making one takes long.
const RSA: &str = "\
    MIIEpAIBAAKCAQEA+q9pajYpWuHcxSgdajl432StxZB46dQyj5B6Wz+HFjYzoFND/GG+i5ud81E6VmnSD2zD+nsIt833r5iHt3DV208k3Z5xiv\
    5kYy2h6DlyxwxIrRBrGNsiiVPjRIM4ahS7J+H6XMfJMcweHJ7xYpb3pOLCqy+oX7mhY8OuNfr/8hPaxu+DENmcoEwXRZTZ4zqL3quKiFvkPfIL\
    vChlnUzpr40+Tn6Xrahg34qPbr0ed7tRsBYzFWYBsTUFfbhQj4kLtdGKdpIjfk+kSLBDdduazxKLdJ8KlP7rVnBpriQkmjXLO2QTuLCCCk3D3K\
    Ri7sl4JVQrkQiiC35fIlVck7unzwIDAQABAoIBAEoaglHYUt8/txA87H0TIiz/SPMG4wdUJ+ISdmj03YzuVtKE6qr3heklBkr/7vvOaj8PCtvH\
    dOtIongw4aWTYFRlD+PHS48n5ir/OUY5fTlj4zPtj4sYdBweRSdiltGc8To37ddxY4Mp8JjLT1WyhOAj/CG4g9BQQmoIVT41xWUcbZ+j4+Hbsp\
    8w3FisK6hdC+9a9KiBnmu66oz77+cg2ubTCivlcdfoOb0Jxw3yBa05i+aF4HFbVzN/P4uk88l8IEx/WaV3byvIDJNpw39LZWqxYMsu3qsEUDgU\
    QDd4hGHnSiS6K/1h0Ai26BerpIO4rTU2Kvh80+papi4pQue4JtECgYEA/3qr7AdgpuMlJlB4r0hBMlUHj9YMz2o/Q6IItzLiVaTTLn7YONGcPR\
    h5+mIcaA1A2pjLLQSgI9Ia70sNG+7+QpEs7J4BMZbAverIMoejSDjrcFmqPfwY14a7g23SQ9cxqVdL/gYW0SmG2TSQ/o0ZxoWxTCb/Hw/Wor1m\
    nkKAY9kCgYEA+zI9A/3xJopnJ82Gxld3W2ilXdmrqVZlb1ETUHK7Nhsc/z3E+m0txlYF6sYg74LywMXX4AFeMYG5VM78qnP1VdBhWqP/r28UsI\
    n8HQVVSsaV9DVSump6LgX1TUX6o6qqpQ467zygQL99tk6lJJ4xIOcDxUEnpefrOjJUTrJXp+cCgYEArQQHsEXix8Kmowb2ZEZ7mLmK8HcWn9Ul\
    WQk/+8ljDHseZauThQ83TwzndpDBChqHpEK7vhYW2YttoEbkbtlwqeYlVW1AA7RDfZqlz8qZ4sxhbenbaDT1IejlzoEuV7FBuZwcI8E97JLB9x\
    EpbKpkHVTnGFqEhiW0xuubtmv1BSkCgYABWGiJP+/ts+oPhYNGRqul+q6ADS1lL8hFS1reIG8uQADswQjwCmunV0ia1ErS3ZGtRKH+WiOGAlra\
    wG0MAKj8t6v9z0kMSH0E4QhPo3qsdtnQwARcaTuUSYXhzxEjlUNqtOPN6jY1gpEKy+sIgixjL7mOceXjdpWE70YSUdQ0WwKBgQDrLL/ctP4e/Y\
    U2E9Lqz0p/hI74mE3Ti57qUpP1b/mHghesLKpTdbu7JShlYpqsYx7ouV2uZ9svmt8xCEWhwnDJu2uPPsRcFxkrL5cgjbbSK58faP1yRlbKN2MT\
    yYCR5VVA45/9JCn2r//J5ebJr83woL8nmS7FwQPvofOKZ6Ehgw==";

pub(crate) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a token begins with: everything that is signed.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()))
}

enum Private {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

/// Who signs tokens.
pub(crate) struct Signer {
    pub(crate) id: String,
    algorithm: &'static str,
    private: Private,
}

impl Signer {
    pub(crate) fn new(id: &str, algorithm: &'static str) -> Self {
        let private = match algorithm {
            "ES256" => Self::ec(&ECDSA_P256_SHA256_FIXED_SIGNING),
            "ES384" => Self::ec(&ECDSA_P384_SHA384_FIXED_SIGNING),
            "EdDSA" => {
                let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("keys can be made");
                Private::Ed(Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("it is a key"))
            }
            "RS256" => Private::Rsa(Self::rsa(), &RSA_PKCS1_SHA256),
            "PS512" => Private::Rsa(Self::rsa(), &RSA_PSS_SHA512),
            _ => unreachable!("no test signs by {algorithm}"),
        };
        Self { id: id.to_owned(), algorithm, private }
    }

    fn ec(algorithm: &'static EcdsaSigningAlgorithm) -> Private {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("keys can be made");
        Private::Ec(EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).expect("it is a key"))
    }

    fn rsa() -> RsaKeyPair {
        RsaKeyPair::from_der(&STANDARD.decode(RSA).expect("it is base64")).expect("it is a key")
    }

    /// The public key.
    pub(crate) fn key(&self) -> Value {
        let mut key = match &self.private {
            Private::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(if self.algorithm == "ES256" { 32 } else { 48 });
                let curve = if self.algorithm == "ES256" { "P-256" } else { "P-384" };
                json!({"kty": "EC", "crv": curve, "x": encoded(x), "y": encoded(y)})
            }
            Private::Ed(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": encoded(pair.public_key())}),
            Private::Rsa(pair, _) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                // As some servers write it: with the zero that keeps it positive.
                json!({"kty": "RSA", "n": encoded([&[0], &public.n[..]].concat()), "e": encoded(public.e), "alg": self.algorithm})
            }
        };
        key["kid"] = json!(self.id);
        key["use"] = json!("sig");
        key
    }

    /// A token with a header of one's own.
    pub(crate) fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let text = unsigned(header, claims);
        let signature = match &self.private {
            Private::Ec(pair) => pair.sign(&SystemRandom::new(), text.as_bytes()).expect("it signs").as_ref().to_vec(),
            Private::Ed(pair) => pair.sign(text.as_bytes()).as_ref().to_vec(),
            Private::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), text.as_bytes(), &mut signature).expect("it signs");
                signature
            }
        };
        format!("{text}.{}", encoded(signature))
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(&json!({"alg": self.algorithm, "typ": "at+jwt", "kid": self.id}), claims)
    }
}

/// Seconds from now, as tokens count them.
pub(crate) fn seconds(from_now: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs();
    i64::try_from(now).expect("it is before the end of time") + from_now
}

/// What the server answers, and what it was asked for.
#[derive(Default)]
struct State {
    documents: Vec<(String, Value)>,
    asked: Vec<String>,
    down: bool,
    redirects: bool,
}

/// An authorization server.
pub(crate) struct Authority {
    pub(crate) issuer: String,
    state: Arc<Mutex<State>>,
}

impl Authority {
    /// Starts one whose metadata is at this path, with these keys.
    pub(crate) async fn start(metadata: &str, keys: &[&Signer]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let base = format!("http://{}", listener.local_addr().expect("it has an address"));
        let issuer = format!("{base}/realms/test");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let router =
            Router::new().fallback(async move |uri: Uri| answer(&mut shared.lock().expect("no thread panics"), &uri));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let authority = Self { issuer, state };
        authority.says(metadata, json!({"issuer": authority.issuer, "jwks_uri": format!("{base}/keys")}));
        authority.has(keys);
        authority
    }

    /// Changes what is at a path.
    pub(crate) fn says(&self, path: &str, document: Value) {
        self.with(|state| {
            state.documents.retain(|(known, _)| known != path);
            state.documents.push((path.to_owned(), document));
        });
    }

    /// Changes the keys. There are others beside them, which are no use.
    pub(crate) fn has(&self, keys: &[&Signer]) {
        let mut all = vec![
            json!({"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}),
            json!({"kty": "new", "kid": "new"}),
            json!(7),
        ];
        all.extend(keys.iter().map(|key| key.key()));
        self.says("/keys", json!({"keys": all}));
    }

    pub(crate) fn is_down(&self, down: bool) {
        self.with(|state| state.down = down);
    }

    pub(crate) fn redirects(&self) {
        self.with(|state| state.redirects = true);
    }

    /// How often the keys were asked for.
    pub(crate) fn fetches(&self) -> usize {
        self.with(|state| state.asked.iter().filter(|path| *path == "/keys").count())
    }

    /// Claims that are good for this resource.
    pub(crate) fn claims(&self, audience: &str, scope: &str) -> Value {
        json!({
            "iss": self.issuer, "sub": "somebody-of-a-test", "aud": audience, "scope": scope,
            "exp": seconds(300), "nbf": seconds(-1), "iat": seconds(-1),
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().expect("no thread panics"))
    }
}

fn answer(state: &mut State, uri: &Uri) -> Response {
    let path = uri.path();
    state.asked.push(path.to_owned());
    let found = state.documents.iter().find(|(known, _)| known == path);
    match found {
        _ if state.down => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        _ if state.redirects && uri.query().is_none() => {
            (StatusCode::FOUND, [(header::LOCATION, format!("{path}?again"))]).into_response()
        }
        Some((_, document)) => document.to_string().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
