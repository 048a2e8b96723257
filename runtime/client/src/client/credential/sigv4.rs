//! Signatures of requests to AWS ([Signature Version 4](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html)),
//! in the header and over the whole body.

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use jiff::Timestamp;
use naftiko_schema::http::{percent_decode, percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::header;
use crate::argument::Violation;
use crate::encoding::hex;

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const HASH: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// What AWS accepts in place of the hash of a body that is not known, where TLS protects it.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// The keys of an account, and the scope of signatures.
pub(in crate::client) struct Signing {
    pub(super) access_key: String,
    pub(super) secret_key: SecretString,
    pub(super) session_token: Option<SecretString>,
    pub(super) region: String,
    pub(super) service: String,
}

/// What is signed of a request.
struct Signed<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    /// In the order of their names, which are in lower case.
    headers: &'a [(&'a str, &'a str)],
    /// The hash of the body.
    hash: &'a str,
}

impl Signing {
    /// Whether the parts of the scope can be distinguished where they are joined.
    pub(super) fn is_valid(&self) -> bool {
        let is_word = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b',' | b'='))
        };
        [&self.access_key, &self.region, &self.service].into_iter().all(|text| is_word(text))
    }

    /// Signs a request, which nothing changes afterwards.
    pub(super) fn sign(&self, request: &mut reqwest::Request) -> Result<(), Violation> {
        self.sign_at(request, Timestamp::now())
    }

    fn sign_at(&self, request: &mut reqwest::Request, now: Timestamp) -> Result<(), Violation> {
        let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let hash = match request.body().map(reqwest::Body::as_bytes) {
            None => hex(&Sha256::digest([])),
            Some(Some(body)) => hex(&Sha256::digest(body)),
            Some(None) if self.is_storage() && request.url().scheme() == "https" => UNSIGNED.to_owned(),
            Some(None) => return Err(Violation::new("body", "must be whole before it is sent, because it is signed")),
        };
        let invalid = || Violation::new("header", "must be text of ASCII, because it is signed");
        let (method, url) = (request.method().clone(), request.url().clone());
        let host = match (url.host_str().unwrap_or_default(), url.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        let headers = request.headers_mut();
        headers.insert(DATE, HeaderValue::try_from(&time).map_err(|_| invalid())?);
        headers.insert(HASH, HeaderValue::try_from(&hash).map_err(|_| invalid())?);
        headers.remove(TOKEN);
        if let Some(token) = &self.session_token {
            headers.insert(TOKEN, header(token.expose_secret()).ok_or_else(invalid)?);
        }
        // AWS wants its own headers to be signed. Others may be changed on the way.
        let signed = |name: &HeaderName| *name == CONTENT_TYPE || name.as_str().starts_with("x-amz-");
        let mut pairs = vec![(HOST.as_str(), host)];
        for name in headers.keys().filter(|name| signed(name)) {
            let values = headers.get_all(name).iter().map(|value| value.to_str().map(str::trim));
            let values = values.collect::<Result<Vec<_>, _>>().map_err(|_| invalid())?;
            pairs.push((name.as_str(), values.join(",")));
        }
        pairs.sort();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (path, query) = (url.path(), url.query().unwrap_or_default());
        let signed = Signed { method: method.as_str(), path, query, headers: &pairs, hash: &hash };
        let value = header(&self.authorization(&signed, &time)).ok_or_else(invalid)?;
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }

    /// The value of `Authorization` at a time, such as `20150830T123600Z`.
    fn authorization(&self, signed: &Signed<'_>, time: &str) -> String {
        let Self { access_key, region, service, .. } = self;
        let date = time.get(..8).unwrap_or_default();
        let scope = format!("{date}/{region}/{service}/aws4_request");
        let canonical = self.canonical(signed);
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
        let key = format!("AWS4{}", self.secret_key.expose_secret()).into_bytes();
        let parts = [date, region, service, "aws4_request", &text];
        let signature = hex(&parts.iter().fold(key, |key, part| code(&key, part)));
        let names = signed.names();
        format!("AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}")
    }

    fn canonical(&self, signed: &Signed<'_>) -> String {
        let mut segments: Vec<_> = signed.path.split('/').skip(1).collect();
        let last = segments.pop().unwrap_or_default();
        // The storage has keys of any text, which are encoded once; other paths are encoded again, as they are sent.
        let (segments, encode): (_, fn(&str) -> String) = if self.is_storage() {
            (segments, |segment| percent_encode(&percent_decode(segment)).into_owned())
        } else {
            segments.retain(|segment| !segment.is_empty());
            (segments, |segment| percent_encode(segment).into_owned())
        };
        let path: String = segments.into_iter().chain([last]).map(|segment| format!("/{}", encode(segment))).collect();
        let encoded = |text: &str| percent_encode(&percent_decode(text)).into_owned();
        let pairs = signed.query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let mut pairs: Vec<_> = pairs.map(|(name, value)| (encoded(name), encoded(value))).collect();
        pairs.sort();
        let query: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let headers: String = signed.headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let (method, names, hash) = (signed.method, signed.names(), signed.hash);
        format!("{method}\n{path}\n{}\n{headers}\n{names}\n{hash}", query.join("&"))
    }

    fn is_storage(&self) -> bool {
        matches!(self.service.as_str(), "s3" | "s3express" | "s3-outposts" | "s3-object-lambda")
    }
}

impl Signed<'_> {
    fn names(&self) -> String {
        self.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";")
    }
}

/// The authentication code of a text.
fn code(key: &[u8], text: &str) -> Vec<u8> {
    // Keys of any length are valid.
    let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    hmac.update(text.as_bytes());
    hmac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "20150830T123600Z";
    const HOST: (&str, &str) = ("host", "example.amazonaws.com");
    const AT: (&str, &str) = ("x-amz-date", TIME);

    fn signing(service: &str) -> Signing {
        Signing {
            access_key: "AKIDEXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: None,
            region: "us-east-1".to_owned(),
            service: service.to_owned(),
        }
    }

    fn signature(method: &str, path: &str, query: &str, headers: &[(&str, &str)], body: &str) -> String {
        let hash = hex(&Sha256::digest(body));
        let signed = Signed { method, path, query, headers, hash: &hash };
        let value = signing("service").authorization(&signed, TIME);
        value.rsplit_once("Signature=").expect("a signature").1.to_owned()
    }

    /// Cases of the test suite of AWS, by their names there.
    #[test]
    fn signatures_are_those_of_the_test_suite() {
        let get = |path, query| signature("GET", path, query, &[HOST, AT], "");
        let suite = [
            ("get-vanilla", get("/", ""), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (
                "get-vanilla-query-order-encoded",
                get("/", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1"),
                "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
            ),
            (
                "get-slashes-normalized",
                get("//example//", ""),
                "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
            ),
            (
                "post-vanilla",
                signature("POST", "/", "", &[HOST, AT], ""),
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "get-vanilla-with-session-token",
                signature(
                    "GET",
                    "/",
                    "",
                    &[
                        HOST,
                        AT,
                        ("x-amz-security-token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"),
                    ],
                    "",
                ),
                "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
            ),
            (
                "post-x-www-form-urlencoded",
                signature(
                    "POST",
                    "/",
                    "",
                    &[
                        ("content-length", "13"),
                        ("content-type", "application/x-www-form-urlencoded"),
                        HOST,
                        ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
                        AT,
                    ],
                    "Param1=value1",
                ),
                "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
            ),
        ];
        for (name, signature, expected) in suite {
            assert_eq!(signature, expected, "{name}");
        }
    }

    /// The example of the documentation of S3, "GET Bucket Lifecycle".
    #[test]
    fn request_to_the_storage_is_signed_as_in_its_documentation() {
        let mut request = request("GET", "https://examplebucket.s3.amazonaws.com/?lifecycle", None);
        let signing = Signing {
            access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            ..signing("s3")
        };
        signing.sign_at(&mut request, "2013-05-24T00:00:00Z".parse().expect("a time")).expect("signed");
        assert_eq!(
            request.headers()["authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
             SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
             Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        );
        assert_eq!(request.headers()["x-amz-date"], "20130524T000000Z");
        assert!(request.headers()["authorization"].is_sensitive());
    }

    fn request(method: &str, url: &str, body: Option<reqwest::Body>) -> reqwest::Request {
        let mut request = reqwest::Request::new(method.parse().expect("valid"), url.parse().expect("valid"));
        *request.body_mut() = body;
        request
    }

    #[test]
    fn paths_are_encoded_twice_except_in_the_storage() {
        let signed = Signed { method: "GET", path: "/a%2Fb/c:d", query: "", headers: &[HOST], hash: "" };
        assert!(signing("lambda").canonical(&signed).starts_with("GET\n/a%252Fb/c%3Ad\n\n"));
        assert!(signing("s3").canonical(&signed).starts_with("GET\n/a%2Fb/c%3Ad\n\n"));
    }

    #[test]
    fn stream_is_signed_for_the_storage_over_tls_only() {
        let stream = || {
            let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>("a")]);
            Some(reqwest::Body::wrap_stream(chunks))
        };
        let sign = |service: &str, url: &str| signing(service).sign(&mut request("PUT", url, stream())).is_ok();
        assert!(sign("s3", "https://a.test/b"));
        assert!(!sign("s3", "http://a.test/b"));
        assert!(!sign("lambda", "https://a.test/b"));
    }

    #[test]
    fn scope_that_would_run_together_is_not_valid() {
        for region in ["", "a/b", "a b", "a,b", "ä"] {
            assert!(!Signing { region: region.to_owned(), ..signing("s3") }.is_valid(), "{region}");
        }
        assert!(signing("execute-api").is_valid());
    }
}
