//! Recording and replaying the responses of an upstream.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};

use super::{Sent, build_response, texts};
use crate::client::{Attempt, ConfigError, Transport, install_crypto_provider, settings};
use crate::transport::{BoxError, BoxFuture, TransportError};

/// Requests and their responses, in order. It can be stored as JSON, in a file next to the test. Attempts without a response
/// are not recorded. The client's credentials and cookies are redacted, but other secrets in bodies are not: check a recording
/// before you commit it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    exchanges: Vec<Exchange>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Exchange {
    request: Sent,
    #[serde(rename = "answer")]
    response: Received,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Received {
    status: u16,
    headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    body: String,
    /// Whether the body is base64, because it is not text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    base64: bool,
}

impl Recording {
    /// Reads a recording.
    ///
    /// # Errors
    /// If the text is not a recording.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Writes the recording.
    ///
    /// # Errors
    /// Never for a valid recording.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// The requests, in order.
    pub fn requests(&self) -> impl Iterator<Item = &Sent> {
        self.exchanges.iter().map(|exchange| &exchange.request)
    }
}

/// Forwards requests to another transport, and records them with their responses. Clones share the recording.
#[derive(Clone)]
pub struct Recorder {
    inner: Arc<dyn Transport>,
    recording: Arc<Mutex<Recording>>,
}

impl Recorder {
    /// A recorder that sends requests over the network.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn network() -> Result<Self, ConfigError> {
        install_crypto_provider();
        let http = settings(reqwest::Client::builder());
        Ok(Self::new(http.build().map_err(|error| ConfigError::Http(error.without_url()))?))
    }

    /// A recorder that sends requests to another transport.
    pub fn new(transport: impl Transport) -> Self {
        Self { inner: Arc::new(transport), recording: Arc::default() }
    }

    /// The recording so far.
    pub fn recording(&self) -> Recording {
        lock(&self.recording).clone()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("exchanges", &lock(&self.recording).exchanges.len()).finish_non_exhaustive()
    }
}

impl Transport for Recorder {
    fn send<'a>(
        &'a self,
        request: reqwest::Request,
        attempt: &'a Attempt<'_>,
    ) -> BoxFuture<'a, Result<reqwest::Response, TransportError>> {
        Box::pin(async move {
            let (request, forwarded) = Sent::capture(request, attempt).await?;
            let response = self.inner.send(forwarded, attempt).await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let bytes = reqwest::Body::from(response).collect().await.map_err(TransportError::broken)?.to_bytes();
            let received = Received::of(status, texts(&headers, attempt), &bytes, attempt);
            lock(&self.recording).exchanges.push(Exchange { request, response: received });
            let mut copy = http::Response::new(reqwest::Body::from(bytes));
            *copy.status_mut() = http::StatusCode::from_u16(status).map_err(TransportError::broken)?;
            *copy.headers_mut() = headers;
            Ok(copy.into())
        })
    }
}

impl Received {
    fn of(status: u16, headers: Vec<(String, String)>, body: &Bytes, attempt: &Attempt<'_>) -> Self {
        match std::str::from_utf8(body) {
            Ok(text) => Self { status, headers, body: attempt.redact(text), base64: false },
            // Binary bodies with a secret are stored as redacted text.
            Err(_) => {
                let text = String::from_utf8_lossy(body);
                let redacted = attempt.redact(&text);
                if redacted == text {
                    Self { status, headers, body: STANDARD.encode(body), base64: true }
                } else {
                    Self { status, headers, body: redacted, base64: false }
                }
            }
        }
    }

    fn to_response(&self) -> Result<reqwest::Response, TransportError> {
        let body = if self.base64 {
            STANDARD.decode(&self.body).map_err(TransportError::unsendable)?
        } else {
            self.body.clone().into_bytes()
        };
        build_response(self.status, &self.headers, body.into())
    }
}

/// A transport that returns the recorded response of a request with the same method, target and body. Equal requests get their
/// responses in order. A request that was not recorded fails.
#[derive(Clone)]
pub struct Replay(Arc<Mutex<Recording>>);

impl Replay {
    /// A transport that replays this recording.
    pub fn new(recording: Recording) -> Self {
        Self(Arc::new(Mutex::new(recording)))
    }

    /// The number of exchanges that were not replayed yet.
    pub fn remaining(&self) -> usize {
        lock(&self.0).exchanges.len()
    }

    fn next(&self, sent: &Sent) -> Result<Received, BoxError> {
        let mut recording = lock(&self.0);
        let same = |exchange: &Exchange| {
            let recorded = &exchange.request;
            (&recorded.method, &recorded.target, &recorded.body) == (&sent.method, &sent.target, &sent.body)
        };
        match recording.exchanges.iter().position(same) {
            Some(index) => Ok(recording.exchanges.remove(index).response),
            None => Err(format!("{} {} was not recorded", sent.method, sent.target).into()),
        }
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("remaining", &self.remaining()).finish_non_exhaustive()
    }
}

impl Transport for Replay {
    fn send<'a>(
        &'a self,
        request: reqwest::Request,
        attempt: &'a Attempt<'_>,
    ) -> BoxFuture<'a, Result<reqwest::Response, TransportError>> {
        Box::pin(async move {
            let (sent, _) = Sent::capture(request, attempt).await?;
            self.next(&sent).map_err(TransportError::unsendable)?.to_response()
        })
    }
}

fn lock(recording: &Mutex<Recording>) -> MutexGuard<'_, Recording> {
    recording.lock().unwrap_or_else(PoisonError::into_inner)
}
