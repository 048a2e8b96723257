//! Transports that need no socket, for the tests of applications: [`Script`] answers what it is told to, and [`Recorder`]
//! and [`Replay`] answer what an upstream once answered.
//!
//! Give one to [`ClientBuilder::transport`](crate::ClientBuilder::transport). Everything else about the client is real:
//! checks of arguments, credentials, retries, decoding.

mod recording;
mod script;

pub use recording::{Recorder, Recording, Replay};
pub use script::{Answer, Script};

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::{Attempt, BLOT, TransportError};

/// A request as a transport got it, with the client's secrets blotted out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sent {
    /// The operation's name in the capability.
    pub operation: String,
    /// The HTTP method.
    pub method: String,
    /// Path and query, percent-encoded as they stood in the request.
    pub target: String,
    /// The headers, in the order in which they were added.
    pub headers: Vec<(String, String)>,
    /// The body as text; what is no UTF-8 is replaced.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

impl Sent {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// Takes the request down, and gives it back.
    async fn take(
        request: reqwest::Request,
        attempt: &Attempt<'_>,
    ) -> Result<(Self, reqwest::Request), TransportError> {
        let (method, url, headers) = (request.method().clone(), request.url().clone(), request.headers().clone());
        let mut request = request;
        let body = match request.body_mut().take() {
            Some(body) => {
                let bytes = body.collect().await.map_err(TransportError::broken)?.to_bytes();
                *request.body_mut() = Some(bytes.clone().into());
                bytes
            }
            None => Bytes::new(),
        };
        let sent = Self {
            operation: attempt.operation().to_owned(),
            method: method.to_string(),
            target: attempt.target(&url),
            headers: texts(&headers, attempt),
            body: attempt.redact(&String::from_utf8_lossy(&body)),
        };
        Ok((sent, request))
    }
}

/// Headers as texts, without what is secret.
fn texts(headers: &HeaderMap, attempt: &Attempt<'_>) -> Vec<(String, String)> {
    let text = |(name, value): (&HeaderName, &HeaderValue)| match value.is_sensitive() || name == SET_COOKIE {
        true => BLOT.to_owned(),
        false => attempt.redact(&String::from_utf8_lossy(value.as_bytes())),
    };
    headers.iter().map(|field| (field.0.to_string(), text(field))).collect()
}

fn answer(status: u16, headers: &[(String, String)], body: reqwest::Body) -> Result<reqwest::Response, TransportError> {
    let mut answer = http::Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(name, value);
    }
    Ok(answer.body(body).map_err(TransportError::unsendable)?.into())
}
