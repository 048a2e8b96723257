//! What clients sent, kept for the assertions of a test.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The method, in upper case.
    pub method: String,
    /// The path as sent: still percent-encoded, without the query.
    pub path: String,
    /// The query as sent, without its question mark.
    pub query: Option<String>,
    /// Names in lower case, values as sent, in order.
    pub headers: Vec<(String, String)>,
    /// The whole body; empty when it was over the limit of 1 MiB.
    pub body: Vec<u8>,
    /// Whether method and path belong to an operation that the simulator has.
    pub known_route: bool,
}

impl Recorded {
    /// The first value of a header; `name` may be in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(candidate, _)| candidate.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Path and query as they stood in the request line.
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The body as JSON, or `null` when it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

#[derive(Default)]
pub(crate) struct Recorder {
    requests: Mutex<Vec<Recorded>>,
    given_up: AtomicUsize,
}

/// A caller waits for a response. Callers that disconnect before it are counted.
pub(crate) struct Waiting<'r>(&'r Recorder);

impl Waiting<'_> {
    pub(crate) fn answered(self) {
        std::mem::forget(self);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.given_up.fetch_add(1, Ordering::Relaxed);
    }
}

impl Recorder {
    pub(crate) fn add(&self, request: Recorded) {
        self.lock().push(request);
    }

    pub(crate) fn all(&self) -> Vec<Recorded> {
        self.lock().clone()
    }

    pub(crate) fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut *self.lock())
    }

    pub(crate) fn wait(&self) -> Waiting<'_> {
        Waiting(self)
    }

    /// How many callers left since the last look.
    pub(crate) fn given_up(&self) -> usize {
        self.given_up.swap(0, Ordering::Relaxed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Recorded>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
