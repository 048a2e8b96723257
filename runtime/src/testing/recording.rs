//! Answers that an upstream once gave.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};

use super::{Sent, answer, texts};
use crate::client::{Attempt, BoxError, BoxFuture, ConfigError, Transport, TransportError, install_crypto_provider};

/// Requests and their answers, in the order in which they happened. It is JSON outside of the program: a file beside the
/// test. Attempts without an answer are not in it. The client's credentials and cookies are blotted out; what else is in
/// bodies stays, so look before you check one in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    exchanges: Vec<Exchange>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Exchange {
    request: Sent,
    answer: Received,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Received {
    status: u16,
    headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    body: String,
    /// Set where the body is no text; it is in base64 then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    base64: bool,
}

impl Recording {
    /// Reads a recording.
    ///
    /// # Errors
    /// When the text is none.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Writes the recording.
    ///
    /// # Errors
    /// None that a recording could cause.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// The requests, in order.
    pub fn requests(&self) -> impl Iterator<Item = &Sent> {
        self.exchanges.iter().map(|exchange| &exchange.request)
    }
}

/// Passes requests on to another transport, and keeps them with their answers. Clones share the recording.
#[derive(Clone)]
pub struct Recorder {
    inner: Arc<dyn Transport>,
    recording: Arc<Mutex<Recording>>,
}

impl Recorder {
    /// A recorder before the network.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn network() -> Result<Self, ConfigError> {
        install_crypto_provider();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Ok(Self::new(http.build().map_err(|error| ConfigError::Http(error.without_url()))?))
    }

    /// A recorder before another transport.
    pub fn new(transport: impl Transport) -> Self {
        Self { inner: Arc::new(transport), recording: Arc::default() }
    }

    /// What happened so far.
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
            let (request, forwarded) = Sent::take(request, attempt).await?;
            let response = self.inner.send(forwarded, attempt).await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let bytes = reqwest::Body::from(response).collect().await.map_err(TransportError::broken)?.to_bytes();
            let received = Received::of(status, texts(&headers, attempt), &bytes, attempt);
            lock(&self.recording).exchanges.push(Exchange { request, answer: received });
            let mut again = http::Response::new(reqwest::Body::from(bytes));
            *again.status_mut() = http::StatusCode::from_u16(status).map_err(TransportError::broken)?;
            *again.headers_mut() = headers;
            Ok(again.into())
        })
    }
}

impl Received {
    fn of(status: u16, headers: Vec<(String, String)>, body: &Bytes, attempt: &Attempt<'_>) -> Self {
        match std::str::from_utf8(body) {
            Ok(text) => Self { status, headers, body: attempt.redact(text), base64: false },
            // A secret in it makes it text; it is of no use otherwise.
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

    fn give(&self) -> Result<reqwest::Response, TransportError> {
        let body = if self.base64 {
            STANDARD.decode(&self.body).map_err(TransportError::unsendable)?
        } else {
            self.body.clone().into_bytes()
        };
        answer(self.status, &self.headers, body.into())
    }
}

/// Answers what a recording has for a request with the same method, target and body. Equal requests get their answers in
/// order; a request that was not recorded fails.
#[derive(Clone)]
pub struct Replay(Arc<Mutex<Recording>>);

impl Replay {
    /// A transport that plays this recording.
    pub fn new(recording: Recording) -> Self {
        Self(Arc::new(Mutex::new(recording)))
    }

    /// How many exchanges nobody has asked for yet.
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
            Some(index) => Ok(recording.exchanges.remove(index).answer),
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
            let (sent, _) = Sent::take(request, attempt).await?;
            self.next(&sent).map_err(TransportError::unsendable)?.give()
        })
    }
}

fn lock(recording: &Mutex<Recording>) -> MutexGuard<'_, Recording> {
    recording.lock().unwrap_or_else(PoisonError::into_inner)
}
