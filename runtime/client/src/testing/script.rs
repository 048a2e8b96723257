//! Scripted responses.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::{Sent, build_response};
use crate::client::{Attempt, Transport};
use crate::transport::{BoxError, BoxFuture, TransportError};

/// A transport that returns scripted responses in order, one for each request, and keeps the requests. When no responses are
/// left, calls fail. Clones share the script.
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    responses: VecDeque<ScriptedResponse>,
    requests: Vec<Sent>,
}

/// A response of a [`Script`].
#[derive(Clone, Debug)]
pub struct ScriptedResponse {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
    delay: Duration,
    ending: Ending,
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Complete,
    BreaksOff,
    Broken,
    Unreachable,
}

impl ScriptedResponse {
    /// A response without a body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), delay: Duration::ZERO, ending: Ending::Complete }
    }

    /// A response with a JSON document.
    pub fn json(status: u16, document: impl Into<Value>) -> Self {
        Self::status(status).body("application/json", document.into().to_string())
    }

    /// The connection breaks before the response.
    pub fn broken() -> Self {
        Self { ending: Ending::Broken, ..Self::status(200) }
    }

    /// The connection is refused.
    pub fn unreachable() -> Self {
        Self { ending: Ending::Unreachable, ..Self::status(200) }
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, media_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", media_type)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Delays the response.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Breaks the connection at the end of the body.
    #[must_use]
    pub fn breaks_off(mut self) -> Self {
        self.ending = Ending::BreaksOff;
        self
    }

    async fn into_response(self) -> Result<reqwest::Response, TransportError> {
        tokio::time::sleep(self.delay).await;
        let body = match self.ending {
            Ending::Complete => self.body.into(),
            Ending::BreaksOff => {
                let parts = [Ok(self.body), Err(BoxError::from("the script interrupts the body"))];
                reqwest::Body::wrap_stream(futures_util::stream::iter(parts))
            }
            Ending::Broken => return Err(TransportError::broken("the script breaks the connection")),
            Ending::Unreachable => return Err(TransportError::connect("the script refuses connections")),
        };
        build_response(self.status, &self.headers, body)
    }
}

impl Script {
    /// A script with these responses.
    pub fn new(responses: impl IntoIterator<Item = ScriptedResponse>) -> Self {
        let responses = responses.into_iter().collect();
        Self(Arc::new(Mutex::new(State { responses, requests: Vec::new() })))
    }

    /// Adds a response at the end.
    pub fn push(&self, response: ScriptedResponse) {
        self.lock().responses.push_back(response);
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Sent> {
        self.lock().requests.clone()
    }

    /// The number of responses that were not returned yet.
    pub fn remaining(&self) -> usize {
        self.lock().responses.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, sent: Sent) -> Option<ScriptedResponse> {
        let mut state = self.lock();
        state.requests.push(sent);
        state.responses.pop_front()
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("remaining", &self.remaining()).finish_non_exhaustive()
    }
}

impl Transport for Script {
    fn send<'a>(
        &'a self,
        request: reqwest::Request,
        attempt: &'a Attempt<'_>,
    ) -> BoxFuture<'a, Result<reqwest::Response, TransportError>> {
        Box::pin(async move {
            let (sent, _) = Sent::capture(request, attempt).await?;
            match self.next(sent) {
                Some(response) => response.into_response().await,
                None => Err(TransportError::unsendable("the script has no more responses")),
            }
        })
    }
}
