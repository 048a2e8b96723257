//! Transports that need no socket, for tests of applications: [`Script`] returns scripted responses, [`Recorder`] records the
//! responses of an upstream, and [`Replay`] returns recorded ones.
//!
//! Pass one to [`ClientBuilder::transport`](crate::ClientBuilder::transport). Everything else in the client is real:
//! argument checks, credentials, retries, decoding.

mod recording;
mod script;

pub use recording::{Recorder, Recording, Replay};
pub use script::{Script, ScriptedResponse};

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::Attempt;
use crate::text::REDACTED;
use crate::transport::TransportError;

/// A request as a transport received it, with the client's secrets redacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sent {
    /// The operation's name in the capability.
    pub operation: String,
    /// The HTTP method.
    pub method: String,
    /// Path and query, percent-encoded as in the request.
    pub target: String,
    /// The headers, in the order in which they were added.
    pub headers: Vec<(String, String)>,
    /// The body as text; invalid UTF-8 is replaced.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

impl Sent {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// Captures a request, and returns it to be sent.
    async fn capture(
        request: reqwest::Request,
        attempt: &Attempt<'_>,
    ) -> Result<(Self, reqwest::Request), TransportError> {
        let (method, url, headers) = (request.method().clone(), request.url().clone(), request.headers().clone());
        let mut request = request;
        let body = match request.body_mut().take() {
            Some(body) => {
                let bytes = body.collect().await.map_err(TransportError::body)?.to_bytes();
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

/// Headers as texts, with secrets redacted.
fn texts(headers: &HeaderMap, attempt: &Attempt<'_>) -> Vec<(String, String)> {
    let text = |(name, value): (&HeaderName, &HeaderValue)| match value.is_sensitive() || name == SET_COOKIE {
        true => REDACTED.to_owned(),
        false => attempt.redact(&String::from_utf8_lossy(value.as_bytes())),
    };
    headers.iter().map(|field| (field.0.to_string(), text(field))).collect()
}

fn build_response(
    status: u16,
    headers: &[(String, String)],
    body: reqwest::Body,
) -> Result<reqwest::Response, TransportError> {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    Ok(response.body(body).map_err(TransportError::unsendable)?.into())
}
