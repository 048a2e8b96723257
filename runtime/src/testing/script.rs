//! Answers that a test thinks up.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::{Sent, answer};
use crate::client::{Attempt, BoxError, BoxFuture, Transport, TransportError};

/// A transport that gives its answers in order, one for each request, and keeps the requests. When there are no more, calls
/// fail. Clones share everything.
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    answers: VecDeque<Answer>,
    requests: Vec<Sent>,
}

/// What a [`Script`] answers.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
    delay: Duration,
    fate: Fate,
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Whole,
    BreaksOff,
    Broken,
    Unreachable,
}

impl Answer {
    /// An answer without a body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), delay: Duration::ZERO, fate: Fate::Whole }
    }

    /// An answer with a JSON document.
    pub fn json(status: u16, document: impl Into<Value>) -> Self {
        Self::status(status).body("application/json", document.into().to_string())
    }

    /// The connection breaks before there is an answer.
    pub fn broken() -> Self {
        Self { fate: Fate::Broken, ..Self::status(200) }
    }

    /// No connection can be made.
    pub fn unreachable() -> Self {
        Self { fate: Fate::Unreachable, ..Self::status(200) }
    }

    /// The answer with this body.
    #[must_use]
    pub fn body(mut self, media_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", media_type)
    }

    /// The answer with this header added.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The answer after this time.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The answer, whose connection breaks at the end of its body.
    #[must_use]
    pub fn breaks_off(mut self) -> Self {
        self.fate = Fate::BreaksOff;
        self
    }

    async fn give(self) -> Result<reqwest::Response, TransportError> {
        tokio::time::sleep(self.delay).await;
        let body = match self.fate {
            Fate::Whole => self.body.into(),
            Fate::BreaksOff => {
                let parts = [Ok(self.body), Err(BoxError::from("the script breaks off"))];
                reqwest::Body::wrap_stream(futures_util::stream::iter(parts))
            }
            Fate::Broken => return Err(TransportError::broken("the script breaks the connection")),
            Fate::Unreachable => return Err(TransportError::connect("the script lets nobody connect")),
        };
        answer(self.status, &self.headers, body)
    }
}

impl Script {
    /// A script with these answers.
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = answers.into_iter().collect();
        Self(Arc::new(Mutex::new(State { answers, requests: Vec::new() })))
    }

    /// Adds an answer at the end.
    pub fn push(&self, answer: Answer) {
        self.lock().answers.push_back(answer);
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Sent> {
        self.lock().requests.clone()
    }

    /// How many answers nobody has asked for yet.
    pub fn remaining(&self) -> usize {
        self.lock().answers.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, sent: Sent) -> Option<Answer> {
        let mut state = self.lock();
        state.requests.push(sent);
        state.answers.pop_front()
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
            let (sent, _) = Sent::take(request, attempt).await?;
            match self.next(sent) {
                Some(answer) => answer.give().await,
                None => Err(TransportError::unsendable("the script has no more answers")),
            }
        })
    }
}
